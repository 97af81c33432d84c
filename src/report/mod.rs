//! Showing a run on a terminal: a line for each job that ends, what jobs write, and the summary.
//!
//! What to show is computed from events and their fold, with [`Styles`] that say how; nothing here asks what it is
//! writing to.

mod activity;
mod display;
mod github;
mod live;
mod loan;
mod output;
mod progress;
mod screen;
mod styles;
mod summary;
#[cfg(test)]
mod tests;

use crate::event::{JobRecord, RunRecord};

pub(crate) use display::Display;
pub(crate) use github::annotations;
pub(crate) use output::{LogsOnDisk, Look, Output, OutputMode, name_width};
pub(crate) use progress::{Lines, Progress};
pub(crate) use screen::{Foresee, Screen, ToScreen};
pub(crate) use styles::Styles;
pub(crate) use summary::{Detail, Summary, Tails};

/// Every word for a job without an end, in the order in which counts are listed.
pub(crate) const WORDS_WITHOUT_END: [&str; 4] = ["running", "stopped", "unfinished", "not-started"];

/// The one word for where a job is: that of its end, or one of [`WORDS_WITHOUT_END`].
pub(crate) fn word_of(record: &RunRecord, job: &JobRecord) -> &'static str {
    match (&job.status, job.attempts.last()) {
        (Some(status), _) => status.word(),
        (None, None) => "not-started",
        (None, Some(_)) if record.runner_died => "unfinished",
        (None, Some(last)) if last.stopped.is_some() => "stopped",
        (None, Some(_)) => "running",
    }
}
