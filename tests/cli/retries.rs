//! Attempts after the first: when they start, and what ends the wait for them.

use serde_json::Value;
use snapbox::str;

use crate::sandbox::{Sandbox, wait_until};

const SIGINT: i32 = 2;

/// Run times of the events of one type.
fn times(events: &[Value], of: &str) -> Vec<f64> {
    events.iter().filter(|event| event["type"] == of).map(|event| event["t"].as_f64().expect("seconds")).collect()
}

#[test]
fn a_delay_goes_before_each_further_attempt() {
    let sandbox = Sandbox::with(
        "[tasks.job]\nargv = ['false']\nretries = { count = 2, delay = '50ms', backoff = 'exponential' }",
    );
    sandbox.run(&["-q"]).code(1);
    let events = sandbox.events();
    let (starts, ends) = (times(&events, "attempt-started"), times(&events, "attempt-ended"));
    assert_eq!((starts.len(), ends.len()), (3, 3));
    assert!(starts[1] - ends[0] >= 0.05, "{starts:?} {ends:?}");
    assert!(starts[2] - ends[1] >= 0.1, "{starts:?} {ends:?}");
}

/// The other job makes what the delayed one needs, at a limit of 1.
#[test]
fn a_job_that_waits_for_its_next_attempt_holds_no_place() {
    let sandbox = Sandbox::with(
        "limit = 1\n[tasks]\nfirst = { argv = ['test', '-e', 'made'], retries = { count = 1, delay = '100ms' } }\nsecond = ['touch', 'made']",
    );
    sandbox.run(&["-q"]).code(0);
    let ended = sandbox.events().into_iter().filter(|event| event["type"] == "job-ended");
    let ended: Vec<String> = ended.map(|event| format!("{} {}", event["job"], event["status"])).collect();
    assert_eq!(ended, [r#""second" "ok""#, r#""first" "flaky""#]);
}

/// Of the hour, this seed leaves the job of this name eleven milliseconds before its second attempt. Any other that one
/// may try leaves far more than the run is given.
#[test]
fn a_seed_decides_how_much_of_a_delay_is_left() {
    let manifest = "[tasks.job]\nargv = ['sh', '-c', 'test $PROCMAN_ATTEMPT = 2']\nretries = { count = 1, delay = '1h', jitter = 1.0 }";
    let sandbox = Sandbox::with(manifest);
    sandbox.run(&["-q", "--timeout", "20s", "--seed", "63831"]).code(0);
    assert_eq!(sandbox.events()[0]["seed"], 63_831);
    let mut command = sandbox.command(&["-q", "--timeout", "20s"]);
    command.env("PROCMAN_SEED", "63831");
    sandbox.ran(command).code(0);
    sandbox.run(&["-q", "--timeout", "1s", "--seed", "1"]).code(1);
}

#[test]
fn without_a_seed_each_run_has_its_own() {
    let sandbox = Sandbox::with("[tasks]\njob = ['true']");
    let mut seeds: Vec<Option<u64>> = Vec::new();
    for _ in 0..4 {
        sandbox.run(&["-q"]).code(0);
        seeds.push(sandbox.events()[0]["seed"].as_u64());
    }
    seeds.sort_unstable();
    seeds.dedup();
    assert!(seeds.len() > 1 && seeds.iter().all(Option::is_some), "{seeds:?}");
}

#[test]
fn a_signal_ends_a_delay_at_once() {
    let sandbox = Sandbox::with("[tasks.job]\nargv = ['false']\nretries = { count = 1, delay = '1h' }");
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for(".procman/latest/events.jsonl");
    wait_until("the first end", || sandbox.events_until_cut().iter().find(|e| e["type"] == "attempt-ended").cloned());
    running.signal("INT");
    running.wait().died_of(SIGINT);
    let events = sandbox.events();
    assert_eq!(events.iter().filter(|event| event["type"] == "attempt-started").count(), 1);
    assert!(events.iter().any(|event| event["type"] == "job-ended" && event["status"] == "cancelled"));
}

#[test]
fn a_failure_elsewhere_ends_a_delay_as_far_as_asked() {
    let manifest = "limit = 2\n[tasks]\njob = { argv = ['false'], retries = { count = 1, delay = '1h' } }\nother = ['sh', '-c', 'until grep -q \"[a]ttempt-ended.*job\" .procman/latest/events.jsonl; do sleep 0.01; done; exit 1']";
    for how in ["--fail-fast", "--fail-fast=kill"] {
        let sandbox = Sandbox::with(manifest);
        sandbox.run(&["-q", how]).code(1);
        let ended = sandbox.events().into_iter().filter(|event| event["type"] == "job-ended");
        let ended: Vec<String> = ended.map(|event| format!("{} {}", event["job"], event["status"])).collect();
        assert_eq!(ended, [r#""other" "failed""#, r#""job" "cancelled""#]);
    }
}

/// Nobody has to wait for the next attempt to know that one has failed.
#[test]
fn a_failure_that_is_followed_later_is_told_at_once() {
    let argv = "['sh', '-c', 'test $PROCMAN_ATTEMPT = 2']";
    let sandbox =
        Sandbox::with(&format!("limit = 2\n[tasks.a]\nargv = {argv}\nretries = {{ count = 1, delay = '20ms' }}"));
    sandbox.run(&[]).code(0).stderr(str![[r#"
procman: 1 job, at most 2 at once
         failed [TIME]  a  (exit 1; attempt 2 follows)
          retry            a  (attempt 2, after exit 1)
          flaky [TIME]  a

status  job      time  attempts
flaky   a [TIME]         2

1 job in [TIME]: 1 flaky; logs in .procman/runs/[RUN]/logs

"#]]);
}
