//! A job as all parts of the page show it.

use std::fmt;
use std::time::Duration;

use crate::event::{AttemptRecord, AttemptStatus, JobRecord, JobStatus};
use crate::export::critical_path::{Timing, span};
use crate::export::{Report, task_of};

/// A job, and what is told of it in more than one part.
pub(super) struct ShownJob<'a> {
    /// Its place in the record; `j7` is its row and `d7` its details.
    pub(super) number: usize,
    pub(super) name: &'a str,
    pub(super) record: &'a JobRecord,
    pub(super) state: State,
    /// Time spent in all its attempts, so far where one has not ended.
    pub(super) time: Duration,
    /// From its first start to its last end.
    pub(super) span: Option<(Duration, Duration)>,
    /// How long it was held up after the last end that it waited for.
    pub(super) wait: Option<Duration>,
    pub(super) on_path: bool,
}

/// How something stands, as a word, a sign and a tone, so that it is never only a color.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) word: &'static str,
    pub(super) sign: &'static str,
    /// A class of the page's style.
    pub(super) tone: &'static str,
}

impl State {
    pub(super) fn of_word(word: &'static str) -> Self {
        let (sign, tone) = match word {
            "ok" => ("✓", "good"),
            "flaky" => ("↻", "warn"),
            "failed" | "spawn-error" | "broken" | "died" => ("✕", "bad"),
            "timed-out" => ("◷", "bad"),
            "leaked" => ("!", "bad"),
            "allowed-failure" => ("~", "warn"),
            "running" | "stopped" | "under-way" | "unfinished" => ("…", "live"),
            "up-to-date" => ("=", "idle"),
            "cancelled" => ("■", "idle"),
            _ => ("–", "idle"),
        };
        Self { word, sign, tone }
    }

    /// That of an attempt: one that another followed is no failure of its job yet.
    pub(super) fn of_attempt(attempt: &AttemptRecord, job: &JobRecord, otherwise: &'static str) -> Self {
        let Some(end) = &attempt.end else { return Self::of_word(otherwise) };
        let state = Self::of_word(end.status.word());
        let is_last = job.attempts.last().is_some_and(|last| last.number == attempt.number);
        let is_allowed = matches!(job.status, Some(JobStatus::AllowedFailure { .. }));
        let is_failure = !matches!(end.status, AttemptStatus::Ok { .. } | AttemptStatus::Cancelled);
        if is_failure && (!is_last || is_allowed) { Self { tone: "warn", ..state } } else { state }
    }
}

impl fmt::Display for State {
    /// As markup.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="status"><i aria-hidden="true">{}</i> {}</span>"#, self.sign, self.word)
    }
}

impl ShownJob<'_> {
    /// What a reader wants to see first has the lowest.
    pub(super) fn rank(&self) -> u8 {
        match &self.record.status {
            Some(status) if status.is_failure() => 0,
            None => 1,
            Some(JobStatus::AllowedFailure { .. } | JobStatus::Cancelled | JobStatus::Flaky) => 2,
            Some(JobStatus::Skipped { .. }) => 3,
            _ => 4,
        }
    }

    /// What there is to say beyond the word for its state.
    pub(super) fn reason(&self) -> Option<String> {
        self.record.detail()
    }

    /// The task that it is a job of.
    pub(super) fn task(&self) -> &str {
        task_of(self.name).unwrap_or(self.name)
    }
}

/// The jobs of a run; of very many, those that a reader wants most.
pub(super) fn shown_jobs<'a>(report: &Report<'a>, timing: &Timing, most: usize) -> Vec<ShownJob<'a>> {
    let mut on_path = vec![false; report.record.jobs.len()];
    for job in &timing.critical_path {
        on_path[*job] = true;
    }
    let jobs = report.record.jobs.iter().zip(on_path).enumerate();
    let mut jobs: Vec<ShownJob<'a>> = jobs
        .map(|(number, ((name, record), on_path))| ShownJob {
            number,
            name,
            record,
            state: State::of_word(report.record.word_of(record)),
            time: report.time_of(record),
            span: span(record, report.record),
            wait: timing.waits[number],
            on_path,
        })
        .collect();
    if jobs.len() > most {
        jobs.sort_by_key(|job| (!job.on_path, job.rank()));
        jobs.truncate(most);
        jobs.sort_by_key(|job| job.number);
    }
    jobs
}
