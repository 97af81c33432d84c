//! One line for each job that ends, as it does.

use std::fmt::Write as _;

use owo_colors::OwoColorize;

use super::{Styles, ToScreen, detail};
use crate::event::{Event, EventKind, Fault, JobRecord, JobStatus, Reporter, RunRecord};
use crate::text;

/// The longest of [`JobStatus::WORDS`].
const WORD_WIDTH: usize = 15;

/// Makes the lines.
pub(crate) struct Progress {
    out: ToScreen,
    styles: Styles,
    /// Whether there is also a line for each start, with what is started, and for each job that is up to date.
    verbose: bool,
}

impl Progress {
    pub(crate) fn new(out: ToScreen, styles: Styles, verbose: bool) -> Self {
        Self { out, styles, verbose }
    }

    fn line(&self, event: &Event, record: &RunRecord) -> Option<String> {
        match &event.kind {
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
            EventKind::AttemptDeferred { job, reason, .. } if self.verbose => Some(self.not_ended(
                "deferred",
                record.jobs.get(job)?,
                &format!("({})", text::escape(reason.as_bytes())),
            )),
            EventKind::JobEnded { status: JobStatus::UpToDate, .. } if !self.verbose => None,
            EventKind::JobEnded { job, status } => Some(self.ended(record.jobs.get(job)?, status)),
            EventKind::CancelRequested { reason, .. } => {
                let word = format!("{:>WORD_WIDTH$}", "cancel");
                Some(format!("{}            {reason}", word.style(self.styles.warning)))
            }
            _ => None,
        }
    }

    fn started(&self, job: &JobRecord, attempt: u32) -> Option<String> {
        let before = job.attempts.iter().rev().nth(1).and_then(|before| before.end.as_ref());
        let (word, detail) = match before {
            Some(end) => ("retry", format!("(attempt {attempt}, after {})", end.status)),
            None if self.verbose => ("start", text::argv(&job.plan.argv)),
            None => return None,
        };
        Some(self.not_ended(word, job, &detail))
    }

    fn not_ended(&self, word: &str, job: &JobRecord, detail: &str) -> String {
        let word = format!("{word:>WORD_WIDTH$}");
        let name = text::escape(job.plan.name.as_bytes());
        format!("{}            {}  {detail}", word.style(self.styles.quiet), name.style(self.styles.name))
    }

    fn ended(&self, job: &JobRecord, status: &JobStatus) -> String {
        let word = format!("{:>WORD_WIDTH$}", status.word());
        let time = if job.attempts.is_empty() { "-".to_owned() } else { text::duration(job.duration()) };
        let name = text::escape(job.plan.name.as_bytes());
        let mut line = format!("{}  {time:>8}  {}", word.style(self.styles.of(status)), name.style(self.styles.name));
        if let Some(detail) = detail(job, status) {
            _ = write!(line, "  ({detail})");
        }
        line
    }
}

impl Reporter for Progress {
    fn events(&mut self, events: &[Event], record: &RunRecord) -> Result<(), Fault> {
        for event in events {
            if let Some(mut line) = self.line(event, record) {
                line.push('\n');
                self.out.show(line);
            }
            if let EventKind::AttemptStarted { job, .. } = &event.kind
                && record.jobs.get(job).is_some_and(|job| job.plan.log.is_none())
            {
                // It is about to get the terminal, which no line is to fall into.
                self.out.flush();
            }
        }
        Ok(())
    }
}
