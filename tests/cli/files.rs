//! Jobs that read what other jobs make.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts with them")]

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

#[test]
fn whoever_reads_a_file_waits_for_the_job_that_makes_it() {
    let manifest = r#"
[tasks]
link = { argv = ["ld", "-o", "{{outputs}}", "{{inputs}}"], inputs = ["obj/*.o", "!obj/skip.o"], outputs = ["prog"] }
compile = { argv = ["cc", "{{src}}"], matrix = { src = { glob = "src/*.c" } }, inputs = ["{{src}}", "gen/config.h"], outputs = ["obj/{{src.stem}}.o"] }
config = { argv = ["sh", "-c", "echo > gen/config.h"], outputs = ["gen/config.h"] }
docs = { argv = ["doc"], inputs = ["gen"], outputs = ["html"] }
publish = { argv = ["tar"], inputs = ["html/index.html", "prog"], deps = ["link"] }
send = { argv = ["send"], stdin = "./html/../prog" }
each = { argv = ["strip"], inputs = ["{{root}}/prog"] }
"#;
    let files = ["src/a.c", "src/b.c", "src/skip.c", "obj/old.o", "obj/.x.o"];
    let sandbox = files.iter().fold(Sandbox::with(manifest), |sandbox, file| sandbox.file(file, ""));
    sandbox.run(&["plan"]).code(0).stderr("").stdout(str![[r#"
link: ld -o prog obj/a.o obj/b.o obj/old.o
    needs: compile[src=src/a.c], compile[src=src/b.c]
compile[src=src/a.c]: cc src/a.c
    needs: config
compile[src=src/b.c]: cc src/b.c
    needs: config
compile[src=src/skip.c]: cc src/skip.c
    needs: config
config: sh -c 'echo > gen/config.h'
docs: doc
    needs: config
publish: tar
    needs: link, docs
send: send
    needs: link
each: strip
    needs: link

"#]]);
    sandbox.run(&["plan", "send"]).code(0).stderr("").stdout(str![[r#"
link: ld -o prog obj/a.o obj/b.o obj/old.o
    needs: compile[src=src/a.c], compile[src=src/b.c]
compile[src=src/a.c]: cc src/a.c
    needs: config
compile[src=src/b.c]: cc src/b.c
    needs: config
config: sh -c 'echo > gen/config.h'
send: send
    needs: link

"#]]);
    sandbox.run(&["plan", "--no-deps", "link"]).code(0).stdout("link: ld -o prog obj/old.o\n");
    sandbox.run(&["plan", "--no-deps", "link", "compile"]).code(0).stdout(str![[r#"
link: ld -o prog obj/a.o obj/b.o obj/old.o
    needs: compile[src=src/a.c], compile[src=src/b.c]
compile[src=src/a.c]: cc src/a.c
compile[src=src/b.c]: cc src/b.c
compile[src=src/skip.c]: cc src/skip.c

"#]]);
}

#[test]
fn a_job_runs_after_the_maker_of_its_input_without_naming_it() {
    let sandbox = Sandbox::with(
        r#"
[tasks]
last = { argv = ["sh", "-c", "cat > c", "{{inputs}}"], stdin = "b", outputs = ["c"] }
middle = { argv = ["sh", "-c", "cat a a > b"], inputs = ["a"], outputs = ["b"] }
first = { argv = ["sh", "-c", "echo x > a"], outputs = ["a"] }
"#,
    );
    sandbox.run(&["-q", "last"]).code(0);
    assert_eq!(sandbox.read("c"), "x\nx\n");
}

#[test]
fn files_have_one_name_wherever_they_are_written() {
    let sandbox = Sandbox::with(
        r#"
include = ["sub/a.toml", "other/b.toml"]
[defaults]
inputs = ["common.h"]
[tasks]
gen = { argv = ["gen"], inputs = [], outputs = ["common.h"] }
up = { argv = ["up"], inputs = [], outputs = ["../beside"] }
text = { argv = ["text"], inputs = [], outputs = ["sub/./x/../text"] }
odd = { argv = ["odd"], inputs = [], outputs = ['a\[1\]'] }
"#,
    );
    let sandbox = sandbox
        .file("sub/a.toml", "[tasks]\na = ['a']\nb = { argv = ['b'], inputs = ['text', '{{root}}/../beside'] }")
        .file("other/b.toml", "[defaults]\ninputs = ['own.h']\n[tasks]\nc = ['c']\nown = { argv = ['own'], inputs = ['{{root}}/a\\[?\\]'], outputs = ['own.h'] }\nd = { argv = ['d'], inputs = [], stdin = '../../beside' }");
    sandbox.run(&["plan"]).code(0).stderr("").stdout(str![[r#"
gen: gen
up: up
text: text
odd: odd
a: a
    needs: gen
    cwd: sub
b: b
    needs: text, up
    cwd: sub
c: c
    needs: own
    cwd: other
own: own
    needs: odd
    cwd: other
d: d
    needs: up
    cwd: other

"#]]);
}

/// Of a value that is found no character is special; what is written in the manifest is a pattern.
#[test]
fn found_values_are_names_and_written_ones_are_patterns() {
    let manifest = r#"
[vars]
pattern = "*.txt"
[tasks]
found = { argv = ["echo", "{{inputs}}"], matrix = { f = { glob = "data/*" } }, inputs = ["{{f}}"], outputs = ["out/{{f.name}}"] }
lines = { argv = ["echo", "{{inputs}}"], matrix = { f = { lines = "lines" } }, inputs = ["data/{{f}}"] }
listed = { argv = ["echo", "{{inputs}}"], matrix = { f = ["*.txt"] }, inputs = ["data/{{f}}", "!data/{{f}}x"] }
var = { argv = ["echo", "{{inputs}}"], inputs = ["data/{{pattern}}"] }
from_env = { argv = ["echo", "{{inputs}}"], inputs = ["data/{{env.PATTERN}}"] }
job = { argv = ["echo", "{{inputs}}"], matrix = { f = [1] }, inputs = ["data/{{job}}"] }
"#;
    let sandbox = Sandbox::with(manifest).file("data/[a]*.txt", "").file("data/!b.txt", "").file("data/a.txt", "");
    let sandbox = sandbox.file("lines", "[a]*.txt\n");
    let mut command = sandbox.command(&["plan"]);
    command.env("PATTERN", "*.txt");
    sandbox.ran(command).code(0).stderr("").stdout(str![[r#"
found[f=data/!b.txt]: echo 'data/!b.txt'
found[f=data/[a]*.txt]: echo 'data/[a]*.txt'
found[f=data/a.txt]: echo data/a.txt
lines[f=[a]*.txt]: echo 'data/[a]*.txt'
listed[f=*.txt]: echo 'data/!b.txt' 'data/[a]*.txt' data/a.txt
var: echo 'data/!b.txt' 'data/[a]*.txt' data/a.txt
from_env: echo 'data/*.txt'
job[f=1]: echo 'data/job[f=1]'

"#]]);
    let mut command = sandbox.command(&["plan", "--json", "found", "listed", "from_env"]);
    command.env("PATTERN", "*.txt");
    sandbox.ran(command).code(0).stderr("").stdout(str![[r#"
{
  "jobs": [
    {
      "name": "found[f=data/!b.txt]",
      "argv": [
        "echo",
        "data/!b.txt"
      ],
      "cwd": ".",
      "task": "found",
      "inputs": [
        "data/!b.txt"
      ],
      "outputs": [
        "out/!b.txt"
      ]
    },
    {
      "name": "found[f=data/[a]*.txt]",
      "argv": [
        "echo",
        "data/[a]*.txt"
      ],
      "cwd": ".",
      "task": "found",
      "inputs": [
        "data/\\[a\\]\\*.txt"
      ],
      "outputs": [
        "out/\\[a\\]\\*.txt"
      ]
    },
    {
      "name": "found[f=data/a.txt]",
      "argv": [
        "echo",
        "data/a.txt"
      ],
      "cwd": ".",
      "task": "found",
      "inputs": [
        "data/a.txt"
      ],
      "outputs": [
        "out/a.txt"
      ]
    },
    {
      "name": "listed[f=*.txt]",
      "argv": [
        "echo",
        "data/!b.txt",
        "data/[a]*.txt",
        "data/a.txt"
      ],
      "cwd": ".",
      "task": "listed",
      "inputs": [
        "data/*.txt",
        "!data/*.txtx"
      ]
    },
    {
      "name": "from_env",
      "argv": [
        "echo",
        "data/{{env.PATTERN}}"
      ],
      "cwd": ".",
      "inputs": [
        "data/{{env.PATTERN}}"
      ]
    }
  ]
}

"#]]);
}

#[test]
fn what_a_job_makes_itself_is_not_what_it_reads() {
    let sandbox = Sandbox::with(
        r#"
[tasks]
join = { argv = ["sh", "-c", 'cat "$@" > all.txt', "sh", "{{inputs}}"], inputs = ["*.txt"], outputs = ["all.txt"] }
"#,
    );
    let sandbox = sandbox.file("a.txt", "a\n").file("b.txt", "b\n");
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["-q", "--force"]).code(0);
    assert_eq!(sandbox.read("all.txt"), "a\nb\n");
    sandbox.run(&["plan"]).code(0).stdout(str![[r#"
join: sh -c 'cat "$@" > all.txt' sh a.txt b.txt

"#]]);
}

#[test]
fn an_input_of_a_job_that_is_left_out_is_as_it_is() {
    let manifest = r#"
[tasks]
make = { argv = ["sh", "-c", "echo new > made"], outputs = ["made"] }
use = { argv = ["cat", "made"], inputs = ["made"] }
"#;
    let sandbox = Sandbox::with(manifest);
    sandbox.run(&["plan", "--no-deps", "use"]).code(0).stdout("use: cat made\n");
    sandbox.run(&["-q", "--no-deps", "use"]).code(2).stderr(str![[r#"
error: `use` reads `made`, which is not there, and which no job of this run makes; make it first, or correct `inputs`

"#]]);
    let sandbox = sandbox.file("made", "old\n");
    sandbox.run(&["-q", "--no-deps", "use"]).code(0);
    assert_eq!(sandbox.log("use.log"), b"old\n");
    sandbox.run(&["-q", "use"]).code(0);
    assert_eq!(sandbox.log("use.log"), b"new\n");
}

#[test]
fn one_file_is_made_by_one_job() {
    rejected(
        r#"
[tasks]
a = { argv = ["true"], outputs = ["x", "y/z"] }
g = { deps = ["a"] }
h = { deps = ["a"] }
b = { argv = ["true"], outputs = ["w", "./y/../x"] }
c = { argv = ["true"], outputs = ["{{root}}/y/z"] }
i = { deps = ["a"] }
"#,
        str![[r#"
error: `x` is an output of both `a` and `b`
 --> procman.toml:6:40
  |
3 | a = { argv = ["true"], outputs = ["x", "y/z"] }
  |                                   --- the other is here
...
6 | b = { argv = ["true"], outputs = ["w", "./y/../x"] }
  |                                        ^^^^^^^^^^
  |
  = help: let one of them make it, and let the other read it or make another

error: `y/z` is an output of both `a` and `c`
 --> procman.toml:7:35
  |
3 | a = { argv = ["true"], outputs = ["x", "y/z"] }
  |                                        ----- the other is here
...
7 | c = { argv = ["true"], outputs = ["{{root}}/y/z"] }
  |                                   ^^^^^^^^^^^^^^
  |
  = help: let one of them make it, and let the other read it or make another

error: 2 problems in procman.toml

"#]],
    );
    rejected(
        r#"
[tasks]
a = { argv = ["true"], matrix = { n = { range = [1, 100] } }, outputs = ["{{n}}.o", "log"] }
b = { argv = ["true"], matrix = { n = ["a.c", "b/a.c", "c.c"] }, outputs = ["{{n.stem}}.x"] }
c = { argv = ["true"], matrix = { n = { range = [5, 7] } }, outputs = ["{{n}}.o"] }
"#,
        str![[r#"
error: `log` is an output of both `a[n=1]` and `a[n=2]`
 --> procman.toml:3:85
  |
3 | a = { argv = ["true"], matrix = { n = { range = [1, 100] } }, outputs = ["{{n}}.o", "log"] }
  |                                                                                     ^^^^^
  |
  = help: let it say which of the jobs makes it: put what differs between them into the path

error: `a.x` is an output of both `b[n=a.c]` and `b[n=b/a.c]`
 --> procman.toml:4:77
  |
4 | b = { argv = ["true"], matrix = { n = ["a.c", "b/a.c", "c.c"] }, outputs = ["{{n.stem}}.x"] }
  |                                                                             ^^^^^^^^^^^^^^
  |
  = help: let it say which of the jobs makes it: put what differs between them into the path

error: `5.o` is an output of both `a[n=5]` and `c[n=5]`
 --> procman.toml:5:72
  |
3 | a = { argv = ["true"], matrix = { n = { range = [1, 100] } }, outputs = ["{{n}}.o", "log"] }
  |                                                                          --------- the other is here
4 | b = { argv = ["true"], matrix = { n = ["a.c", "b/a.c", "c.c"] }, outputs = ["{{n.stem}}.x"] }
5 | c = { argv = ["true"], matrix = { n = { range = [5, 7] } }, outputs = ["{{n}}.o"] }
  |                                                                        ^^^^^^^^^
  |
  = help: let one of them make it, and let the other read it or make another

error: 3 problems in procman.toml

"#]],
    );
    let sandbox = Sandbox::with("include = ['sub/a.toml']\n[tasks]\na = { argv = ['true'], outputs = ['sub/x'] }");
    sandbox.file("sub/a.toml", "[tasks]\nb = { argv = ['true'], outputs = ['x'] }").run(&["check"]).code(2).stderr(
        str![[r#"
error: `sub/x` is an output of both `a` and `b`
 --> sub/a.toml:2:35
  |
2 | b = { argv = ['true'], outputs = ['x'] }
  |                                   ^^^
  |
 ::: procman.toml:3:35
  |
3 | a = { argv = ['true'], outputs = ['sub/x'] }
  |                                   ------- the other is here
  |
  = help: let one of them make it, and let the other read it or make another

error: 1 problem in sub/a.toml

"#]],
    );
}

#[test]
fn cycles_through_files() {
    rejected(
        r#"
[tasks]
a = { argv = ["true"], inputs = ["z", "y"], outputs = ["x"] }
b = { argv = ["true"], inputs = ["x"], outputs = ["w"] }
c = { argv = ["true"], deps = ["b"], outputs = ["y"] }
"#,
        str![[r#"
error: tasks wait for each other in a cycle: a -> c -> b -> a
 --> procman.toml:3:39
  |
3 | a = { argv = ["true"], inputs = ["z", "y"], outputs = ["x"] }
  |                                       ^^^ `a` waits for `c`
4 | b = { argv = ["true"], inputs = ["x"], outputs = ["w"] }
  |                                  --- `b` waits for `a`
5 | c = { argv = ["true"], deps = ["b"], outputs = ["y"] }
  |                                --- `c` waits for `b`
  |
  = help: remove one of these dependencies

error: 1 problem in procman.toml

"#]],
    );
    rejected(
        r#"
[tasks]
a = { argv = ["true"], stdin = "y", outputs = ["x"] }
b = { argv = ["true"], stdin = "x", outputs = ["y"] }
"#,
        str![[r#"
error: tasks wait for each other in a cycle: a -> b -> a
 --> procman.toml:3:32
  |
3 | a = { argv = ["true"], stdin = "y", outputs = ["x"] }
  |                                ^^^ `a` waits for `b`
4 | b = { argv = ["true"], stdin = "x", outputs = ["y"] }
  |                                --- `b` waits for `a`
  |
  = help: remove one of these dependencies

error: 1 problem in procman.toml

"#]],
    );
    rejected(
        r#"
[defaults]
stdin = "x/1"
[tasks]
a = { argv = ["true"], matrix = { n = [1, 2] }, outputs = ["x/{{n}}"], inputs = ["y/*", "!y/3"] }
b = { argv = ["true"], matrix = { n = [1, 2] }, outputs = ["y/{{n}}"] }
"#,
        str![[r#"
error: tasks wait for each other in a cycle: a -> b -> a
 --> procman.toml:5:82
  |
3 | stdin = "x/1"
  |         ----- `b` waits for `a`
4 | [tasks]
5 | a = { argv = ["true"], matrix = { n = [1, 2] }, outputs = ["x/{{n}}"], inputs = ["y/*", "!y/3"] }
  |                                                                                  ^^^^^ `a` waits for `b`
  |
  = help: remove one of these dependencies

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn what_names_no_file() {
    rejected(
        r#"
[vars]
none = ""
[tasks]
a = { argv = ["true"], inputs = ["", "!", "{{none}}"], outputs = ["!{{none}}"], depfile = "" }
b = { argv = ["true"], matrix = { n = ["x", ".y"] }, inputs = ["{{n.ext}}"], depfile = "{{n.ext}}" }
c = { argv = ["true"], inputs = ["a[b", "{a"], outputs = ["x{{none}}/[z-a]"] }
"#,
        str![[r#"
error: this names no file in `a`
 --> procman.toml:5:34
  |
5 | a = { argv = ["true"], inputs = ["", "!", "{{none}}"], outputs = ["!{{none}}"], depfile = "" }
  |                                  ^^

error: this names no file in `a`
 --> procman.toml:5:38
  |
5 | a = { argv = ["true"], inputs = ["", "!", "{{none}}"], outputs = ["!{{none}}"], depfile = "" }
  |                                      ^^^

error: this names no file in `a`
 --> procman.toml:5:43
  |
5 | a = { argv = ["true"], inputs = ["", "!", "{{none}}"], outputs = ["!{{none}}"], depfile = "" }
  |                                           ^^^^^^^^^^

error: this names no file in `a`
 --> procman.toml:5:67
  |
5 | a = { argv = ["true"], inputs = ["", "!", "{{none}}"], outputs = ["!{{none}}"], depfile = "" }
  |                                                                   ^^^^^^^^^^^

error: this names no file in `b[n=x]`
 --> procman.toml:6:64
  |
6 | b = { argv = ["true"], matrix = { n = ["x", ".y"] }, inputs = ["{{n.ext}}"], depfile = "{{n.ext}}" }
  |                                                                ^^^^^^^^^^^

error: this names no file in `b[n=x]`
 --> procman.toml:6:88
  |
6 | b = { argv = ["true"], matrix = { n = ["x", ".y"] }, inputs = ["{{n.ext}}"], depfile = "{{n.ext}}" }
  |                                                                                        ^^^^^^^^^^^

error: `a[b` is no glob: unclosed character class; missing ']'
 --> procman.toml:7:34
  |
7 | c = { argv = ["true"], inputs = ["a[b", "{a"], outputs = ["x{{none}}/[z-a]"] }
  |                                  ^^^^^

error: `{a` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
 --> procman.toml:7:41
  |
7 | c = { argv = ["true"], inputs = ["a[b", "{a"], outputs = ["x{{none}}/[z-a]"] }
  |                                         ^^^^

error: `x/[z-a]` is no glob: invalid range; 'z' > 'a'
 --> procman.toml:7:59
  |
7 | c = { argv = ["true"], inputs = ["a[b", "{a"], outputs = ["x{{none}}/[z-a]"] }
  |                                                           ^^^^^^^^^^^^^^^^^

error: 9 problems in procman.toml

"#]],
    );
}

/// Has every key that decides what a job does.
const SPECIAL: &str = r#"
[defaults]
timeout = "1h 30m"
[tasks.all]
argv = ["cc", "a.c"]
wrapper = ["nice"]
inputs = ["src/**/*.c", "a.c", "!src/old", "/usr/include/stdio.h", "../beside"]
outputs = ["obj", 'odd\[1\]']
depfile = "a.d"
stdin = "a.c"
env = { A = "1" }
env_remove = ["B"]
inherit_env = ["PATH"]
grace = "1m 500ms"
retries = { count = 3, delay = "1s", backoff = "exponential", max_delay = "1m", jitter = 0.5 }
success_codes = [0, 3]
allow_failure = true
leak = "ignore"
platforms = ["linux", "macos"]
streams = "split"
[tasks.few]
argv = ["vi"]
interactive = true
retries = 2
leak = "fail"
inherit_env = false
timeout = "1s"
[tasks.each]
argv = ["echo", "{{n}}"]
matrix = { n = [1] }
"#;

#[test]
fn a_plan_has_all_that_decides_what_a_job_does() {
    let sandbox = Sandbox::with(SPECIAL);
    sandbox.run(&["plan", "--json"]).code(0).stderr("").stdout(str![[r#"
{
  "jobs": [
    {
      "name": "all",
      "argv": [
        "nice",
        "cc",
        "a.c"
      ],
      "cwd": ".",
      "env": [
        "A"
      ],
      "split": true,
      "inputs": [
        "src/**/*.c",
        "a.c",
        "/usr/include/stdio.h",
        "../beside",
        "!src/old"
      ],
      "outputs": [
        "obj",
        "odd\\[1\\]"
      ],
      "depfile": "a.d",
      "stdin": "a.c",
      "env_remove": [
        "B"
      ],
      "inherit_env": [
        "PATH"
      ],
      "timeout": "1h 30m",
      "grace": "1m 500ms",
      "retries": {
        "count": 3,
        "delay": "1s",
        "backoff": "exponential",
        "max_delay": "1m",
        "jitter": 0.5
      },
      "success_codes": [
        0,
        3
      ],
      "allow_failure": true,
      "leak": "ignore",
      "platforms": [
        "linux",
        "macos"
      ]
    },
    {
      "name": "few",
      "argv": [
        "vi"
      ],
      "cwd": ".",
      "inherit_env": false,
      "timeout": "1s",
      "retries": 2,
      "leak": "fail",
      "interactive": true
    },
    {
      "name": "each[n=1]",
      "argv": [
        "echo",
        "1"
      ],
      "cwd": ".",
      "task": "each",
      "timeout": "1h 30m"
    }
  ]
}

"#]]);
}

/// All in a folder is meant by its name, whoever names it.
#[test]
fn folders_and_globs_meet() {
    plans(
        r#"
[tasks]
doc = { argv = ["doc"], outputs = ["html"] }
gen = { argv = ["gen"], outputs = ["gen/*.h", "gen/sub/*.h"] }
pages = { argv = ["pages", "{{inputs}}"], inputs = ["html/**/*.html"] }
headers = { argv = ["headers", "{{inputs}}"], inputs = ["gen"] }
same = { argv = ["same"], inputs = ["./gen/*.h"] }
some = { argv = ["some"], inputs = ["gen/a*.h"] }
one = { argv = ["one", "{{inputs}}"], inputs = ["gen/sub/x.h", "html/index.html"] }
"#,
        &[],
        str![[r#"
doc: doc
gen: gen
pages: pages
    needs: doc
headers: headers gen
    needs: gen
same: same
    needs: gen
some: some
one: one gen/sub/x.h html/index.html
    needs: gen, doc

"#]],
    );
}

#[test]
fn a_file_that_somebody_makes_need_not_be_there() {
    plans(
        "[tasks]\na = { argv = ['cat', '{{inputs}}'], inputs = ['made/*', 'made', 'one'] }\n\
         b = { argv = ['true'], outputs = ['made/x', 'made/y'] }\nc = { argv = ['true'], outputs = ['one'] }",
        &["a"],
        str![[r#"
a: cat made/x made/y one
    needs: b, c
b: true
c: true

"#]],
    );
}

/// Nobody has to have the files of another system.
#[test]
fn what_does_not_run_here_needs_no_files() {
    let sandbox = Sandbox::with(
        r#"
[tasks]
elsewhere = { argv = ["plist"], inputs = ["none"], outputs = ["made"], platforms = ["windows", "macos"] }
here = { argv = ["true"], deps = ["elsewhere"] }
"#,
    );
    sandbox.run(&["explain"]).code(0).stderr("").stdout(str![[r#"
elsewhere is skipped: not for linux, only windows, macos
here always runs: it has neither `inputs` nor `outputs`

"#]]);
    sandbox.run(&["-n"]).code(0).stderr("").stdout(str![[r#"
elsewhere is skipped: not for linux, only windows, macos
here: true

"#]]);
    sandbox.run(&["-q"]).code(0).stdout("");
}

/// They would make each other run again and again.
#[test]
fn what_one_makes_as_a_whole_no_other_makes_in_part() {
    let check = |outputs: &str, others: &str| {
        let manifest = format!(
            "[tasks]\na = {{ argv = ['true'], outputs = ['{outputs}'] }}\n\
             b = {{ argv = ['true'], outputs = ['{others}'] }}"
        );
        Sandbox::with(&manifest).run(&["check"]).code(2)
    };
    check("dist", "dist/x/y").stderr(str![[r#"
error: `dist/x/y` is an output of both `a` and `b`
 --> procman.toml:3:35
  |
2 | a = { argv = ['true'], outputs = ['dist'] }
  |                                   ------ the other is here
3 | b = { argv = ['true'], outputs = ['dist/x/y'] }
  |                                   ^^^^^^^^^^
  |
  = help: let one of them make it, and let the other read it or make another

error: 1 problem in procman.toml

"#]]);
    check("dist/*.o", "dist/2.o").stderr(str![[r#"
error: `dist/2.o` is an output of both `a` and `b`
 --> procman.toml:3:35
  |
2 | a = { argv = ['true'], outputs = ['dist/*.o'] }
  |                                   ---------- the other is here
3 | b = { argv = ['true'], outputs = ['dist/2.o'] }
  |                                   ^^^^^^^^^^
  |
  = help: let one of them make it, and let the other read it or make another

error: 1 problem in procman.toml

"#]]);
    Sandbox::with("[tasks]\na = { argv = ['true'], outputs = ['dist', 'dist/x', 'dist/*.o'] }").run(&["check"]).code(0);
}

#[test]
fn a_folder_is_all_files_in_it_also_those_with_a_dot() {
    let sandbox = Sandbox::with(
        "[tasks]\na = { argv = ['sh', '-c', 'mkdir -p out; echo > out/.stamp'], inputs = ['src'], outputs = ['out'] }",
    );
    let sandbox = sandbox.file("src/.config", "1").file("src/.git/HEAD", "1");
    sandbox.run(&["-q"]).code(0);
    let sandbox = sandbox.file("src/.git/HEAD", "2");
    sandbox.run(&["explain"]).stdout("a is up to date\n");
    let sandbox = sandbox.file("src/.config", "22");
    std::fs::remove_file(sandbox.path("out/.stamp")).expect("it was made");
    sandbox.run(&["explain"]).stdout(str![[r#"
a would run:
    input `src/.config` changed
    output `out/.stamp` is missing

"#]]);
}

#[test]
fn a_list_shows_where_files_and_arguments_come_in() {
    let sandbox = Sandbox::with("[tasks]\na = { argv = ['ls', '{{args}}', '--', '{{inputs}}'], inputs = ['*.c'] }");
    sandbox.run(&["list"]).code(0).stdout("a  ls '{{args}}' -- '{{inputs}}'\n");
}

#[test]
fn a_check_warns_of_inputs_that_nobody_makes() {
    let sandbox = Sandbox::with(
        "[tasks]\na = { argv = ['true'], inputs = ['there', 'typo'] }\nb = { argv = ['true'], inputs = ['made'] }\n\
         c = { argv = ['true'], outputs = ['made'] }",
    );
    sandbox.file("there", "").run(&["check"]).code(0).stderr(str![[r#"
warning: the input `typo` is not there, and no task makes it
 --> procman.toml:2:1
  |
2 | a = { argv = ['true'], inputs = ['there', 'typo'] }
  | ^

procman.toml: 3 tasks, 1 warning

"#]]);
}
