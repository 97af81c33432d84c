//! What makes a job run that could be up to date, and what does not.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, SystemTime};

use snapbox::str;

use crate::sandbox::{Sandbox, events_of};

const PROJECT: &str = r#"
limit = 2
[tasks.make]
argv = ["sh", "-c", 'cat "$@" > out.txt', "sh", "{{inputs}}"]
inputs = ["in.txt", "more/*.txt", "!more/not-*"]
outputs = ["out.txt"]
"#;

/// The project after a run.
fn made() -> Sandbox {
    let sandbox = Sandbox::with(PROJECT).file("in.txt", "one\n").file("more/a.txt", "two\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.read("out.txt"), "one\ntwo\n");
    sandbox
}

/// The one job that can be up to date runs, for this reason and once.
#[track_caller]
fn runs_because(sandbox: &Sandbox, reason: &str) {
    sandbox.run(&["explain", "make"]).code(0).stderr("").stdout(format!("make would run:\n    {reason}\n"));
    sandbox.run(&["-q", "make"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["make"]);
    is_up_to_date(sandbox);
}

#[track_caller]
fn is_up_to_date(sandbox: &Sandbox) {
    sandbox.run(&["explain", "make"]).code(0).stderr("").stdout("make is up to date\n");
    sandbox.run(&["-q", "make"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

fn write(sandbox: &Sandbox, path: &str, content: &str) {
    fs::write(sandbox.path(path), content).expect("a file");
}

/// Sets when a file was changed last, as far as it says itself.
fn set_modified(sandbox: &Sandbox, path: &str, time: SystemTime) {
    let file = File::options().append(true).open(sandbox.path(path)).expect("it is there");
    file.set_modified(time).expect("its time can be set");
}

fn modified(sandbox: &Sandbox, path: &str) -> SystemTime {
    fs::metadata(sandbox.path(path)).and_then(|found| found.modified()).expect("it is there")
}

#[test]
fn what_has_nothing_new_to_work_on_does_not_run() {
    let sandbox = Sandbox::with(PROJECT).file("in.txt", "one\n");
    sandbox.run(&[]).code(0).stdout("").stderr(str![[r#"
procman: 1 job, at most 2 at once
             ok [TIME]  make

status  job       time  attempts
ok      make [TIME]         1

1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&[]).code(0).stdout("").stderr(str![[r#"
procman: 1 job, at most 2 at once

status      job                    time  attempts
up-to-date  (1 job like this)

1 job in [TIME]: 1 up-to-date; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["-v"]).code(0).stdout("").stderr(str![[r#"
procman: 1 job, at most 2 at once
     up-to-date         -  make

status      job                    time  attempts  peak memory
up-to-date  (1 job like this)

1 job in [TIME]: 1 up-to-date; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["-q"]).code(0).stdout("").stderr(str![[r#"
1 job in [TIME]: 1 up-to-date; logs in .procman/runs/[RUN]/logs

"#]]);
    // It ended, and no attempt began.
    let kinds: Vec<_> = sandbox.events().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["run-started", "job-ended", "run-ended"]);
    assert_eq!(sandbox.events()[1]["status"], "up-to-date");
    assert_eq!(fs::read_dir(sandbox.latest().join("logs")).expect("there are logs").count(), 0);
}

#[test]
fn an_input_counts_by_what_is_in_it() {
    let sandbox = made();
    write(&sandbox, "in.txt", "other\n");
    runs_because(&sandbox, "input `in.txt` changed");
    set_modified(&sandbox, "in.txt", SystemTime::now() + Duration::from_secs(3600));
    is_up_to_date(&sandbox);
    set_modified(&sandbox, "in.txt", SystemTime::UNIX_EPOCH);
    is_up_to_date(&sandbox);

    write(&sandbox, "same", "other\n");
    fs::rename(sandbox.path("same"), sandbox.path("in.txt")).expect("it can be replaced");
    is_up_to_date(&sandbox);
    fs::rename(sandbox.path("in.txt"), sandbox.path("target")).expect("it can be moved");
    symlink("target", sandbox.path("in.txt")).expect("a link");
    is_up_to_date(&sandbox);
    write(&sandbox, "target", "another\n");
    runs_because(&sandbox, "input `in.txt` changed");
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let sandbox = made();
    for content in ["two\n", "six\n", "ten\n"] {
        let time = modified(&sandbox, "in.txt");
        write(&sandbox, "in.txt", content);
        set_modified(&sandbox, "in.txt", time);
        runs_because(&sandbox, "input `in.txt` changed");
    }
}

#[test]
fn a_glob_counts_by_what_it_fits() {
    let sandbox = made();
    write(&sandbox, "more/b.txt", "three\n");
    runs_because(&sandbox, "input `more/b.txt` is new");
    assert_eq!(sandbox.read("out.txt"), "one\ntwo\nthree\n");
    fs::remove_file(sandbox.path("more/a.txt")).expect("it was there");
    runs_because(&sandbox, "input `more/a.txt` is gone");
    fs::rename(sandbox.path("more/b.txt"), sandbox.path("more/c.txt")).expect("it was there");
    sandbox.run(&["explain", "make"]).code(0).stdout(str![[r#"
make would run:
    input `more/c.txt` is new
    input `more/b.txt` is gone

"#]]);
    sandbox.run(&["-q"]).code(0);
    for other in ["more/not-this.txt", "more/.hidden.txt", "more/else.c", "else.txt"] {
        write(&sandbox, other, "four\n");
        is_up_to_date(&sandbox);
    }
    fs::remove_file(sandbox.path("more/c.txt")).expect("it was there");
    runs_because(&sandbox, "input `more/c.txt` is gone");
    assert_eq!(sandbox.read("out.txt"), "one\n");
}

#[test]
fn an_output_has_to_be_as_it_was_left() {
    let sandbox = made();
    fs::remove_file(sandbox.path("out.txt")).expect("it was there");
    runs_because(&sandbox, "output `out.txt` is missing");
    write(&sandbox, "out.txt", "mine\n");
    runs_because(&sandbox, "output `out.txt` changed");
    assert_eq!(sandbox.read("out.txt"), "one\ntwo\n");
    write(&sandbox, "same", "one\ntwo\n");
    fs::rename(sandbox.path("same"), sandbox.path("out.txt")).expect("it can be replaced");
    is_up_to_date(&sandbox);

    fs::remove_file(sandbox.path("out.txt")).expect("it was there");
    fs::create_dir(sandbox.path("out.txt")).expect("a folder");
    sandbox.run(&["explain", "make"]).code(0).stdout(str![[r#"
make would run:
    output `out.txt` is missing

"#]]);
    sandbox.run(&["-q"]).code(1);
    fs::remove_dir(sandbox.path("out.txt")).expect("it was there");
    // It has failed since.
    runs_because(&sandbox, "no success of it is known");
}

#[test]
fn times_alone_mean_nothing() {
    let sandbox = made();
    for path in ["in.txt", "more/a.txt", "out.txt", "procman.toml"] {
        let copy = sandbox.path("copy");
        fs::copy(sandbox.path(path), &copy).expect("a copy");
        fs::rename(&copy, sandbox.path(path)).expect("it can be replaced");
        set_modified(&sandbox, path, SystemTime::now() - Duration::from_secs(1000));
    }
    is_up_to_date(&sandbox);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn a_branch_that_is_left_and_come_back_to_is_as_it_was() {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("skipped: git is not installed");
        return;
    }
    let sandbox = Sandbox::with(PROJECT).file("in.txt", "one\n").file("more/a.txt", "two\n");
    let git = |line: &str| {
        let mut command = sandbox.program("git");
        command.env("HOME", sandbox.path("")).args(["-c", "user.name=me", "-c", "user.email=me@example.org"]);
        let ran = command.args(line.split(' ')).output().expect("git can be started");
        assert!(ran.status.success(), "{line}: {ran:?}");
    };
    git("init -q -b main");
    git("add procman.toml in.txt more");
    git("commit -q -m one");
    git("checkout -q -b other");
    write(&sandbox, "in.txt", "two\n");
    git("commit -q -a -m two");
    git("checkout -q main");
    sandbox.run(&["-q"]).code(0);
    git("checkout -q other");
    git("checkout -q main");
    is_up_to_date(&sandbox);
    git("checkout -q other");
    runs_because(&sandbox, "input `in.txt` changed");
    git("checkout -q main");
    runs_because(&sandbox, "input `in.txt` changed");
}

#[test]
fn what_its_process_is_given_counts() {
    let sandbox = made().file("more/elsewhere/in", "");
    let mut manifest = PROJECT.to_owned();
    let changed = |manifest: &str, reason: &str| {
        write(&sandbox, "procman.toml", manifest);
        runs_because(&sandbox, reason);
    };
    manifest = manifest.replace("cat \"$@\"", "cat -- \"$@\"");
    changed(&manifest, "its `argv` changed");
    manifest += "env = { A = '1' }\n";
    changed(&manifest, "variable `A` is now set");
    manifest = manifest.replace("'1'", "'2'");
    changed(&manifest, "variable `A` changed");
    changed(&manifest.replace("env = { A = '2' }\n", ""), "variable `A` is no longer set");
    changed(&manifest, "variable `A` is now set");
    changed(&format!("env = {{ B = 'all' }}\n{manifest}"), "variable `B` is now set");
    changed(&manifest, "variable `B` is no longer set");
    manifest += "wrapper = ['env']\n";
    changed(&manifest, "its `wrapper` changed");
    manifest += "stdin = 'in.txt'\n";
    changed(&manifest, "its `stdin` is another file");
    // The paths of the inputs are seen from there, and the output is another file, so it is said.
    manifest = manifest.replace("> out.txt", "> ../out.txt") + "cwd = 'more'\n";
    write(&sandbox, "procman.toml", &manifest);
    sandbox.run(&["explain", "make"]).code(0).stdout(str![[r#"
make would run:
    its `argv` changed
    its `cwd` changed

"#]]);
    sandbox.run(&["-q"]).code(0);
    is_up_to_date(&sandbox);
}

#[test]
fn what_says_nothing_of_its_process_does_not_count() {
    let sandbox = made();
    for more in ["timeout = '1m'", "retries = 1", "description = 'x'", "priority = 1", "grace = '1s'", "tags = ['a']"] {
        write(&sandbox, "procman.toml", &format!("{}\n{more}\n", PROJECT.replace("limit = 2", "limit = 7")));
        is_up_to_date(&sandbox);
    }
    write(&sandbox, "procman.toml", &PROJECT.replace("[tasks.make]", "[tasks]\nabove = ['true']\n[tasks.make]"));
    is_up_to_date(&sandbox);
}

#[test]
fn an_inherited_variable_counts_only_where_it_is_named() {
    let run = |sandbox: &Sandbox, value: &str| {
        let mut command = sandbox.command(&["-q"]);
        command.env("MODE", value);
        sandbox.ran(command).code(0);
        sandbox.jobs_started()
    };
    let sandbox = made();
    assert_eq!(run(&sandbox, "1"), [""; 0]);
    assert_eq!(run(&sandbox, "2"), [""; 0]);
    write(&sandbox, "procman.toml", &format!("{PROJECT}inherit_env = ['PATH', 'MODE']\n"));
    assert_eq!(run(&sandbox, "1"), ["make"]);
    assert_eq!(run(&sandbox, "1"), [""; 0]);
    assert_eq!(run(&sandbox, "2"), ["make"]);
    sandbox.run(&["explain", "make"]).code(0).stdout(str![[r#"
make would run:
    variable `MODE` is no longer set

"#]]);
}

#[test]
fn what_a_job_reads_from_stdin_is_an_input() {
    let sandbox =
        Sandbox::with("[tasks.make]\nargv = ['sh', '-c', 'cat > out']\nstdin = 'in.txt'\noutputs = ['out']\n")
            .file("in.txt", "one\n");
    sandbox.run(&["-q"]).code(0);
    is_up_to_date(&sandbox);
    write(&sandbox, "in.txt", "two\n");
    runs_because(&sandbox, "input `in.txt` changed");
    assert_eq!(sandbox.read("out"), "two\n");
}

#[test]
fn what_neither_reads_nor_makes_anything_always_runs() {
    let sandbox = Sandbox::with("[tasks]\nmake = ['true']");
    for _ in 0..2 {
        sandbox.run(&["-q"]).code(0);
        assert_eq!(sandbox.jobs_started(), ["make"]);
    }
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
make always runs: it has neither `inputs` nor `outputs`

"#]]);
}

#[test]
fn a_project_that_is_moved_or_made_by_another_path_stays_up_to_date() {
    let sandbox = Sandbox::new().file("here/procman.toml", PROJECT).file("here/in.txt", "one\n");
    sandbox.run(&["-q", "-C", "here"]).code(0);
    fs::rename(sandbox.path("here"), sandbox.path("there")).expect("it can be moved");
    symlink("there", sandbox.path("link")).expect("a link");
    for folder in ["there", "link"] {
        sandbox.run(&["-q", "-C", folder]).code(0);
        let latest = sandbox.path("there/.procman/latest").canonicalize().expect("there is a run");
        assert_eq!(events_of(&latest)[1]["status"], "up-to-date");
    }
}
