//! What a run leaves on disk.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::sandbox::Sandbox;

fn types(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .map(|event| format!("{} {}", event["type"].as_str().expect("a type"), event["job"].as_str().unwrap_or("")))
        .collect()
}

#[test]
fn the_record_tells_the_whole_run_in_order() {
    let sandbox = Sandbox::with(
        "limit = 1\n[tasks]\na = ['sh', '-c', 'exit 3']\n[tasks.b]\nargv = ['true']\ndeps = ['a']\n[tasks.c]\nargv = ['true']",
    );
    sandbox.run(&["-q"]).code(1);
    let events = sandbox.events();
    assert_eq!(
        types(&events),
        [
            "run-started ",
            "attempt-started a",
            "attempt-ended a",
            "job-ended a",
            "job-ended b",
            "attempt-started c",
            "attempt-ended c",
            "job-ended c",
            "run-ended ",
        ]
    );
    for (seq, event) in events.iter().enumerate() {
        assert_eq!((&event["v"], &event["seq"]), (&1.into(), &seq.into()));
    }
    let times: Vec<f64> = events.iter().map(|event| event["t"].as_f64().expect("seconds")).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!((&events[2]["status"], &events[2]["exit"]), (&"failed".into(), &3.into()));
    assert_eq!((&events[4]["status"], &events[4]["dependency"]), (&"skipped".into(), &"a".into()));
    assert_eq!((&events[6]["status"], &events[6]["exit"]), (&"ok".into(), &0.into()));
    assert_eq!(events[8]["status"], "failed");
}

#[test]
fn the_first_event_lists_the_whole_plan() {
    let sandbox = Sandbox::with(
        "limit = 3\n[tasks.a]\nargv = ['true', 'é x']\ncwd = 'sub'\n[tasks.b]\nargv = ['true']\ndeps = ['g']\nstreams = 'split'\n[tasks.g]\ndeps = ['a']",
    )
    .file("sub/file", "");
    sandbox.run(&["-q"]).code(0);
    let start = sandbox.events().swap_remove(0);
    assert_eq!(start["run"], Value::from(sandbox.latest().file_name().expect("a name").to_string_lossy()));
    assert_eq!(start["manifest"], Value::from(sandbox.path("procman.toml").to_string_lossy()));
    assert_eq!((&start["limit"], &start["procman"]), (&3.into(), &env!("CARGO_PKG_VERSION").into()));
    assert!(start["seed"].is_u64());
    assert_eq!(start["groups"], serde_json::json!([{ "name": "g", "deps": ["a"] }]));
    assert_eq!(
        start["jobs"],
        serde_json::json!([
            { "name": "a", "argv": ["true", "é x"], "cwd": "sub", "log": "a" },
            { "name": "b", "argv": ["true"], "cwd": ".", "deps": ["g"], "log": "b", "split": true },
        ])
    );
}

#[test]
fn jobs_are_in_the_manifests_order_and_not_in_that_of_their_names() {
    let sandbox =
        Sandbox::with("limit = 1\n[tasks]\nzebra = ['true']\nmonkey = ['true']\nant = ['true']\nbear = ['true']");
    sandbox.run(&["-q"]).code(0);
    let started: Vec<String> =
        types(&sandbox.events()).into_iter().filter(|event| event.starts_with("attempt-started")).collect();
    let expected = ["zebra", "monkey", "ant", "bear"].map(|name| format!("attempt-started {name}"));
    assert_eq!(started, expected);
    sandbox.run(&["plan"]).code(0).stdout("zebra: true\nmonkey: true\nant: true\nbear: true\n");
}

#[test]
fn state_is_for_its_owner_alone_and_ignored_by_git() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    sandbox.run(&["-q"]).code(0);
    let mode = |path: std::path::PathBuf| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let run = sandbox.latest();
    for folder in [sandbox.path(".procman"), sandbox.path(".procman/runs"), run.clone(), run.join("logs")] {
        assert_eq!(mode(folder.clone()), 0o700, "{}", folder.display());
    }
    for file in [run.join("events.jsonl"), run.join("logs/a.log"), sandbox.path(".procman/.gitignore")] {
        assert_eq!(mode(file.clone()), 0o600, "{}", file.display());
    }
    assert_eq!(sandbox.read(".procman/.gitignore"), "*\n");
}

#[test]
fn twenty_runs_are_kept_and_the_oldest_go() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    let runs = || {
        let entries = fs::read_dir(sandbox.path(".procman/runs")).expect("runs");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    for _ in 0..20 {
        sandbox.run(&["-q"]).code(0);
    }
    let before = runs();
    sandbox.run(&["-q"]).code(0);
    let after = runs();
    assert_eq!((before.len(), after.len()), (20, 20));
    assert_eq!(before[1..], after[..19]);
}

#[test]
fn a_run_under_way_is_not_removed() {
    let sandbox = Sandbox::with(
        "[tasks]\na = ['true']\n[tasks.slow]\nargv = ['sh', '-c', 'echo > ready; until [ -e go ]; do sleep 0.01; done']\nmanual = true",
    );
    let slow = sandbox.start(&["-q", "slow"]);
    sandbox.wait_for("ready");
    let slow_run = sandbox.latest();
    for _ in 0..22 {
        sandbox.run(&["-q", "a"]).code(0);
    }
    assert!(slow_run.exists());
    fs::write(sandbox.path("go"), "").expect("a file");
    slow.wait().code(0);
    assert!(slow_run.exists(), "it ends as the oldest of all, and what it showed must be there to be read");
}

