//! What happens in a run, as data.
//!
//! Events are owned, serializable and complete: the record on disk is one event a line, the screen shows the same
//! events, and [`RunRecord`] folds them to the state of the run at any point. Nothing else about a run is kept.

mod fold;
mod status;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::definition::Definition;
use crate::selection::Selection;
pub use fold::{AttemptEnd, AttemptRecord, JobRecord, Moment, RunRecord};
pub(crate) use status::RunState;
pub use status::{AttemptStatus, CancelLevel, CancelReason, Exit, Fate, JobStatus, LeftOver, RunStatus, SkipReason};

/// The version of the event format that this code writes.
pub const FORMAT_VERSION: u32 = 1;

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The version of the format, [`FORMAT_VERSION`].
    pub v: u32,
    /// Place in the run, from 0 without gaps.
    pub seq: u64,
    /// Run time since the start.
    pub t: Seconds,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// The run begins; all that it is going to do.
    RunStarted(Box<RunPlan>),
    /// A process is about to be started. Written before it is, so that no process is missing from a record.
    AttemptStarted {
        /// The job's name.
        job: Arc<str>,
        /// 1 for the first.
        attempt: u32,
        /// Which of the places under the limit it takes, from 0.
        slot: u32,
    },
    /// The system had too little of something to start it now: the attempt was none. Another of the same number follows,
    /// or the job is cancelled.
    AttemptDeferred {
        /// The job's name.
        job: Arc<str>,
        /// 1 for the first.
        attempt: u32,
        /// What there was too little of, and for what; a text for the user.
        reason: String,
    },
    /// Its process was stopped, and not by procman. Its timeout runs on.
    AttemptStopped {
        /// The job's name.
        job: Arc<str>,
        /// 1 for the first.
        attempt: u32,
        /// By which signal; the name as in `SIGSTOP`.
        signal: String,
    },
    /// Its process goes on.
    AttemptContinued {
        /// The job's name.
        job: Arc<str>,
        /// 1 for the first.
        attempt: u32,
    },
    /// It has run for longer than its job's `slow_after`, and runs on.
    AttemptSlow {
        /// The job's name.
        job: Arc<str>,
        /// 1 for the first.
        attempt: u32,
    },
    /// Its process has ended, or could not be started.
    AttemptEnded {
        /// The job's name.
        job: Arc<str>,
        /// 1 for the first.
        attempt: u32,
        /// How, and what it used.
        #[serde(flatten)]
        end: AttemptEnd,
    },
    /// No further attempt follows, or there never was one.
    JobEnded {
        /// The job's name.
        job: Arc<str>,
        /// How.
        #[serde(flatten)]
        status: JobStatus,
    },
    /// The run is to end early.
    CancelRequested {
        /// Why.
        reason: CancelReason,
        /// What becomes of the jobs that run.
        level: CancelLevel,
    },
    /// The run stands still, with its jobs and every clock.
    Paused,
    /// It goes on.
    Resumed,
    /// After the last attempt, processes were left that belonged to none.
    LeftBehind {
        /// Which.
        processes: Vec<LeftOver>,
    },
    /// procman was killed, or failed in a way it had no words for. Its guardian says so, once it has ended what was left.
    RunnerDied,
    /// Every job has ended.
    RunEnded {
        /// How.
        status: RunStatus,
    },
}

/// All that a run is going to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPlan {
    /// The run's id.
    pub run: String,
    /// Wall-clock time of the start, RFC 3339, UTC.
    pub at: String,
    /// The version of procman.
    pub procman: String,
    /// Where the jobs come from; `None` for jobs that a program gave.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// How many jobs may run at once.
    pub limit: usize,
    /// What the jitter of delays is drawn from; 0 in records from before there was any.
    #[serde(default)]
    pub seed: u64,
    /// The names of the variables that are set for every job; their values are in no record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<Arc<str>>,
    /// Names that stand for several jobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Arc<PlannedGroup>>,
    /// The jobs, in the manifest's order.
    pub jobs: Vec<Arc<PlannedJob>>,
}

/// Where the jobs of a run come from: enough to choose them again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The manifest's path.
    pub manifest: String,
    /// The BLAKE3 hash of the manifest's bytes, as 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_hash: Option<String>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Selection::is_default")]
    pub selection: Selection,
    /// The id of the run whose jobs are run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<String>,
    /// Of what was asked for, the jobs that are not run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierJob>,
}

/// A job whose end in an earlier run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierJob {
    /// Its name.
    pub name: Arc<str>,
    /// What it was.
    pub definition: Definition,
    /// How it ended.
    #[serde(flatten)]
    pub status: JobStatus,
}

