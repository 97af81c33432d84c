//! One line for each job that ends, as it does.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use owo_colors::{OwoColorize, Style};

use super::Styles;
use super::screen::{Message, ToScreen};
use crate::event::{
    AttemptStatus, CancelLevel, CancelReason, Event, EventKind, Fault, JobRecord, JobStatus, Reporter, RunRecord,
};
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
    /// What the screen is to be told.
    told: Vec<Message>,
}

impl Progress {
    pub(crate) fn new(screen: ToScreen, styles: Styles, lines: Lines) -> Self {
        Self { screen, styles, lines, told: Vec::new() }
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
                Some(timed(&self.styles, ("slow", self.styles.warning), Some(time), &job.plan.name))
            }
            EventKind::AttemptDeferred { job, reason, .. } if verbose => Some(self.not_ended(
                "deferred",
                record.jobs.get(job)?,
                &format!("({})", text::escape(reason.as_bytes())),
            )),
            EventKind::JobEnded { status: JobStatus::UpToDate, .. } if !verbose => None,
            EventKind::JobEnded { job, status } => Some(self.ended(record.jobs.get(job)?, status)),
            EventKind::CancelRequested { reason, level } => {
                let word = format!("{:>WORD_WIDTH$}", "cancel");
                let what = cancelled(reason, *level, record);
                Some(format!("{}            {reason}{what}", word.style(self.styles.warning)))
            }
            _ => None,
        }
    }

    /// An attempt has failed, and nothing else is told of the job now: another follows later.
    fn to_be_retried(&self, event: &Event, rest: &[Event], record: &RunRecord) -> Option<String> {
        let EventKind::AttemptEnded { job: name, attempt, end } = &event.kind else { return None };
        let follows = |event: &Event| match &event.kind {
            EventKind::AttemptStarted { job, .. } | EventKind::JobEnded { job, .. } => job == name,
            _ => false,
        };
        if self.lines == Lines::None || matches!(end.status, AttemptStatus::Ok { .. }) || rest.iter().any(follows) {
            return None;
        }
        let job = record.jobs.get(name)?;
        let word = (end.status.word(), self.styles.warning);
        let line = timed(&self.styles, word, Some(end.seconds.0), &job.plan.name);
        let how = end.status.to_string();
        let how = if how == end.status.word() { String::new() } else { format!("{how}; ") };
        Some(format!("{line}  ({how}attempt {} follows)", attempt + 1))
    }

    /// What is more to an event than its line.
    fn tell(&mut self, event: &Event, record: &RunRecord) {
        let at = event.t.0;
        self.told.push(match &event.kind {
            EventKind::RunStarted(_) | EventKind::Resumed => Message::GoesOn(at),
            EventKind::Paused => Message::Paused(at),
            EventKind::AttemptStarted { job, attempt, slot } => {
                let Some(plan) = record.jobs.get(job).map(|job| &job.plan) else { return };
                Message::Started { job: Arc::clone(plan), attempt: *attempt, slot: *slot, at }
            }
            EventKind::AttemptDeferred { job, attempt, .. } => {
                Message::Deferred { job: Arc::clone(job), attempt: *attempt }
            }
            EventKind::AttemptEnded { job, attempt, end } => {
                let ok = matches!(end.status, AttemptStatus::Ok { .. });
                Message::Ended { job: Arc::clone(job), attempt: *attempt, ok }
            }
            EventKind::AttemptStopped { job, .. } => Message::Stopped(Arc::clone(job)),
            EventKind::AttemptContinued { job, .. } => Message::Continued(Arc::clone(job)),
            EventKind::AttemptSlow { job, .. } => Message::Slow(Arc::clone(job)),
            EventKind::JobEnded { job, status } => Message::JobEnded { job: Arc::clone(job), word: status.word() },
            EventKind::CancelRequested { .. } => Message::Cancelled,
            EventKind::RunEnded { .. } => Message::Over,
            EventKind::LeftBehind { .. } | EventKind::RunnerDied => return,
        });
    }

    /// What has to be shown, or not to be, before anything else happens.
    fn wait_for_screen(&mut self, event: &EventKind, record: &RunRecord) {
        // Without a log it has the terminal, which no line is to fall into.
        let has_terminal = |job: &str| record.jobs.get(job).is_some_and(|job| job.plan.log.is_none());
        match event {
            // procman is about to stop.
            EventKind::Paused => {
                self.hand_over();
                self.screen.flush();
            }
            EventKind::AttemptStarted { job, .. } if has_terminal(job) => {
                self.hand_over();
                self.screen.lend_terminal();
            }
            EventKind::AttemptDeferred { job, .. } | EventKind::AttemptEnded { job, .. } if has_terminal(job) => {
                self.screen.take_terminal_back();
            }
            _ => {}
        }
    }

    /// Together, so that nothing is shown in between of things that belong together.
    fn hand_over(&mut self) {
        if !self.told.is_empty() {
            self.screen.send(Message::Together(std::mem::take(&mut self.told)));
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
        let mut line = timed(&self.styles, (status.word(), self.styles.of(status)), time, &job.plan.name);
        if let Some(detail) = job.detail() {
            _ = write!(line, "  ({detail})");
        }
        line
    }
}

/// What a cancel does to the jobs that run.
fn cancelled(reason: &CancelReason, level: CancelLevel, record: &RunRecord) -> String {
    let runs = |job: &&JobRecord| job.attempts.last().is_some_and(|attempt| attempt.end.is_none());
    let running = record.jobs.values().filter(runs).count();
    if running == 0 || matches!(reason, CancelReason::Fault(_)) {
        return String::new();
    }
    let jobs = text::count(running, "job");
    let (are, them) = if running == 1 { ("is", "it") } else { ("are", "them") };
    let next = match reason {
        CancelReason::Signal(name) if name == "SIGINT" => format!("; a second Ctrl-C kills {them}"),
        CancelReason::Signal(_) => format!("; a second signal kills {them}"),
        _ => String::new(),
    };
    match level {
        CancelLevel::NoNew => format!("; {jobs} {are} waited for"),
        CancelLevel::Terminate => format!("; {jobs} {are} told to end{next}"),
        CancelLevel::Kill => format!("; {jobs} {are} killed"),
    }
}

/// The beginning of a line of something that has taken so long.
pub(super) fn timed(styles: &Styles, (word, style): (&str, Style), time: Option<Duration>, name: &str) -> String {
    let word = format!("{word:>WORD_WIDTH$}");
    let time = time.map_or_else(|| "-".to_owned(), text::duration);
    let name = text::escape(name.as_bytes());
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
        for (at, event) in events.iter().enumerate() {
            let line = self.line(event, record).or_else(|| self.to_be_retried(event, &events[at + 1..], record));
            if let Some(mut line) = line {
                line.push('\n');
                self.told.push(Message::Words(line));
            }
            self.tell(event, record);
            self.wait_for_screen(&event.kind, record);
        }
        self.hand_over();
        Ok(())
    }
}
