//! The thread by which the user is told of a run: a terminal that is stopped, or a reader that does not read, holds up
//! nobody but that thread.
//!
//! It takes in what happens as small messages, in order, reads what jobs write, and shows both. What there is to say it
//! does not know.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, Thread};
use std::time::Duration;

use super::activity::Activity;
use super::live::Live;
use super::loan::Loan;
use super::output::{News, Output};
use super::{Display, Styles};
use crate::event::PlannedJob;
use crate::forecast::Forecast;
use crate::plan::Plan;

/// How long the thread pauses after each write, so that it is not woken for every line of a run of short jobs; at a
/// limit of 2 those wakes cost one job in twenty. Nobody sees the pause.
const PAUSE: Duration = Duration::from_millis(20);

/// How long it is until it looks again for what jobs have written: at first, and after a look that has brought something.
/// Each that has brought nothing doubles it, up to the longest.
const NEXT_LOOK: Duration = Duration::from_millis(4);
const LONGEST_LOOK: Duration = Duration::from_millis(32);

/// How often what stands at the bottom is drawn anew, if nothing else happens.
const TICK: Duration = Duration::from_millis(100);

/// A run that is shorter than this shows nothing at the bottom.
const SHORT: Duration = Duration::from_millis(100);

/// When it is asked how long the run will take. That has to be looked up, which is of no use to a short one.
const FORESEE_AT: Duration = Duration::from_millis(300);

/// How long a flush waits for somebody to read.
const FLUSH_PATIENCE: Duration = Duration::from_millis(200);

/// The writing thread.
#[derive(Debug)]
pub(crate) struct Screen {
    way: ToScreen,
    /// Told at the end, when all is written, what kept stdout from being so.
    done: Receiver<Option<io::Error>>,
}

/// Finds out how long a run will take, which may take its time.
pub(crate) type Foresee = Box<dyn FnOnce() -> Option<Forecast> + Send>;

/// The way to the writing thread, to be handed on.
#[derive(Debug, Clone)]
pub(crate) struct ToScreen {
    messages: Sender<Message>,
    writer: Thread,
    loan: Arc<Loan>,
}

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    /// All of these, before anything else is shown.
    Together(Vec<Message>),
    /// To be shown after all that came before; it ends its line.
    Words(String),
    Started {
        job: Arc<PlannedJob>,
        attempt: u32,
        slot: u32,
        /// Run time.
        at: Duration,
    },
    Stopped(Arc<str>),
    Continued(Arc<str>),
    Slow(Arc<str>),
    Deferred {
        job: Arc<str>,
        attempt: u32,
    },
    Ended {
        job: Arc<str>,
        attempt: u32,
        /// Whether it ended well.
        ok: bool,
    },
    /// No attempt follows, and the job has ended with this one of the words for it.
    JobEnded {
        job: Arc<str>,
        word: &'static str,
    },
    /// The run is to end early.
    Cancelled,
    /// The run stands still from this run time on.
    Paused(Duration),
    /// It begins at this run time, or goes on.
    GoesOn(Duration),
    /// All jobs have ended.
    Over,
    Foreseen(Forecast),
    /// Somebody asks what runs now.
    Status,
    /// To be answered when all is written that came before.
    Flush(Sender<()>),
    /// To be answered by the job whose output stands at the end of what was shown, if it does where words are shown.
    WhoseOutputIsLast(Sender<Option<Arc<str>>>),
    Finish,
}

