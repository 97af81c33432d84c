//! The engine with attempts that are no processes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{ControlChannel, engine};
use crate::event::{LeftOver, RunPlan};
use crate::exec::{Executor, Leash, LogError, Notice};
use crate::job::{Job, JobMap, JobSettings};
use crate::plan::{OnFailure, Plan};
use crate::schedule::{Attempt, ProcessEnd, ProcessOutcome, Rules};

/// Panics at the job `panics`, and all others last until they are told to end.
#[derive(Default)]
struct Panics {
    begun: Mutex<Vec<String>>,
}

impl Executor for Panics {
    fn run(&self, plan: &Plan, attempt: Attempt, leash: &Leash, _: &dyn Fn(Notice)) -> Result<ProcessEnd, LogError> {
        let name = plan.jobs.name(attempt.job);
        self.begun.lock().expect("nobody panics with it").push(name.to_string());
        assert_ne!(&**name, "panics");
        while leash.pause(Duration::from_secs(1)) {}
        Ok(ProcessEnd::without_process(ProcessOutcome::SpawnFailed(String::new())))
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

#[test]
fn after_a_panic_what_runs_is_ended_and_nothing_starts() {
    let mut jobs = JobMap::new();
    let settings = Arc::new(JobSettings::in_directory("/"));
    for name in ["lasts", "panics", "later", "last"] {
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
        jobs: plan.planned_jobs("/".as_ref()).collect(),
    };
    let rules = Rules { limit: 2, on_failure: OnFailure::default(), timeout: None, seed: 0 };
    let executor = Panics::default();
    let control = ControlChannel::new().0;
    let run = || engine::run(plan, run_plan, rules, &executor, Vec::new(), control);
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    let mut begun = executor.begun.into_inner().expect("nobody panics with it");
    begun.retain(|name| name != "lasts");
    assert_eq!(begun, ["panics"]);
}
