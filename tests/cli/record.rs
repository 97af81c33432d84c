//! What a run leaves on disk.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use snapbox::str;

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
    let mut start = sandbox.events().swap_remove(0);
    for job in start["jobs"].as_array_mut().expect("jobs") {
        let definition = job.as_object_mut().expect("a job").remove("definition").expect("every job has one");
        let text = definition.as_str().expect("text");
        assert!(text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
    }
    assert_eq!(start["run"], Value::from(sandbox.latest().file_name().expect("a name").to_string_lossy()));
    assert_eq!(start["manifest"], Value::from(sandbox.path("procman.toml").to_string_lossy()));
    assert_eq!((&start["limit"], &start["procman"]), (&3.into(), &env!("CARGO_PKG_VERSION").into()));
    assert!(start["seed"].is_u64());
    assert_eq!(start["groups"], serde_json::json!([{ "name": "g", "deps": ["a"] }]));
    assert_eq!(
        start["jobs"],
        serde_json::json!([
            { "name": "a", "argv": ["true", "é x"], "cwd": "sub", "line": 2, "log": "a" },
            { "name": "b", "argv": ["true"], "cwd": ".", "line": 5, "deps": ["g"], "log": "b", "split": true },
        ])
    );
}

#[test]
fn the_first_event_says_what_was_asked_for_and_of_which_manifest() {
    let manifest = "[tasks.a]\nargv = ['true']\ndeps = ['b']\n[tasks]\nb = ['false']\n";
    let sandbox = Sandbox::with(manifest);
    let mut command = sandbox.command(&["-q", "--no-deps", "a", "--", "one"]);
    command.arg(std::ffi::OsStr::from_bytes(b"t\xFFwo"));
    sandbox.ran(command).code(0);
    let start = sandbox.events().swap_remove(0);
    assert_eq!(start["manifest_hash"], Value::from(blake3::hash(manifest.as_bytes()).to_string()));
    let arguments = serde_json::json!(["one", [b't', 0xFF, b'w', b'o']]);
    assert_eq!(start["selection"], serde_json::json!({ "names": ["a"], "no_deps": true, "arguments": arguments }));
    assert_eq!((start.get("rerun_of"), start.get("earlier")), (None, None));
    sandbox.run(&["-q", "b"]).code(1);
    assert_eq!(sandbox.events()[0]["selection"], serde_json::json!({ "names": ["b"] }));
    fs::write(sandbox.path("procman.toml"), "\u{feff}[tasks]\na = ['true']").expect("the manifest");
    sandbox.run(&["-q"]).code(0);
    let start = sandbox.events().swap_remove(0);
    assert_eq!(
        start["manifest_hash"],
        Value::from(blake3::hash("\u{feff}[tasks]\na = ['true']".as_bytes()).to_string())
    );
    assert_eq!(start.get("selection"), None);
}

#[test]
fn variables_are_recorded_by_name_and_their_values_nowhere() {
    let sandbox = Sandbox::with(
        "env = { TOP = 'secret-1' }\nenv_file = ['top.env']\n[defaults.env]\nDEFAULT = 'secret-2'\n\
         [tasks.a]\nargv = ['true']\nenv = { OWN = 'secret-3' }\nenv_file = ['own.env']\n[tasks]\nb = ['true']",
    )
    .file("top.env", "FILE=secret-4")
    .file("own.env", "OWN_FILE=secret-5");
    let mut command = sandbox.command(&["-v"]);
    command.env("OUTER", "secret-6");
    sandbox.ran(command).code(0);
    let start = sandbox.events().swap_remove(0);
    assert_eq!(start["env"], serde_json::json!(["FILE", "TOP", "DEFAULT"]));
    assert_eq!(start["jobs"][0]["env"], serde_json::json!(["OWN_FILE", "OWN"]));
    assert_eq!(start["jobs"][1].get("env"), None);
    sandbox.run(&["-q", "rerun"]).code(0);
    assert_eq!(files_with(&sandbox.path(".procman"), b"secret"), Vec::<std::path::PathBuf>::new());
}

