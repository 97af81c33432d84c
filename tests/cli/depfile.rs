//! Inputs that a compiler finds.

use std::fs;
use std::process::Command;

use snapbox::str;

use crate::sandbox::{Sandbox, let_the_clock_go_on};

/// A compiler: what follows `use` in a file it reads too. It writes down what it has read as real ones do.
const COMPILER: &str = r#"#!/bin/sh
read=$1
for used in $(sed -n 's/^use //p' "$1"); do
    test -e "$used" || { echo "$1: no $used" >&2; exit 1; }
    read="$read $used"
done
cat $read > "$2"
printf '%s: \\\n ' "$2" > "$2.d"
echo $read >> "$2.d"
"#;

const PROJECT: &str = "
limit = 1
[tasks.cc]
argv = ['./cc', '{{src}}', 'obj/{{src.stem}}.o']
matrix = { src = { glob = '*.c' } }
inputs = ['{{src}}', 'cc']
outputs = ['obj/{{src.stem}}.o']
depfile = 'obj/{{src.stem}}.o.d'
";

/// `one.c` uses `both.h` and `one.h`, `two.c` only the first.
fn project() -> Sandbox {
    let sandbox = Sandbox::with(PROJECT)
        .script("cc", COMPILER)
        .file("one.c", "use both.h\nuse one.h\n")
        .file("two.c", "use both.h\n")
        .file("both.h", "")
        .file("one.h", "");
    // A header that nobody has looked at before must not be as new as the run.
    let_the_clock_go_on();
    sandbox
}

fn built() -> Sandbox {
    let sandbox = project();
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cc[src=one.c]", "cc[src=two.c]"]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
    sandbox
}

fn write(sandbox: &Sandbox, path: &str, content: &str) {
    fs::write(sandbox.path(path), content).expect("a file");
}

