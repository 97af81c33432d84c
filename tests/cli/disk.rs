//! Disks that fill up, are read-only, or have something planted on them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sandbox::{Ran, Sandbox};

/// Runs procman with a small disk of its own, in memory, under `.procman`; `None` where none can be made. What was on
/// it is under `.procman` afterwards too.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn with_small_disk(sandbox: &Sandbox, size: &str, arguments: &str) -> Option<Ran> {
    let mount = format!("mkdir .procman && mount -t tmpfs -o size={size},mode=700 none .procman");
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", script]).current_dir(sandbox.path("")).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    };
    let can_mount = unshare(&format!("{mount}; code=$?; umount .procman; rmdir .procman; exit $code")).output();
    if !can_mount.is_ok_and(|tried| tried.status.success()) {
        eprintln!("skipped: no file system can be mounted here");
        return None;
    }
    let procman = env!("CARGO_BIN_EXE_procman");
    let ran = unshare(&format!("{mount} || exit 9; {procman} {arguments}; code=$?; cp -a .procman kept; exit $code"));
    let ran = sandbox.ran(ran);
    fs::remove_dir(sandbox.path(".procman")).expect("what was mounted there went with its namespace");
    fs::rename(sandbox.path("kept"), sandbox.path(".procman")).expect("what was on it was copied");
    Some(ran)
}

