//! Runs that never were, for the tests of formats.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Format, Report, task_of};
use crate::event::{
    AttemptEnd, AttemptRecord, AttemptStatus, Exit, JobRecord, JobStatus, PlannedJob, RunRecord, Seconds, SkipReason,
};

/// A run whose logs are there.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) record: RunRecord,
    folder: TempDir,
}

impl Made {
    /// With these jobs, by their names.
    pub(super) fn new(jobs: impl IntoIterator<Item = (String, JobRecord)>) -> Self {
        let mut record = RunRecord {
            run: "r1".to_owned(),
            at: "2026-11-22T14:13:05.042Z".to_owned(),
            runner_died: true,
            ..RunRecord::default()
        };
        record.jobs.extend(jobs.into_iter().map(|(name, job)| (name.into(), job)));
        Self { record, folder: tempfile::tempdir().expect("a folder") }
    }

    /// With a log in its folder.
    pub(super) fn log(self, name: &str, bytes: &[u8]) -> Self {
        fs::write(self.folder.path().join(name), bytes).expect("a log");
        self
    }

    pub(super) fn render(&self, format: Format) -> String {
        self.with_report(|report| format.render(report))
    }

    pub(super) fn with_report(&self, make: impl FnOnce(&Report<'_>) -> String) -> String {
        let logs = self.folder.path();
        make(&Report { record: &self.record, logs, root: logs })
    }
}

/// A job with its logs' names beginning so, and an attempt of a second for each of these ends.
pub(super) fn job(name: &str, log: &str, attempts: &[AttemptStatus], status: Option<JobStatus>) -> (String, JobRecord) {
    let plan = PlannedJob {
        name: name.into(),
        argv: vec!["true".into()],
        cwd: ".".into(),
        log: Some(log.into()),
        ..PlannedJob::default()
    };
    let attempt = |(number, status): (u32, &AttemptStatus)| AttemptRecord {
        number,
        slot: 0,
        started: Duration::from_secs(number.into()),
        stopped: None,
        slow: false,
        end: Some(end(status.clone())),
    };
    let attempts = (1..).zip(attempts).map(attempt).collect();
    (name.to_owned(), JobRecord { plan: Arc::new(plan), attempts, status })
}

pub(super) fn end(status: AttemptStatus) -> AttemptEnd {
    AttemptEnd {
        status,
        seconds: Seconds(Duration::from_secs(1)),
        cpu: Seconds::default(),
        peak_memory: 0,
        leftovers: Vec::new(),
        log_incomplete: false,
        changed_inputs: Vec::new(),
    }
}

/// How a job may have ended, with texts from anywhere in it.
fn any_end() -> impl Strategy<Value = (Vec<AttemptStatus>, Option<JobStatus>)> {
    let exit = || Exit::Code(1);
    prop_oneof![
        Just((vec![AttemptStatus::Failed { exit: exit() }], Some(JobStatus::Failed { exit: exit() }))),
        Just((vec![AttemptStatus::Failed { exit: exit() }, AttemptStatus::Ok { code: 0 }], Some(JobStatus::Flaky))),
        Just((vec![AttemptStatus::TimedOut], None)),
        any::<String>().prop_map(|error| (
            vec![AttemptStatus::SpawnError { error: error.clone() }],
            Some(JobStatus::SpawnError { error })
        )),
        any::<String>().prop_map(|signal| {
            let exit = Exit::Signal(signal);
            let cause = AttemptStatus::Failed { exit };
            (vec![cause.clone()], Some(JobStatus::AllowedFailure { cause }))
        }),
        any::<String>().prop_map(|name| {
            (Vec::new(), Some(JobStatus::Skipped { because: SkipReason::Dependency(name.into()) }))
        }),
    ]
}

/// Bytes with much in them that formats and terminals take for something else.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"]]>",
        b"<",
        b"</failure>",
        b"&",
        b"&#0;",
        b"\"",
        b"'",
        b"<!--",
        b"\0",
        b"\x1b[31m",
        b"\x1b[",
        b"\x1b]0;t\x07",
        b"\r",
        b"\n",
        b"\xff",
        b"\xc2",
        b"\xef\xbf\xbe",
        b"\xef\xbf\xbf",
        b"```",
        b"~~~",
        b"|",
        b"</details>",
        b"::error::",
    ];
    let piece = prop_oneof![
        prop::sample::select(pieces).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..6),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A run of some jobs that have written such.
pub(super) fn any_run() -> impl Strategy<Value = Made> {
    let name = prop_oneof![any::<String>(), hostile().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())];
    prop::collection::vec((name, any_end(), hostile()), 0..5).prop_map(|jobs| {
        let made = jobs.iter().zip(0..).map(|((name, (attempts, status), _), number)| {
            job(name, &format!("log{number}"), attempts, status.clone())
        });
        let made = Made::new(made.collect::<Vec<_>>());
        jobs.iter().zip(0..).fold(made, |made, ((_, (attempts, _), log), number)| {
            (1..=attempts.len()).fold(made, |made, attempt| {
                let attempt = if attempt == 1 { String::new() } else { format!("~{attempt}") };
                made.log(&format!("log{number}{attempt}.log"), log)
            })
        })
    })
}

#[test]
fn a_cell_of_a_matrix_names_its_task() {
    let tasks = ["test[py=3.12,db=pg]", "test", "[x]", "a[b", "a[b][c=d]"].map(task_of);
    assert_eq!(tasks, [Some("test"), None, None, None, Some("a")]);
}
