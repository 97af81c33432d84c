//! What would run, and why: `explain`, `--dry-run`, `--force`, and inputs that are not there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use snapbox::str;

use crate::sandbox::Sandbox;

const PROJECT: &str = "
limit = 1
[tasks.cut]
argv = ['cp', '{{src}}', 'out/{{src.stem}}']
matrix = { src = ['a.txt', 'b.txt'] }
inputs = ['{{src}}']
outputs = ['out/{{src.stem}}']
[tasks.glue]
argv = ['sh', '-c', 'cat out/a out/b > all']
inputs = ['out/a', 'out/b']
outputs = ['all']
[tasks.show]
argv = ['cat', 'all']
deps = ['glue']
[tasks.both]
deps = ['glue', 'show']
";

fn project() -> Sandbox {
    Sandbox::with(PROJECT).file("a.txt", "a\n").file("b.txt", "b\n")
}

fn write(sandbox: &Sandbox, path: &str, content: &str) {
    fs::write(sandbox.path(path), content).expect("a file");
}

fn remove(sandbox: &Sandbox, path: &str) {
    fs::remove_file(sandbox.path(path)).expect("it was there");
}

/// Everything in the folder: what it is, what is in it, and when it was changed.
fn everything(sandbox: &Sandbox) -> BTreeMap<PathBuf, (u32, SystemTime, Option<Vec<u8>>)> {
    let mut all = BTreeMap::new();
    let mut open = vec![sandbox.path("")];
    while let Some(path) = open.pop() {
        let found = fs::symlink_metadata(&path).expect("it is there");
        if found.is_dir() {
            open.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
        let content = found.is_file().then(|| fs::read(&path).expect("a file"));
        all.insert(path, (found.mode(), found.modified().expect("it has a time"), content));
    }
    all
}

// What would run.

#[test]
fn explain_says_of_each_job_that_is_asked_for_why() {
    let sandbox = project();
    sandbox.run(&["explain"]).code(0).stderr("").stdout(str![[r#"
cut[src=a.txt] would run:
    no success of it is known
cut[src=b.txt] would run:
    no success of it is known
glue would run:
    no success of it is known
show always runs: it has neither `inputs` nor `outputs`

"#]]);
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["explain"]).code(0).stderr("").stdout(str![[r#"
cut[src=a.txt] is up to date
cut[src=b.txt] is up to date
glue is up to date
show always runs: it has neither `inputs` nor `outputs`

"#]]);
    write(&sandbox, "b.txt", "c\n");
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
cut[src=a.txt] is up to date
cut[src=b.txt] would run:
    input `b.txt` changed
glue is up to date, unless `cut[src=b.txt]`, which runs first, changes something
show always runs: it has neither `inputs` nor `outputs`

"#]]);
    sandbox.run(&["explain", "cut"]).code(0).stdout(str![[r#"
cut[src=a.txt] is up to date
cut[src=b.txt] would run:
    input `b.txt` changed

"#]]);
    sandbox.run(&["explain", "cut[src=b.txt]", "glue"]).code(0).stdout(str![[r#"
cut[src=b.txt] would run:
    input `b.txt` changed
glue is up to date, unless `cut[src=b.txt]`, which runs first, changes something

"#]]);
    // A group stands for what it is a name for.
    sandbox.run(&["explain", "both"]).code(0).stderr("").stdout(str![[r#"
glue is up to date, unless `cut[src=b.txt]`, which runs first, changes something
show always runs: it has neither `inputs` nor `outputs`

"#]]);
}

#[test]
fn explain_of_what_is_not_there_says_so() {
    let sandbox = project();
    sandbox.run(&["explain", "glu"]).code(2).stdout("").stderr(str![[r#"
error: there is no task `glu`; did you mean `glue`?

"#]]);
    sandbox.run(&["explain", "cut[src=c.txt]"]).code(2).stdout("").stderr(str![[r#"
error: task `cut` has no job `cut[src=c.txt]`; did you mean `cut[src=b.txt]`?

"#]]);
}

#[test]
fn a_dry_run_shows_what_would_run_and_why() {
    let sandbox = project();
    sandbox.run(&["-n"]).code(0).stderr("").stdout(str![[r#"
cut[src=a.txt]: cp a.txt out/a
    no success of it is known
cut[src=b.txt]: cp b.txt out/b
    no success of it is known
glue: sh -c 'cat out/a out/b > all'
    no success of it is known
show: cat all

"#]]);
    sandbox.run(&["-q"]).code(0);
    write(&sandbox, "a.txt", "c\n");
    remove(&sandbox, "out/b");
    sandbox.run(&["-n", "show"]).code(0).stderr("").stdout(str![[r#"
cut[src=a.txt]: cp a.txt out/a
    input `a.txt` changed
cut[src=b.txt]: cp b.txt out/b
    output `out/b` is missing
glue: sh -c 'cat out/a out/b > all'
    if `cut[src=a.txt]` changes something
show: cat all

"#]]);
}

#[test]
fn to_ask_touches_nothing() {
    let questions = [&["-n"][..], &["-n", "--force"], &["explain"], &["explain", "glue"]];
    let sandbox = project();
    let before = everything(&sandbox);
    for question in questions {
        sandbox.run(question).code(0);
    }
    assert_eq!(everything(&sandbox), before);

    sandbox.run(&["-q"]).code(0);
    write(&sandbox, "a.txt", "new\n");
    remove(&sandbox, "out/b");
    let before = everything(&sandbox);
    for question in questions {
        sandbox.run(question).code(0);
    }
    sandbox.run(&["rerun", "-n"]).code(0);
    assert!(everything(&sandbox) == before, "something was touched");
}

// What runs all the same.

#[test]
fn force_is_for_what_is_named_or_for_all() {
    let sandbox = project();
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["-n", "--force", "glue"]).code(0).stdout(str![[r#"
cut[src=a.txt] is up to date
cut[src=b.txt] is up to date
glue: sh -c 'cat out/a out/b > all'
    it is forced

"#]]);
    sandbox.run(&["-q", "--force", "glue"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["glue"]);
    sandbox.run(&["-q", "--force", "cut[src=a*"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cut[src=a.txt]"]);
    sandbox.run(&["-n", "--force"]).code(0).stdout(str![[r#"
cut[src=a.txt]: cp a.txt out/a
    it is forced
cut[src=b.txt]: cp b.txt out/b
    it is forced
glue: sh -c 'cat out/a out/b > all'
    it is forced
show: cat all

"#]]);
    sandbox.run(&["-q", "--force"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cut[src=a.txt]", "cut[src=b.txt]", "glue", "show"]);
    let mut command = sandbox.command(&["-q", "glue"]);
    command.env("PROCMAN_FORCE", "1");
    sandbox.ran(command).code(0);
    assert_eq!(sandbox.jobs_started(), ["glue"]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["show"]);
}

// Inputs that are not there.

#[test]
fn an_input_that_nobody_makes_stops_the_run_before_it_starts() {
    let sandbox = project();
    remove(&sandbox, "b.txt");
    for arguments in [&[][..], &["-n"], &["explain"], &["--force"]] {
        sandbox.run(arguments).code(2).stdout("").stderr(
            "error: `cut[src=b.txt]` reads `b.txt`, which is not there, and which no job of this run makes; \
             make it first, or correct `inputs`\n",
        );
    }
    assert_eq!(fs::read_dir(sandbox.path(".procman/runs")).map_or(0, Iterator::count), 0);
    assert!(!sandbox.path("out").exists());
    remove(&sandbox, "a.txt");
    sandbox.run(&[]).code(2).stderr(str![[r#"
error: `cut[src=a.txt]` reads `a.txt`, which is not there, and which no job of this run makes (and so for 1 input more); make it first, or correct `inputs`

"#]]);
    // What does not need it can be run.
    write(&sandbox, "a.txt", "");
    sandbox.run(&["-q", "cut[src=a.txt]"]).code(0);
}

#[test]
fn so_does_one_whose_maker_is_left_out() {
    let sandbox = project();
    sandbox.run(&["--no-deps", "glue"]).code(2).stdout("").stderr(str![[r#"
error: `glue` reads `out/a`, which is not there, and which no job of this run makes (and so for 1 input more); make it first, or correct `inputs`

"#]]);
    sandbox.run(&["-q", "cut"]).code(0);
    sandbox.run(&["-q", "--no-deps", "glue"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["glue"]);
    sandbox.run(&["-q"]).code(0);
    remove(&sandbox, "out/a");
    sandbox.run(&["--no-deps", "glue"]).code(2).stdout("").stderr(str![[r#"
error: `glue` reads `out/a`, which is not there, and which no job of this run makes; make it first, or correct `inputs`

"#]]);
    sandbox.run(&["-q", "glue"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cut[src=a.txt]"]);
}

#[test]
fn a_glob_may_fit_nothing() {
    let sandbox = Sandbox::with(
        "[tasks.list]
        argv = ['sh', '-c', 'echo $# > out', 'sh', '{{inputs}}']
        inputs = ['*.txt']
        outputs = ['out']",
    );
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.read("out"), "0\n");
    sandbox.run(&["explain"]).code(0).stdout("list is up to date\n");
}

#[test]
fn a_task_that_does_not_run_here_makes_nothing_that_could_be_read() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.make]
        argv = ['touch', 'made']
        outputs = ['made']
        platforms = ['windows']
        [tasks.use]
        argv = ['cp', 'made', 'copy']
        inputs = ['made']
        outputs = ['copy']",
    );
    sandbox.run(&[]).code(2).stderr(str![[r#"
error: `use` reads `made`, which is not there, and which no job of this run makes; make it first, or correct `inputs`

"#]]);
    write(&sandbox, "made", "by hand\n");
    sandbox.run(&[]).code(0).stderr(str![[r#"
procman: 2 jobs, at most 1 at once
        skipped         -  make  (not for linux, only windows)
             ok [TIME]  use

status   job       time  attempts
skipped  make         -         0  (not for linux, only windows)
ok       use [TIME]         1

2 jobs in [TIME]: 1 ok, 1 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
make is skipped: not for linux, only windows
use is up to date

"#]]);
    sandbox.run(&["-n"]).code(0).stdout(str![[r#"
make is skipped: not for linux, only windows
use is up to date

"#]]);
}

#[test]
fn a_manual_task_is_up_to_date_like_any_other() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.fetch]
        argv = ['cp', 'far', 'near']
        inputs = ['far']
        outputs = ['near']
        manual = true
        [tasks.use]
        argv = ['cp', 'near', 'copy']
        inputs = ['near']
        outputs = ['copy']",
    )
    .file("far", "");
    // What makes an input is a dependency, which a manual task may be.
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["fetch", "use"]);
    sandbox.run(&["explain", "fetch"]).code(0).stdout("fetch is up to date\n");
    sandbox.run(&["-q", "fetch"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

/// What was known was made with the key.
#[test]
fn without_the_key_nothing_is_known() {
    let sandbox = Sandbox::with("[tasks]\na = { argv = ['true'], inputs = ['in'] }").file("in", "");
    sandbox.run(&["-q"]).code(0);
    fs::remove_file(sandbox.path(".procman/key")).expect("it is there");
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
a would run:
    no success of it is known

"#]]);
}