fn started(sandbox: &Sandbox) -> Vec<String> {
    let is_start = |event: &serde_json::Value| event["type"] == "attempt-started";
    let events = sandbox.events().into_iter().filter(is_start);
    events.map(|event| event["job"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_job_that_fills_the_disk_and_does_not_notice() {
    let sandbox = Sandbox::with(
        "limit = 1\n[tasks]\na = ['sh', '-c', 'head -c 9000000 /dev/zero; exit 0']\nb = ['true']\nc = ['true']",
    );
    let Some(ran) = with_small_disk(&sandbox, "1m", "") else { return };
    ran.code(3).stderr(snapbox::str![[r#"
procman: 3 jobs, at most 1 at once
         cancel            the disk with `[FOLDER]/.procman/runs/[RUN]/logs` was full; make room, and run again what may have lost output
      cancelled         -  b
      cancelled         -  c
             ok [TIME]  a  (log incomplete)

status     job      time  attempts
ok         a [TIME]         1  (log incomplete)
cancelled  b           -         0
cancelled  c           -         0

3 jobs in [TIME]: 1 ok, 2 cancelled; logs in .procman/runs/[RUN]/logs
error: the disk with `[FOLDER]/.procman/runs/[RUN]/logs` was full; make room, and run again what may have lost output (incomplete logs: a)

"#]]);
    let events = sandbox.events();
    let end = events.iter().find(|event| event["type"] == "attempt-ended").expect("its end is recorded");
    assert_eq!((&end["status"], &end["log"]), (&"ok".into(), &"incomplete".into()));
    assert_eq!(started(&sandbox), ["a"]);
    assert_eq!(events.last().map(|event| event["status"].clone()), Some("broken".into()));
    sandbox.run(&["logs", "b"]).code(2).stderr(snapbox::str![[r#"
error: `b` has no log: it was never started (cancelled)

"#]]);
}

/// The ends of all that ran at once, and of all that never ran, are in the record of a full disk.
#[test]
fn the_record_of_a_full_disk_is_whole() {
    let waits: Vec<String> =
        (0..30).map(|n| format!("w{n} = ['sh', '-c', 'until [ -e full ]; do sleep 0.01; done; exit 5']\n")).collect();
    let never: Vec<String> = (0..400).map(|n| format!("[tasks.n{n}]\nargv = ['true']\ndeps = ['fill']\n")).collect();
    let sandbox = Sandbox::with(&format!(
        "limit = 31\n[tasks]\nfill = ['sh', '-c', 'head -c 9000000 /dev/zero; touch full']\n{}{}",
        waits.concat(),
        never.concat()
    ));
    let Some(ran) = with_small_disk(&sandbox, "2m", "-qq") else { return };
    ran.code(3);
    let events = sandbox.events();
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((count("attempt-ended"), count("job-ended"), count("run-ended")), (31, 431, 1));
    let text = sandbox.run(&["logs"]).code(0);
    assert_eq!(text.stdout_bytes().split(|byte| *byte == b'\n').count(), 32);
}

/// What procman held in reserve is there for its guardian, and takes no place between the lines.
#[test]
fn the_record_of_a_killed_procman_is_whole_on_a_full_disk() {
    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'head -c 9000000 /dev/zero; kill -KILL $PPID']");
    let closed = "until tail -n 1 .procman/latest/events.jsonl | grep -q runner-died; do sleep 0.01; done";
    let Some(ran) = with_small_disk(&sandbox, "1m", &format!("-q; {closed}")) else { return };
    ran.code(0);
    let types: Vec<_> = sandbox.events().into_iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["run-started", "attempt-started", "runner-died"]);
}

#[test]
fn a_disk_without_room_for_the_record_starts_nothing() {
    let sandbox = Sandbox::with("[tasks]\na = ['touch', 'ran']\nb = ['touch', 'ran']");
    let Some(ran) = with_small_disk(&sandbox, "16k", "") else { return };
    ran.code(3).stderr(snapbox::str![[r#"
procman: 2 jobs, at most 2 at once
         cancel            the record `[FOLDER]/.procman/runs/[RUN]/events.jsonl` has no room to grow: no space left on device; make some on its disk
      cancelled         -  a
      cancelled         -  b

status     job      time  attempts
cancelled  a           -         0
cancelled  b           -         0

2 jobs in [TIME]: 2 cancelled; logs in .procman/runs/[RUN]/logs
error: the record `[FOLDER]/.procman/runs/[RUN]/events.jsonl` has no room to grow: no space left on device; make some on its disk

"#]]);
    assert!(!sandbox.path("ran").exists());
    assert_eq!(sandbox.events().last().map(|event| event["status"].clone()), Some("broken".into()));
}

#[test]
fn a_record_that_is_removed_under_way() {
    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'rm .procman/runs/*/events.jsonl']");
    sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
error: the record `[FOLDER]/.procman/runs/[RUN]/events.jsonl` was removed or replaced while the run was under way

"#]]);
}

#[test]
fn logs_that_are_removed_or_replaced_under_way() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['true']\nb = ['sh', '-c', 'rm .procman/runs/*/logs/a.log']");
    sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` was removed or replaced while the run was under way

"#]]);
    let last_two: Vec<_> = sandbox.events().into_iter().rev().take(2).collect();
    assert_eq!((&last_two[0]["type"], &last_two[0]["status"]), (&"run-ended".into(), &"broken".into()));
    assert_eq!(last_two[1]["type"], "cancel-requested");

    let sandbox = Sandbox::with(
        "limit = 1\n[tasks]\na = ['true']\nb = ['sh', '-c', 'echo x > new; mv new .procman/runs/*/logs/a.log']",
    );
    sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` was removed or replaced while the run was under way

"#]]);

    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'rm -r .procman/runs/*/logs']");
    sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs` was removed or replaced while the run was under way

"#]]);

    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'mv .procman moved']");
    sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs` was removed or replaced while the run was under way

"#]]);
}

/// The folder is held open: a link in its place leads nowhere.
#[test]
fn a_folder_of_logs_that_is_replaced_by_a_link_is_not_followed() {
    let sandbox = Sandbox::with(
        "limit = 1\n[tasks]\na = ['sh', '-c', 'cd .procman/runs/*; mv logs old; ln -s \"$PROCMAN_ROOT/target\" logs']\nb = ['echo', 'b']",
    )
    .file("target/mine", "mine");
    sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs` was removed or replaced while the run was under way

"#]]);
    assert_eq!(fs::read_dir(sandbox.path("target")).expect("it is there").count(), 1);
}

/// What may lie where procman looks for a file of its own: made at `$1`, and leading to `$2` if anywhere.
const PLANTS: [&str; 3] = ["mkfifo $1", "ln -s $2 $1", "mkdir $1"];

fn plant(sandbox: &Sandbox, plant: &str, place: &Path) {
    let mut command = Command::new("sh");
    command.args(["-c", plant, "sh"]).arg(place).arg(sandbox.path("target"));
    assert!(command.status().expect("sh can be started").success(), "{plant}");
}

#[test]
fn what_is_planted_at_a_logs_name_is_neither_followed_nor_waited_for() {
    for plant in PLANTS.into_iter().chain(["ln -s /nowhere/at/all $1", "ln $2 $1", ": > $1"]) {
        let sandbox = Sandbox::with(&format!(
            "limit = 1\n[tasks]\na = ['sh', '-c', 'set -- .procman/runs/*/logs $PWD/target; set -- $1/b.log $2; {plant}']\nb = ['touch', 'ran']"
        ))
        .file("target", "mine");
        sandbox.run(&["-q"]).code(3).stderr(snapbox::str![[r#"
2 jobs in [TIME]: 1 ok, 1 cancelled; logs in .procman/runs/[RUN]/logs
error: the log `[FOLDER]/.procman/runs/[RUN]/logs/b.log` cannot be made: file exists

"#]]);
        assert!(!sandbox.path("ran").exists(), "{plant}");
        assert_eq!(sandbox.read("target"), "mine", "{plant}");
    }
}

#[test]
fn what_is_planted_in_place_of_a_log_is_not_shown_as_its_tail() {
    let texts = [
        snapbox::str![[r#"

failed: a: exit 1
  the log cannot be read: it is a FIFO, not a regular file
  log: .procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` was removed or replaced while the run was under way

"#]],
        snapbox::str![[r#"

failed: a: exit 1
  the log cannot be read: it is a symbolic link, which is not followed
  log: .procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` was removed or replaced while the run was under way

"#]],
        snapbox::str![[r#"

failed: a: exit 1
  the log cannot be read: is a directory
  log: .procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` was removed or replaced while the run was under way

"#]],
    ];
    for (plant, text) in PLANTS.into_iter().zip(texts) {
        let sandbox = Sandbox::with(&format!(
            "[tasks]\na = ['sh', '-c', 'set -- .procman/runs/*/logs $PWD/target; set -- $1/a.log $2; rm $1; {plant}; exit 1']"
        ))
        .file("target", "secret");
        sandbox.run(&["-q"]).code(3).stderr(text);
    }
}

#[test]
fn what_is_planted_in_place_of_a_log_is_not_printed() {
    let texts = [
        snapbox::str![[r#"
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` cannot be read: it is a FIFO, not a regular file

"#]],
        snapbox::str![[r#"
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` cannot be read: it is a symbolic link, which is not followed

"#]],
        snapbox::str![[r#"
error: `[FOLDER]/.procman/runs/[RUN]/logs/a.log` cannot be read: is a directory

"#]],
    ];
    for (kind, text) in PLANTS.into_iter().zip(texts) {
        let sandbox = Sandbox::with("[tasks]\na = ['echo', 'a']").file("target", "secret");
        sandbox.run(&["-q"]).code(0);
        let log = sandbox.latest().join("logs/a.log");
        fs::remove_file(&log).expect("the log is there");
        plant(&sandbox, kind, &log);
        sandbox.run(&["logs", "a"]).code(3).stdout("").stderr(text);
    }
}

/// A record is a file: where there is none, there is no run.
#[test]
fn what_is_planted_in_place_of_a_record_is_not_read() {
    let texts = [
        snapbox::str![[r#"
error: there is no run yet; `procman run` makes one

"#]],
        snapbox::str![[r#"
error: the record `.procman/runs/[RUN]/events.jsonl` cannot be read: it is a symbolic link, which is not followed

"#]],
        snapbox::str![[r#"
error: there is no run yet; `procman run` makes one

"#]],
    ];
    for (kind, text) in PLANTS.into_iter().zip(texts) {
        let sandbox = Sandbox::with("[tasks]\na = ['echo', 'a']");
        sandbox.run(&["-q"]).code(0);
        let record = sandbox.latest().join("events.jsonl");
        fs::rename(&record, sandbox.path("target")).expect("the record is there");
        plant(&sandbox, kind, &record);
        sandbox.run(&["logs", "a"]).code(2).stdout("").stderr(text);
    }
}

#[test]
fn removing_old_runs_follows_no_link() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file("target/mine", "mine");
    sandbox.run(&["-q"]).code(0);
    let first = sandbox.latest();
    symlink(sandbox.path("target"), first.join("logs/link")).expect("a link");
    // A link beside the runs, to what looks like one, and the oldest of all.
    fs::copy(first.join("events.jsonl"), sandbox.path("target/events.jsonl")).expect("a record");
    let link = first.with_file_name("20000101-000000.000-aaaaaaaa");
    symlink(sandbox.path("target"), &link).expect("a link");
    for _ in 0..20 {
        sandbox.run(&["-q"]).code(0);
    }
    assert!(!first.exists() && link.symlink_metadata().is_err(), "they are the oldest");
    assert_eq!(sandbox.read("target/mine"), "mine");
}

#[test]
fn a_state_folder_that_is_open_to_others_is_closed() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file(".procman/file", "").file("elsewhere/file", "");
    let folder = |path: &str| sandbox.path(path);
    let mode = |path: &str| fs::metadata(folder(path)).expect("it is there").permissions().mode() & 0o7777;
    for path in [".procman", "elsewhere"] {
        fs::set_permissions(folder(path), fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    sandbox.run(&["-q"]).code(0);
    assert_eq!(mode(".procman"), 0o700);

    // A link is the user's business, with all that it leads to.
    fs::remove_dir_all(folder(".procman")).expect("it is there");
    symlink(folder("elsewhere"), folder(".procman")).expect("a link");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(mode("elsewhere"), 0o755);
}

#[test]
fn what_lies_in_the_place_of_state_is_named_before_anything_starts() {
    let texts = [
        snapbox::str![[r#"
error: `[FOLDER]/.procman/runs` cannot be created: file exists

"#]],
        snapbox::str![[r#"
error: `[FOLDER]/.procman/latest` cannot be set: is a directory

"#]],
    ];
    for (place, text) in [".procman/runs", ".procman/latest/file"].into_iter().zip(texts) {
        let sandbox = Sandbox::with("[tasks]\na = ['touch', 'ran']").file(place, "");
        sandbox.run(&[]).code(3).stdout("").stderr(text);
        assert!(!sandbox.path("ran").exists());
        let left = fs::read_dir(sandbox.path(".procman")).expect("it is there");
        let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".latest")), "{left:?}");
        let runs = fs::read_dir(sandbox.path(".procman/runs")).map_or(0, Iterator::count);
        assert_eq!(runs, 0, "a run that never was leaves nothing");
    }
}

/// The disk of a run cannot become read-only while its record is open, but its folder of logs can.
#[test]
fn a_log_folder_that_becomes_read_only_starts_nothing_more_and_hurts_nothing_that_runs() {
    let sandbox = Sandbox::with(
        "limit = 2\n[tasks]\nlong = ['sh', '-c', 'echo before; until [ -e over ]; do sleep 0.01; done; touch ended; echo after']\nturn = ['sh', '-c', 'chattr +i .procman/runs/*/logs; touch over']\nlater = ['touch', 'ran']",
    );
    let Some(ran) = with_small_disk(&sandbox, "1m", "-q") else { return };
    ran.code(3).stderr(snapbox::str![[r#"
3 jobs in [TIME]: 2 ok, 1 cancelled; logs in .procman/runs/[RUN]/logs
error: the log `[FOLDER]/.procman/runs/[RUN]/logs/later.log` cannot be made: operation not permitted

"#]]);
    assert!(sandbox.path("ended").exists() && !sandbox.path("ran").exists());
    sandbox.run(&["logs", "long"]).code(0).stdout("before\nafter\n");
}

#[test]
fn a_state_folder_on_a_read_only_disk_starts_nothing() {
    let sandbox = Sandbox::with("[tasks]\na = ['touch', 'ran']");
    let Some(ran) = with_small_disk(&sandbox, "1m,ro", "") else { return };
    ran.code(3).stderr(snapbox::str![[r#"
error: `[FOLDER]/.procman/runs` cannot be created: read-only file system

"#]]);
    assert!(!sandbox.path("ran").exists());
}

/// The job frees the disk again when the thread that watches it has gone to sleep twice, so has looked.
#[test]
fn a_disk_that_was_full_for_a_while() {
    let job = "#!/bin/sh
head -c 9000000 /dev/zero > .procman/fill
until grep -lx space /proc/$PPID/task/*/comm; do sleep 0.01; done > watch
task=$(dirname $(cat watch))
until [ $(sed -n 's/^voluntary_ctxt_switches:\\s*//p' $task/status) -gt 1 ]; do sleep 0.01; done
rm .procman/fill
";
    let sandbox = Sandbox::with("[tasks]\na = ['./job']").script("job", job);
    let Some(ran) = with_small_disk(&sandbox, "1m", "-q") else { return };
    ran.code(3).stderr(snapbox::str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs
error: the disk with `[FOLDER]/.procman/runs/[RUN]/logs` was full; make room, and run again what may have lost output (incomplete logs: a)

"#]]);
}