/// The files under a folder that hold these bytes.
fn files_with(folder: &std::path::Path, bytes: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_with(&path, bytes));
        } else if path.is_file() && fs::read(&path).expect("a file").windows(bytes.len()).any(|part| part == bytes) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_manifest_that_is_changed_during_a_run_changes_nothing() {
    let before = "limit = 1\nenv_file = ['e']\n[tasks]\na = ['sh', '-c', \"echo '[' > procman.toml; echo X=new > e\"]\n\
                  b = ['sh', '-c', 'echo $X; exit 3']\n[tasks.c]\nargv = ['true']\ndeps = ['b']\n";
    let sandbox = Sandbox::with(before).file("e", "X=old\n");
    sandbox.run(&["-q"]).code(1);
    assert_eq!(sandbox.read("procman.toml"), "[\n");
    assert_eq!(sandbox.log("b.log"), b"old\n");
    let events = sandbox.events();
    assert_eq!(events[0]["manifest_hash"], Value::from(blake3::hash(before.as_bytes()).to_string()));
    assert_eq!(events.last().expect("an end")["status"], "failed");
    assert_eq!(events[events.len() - 2]["dependency"], "b");
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn a_run_reads_its_manifest_and_its_files_of_variables_once() {
    let sandbox = Sandbox::with(
        "env_file = ['e']\n[tasks.a]\nargv = ['true']\nenv_file = ['e']\nretries = 1\n[tasks]\nb = ['true']",
    )
    .file("e", "X=1");
    let trace = sandbox.path("trace");
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-e", "trace=open,openat,openat2", "-o"]).arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_procman")).arg("-q").current_dir(sandbox.path(""));
    match command.output() {
        Err(error) => {
            eprintln!("skipped: strace cannot be started: {error}");
            return;
        }
        Ok(ran) => assert!(ran.status.success(), "{ran:?}"),
    }
    let trace = fs::read_to_string(trace).expect("strace wrote it");
    let opened = |name: &str| trace.lines().filter(|line| line.contains(&format!("/{name}\""))).count();
    assert_eq!((opened("procman.toml"), opened("e")), (1, 1), "{trace}");
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
    for file in [
        run.join("events.jsonl"),
        run.join("logs/a.log"),
        sandbox.path(".procman/.gitignore"),
        sandbox.path(".procman/key"),
    ] {
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
fn a_key_that_is_none_is_a_fault_before_anything_starts() {
    let sandbox = Sandbox::with("[tasks]\na = ['touch', 'ran']").file(".procman/key", "short");
    sandbox.run(&[]).code(3).stdout("").stderr(str![[r#"
error: `[FOLDER]/.procman/key` cannot be used: it is not a file of 32 bytes; remove it for a new one

"#]]);
    fs::remove_file(sandbox.path(".procman/key")).expect("it is there");
    fs::create_dir(sandbox.path(".procman/key")).expect("a folder");
    sandbox.run(&[]).code(3).stdout("").stderr(str![[r#"
error: `[FOLDER]/.procman/key` cannot be used: it is not a file of 32 bytes; remove it for a new one

"#]]);
    assert!(
        !sandbox.path("ran").exists() && sandbox.path(".procman/runs").read_dir().expect("a folder").next().is_none()
    );
}

#[test]
fn runs_that_begin_together_make_one_key() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    let running: Vec<_> = (0..8).map(|_| sandbox.start(&["-q"])).collect();
    for running in running {
        running.wait().code(0);
    }
    let records = fs::read_dir(sandbox.path(".procman/runs")).expect("runs").map(|run| {
        let events = fs::read_to_string(run.expect("a run").path().join("events.jsonl")).expect("a record");
        let start: Value = serde_json::from_str(events.lines().next().expect("a line")).expect("JSON");
        start["jobs"][0]["definition"].clone()
    });
    let definitions: Vec<_> = records.collect();
    assert_eq!(definitions.len(), 8);
    assert!(definitions.iter().all(|one| *one == definitions[0]), "{definitions:?}");
    let mut left: Vec<_> = fs::read_dir(sandbox.path(".procman"))
        .expect("the folder")
        .map(|entry| entry.expect("one").file_name())
        .collect();
    left.sort();
    assert_eq!(left, [".gitignore", "key", "latest", "runs"]);
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
    sandbox.run(&["-q"]).code(3).stderr(str![[r#"
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
    // Two blocks, of 512 or 1,024 bytes, hold the plan and some attempts.
    let mut command = std::process::Command::new("sh");
    let line = format!("ulimit -S -f 2; trap '' XFSZ; exec {} -q", env!("CARGO_BIN_EXE_procman"));
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
