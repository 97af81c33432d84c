//! The end of a run: a table, then what failed, then one line of counts.

mod table;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use owo_colors::OwoColorize;

use super::Styles;
use crate::event::{CancelReason, Fate, JobRecord, JobStatus, LeftOver, RunRecord};
use crate::log_name::{LogStream, file_name};
use crate::tail::Tail;
use crate::text;
use table::Table;

/// No more warnings than this are shown.
const MOST_WARNINGS: usize = 20;

/// How much of a summary is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// What failed, and the counts.
    Failures,
    /// With the table.
    Table,
    /// With each job's peak memory in it.
    Memory,
}

/// Of which failed jobs the end of the output is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tails {
    All,
    /// All but of this one, whose output stands right above.
    AllBut(Arc<str>),
    None,
}

/// Renders the summary of a run.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) record: &'a RunRecord,
    /// The folder with the run's logs.
    pub(crate) logs: &'a Path,
    /// Paths inside it are shown relative to it.
    pub(crate) seen_from: &'a Path,
    pub(crate) styles: &'a Styles,
    /// How wide the terminal is that it is shown on; `None` where it is shown on none.
    pub(crate) columns: Option<usize>,
    pub(crate) detail: Detail,
    pub(crate) tails: Tails,
    /// For a reader who takes some lines for commands: a word that no job knows, whose marks keep it from doing so.
    pub(crate) stop_commands: Option<String>,
}

