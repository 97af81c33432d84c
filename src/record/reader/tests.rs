//! Whole records, cut ones, and ones that somebody else has written into.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::event::{
    AttemptEnd, AttemptStatus, CancelLevel, CancelReason, EventKind, Exit, Fate, JobStatus, LeftOver, PlannedJob,
    RunPlan, RunStatus, Seconds, SkipReason,
};
const RECORD: &str = concat!(
    r#"{"v":1,"seq":0,"t":0.0,"type":"run-started","run":"r1","at":"2026-11-22T14:00:00.000Z","procman":"0.1.0","#,
    r#""manifest":"procman.toml","limit":2,"jobs":[{"name":"a","argv":["true"],"cwd":"."}]}"#,
    "\n",
    r#"{"v":1,"seq":1,"t":0.1,"type":"attempt-started","job":"a","attempt":1,"slot":0}"#,
    "\n",
    r#"{"v":1,"seq":2,"t":0.5,"type":"attempt-ended","job":"a","attempt":1,"status":"ok","exit":0,"#,
    r#""seconds":0.4,"cpu":0.01,"peak_memory":4096}"#,
    "\n",
    r#"{"v":1,"seq":3,"t":0.5,"type":"job-ended","job":"a","status":"ok"}"#,
    "\n",
    r#"{"v":1,"seq":4,"t":0.5,"type":"run-ended","status":"ok"}"#,
    "\n",
);

#[test]
fn a_whole_record_is_folded() {
    let record = fold(RECORD.as_bytes()).expect("a whole record");
    assert_eq!((record.run.as_str(), record.limit, record.status), ("r1", 2, Some(RunStatus::Ok)));
    assert_eq!(record.jobs["a"].status, Some(JobStatus::Ok));
    assert_eq!(record.jobs["a"].duration().as_millis(), 400);
}

#[test]
fn a_record_cut_anywhere_tells_what_its_whole_lines_tell() {
    let first = RECORD.find('\n').expect("it has lines") + 1;
    for cut in 0..first {
        assert!(matches!(fold(&RECORD.as_bytes()[..cut]), Err(ReadError::NoStart)), "cut at {cut}");
    }
    for cut in first..RECORD.len() {
        let whole_lines = RECORD[..cut].rfind('\n').expect("the first line is whole") + 1;
        let expected = fold(&RECORD.as_bytes()[..whole_lines]).expect("whole lines");
        assert_eq!(fold(&RECORD.as_bytes()[..cut]).expect("the first line is whole"), expected, "cut at {cut}");
    }
}

#[test]
fn a_later_format_is_refused_and_a_foreign_line_ends_the_reading() {
    assert!(matches!(fold(&b"{\"v\":2,\"type\":\"new\"}\n"[..]), Err(ReadError::Newer(2))));
    let first = RECORD.lines().next().expect("it has lines");
    let record = fold(format!("{first}\nnot an event\n").as_bytes()).expect("the first line is whole");
    assert_eq!(record.status, None);
}

#[test]
fn an_event_that_is_not_known_is_passed_over() {
    let (first, rest) = RECORD.split_once('\n').expect("it has lines");
    let later = r#"{"v":1,"seq":1,"t":0.1,"type":"hibernated","since":0.1}"#;
    let record = fold(format!("{first}\n{later}\n{rest}").as_bytes()).expect("a record");
    assert_eq!(record.status, Some(RunStatus::Ok));
}

/// Names of jobs; the last is one that no plan has.
const NAMES: [&str; 4] = ["a", "é \"quoted\"\n", "\u{202e}[x=1]", "stranger"];

fn name() -> impl Strategy<Value = Arc<str>> {
    (0..NAMES.len()).prop_map(|name| NAMES[name].into())
}

fn exit() -> impl Strategy<Value = Exit> {
    prop_oneof![(0..256).prop_map(Exit::Code), Just(Exit::Signal("SIGKILL".to_owned()))]
}

fn attempt_status() -> impl Strategy<Value = AttemptStatus> {
    prop_oneof![
        (0..256).prop_map(|code| AttemptStatus::Ok { code }),
        exit().prop_map(|exit| AttemptStatus::Failed { exit }),
        Just(AttemptStatus::TimedOut),
        Just(AttemptStatus::Cancelled),
        Just(AttemptStatus::Leaked),
        ".{0,8}".prop_map(|error| AttemptStatus::SpawnError { error }),
    ]
}

fn job_status() -> impl Strategy<Value = JobStatus> {
    prop_oneof![
        Just(JobStatus::Ok),
        Just(JobStatus::Flaky),
        Just(JobStatus::UpToDate),
        Just(JobStatus::Leaked),
        exit().prop_map(|exit| JobStatus::Failed { exit }),
        name().prop_map(|job| JobStatus::Skipped { because: SkipReason::Dependency(job) }),
        attempt_status().prop_map(|cause| JobStatus::AllowedFailure { cause }),
    ]
}

