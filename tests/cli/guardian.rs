//! procman itself killed: nobody is left, and the record says so.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::sandbox::{PROCMAN, Running, Sandbox, is_alive, is_gone, misbehaving, send, wait_until};

/// A job whose family holds `held` in every way there is, but for a daemon without an environment.
const FAMILY: &str = "hold held background { session ready session wait } daemon { ready daemon wait } \
                      background { session headless ready headless wait } \
                      background { ready child wait } background { session forget ready bare wait } ready leader wait";

fn nobody_is_left(sandbox: &Sandbox) {
    wait_until("the end of everybody", || (!sandbox.is_held("held")).then_some(()));
}

fn record_is_closed(sandbox: &Sandbox) -> Vec<Value> {
    wait_until("the end of the record", || {
        sandbox.events_until_cut().last().is_some_and(|event| event["type"] == "runner-died").then_some(())
    });
    sandbox.events()
}

/// The guardian of a run, once it goes by its name.
fn guardian(running: &Running) -> i32 {
    wait_until("the guardian", || {
        let processes = fs::read_dir("/proc").expect("it is there").flatten();
        let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.find(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.contains("(job-guardian) ") && stat.contains(&format!(" {} ", running.pid()))
        })
    })
}

fn all_are_there(sandbox: &Sandbox) {
    for name in ["session", "daemon", "headless", "child", "bare", "leader"] {
        sandbox.pid(name);
    }
}

#[test]
fn whatever_kills_procman_its_jobs_die_with_it_and_the_record_says_so() {
    // ABRT is what procman dies of when there is no memory.
    for signal in ["KILL", "ABRT"] {
        let sandbox = Sandbox::with(&format!(
            "limit = 1\n[tasks]\nfirst = ['true']\njob = {}\nlater = ['touch', 'later-ran']",
            misbehaving(FAMILY)
        ));
        let running = sandbox.start(&["-q"]);
        all_are_there(&sandbox);
        running.signal(signal);
        nobody_is_left(&sandbox);
        let events = record_is_closed(&sandbox);
        for (seq, event) in events.iter().enumerate() {
            assert_eq!(event["seq"], seq);
        }
        assert!(!sandbox.path("later-ran").exists());
        running.wait();
    }
}

#[test]
fn the_guardian_outlives_procmans_whole_group() {
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving(FAMILY)));
    let mut terminal = sandbox.in_shell(&["-q"]);
    all_are_there(&sandbox);
    let group = rustix::process::Pid::from_raw(terminal.foreground()).expect("a group");
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).expect("it lives");
    nobody_is_left(&sandbox);
    record_is_closed(&sandbox);
    terminal.wait();
}

#[test]
fn what_was_to_live_on_lives_on() {
    let manifest = format!(
        "limit = 1\n[tasks.server]\nargv = {}\nleak = 'ignore'\n[tasks.job]\nargv = {}\ndeps = ['server']",
        misbehaving("daemon { ready server wait } until server"),
        misbehaving("hold held ready job wait")
    );
    let sandbox = Sandbox::with(&manifest);
    let running = sandbox.start(&["-q"]);
    let server = sandbox.pid("server");
    sandbox.pid("job");
    running.signal("KILL");
    nobody_is_left(&sandbox);
    record_is_closed(&sandbox);
    assert!(is_alive(server));
    send(server, "KILL");
    running.wait();
}

#[test]
fn a_run_whose_guardian_is_killed_goes_on() {
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}\nlast = ['true']", misbehaving("ready job until go")));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("job");
    let guardian = guardian(&running);
    send(guardian, "KILL");
    is_gone(guardian);
    fs::write(sandbox.path("go"), "").expect("a file");
    running.wait().code(0);
}

#[test]
fn a_run_that_ends_leaves_no_guardian() {
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving("ready job until go")));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("job");
    let guardian = guardian(&running);
    for deaf_to in ["INT", "TERM", "HUP", "QUIT"] {
        send(guardian, deaf_to);
    }
    fs::write(sandbox.path("go"), "").expect("a file");
    running.wait().code(0);
    assert!(!is_alive(guardian));
}

/// The record's last line is cut by the kill, as it may be when the disk is slow.
#[test]
fn a_line_that_was_being_written_is_taken_away() {
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving("hold held ready job wait")));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("job");
    let record = sandbox.latest().join("events.jsonl");
    let mut text = fs::read_to_string(&record).expect("the record");
    text.push_str(r#"{"v":1,"seq":2,"t":0.1,"type":"attem"#);
    fs::write(&record, text).expect("the record");
    running.signal("KILL");
    nobody_is_left(&sandbox);
    let types: Vec<Value> = record_is_closed(&sandbox).iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["run-started", "attempt-started", "runner-died"]);
    running.wait();
}

#[test]
fn what_is_planted_in_place_of_the_record_holds_up_no_guardian() {
    let sandbox =
        Sandbox::with(&format!("[tasks]\njob = {}", misbehaving("hold held ready job wait"))).file("target", "{}\n");
    for plant in ["mkfifo $1", "ln -s $2 $1", "mkdir $1"] {
        let running = sandbox.start(&["-q"]);
        sandbox.pid("job");
        let guardian = guardian(&running);
        let record = sandbox.latest().join("events.jsonl");
        fs::rename(&record, sandbox.path("target")).expect("the record is there");
        let before = sandbox.read("target");
        let mut command = Command::new("sh");
        command.args(["-c", plant, "sh"]).arg(&record).arg(sandbox.path("target"));
        assert!(command.status().expect("sh can be started").success(), "{plant}");
        running.signal("KILL");
        is_gone(guardian);
        nobody_is_left(&sandbox);
        assert_eq!(sandbox.read("target"), before, "{plant}");
        fs::remove_file(sandbox.path("job")).ok();
        running.wait();
    }
}

/// Only an interactive job that runs may have changed them; otherwise they are those of whoever has the terminal now.
#[test]
fn without_an_interactive_job_the_terminals_modes_are_left_alone() {
    let sandbox = Sandbox::with(&format!("[tasks]\njob = {}", misbehaving("hold held ready job wait")));
    let mut terminal = sandbox.on_terminal(&["-q"]);
    sandbox.pid("job");
    terminal.echo_no_more();
    let modes = terminal.modes();
    send(terminal.pid(), "KILL");
    nobody_is_left(&sandbox);
    record_is_closed(&sandbox);
    terminal.wait();
    assert_eq!(terminal.modes(), modes);
}

/// The outer one is killed while the inner one starts jobs, of which some begin after anybody can see whose they are.
#[test]
fn the_jobs_of_a_procman_that_is_a_job_die_too() {
    let jobs: Vec<String> = (0..200).map(|n| format!("t{n} = {}\n", misbehaving("hold ../held until ../go"))).collect();
    let sandbox = Sandbox::with(&format!("[tasks.outer]\nargv = ['{PROCMAN}', '-q']\ncwd = 'inner'"))
        .file("inner/procman.toml", format!("limit = 200\n[tasks]\n{}", jobs.concat()));
    let running = sandbox.start(&["-q"]);
    wait_until("the first job", || sandbox.path("held").exists().then_some(()));
    running.signal("KILL");
    nobody_is_left(&sandbox);
    record_is_closed(&sandbox);
    running.wait();
}
