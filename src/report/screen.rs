//! What the user reads, written by a thread of its own: a terminal that is stopped, or a reader that does not read,
//! holds up nobody but that thread.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long the thread pauses after each write, so that it is not woken for every line of a run of short jobs; at a
/// limit of 2 those wakes cost one job in twenty. Nobody sees the pause.
const PAUSE: Duration = Duration::from_millis(20);

/// The writing thread, and the way to it.
#[derive(Debug)]
pub(crate) struct Screen {
    texts: Sender<String>,
    writer: Thread,
    /// Whether nothing more is to come, so that there is nothing to pause for.
    ending: Arc<AtomicBool>,
    /// Closed when all is written.
    done: Receiver<()>,
}

impl Screen {
    /// Writes to `out`. A reader that has gone away stops the writing and nothing else.
    pub(crate) fn new(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (texts, inbox) = mpsc::channel::<String>();
        let (closes_at_end, done) = mpsc::channel();
        let ending = Arc::new(AtomicBool::new(false));
        let no_pause = Arc::clone(&ending);
        let write = move || {
            let _closes_at_end: Sender<()> = closes_at_end;
            while let Ok(mut text) = inbox.recv() {
                text.extend(inbox.try_iter());
                _ = out.write_all(text.as_bytes());
                if !no_pause.load(Ordering::SeqCst) {
                    thread::park_timeout(PAUSE);
                }
            }
        };
        let thread = thread::Builder::new().name("screen".to_owned()).spawn(write)?;
        Ok(Self { texts, writer: thread.thread().clone(), ending, done })
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
        self.ending.store(true, Ordering::SeqCst);
        self.writer.unpark();
        match patience {
            None => _ = self.done.recv(),
            Some(patience) => _ = self.done.recv_timeout(patience),
        }
    }
}
