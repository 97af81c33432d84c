//! The thread by which the user is told of a run: a terminal that is stopped, or a reader that does not read, holds up
//! nobody but that thread.
//!
//! It takes in what happens as small messages, in order, reads what jobs write, and shows both. What there is to say it
//! does not know.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, Thread};
use std::time::Duration;

use super::Display;
use super::output::Output;
use crate::event::PlannedJob;

/// How long the thread pauses after each write, so that it is not woken for every line of a run of short jobs; at a
/// limit of 2 those wakes cost one job in twenty. Nobody sees the pause.
const PAUSE: Duration = Duration::from_millis(20);

/// How long after the pause it looks again for what jobs have written, if nothing else happens.
const LOOK: Duration = Duration::from_millis(20);

/// How long a flush waits for somebody to read.
const FLUSH_PATIENCE: Duration = Duration::from_millis(200);

/// The writing thread.
#[derive(Debug)]
pub(crate) struct Screen {
    way: ToScreen,
    /// Told at the end, when all is written, what kept stdout from being so.
    done: Receiver<Option<io::Error>>,
}

/// The way to the writing thread, to be handed on.
#[derive(Debug, Clone)]
pub(crate) struct ToScreen {
    messages: Sender<Message>,
    writer: Thread,
    /// Whether a job has the terminal.
    lent: Arc<AtomicBool>,
}

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    /// To be shown after all that came before; it ends its line.
    Words(String),
    Started {
        job: Arc<PlannedJob>,
        attempt: u32,
        slot: u32,
    },
    Deferred {
        job: Arc<str>,
        attempt: u32,
    },
    Ended {
        job: Arc<str>,
        attempt: u32,
    },
    /// To be answered when all is written that came before.
    Flush(Sender<()>),
    /// To be answered by the job whose output stands at the end of what was shown, if it does where words are shown.
    WhoseOutputIsLast(Sender<Option<Arc<str>>>),
    Finish,
}

impl Screen {
    /// Shows on `display`. A reader that has gone away stops the writing and nothing else.
    pub(crate) fn new(display: Display, output: Output) -> io::Result<Self> {
        let (messages, inbox) = mpsc::channel();
        let (is_done, done) = mpsc::channel();
        let lent = display.lent();
        let writer = Writer { inbox, display, output };
        // Whoever waits for it may have lost patience.
        let write = move || _ = is_done.send(writer.run());
        let thread = thread::Builder::new().name("screen".to_owned()).spawn(write)?;
        Ok(Self { way: ToScreen { messages, writer: thread.thread().clone(), lent }, done })
    }

    /// A way to write that can be handed on.
    pub(crate) fn sender(&self) -> ToScreen {
        self.way.clone()
    }

    /// Shows words after all that was shown before.
    pub(crate) fn show(&self, text: String) {
        self.way.send(Message::Words(text));
    }

    /// The job whose output stands whole at the end of what was shown, right where the next words will be. Waits until all
    /// is written, or for so long.
    pub(crate) fn whose_output_is_last(&self, patience: Option<Duration>) -> Option<Arc<str>> {
        let (answer, last) = mpsc::channel();
        self.way.send(Message::WhoseOutputIsLast(answer));
        self.way.writer.unpark();
        match patience {
            None => last.recv().ok()?,
            Some(patience) => last.recv_timeout(patience).ok()?,
        }
    }

    /// Waits until all is written; for so long, if there is no time to wait for a reader. Answers what kept stdout from
    /// being written.
    pub(crate) fn finish(self, patience: Option<Duration>) -> Option<io::Error> {
        self.way.take_terminal_back();
        self.way.send(Message::Finish);
        self.way.writer.unpark();
        match patience {
            None => self.done.recv().ok()?,
            Some(patience) => self.done.recv_timeout(patience).ok()?,
        }
    }
}

impl ToScreen {
    pub(super) fn send(&self, message: Message) {
        // The thread is gone only when nothing can be written any more.
        _ = self.messages.send(message);
    }

    /// From now on nothing is written, so that no line falls into what a job does with the terminal. Waits until all is
    /// written that came before, but not long: nobody may be reading.
    pub(super) fn lend_terminal(&self) {
        let (written, is_written) = mpsc::channel();
        self.send(Message::Flush(written));
        self.writer.unpark();
        _ = is_written.recv_timeout(FLUSH_PATIENCE);
        self.lent.store(true, Ordering::SeqCst);
    }

    pub(super) fn take_terminal_back(&self) {
        self.lent.store(false, Ordering::SeqCst);
        self.writer.unpark();
    }
}

/// What the thread works with.
struct Writer {
    inbox: Receiver<Message>,
    display: Display,
    output: Output,
}

impl Writer {
    fn run(mut self) -> Option<io::Error> {
        while self.turn() {
            // Not before the next look, unless somebody waits.
            thread::park_timeout(PAUSE);
        }
        self.output.finish(&mut self.display);
        self.display.write();
        self.display.stdout_error()
    }

    /// Waits for something to do, and does all there is. The answer is whether there may be more one day.
    fn turn(&mut self) -> bool {
        let mut next = if self.output.is_following() {
            match self.inbox.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Disconnected) => return false,
                message => message.ok(),
            }
        } else {
            match self.inbox.recv() {
                Err(_) => return false,
                message => message.ok(),
            }
        };
        loop {
            while let Some(message) = next.take().or_else(|| self.inbox.try_recv().ok()) {
                if matches!(message, Message::Finish) {
                    return false;
                }
                self.take(message);
            }
            if !self.output.look(&mut self.display) {
                break;
            }
        }
        self.display.write();
        true
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Words(text) => self.display.words(&text),
            Message::Started { job, attempt, slot } => self.output.started(&job, attempt, slot, &self.display),
            Message::Deferred { job, attempt } => self.output.deferred(&job, attempt),
            Message::Ended { job, attempt } => self.output.ended(&job, attempt, &mut self.display),
            Message::Flush(written) => {
                self.output.catch_up(&mut self.display);
                self.display.write();
                _ = written.send(());
            }
            Message::WhoseOutputIsLast(answer) => {
                self.output.catch_up(&mut self.display);
                self.display.write();
                _ = answer.send(self.output.shown_last().filter(|_| self.display.is_shared()));
            }
            Message::Finish => {}
        }
    }
}
