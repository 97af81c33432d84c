//! What the user reads, written by a thread of its own: a terminal that is stopped, or a reader that does not read,
//! holds up nobody but that thread.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

/// The writing thread, and the way to it.
#[derive(Debug)]
pub(crate) struct Screen {
    texts: Sender<String>,
    /// Closed when all is written.
    done: Receiver<()>,
}

impl Screen {
    /// Writes to `out`. A reader that has gone away stops the writing and nothing else.
    pub(crate) fn new(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (texts, inbox) = mpsc::channel::<String>();
        let (closes_at_end, done) = mpsc::channel();
        let write = move || {
            let _closes_at_end: Sender<()> = closes_at_end;
            while let Ok(mut text) = inbox.recv() {
                text.extend(inbox.try_iter());
                _ = out.write_all(text.as_bytes());
            }
        };
        thread::Builder::new().name("screen".to_owned()).spawn(write)?;
        Ok(Self { texts, done })
    }

    /// A way to write that can be handed on.
    pub(crate) fn sender(&self) -> Sender<String> {
        self.texts.clone()
    }

    /// Writes after all that was written before.
    pub(crate) fn show(&self, text: String) {
        _ = self.texts.send(text);
    }

    /// Waits until all is written; for so long, if there is no time to wait for a reader. Every sender must be gone.
    pub(crate) fn finish(self, patience: Option<Duration>) {
        drop(self.texts);
        match patience {
            None => _ = self.done.recv(),
            Some(patience) => _ = self.done.recv_timeout(patience),
        }
    }
}
