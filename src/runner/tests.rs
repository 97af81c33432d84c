//! The engine with attempts that are no processes.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{ControlChannel, engine};
use crate::event::{Event, EventKind, Exit, Fault, LeftOver, Reporter, RunPlan, RunRecord};
use crate::exec::{Executor, FileKeeper, Leash, LogError, Notice};
use crate::job::{Job, JobId, JobMap, JobSettings};
use crate::plan::{OnFailure, Plan};
use crate::schedule::{Attempt, ProcessEnd, ProcessOutcome, Prospect, Rules};

/// The job `lasts` lasts until it is told to end, at `panics` it panics, and all others end well at once.
#[derive(Default)]
struct ByName {
    begun: Mutex<Vec<String>>,
}

impl Executor for ByName {
    fn run(&self, name: &str, _: &Job, _: Attempt, leash: &Leash, _: &dyn Fn(Notice)) -> Result<ProcessEnd, LogError> {
        self.begun.lock().expect("nobody panics with it").push(name.to_string());
        assert_ne!(name, "panics");
        while name == "lasts" && leash.pause(Duration::from_secs(1)) {}
        Ok(ProcessEnd::without_process(ProcessOutcome::Exited(Exit::Code(0))))
    }

    fn watch(&self) {}

    fn incomplete(&self) -> LogError {
        LogError::DiskFull { folder: "logs".into() }
    }

    fn sweep(&self, _: &Leash) -> Vec<LeftOver> {
        Vec::new()
    }

    fn check_logs(&self) -> Result<(), LogError> {
        Ok(())
    }
}

/// Jobs of these names, as a run has them.
fn plans(names: impl IntoIterator<Item = String>) -> (Arc<Plan>, RunPlan) {
    let mut jobs = JobMap::new();
    let settings = Arc::new(JobSettings::in_directory("/"));
    for name in names {
        jobs.insert(name, Job::new(vec!["true".into()], Arc::clone(&settings))).expect("a job");
    }
    let plan = Arc::new(Plan::independent(jobs));
    let run_plan = RunPlan {
        run: "run".to_owned(),
        at: String::new(),
        procman: String::new(),
        origin: None,
        limit: 2,
        seed: 0,
        env: Vec::new(),
        groups: Vec::new(),
        jobs: plan.planned_jobs("/".as_ref()).map(Arc::new).collect(),
    };
    (plan, run_plan)
}

fn rules(prospects: Vec<Prospect>) -> Rules {
    Rules { limit: 2, on_failure: OnFailure::default(), timeout: None, seed: 0, prospects }
}

#[test]
fn after_a_panic_what_runs_is_ended_and_nothing_starts() {
    let (plan, run_plan) = plans(["lasts", "panics", "later", "last"].map(str::to_owned));
    let executor = ByName::default();
    let control = ControlChannel::new().0;
    let run = || engine::run(plan, run_plan, rules(Vec::new()), &executor, None, Vec::new(), control);
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    let mut begun = executor.begun.into_inner().expect("nobody panics with it");
    begun.retain(|name| name != "lasts");
    assert_eq!(begun, ["panics"]);
}

/// Every other job is up to date.
struct Even;

impl FileKeeper for Even {
    fn check(&self, job: JobId) -> bool {
        job.index().is_multiple_of(2)
    }

    fn prepare(&self, _: JobId, _: u32) -> Result<Cow<'_, Job>, String> {
        Ok(Cow::Owned(Job::new(vec!["true".into()], Arc::new(JobSettings::in_directory("/")))))
    }

    fn settle(&self, _: JobId, _: &mut ProcessEnd) -> Result<(), Fault> {
        Ok(())
    }

    fn failed(&self, _: JobId) -> Result<(), Fault> {
        Ok(())
    }

    fn stop_checks(&self) {}

    fn stop(&self) {}
}

/// Tells how many events it is told of at once.
struct Counting(Sender<Vec<u64>>);

impl Reporter for Counting {
    fn events(&mut self, events: &[Event], record: &RunRecord) -> Result<(), Fault> {
        let ended = |event: &Event| match &event.kind {
            EventKind::JobEnded { job, .. } => record.jobs[job].status.is_some(),
            _ => true,
        };
        assert!(events.iter().all(ended), "the record has all of them folded in");
        self.0.send(events.iter().map(|event| event.seq).collect()).map_err(|error| Fault(error.to_string()))
    }
}

#[test]
fn what_is_up_to_date_is_not_started_and_the_rest_is() {
    let (plan, run_plan) = plans((0..6).map(|number| number.to_string()));
    let prospects = vec![Prospect::Check; 6];
    let control = ControlChannel::new().0;
    let end = engine::run(plan, run_plan, rules(prospects), &ByName::default(), Some(&Even), Vec::new(), control);
    let words: Vec<_> = end.record.ended().map(|(_, job, status)| (status.word(), job.attempts.len())).collect();
    let (up_to_date, run) = (("up-to-date", 0), ("ok", 1));
    assert_eq!(words, [up_to_date, run, up_to_date, run, up_to_date, run]);
}

#[test]
fn events_that_happen_together_are_told_together() {
    const JOBS: u64 = 2_500;
    let (plan, run_plan) = plans((0..JOBS).map(|number| number.to_string()));
    let (told, inbox) = mpsc::channel();
    let prospects = (0..JOBS).map(|_| Prospect::UpToDate).collect();
    let control = ControlChannel::new().0;
    let end = engine::run(
        plan,
        run_plan,
        rules(prospects),
        &ByName::default(),
        None,
        vec![Box::new(Counting(told))],
        control,
    );
    assert_eq!(end.record.counts(), [("up-to-date", 2_500)]);
    let batches: Vec<Vec<u64>> = inbox.iter().collect();
    let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1_000, 1_000, 500, 1]);
    assert_eq!(batches.concat(), (0..JOBS + 2).collect::<Vec<u64>>());
}