/// Up to a hundred years.
fn seconds() -> impl Strategy<Value = Seconds> {
    (0..3_155_760_000_000_000_u64).prop_map(|micros| Seconds(Duration::from_micros(micros)))
}

fn leftover() -> impl Strategy<Value = LeftOver> {
    let fates = prop_oneof![Just(Fate::Removed), Just(Fate::Spared), Just(Fate::Unkillable)];
    (any::<u32>(), ".{0,15}", fates).prop_map(|(pid, name, fate)| LeftOver { pid, name, fate })
}

fn end() -> impl Strategy<Value = AttemptEnd> {
    let leftovers = prop::collection::vec(leftover(), 0..3);
    let changes = prop::collection::vec(".{0,15}", 0..3);
    (attempt_status(), seconds(), seconds(), any::<u64>(), leftovers, any::<bool>(), changes).prop_map(
        |(status, seconds, cpu, peak_memory, leftovers, log_incomplete, changed_inputs)| AttemptEnd {
            status,
            seconds,
            cpu,
            peak_memory,
            leftovers,
            log_incomplete,
            changed_inputs,
        },
    )
}

fn plan() -> impl Strategy<Value = EventKind> {
    let job = |name: &str| PlannedJob {
        name: name.into(),
        argv: vec!["true".to_owned(), name.to_owned()],
        cwd: ".".into(),
        ..PlannedJob::default()
    };
    (1..NAMES.len(), 1..9_usize).prop_map(move |(jobs, limit)| {
        EventKind::RunStarted(Box::new(RunPlan {
            run: "r1".to_owned(),
            at: String::new(),
            procman: String::new(),
            origin: None,
            limit,
            seed: 0,
            env: Vec::new(),
            groups: Vec::new(),
            jobs: NAMES[..jobs].iter().map(|name| job(name).into()).collect(),
        }))
    })
}

/// An event that may follow the first, in any order, sensible or not.
fn later() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (name(), 1..3_u32).prop_map(|(job, attempt)| EventKind::AttemptStarted { job, attempt, slot: 0 }),
        (name(), 1..3_u32, end()).prop_map(|(job, attempt, end)| EventKind::AttemptEnded { job, attempt, end }),
        (name(), job_status()).prop_map(|(job, status)| EventKind::JobEnded { job, status }),
        name().prop_map(|job| EventKind::CancelRequested {
            reason: CancelReason::Failure(job),
            level: CancelLevel::Kill
        }),
        (name(), 1..3_u32).prop_map(|(job, attempt)| EventKind::AttemptStopped {
            job,
            attempt,
            signal: "SIGSTOP".to_owned()
        }),
        (name(), 1..3_u32).prop_map(|(job, attempt)| EventKind::AttemptContinued { job, attempt }),
        (name(), 1..3_u32).prop_map(|(job, attempt)| EventKind::AttemptSlow { job, attempt }),
        Just(EventKind::Paused),
        Just(EventKind::Resumed),
        prop::collection::vec(leftover(), 0..3).prop_map(|processes| EventKind::LeftBehind { processes }),
        Just(EventKind::RunnerDied),
        Just(EventKind::RunEnded { status: RunStatus::Failed }),
    ]
}

