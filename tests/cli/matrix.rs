//! Tasks that are a job for each of many values.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts with them")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use snapbox::{IntoData, str};

use crate::sandbox::Sandbox;

#[track_caller]
fn rejected(manifest: &str, stderr: impl IntoData) {
    Sandbox::with(manifest).run(&["check"]).code(2).stdout("").stderr(stderr);
}

#[track_caller]
fn plans(manifest: &str, arguments: &[&str], stdout: impl IntoData) {
    let arguments: Vec<&str> = ["plan"].iter().chain(arguments).copied().collect();
    Sandbox::with(manifest).run(&arguments).code(0).stderr("").stdout(stdout);
}

#[track_caller]
fn refuses(manifest: &str, arguments: &[&str], stderr: impl IntoData) {
    Sandbox::with(manifest).run(arguments).code(2).stdout("").stderr(stderr);
}

/// Of a task `t` with this matrix.
#[track_caller]
fn cells(matrix: &str, stdout: impl IntoData) {
    plans(&format!("[vars]\nv = 'var'\n[tasks]\nt = {{ argv = ['true'], matrix = {{ {matrix} }} }}"), &[], stdout);
}

#[track_caller]
fn no_cells(matrix: &str, stderr: impl IntoData) {
    rejected(&format!("[vars]\nv = 'var'\n[tasks]\nt = {{ argv = ['true'], matrix = {{ {matrix} }} }}"), stderr);
}

