//! What a job has made, and when that counts: only what a success has left, of inputs that stayed as they were.

use std::fs;

use snapbox::str;

use crate::sandbox::Sandbox;

fn write(sandbox: &Sandbox, path: &str, content: &str) {
    fs::write(sandbox.path(path), content).expect("a file");
}

fn remove(sandbox: &Sandbox, path: &str) {
    fs::remove_file(sandbox.path(path)).expect("it was there");
}

// What dependencies make.

/// `use` is told of `gen` by its `deps`, and `read` by the file that it reads.
const CHAIN: &str = "
limit = 1
[tasks.gen]
argv = ['sort', '-o', 'mid', 'in']
inputs = ['in']
outputs = ['mid']
[tasks.use]
argv = ['cp', 'mid', 'out']
deps = ['gen', 'order']
outputs = ['out']
[tasks.read]
argv = ['cp', 'mid', 'copy']
inputs = ['mid']
outputs = ['copy']
[tasks.order]
argv = ['sh', '-c', 'date +%N > stamp']
";

#[test]
fn a_dependency_that_made_the_same_again_leaves_its_dependents_alone() {
    let sandbox = Sandbox::with(CHAIN).file("in", "a\nb\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["gen", "read", "order", "use"]);
    // What makes nothing only goes first, however often it runs.
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["order"]);

    write(&sandbox, "in", "b\na\n");
    sandbox.run(&["-n"]).code(0).stderr("").stdout(str![[r#"
gen: sort -o mid in
    input `in` changed
read: cp mid copy
    if `gen` changes something
order: sh -c 'date +%N > stamp'
use: cp mid out
    if `gen` changes something

"#]]);
    sandbox.run(&["-v"]).code(0).stdout("").stderr(str![[r#"
procman: 4 jobs, at most 1 at once
          start            gen  sort -o mid in
             ok [TIME]  gen
     up-to-date         -  read
          start            order  sh -c 'date +%N > stamp'
             ok [TIME]  order
     up-to-date         -  use

status      job                     time  attempts  peak memory
ok          gen [TIME]         1 [MEMORY]
ok          order [TIME]         1 [MEMORY]
up-to-date  (2 jobs like this)

4 jobs in [TIME]: 2 ok, 2 up-to-date; logs in .procman/runs/[RUN]/logs

"#]]);
    assert_eq!(sandbox.jobs_started(), ["gen", "order"]);

    write(&sandbox, "in", "c\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["gen", "read", "order", "use"]);
    assert_eq!((sandbox.read("out"), sandbox.read("copy")), ("c\n".to_owned(), "c\n".to_owned()));
}

#[test]
fn what_a_dependency_made_in_a_run_of_its_own_counts() {
    let sandbox = Sandbox::with(CHAIN).file("in", "a\n");
    sandbox.run(&["-q"]).code(0);
    write(&sandbox, "in", "b\n");
    sandbox.run(&["-q", "gen"]).code(0);
    sandbox.run(&["explain", "use"]).code(0).stdout(str![[r#"
use would run:
    what `gen` makes changed

"#]]);
    sandbox.run(&["-q", "--no-deps", "use", "read"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["use", "read"]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["order"]);
}

#[test]
fn what_another_task_makes_is_made_before_it_is_read() {
    let sandbox = Sandbox::with(
        r#"
        limit = 4
        [tasks.all]
        argv = ["sh", "-c", 'cat "$@" > all', "sh", "{{inputs}}"]
        inputs = ["parts/*.part"]
        outputs = ["all"]
        [tasks.part]
        argv = ["cp", "{{src}}", "parts/{{src.stem}}.part"]
        matrix = { src = { glob = "*.src" } }
        inputs = ["{{src}}"]
        outputs = ["parts/{{src.stem}}.part"]
        "#,
    )
    .file("a.src", "one\n")
    .file("b.src", "two\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.read("all"), "one\ntwo\n");
    assert_eq!(sandbox.jobs_started()[2], "all");

    write(&sandbox, "c.src", "three\n");
    sandbox.run(&["-n"]).code(0).stdout(str![[r#"
part[src=a.src] is up to date
part[src=b.src] is up to date
part[src=c.src]: cp c.src parts/c.part
    no success of it is known
all: sh -c 'cat "$@" > all' sh parts/a.part parts/b.part parts/c.part
    if `part[src=c.src]` changes something

"#]]);
    sandbox.run(&["-q", "all"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["part[src=c.src]", "all"]);
    assert_eq!(sandbox.read("all"), "one\ntwo\nthree\n");
    remove(&sandbox, "parts/b.part");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["part[src=b.src]"]);
}

// Inputs that change while a job runs.

#[test]
fn an_input_that_changes_while_the_job_runs_leaves_it_not_up_to_date() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.make]
        argv = ['sh', '-c', 'cp in out; test -e done || echo late >> in; touch done']
        inputs = ['in']
        outputs = ['out']
        [tasks.use]
        argv = ['cp', 'out', 'copy']
        inputs = ['out']
        outputs = ['copy']",
    )
    .file("in", "early\n");
    sandbox.run(&[]).code(0).stdout("").stderr(str![[r#"
procman: 2 jobs, at most 1 at once
             ok [TIME]  make
             ok [TIME]  use

status  job       time  attempts
ok      make [TIME]         1
ok      use [TIME]         1

warning: make will run again, because while it ran, input `in` changed

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
make would run:
    no success of it is known
use is up to date, unless `make`, which runs first, changes something

"#]]);
    sandbox.run(&["-q"]).code(0).stderr(str![[r#"
2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    assert_eq!(sandbox.jobs_started(), ["make", "use"]);
    assert_eq!(sandbox.read("copy"), "early\nlate\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

#[test]
fn so_does_a_file_that_comes_or_goes_meanwhile() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.make]
        argv = ['sh', '-c', 'cat *.in > out; touch b.in; rm -f c.in']
        inputs = ['*.in']
        outputs = ['out']",
    )
    .file("a.in", "")
    .file("c.in", "");
    sandbox.run(&["-v"]).code(0).stderr(str![[r#"
procman: 1 job, at most 1 at once
          start            make  sh -c 'cat *.in > out; touch b.in; rm -f c.in'
             ok [TIME]  make

status  job       time  attempts  peak memory
ok      make [TIME]         1 [MEMORY]

warning: make will run again, because while it ran, input `b.in` is new, input `c.in` is gone

1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["-q"]).code(0).stderr(str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    assert_eq!(sandbox.jobs_started(), ["make"]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

// Outputs that are not there.

#[test]
fn an_output_that_is_missing_after_success_is_a_failure() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.make]
        argv = ['sh', '-c', 'echo I made it; test ! -e wanted || touch one two']
        outputs = ['one', 'two', '*.o']
        [tasks.use]
        argv = ['cp', 'one', 'copy']
        inputs = ['one']
        outputs = ['copy']",
    );
    sandbox.run(&[]).code(1).stdout("").stderr(str![[r#"
procman: 2 jobs, at most 1 at once
         failed [TIME]  make  (no file fits the output `*.o`, output `one` is missing, output `two` is missing)
        skipped         -  use  (needs make)

status   job       time  attempts
failed   make [TIME]         1  (no file fits the output `*.o`, output `one` is missing, output `two` is missing)
skipped  use          -         0  (needs make)

failed: make: no file fits the output `*.o`, output `one` is missing, output `two` is missing
  | I made it
  log: .procman/runs/[RUN]/logs/make.log

2 jobs in [TIME]: 1 failed, 1 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
    write(&sandbox, "wanted", "");
    sandbox.run(&["-v"]).code(1).stdout("").stderr(str![[r#"
procman: 2 jobs, at most 1 at once
          start            make  sh -c 'echo I made it; test ! -e wanted || touch one two'
         failed [TIME]  make  (no file fits the output `*.o`)
        skipped         -  use  (needs make)

status   job       time  attempts  peak memory
failed   make [TIME]         1 [MEMORY]  (no file fits the output `*.o`)
skipped  use          -         0          0 B  (needs make)

failed: make: no file fits the output `*.o`
  | I made it
  log: .procman/runs/[RUN]/logs/make.log

2 jobs in [TIME]: 1 failed, 1 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
    write(&sandbox, "a.o", "");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["make", "use"]);
}

#[test]
fn a_folder_is_an_output_by_the_files_in_it() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.make]
        argv = ['sh', '-c', 'test ! -e wanted || { mkdir -p site/sub && touch site/sub/page; }']
        outputs = ['site']",
    );
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

failed: make: output `site` is missing
  no output
  log: .procman/runs/[RUN]/logs/make.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
    write(&sandbox, "wanted", "");
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["explain"]).code(0).stdout("make is up to date\n");
    write(&sandbox, "site/more", "");
    remove(&sandbox, "site/sub/page");
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
make would run:
    output `site/more` is new
    output `site/sub/page` is missing

"#]]);
}

#[test]
fn a_missing_output_is_one_more_failed_attempt() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.make]
        argv = ['sh', '-c', 'test $PROCMAN_ATTEMPT = 1 || touch out']
        outputs = ['out']
        retries = 1
        [tasks.optional]
        argv = ['true']
        outputs = ['never']
        allow_failure = true
        [tasks.use]
        argv = ['true']
        deps = ['optional']",
    );
    sandbox.run(&["-v"]).code(0).stdout("").stderr(str![[r#"
procman: 3 jobs, at most 1 at once
          start            make  sh -c 'test $PROCMAN_ATTEMPT = 1 || touch out'
          retry            make  (attempt 2, after output `out` is missing)
          flaky [TIME]  make
          start            optional  true
allowed-failure [TIME]  optional  (output `never` is missing)
          start            use  true
             ok [TIME]  use

status           job           time  attempts  peak memory
flaky            make [TIME]         2 [MEMORY]
allowed-failure  optional [TIME]         1 [MEMORY]  (output `never` is missing)
ok               use [TIME]         1 [MEMORY]

3 jobs in [TIME]: 1 ok, 1 flaky, 1 allowed-failure; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["explain", "make", "optional"]).code(0).stdout(str![[r#"
make is up to date
optional would run:
    no success of it is known

"#]]);
}

#[test]
fn the_folders_of_outputs_are_made() {
    let sandbox = Sandbox::with(
        "limit = 1
        [tasks.make]
        argv = ['sh', '-c', 'touch a/b/out c/d.o; echo out: > e/f/out.d']
        outputs = ['a/b/out', 'c/*.o']
        depfile = 'e/f/out.d'
        [tasks.stuck]
        argv = ['touch', 'file/out']
        outputs = ['file/out']",
    )
    .file("file", "");
    sandbox.run(&["-q", "make"]).code(0);
    sandbox.run(&["-q", "stuck"]).code(1).stderr(str![[r#"

spawn-error: stuck: the folder `file` for its outputs cannot be made: file exists

1 job in [TIME]: 1 spawn-error; logs in .procman/runs/[RUN]/logs

"#]]);
}

/// The failure disproves what was known, though the output comes back.
#[test]
fn a_job_that_has_not_made_its_output_again_is_not_up_to_date_when_that_comes_back() {
    let argv = "['sh', '-c', 'test -e lazy || echo made > out']";
    let sandbox = Sandbox::with(&format!("[tasks.job]\nargv = {argv}\noutputs = ['out']"));
    sandbox.run(&["-q"]).code(0);
    std::fs::remove_file(sandbox.path("out")).expect("it was made");
    let sandbox = sandbox.file("lazy", "");
    sandbox.run(&["-q"]).code(1);
    let sandbox = sandbox.file("out", "made\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["job"]);
}