#[test]
fn a_state_folder_that_cannot_be_made_is_a_fault_before_anything_starts() {
    let sandbox = Sandbox::with("[tasks]\na = ['touch', 'ran']").file(".procman", "a file");
    sandbox.run(&[]).code(3).stdout("").stderr("error: `[FOLDER]/.procman` cannot be created: file exists\n");
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn a_state_folder_that_is_a_link_is_the_users_business() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file("elsewhere/file", "");
    symlink(sandbox.path("elsewhere"), sandbox.path(".procman")).expect("a link");
    sandbox.run(&["-q"]).code(0);
    assert!(sandbox.path("elsewhere/runs").exists());
}

/// The second job's log cannot be made, because the first removes the folder: it is not started, the record says so,
/// and what runs is not hurt.
#[test]
fn a_log_that_cannot_be_made_ends_the_run_and_starts_nothing_more() {
    let sandbox = Sandbox::with(
        "limit = 1\n[tasks]\na = ['sh', '-c', 'rm -r .procman/runs/*/logs']\nb = ['touch', 'b-ran']\nc = ['touch', 'c-ran']",
    );
    sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
3 jobs in [TIME]: 1 ok, 2 cancelled; logs in .procman/runs/[RUN]/logs
error: the log `[FOLDER]/.procman/runs/[RUN]/logs/b.log` cannot be made: no such file or directory

"#]]);
    assert!(!sandbox.path("b-ran").exists() && !sandbox.path("c-ran").exists());
    let events = sandbox.events();
    assert_eq!(events.last().map(|event| event["status"].clone()), Some("broken".into()));
}

#[test]
fn names_become_file_names_that_can_be_found_again() {
    let sandbox = Sandbox::with("[tasks]\n'../a b/~%' = ['echo', 'odd']\n'é' = ['echo', 'accent']");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("%2E.%2Fa%20b%2F%7E%25.log"), b"odd\n");
    sandbox.run(&["logs", "../a b/~%"]).code(0).stdout("odd\n");
    sandbox.run(&["logs", "é"]).code(0).stdout("accent\n");
}

#[test]
fn a_record_whose_writer_died_can_be_read() {
    let sandbox = Sandbox::with("[tasks]\na = ['echo', 'kept']");
    sandbox.run(&["-q"]).code(0);
    let events = sandbox.latest().join("events.jsonl");
    let text = fs::read(&events).expect("the record");
    fs::write(&events, &text[..text.len() - 30]).expect("the record");
    sandbox.run(&["logs", "a"]).code(0).stdout("kept\n");
}

#[test]
fn runs_at_the_same_time_have_folders_of_their_own() {
    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'echo $PROCMAN_RUN_ID']");
    let running: Vec<_> = (0..4).map(|_| sandbox.start(&["-q"])).collect();
    for running in running {
        running.wait().code(0);
    }
    let runs: Vec<_> =
        fs::read_dir(sandbox.path(".procman/runs")).expect("runs").map(|run| run.expect("a run")).collect();
    assert_eq!(runs.len(), 4);
    for run in runs {
        let log = fs::read_to_string(run.path().join("logs/a.log")).expect("a log");
        assert_eq!(log.trim_end(), run.file_name().to_string_lossy());
    }
}

/// A limit on the size of files stands in for a full disk: the record cannot take another event.
#[test]
fn a_record_that_cannot_be_written_lets_what_runs_finish_and_starts_nothing_more() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = { argv = ['false'], retries = 50 }\nb = ['touch', 'b-ran']");
    // One block, of 512 or 1,024 bytes, holds the plan and some attempts.
    let mut command = std::process::Command::new("sh");
    let line = format!("ulimit -S -f 1; trap '' XFSZ; exec {} -q", env!("CARGO_BIN_EXE_procman"));
    command.args(["-c", &line]).current_dir(sandbox.path(""));
    let ran = sandbox.ran(command).code(3);
    let stderr = ran.stderr_text();
    let last = stderr.lines().last().expect("it says why");
    assert!(
        last.starts_with("error: `") && last.ends_with("/events.jsonl` cannot be written: file too large"),
        "{stderr}"
    );
    assert_eq!(sandbox.events_until_cut()[1]["type"], "attempt-started");
    assert!(!sandbox.path("b-ran").exists());
}

#[test]
fn nothing_starts_whose_start_is_not_in_the_record() {
    let jobs: Vec<String> = (0..40).map(|n| format!("t{n} = ['touch', 't{n}-ran']\n")).collect();
    let sandbox = Sandbox::with(&format!("limit = 20\n[tasks]\n{}", jobs.concat()));
    // The plan alone takes more than four blocks of 512 bytes, or of 1,024.
    let mut command = std::process::Command::new("sh");
    let line = format!("ulimit -S -f 4; trap '' XFSZ; exec {} -q", env!("CARGO_BIN_EXE_procman"));
    command.args(["-c", &line]).current_dir(sandbox.path(""));
    sandbox.ran(command).code(3);
    let started = sandbox.events_until_cut().iter().filter(|event| event["type"] == "attempt-started").count();
    let ran = (0..40).filter(|n| sandbox.path(&format!("t{n}-ran")).exists()).count();
    assert_eq!(started, ran);
}