#[test]
fn what_has_read_a_header_runs_again_when_that_changes() {
    let sandbox = built();
    write(&sandbox, "one.h", "// new\n");
    sandbox.run(&["explain"]).code(0).stderr("").stdout(str![[r#"
cc[src=one.c] would run:
    input `one.h` changed
cc[src=two.c] is up to date

"#]]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cc[src=one.c]"]);
    write(&sandbox, "both.h", "// new\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cc[src=one.c]", "cc[src=two.c]"]);
    // What is not read any more does not count any more.
    write(&sandbox, "one.c", "use both.h\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cc[src=one.c]"]);
    write(&sandbox, "one.h", "// of no use\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

#[test]
fn a_header_that_is_gone_stops_nothing_before_it_is_missed() {
    let sandbox = built();
    fs::remove_file(sandbox.path("one.h")).expect("it was there");
    sandbox.run(&["explain", "cc[src=one.c]"]).code(0).stdout(str![[r#"
cc[src=one.c] would run:
    input `one.h` is gone

"#]]);
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

failed: cc[src=one.c]: exit 1
  | one.c: no one.h
  log: .procman/runs/[RUN]/logs/cc[src=one.c].log

2 jobs in [TIME]: 1 up-to-date, 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
    // The source does not need it any more.
    write(&sandbox, "one.c", "use both.h\n");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cc[src=one.c]"]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

#[test]
fn a_header_that_changes_while_the_compiler_runs_is_noticed() {
    let sandbox = project();
    let meddle = "if ! test -e once; then echo x >> one.h; fi\n: > once\n";
    let compiler = COMPILER.replacen("read=$1\n", &format!("read=$1\n{meddle}"), 1);
    write(&sandbox, "cc", &compiler);
    sandbox.run(&[]).code(0).stderr(str![[r#"
procman: 2 jobs, at most 1 at once
             ok [TIME]  cc[src=one.c]
             ok [TIME]  cc[src=two.c]

status  job                time  attempts
ok      cc[src=one.c] [TIME]         1
ok      cc[src=two.c] [TIME]         1

warning: cc[src=one.c] will run again, because while it ran, input `one.h` changed

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cc[src=one.c]"]);
}

#[test]
fn a_depfile_that_says_nothing_is_a_failure() {
    let sandbox = Sandbox::with(
        "limit = 1
        [defaults]
        outputs = ['{{task}}.o']
        depfile = '{{task}}.d'
        [tasks]
        missing = ['touch', 'missing.o']
        malformed = ['sh', '-c', \"echo > malformed.o; printf 'a.o: a.c\\\\n\\\\nb.o b.c\\\\n' > malformed.d\"]
        folder = ['sh', '-c', 'touch folder.o; mkdir -p folder.d']
        nul = ['sh', '-c', \"touch nul.o; printf 'nul.o: a\\\\0b' > nul.d\"]",
    );
    sandbox.run(&[]).code(1).stdout("").stderr(str![[r#"
procman: 4 jobs, at most 1 at once
         failed [TIME]  missing  (depfile `missing.d` is missing)
         failed [TIME]  malformed  (depfile `malformed.d` cannot be understood: line 3: there is no `:` after the targets)
         failed [TIME]  folder  (depfile `folder.d` cannot be read: it is a folder)
         failed [TIME]  nul  (depfile `nul.d` cannot be understood: line 1: there is a NUL, which no path can hold)

status  job            time  attempts
failed  missing [TIME]         1  (depfile `missing.d` is missing)
failed  malformed [TIME]         1  (depfile `malformed.d` cannot be understood: line 3: there is no `:` after the targets)
failed  folder [TIME]         1  (depfile `folder.d` cannot be read: it is a folder)
failed  nul [TIME]         1  (depfile `nul.d` cannot be understood: line 1: there is a NUL, which no path can hold)

failed: missing: depfile `missing.d` is missing
  no output
  log: .procman/runs/[RUN]/logs/missing.log

failed: malformed: depfile `malformed.d` cannot be understood: line 3: there is no `:` after the targets
  no output
  log: .procman/runs/[RUN]/logs/malformed.log

failed: folder: depfile `folder.d` cannot be read: it is a folder
  no output
  log: .procman/runs/[RUN]/logs/folder.log

failed: nul: depfile `nul.d` cannot be understood: line 1: there is a NUL, which no path can hold
  no output
  log: .procman/runs/[RUN]/logs/nul.log

4 jobs in [TIME]: 4 failed; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
missing would run:
    no success of it is known
malformed would run:
    no success of it is known
folder would run:
    no success of it is known
nul would run:
    no success of it is known

"#]]);
}

#[test]
fn a_depfile_that_is_new_in_the_manifest_has_to_be_read_first() {
    let sandbox = project();
    write(&sandbox, "procman.toml", &PROJECT.replace("depfile", "# depfile"));
    sandbox.run(&["-q"]).code(0);
    write(&sandbox, "procman.toml", PROJECT);
    sandbox.run(&["explain", "cc[src=two.c]"]).code(0).stdout(str![[r#"
cc[src=two.c] would run:
    its `depfile` has not been read yet

"#]]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["cc[src=one.c]", "cc[src=two.c]"]);
}

#[test]
fn a_header_that_another_task_makes_is_made_first_once_it_is_known() {
    let made = "[tasks.generate]\nargv = ['cp', 'in', 'both.h']\ninputs = ['in']\noutputs = ['both.h']\n";
    let sandbox = project().file("in", "// one\n");
    // At first only a dependency that is written down says so.
    write(&sandbox, "procman.toml", &format!("{PROJECT}deps = ['generate']\n{made}"));
    fs::remove_file(sandbox.path("both.h")).expect("it was there");
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);

    write(&sandbox, "procman.toml", &format!("{PROJECT}{made}"));
    write(&sandbox, "in", "// two\n");
    sandbox.run(&["-n"]).code(0).stdout(str![[r#"
generate: cp in both.h
    input `in` changed
cc[src=one.c]: ./cc one.c obj/one.o
    if `generate` changes something
cc[src=two.c]: ./cc two.c obj/two.o
    if `generate` changes something

"#]]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), ["generate", "cc[src=one.c]", "cc[src=two.c]"]);
    assert!(sandbox.read("obj/two.o").contains("// two"));
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.jobs_started(), [""; 0]);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn what_a_real_compiler_writes_is_understood() {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C compiler");
        return;
    }
    let sandbox = Sandbox::with(
        "[tasks.cc]
        argv = ['cc', '-MMD', '-MF', 'obj/a.d', '-c', 'a.c', '-o', 'obj/a.o']
        inputs = ['a.c']
        outputs = ['obj/a.o']
        depfile = 'obj/a.d'",
    )
    .file("a.c", "#include \"with space/a$b.h\"\n#include \"b#.h\"\nint a = A + B;\n")
    .file("with space/a$b.h", "#define A 1\n")
    .file("b#.h", "#define B 1\n");
    let_the_clock_go_on();
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["explain"]).code(0).stdout("cc is up to date\n");
    write(&sandbox, "with space/a$b.h", "#define A 2\n");
    write(&sandbox, "b#.h", "#define B 2\n");
    sandbox.run(&["explain"]).code(0).stdout(str![[r#"
cc would run:
    input `with space/a$b.h` changed
    input `b#.h` changed

"#]]);
}
