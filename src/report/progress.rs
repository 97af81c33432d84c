//! One line for each job that ends, as it does.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use owo_colors::{OwoColorize, Style};

use super::screen::{Message, ToScreen};
use super::{Styles, detail};
use crate::event::{AttemptStatus, Event, EventKind, Fault, JobRecord, JobStatus, Reporter, RunRecord};
use crate::text;

/// The longest of [`JobStatus::WORDS`].
pub(super) const WORD_WIDTH: usize = 15;

/// Which lines there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lines {
    None,
    /// One for each end.
    Ends,
    /// Also one for each start, with what is started, and for each job that is up to date.
    Starts,
}

/// Tells the screen what happens, and makes the lines.
pub(crate) struct Progress {
    screen: ToScreen,
    styles: Styles,
    lines: Lines,
}

impl Progress {
    pub(crate) fn new(screen: ToScreen, styles: Styles, lines: Lines) -> Self {
        Self { screen, styles, lines }
    }

    fn line(&self, event: &Event, record: &RunRecord) -> Option<String> {
        let verbose = self.lines == Lines::Starts;
        match &event.kind {
            _ if self.lines == Lines::None => None,
            EventKind::RunStarted(plan) => {
                let jobs = text::count(plan.jobs.len(), "job");
                Some(format!("procman: {jobs}, at most {} at once", plan.limit))
            }
            EventKind::AttemptStarted { job, attempt, .. } => {
                let job = record.jobs.get(job)?;
                self.started(job, *attempt)
            }
            // With a job that has the terminal procman stops as well, and its shell says so.
            EventKind::AttemptStopped { job, signal, .. } if record.jobs.get(job)?.plan.log.is_some() => {
                let detail = format!("(stopped: {})", text::escape(signal.as_bytes()));
                Some(self.not_ended("stopped", record.jobs.get(job)?, &detail))
            }
            EventKind::AttemptSlow { job, .. } => {
                let job = record.jobs.get(job)?;
                let time = event.t.0.saturating_sub(job.attempts.last()?.started);
                Some(timed(&self.styles, ("slow", self.styles.warning), Some(time), job))
            }
            EventKind::AttemptDeferred { job, reason, .. } if verbose => Some(self.not_ended(
                "deferred",
                record.jobs.get(job)?,
                &format!("({})", text::escape(reason.as_bytes())),
            )),
            EventKind::JobEnded { status: JobStatus::UpToDate, .. } if !verbose => None,
            EventKind::JobEnded { job, status } => Some(self.ended(record.jobs.get(job)?, status)),
            EventKind::CancelRequested { reason, .. } => {
                let word = format!("{:>WORD_WIDTH$}", "cancel");
                Some(format!("{}            {reason}", word.style(self.styles.warning)))
            }
            _ => None,
        }
    }

    /// What is more to an event than its line.
    fn tell(&self, event: &Event, record: &RunRecord) {
        let (at, screen) = (event.t.0, &self.screen);
        match &event.kind {
            EventKind::RunStarted(_) | EventKind::Resumed => screen.send(Message::GoesOn(at)),
            EventKind::Paused => {
                screen.send(Message::Paused(at));
                // procman is about to stop.
                screen.flush();
            }
            EventKind::AttemptStarted { job, attempt, slot } => {
                let Some(plan) = record.jobs.get(job).map(|job| &job.plan) else { return };
                screen.send(Message::Started { job: Arc::clone(plan), attempt: *attempt, slot: *slot, at });
                if has_terminal(job, record) {
                    screen.lend_terminal();
                }
            }
            EventKind::AttemptDeferred { job, attempt, .. } => {
                screen.send(Message::Deferred { job: Arc::clone(job), attempt: *attempt });
                self.attempt_ended(job, record);
            }
            EventKind::AttemptEnded { job, attempt, end } => {
                let ok = matches!(end.status, AttemptStatus::Ok { .. });
                screen.send(Message::Ended { job: Arc::clone(job), attempt: *attempt, ok });
                self.attempt_ended(job, record);
            }
            EventKind::AttemptStopped { job, .. } => screen.send(Message::Stopped(Arc::clone(job))),
            EventKind::AttemptContinued { job, .. } => screen.send(Message::Continued(Arc::clone(job))),
            EventKind::AttemptSlow { job, .. } => screen.send(Message::Slow(Arc::clone(job))),
            EventKind::JobEnded { job, status } => {
                screen.send(Message::JobEnded { job: Arc::clone(job), word: status.word() });
            }
            EventKind::CancelRequested { .. } => screen.send(Message::Cancelled),
            EventKind::RunEnded { .. } => screen.send(Message::Over),
            EventKind::LeftBehind { .. } | EventKind::RunnerDied => {}
        }
    }

    fn attempt_ended(&self, job: &str, record: &RunRecord) {
        if has_terminal(job, record) {
            self.screen.take_terminal_back();
        }
    }

    fn started(&self, job: &JobRecord, attempt: u32) -> Option<String> {
        let before = job.attempts.iter().rev().nth(1).and_then(|before| before.end.as_ref());
        let (word, detail) = match before {
            Some(end) => ("retry", format!("(attempt {attempt}, after {})", end.status)),
            None if self.lines == Lines::Starts => ("start", text::argv(&job.plan.argv)),
            None => return None,
        };
        Some(self.not_ended(word, job, &detail))
    }

    fn not_ended(&self, word: &str, job: &JobRecord, detail: &str) -> String {
        not_ended(&self.styles, word, &job.plan.name, detail)
    }

    fn ended(&self, job: &JobRecord, status: &JobStatus) -> String {
        let time = (!job.attempts.is_empty()).then(|| job.duration());
        let mut line = timed(&self.styles, (status.word(), self.styles.of(status)), time, job);
        if let Some(detail) = detail(job, status) {
            _ = write!(line, "  ({detail})");
        }
        line
    }
}

/// Without a log it has the terminal, which no line is to fall into.
fn has_terminal(job: &str, record: &RunRecord) -> bool {
    record.jobs.get(job).is_some_and(|job| job.plan.log.is_none())
}

/// The beginning of a line of a job that has taken so long.
fn timed(styles: &Styles, (word, style): (&str, Style), time: Option<Duration>, job: &JobRecord) -> String {
    let word = format!("{word:>WORD_WIDTH$}");
    let time = time.map_or_else(|| "-".to_owned(), text::duration);
    let name = text::escape(job.plan.name.as_bytes());
    format!("{}  {time:>8}  {}", word.style(style), name.style(styles.name))
}

/// A line of something that has no time.
pub(super) fn not_ended(styles: &Styles, word: &str, name: &str, detail: &str) -> String {
    let word = format!("{word:>WORD_WIDTH$}");
    let name = text::escape(name.as_bytes());
    format!("{}            {}  {detail}", word.style(styles.quiet), name.style(styles.name))
}

impl Reporter for Progress {
    fn events(&mut self, events: &[Event], record: &RunRecord) -> Result<(), Fault> {
        for event in events {
            if let Some(mut line) = self.line(event, record) {
                line.push('\n');
                self.screen.send(Message::Words(line));
            }
            self.tell(event, record);
        }
        Ok(())
    }
}
