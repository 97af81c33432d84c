//! `procman report` and `--report`: where a report goes, when it is written, and what is told when it cannot be. What is
//! in one is for `report_json` and its like.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use snapbox::{Assert, IntoData};

use crate::sandbox::{Sandbox, misbehaving, wait_until};

const SIGINT: i32 = 2;

/// Jobs that end in every way but by a cancel, and their run.
pub(crate) fn some_of_everything() -> Sandbox {
    let sandbox = Sandbox::with(
        "limit = 1
[tasks]
fine = ['echo', 'not shown']
needs-broken = { argv = ['true'], deps = ['broken'] }
broken = ['./broken']
shaky = { argv = ['./shaky'], retries = 2 }
slow = { argv = ['sleep', '1000'], timeout = '1ms' }
allowed = { argv = ['false'], allow_failure = true }
missing = ['./missing']
apart = { argv = ['sh', '-c', 'echo one; echo two >&2; kill -9 $$'], streams = 'split', retries = 1 }
cells = { argv = ['test', '{{n}}', '=', '1'], matrix = { n = [1, 2] } }
elsewhere = { argv = ['true'], platforms = ['macos'] }
",
    )
    .script("broken", "#!/bin/sh\necho out\nprintf '\\033[31m<b>&|``` ]]>\\033[m\\007\\t\\377\\n' >&2\nexit 3\n")
    .script("shaky", "#!/bin/sh\necho this is attempt $PROCMAN_ATTEMPT\ntest $PROCMAN_ATTEMPT = 2\n");
    sandbox.run(&["-q"]).code(1);
    sandbox
}

/// A report of its latest run.
#[track_caller]
pub(crate) fn report(sandbox: &Sandbox, format: &str) -> String {
    let ran = sandbox.run(&["report", "--format", format]).code(0).stderr("");
    let text = String::from_utf8(ran.stdout_bytes().to_vec()).expect("text");
    let run = sandbox.latest().file_name().expect("an id").to_string_lossy().into_owned();
    text.replace(&run, "[RUN]").replace(sandbox.path("").to_str().expect("text"), "[FOLDER]/")
}

/// Compares a whole report. Its backslashes are no separators of paths.
#[track_caller]
pub(crate) fn is(document: &str, expected: impl IntoData) {
    Assert::new().action_env("SNAPSHOTS").eq(document.into_data().raw(), expected.into_data().raw());
}

/// The JSON report in a file.
#[track_caller]
fn json(sandbox: &Sandbox, path: &str) -> serde_json::Value {
    serde_json::from_str(&sandbox.read(path)).expect("it is JSON")
}

