//! A run as trace events, for a viewer of time lines such as Perfetto: a lane for each place under the limit.
//!
//! The format is <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>. Times are run time:
//! while a run stands still, so does its time line.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::Report;
use crate::event::{AttemptRecord, AttemptStatus, CancelLevel, Exit, JobRecord, Moment};
use crate::json::to_json_line;
use crate::text;

/// All is of one process, which is the run.
const PROCESS: u32 = 1;

#[derive(Serialize)]
struct TraceEvent<'a> {
    name: &'a str,
    /// What can be filtered by.
    #[serde(rename = "cat", skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
    /// `M` says what something is called, `X` is a span of time, `i` a moment.
    #[serde(rename = "ph")]
    phase: char,
    /// In microseconds, as the duration.
    #[serde(rename = "ts", skip_serializing_if = "Option::is_none")]
    time: Option<u128>,
    #[serde(rename = "dur", skip_serializing_if = "Option::is_none")]
    duration: Option<u128>,
    #[serde(rename = "pid")]
    process: u32,
    /// 0 is the run, and then come the places under the limit.
    #[serde(rename = "tid")]
    lane: u32,
    /// Of a moment: it is drawn over all lanes of the process.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    scope: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Args<'a> {
    Name { name: &'a str },
    Attempt(Box<AttemptArgs<'a>>),
    Cancel { reason: String, level: CancelLevel },
}

/// What is shown of an attempt that is selected.
#[derive(Serialize)]
struct AttemptArgs<'a> {
    attempt: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Whether it ran for longer than its job's `slow_after`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    slow: bool,
    argv: String,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<f64>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logs: Vec<String>,
}

pub(super) fn trace(report: &Report<'_>) -> String {
    let record = report.record;
    let attempts = || record.jobs.values().flat_map(|job| job.attempts.iter().map(move |attempt| (job, attempt)));
    let used: BTreeSet<u32> = attempts().map(|(_, attempt)| attempt.slot).collect();
    let run = format!("procman {}", record.run);
    let slots: Vec<(u32, String)> = used.into_iter().map(|slot| (lane(slot), format!("slot {slot}"))).collect();
    let mut lines = vec![named("process_name", 0, &run), named("thread_name", 0, "run")];
    lines.extend(slots.iter().map(|(lane, name)| named("thread_name", *lane, name)));
    let mut events: Vec<(Duration, TraceEvent<'_>)> =
        attempts().map(|(job, attempt)| (attempt.started, span(report, job, attempt))).collect();
    events.extend(record.moments.iter().map(|(at, moment)| (*at, instant(*at, moment))));
    // What took no time comes before what began as it ended.
    events.sort_by_key(|(at, event)| (*at, event.duration));
    lines.extend(events.iter().map(|(_, event)| to_json_line(event)));
    format!("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{}\n]}}\n", lines.join(",\n"))
}

fn lane(slot: u32) -> u32 {
    slot.saturating_add(1)
}

/// What the process or a lane is called.
fn named(what: &str, lane: u32, name: &str) -> String {
    to_json_line(&TraceEvent {
        name: what,
        category: None,
        phase: 'M',
        time: None,
        duration: None,
        process: PROCESS,
        lane,
        scope: None,
        args: Some(Args::Name { name }),
    })
}

/// An attempt, until its end; without one until the last that is known of the run.
fn span<'a>(report: &Report<'a>, job: &'a JobRecord, attempt: &'a AttemptRecord) -> TraceEvent<'a> {
    let end = attempt.end.as_ref();
    let status = end.map(|end| &end.status);
    let (mut exit, mut signal, mut error) = (None, None, None);
    match status {
        Some(AttemptStatus::Ok { code } | AttemptStatus::Failed { exit: Exit::Code(code) }) => exit = Some(*code),
        Some(AttemptStatus::Failed { exit: Exit::Signal(name) }) => signal = Some(&**name),
        Some(AttemptStatus::SpawnError { error: why }) => error = Some(why.clone()),
        Some(AttemptStatus::Failed { exit: exit @ Exit::Unmade(_) }) => error = Some(exit.to_string()),
        Some(AttemptStatus::TimedOut | AttemptStatus::Cancelled | AttemptStatus::Leaked) | None => {}
    }
    let args = AttemptArgs {
        attempt: attempt.number,
        status: status
            .map_or_else(|| if report.record.runner_died { "unfinished" } else { "running" }, AttemptStatus::word),
        exit,
        signal,
        error,
        slow: attempt.slow,
        argv: text::argv(&job.plan.argv),
        cpu: end.map(|end| end.cpu.0.as_secs_f64()),
        peak_memory: end.map(|end| end.peak_memory),
        logs: report.logs_of(job, attempt.number).iter().map(|log| report.shown_log(log)).collect(),
    };
    TraceEvent {
        name: &job.plan.name,
        category: Some(args.status),
        phase: 'X',
        time: Some(attempt.started.as_micros()),
        duration: Some(report.time_of_attempt(attempt).as_micros()),
        process: PROCESS,
        lane: lane(attempt.slot),
        scope: None,
        args: Some(Args::Attempt(Box::new(args))),
    }
}

