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

/// How long a flush waits for somebody to read.
const FLUSH_PATIENCE: Duration = Duration::from_millis(200);

/// The writing thread.
#[derive(Debug)]
pub(crate) struct Screen {
    way: ToScreen,
    /// Whether nothing more is to come, so that there is nothing to pause for.
    ending: Arc<AtomicBool>,
    /// Closed when all is written.
    done: Receiver<()>,
}

/// The way to the writing thread, to be handed on.
#[derive(Debug, Clone)]
pub(crate) struct ToScreen {
    messages: Sender<Message>,
    writer: Thread,
}

#[derive(Debug)]
enum Message {
    Text(String),
    /// To be answered when all is written that came before.
    Flush(Sender<()>),
}

impl Screen {
    /// Writes to `out`. A reader that has gone away stops the writing and nothing else.
    pub(crate) fn new(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (messages, inbox) = mpsc::channel();
        let (closes_at_end, done) = mpsc::channel();
        let ending = Arc::new(AtomicBool::new(false));
        let no_pause = Arc::clone(&ending);
        let write = move || {
            let _closes_at_end: Sender<()> = closes_at_end;
            while let Ok(message) = inbox.recv() {
                write_all(&mut out, std::iter::once(message).chain(inbox.try_iter()));
                if !no_pause.load(Ordering::SeqCst) {
                    thread::park_timeout(PAUSE);
                }
            }
        };
        let thread = thread::Builder::new().name("screen".to_owned()).spawn(write)?;
        let way = ToScreen { messages, writer: thread.thread().clone() };
        Ok(Self { way, ending, done })
    }

    /// A way to write that can be handed on.
    pub(crate) fn sender(&self) -> ToScreen {
        self.way.clone()
    }

    /// Writes after all that was written before.
    pub(crate) fn show(&self, text: String) {
        self.way.show(text);
    }

    /// Waits until all is written; for so long, if there is no time to wait for a reader. Every way to it must be gone.
    pub(crate) fn finish(self, patience: Option<Duration>) {
        let ToScreen { messages, writer } = self.way;
        drop(messages);
        self.ending.store(true, Ordering::SeqCst);
        writer.unpark();
        match patience {
            None => _ = self.done.recv(),
            Some(patience) => _ = self.done.recv_timeout(patience),
        }
    }
}

impl ToScreen {
    /// Writes after all that was written before.
    pub(crate) fn show(&self, text: String) {
        // The thread is gone only when nothing can be written any more.
        _ = self.messages.send(Message::Text(text));
    }

    /// Waits until all is written that was shown before, but not long: nobody may be reading.
    pub(crate) fn flush(&self) {
        let (written, is_written) = mpsc::channel();
        _ = self.messages.send(Message::Flush(written));
        self.writer.unpark();
        _ = is_written.recv_timeout(FLUSH_PATIENCE);
    }
}

/// Writes texts together, up to a flush.
fn write_all(out: &mut impl Write, messages: impl Iterator<Item = Message>) {
    let mut text = String::new();
    for message in messages {
        match message {
            Message::Text(more) => text.push_str(&more),
            Message::Flush(written) => {
                _ = out.write_all(std::mem::take(&mut text).as_bytes());
                // Whoever waited may have lost patience.
                _ = written.send(());
            }
        }
    }
    _ = out.write_all(text.as_bytes());
}
