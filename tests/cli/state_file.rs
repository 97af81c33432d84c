//! What is kept of what jobs have read and made: shared by all runs, and never a reason to stop.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use snapbox::str;

use crate::sandbox::{Sandbox, is_gone, misbehaving};

const STATE: &str = ".procman/state.jsonl";

const PROJECT: &str = "
limit = 1
[tasks.one]
argv = ['cp', 'in', 'one.out']
inputs = ['in']
outputs = ['one.out']
[tasks.two]
argv = ['cp', 'in', 'two.out']
inputs = ['in']
outputs = ['two.out']
";

fn made() -> Sandbox {
    let sandbox = Sandbox::with(PROJECT).file("in", "a\n");
    sandbox.run(&["-q"]).code(0);
    sandbox
}

fn write(sandbox: &Sandbox, path: &str, content: impl AsRef<[u8]>) {
    fs::write(sandbox.path(path), content).expect("a file");
}

#[track_caller]
fn runs(sandbox: &Sandbox, jobs: &[&str]) {
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), jobs);
}

#[test]
fn what_other_jobs_have_made_is_not_forgotten() {
    let sandbox = made();
    write(&sandbox, "in", "b\n");
    sandbox.run(&["-q", "one"]).code(0);
    runs(&sandbox, &["two"]);
    // Nor is what is not there to be run for a while.
    write(&sandbox, "procman.toml", PROJECT.replace("tasks.one", "tasks.other").replace("one.out", "other.out"));
    runs(&sandbox, &["other"]);
    write(&sandbox, "procman.toml", PROJECT);
    runs(&sandbox, &[]);
}

#[test]
fn two_runs_at_once_share_it() {
    let waits = |name: &str, other: &str| {
        format!(
            "[tasks.{name}]\nargv = {}\ninputs = ['in']\noutputs = ['{name}.out']\n",
            misbehaving(&format!("ready {name}.out until {other}.out until go"))
        )
    };
    let sandbox = Sandbox::with(&format!("{}{}", waits("one", "two"), waits("two", "one"))).file("in", "");
    let [one, two] = ["one", "two"].map(|name| sandbox.start(&["-q", name]));
    sandbox.wait_for("one.out");
    sandbox.wait_for("two.out");
    write(&sandbox, "go", "");
    one.wait().code(0);
    two.wait().code(0);
    runs(&sandbox, &[]);
}

/// Whoever holds the lock and does not go on holds up nobody.
#[test]
fn a_lock_that_is_held_for_ever_stops_nothing() {
    let sandbox = made();
    write(&sandbox, "in", "b\n");
    let mut holder = sandbox.program("flock");
    holder.args(["-x", ".procman/state.lock", "-c", "echo held > held; read line"]);
    holder.stdin(std::process::Stdio::piped());
    let Ok(mut holder) = holder.spawn() else { return };
    sandbox.wait_for("held");
    runs(&sandbox, &["one", "two"]);
    drop(holder.stdin.take());
    assert!(holder.wait().is_ok());
    runs(&sandbox, &[]);
}

#[test]
fn what_cannot_be_understood_is_as_good_as_nothing() {
    let sandbox = made();
    let whole = fs::read(sandbox.path(STATE)).expect("it is there");
    for garbage in [&b""[..], b"\0\xFF\n", b"{\"v\":99}\n{\"job\":\"one\"}\n", b"[]\n", "x".repeat(100_000).as_bytes()]
    {
        write(&sandbox, STATE, garbage);
        runs(&sandbox, &["one", "two"]);
        runs(&sandbox, &[]);
    }
    // One whose end was cut has all that is before the cut.
    let lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let last = lines.last().expect("it has lines");
    write(&sandbox, STATE, &whole[..whole.len() - last.len() / 2]);
    runs(&sandbox, &["two"]);
    runs(&sandbox, &[]);
    fs::remove_file(sandbox.path(STATE)).expect("it was there");
    runs(&sandbox, &["one", "two"]);
}

