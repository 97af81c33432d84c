//! Which runs there have been, and what a user may call them.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use snapbox::str;

use crate::sandbox::{Sandbox, misbehaving};

const MANIFEST: &str = "[tasks]\na = ['true']";

/// The folder of a run whose record has a start, at `at` and with more in it, and then these lines.
fn past(sandbox: Sandbox, id: &str, more: &str, lines: &[&str]) -> Sandbox {
    let at = format!("{}-{}-{}T{}:{}:{}.000Z", &id[..4], &id[4..6], &id[6..8], &id[9..11], &id[11..13], &id[13..15]);
    let start = format!(
        r#"{{"v":1,"seq":0,"t":0.0,"type":"run-started","run":"{id}","at":"{at}","procman":"0.1.0","limit":2,{more}}}"#
    );
    let record = [&[&*start], lines].concat().join("\n") + "\n";
    sandbox.file(&format!(".procman/runs/{id}/events.jsonl"), record)
}

fn jobs(names: &str) -> String {
    let job = |name: &str| json!({ "name": name, "argv": ["true"], "cwd": "." }).to_string();
    let jobs: Vec<String> = names.split(' ').map(job).collect();
    format!(r#""manifest":"/procman.toml","jobs":[{}]"#, jobs.join(","))
}

/// Three runs: one that failed, one that was run again, one whose procman died.
fn three() -> Sandbox {
    let sandbox = past(
        Sandbox::with(MANIFEST),
        "20261122-090000.000-aaaaaaa1",
        &jobs("a b c d"),
        &[
            r#"{"v":1,"seq":1,"t":1.5,"type":"job-ended","job":"a","status":"ok"}"#,
            r#"{"v":1,"seq":2,"t":1.5,"type":"job-ended","job":"b","status":"ok"}"#,
            r#"{"v":1,"seq":3,"t":2.5,"type":"job-ended","job":"c","status":"failed","exit":1}"#,
            r#"{"v":1,"seq":4,"t":2.5,"type":"job-ended","job":"d","status":"skipped","dependency":"c"}"#,
            r#"{"v":1,"seq":5,"t":75.25,"type":"run-ended","status":"failed"}"#,
        ],
    );
    let selection = r#""selection":{"names":["c","x y"],"no_deps":true,"set":{"v":"1"},"arguments":["-q"]}"#;
    let again = format!(r#"{},{selection},"rerun_of":"20261122-090000.000-aaaaaaa1""#, jobs("c"));
    let sandbox = past(
        sandbox,
        "20261122-100000.000-bbbbbbb2",
        &again,
        &[
            r#"{"v":1,"seq":1,"t":0.5,"type":"job-ended","job":"c","status":"ok"}"#,
            r#"{"v":1,"seq":2,"t":0.5,"type":"run-ended","status":"ok"}"#,
        ],
    );
    past(
        sandbox,
        "20261123-110000.000-ccccccc3",
        &jobs("a b"),
        &[
            r#"{"v":1,"seq":1,"t":0.25,"type":"job-ended","job":"a","status":"up-to-date"}"#,
            r#"{"v":1,"seq":2,"t":0.25,"type":"attempt-started","job":"b","attempt":1,"slot":0}"#,
            r#"{"v":1,"seq":3,"t":0."#,
        ],
    )
}

/// In this time zone, as TZ has it.
fn in_zone(sandbox: &Sandbox, zone: &str, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(arguments);
    command.env("TZ", zone);
    command
}

fn listed(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let ran = sandbox.run(&[&["history", "--json"], arguments].concat()).code(0).stderr("");
    serde_json::from_slice(ran.stdout_bytes()).expect("an array")
}

fn field(runs: &[Value], name: &str) -> Vec<Value> {
    runs.iter().map(|run| run[name].clone()).collect()
}

#[test]
fn runs_are_listed_the_newest_first_with_what_became_of_them() {
    let sandbox = three();
    sandbox.ran(in_zone(&sandbox, "UTC0", &["history"])).code(0).stderr("").stdout(str![[r#"
run       started (local)          time  status  asked for                                              jobs
ccccccc3  2026-11-23 11:00:00 [TIME]  died    -                                                      2: 1 up-to-date, 1 without an end
bbbbbbb2  2026-11-22 10:00:00 [TIME]  ok      c 'x y' --no-deps --set v=1 -- -q (rerun of aaaaaaa1)  1: 1 ok
aaaaaaa1  2026-11-22 09:00:00     1m15s  failed  -                                                      4: 2 ok, 1 failed, 1 skipped

"#]]);
    sandbox.ran(in_zone(&sandbox, "UTC0", &["history", "-n", "1"])).code(0).stderr("").stdout(str![[r#"
run       started (local)          time  status  asked for  jobs
ccccccc3  2026-11-23 11:00:00 [TIME]  died    -          2: 1 up-to-date, 1 without an end

"#]]);
}

#[test]
fn they_started_by_the_clock_on_the_users_wall() {
    let sandbox = three();
    let ran = sandbox.ran(in_zone(&sandbox, "<+02>-2", &["history"])).code(0);
    let table = String::from_utf8_lossy(ran.stdout_bytes()).into_owned();
    let line = table.lines().find(|line| line.starts_with("aaaaaaa1")).expect("the first run");
    assert!(line.contains("  2026-11-22 11:00:00  "), "{table}");
}

#[test]
fn as_json_they_have_all_that_a_script_asks_for() {
    let sandbox = three();
    sandbox.run(&["history", "--json", "-n", "2"]).code(0).stderr("").stdout(str![[r#"
[
  {
    "id": "[RUN]",
    "path": "[FOLDER]/.procman/runs/[RUN]",
    "status": "died",
    "at": "2026-11-23T11:00:00.000Z",
    "seconds": 0.25,
    "limit": 2,
    "selection": {},
    "rerun_of": null,
    "jobs": 2,
    "counts": {
      "up-to-date": 1
    }
  },
  {
    "id": "[RUN]",
    "path": "[FOLDER]/.procman/runs/[RUN]",
    "status": "ok",
    "at": "2026-11-22T10:00:00.000Z",
    "seconds": 0.5,
    "limit": 2,
    "selection": {
      "names": [
        "c",
        "x y"
      ],
      "no_deps": true,
      "set": {
        "v": "1"
      },
      "arguments": [
        "-q"
      ]
    },
    "rerun_of": "[RUN]",
    "jobs": 1,
    "counts": {
      "ok": 1
    }
  }
]

"#]]);
    assert_eq!(field(&listed(&sandbox, &[]), "status"), ["died", "ok", "failed"]);
}

#[test]
fn where_nothing_has_run_there_is_nothing_to_list() {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.run(&["history"]).code(0).stdout("").stderr("note: there is no run yet; `procman run` makes one\n");
    sandbox.run(&["history", "--json"]).code(0).stdout("[]\n").stderr("");
}

#[test]
fn none_of_them_is_not_that_there_are_none() {
    three().run(&["history", "-n", "0"]).code(2).stdout("").stderr(str![[r#"
error: invalid value '0' for '--newest <N>': write a number from 1

For more information, try '--help'.

"#]]);
}

/// One has no start, one is of a later procman.
#[test]
fn what_cannot_be_read_is_listed_as_such() {
    let sandbox = three()
        .file(".procman/runs/20261122-093000.000-ddddddd4/events.jsonl", "")
        .file(".procman/runs/20261122-094000.000-eeeeeee5/events.jsonl", "{\"v\":9,\"type\":\"run-started\"}\n")
        .file(".procman/runs/not a run", "");
    sandbox.ran(in_zone(&sandbox, "UTC0", &["history"])).code(0).stderr("").stdout(str![[r#"
run       started (local)          time  status      asked for                                              jobs
ccccccc3  2026-11-23 11:00:00 [TIME]  died        -                                                      2: 1 up-to-date, 1 without an end
bbbbbbb2  2026-11-22 10:00:00 [TIME]  ok          c 'x y' --no-deps --set v=1 -- -q (rerun of aaaaaaa1)  1: 1 ok
eeeeeee5  -                           -  unreadable  -                                                      (it is of format 9; this procman reads up to 1)
ddddddd4  -                           -  unreadable  -                                                      (it does not begin with a run's start)
aaaaaaa1  2026-11-22 09:00:00     1m15s  failed      -                                                      4: 2 ok, 1 failed, 1 skipped

"#]]);
    let runs = listed(&sandbox, &[]);
    assert_eq!(field(&runs, "status"), ["died", "ok", "unreadable", "unreadable", "failed"]);
    assert_eq!(runs[3]["error"], "it does not begin with a run's start");
}

#[test]
fn a_run_under_way_is_known_from_one_that_died() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}", misbehaving("ready ready until go")));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    let runs = listed(&sandbox, &[]);
    assert_eq!(field(&runs, "status"), ["under-way"]);
    assert_eq!((&runs[0]["jobs"], &runs[0]["counts"]), (&json!(1), &json!({})));
    sandbox.let_go("go");
    running.wait().code(0);
    assert_eq!(field(&listed(&sandbox, &[]), "status"), ["ok"]);
}

#[test]
fn a_manifest_that_is_wrong_hides_no_run() {
    let sandbox = three().file("procman.toml", "nonsense");
    assert_eq!(listed(&sandbox, &[]).len(), 3);
}

/// Whoever passes a record on can write into it what he likes.
#[test]
fn nothing_in_a_record_acts_on_a_terminal() {
    let selection = r#""selection":{"names":["\u001b[2J"]},"rerun_of":"x-\u009b31m""#;
    let more = format!("{},{selection}", jobs("a"));
    let sandbox = past(Sandbox::with(MANIFEST), "20261122-090000.000-aaaaaaa1", &more, &[]);
    let events = sandbox.path(".procman/runs/20261122-090000.000-aaaaaaa1/events.jsonl");
    let text = fs::read_to_string(&events).expect("a record").replace("2026-11-22T", "\\u001b[2J");
    fs::write(&events, text).expect("it is written");
    sandbox.ran(in_zone(&sandbox, "UTC0", &["history"])).code(0).stderr("").stdout(str![[r#"
run       started (local)           time  status  asked for                        jobs
aaaaaaa1  \x1b[2J09:00:00.000Z [TIME]  died    $'\x1b[2J' (rerun of \u{9b}31m)  1: 1 without an end

"#]]);
}

// What a run is called.

#[test]
fn a_run_goes_by_its_id_and_by_either_end_of_it() {
    let sandbox = three();
    let shown = |name: &str| {
        let ran = sandbox.run(&["-q", "show", name]).code(0).stderr("");
        String::from_utf8_lossy(ran.stdout_bytes()).into_owned()
    };
    let second = shown("20261122-100000.000-bbbbbbb2");
    assert!(second.contains("/runs/20261122-100000.000-bbbbbbb2/logs"), "{second}");
    for name in ["20261122-10", "bbbbbbb2", "2"] {
        if name == "2" {
            sandbox.run(&["show", name]).code(2).stdout("").stderr(str![[r#"
error: `2` is the beginning or the end of 3 runs; give more of it

"#]]);
        } else {
            assert_eq!(shown(name), second, "{name}");
        }
    }
    sandbox.run(&["show", "never"]).code(2).stdout("").stderr(str![[r#"
error: there is no run `never`; `procman history` lists those there are

"#]]);
    sandbox.run(&["logs", "--run", "never"]).code(2).stdout("").stderr(str![[r#"
error: there is no run `never`; `procman history` lists those there are

"#]]);
    sandbox.run(&["rerun", "never"]).code(2).stdout("").stderr(str![[r#"
error: there is no run `never`; `procman history` lists those there are

"#]]);
}

#[test]
fn what_is_left_of_a_run_is_run_again_by_either_end_of_its_id() {
    let sandbox = Sandbox::with("[tasks]\ngood = ['true']\nbad = ['test', '-e', 'mended']");
    sandbox.run(&["-q"]).code(1);
    let first = sandbox.latest().file_name().expect("a name").to_string_lossy().into_owned();
    sandbox.run(&["-q", "good"]).code(0);
    for name in ["latest", &first, &first[..first.len() - 1], &first[first.len() - 8..]] {
        let code = i32::from(name != "latest");
        sandbox.run(&["-q", "rerun", name, "--failed"]).code(code);
        if code == 1 {
            let start = sandbox.events().swap_remove(0);
            assert_eq!((&start["rerun_of"], sandbox.jobs_started()), (&json!(first), vec!["bad".to_owned()]));
        }
    }
    sandbox.run(&["-q", "rerun", &first[first.len() - 8..], "--unfinished"]).code(0);
}