#[test]
fn a_report_is_of_the_latest_run_or_of_the_one_that_is_named() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']\nb = ['false']");
    sandbox.run(&["-q", "a"]).code(0);
    let first = sandbox.latest().file_name().expect("an id").to_string_lossy().into_owned();
    sandbox.run(&["-q", "b"]).code(1);
    let status = |arguments: &[&str]| {
        let ran = sandbox.run(arguments).code(0);
        let report: serde_json::Value = serde_json::from_slice(ran.stdout_bytes()).expect("it is JSON");
        report["status"].as_str().expect("a word").to_owned()
    };
    assert_eq!(status(&["report", "--format", "json"]), "failed");
    assert_eq!(status(&["report", &first, "--format", "json"]), "ok");
    assert_eq!(status(&["report", &first[..first.len() - 2], "--format=json"]), "ok");
    sandbox.run(&["report", "1999", "--format", "json"]).code(2).stderr(snapbox::str![[r#"
error: there is no run `1999`; `procman history` lists those there are

"#]]);
}

#[test]
fn without_a_run_there_is_no_report() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    sandbox.run(&["report", "--format", "json"]).code(2).stderr(snapbox::str![[r#"
error: there is no run yet; `procman run` makes one

"#]]);
}

#[test]
fn the_format_has_to_be_given_and_known() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    sandbox.run(&["report"]).code(2).stderr(snapbox::str![[r#"
error: the following required arguments were not provided:
  --format <FORMAT>

Usage: procman report --format <FORMAT> [RUN]

For more information, try '--help'.

"#]]);
    sandbox.run(&["report", "--format", "xml"]).code(2).stderr(snapbox::str![[r#"
error: invalid value 'xml' for '--format <FORMAT>'
  [possible values: json, junit, trace, markdown, html]

  tip: a similar value exists: 'html'

For more information, try '--help'.

"#]]);
    sandbox.run(&["--report", "xml=x"]).code(2).stderr(snapbox::str![[r#"
error: invalid value 'xml=x' for '--report <FORMAT=FILE>': there is no format `xml`; it can be json, junit, trace, markdown, html

For more information, try '--help'.

"#]]);
    sandbox.run(&["--report", "json"]).code(2).stderr(snapbox::str![[r#"
error: invalid value 'json' for '--report <FORMAT=FILE>': write FORMAT=FILE; FORMAT can be json, junit, trace, markdown, html

For more information, try '--help'.

"#]]);
    let mut command = sandbox.command(&[]);
    command.env("PROCMAN_REPORT", "json=");
    sandbox.ran(command).code(2).stderr(snapbox::str![[r#"
error: PROCMAN_REPORT is `json=`: write FORMAT=FILE; FORMAT can be json, junit, trace, markdown, html

"#]]);
    assert!(!sandbox.path(".procman").exists(), "nothing was started");
}

#[test]
fn a_file_is_written_as_a_whole_and_its_folder_made() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file("old/report.json", "old").file("there.json", "old");
    symlink("old/report.json", sandbox.path("link.json")).expect("a link");
    let old = fs::File::open(sandbox.path("old/report.json")).expect("the old one");
    sandbox.run(&["-q", "--report", "json=new/folder/report.json", "--report=json=link.json"]).code(0);
    assert_eq!(json(&sandbox, "new/folder/report.json")["status"], "ok");
    // What the link leads to was replaced: whoever has the old one open goes on reading that.
    assert_eq!(json(&sandbox, "old/report.json")["status"], "ok");
    assert_eq!(std::io::read_to_string(old).expect("the old one"), "old");
    sandbox.run(&["report", "--format", "json", "-o", "there.json"]).code(0).stdout("").stderr("");
    assert_eq!(json(&sandbox, "there.json")["status"], "ok");
    let mode = |path: &str| fs::metadata(sandbox.path(path)).expect("a file").permissions().mode();
    assert_eq!(mode("there.json"), mode("procman.toml"), "others may read it as they may read any file of his");
    let names = |folder: &str| {
        let entries = fs::read_dir(sandbox.path(folder)).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("new/folder"), ["report.json"]);
    assert_eq!(names("old"), ["report.json"]);
}

/// It is written to, and not replaced.
#[test]
fn a_device_stays_what_it_is() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    let ran = sandbox.run(&["-q", "--report", "json=/dev/stdout"]).code(0);
    let report: serde_json::Value = serde_json::from_slice(ran.stdout_bytes()).expect("it is JSON");
    assert_eq!(report["status"], "ok");
    assert!(fs::symlink_metadata("/dev/stdout").expect("it is there").is_symlink());
}

#[test]
fn files_are_found_from_where_procman_is_to_start() {
    let sandbox = Sandbox::new().file("sub/procman.toml", "[tasks]\na = ['true']");
    sandbox.run(&["-q", "-C", "sub", "--report", "json=r.json"]).code(0);
    assert_eq!(json(&sandbox, "sub/r.json")["status"], "ok");
    sandbox.run(&["-C", "sub", "report", "--format=json", "-o", "s.json"]).code(0);
    assert_eq!(json(&sandbox, "sub/s.json")["status"], "ok");
}

#[test]
fn the_environment_and_a_rerun_may_ask_for_one() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']\nb = ['false']");
    let mut command = sandbox.command(&["-q"]);
    command.env("PROCMAN_REPORT", "json=r.json");
    sandbox.ran(command).code(1);
    assert_eq!(json(&sandbox, "r.json")["jobs"].as_array().map(Vec::len), Some(2));
    sandbox.run(&["-q", "rerun", "--failed", "--report", "json=r.json"]).code(1);
    assert_eq!(json(&sandbox, "r.json")["jobs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_dry_run_writes_none() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    sandbox.run(&["-n", "--report", "json=new/r.json"]).code(0);
    assert!(!sandbox.path("new").exists());
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_anything_starts() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file("file", "").file("folder/file", "");
    sandbox.run(&["--report", "json=folder"]).code(2).stderr(snapbox::str![[r#"
error: the json report `folder` cannot be written: is a directory

"#]]);
    sandbox.run(&["--report", "json=file/r.json"]).code(2).stderr(snapbox::str![[r#"
error: the json report `file/r.json` cannot be written: not a directory

"#]]);
    assert!(!sandbox.path(".procman").exists(), "nothing was started");
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["report", "--format=json", "-o", "folder"]).code(3).stderr(snapbox::str![[r#"
error: the json report `folder` cannot be written: is a directory

"#]]);
}

/// Nothing else is known to have gone wrong, so that the exit code says it.
#[test]
fn a_place_that_goes_away_is_a_fault_at_the_end() {
    let sandbox = Sandbox::with("[tasks]\na = ['rm', '-r', 'reports']");
    sandbox.run(&["-q", "--report", "json=reports/r.json"]).code(3).stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
error: the json report `reports/r.json` cannot be written: no such file or directory

"#]]);
}

#[test]
fn what_was_cancelled_is_reported_before_procman_dies_of_its_signal() {
    let manifest = format!("[tasks]\na = {}\nb = ['true']", misbehaving("ready ready wait"));
    let sandbox = Sandbox::with(&format!("limit = 1\n{manifest}"));
    let running = sandbox.start(&["-q", "--report", "json=r.json"]);
    sandbox.wait_for("ready");
    running.signal("INT");
    running.wait().died_of(SIGINT);
    let report = json(&sandbox, "r.json");
    assert_eq!(report["status"], "cancelled");
    assert_eq!(report["cancel"], serde_json::json!({ "signal": "SIGINT" }));
    assert_eq!(report["counts"], serde_json::json!({ "cancelled": 2 }));
}

#[test]
fn a_run_under_way_is_reported_as_far_as_it_is() {
    let sandbox = Sandbox::with(&format!(
        "limit = 1\n[tasks]\na = ['true']\nb = {}\nc = ['true']",
        misbehaving("ready ready until go")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    sandbox.run(&["report", "--format=json", "-o", "r.json"]).code(0);
    sandbox.let_go("go");
    running.wait().code(0);
    let report = json(&sandbox, "r.json");
    assert_eq!(report["status"], "under-way");
    assert_eq!(report["counts"], serde_json::json!({ "ok": 1, "running": 1, "not-started": 1 }));
}

#[test]
fn a_run_that_was_killed_is_reported_as_far_as_it_came() {
    let sandbox = Sandbox::with(&format!("limit = 1\n[tasks]\na = {}\nb = ['true']", misbehaving("ready ready wait")));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    running.signal("KILL");
    running.wait().died_of(9);
    wait_until("the record's end", || {
        sandbox.events_until_cut().last().is_some_and(|event| event["type"] == "runner-died").then_some(())
    });
    sandbox.run(&["report", "--format=json", "-o", "r.json"]).code(0);
    let report = json(&sandbox, "r.json");
    assert_eq!(report["status"], "died");
    let (run, job) = (report["seconds"].as_f64(), report["jobs"][0]["seconds"].as_f64());
    assert!(job > Some(0.0) && job <= run, "{job:?} of {run:?}");
    assert_eq!(report["counts"], serde_json::json!({ "unfinished": 1, "not-started": 1 }));
}

#[test]
fn a_report_takes_nobody_elses_place() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']");
    let manifest = sandbox.read("procman.toml");
    sandbox.run(&["--report", "html=procman.toml"]).code(2).stderr(snapbox::str![[r#"
error: `procman.toml` is the manifest; give the html report a file of its own

"#]]);
    assert_eq!(sandbox.read("procman.toml"), manifest);
    sandbox.run(&["--report", "json=out", "--report", "html=./out"]).code(2).stderr(snapbox::str![[r#"
error: `out` is another report's; give the html report a file of its own

"#]]);
    assert!(!sandbox.path(".procman").exists());
}