#[test]
fn values_are_listed_as_they_are_written() {
    cells(
        "v = ['a b', 'c/d.e', 3.10, 1_0, 0x1F, true, -0, 1e3, '']",
        str![[r#"
t[v=a b]: true
t[v=c/d.e]: true
t[v=3.10]: true
t[v=10]: true
t[v=0x1F]: true
t[v=true]: true
t[v=-0]: true
t[v=1e3]: true
t[v=]: true

"#]],
    );
    cells("v = ['{{v}}-1', '{{task}}']", "t[v=var-1]: true\nt[v=t]: true\n");
}

#[test]
fn values_of_a_range() {
    cells("n = { range = [1, 3] }", "t[n=1]: true\nt[n=2]: true\nt[n=3]: true\n");
    cells("n = { range = [1, 6, 2] }", "t[n=1]: true\nt[n=3]: true\nt[n=5]: true\n");
    cells("n = { range = [1, 5, 4] }", "t[n=1]: true\nt[n=5]: true\n");
    cells("n = { range = [1, -3, -2] }", "t[n=1]: true\nt[n=-1]: true\nt[n=-3]: true\n");
    cells("n = { range = [7, 7] }", "t[n=7]: true\n");
    cells(
        "n = { range = [9223372036854775806, 9223372036854775807] }",
        "t[n=9223372036854775806]: true\nt[n=9223372036854775807]: true\n",
    );
    cells(
        "n = { range = [-9223372036854775808, 9223372036854775807, 9223372036854775807] }",
        str![[r#"
t[n=-9223372036854775808]: true
t[n=-1]: true
t[n=9223372036854775806]: true

"#]],
    );
}

#[test]
fn values_of_a_glob() {
    let manifest = r#"
include = ["sub/b.toml"]
[vars]
where = "data"
[tasks]
t = { argv = ["echo", "{{f}}", "{{f.stem}}"], matrix = { f = { glob = "./{{where}}/**/*.csv" } } }
one = { argv = ["echo", "{{f}}"], matrix = { f = { glob = "data/b.csv" } } }
hidden = { argv = ["echo", "{{f}}"], matrix = { f = { glob = "data/.*" } } }
"#;
    let files =
        ["data/b.csv", "data/a.csv", "data/sub/10.csv", "data/sub/9.csv", "data/.x.csv", "data/c.txt", "sub/a.csv"];
    let sandbox = files.iter().fold(Sandbox::with(manifest), |sandbox, file| sandbox.file(file, ""));
    let sandbox = sandbox.file(
        "sub/b.toml",
        "[tasks]\nu = { argv = ['echo', '{{f}}'], matrix = { f = { glob = '../data/*.csv' } } }\n\
         v = { argv = ['echo', '{{f}}'], matrix = { f = { glob = '*.csv' } } }",
    );
    fs::create_dir(sandbox.path("data/folder.csv")).expect("a folder");
    sandbox.run(&["plan"]).code(0).stderr("").stdout(str![[r#"
t[f=data/a.csv]: echo data/a.csv a
t[f=data/b.csv]: echo data/b.csv b
t[f=data/sub/10.csv]: echo data/sub/10.csv 10
t[f=data/sub/9.csv]: echo data/sub/9.csv 9
one[f=data/b.csv]: echo data/b.csv
hidden[f=data/.x.csv]: echo data/.x.csv
u[f=../data/a.csv]: echo ../data/a.csv
    cwd: sub
u[f=../data/b.csv]: echo ../data/b.csv
    cwd: sub
v[f=a.csv]: echo a.csv
    cwd: sub

"#]]);
}

#[test]
fn values_of_lines() {
    let manifest = "[vars]\nname = 'hosts'\n[tasks]\n\
                    t = { argv = ['ping', '{{h}}'], matrix = { h = { lines = 'lists/{{name}}.txt' } } }";
    let sandbox = Sandbox::with(manifest).file("lists/hosts.txt", "one\r\n\n  two words\t\n   \n*.c\nlast");
    sandbox.run(&["plan"]).code(2).stderr(str![[r#"
error: the value `  two words\t` would put a control character into a job's name
 --> procman.toml:4:48
  |
4 | t = { argv = ['ping', '{{h}}'], matrix = { h = { lines = 'lists/{{name}}.txt' } } }
  |                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error: 1 problem in procman.toml

"#]]);
    let sandbox = sandbox.file("lists/hosts.txt", "one\r\n\n  two words \n   \n*.c\nlast");
    sandbox.run(&["plan"]).code(0).stderr("").stdout(str![[r#"
t[h=one]: ping one
t[h=  two words ]: ping '  two words '
t[h=*.c]: ping '*.c'
t[h=last]: ping last

"#]]);
}

#[test]
fn several_keys_make_every_combination_the_last_the_fastest() {
    plans(
        r#"
[tasks.t]
argv = ["echo", "{{os}}", "{{py}}", "{{n}}"]
matrix.os = ["linux", "mac os"]
matrix.py = [3.9, 3.10]
matrix.n = { range = [1, 2] }
"#,
        &[],
        str![[r#"
t[os=linux,py=3.9,n=1]: echo linux 3.9 1
t[os=linux,py=3.9,n=2]: echo linux 3.9 2
t[os=linux,py=3.10,n=1]: echo linux 3.10 1
t[os=linux,py=3.10,n=2]: echo linux 3.10 2
t[os=mac os,py=3.9,n=1]: echo 'mac os' 3.9 1
t[os=mac os,py=3.9,n=2]: echo 'mac os' 3.9 2
t[os=mac os,py=3.10,n=1]: echo 'mac os' 3.10 1
t[os=mac os,py=3.10,n=2]: echo 'mac os' 3.10 2

"#]],
    );
}

#[test]
fn a_job_knows_its_task_and_its_own_name() {
    let sandbox = Sandbox::with(
        "[tasks.t]\nargv = ['sh', '-c', 'echo $PROCMAN_TASK $PROCMAN_JOB {{task}} {{job}}']\n\
         matrix = { d = ['a/b', 'A/b', 'x~y'] }",
    );
    sandbox.run(&["-q"]).code(0);
    let mut logs: Vec<String> = fs::read_dir(sandbox.latest().join("logs"))
        .expect("logs")
        .map(|log| log.expect("a log").file_name().into_string().expect("text"))
        .collect();
    logs.sort();
    let all = logs.iter().map(|log| format!("{log}: {}", String::from_utf8_lossy(&sandbox.log(log))));
    snapbox::assert_data_eq!(
        all.collect::<String>(),
        str![[r#"
t[d=A%2Fb]~hb1863399e3520f7a.log: t t[d=A/b] t t[d=A/b]
t[d=a%2Fb].log: t t[d=a/b] t t[d=a/b]
t[d=x%7Ey].log: t t[d=x~y] t t[d=x~y]

"#]]
    );
    sandbox.run(&["logs", "t[d=A/b]"]).code(0).stdout("t t[d=A/b] t t[d=A/b]\n");
}

/// Some of everything that can be selected.
const PROJECT: &str = r#"
[tasks]
t = { argv = ["echo", "{{os}}{{n}}"], matrix = { os = ["a", "b"], n = [1, 2] }, aliases = ["alias"] }
hand = { argv = ["echo", "{{n}}"], matrix = { n = [1, 2] }, manual = true, tags = ["x"] }
own = { argv = ["echo", "{{n}}"], matrix = { n = [1, 2] }, private = true }
empty = { argv = ["echo", "{{f}}"], matrix = { f = { glob = "none/*" } } }
group = { deps = ["own", "t[os=a,n=1]"] }
"#;

#[test]
fn jobs_are_selected_by_task_by_cell_and_by_glob() {
    plans(
        PROJECT,
        &[],
        str![[r#"
t[os=a,n=1]: echo a1
t[os=a,n=2]: echo a2
t[os=b,n=1]: echo b1
t[os=b,n=2]: echo b2
own[n=1]: echo 1
own[n=2]: echo 2

"#]],
    );
    plans(
        PROJECT,
        &["alias"],
        str![[r#"
t[os=a,n=1]: echo a1
t[os=a,n=2]: echo a2
t[os=b,n=1]: echo b1
t[os=b,n=2]: echo b2

"#]],
    );
    plans(PROJECT, &["t[os=b,n=1]", "t[os=a,n=2]", "t[os=b,n=1]"], "t[os=a,n=2]: echo a2\nt[os=b,n=1]: echo b1\n");
    plans(PROJECT, &["t[*,n=2]"], "t[os=a,n=2]: echo a2\nt[os=b,n=2]: echo b2\n");
    plans(PROJECT, &["?[os=b*"], "t[os=b,n=1]: echo b1\nt[os=b,n=2]: echo b2\n");
    plans(PROJECT, &["hand[n=2]"], "hand[n=2]: echo 2\n");
    plans(PROJECT, &["hand"], "hand[n=1]: echo 1\nhand[n=2]: echo 2\n");
    plans(PROJECT, &["group"], "t[os=a,n=1]: echo a1\nown[n=1]: echo 1\nown[n=2]: echo 2\n");
}

#[test]
fn jobs_that_cannot_be_selected() {
    refuses(
        PROJECT,
        &["own[n=1]"],
        str![[r#"
error: `own[n=1]` is private: it runs only as a dependency

"#]],
    );
    refuses(
        PROJECT,
        &["own"],
        str![[r#"
error: `own` is private: it runs only as a dependency

"#]],
    );
    refuses(
        PROJECT,
        &["hand[*", "own[*", "tag:x"],
        str![[r#"
error: no task matches `hand[*`; `manual` and `private` tasks never do
error: no task matches `own[*`; `manual` and `private` tasks never do
error: no task matches `tag:x`; `manual` and `private` tasks never do

"#]],
    );
    refuses(
        PROJECT,
        &["t[os=a,n=3]", "t[zzzzzzzz]", "alias[os=a,n=1]", "empty[f=x]", "tt[os=a]"],
        str![[r#"
error: task `t` has no job `t[os=a,n=3]`; did you mean `t[os=a,n=2]`?
error: task `t` has no job `t[zzzzzzzz]`; `procman plan t` shows all
error: task `t` has no job `alias[os=a,n=1]`; `procman plan t` shows all
error: task `empty` has no job `empty[f=x]`; `procman plan empty` shows all
error: there is no task `tt[os=a]`; did you mean `t`?

"#]],
    );
}

#[test]
fn a_default_may_name_cells() {
    let manifest = |default: &str| {
        format!("default = [{default}]\n[tasks]\nt = {{ argv = ['echo', '{{{{n}}}}'], matrix = {{ n = [1, 2] }} }}")
    };
    plans(&manifest("'t[n=2]'"), &[], "t[n=2]: echo 2\n");
    plans(&manifest("'t[n=*]'"), &[], "t[n=1]: echo 1\nt[n=2]: echo 2\n");
    rejected(
        &manifest("'t[n=3]'"),
        str![[r#"
error: task `t` has no job `t[n=3]`
 --> procman.toml:1:12
  |
1 | default = ['t[n=3]']
  |            ^^^^^^^^
  |
  = help: did you mean `t[n=2]`?

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn tasks_wait_for_all_cells_or_for_one() {
    let manifest = r#"
[tasks]
make = { argv = ["make", "{{f}}"], matrix = { f = ["a", "b"] } }
test = { argv = ["test", "{{f}}", "{{v}}"], matrix = { f = ["a", "b"], v = [1, 2] }, deps = ["make[f={{f}}]"] }
all = { argv = ["all"], deps = ["make"], after = ["test[f=a,v=1]"] }
some = { argv = ["some", "{{f}}"], matrix = { f = ["a", "b"] }, deps = ["make"], after = ["test"] }
"#;
    plans(
        manifest,
        &[],
        str![[r#"
make[f=a]: make a
make[f=b]: make b
test[f=a,v=1]: test a 1
    needs: make[f=a]
test[f=a,v=2]: test a 2
    needs: make[f=a]
test[f=b,v=1]: test b 1
    needs: make[f=b]
test[f=b,v=2]: test b 2
    needs: make[f=b]
all: all
    needs: make
    after: test[f=a,v=1]
some[f=a]: some a
    needs: make
    after: test
some[f=b]: some b
    needs: make
    after: test
make = make[f=a], make[f=b]
test = test[f=a,v=1], test[f=a,v=2], test[f=b,v=1], test[f=b,v=2]

"#]],
    );
    Sandbox::with(manifest).run(&["plan", "--json", "all"]).code(0).stdout(str![[r#"
{
  "groups": [
    {
      "name": "make",
      "deps": [
        "make[f=a]",
        "make[f=b]"
      ]
    }
  ],
  "jobs": [
    {
      "name": "make[f=a]",
      "argv": [
        "make",
        "a"
      ],
      "cwd": ".",
      "task": "make"
    },
    {
      "name": "make[f=b]",
      "argv": [
        "make",
        "b"
      ],
      "cwd": ".",
      "task": "make"
    },
    {
      "name": "all",
      "argv": [
        "all"
      ],
      "cwd": ".",
      "deps": [
        "make"
      ]
    }
  ]
}

"#]]);
    let run = manifest.replace("argv = [", "argv = [\"echo\", ");
    Sandbox::with(&run).run(&["-q"]).code(0);
}

#[test]
fn a_failed_cell_holds_up_what_needs_it_and_nothing_else() {
    let sandbox = Sandbox::with(
        r#"
limit = 1
[tasks]
make = { argv = ["test", "{{f}}", "=", "a"], matrix = { f = ["a", "b"] } }
next = { argv = ["true"], matrix = { f = ["a", "b"] }, deps = ["make[f={{f}}]"] }
all = { argv = ["true"], deps = ["make"] }
"#,
    );
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

failed: make[f=b]: exit 1
  no output
  log: .procman/runs/[RUN]/logs/make[f=b].log

5 jobs in [TIME]: 2 ok, 1 failed, 2 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
    let ends = sandbox.events().into_iter().filter(|event| event["type"] == "job-ended");
    let mut ends: Vec<String> = ends.map(|end| format!("{} {}", end["job"], end["status"])).collect();
    ends.sort();
    snapbox::assert_data_eq!(
        ends.join("\n"),
        str![[r#"
"all" "skipped"
"make[f=a]" "ok"
"make[f=b]" "failed"
"next[f=a]" "ok"
"next[f=b]" "skipped"
"#]]
    );
}

#[test]
fn a_cell_that_is_not_there() {
    rejected(
        r#"
[tasks]
make = { argv = ["make", "{{f}}"], matrix = { f = ["one", "two"] } }
a = { argv = ["true"], deps = ["make[f=on]"], after = ["make[g=completely other]"] }
b = { argv = ["true"], matrix = { f = ["one", "three", "four"] }, deps = ["make[f={{f}}]"] }
c = { argv = ["true"], deps = ["mak[f=one]", "a[f=one]"] }
none = { argv = ["true"], matrix = { f = { glob = "none/*" } } }
d = { argv = ["true"], deps = ["none[f=x]"] }
broken = { argv = ["true"], matrix = { f = { lines = "none" } } }
e = { argv = ["true"], deps = ["broken[f=x]", "broken"] }
"#,
        str![[r#"
error: task `make` has no job `make[f=on]`
 --> procman.toml:4:32
  |
4 | a = { argv = ["true"], deps = ["make[f=on]"], after = ["make[g=completely other]"] }
  |                                ^^^^^^^^^^^^
  |
  = help: did you mean `make[f=one]`?

error: task `make` has no job `make[g=completely other]`
 --> procman.toml:4:56
  |
4 | a = { argv = ["true"], deps = ["make[f=on]"], after = ["make[g=completely other]"] }
  |                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: its jobs are make[f=one], make[f=two]

error: task `make` has no job `make[f=three]`
 --> procman.toml:5:75
  |
5 | b = { argv = ["true"], matrix = { f = ["one", "three", "four"] }, deps = ["make[f={{f}}]"] }
  |                                                                           ^^^^^^^^^^^^^^^
  |
  = help: did you mean `make[f=two]`?

error: unknown task `mak[f=one]`
 --> procman.toml:6:32
  |
6 | c = { argv = ["true"], deps = ["mak[f=one]", "a[f=one]"] }
  |                                ^^^^^^^^^^^^
  |
  = help: did you mean `make`?

error: unknown task `a[f=one]`
 --> procman.toml:6:46
  |
6 | c = { argv = ["true"], deps = ["mak[f=one]", "a[f=one]"] }
  |                                              ^^^^^^^^^^
  |
  = help: `a` has no matrix: it is one job, of the same name

error: task `none` has no job `none[f=x]`
 --> procman.toml:8:32
  |
8 | d = { argv = ["true"], deps = ["none[f=x]"] }
  |                                ^^^^^^^^^^^
  |
  = help: it has none: nothing was found for its matrix

error: `none` cannot be read: it is not there, and no task can make it, because a matrix is known before anything runs
 --> procman.toml:9:54
  |
9 | broken = { argv = ["true"], matrix = { f = { lines = "none" } } }
  |                                                      ^^^^^^

error: 7 problems in procman.toml

"#]],
    );
}

#[test]
fn cycles_through_cells() {
    rejected(
        r#"
[tasks]
a = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["b[n={{n}}]"] }
b = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["c"] }
c = { argv = ["true"], deps = ["a[n=2]"] }
"#,
        str![[r#"
error: tasks wait for each other in a cycle: a -> b -> c -> a
 --> procman.toml:3:57
  |
3 | a = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["b[n={{n}}]"] }
  |                                                         ^^^^^^^^^^^^ `a` waits for `b`
4 | b = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["c"] }
  |                                                         --- `b` waits for `c`
5 | c = { argv = ["true"], deps = ["a[n=2]"] }
  |                                -------- `c` waits for `a`
  |
  = help: remove one of these dependencies

error: 1 problem in procman.toml

"#]],
    );
    rejected(
        r#"
[tasks]
chain = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["chain[n=1]"] }
whole = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["whole"] }
"#,
        str![[r#"
error: a task waits for itself: chain -> chain
 --> procman.toml:3:61
  |
3 | chain = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["chain[n=1]"] }
  |                                                             ^^^^^^^^^^^^ `chain` waits for `chain`
  |
  = help: remove it

error: a task waits for itself: whole -> whole
 --> procman.toml:4:61
  |
4 | whole = { argv = ["true"], matrix = { n = [1, 2] }, deps = ["whole"] }
  |                                                             ^^^^^^^ `whole` waits for `whole`
  |
  = help: remove it

error: 2 problems in procman.toml

"#]],
    );
    // From cell to cell, without an end that leads back.
    plans(
        "[tasks]\na = { argv = ['true'], matrix = { n = [1, 2] }, after = ['b[n={{n}}]'] }\n\
         b = { argv = ['true'], matrix = { n = [1, 2] }, deps = ['c[n=1]'] }\n\
         c = { argv = ['true'], matrix = { n = [1, 2] } }",
        &["a", "b"],
        str![[r#"
a[n=1]: true
    after: b[n=1]
a[n=2]: true
    after: b[n=2]
b[n=1]: true
    needs: c[n=1]
b[n=2]: true
    needs: c[n=1]
c[n=1]: true

"#]],
    );
}

#[test]
fn no_value_is_there_twice() {
    no_cells(
        "n = [1, '1'], m = ['a', 'b', 'a', 'a']",
        str![[r#"
error: the value `1` is there twice
 --> procman.toml:4:43
  |
4 | t = { argv = ['true'], matrix = { n = [1, '1'], m = ['a', 'b', 'a', 'a'] } }
  |                                           ^^^

error: the value `a` is there twice
 --> procman.toml:4:64
  |
4 | t = { argv = ['true'], matrix = { n = [1, '1'], m = ['a', 'b', 'a', 'a'] } }
  |                                                                ^^^

error: the value `a` is there twice
 --> procman.toml:4:69
  |
4 | t = { argv = ['true'], matrix = { n = [1, '1'], m = ['a', 'b', 'a', 'a'] } }
  |                                                                     ^^^

error: 3 problems in procman.toml

"#]],
    );
    no_cells(
        "n = ['{{v}}', 'var']",
        str![[r#"
error: the value `var` is there twice
 --> procman.toml:4:49
  |
4 | t = { argv = ['true'], matrix = { n = ['{{v}}', 'var'] } }
  |                                                 ^^^^^

error: 1 problem in procman.toml

"#]],
    );
    let sandbox = Sandbox::with("[tasks]\nt = { argv = ['true'], matrix = { l = { lines = 'l' } } }");
    sandbox.file("l", "a\nb\na\n").run(&["check"]).code(2).stderr(str![[r#"
error: `a` is there twice
 --> procman.toml:2:39
  |
2 | t = { argv = ['true'], matrix = { l = { lines = 'l' } } }
  |                                       ^^^^^^^^^^^^^^^

error: 1 problem in procman.toml

"#]]);
}

/// What is between keys and values may be in a value too.
#[test]
fn no_job_is_there_twice() {
    no_cells(
        "a = ['1', '1,b=2'], b = ['2,b=2', '2']",
        str![[r#"
error: job `t[a=1,b=2,b=2]` is there twice; every job needs a name of its own
 --> procman.toml:4:1
  |
4 | t = { argv = ['true'], matrix = { a = ['1', '1,b=2'], b = ['2,b=2', '2'] } }
  | ^

error: 1 problem in procman.toml

"#]],
    );
    rejected(
        r#"
[tasks]
"t[a=1]" = ["true"]
t = { argv = ["true"], matrix = { a = [1, 2] }, aliases = ["x[a=2]"] }
x = { argv = ["true"], matrix = { a = [1, 2] } }
"t[a=2]" = { deps = ["x"] }
"#,
        str![[r#"
error: a job of `t` has the name of the task `t[a=1]`
 --> procman.toml:4:1
  |
4 | t = { argv = ["true"], matrix = { a = [1, 2] }, aliases = ["x[a=2]"] }
  | ^
  |
  = help: rename one of the two tasks

error: `x[a=2]` is the name of a job of `x` too
 --> procman.toml:4:60
  |
4 | t = { argv = ["true"], matrix = { a = [1, 2] }, aliases = ["x[a=2]"] }
  |                                                            ^^^^^^^^
5 | x = { argv = ["true"], matrix = { a = [1, 2] } }
  | - this task's matrix makes it
  |
  = help: rename one

error: 2 problems in procman.toml

"#]],
    );
}

#[test]
fn too_many_cells_are_a_slip() {
    no_cells(
        "n = { range = [1, 100_000_000_000] }",
        str![[r#"
error: these are more than 10000000 jobs
 --> procman.toml:4:39
  |
4 | t = { argv = ['true'], matrix = { n = { range = [1, 100_000_000_000] } } }
  |                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: let each job do more than one of them

error: 1 problem in procman.toml

"#]],
    );
    no_cells(
        "f = { glob = 'none/*' }, n = { range = [1, 100_000_000_000] }",
        str![[r#"
error: these are more than 10000000 jobs
 --> procman.toml:4:64
  |
4 | t = { argv = ['true'], matrix = { f = { glob = 'none/*' }, n = { range = [1, 100_000_000_000] } } }
  |                                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: let each job do more than one of them

error: 1 problem in procman.toml

"#]],
    );
    no_cells(
        "a = { range = [1, 10_000] }, b = { range = [1, 10_000] }",
        str![[r#"
error: these are more than 10000000 jobs
 --> procman.toml:4:68
  |
4 | t = { argv = ['true'], matrix = { a = { range = [1, 10_000] }, b = { range = [1, 10_000] } } }
  |                                                                    ^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: let each job do more than one of them

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn what_is_no_matrix() {
    rejected(
        r#"
[tasks]
a = { argv = ["true"], matrix = {} }
b = { argv = ["true"], matrix = { n = [] } }
c = { argv = ["true"], matrix = { n = 3, m = "x", o = { glob = "*", range = [1, 2] }, p = {} } }
d = { argv = ["true"], matrix = { n = { rnage = [1, 2] }, m = { list = ["x"] } } }
e = { argv = ["true"], matrix = { n = { range = [1] }, m = { range = [2, 1] }, o = { range = [1, 2, 0] }, p = { range = [1, 2, -1] } } }
f = { argv = ["true"], matrix = { n = { range = [1, "2"] }, m = { range = "1..2" }, o = { range = [1, 2, 3, 4] } } }
g = { argv = ["true"], matrix = { n = [["x"], { a = 1 }, 1979-05-27], job = ["x"], "a b" = ["x"] } }
h = { argv = ["true"], matrix = ["x"] }
i = { argv = ["true"], matrix = { n = ["{{job}}", "{{nope}}", "{{env.NO_SUCH_VARIABLE}}"], m = ["{{n}}"] } }
j = { deps = ["a"], matrix = { n = [1] } }
k = { argv = ["true"], matrix = { n = { glob = "a[b" }, m = { lines = "none.txt" }, o = { lines = "." } } }
[defaults]
matrix = { n = [1] }
"#,
        str![[r#"
error: `matrix` is empty: there would be no job
 --> procman.toml:3:33
  |
3 | a = { argv = ["true"], matrix = {} }
  |                                 ^^
  |
  = help: leave it out

error: `n` is empty: there would be no job
 --> procman.toml:4:39
  |
4 | b = { argv = ["true"], matrix = { n = [] } }
  |                                       ^^
  |
  = help: give it values

error: `n` must be an array of values or a source of them, not an integer
 --> procman.toml:5:39
  |
5 | c = { argv = ["true"], matrix = { n = 3, m = "x", o = { glob = "*", range = [1, 2] }, p = {} } }
  |                                       ^
  |
  = help: write `["a", "b"]`, `{ glob = "data/*" }`, `{ range = [1, 10] }` or `{ lines = "file" }`

error: `m` must be an array of values or a source of them, not a string
 --> procman.toml:5:46
  |
5 | c = { argv = ["true"], matrix = { n = 3, m = "x", o = { glob = "*", range = [1, 2] }, p = {} } }
  |                                              ^^^
  |
  = help: write `["a", "b"]`, `{ glob = "data/*" }`, `{ range = [1, 10] }` or `{ lines = "file" }`

error: `o` must have one of glob, range and lines
 --> procman.toml:5:55
  |
5 | c = { argv = ["true"], matrix = { n = 3, m = "x", o = { glob = "*", range = [1, 2] }, p = {} } }
  |                                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error: `p` must have one of glob, range and lines
 --> procman.toml:5:91
  |
5 | c = { argv = ["true"], matrix = { n = 3, m = "x", o = { glob = "*", range = [1, 2] }, p = {} } }
  |                                                                                           ^^

error: unknown key `rnage`
 --> procman.toml:6:41
  |
6 | d = { argv = ["true"], matrix = { n = { rnage = [1, 2] }, m = { list = ["x"] } } }
  |                                         ^^^^^
  |
  = help: did you mean `range`?

error: unknown key `list`
 --> procman.toml:6:65
  |
6 | d = { argv = ["true"], matrix = { n = { rnage = [1, 2] }, m = { list = ["x"] } } }
  |                                                                 ^^^^
  |
  = help: the keys of a source of values are glob, range, lines

error: `range` must be an array of two or three integers: first, last and step
 --> procman.toml:7:49
  |
7 | e = { argv = ["true"], matrix = { n = { range = [1] }, m = { range = [2, 1] }, o = { range = [1, 2, 0] }, p = { range = [1, 2, -1] } } }
  |                                                 ^^^
  |
  = help: write `range = [1, 10]`

error: `range` ends before it begins
 --> procman.toml:7:70
  |
7 | e = { argv = ["true"], matrix = { n = { range = [1] }, m = { range = [2, 1] }, o = { range = [1, 2, 0] }, p = { range = [1, 2, -1] } } }
  |                                                                      ^^^^^^
  |
  = help: swap its ends, or give it a step below 0

error: `range` has a step of 0
 --> procman.toml:7:94
  |
7 | e = { argv = ["true"], matrix = { n = { range = [1] }, m = { range = [2, 1] }, o = { range = [1, 2, 0] }, p = { range = [1, 2, -1] } } }
  |                                                                                              ^^^^^^^^^
  |
  = help: leave the step out for 1

error: `range` ends before it begins
 --> procman.toml:7:121
  |
7 | e = { argv = ["true"], matrix = { n = { range = [1] }, m = { range = [2, 1] }, o = { range = [1, 2, 0] }, p = { range = [1, 2, -1] } } }
  |                                                                                                                         ^^^^^^^^^^
  |
  = help: swap its ends, or give it a step above 0

error: `range[1]` must be an integer, not a string
 --> procman.toml:8:53
  |
8 | f = { argv = ["true"], matrix = { n = { range = [1, "2"] }, m = { range = "1..2" }, o = { range = [1, 2, 3, 4] } } }
  |                                                     ^^^
  |
  = help: write it without quotes: 2

error: `range` must be an array of two or three integers: first, last and step, not a string
 --> procman.toml:8:75
  |
8 | f = { argv = ["true"], matrix = { n = { range = [1, "2"] }, m = { range = "1..2" }, o = { range = [1, 2, 3, 4] } } }
  |                                                                           ^^^^^^

error: `range` must be an array of two or three integers: first, last and step
 --> procman.toml:8:99
  |
8 | f = { argv = ["true"], matrix = { n = { range = [1, "2"] }, m = { range = "1..2" }, o = { range = [1, 2, 3, 4] } } }
  |                                                                                                   ^^^^^^^^^^^^
  |
  = help: write `range = [1, 10]`

error: `n[0]` must be a string, a number or a boolean, not an array
 --> procman.toml:9:40
  |
9 | g = { argv = ["true"], matrix = { n = [["x"], { a = 1 }, 1979-05-27], job = ["x"], "a b" = ["x"] } }
  |                                        ^^^^^

error: `n[1]` must be a string, a number or a boolean, not a table
 --> procman.toml:9:47
  |
9 | g = { argv = ["true"], matrix = { n = [["x"], { a = 1 }, 1979-05-27], job = ["x"], "a b" = ["x"] } }
  |                                               ^^^^^^^^^

error: `n[2]` must be a string, a number or a boolean, not a date or time
 --> procman.toml:9:58
  |
9 | g = { argv = ["true"], matrix = { n = [["x"], { a = 1 }, 1979-05-27], job = ["x"], "a b" = ["x"] } }
  |                                                          ^^^^^^^^^^

error: `job` has a meaning of its own in `{{…}}`; choose another name
 --> procman.toml:9:71
  |
9 | g = { argv = ["true"], matrix = { n = [["x"], { a = 1 }, 1979-05-27], job = ["x"], "a b" = ["x"] } }
  |                                                                       ^^^

error: `a b` cannot be a name in `{{…}}`; use letters, digits, `_` and `-`
 --> procman.toml:9:84
  |
9 | g = { argv = ["true"], matrix = { n = [["x"], { a = 1 }, 1979-05-27], job = ["x"], "a b" = ["x"] } }
  |                                                                                    ^^^^^

error: `matrix` must be a table, not an array
  --> procman.toml:10:33
   |
10 | h = { argv = ["true"], matrix = ["x"] }
   |                                 ^^^^^

error: `{{job}}` is not known before there are values
  --> procman.toml:11:40
   |
11 | i = { argv = ["true"], matrix = { n = ["{{job}}", "{{nope}}", "{{env.NO_SUCH_VARIABLE}}"], m = ["{{n}}"] } }
   |                                        ^^^^^^^^^

error: there is no `nope` to put in here
  --> procman.toml:11:54
   |
11 | i = { argv = ["true"], matrix = { n = ["{{job}}", "{{nope}}", "{{env.NO_SUCH_VARIABLE}}"], m = ["{{n}}"] } }
   |                                                      ^^^^
   |
   = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: the environment variable `NO_SUCH_VARIABLE` is not set
  --> procman.toml:11:66
   |
11 | i = { argv = ["true"], matrix = { n = ["{{job}}", "{{nope}}", "{{env.NO_SUCH_VARIABLE}}"], m = ["{{n}}"] } }
   |                                                                  ^^^^^^^^^^^^^^^^^^^^
   |
   = help: set it where procman is started

error: there is no `n` to put in here
  --> procman.toml:11:100
   |
11 | i = { argv = ["true"], matrix = { n = ["{{job}}", "{{nope}}", "{{env.NO_SUCH_VARIABLE}}"], m = ["{{n}}"] } }
   |                                                                                                    ^
   |
   = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: `matrix` has no effect on `j`, which has no `argv` and so no process of its own
  --> procman.toml:12:30
   |
12 | j = { deps = ["a"], matrix = { n = [1] } }
   |                              ^^^^^^^^^^^
   |
   = help: give it an `argv`, or set this on the tasks it stands for

error: `a[b` is no glob: unclosed character class; missing ']'
  --> procman.toml:13:48
   |
13 | k = { argv = ["true"], matrix = { n = { glob = "a[b" }, m = { lines = "none.txt" }, o = { lines = "." } } }
   |                                                ^^^^^

error: `none.txt` cannot be read: it is not there, and no task can make it, because a matrix is known before anything runs
  --> procman.toml:13:71
   |
13 | k = { argv = ["true"], matrix = { n = { glob = "a[b" }, m = { lines = "none.txt" }, o = { lines = "." } } }
   |                                                                       ^^^^^^^^^^

error: `.` cannot be read: it is no regular file
  --> procman.toml:13:99
   |
13 | k = { argv = ["true"], matrix = { n = { glob = "a[b" }, m = { lines = "none.txt" }, o = { lines = "." } } }
   |                                                                                                   ^^^

error: `matrix` cannot be a default
  --> procman.toml:15:10
   |
15 | matrix = { n = [1] }
   |          ^^^^^^^^^^^
   |
   = help: it is a task's own; write it in the task

error: 30 problems in procman.toml

"#]],
    );
}

#[test]
fn found_values_that_cannot_be_part_of_a_name() {
    let manifest = |source: &str| format!("[tasks]\nt = {{ argv = ['true'], matrix = {{ v = {source} }} }}");
    no_cells(
        r#"v = ["a\u001b[31m", "b", "\u202Ec"]"#,
        str![[r#"
error: the value `a\x1b[31m` would put a control character into a job's name
 --> procman.toml:4:40
  |
4 | t = { argv = ['true'], matrix = { v = ["a\u001b[31m", "b", "\u202Ec"] } }
  |                                        ^^^^^^^^^^^^^

error: the value `\u{202e}c` would put a control character into a job's name
 --> procman.toml:4:60
  |
4 | t = { argv = ['true'], matrix = { v = ["a\u001b[31m", "b", "\u202Ec"] } }
  |                                                            ^^^^^^^^^

error: 2 problems in procman.toml

"#]],
    );
    let sandbox = Sandbox::with(&manifest("{ glob = 'data/*' }")).file("data/a\nb", "");
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: the value `data/a\nb` would put a control character into a job's name
 --> procman.toml:2:39
  |
2 | t = { argv = ['true'], matrix = { v = { glob = 'data/*' } } }
  |                                       ^^^^^^^^^^^^^^^^^^^

error: 1 problem in procman.toml

"#]]);
    let sandbox = Sandbox::with(&manifest("{ glob = 'data/*' }")).file("data/here", "");
    fs::write(sandbox.path("data").join(OsStr::from_bytes(b"\xff")), "").expect("a file");
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: the name of `data/\xff` is not UTF-8
 --> procman.toml:2:48
  |
2 | t = { argv = ['true'], matrix = { v = { glob = 'data/*' } } }
  |                                                ^^^^^^^^

error: 1 problem in procman.toml

"#]]);
    let sandbox = Sandbox::with(&manifest("{ lines = 'lines' }")).file("lines", b"a\n\xff\n");
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: `lines` cannot be read: it is not UTF-8
 --> procman.toml:2:49
  |
2 | t = { argv = ['true'], matrix = { v = { lines = 'lines' } } }
  |                                                 ^^^^^^^

error: 1 problem in procman.toml

"#]]);
}

#[test]
fn a_pipe_is_not_read() {
    let sandbox = Sandbox::with("[tasks]\nt = { argv = ['true'], matrix = { l = { lines = 'pipe' } } }");
    let made = Command::new("mkfifo").arg(sandbox.path("pipe")).status().expect("mkfifo can be started");
    assert!(made.success());
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: `pipe` cannot be read: it is no regular file
 --> procman.toml:2:49
  |
2 | t = { argv = ['true'], matrix = { l = { lines = 'pipe' } } }
  |                                                 ^^^^^^

error: 1 problem in procman.toml

"#]]);
}

/// A job set for which there is nothing to do today.
#[test]
fn nothing_found_is_nothing_to_do() {
    let manifest = r#"
[tasks]
convert = { argv = ["convert", "{{f}}"], matrix = { f = { glob = "data/*.csv" }, n = { range = [1, 3] } } }
other = { argv = ["echo", "{{l}}", "{{args}}"], matrix = { l = { lines = "lines" } }, deps = ["convert"] }
group = { deps = ["convert", "other"] }
all = { argv = ["echo", "all"], deps = ["convert"], manual = true }
"#;
    let sandbox = Sandbox::with(manifest).file("lines", "\n");
    let nothing = "note: nothing to run: nothing was found for the matrix of convert\n";
    sandbox.run(&["convert"]).code(0).stdout("").stderr(nothing);
    sandbox.run(&["run", "convert", "--", "x"]).code(0).stdout("").stderr(nothing);
    sandbox.run(&["-n", "convert"]).code(0).stdout("").stderr(nothing);
    sandbox.run(&["plan", "convert"]).code(0).stdout("").stderr(nothing);
    sandbox.run(&["plan", "--json", "convert"]).code(0).stdout("{\n  \"jobs\": []\n}\n").stderr(nothing);
    sandbox.run(&["explain", "convert"]).code(0).stdout("").stderr(nothing);
    sandbox.run(&["-q", "convert"]).code(0).stdout("").stderr("");
    for names in [&[][..], &["group"]] {
        let nothing = "note: nothing to run: nothing was found for the matrices of convert, other\n";
        sandbox.run(names).code(0).stdout("").stderr(nothing);
    }
    sandbox.run(&["-qq", "all"]).code(0).stderr("");
    sandbox.run(&["convert[f=x]"]).code(2).stderr(str![[r#"
error: task `convert` has no job `convert[f=x]`; `procman plan convert` shows all

"#]]);
    sandbox.run(&["check"]).code(0).stderr(str![[r#"
warning: nothing was found for the matrix: there is no job
 --> procman.toml:3:1
  |
3 | convert = { argv = ["convert", "{{f}}"], matrix = { f = { glob = "data/*.csv" }, n = { range = [1, 3] } } }
  | ^^^^^^^

warning: nothing was found for the matrix: there is no job
 --> procman.toml:4:1
  |
4 | other = { argv = ["echo", "{{l}}", "{{args}}"], matrix = { l = { lines = "lines" } }, deps = ["convert"] }
  | ^^^^^

procman.toml: 4 tasks, 2 warnings

"#]]);
    sandbox.run(&["check", "--strict", "convert"]).code(2).stderr(str![[r#"
error: nothing was found for the matrix: there is no job
 --> procman.toml:3:1
  |
3 | convert = { argv = ["convert", "{{f}}"], matrix = { f = { glob = "data/*.csv" }, n = { range = [1, 3] } } }
  | ^^^^^^^

procman.toml: 4 tasks, 1 problem

"#]]);
    sandbox.run(&["list"]).code(0).stdout(str![[r#"
convert  no jobs
other    no jobs
group    a group
all      echo all (manual)

"#]]);
    // Once there was something.
    let sandbox = sandbox.file("data/a.csv", "");
    sandbox.run(&["-q", "other", "convert"]).code(1);
    fs::remove_file(sandbox.path("data/a.csv")).expect("the file is there");
    sandbox.run(&["rerun"]).code(0).stderr(str![[r#"
note: nothing to run: nothing was found for the matrices of convert, other
note: 3 jobs of run [RUN] are no longer there to run: convert[f=data/a.csv,n=1], convert[f=data/a.csv,n=2], convert[f=data/a.csv,n=3]

"#]]);
}

#[test]
fn list_has_a_line_for_a_task_of_many_jobs() {
    Sandbox::with(PROJECT).run(&["list"]).code(0).stdout(str![[r#"
t      echo a1 (4 jobs; alias alias)
empty  no jobs
group  a group

tag:x
hand   echo 1 (2 jobs; manual)

"#]]);
    Sandbox::with(PROJECT).run(&["list", "--json", "t", "empty", "group"]).code(0).stdout(str![[r#"
[
  {
    "name": "t",
    "tags": [],
    "aliases": [
      "alias"
    ],
    "private": false,
    "manual": false,
    "group": false,
    "jobs": 4
  },
  {
    "name": "empty",
    "tags": [],
    "aliases": [],
    "private": false,
    "manual": false,
    "group": false,
    "jobs": 0
  },
  {
    "name": "group",
    "tags": [],
    "aliases": [],
    "private": false,
    "manual": false,
    "group": true,
    "jobs": 0
  }
]

"#]]);
    Sandbox::with(PROJECT).run(&["list", "t[os=a,n=1]"]).code(0).stdout(str![[r#"
t  echo a1 (4 jobs; alias alias)

"#]]);
}

#[test]
fn check_tells_once_what_is_wrong_with_all_jobs() {
    let sandbox = Sandbox::with(
        "[tasks]\nt = { argv = ['no-such-program', '{{n}}'], matrix = { n = { range = [1, 50] } } }\n\
         u = { argv = ['true', '{{n}}'], matrix = { n = { range = [1, 50] } }, outputs = ['same'] }\n",
    );
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: `same` is an output of both `u[n=1]` and `u[n=2]`
 --> procman.toml:3:82
  |
3 | u = { argv = ['true', '{{n}}'], matrix = { n = { range = [1, 50] } }, outputs = ['same'] }
  |                                                                                  ^^^^^^
  |
  = help: let it say which of the jobs makes it: put what differs between them into the path

error: 1 problem in procman.toml

"#]]);
    sandbox.run(&["check", "t"]).code(2);
}
