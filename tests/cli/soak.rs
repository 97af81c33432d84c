//! procman killed again and again, at any moment of a long run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::sandbox::{Sandbox, misbehaving, wait_until};

const JOBS: usize = 2_000;
const KILLS: u64 = 200;

/// Many short jobs that note their names, and some that are there all the time, with children all over.
fn two_thousand_jobs() -> Sandbox {
    let lasting =
        "hold held background { until go } background { session silent until go } daemon { until go } until go";
    let lasting: Vec<String> = (0..4).map(|n| format!("lasting{n} = {}\n", misbehaving(lasting))).collect();
    let short: Vec<String> =
        (4..JOBS).map(|n| format!("short{n} = ['sh', '-c', 'echo $PROCMAN_JOB >> done']\n")).collect();
    Sandbox::with(&format!("limit = 8\n[tasks]\n{}{}", lasting.concat(), short.concat()))
}

/// The `SplitMix64` generator (Steele, Lea and Flood, 2014).
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn names(events: &[Value], kind: &str) -> Vec<String> {
    let of_kind = events.iter().filter(|event| event["type"] == kind);
    of_kind.map(|event| event["job"].as_str().expect("it is of a job").to_owned()).collect()
}

/// The jobs that a record says have ended, after it was held against itself.
fn ended(events: &[Value]) -> BTreeSet<String> {
    for (seq, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], seq);
    }
    let ended = names(events, "job-ended");
    let unique: BTreeSet<String> = ended.iter().cloned().collect();
    assert_eq!(unique.len(), ended.len(), "a job has ended twice");
    let started: BTreeSet<String> = names(events, "attempt-started").into_iter().collect();
    assert!(unique.is_subset(&started), "a job has ended that was not started");
    unique
}

fn kill_after(sandbox: &Sandbox, lines: usize) -> Vec<Value> {
    let running = sandbox.start(&["-qq"]);
    let record = sandbox.path(".procman/latest/events.jsonl");
    let length = || fs::read_to_string(&record).unwrap_or_default().lines().count();
    wait_until("so much of the run", || (length() >= lines).then_some(()));
    running.signal("KILL");
    running.wait();
    wait_until("the end of the record", || {
        sandbox.events_until_cut().last().is_some_and(|event| event["type"] == "runner-died").then_some(())
    });
    sandbox.events()
}

#[test]
#[ignore = "takes about ten minutes; ARCHITECTURE.md says when to run it"]
fn a_run_killed_at_any_moment_leaves_nobody_and_its_rest_can_be_run() {
    for kill in 0..KILLS {
        let sandbox = two_thousand_jobs();
        let lines = 1 + usize::try_from(random(kill) % 5_900).expect("a small number");
        let before = ended(&kill_after(&sandbox, lines));
        assert!(!sandbox.path("held").exists() || !sandbox.is_held("held"), "somebody is left after {lines} lines");
        fs::write(sandbox.path("go"), "").expect("a file");
        sandbox.run(&["rerun", "--unfinished", "-qq"]).code(0);
        let after = sandbox.events();
        let rest = ended(&after);
        let all: BTreeSet<String> = names_of_all();
        assert_eq!(rest, &all - &before, "after {lines} lines");
        let mut done: BTreeMap<String, usize> = BTreeMap::new();
        for name in sandbox.read("done").lines() {
            *done.entry(name.to_owned()).or_default() += 1;
        }
        for name in all.iter().filter(|name| name.starts_with("short")) {
            let times = done.get(name).copied().unwrap_or_default();
            // What was cut off may have done its work; what had ended is not done again.
            assert!(times == 1 || (times == 2 && !before.contains(name)), "{name}: {times} times, after {lines} lines");
        }
    }
}

/// A thread and a process for each.
#[test]
#[ignore = "takes twenty thousand processes and threads; ARCHITECTURE.md says when to run it"]
fn ten_thousand_jobs_live_at_once() {
    let jobs: Vec<String> = (0..10_000).map(|n| format!("t{n} = ['sleep', '86399']\n")).collect();
    let sandbox = Sandbox::with(&format!("[tasks]\n{}", jobs.concat()));
    let running = sandbox.start(&["-qq", "-j", "10000"]);
    let children = || {
        let threads = fs::read_dir(format!("/proc/{}/task", running.pid())).expect("it lives").flatten();
        let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        lists.map(|list| list.split_whitespace().count()).sum::<usize>()
    };
    // And the guardian.
    wait_until("ten thousand jobs", || (children() == 10_001).then_some(()));
    running.signal("TERM");
    running.wait().died_of(15);
    let ended = names(&sandbox.events(), "job-ended");
    assert_eq!(ended.len(), 10_000);
}

fn names_of_all() -> BTreeSet<String> {
    (0..4).map(|n| format!("lasting{n}")).chain((4..JOBS).map(|n| format!("short{n}"))).collect()
}