impl Summary<'_> {
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        if self.detail >= Detail::Table && !self.record.jobs.is_empty() {
            out.push('\n');
            Table::of(self).write(self.columns, self.styles, &mut out);
        }
        for (name, job, status) in self.record.ended().filter(|(_, _, status)| status.is_failure()) {
            self.failure(&mut out, name, job, status);
        }
        if self.detail >= Detail::Table {
            self.warnings(&mut out);
        }
        if self.detail >= Detail::Table || !out.is_empty() {
            out.push('\n');
        }
        self.counts(&mut out);
        out
    }

    /// Time spent in all attempts of a job, up to now in one that has no end yet.
    fn time(&self, job: &JobRecord) -> Duration {
        let open = job.attempts.last().filter(|last| last.end.is_none());
        let until_now = open.map_or(Duration::ZERO, |last| self.record.elapsed.saturating_sub(last.started));
        job.duration().saturating_add(until_now)
    }

    fn failure(&self, out: &mut String, name: &str, job: &JobRecord, status: &JobStatus) {
        let name = text::escape(name.as_bytes());
        _ = write!(out, "\n{}: {}", status.word().style(self.styles.of(status)), name.style(self.styles.name));
        if let Some(detail) = job.detail() {
            _ = write!(out, ": {detail}");
        }
        let attempts = job.attempts.len();
        if attempts > 1 {
            _ = write!(out, ", after {attempts} attempts");
        }
        out.push('\n');
        let (Some(stem), Some(last)) = (&job.plan.log, job.attempts.last()) else { return };
        if matches!(status, JobStatus::SpawnError { .. }) {
            return;
        }
        let has_tail = match &self.tails {
            Tails::All => true,
            Tails::AllBut(shown) => *shown != job.plan.name,
            Tails::None => false,
        };
        for stream in LogStream::of(job.plan.split) {
            let log = self.logs.join(file_name(stem, last.number, *stream));
            if has_tail {
                self.tail(out, &log, stream.word());
            }
            _ = writeln!(out, "  {} {}", "log:".style(self.styles.quiet), text::path_from(self.seen_from, &log));
        }
    }

    /// What went well and is to be known all the same: processes that outlived what had started them, for one.
    fn warnings(&self, out: &mut String) {
        let of_jobs = self.record.jobs.iter().flat_map(|(name, job)| {
            let leftovers: Vec<&LeftOver> = job.leftovers().collect();
            let name = text::escape(name.as_bytes());
            let mut warnings = warnings(&name, &leftovers);
            if let Some(time) = job.slowest() {
                warnings.push(format!("{name} was slow: an attempt took {}", text::duration(time)));
            }
            if !job.changed_inputs().is_empty() {
                let changes = text::names(job.changed_inputs());
                warnings.push(format!("{name} will run again, because while it ran, {changes}"));
            }
            warnings
        });
        let of_the_run = warnings("the run", &self.record.left_behind.iter().collect::<Vec<_>>());
        let all: Vec<String> = of_jobs.chain(of_the_run).collect();
        out.push_str(if all.is_empty() { "" } else { "\n" });
        for warning in all.iter().take(MOST_WARNINGS) {
            _ = writeln!(out, "{} {warning}", "warning:".style(self.styles.warning));
        }
        if all.len() > MOST_WARNINGS {
            let more = all.len() - MOST_WARNINGS;
            _ = writeln!(out, "{} and {more} more like these", "warning:".style(self.styles.warning));
        }
    }

    fn tail(&self, out: &mut String, log: &Path, what: &str) {
        match Tail::read(log) {
            Ok(tail) if tail.lines.is_empty() => _ = writeln!(out, "  no {what}"),
            Ok(tail) => {
                if tail.cut {
                    let lines = text::count(tail.lines.len(), "line");
                    _ = writeln!(out, "  {}", format!("the last {lines} of {what}:").style(self.styles.quiet));
                }
                if let Some(word) = &self.stop_commands {
                    _ = writeln!(out, "::stop-commands::{word}");
                }
                for line in tail.lines {
                    _ = writeln!(out, "{} {line}", "  |".style(self.styles.quiet));
                }
                if let Some(word) = &self.stop_commands {
                    _ = writeln!(out, "::{word}::");
                }
            }
            Err(error) => _ = writeln!(out, "  the log cannot be read: {}", text::io_error(&error)),
        }
    }

    /// Why there is no end.
    fn no_end(&self, out: &mut String) {
        if self.record.runner_died {
            let run = text::escape(self.record.run.as_bytes());
            let died = "died:".style(self.styles.bad);
            _ = writeln!(out, "{died} procman did not live to end it; `procman rerun {run} --unfinished` goes on");
        } else {
            _ = writeln!(out, "{} it has not ended yet", "under-way:".style(self.styles.warning));
        }
    }

    fn counts(&self, out: &mut String) {
        let record = self.record;
        let cancelled = match &record.cancel {
            Some(reason @ CancelReason::Failure(_)) => Some(format!("ended early, because {reason}")),
            Some(reason @ CancelReason::Timeout) => Some(format!("ended early: {reason}")),
            Some(reason @ (CancelReason::Signal(_) | CancelReason::Change)) => Some(format!("ended by {reason}")),
            // Whoever could not do its work says so itself.
            Some(CancelReason::Fault(_)) | None => None,
        };
        if let Some(cancelled) = cancelled {
            _ = writeln!(out, "{} {cancelled}", "cancelled:".style(self.styles.warning));
        }
        if record.status.is_none() {
            self.no_end(out);
        }
        let without_end = if record.status.is_none() { without_end(record) } else { Vec::new() };
        let counts = record.counts().into_iter().chain(without_end).map(|(word, count)| {
            let text = format!("{count} {word}");
            text.style(self.styles.of_word(word)).to_string()
        });
        let jobs = text::count(record.jobs.len(), "job");
        let counts: Vec<String> = counts.collect();
        let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
        let time = text::duration(record.elapsed);
        let logs = text::path_from(self.seen_from, self.logs);
        _ = writeln!(out, "{jobs} in {time}{counts}; logs in {logs}");
    }
}

/// How many jobs are at each of [`RunRecord::WORDS_WITHOUT_END`], in that order; words that count none are left out.
fn without_end(record: &RunRecord) -> Vec<(&'static str, usize)> {
    let at = |word| record.jobs.values().filter(|job| job.status.is_none() && record.word_of(job) == word).count();
    RunRecord::WORDS_WITHOUT_END.map(|word| (word, at(word))).into_iter().filter(|(_, count)| *count > 0).collect()
}

/// What became of processes that were left behind, a text for each fate.
fn warnings(of: &str, leftovers: &[&LeftOver]) -> Vec<String> {
    let fates = [(Fate::Removed, "were ended"), (Fate::Spared, "live on"), (Fate::Unkillable, "cannot be ended")];
    let warning = |(fate, end): (Fate, &str)| {
        let of_this_fate = leftovers.iter().filter(|left| left.fate == fate);
        let names: Vec<String> = of_this_fate.map(ToString::to_string).collect();
        (!names.is_empty()).then(|| format!("{of} left processes behind, which {end}: {}", text::names(&names)))
    };
    fates.into_iter().filter_map(warning).collect()
}