/// One job of a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlannedJob {
    /// Its name.
    pub name: Arc<str>,
    /// Program and arguments, the wrapper in front; what is not UTF-8 is replaced.
    pub argv: Vec<String>,
    /// Its directory, relative to the manifest's folder where it lies inside.
    pub cwd: Arc<str>,
    /// The names of the variables that are set for it and not for every job; their values are in no record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<Arc<str>>,
    /// The file that its task is written in, relative to the manifest's folder, where that is not the manifest itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<str>>,
    /// In which line, from 1; `None` for jobs that a program gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Changes when the job does; `None` where nobody would compare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Definition>,
    /// The jobs and groups that must succeed first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deps: Vec<Arc<str>>,
    /// The jobs and groups that must only have ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Arc<str>>,
    /// How its log files' names begin, where there are log files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Whether stdout and stderr have a log each.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub split: bool,
}

/// A name that stands for several jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedGroup {
    /// Its name.
    pub name: Arc<str>,
    /// The jobs and groups it stands for.
    pub deps: Vec<Arc<str>>,
}

/// A span of time, written as seconds with six decimals at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "exact for runs of up to 285 years")]
        serializer.serialize_f64(self.0.as_micros() as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        let read = Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)?;
        // After some weeks a float is not exact to the nanosecond; to what was written it is.
        let micros = (read.subsec_nanos() + 500) / 1000;
        Ok(Self(Duration::from_secs(read.as_secs()).saturating_add(Duration::from_micros(micros.into()))))
    }
}

/// Something that is told every event of a run, in order.
pub(crate) trait Reporter: Send {
    /// Takes events that happened together; `record` has them all folded in already. An error ends the run early.
    fn events(&mut self, events: &[Event], record: &RunRecord) -> Result<(), Fault>;
}

/// Something that procman itself could not do, as opposed to a job that failed; a text for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: EventKind) -> String {
        let event = Event { v: FORMAT_VERSION, seq: 7, t: Seconds(Duration::from_millis(1250)), kind };
        let line = serde_json::to_string(&event).expect("an event is serializable");
        let read: Event = serde_json::from_str(&line).expect("what is written can be read");
        assert_eq!(read, event, "{line}");
        line
    }

    #[test]
    fn events_have_these_lines() {
        let job: Arc<str> = "test".into();
        assert_eq!(
            line(EventKind::AttemptStarted { job: job.clone(), attempt: 2, slot: 0 }),
            r#"{"v":1,"seq":7,"t":1.25,"type":"attempt-started","job":"test","attempt":2,"slot":0}"#
        );
        assert_eq!(
            line(EventKind::AttemptDeferred { job: job.clone(), attempt: 2, reason: "no room".into() }),
            r#"{"v":1,"seq":7,"t":1.25,"type":"attempt-deferred","job":"test","attempt":2,"reason":"no room"}"#
        );
        assert_eq!(
            line(EventKind::AttemptSlow { job: job.clone(), attempt: 2 }),
            r#"{"v":1,"seq":7,"t":1.25,"type":"attempt-slow","job":"test","attempt":2}"#
        );
        let end = AttemptEnd {
            status: AttemptStatus::Failed { exit: Exit::Code(3) },
            seconds: Seconds(Duration::from_millis(1500)),
            cpu: Seconds(Duration::from_millis(20)),
            peak_memory: 2048,
            leftovers: Vec::new(),
            log_incomplete: false,
            changed_inputs: Vec::new(),
        };
        assert_eq!(
            line(EventKind::AttemptEnded { job: job.clone(), attempt: 1, end: end.clone() }),
            concat!(
                r#"{"v":1,"seq":7,"t":1.25,"type":"attempt-ended","job":"test","attempt":1,"status":"failed","exit":3,"#,
                r#""seconds":1.5,"cpu":0.02,"peak_memory":2048}"#
            )
        );
        let end = AttemptEnd { log_incomplete: true, ..end };
        assert!(
            line(EventKind::AttemptEnded { job: job.clone(), attempt: 1, end })
                .ends_with(r#""seconds":1.5,"cpu":0.02,"peak_memory":2048,"log":"incomplete"}"#)
        );
        let statuses = [
            (JobStatus::Flaky, r#""status":"flaky"}"#),
            (JobStatus::UpToDate, r#""status":"up-to-date"}"#),
            (JobStatus::Failed { exit: Exit::Signal("SIGSEGV".into()) }, r#""status":"failed","signal":"SIGSEGV"}"#),
            (
                JobStatus::Skipped { because: SkipReason::Dependency("build".into()) },
                r#""status":"skipped","dependency":"build"}"#,
            ),
            (
                JobStatus::AllowedFailure { cause: AttemptStatus::TimedOut },
                r#""status":"allowed-failure","cause":{"status":"timed-out"}}"#,
            ),
        ];
        for (status, end) in statuses {
            let line = line(EventKind::JobEnded { job: job.clone(), status });
            assert_eq!(line, format!(r#"{{"v":1,"seq":7,"t":1.25,"type":"job-ended","job":"test",{end}"#));
        }
        assert_eq!(
            line(EventKind::CancelRequested {
                reason: CancelReason::Signal("SIGINT".into()),
                level: CancelLevel::Terminate
            }),
            concat!(
                r#"{"v":1,"seq":7,"t":1.25,"type":"cancel-requested","reason":{"signal":"SIGINT"},"#,
                r#""level":"terminate"}"#
            )
        );
    }
}
