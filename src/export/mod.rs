//! Documents made from a recorded run: for programs, for services that run jobs, and pages for people.
//!
//! Each format is a function from a [`Report`] to a text. Nothing here asks where the text goes, or shows anything on a
//! terminal.

mod critical_path;
mod destination;
mod html;
mod json;
mod junit;
mod markdown;
#[cfg(test)]
mod tests;
mod trace;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;

use crate::event::{AttemptRecord, JobRecord, RunRecord};
use crate::log_name::{LogStream, file_name};
use crate::plan::relative;

pub(crate) use destination::{Destination, TEMPORARY};
pub(crate) use markdown::{MOST as MOST_MARKDOWN, markdown};

/// What a document is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) record: &'a RunRecord,
    /// The folder with the run's logs.
    pub(crate) logs: &'a Path,
    /// The manifest's folder; paths inside it are told relative to it.
    pub(crate) root: &'a Path,
}

/// What a document can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Junit,
    Trace,
    Markdown,
    Html,
}

impl Format {
    pub(crate) const ALL: [Self; 5] = [Self::Json, Self::Junit, Self::Trace, Self::Markdown, Self::Html];

    /// The word that it is asked for by.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Trace => "trace",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// What `word` says.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The document of a run.
    pub(crate) fn render(self, report: &Report<'_>) -> String {
        match self {
            Self::Json => json::json(report),
            Self::Junit => junit::junit(report),
            Self::Trace => trace::trace(report),
            Self::Markdown => markdown(report, MOST_MARKDOWN),
            Self::Html => html::html(report),
        }
    }
}

impl Report<'_> {
    /// The one word for the run's state, as `procman history` has it.
    pub(crate) fn state(&self) -> &'static str {
        self.record.state().word()
    }

    /// How long an attempt took; without an end, how long it had taken when the last thing happened that is known.
    pub(crate) fn time_of_attempt(&self, attempt: &AttemptRecord) -> Duration {
        let until_now = || self.record.elapsed.saturating_sub(attempt.started);
        attempt.end.as_ref().map_or_else(until_now, |end| end.seconds.0)
    }

    /// Time spent in all attempts at a job.
    pub(crate) fn time_of(&self, job: &JobRecord) -> Duration {
        let times = job.attempts.iter().map(|attempt| self.time_of_attempt(attempt));
        // Saturating: a record may hold any number.
        times.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// How many jobs there are of each state; that of ends first.
    pub(crate) fn counts(&self) -> IndexMap<&'static str, usize> {
        let mut counts: IndexMap<&'static str, usize> = self.record.counts().into_iter().collect();
        for job in self.record.jobs.values().filter(|job| job.status.is_none()) {
            *counts.entry(self.record.word_of(job)).or_default() += 1;
        }
        counts
    }

    /// Where the output of an attempt is: in one log, in two where streams are apart, in none where it went to a terminal.
    pub(crate) fn logs_of(&self, job: &JobRecord, attempt: u32) -> Vec<Log> {
        let Some(stem) = &job.plan.log else { return Vec::new() };
        let log = |stream: &LogStream| Log { stream: *stream, path: self.logs.join(file_name(stem, attempt, *stream)) };
        LogStream::of(job.plan.split).iter().map(log).collect()
    }

    /// A log's path as data, relative to the manifest's folder where it lies inside.
    pub(crate) fn shown_log(&self, log: &Log) -> String {
        relative(self.root, &log.path)
    }
}

/// The task that a job is a cell of, by its name.
fn task_of(job: &str) -> Option<&str> {
    let (task, cell) = job.split_once('[')?;
    (!task.is_empty() && cell.ends_with(']')).then_some(task)
}

/// A log of an attempt.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) stream: LogStream,
    pub(crate) path: PathBuf,
}
