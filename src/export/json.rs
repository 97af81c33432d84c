//! A run as one JSON document.
//!
//! The record on disk is a list of events, and what they come to is for its reader to find out. This is what they come to.
//! [`VERSION`] goes up when a field changes its meaning or goes; a reader has to bear with new ones.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;

use super::Report;
use super::critical_path::Timing;
use crate::event::{AttemptEnd, AttemptRecord, CancelReason, JobRecord, JobStatus, LeftOver, PlannedGroup, Seconds};
use crate::json::to_json;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct ShownRun<'a> {
    version: u32,
    /// Its id.
    run: &'a str,
    /// Wall-clock time of the start, RFC 3339, UTC.
    at: &'a str,
    /// The version of procman that made it.
    procman: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<&'a str>,
    /// The run of which this one runs jobs again.
    #[serde(skip_serializing_if = "Option::is_none")]
    rerun_of: Option<&'a str>,
    /// `ok`, `failed`, `cancelled`, `broken` (procman could not do its work), `under-way` or `died` (procman did, before the end).
    status: &'static str,
    /// Why it was to end early.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<&'a CancelReason>,
    /// How long it took, or has taken so far, less the time in which it was stopped.
    seconds: Seconds,
    /// How many jobs could run at once.
    limit: usize,
    /// How many jobs there are of each status.
    counts: IndexMap<&'static str, usize>,
    /// Processes that outlived the run's jobs and could be laid to none.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    left_behind: &'a [LeftOver],
    /// The jobs that waited for each other and took longest together.
    critical_path: ShownPath<'a>,
    /// Names in `deps` and `after` that stand for several jobs.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'a [Arc<PlannedGroup>],
    /// In the manifest's order.
    jobs: Vec<ShownJob<'a>>,
}

#[derive(Serialize)]
struct ShownPath<'a> {
    /// What they took, from the start of the first attempt to the end of the last, each.
    seconds: Seconds,
    /// The first first; those that took no time are left out.
    jobs: Vec<&'a str>,
}

#[derive(Serialize)]
struct ShownJob<'a> {
    name: &'a str,
    #[serde(flatten)]
    status: ShownStatus<'a>,
    /// Program and arguments.
    argv: &'a [String],
    /// Relative to the manifest's folder where it lies inside.
    cwd: &'a str,
    /// Jobs and groups.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    deps: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    after: &'a [Arc<str>],
    /// Time spent in all attempts; in one without an end, until the last event there is.
    seconds: Seconds,
    /// How long it was held up after the last end that it waited for; nothing if it was never started.
    #[serde(skip_serializing_if = "Option::is_none")]
    waited: Option<Seconds>,
    /// The first first.
    attempts: Vec<ShownAttempt<'a>>,
}

/// With what belongs to the word: `exit`, `signal` or `unmade`, `error`, `dependency` or `platform`, `cause`.
#[derive(Serialize)]
#[serde(untagged)]
enum ShownStatus<'a> {
    Ended(&'a JobStatus),
    /// `not-started`, `running`, `stopped` or (for its next attempt) `waiting` or, when procman died while it ran, `unfinished`.
    Open {
        status: &'static str,
    },
}

#[derive(Serialize)]
struct ShownAttempt<'a> {
    /// From 1.
    attempt: u32,
    /// Which of the places under the limit it took, from 0.
    slot: u32,
    /// When, in seconds since the run's start.
    start: Seconds,
    /// As in the record: `status`, `seconds`, `cpu`, `peak_memory` and what else there is; none of it without an end.
    #[serde(flatten)]
    end: Option<&'a AttemptEnd>,
    /// Whether it ran for longer than its job's `slow_after`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    slow: bool,
    /// Paths, relative to the manifest's folder: that of its `output` or, where streams are apart, of `stdout` and `stderr`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    logs: IndexMap<&'static str, String>,
}

pub(super) fn json(report: &Report<'_>) -> String {
    let record = report.record;
    let timing = Timing::of(record);
    let name = |job: &usize| record.jobs.get_index(*job).map(|(name, _)| &**name);
    to_json(&ShownRun {
        version: VERSION,
        run: &record.run,
        at: &record.at,
        procman: &record.procman,
        manifest: record.origin.as_ref().map(|origin| &*origin.manifest),
        rerun_of: record.origin.as_ref().and_then(|origin| origin.rerun_of.as_deref()),
        status: report.state(),
        cancel: record.cancel.as_ref(),
        seconds: Seconds(record.elapsed),
        limit: record.limit,
        counts: report.counts(),
        left_behind: &record.left_behind,
        critical_path: ShownPath {
            seconds: Seconds(timing.critical_time),
            jobs: timing.critical_path.iter().filter_map(name).collect(),
        },
        groups: &record.groups,
        jobs: record.jobs.values().zip(&timing.waits).map(|(job, wait)| shown_job(report, job, *wait)).collect(),
    })
}

fn shown_job<'a>(report: &Report<'a>, job: &'a JobRecord, wait: Option<Duration>) -> ShownJob<'a> {
    let open = || ShownStatus::Open { status: report.record.word_of(job) };
    ShownJob {
        name: &job.plan.name,
        status: job.status.as_ref().map_or_else(open, ShownStatus::Ended),
        argv: &job.plan.argv,
        cwd: &job.plan.cwd,
        deps: &job.plan.deps,
        after: &job.plan.after,
        seconds: Seconds(report.time_of(job)),
        waited: wait.map(Seconds),
        attempts: job.attempts.iter().map(|attempt| shown_attempt(report, job, attempt)).collect(),
    }
}

fn shown_attempt<'a>(report: &Report<'_>, job: &JobRecord, attempt: &'a AttemptRecord) -> ShownAttempt<'a> {
    let logs = report.logs_of(job, attempt.number);
    ShownAttempt {
        attempt: attempt.number,
        slot: attempt.slot,
        start: Seconds(attempt.started),
        end: attempt.end.as_ref(),
        slow: attempt.slow,
        logs: logs.into_iter().map(|log| (log.stream.word(), report.shown_log(&log))).collect(),
    }
}
