//! Stopping and continuing: procman by the terminal, and jobs by themselves.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::sandbox::{Sandbox, misbehaving, send, wait_until};
use crate::terminal::CTRL_Z;

/// The state letter of a process.
fn state(pid: i32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next()).expect("it has a state")
}

fn wait_for_changes(sandbox: &Sandbox, count: usize) -> String {
    wait_until(&format!("change {count} of procman"), || {
        let changes = std::fs::read_to_string(sandbox.path("changes")).unwrap_or_default();
        (changes.lines().count() >= count).then_some(changes)
    })
}

fn typed(events: &[Value], kind: &str) -> Vec<Value> {
    events.iter().filter(|event| event["type"] == kind).cloned().collect()
}

#[test]
fn ctrl_z_stops_the_jobs_and_then_procman_and_fg_continues_both() {
    let actions = "background { ready child until go } ready leader until go";
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving(actions)));
    let mut terminal = sandbox.in_shell(&["-q"]);
    let pids = [sandbox.pid("leader"), sandbox.pid("child"), terminal.foreground()];
    terminal.type_keys(CTRL_Z);
    assert_eq!(wait_for_changes(&sandbox, 1), "stopped SIGTSTP\n");
    // A process that has been told to stop does so when it is its turn.
    wait_until("the jobs to stop", || (pids.map(state) == ['T', 'T', 'T']).then_some(()));
    terminal.type_keys("fg\n");
    wait_until("the jobs to go on", || pids.iter().all(|pid| state(*pid) != 'T').then_some(()));
    std::fs::write(sandbox.path("go"), "").expect("a file");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_eq!(sandbox.read("changes"), "stopped SIGTSTP\nexited 0\n");
}

#[test]
fn clocks_stand_while_the_run_does() {
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving("ready job until go")));
    let mut terminal = sandbox.in_shell(&["-q"]);
    sandbox.pid("job");
    terminal.type_keys(CTRL_Z);
    wait_for_changes(&sandbox, 1);
    let stopped = Instant::now();
    // The time that passes is what this is about.
    wait_until("time to pass", || (stopped.elapsed() > Duration::from_millis(500)).then_some(()));
    terminal.type_keys("fg\n");
    wait_until("the run to go on", || (!typed(&sandbox.events_until_cut(), "resumed").is_empty()).then_some(()));
    std::fs::write(sandbox.path("go"), "").expect("a file");
    assert_eq!(terminal.wait().code(), Some(0));
    let events = sandbox.events();
    let time = |kind| typed(&events, kind)[0]["t"].as_f64().expect("a time");
    assert!(time("resumed") - time("paused") < 0.4, "{} {}", time("paused"), time("resumed"));
}

fn three_thousand_jobs() -> Sandbox {
    let jobs: Vec<String> = (0..3_000).map(|n| format!("t{n} = ['true']\n")).collect();
    let last = misbehaving("ready last until go");
    Sandbox::with(&format!("limit = 4\n[tasks]\nlast = {last}\n{}", jobs.concat()))
}

fn all_were_ok(sandbox: &Sandbox) {
    let ended = typed(&sandbox.events(), "job-ended");
    assert_eq!((ended.len(), ended.iter().filter(|event| event["status"] == "ok").count()), (3_001, 3_001));
}

#[test]
fn three_hundred_stops_by_the_terminal_during_three_thousand_starts() {
    let sandbox = three_thousand_jobs();
    let mut terminal = sandbox.in_shell(&["-qq"]);
    sandbox.pid("last");
    let procman = terminal.foreground();
    for pair in 1..=300 {
        terminal.type_keys(CTRL_Z);
        wait_for_changes(&sandbox, pair);
        terminal.type_keys("fg\n");
        // A stop that comes before the continue is taken back by it.
        wait_until("procman to go on", || (state(procman) != 'T').then_some(()));
    }
    std::fs::write(sandbox.path("go"), "").expect("a file");
    assert_eq!(terminal.wait().code(), Some(0));
    all_were_ok(&sandbox);
}

/// Stops and continues procman during its starts, and lets it come to its end. Its shell sees some of it.
fn survives(pairs: usize, stop_and_continue: impl Fn(Pid)) {
    let sandbox = three_thousand_jobs();
    let terminal = sandbox.in_shell(&["-qq"]);
    sandbox.pid("last");
    let procman = Pid::from_raw(terminal.foreground()).expect("a process id");
    for _ in 0..pairs {
        stop_and_continue(procman);
    }
    std::fs::write(sandbox.path("go"), "").expect("a file");
    wait_until("the run's end", || {
        (sandbox.events_until_cut().last().expect("a record")["type"] == "run-ended").then_some(())
    });
    all_were_ok(&sandbox);
}

#[test]
fn a_continue_that_follows_at_once_is_not_lost() {
    survives(300, |procman| {
        kill_process(procman, Signal::TSTP).expect("it lives");
        kill_process(procman, Signal::CONT).expect("it lives");
    });
}

/// STOP cannot be put off: it also hits a process that is just being made and is still in procman's group. That gets no
/// CONT here but from procman, whose thread waits for it.
#[test]
fn a_process_that_is_stopped_while_it_is_made_is_continued() {
    survives(300, |procman| {
        kill_process_group(procman, Signal::STOP).expect("it lives");
        kill_process(procman, Signal::CONT).expect("it lives");
    });
}

#[test]
fn a_job_that_stops_itself_is_shown_and_goes_on_when_it_is_continued() {
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving("ready job stop until go exit 3")));
    let running = sandbox.start(&[]);
    let job = sandbox.pid("job");
    wait_until("the stop", || (!typed(&sandbox.events_until_cut(), "attempt-stopped").is_empty()).then_some(()));
    send(job, "CONT");
    wait_until("the continue", || (!typed(&sandbox.events_until_cut(), "attempt-continued").is_empty()).then_some(()));
    std::fs::write(sandbox.path("go"), "").expect("a file");
    running.wait().code(1).stderr(snapbox::str![[r#"
procman: 1 job, at most 2 at once
        stopped            job  (stopped: SIGSTOP)
         failed [TIME]  job  (exit 3)

status  job      time  attempts
failed  job [TIME]         1  (exit 3)

failed: job: exit 3
  no output
  log: .procman/runs/[RUN]/logs/job.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
    let events = sandbox.events();
    assert_eq!(typed(&events, "attempt-stopped")[0]["signal"], "SIGSTOP");
}

/// It is told to end with a second of grace, which stands while the run does.
#[test]
fn the_grace_of_what_a_job_left_stands_too() {
    let left = "background { note told TERM ready left until go ready cleaned } until left exit 0";
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving(left)));
    let mut terminal = sandbox.in_shell(&["-q"]);
    sandbox.wait_for("told");
    terminal.type_keys(CTRL_Z);
    wait_for_changes(&sandbox, 1);
    let stopped = Instant::now();
    // The time that passes is what this is about.
    wait_until("time to pass", || (stopped.elapsed() > Duration::from_millis(1_200)).then_some(()));
    std::fs::write(sandbox.path("go"), "").expect("a file");
    terminal.type_keys("fg\n");
    assert_eq!(terminal.wait().code(), Some(0));
    assert!(sandbox.path("cleaned").exists());
}