impl Screen {
    /// Shows on `display`. A reader that has gone away stops the writing and nothing else.
    pub(crate) fn new(
        display: Display,
        output: Output,
        plan: Arc<Plan>,
        styles: Styles,
        foresee: Foresee,
    ) -> io::Result<Self> {
        let (messages, inbox) = mpsc::channel();
        let (is_done, done) = mpsc::channel();
        let loan = display.loan();
        let answer = messages.clone();
        let activity = Activity::new(plan);
        let (live, foresee) = (Live::new(styles.clone()), Some(foresee));
        let next_look = NEXT_LOOK;
        let writer = Writer { inbox, answer, display, output, activity, live, styles, foresee, next_look };
        // Whoever waits for it may have lost patience.
        let write = move || _ = is_done.send(writer.run());
        let thread = thread::Builder::new().name("screen".to_owned()).spawn(write)?;
        Ok(Self { way: ToScreen { messages, writer: thread.thread().clone(), loan }, done })
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
    /// Says what runs now.
    pub(crate) fn show_status(&self) {
        self.send(Message::Status);
        self.writer.unpark();
    }

    pub(super) fn send(&self, message: Message) {
        // The thread is gone only when nothing can be written any more.
        _ = self.messages.send(message);
    }

    /// Waits until all is written that came before, but not long: nobody may be reading.
    pub(super) fn flush(&self) {
        let (written, is_written) = mpsc::channel();
        self.send(Message::Flush(written));
        self.writer.unpark();
        _ = is_written.recv_timeout(FLUSH_PATIENCE);
    }

    /// From now on nothing is written, so that no line falls into what a job does with the terminal.
    pub(super) fn lend_terminal(&self) {
        self.flush();
        self.loan.lend();
    }

    pub(super) fn take_terminal_back(&self) {
        self.loan.take_back();
        self.writer.unpark();
    }
}

/// What the thread works with.
struct Writer {
    inbox: Receiver<Message>,
    /// The way back to the inbox.
    answer: Sender<Message>,
    display: Display,
    output: Output,
    activity: Activity,
    live: Live,
    styles: Styles,
    foresee: Option<Foresee>,
    /// How long it is from one look for what jobs have written to the next.
    next_look: Duration,
}

impl Writer {
    fn run(mut self) -> Option<io::Error> {
        while self.turn() {
            // Not before the next look, unless somebody waits.
            let look = if self.output.is_following() { self.next_look } else { PAUSE };
            thread::park_timeout(look.min(PAUSE));
        }
        self.output.finish(&mut self.display);
        self.display.clear_bottom();
        self.display.write();
        self.display.stdout_error()
    }

    /// Waits for something to do, and does all there is. The answer is whether there may be more one day.
    fn turn(&mut self) -> bool {
        let tick = self.has_bottom().then_some(TICK);
        let look = self.next_look.saturating_sub(PAUSE);
        let patience = if self.output.is_following() { Some(look) } else { tick };
        self.next_look = LONGEST_LOOK.min(self.next_look * 2);
        let message = match patience {
            Some(patience) => self.inbox.recv_timeout(patience),
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let mut next = match message {
            Err(RecvTimeoutError::Disconnected) => return false,
            message => message.ok(),
        };
        loop {
            while let Some(message) = next.take().or_else(|| self.inbox.try_recv().ok()) {
                if matches!(message, Message::Finish) {
                    return false;
                }
                self.take(message);
            }
            let news = self.output.look(&mut self.display);
            if news > News::None {
                self.next_look = NEXT_LOOK;
            }
            if news < News::More {
                break;
            }
        }
        self.draw_bottom();
        self.display.write();
        true
    }

    /// Whether something is to stand at the bottom, as far as what happens in the run is concerned.
    fn has_bottom(&self) -> bool {
        self.display.has_bottom() && self.activity.can_be_shown()
    }

    fn draw_bottom(&mut self) {
        if !self.has_bottom() {
            return self.display.clear_bottom();
        }
        let now = self.activity.now();
        if now >= FORESEE_AT
            && let Some(foresee) = self.foresee.take()
        {
            let answer = self.answer.clone();
            let foresee = move || foresee().map(|forecast| answer.send(Message::Foreseen(forecast)));
            // Without a thread nothing is foreseen.
            _ = thread::Builder::new().name("forecast".to_owned()).spawn(foresee);
        }
        if now >= SHORT {
            let (columns, rows) = self.display.size();
            self.display.draw_bottom(&self.live.lines(&self.activity, now, columns, rows));
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Together(messages) => messages.into_iter().for_each(|message| self.take(message)),
            Message::Words(text) => self.display.words(&text),
            Message::Started { job, attempt, slot, at } => {
                self.activity.started(&job.name, attempt, slot, at);
                self.output.started(&job, attempt, slot, &self.display);
                // It may write something at once.
                self.next_look = NEXT_LOOK;
            }
            Message::Deferred { job, attempt } => {
                self.activity.attempt_ended(&job);
                self.output.deferred(&job, attempt);
            }
            Message::Ended { job, attempt, ok } => {
                self.activity.attempt_ended(&job);
                self.output.ended(&job, attempt, ok, &mut self.display);
            }
            Message::Stopped(job) => self.activity.change(&job, |running| running.is_stopped = true),
            Message::Continued(job) => self.activity.change(&job, |running| running.is_stopped = false),
            Message::Slow(job) => self.activity.change(&job, |running| running.is_slow = true),
            Message::JobEnded { job, word } => self.activity.job_ended(&job, word),
            Message::Cancelled => self.activity.is_cancelled = true,
            Message::Paused(at) => self.activity.stands_still(at),
            Message::GoesOn(at) => self.activity.goes_on(at),
            Message::Over => self.activity.is_over = true,
            Message::Foreseen(forecast) => self.live.foresee(forecast),
            Message::Status => self.display.words(&self.activity.status(&self.styles)),
            Message::Flush(written) => {
                self.output.catch_up(&mut self.display);
                self.draw_bottom();
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