/// Something that happened to the run as a whole.
fn instant<'a>(at: Duration, moment: &Moment) -> TraceEvent<'a> {
    let (name, args) = match moment {
        Moment::CancelRequested(reason, level) => {
            ("cancel", Some(Args::Cancel { reason: reason.to_string(), level: *level }))
        }
        Moment::Paused => ("paused", None),
        Moment::Resumed => ("resumed", None),
        Moment::RunnerDied => ("procman was killed", None),
    };
    TraceEvent {
        name,
        category: Some("run"),
        phase: 'i',
        time: Some(at.as_micros()),
        duration: None,
        process: PROCESS,
        lane: 0,
        scope: Some('p'),
        args,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::export::Format;
    use crate::export::tests::{Made, any_run, end, job};

    fn events(document: &str) -> Vec<Value> {
        let document: Value = serde_json::from_str(document).expect("it is JSON");
        document["traceEvents"].as_array().expect("a list").clone()
    }

    /// What the viewers ask for: a name and a lane that has one, moments and spans in order, and of the spans of one lane
    /// that none begins before another has ended.
    fn check(document: &str) {
        let (mut named, mut ends, mut latest) = (Vec::new(), HashMap::new(), 0);
        for event in events(document) {
            assert!(event["name"].is_string() && event["pid"] == 1, "{event}");
            let lane = event["tid"].as_u64().expect("a lane");
            if event["ph"] == "M" {
                named.push(lane);
                continue;
            }
            assert!(named.contains(&lane), "{event}");
            let start = event["ts"].as_u64().expect("a time");
            assert!(latest <= start, "{event}");
            latest = start;
            if event["ph"] == "X" {
                let end = start + event["dur"].as_u64().expect("a duration");
                let before = ends.insert(lane, end).unwrap_or(0);
                assert!(before <= start, "{event} begins before {before}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// However short they are: what is cut off a time may not make two of them meet.
        #[test]
        fn attempts_one_after_the_other_do_not_overlap(
            times in prop::collection::vec((0..3u32, 0..5_000u64, 0..9_000u64), 1..30),
            backwards in any::<bool>(),
        ) {
            let mut free = [Duration::ZERO; 3];
            let jobs = times.iter().zip(0..).map(|((slot, wait, time), number)| {
                let (name, mut job) = job(&format!("job{number}"), "log", &[AttemptStatus::TimedOut], None);
                let attempt = &mut job.attempts[0];
                let free = &mut free[*slot as usize];
                attempt.slot = *slot;
                attempt.started = *free + Duration::from_nanos(*wait);
                let mut end = end(AttemptStatus::TimedOut);
                end.seconds.0 = Duration::from_nanos(*time);
                *free = attempt.started + end.seconds.0;
                attempt.end = Some(end);
                (name, job)
            });
            let mut jobs: Vec<_> = jobs.collect();
            if backwards {
                jobs.reverse();
            }
            check(&Made::new(jobs).render(Format::Trace));
        }

        #[test]
        fn whatever_jobs_are_called_it_is_json(made in any_run()) {
            let document = made.render(Format::Trace);
            let attempts: usize = made.record.jobs.values().map(|job| job.attempts.len()).sum();
            prop_assert_eq!(events(&document).iter().filter(|event| event["ph"] == "X").count(), attempts);
        }
    }
}