/// A line of a record.
#[derive(Debug, Clone)]
enum Line {
    Event(Box<Event>),
    /// Of a later procman: passed over.
    Unknown(&'static str),
    /// No event at all: the end of what can be known.
    Foreign(Vec<u8>),
}

impl Line {
    fn bytes(&self) -> Vec<u8> {
        let mut line = match self {
            Self::Event(event) => serde_json::to_vec(event).expect("an event is serializable"),
            Self::Unknown(text) => text.as_bytes().to_vec(),
            Self::Foreign(bytes) => bytes.clone(),
        };
        line.push(b'\n');
        line
    }
}

fn unknown() -> impl Strategy<Value = Line> {
    prop_oneof![
        Just(r#"{"v":1,"seq":9,"t":1.0,"type":"hibernated"}"#),
        Just(r#"{"v":1,"type":"attempt-started"}"#),
        Just(r#"{"v":1,"seq":9,"t":-1.0,"type":"run-ended","status":"ok"}"#),
        Just(r#"{"v":1,"seq":9,"t":1.0,"type":"job-ended","job":"a","status":"slept"}"#),
    ]
    .prop_map(Line::Unknown)
}

/// What cannot be taken for an event, whatever is in it.
fn foreign() -> impl Strategy<Value = Line> {
    let bytes = prop::collection::vec(any::<u8>().prop_filter("one line", |byte| *byte != b'\n'), 0..40);
    let is_foreign = |bytes: &Vec<u8>| serde_json::from_slice::<serde_json::Value>(bytes).is_err();
    prop_oneof![
        3 => bytes.prop_filter("no JSON", is_foreign),
        1 => Just(b"{}".to_vec()),
        1 => Just(br#"{"v":1,"seq":3,"t":0.5,"type":"job-ended","job":"a","sta"#.to_vec()),
    ]
    .prop_map(Line::Foreign)
}

/// A run's events in order, with lines of others among them.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    let rest = prop::collection::vec(
        prop_oneof![6 => later().prop_map(Ok), 1 => unknown().prop_map(Err), 1 => foreign().prop_map(Err)],
        0..7,
    );
    let times = prop::collection::vec(seconds(), 8);
    (plan(), rest, times).prop_map(|(plan, rest, times)| {
        let lines = [Ok(plan)].into_iter().chain(rest).zip(times).zip(0..);
        lines
            .map(|((line, t), seq)| match line {
                Ok(kind) => Line::Event(Box::new(Event { v: FORMAT_VERSION, seq, t, kind })),
                Err(line) => line,
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn of_a_record_cut_anywhere_the_whole_events_before_the_cut_and_the_first_foreign_line_are_known(
        lines in lines(),
    ) {
        let mut text = Vec::new();
        let mut known = RunRecord::default();
        let mut readable = true;
        for line in &lines {
            let before = text.len();
            text.extend(line.bytes());
            for cut in before..text.len() {
                check(&text[..cut], &known);
            }
            match line {
                Line::Event(event) if readable => known.apply(event),
                Line::Event(_) | Line::Unknown(_) => {}
                Line::Foreign(_) => readable = false,
            }
        }
        check(&text, &known);
    }

    #[test]
    fn any_bytes_after_a_start_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let first = &RECORD.as_bytes()[..=RECORD.find('\n').expect("it has lines")];
        prop_assert!(fold(&bytes[..]).is_err());
        prop_assert!(fold(&[first, &bytes].concat()[..]).is_ok());
    }
}

/// What is read of `bytes` is `known`, and can be asked everything.
fn check(bytes: &[u8], known: &RunRecord) {
    match fold(bytes) {
        Ok(record) => {
            assert_eq!(&record, known);
            record.counts();
            for job in record.jobs.values() {
                _ = (job.duration(), job.peak_memory());
            }
        }
        Err(ReadError::NoStart) => assert_eq!(known.run, ""),
        Err(error) => panic!("{error}"),
    }
}

/// Nobody runs for so long, but anybody may have written it.
#[test]
fn times_without_measure_can_be_added_up() {
    let (first, rest) = RECORD.split_once('\n').expect("it has lines");
    let rest = rest.replace("\"seconds\":0.4", "\"seconds\":1.8e19");
    let again = rest.replace("\"attempt\":1", "\"attempt\":2");
    let record = fold(format!("{first}\n{rest}{again}").as_bytes()).expect("a record");
    assert_eq!(record.jobs["a"].attempts.len(), 2);
    assert_eq!(record.jobs["a"].duration(), Duration::MAX);
}

/// However much is added at a time, and also when the last of it is taken back and written over, as a guardian does.
#[test]
fn a_record_that_grows_is_read_on_from_where_it_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.jsonl");
    for step in [1, 7, 100, RECORD.len()] {
        std::fs::write(&path, "").expect("it is written");
        let mut growing = GrowingRecord::open(&path).expect("it is there");
        for end in (0..RECORD.len()).step_by(step).chain([RECORD.len()]) {
            std::fs::write(&path, &RECORD[..end]).expect("it is written");
            growing.read_on().expect("it can be read");
            assert_eq!(growing.record(), &fold(&RECORD.as_bytes()[..end]).unwrap_or_default(), "{end} bytes");
        }
    }
    let cut = RECORD.rfind('{').expect("it has lines");
    std::fs::write(&path, &RECORD[..cut + 20]).expect("it is written");
    let mut growing = GrowingRecord::open(&path).expect("it is there");
    growing.read_on().expect("it can be read");
    let died = r#"{"v":1,"seq":4,"t":0.7,"type":"runner-died"}"#;
    std::fs::write(&path, format!("{}{died}\n", &RECORD[..cut])).expect("it is written");
    growing.read_on().expect("it can be read");
    assert!(growing.record().runner_died);
    std::fs::write(&path, format!("{}{died}\nfoe\n{died}\n", &RECORD[..cut])).expect("it is written");
    growing.read_on().expect("it can be read");
    assert!(growing.is_over);
}