/// `in_its_place` puts something in the place of the state file; a run and a question each say what is wrong.
#[track_caller]
fn is_refused(in_its_place: impl Fn(&Path), why: &str) {
    let sandbox = made();
    fs::remove_file(sandbox.path(STATE)).expect("it was there");
    in_its_place(&sandbox.path(STATE));
    for arguments in [&[][..], &["-n"], &["explain", "one"], &["--force"]] {
        let expected = format!("error: `[FOLDER]/{STATE}` cannot be read: {why}; remove it, and all jobs run again\n");
        sandbox.run(arguments).code(3).stdout("").stderr(expected);
    }
    fs::write(sandbox.path("procman.toml"), "[tasks]\nother = ['true']").expect("a file");
    sandbox.run(&["-q"]).code(0);
}

#[test]
fn what_is_no_file_is_neither_waited_for_nor_followed() {
    is_refused(|path| fs::create_dir(path).expect("a folder"), "is a directory");
    is_refused(|path| symlink("../in", path).expect("a link"), "it is a symbolic link, which is not followed");
    is_refused(
        |path| assert!(Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success())),
        "it is a FIFO, not a regular file",
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn what_may_not_be_read_is_named() {
    let sandbox = made();
    fs::set_permissions(sandbox.path(STATE), Permissions::from_mode(0o000)).expect("permissions");
    if fs::read(sandbox.path(STATE)).is_ok() {
        eprintln!("skipped: root may read everything");
        return;
    }
    sandbox.run(&[]).code(3).stderr(str![[r#"
error: `[FOLDER]/.procman/state.jsonl` cannot be read: permission denied; remove it, and all jobs run again

"#]]);
}

#[test]
fn a_rerun_leaves_alone_what_is_up_to_date() {
    let sandbox = Sandbox::with(&format!(
        "{PROJECT}
        [tasks.flaw]
        argv = ['test', '-e', 'mended']
        [tasks.late]
        argv = ['cp', 'in', 'late.out']
        deps = ['flaw']
        inputs = ['in']
        outputs = ['late.out']"
    ))
    .file("in", "a\n");
    sandbox.run(&["-q", "one"]).code(0);
    sandbox.run(&["-q"]).code(1);
    assert_eq!((sandbox.status("one"), sandbox.status("late")), ("up-to-date".to_owned(), "skipped".to_owned()));
    write(&sandbox, "mended", "");
    sandbox.run(&["rerun", "--failed"]).code(0).stderr(str![[r#"
note: run [RUN] again: 2 of 4 jobs
procman: 2 jobs, at most 1 at once
             ok [TIME]  flaw
             ok [TIME]  late

status  job       time  attempts
ok      flaw [TIME]         1
ok      late [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["rerun", "--failed"]).code(0).stderr(str![[r#"
nothing to run again: all 4 jobs of run [RUN] have succeeded

"#]]);
    sandbox.run(&["rerun"]).code(0).stderr(str![[r#"
procman: 4 jobs, at most 1 at once
             ok [TIME]  flaw

status      job                     time  attempts
ok          flaw [TIME]         1
up-to-date  (3 jobs like this)

4 jobs in [TIME]: 1 ok, 3 up-to-date; logs in .procman/runs/[RUN]/logs

"#]]);
    // Its end stands, even if it would run otherwise.
    write(&sandbox, "in", "b\n");
    sandbox.run(&["rerun", "--unfinished"]).code(0).stderr(str![[r#"
nothing to run again: all 4 jobs of run [RUN] have ended

"#]]);
    runs(&sandbox, &["one", "two", "flaw", "late"]);
}

#[test]
fn a_run_that_was_killed_has_kept_what_was_done() {
    let sandbox = Sandbox::with(&format!(
        "{PROJECT}[tasks.last]\nargv = {}\ninputs = ['one.out', 'two.out']\noutputs = ['last.out']\n",
        misbehaving("ready last.out until go")
    ))
    .file("in", "a\n");
    let running = sandbox.start(&["-q"]);
    let job = sandbox.pid("last.out");
    running.signal("KILL");
    running.wait().died_of(9);
    is_gone(job);
    write(&sandbox, "go", "");
    sandbox.run(&["-q", "rerun", "--unfinished"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["last"]);
    runs(&sandbox, &[]);
}

#[test]
fn what_is_kept_does_not_grow_for_ever() {
    let sandbox = made();
    let lines = || sandbox.read(STATE).lines().count();
    let (few, whole) = (lines(), sandbox.read(STATE));
    write(&sandbox, STATE, whole.repeat(500));
    runs(&sandbox, &[]);
    assert_eq!(lines(), few);
    runs(&sandbox, &[]);
}
