//! Jobs that are up to date: counted, and in nobody's way.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts with them")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{Detail, Display, Lines, LogsOnDisk, Look, Output, OutputMode, Progress, Screen, Styles, Summary, Tails};
use crate::event::{Event, EventKind, Exit, JobRecord, JobStatus, PlannedJob, Reporter, RunRecord, RunStatus, Seconds};
use crate::job::JobMap;
use crate::plan::Plan;

/// What a screen shows.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn record(ends: &[JobStatus]) -> RunRecord {
    let mut record = RunRecord { status: Some(RunStatus::Ok), ..RunRecord::default() };
    for (number, end) in ends.iter().enumerate() {
        let name: Arc<str> = format!("job{number}").into();
        let plan =
            PlannedJob { name: name.clone(), argv: vec!["true".into()], cwd: ".".into(), ..PlannedJob::default() };
        record.jobs.insert(name, JobRecord { plan: plan.into(), attempts: Vec::new(), status: Some(end.clone()) });
    }
    record
}

fn summary(ends: &[JobStatus]) -> String {
    let (logs, seen_from, styles) = (Path::new("/logs"), Path::new("/"), &Styles::default());
    let record = &record(ends);
    let (detail, tails) = (Detail::Table, Tails::All);
    Summary { record, logs, seen_from, styles, columns: None, detail, tails, stop_commands: None }.render()
}

#[test]
fn in_the_table_they_are_one_line() {
    let ends = [JobStatus::UpToDate, JobStatus::Ok, JobStatus::UpToDate];
    snapbox::assert_data_eq!(
        summary(&ends),
        snapbox::str![[r#"

status      job                     time  attempts
ok          job1                       -         0
up-to-date  (2 jobs like this)

3 jobs in 0.000s: 1 ok, 2 up-to-date; logs in logs

"#]]
    );
    snapbox::assert_data_eq!(
        summary(&ends[..1]),
        snapbox::str![[r#"

status      job                    time  attempts
up-to-date  (1 job like this)

1 job in 0.000s: 1 up-to-date; logs in logs

"#]]
    );
    let mut many = vec![JobStatus::UpToDate; 200];
    many[..50].fill(JobStatus::Ok);
    many[7] = JobStatus::Failed { exit: Exit::Code(1) };
    snapbox::assert_data_eq!(
        summary(&many),
        snapbox::str![[r#"

status      job                       time  attempts
failed      job7                         -         0  (exit 1)
ok          (49 jobs like this)
up-to-date  (150 jobs like this)

failed: job7: exit 1

200 jobs in 0.000s: 49 ok, 150 up-to-date, 1 failed; logs in logs

"#]]
    );
}

#[test]
fn they_have_lines_of_their_own_only_when_asked_for() {
    let ends = [JobStatus::UpToDate, JobStatus::Ok];
    let lines = |lines| {
        let shown = Shown::default();
        let output = Output::new(OutputMode::default(), Look::default(), LogsOnDisk::new("/logs".into()));
        let plan = Arc::new(Plan::independent(JobMap::new()));
        let display = Display::to(std::io::sink(), shown.clone());
        let screen = Screen::new(display, output, plan, Styles::default(), Box::new(|| None)).expect("a thread");
        let mut progress = Progress::new(screen.sender(), Styles::default(), lines);
        let record = record(&ends);
        let event = |(job, status): (&Arc<str>, &JobStatus)| {
            let kind = EventKind::JobEnded { job: job.clone(), status: status.clone() };
            Event { v: 1, seq: 0, t: Seconds::default(), kind }
        };
        let events: Vec<Event> = record.jobs.keys().zip(&ends).map(event).collect();
        progress.events(&events, &record).expect("no fault");
        assert!(screen.finish(None).is_none());
        let bytes = shown.0.lock().expect("nobody panics with it").clone();
        String::from_utf8(bytes).expect("text")
    };
    snapbox::assert_data_eq!(
        lines(Lines::Ends),
        snapbox::str![[r#"
             ok         -  job1

"#]]
    );
    snapbox::assert_data_eq!(
        lines(Lines::Starts),
        snapbox::str![[r#"
     up-to-date         -  job0
             ok         -  job1

"#]]
    );
}
