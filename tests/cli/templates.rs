//! `{{…}}` in the strings of a manifest, `--set`, and what follows `--`.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts with them")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

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

fn log(sandbox: &Sandbox, name: &str) -> String {
    let text = String::from_utf8(sandbox.log(name)).expect("text");
    text.replace(sandbox.path("").to_str().expect("text").trim_end_matches('/'), "[FOLDER]")
}

/// Has a value in every string that takes one.
const EVERYWHERE: &str = r#"
[vars]
dir = "work"
level = 3
tail = "ow"

[env]
OUTER = "{{dir}}/{{task}}"

[defaults]
env = { DEFAULT = "{{job}}" }
wrapper = ["env", "WRAPPED={{dir}}"]

[tasks.write]
argv = ["cp", "in/{{n}}.txt", "{{dir}}/{{n}}.txt"]
matrix = { n = [1, 2] }
inputs = ["in/{{n}}.txt"]
outputs = ["{{dir}}/{{n}}.txt"]

[tasks.show]
argv = ["sh", "-c", "pwd; cat; echo $OUTER $DEFAULT $WRAPPED $OWN $0 > $1; echo x: > {{n}}.d", "{{dir}}-{{level}}", "{{n}}.out"]
matrix = { n = [1, 2] }
cwd = "in/{{n}}"
env = { OWN = "own {{n}} of {{task}}" }
stdin = "{{dir}}/{{n}}.txt"
deps = ["write[n={{n}}]"]
after = ["{{dir}}-first"]
depfile = "in/{{n}}/{{n}}.d"

[tasks.work-first]
argv = ["true"]
wrapper = []

[tasks.all]
deps = ["sh{{tail}}"]
"#;

#[test]
fn values_go_into_every_string_that_says_what_a_job_is() {
    let sandbox = ["in/1.txt", "in/2.txt", "in/1/here", "in/2/here", "work/here"]
        .iter()
        .fold(Sandbox::with(EVERYWHERE), |sandbox, file| sandbox.file(file, *file));
    sandbox.run(&["plan", "--json", "show[n=1]", "work-first"]).code(0).stdout(str![[r#"
{
  "env": [
    "OUTER",
    "DEFAULT"
  ],
  "jobs": [
    {
      "name": "write[n=1]",
      "argv": [
        "env",
        "WRAPPED=work",
        "cp",
        "in/1.txt",
        "work/1.txt"
      ],
      "cwd": ".",
      "task": "write",
      "inputs": [
        "in/1.txt"
      ],
      "outputs": [
        "work/1.txt"
      ]
    },
    {
      "name": "show[n=1]",
      "argv": [
        "env",
        "WRAPPED=work",
        "sh",
        "-c",
        "pwd; cat; echo $OUTER $DEFAULT $WRAPPED $OWN $0 > $1; echo x: > 1.d",
        "work-3",
        "1.out"
      ],
      "cwd": "in/1",
      "env": [
        "OWN"
      ],
      "deps": [
        "write[n=1]"
      ],
      "after": [
        "work-first"
      ],
      "task": "show",
      "depfile": "in/1/1.d",
      "stdin": "work/1.txt"
    },
    {
      "name": "work-first",
      "argv": [
        "true"
      ],
      "cwd": "."
    }
  ]
}

"#]]);
    sandbox.run(&["-q", "write", "work-first"]).code(0);
    sandbox.run(&["-q", "all", "--no-deps"]).code(0);
    assert_eq!(log(&sandbox, "show[n=1].log"), "[FOLDER]/in/1\nin/1.txt");
    assert_eq!(sandbox.read("in/2/2.out"), "work/show show[n=2] work own 2 of show work-3\n");
}

#[test]
fn built_in_names_and_parts() {
    let manifest = r#"
include = ["sub/a.toml"]
[vars]
path = "a/b.c/archive.tar.gz"
plain = "name"
absolute = "/x"
[tasks]
parts = ["echo", "{{path.dir}}|{{path.name}}|{{path.stem}}|{{path.ext}}"]
none = ["echo", "{{plain.dir}}|{{plain.name}}|{{plain.stem}}|{{plain.ext}}"]
top = ["echo", "{{absolute.dir}}|{{ absolute }}"]
names = ["echo", "{{task}} {{job}} {{root}} {{invocation_dir}} {{root.dir}}/{{root.name}}"]
env = ["echo", "{{env.HERE}} {{env.HERE.stem}} {{env.WITH.DOT}}"]
"#;
    let sandbox = Sandbox::with(manifest).file("sub/a.toml", "[tasks]\nsub = ['echo', '{{root}} {{invocation_dir}}']");
    let sandbox = sandbox.file("deep/er/here", "");
    let mut command = sandbox.command(&["plan"]);
    command.env("HERE", "/a/b.c").env("WITH.DOT", "dot").current_dir(sandbox.path("deep/er"));
    sandbox.ran(command).code(0).stderr("").stdout(str![[r#"
parts: echo 'a/b.c|archive.tar.gz|archive.tar|gz'
none: echo '.|name|name|'
top: echo '/|/x'
names: echo 'names names [FOLDER] [FOLDER]/deep/er [FOLDER]'
env: echo '/a/b.c b dot'
sub: echo '[FOLDER] [FOLDER]/deep/er'
    cwd: sub

"#]]);
    // What the user called procman in, whatever it then does.
    let mut command = sandbox.command(&["-C", "deep", "plan", "sub"]);
    command.env("HERE", "x").env("WITH.DOT", "x");
    sandbox.ran(command).code(0).stdout(str![[r#"
sub: echo '[FOLDER] [FOLDER]'
    cwd: sub

"#]]);
}

#[test]
fn braces_that_are_meant() {
    plans(
        r#"
[vars]
name = "value"
[tasks]
a = ["echo", "{{{{name}}", "}}", "{ {{name}} }", "{{{{{{name}}", '{"a": {"b": 1}}']
"#,
        &[],
        str![[r#"
a: echo '{{name}}' '}}' '{ value }' '{{value' '{"a": {"b": 1}}'

"#]],
    );
}

#[test]
fn an_argument_stays_one_argument() {
    plans(
        r#"
[vars]
words = "two words; $HOME *"
empty = ""
[tasks]
a = ["echo", "{{words}}", "{{empty}}", "x{{words}}x"]
"#,
        &[],
        str![[r#"
a: echo 'two words; $HOME *' '' 'xtwo words; $HOME *x'

"#]],
    );
}

#[test]
fn values_that_a_user_sets() {
    let manifest = r#"
[vars]
profile = "release"
level = 3
strict = false
[tasks]
a = ["echo", "{{profile}}", "{{level}}", "{{strict}}"]
"#;
    plans(manifest, &[], "a: echo release 3 false\n");
    plans(manifest, &["--set", "profile=a=b c", "--set", "strict="], "a: echo 'a=b c' 3 ''\n");
    plans(manifest, &["--set", "level=1", "--set", "level=2"], "a: echo release 2 false\n");
    // They are values, and no templates.
    plans(manifest, &["--set", "profile={{level}}"], "a: echo '{{level}}' 3 false\n");
    refuses(
        manifest,
        &["plan", "--set", "profil=x", "--set", "other=y"],
        str![[r#"
error: there is no var `profil` to set; did you mean `profile`?
error: there is no var `other` to set; vars are declared under `[vars]`

"#]],
    );
    refuses(
        manifest,
        &["--set", "profile"],
        str![[r#"
error: invalid value 'profile' for '--set <NAME=VALUE>': write NAME=VALUE

For more information, try '--help'.

"#]],
    );
    for command in ["list", "check", "explain"] {
        Sandbox::with(manifest).run(&[command, "--set", "nope=1"]).code(2);
    }
}

#[test]
fn a_value_from_the_environment_gives_way_to_the_command_line() {
    let manifest = "[vars]\na = 'x'\n[tasks]\nt = ['echo', '{{a}}']";
    let run = |value: &str, arguments: &[&str]| {
        let sandbox = Sandbox::with(manifest);
        let mut command = sandbox.command(arguments);
        sandbox.ran({
            command.env("PROCMAN_SET", value);
            command
        })
    };
    run("a=from the environment", &["plan"]).code(0).stdout("t: echo 'from the environment'\n");
    run("a=1", &["plan", "--set", "a=2"]).code(0).stdout("t: echo 2\n");
    run("a=1", &["list"]).code(0).stdout("t  echo 1\n");
    run("b=1", &["check"]).code(2).stderr("error: there is no var `b` to set; vars are declared under `[vars]`\n");
    run("a", &["plan"]).code(2).stdout("").stderr(str![[r#"
error: PROCMAN_SET is `a`: write NAME=VALUE

"#]]);
    run("b=1", &["plan"]).code(2).stdout("").stderr(str![[r#"
error: there is no var `b` to set; vars are declared under `[vars]`

"#]]);
}

#[test]
fn a_set_value_belongs_to_every_file_that_has_the_var() {
    let sandbox = Sandbox::with("include = ['a.toml']\n[vars]\nv = 'top'\n[tasks]\nt = ['echo', '{{v}}']");
    let sandbox = sandbox.file("a.toml", "[vars]\nv = 'inner'\nown = 'own'\n[tasks]\na = ['echo', '{{v}}', '{{own}}']");
    sandbox.run(&["plan"]).code(0).stdout("t: echo top\na: echo inner own\n");
    sandbox.run(&["plan", "--set", "v=set", "--set", "own=1"]).code(0).stdout("t: echo set\na: echo set 1\n");
}

#[test]
fn what_was_set_is_recorded_and_set_again() {
    let sandbox = Sandbox::with("[vars]\nv = 'x'\n[tasks]\nt = ['sh', '-c', 'echo {{v}}; exit 1']");
    sandbox.run(&["-q", "--set", "v=given"]).code(1);
    let selection = sandbox.events()[0]["selection"].clone();
    assert_eq!(selection, serde_json::json!({ "set": { "v": "given" } }));
    sandbox.run(&["-q", "rerun", "--failed"]).code(1);
    assert_eq!(log(&sandbox, "t.log"), "given\n");
    let sandbox = sandbox.file("procman.toml", "[tasks]\nt = ['true']");
    sandbox.run(&["rerun"]).code(2).stderr(str![[r#"
error: there is no var `v` to set; vars are declared under `[vars]`

"#]]);
}

#[test]
fn arguments_go_to_every_selected_task_that_asks_for_them() {
    let manifest = r#"
[tasks]
a = ["echo", "{{args}}", "end"]
b = { argv = ["echo", "{{ args }}", "{{args}}"], deps = ["needed"] }
c = ["echo", "c"]
needed = ["echo", "needed", "{{args}}"]
all = { deps = ["a", "c"] }
m = { argv = ["echo", "{{n}}", "{{args}}"], matrix = { n = [1, 2] } }
plain = { argv = ["echo", "{{n}}"], matrix = { n = [1, 2] } }
"#;
    plans(
        manifest,
        &["a", "b", "c", "--", "-x", "y z"],
        str![[r#"
a: echo -x 'y z' end
b: echo -x 'y z' -x 'y z'
    needs: needed
c: echo c
needed: echo needed

"#]],
    );
    plans(manifest, &["a", "b"], "a: echo end\nb: echo\n    needs: needed\nneeded: echo needed\n");
    plans(manifest, &["a", "--", ""], "a: echo '' end\n");
    plans(manifest, &["all", "--", "1"], "a: echo 1 end\nc: echo c\n");
    plans(manifest, &["m", "--", "x"], "m[n=1]: echo 1 x\nm[n=2]: echo 2 x\n");
    plans(manifest, &["m[n=2]", "c", "--", "x"], "c: echo c\nm[n=2]: echo 2 x\n");
    plans(manifest, &["c", "--", "x", "{{args}}"], "c: echo c x '{{args}}'\n");
    plans(manifest, &["plain", "--", "x"], "plain[n=1]: echo 1 x\nplain[n=2]: echo 2 x\n");
    plans(manifest, &["plain[n=2]", "--", "x"], "plain[n=2]: echo 2 x\n");
    plans(manifest, &["--no-deps", "b", "--", "x"], "b: echo x x\n");
}

#[test]
fn arguments_without_a_place_are_refused() {
    let manifest = "[tasks]\na = ['echo']\nb = ['echo']\ng = { deps = ['a'] }\n";
    for names in [&["a", "b"][..], &[], &["g"], &["[ab]*"], &["?"]] {
        let arguments: Vec<&str> = names.iter().chain(&["--", "x"]).copied().collect();
        Sandbox::with(manifest).run(&arguments).code(2).stdout("");
    }
    refuses(
        manifest,
        &["a", "b", "--", "x"],
        str![[r#"
error: arguments after `--` need a task to go to; name one that has an argv, or some with `{{args}}` in it

"#]],
    );
}

#[test]
fn arguments_that_are_no_text_arrive_as_they_are() {
    let sandbox = Sandbox::with("[tasks]\na = ['printf', '%s', '{{args}}']");
    let mut command = sandbox.command(&["-q", "--"]);
    command.arg(OsStr::from_bytes(b"\xff\n"));
    sandbox.ran(command).code(0);
    assert_eq!(sandbox.log("a.log"), b"\xff\n");
    sandbox.run(&["-q", "rerun"]).code(0);
    assert_eq!(sandbox.log("a.log"), b"\xff\n");
}

#[test]
fn inputs_and_outputs_as_arguments() {
    let manifest = r#"
include = ["sub/a.toml"]
[tasks]
all = { argv = ["cat", "{{inputs}}", "--", "{{outputs}}"], inputs = ["b.txt", "*.txt", "!c.txt"], outputs = ["o/1", "o/2"] }
elsewhere = { argv = ["cat", "{{inputs}}", "{{outputs}}"], cwd = "sub/deep", inputs = ["a.txt", "sub/x", "/etc/hosts"], outputs = ["out"] }
none = ["cat", "{{inputs}}", "{{outputs}}"]
folder = { argv = ["cat", "{{inputs}}"], inputs = ["sub/deep", "sub/x"] }
"#;
    let inner = "[tasks]\ninner = { argv = ['cat', '{{inputs}}', '{{outputs}}'], inputs = ['x', '../a.txt'], outputs = ['o'], manual = true }";
    let sandbox = ["a.txt", "b.txt", "c.txt", ".hidden.txt", "sub/x", "sub/deep/y", "sub/.z"]
        .iter()
        .fold(Sandbox::with(manifest), |sandbox, file| sandbox.file(file, *file));
    let sandbox = sandbox.file("sub/a.toml", inner);
    sandbox.run(&["plan", "*", "inner"]).code(0).stderr("").stdout(str![[r#"
all: cat b.txt a.txt -- o/1 o/2
elsewhere: cat ../../a.txt ../x /etc/hosts ../../out
    cwd: sub/deep
none: cat
folder: cat sub/deep/y sub/x
inner: cat x ../a.txt o
    cwd: sub

"#]]);
    sandbox.run(&["-q", "folder"]).code(0);
    assert_eq!(log(&sandbox, "folder.log"), "sub/deep/ysub/x");
}

#[test]
fn what_stands_for_many_arguments_stands_alone() {
    rejected(
        r#"
[tasks]
a = ["echo", "--files={{inputs}}", "{{outputs}},", "x{{ args }}", "{{args}}{{args}}"]
b = { argv = ["echo"], env = { A = "{{args}}" }, cwd = "{{outputs}}", inputs = ["{{inputs}}"] }
c = { argv = ["echo", "{{inputs.stem}}", "{{outputs}}"], outputs = ["*.o"] }
"#,
        str![[r#"
error: `{{inputs}}` stands for any number of arguments
 --> procman.toml:3:25
  |
3 | a = ["echo", "--files={{inputs}}", "{{outputs}},", "x{{ args }}", "{{args}}{{args}}"]
  |                         ^^^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{outputs}}` stands for any number of arguments
 --> procman.toml:3:39
  |
3 | a = ["echo", "--files={{inputs}}", "{{outputs}},", "x{{ args }}", "{{args}}{{args}}"]
  |                                       ^^^^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{args}}` stands for any number of arguments
 --> procman.toml:3:56
  |
3 | a = ["echo", "--files={{inputs}}", "{{outputs}},", "x{{ args }}", "{{args}}{{args}}"]
  |                                                        ^^^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{args}}` stands for any number of arguments
 --> procman.toml:3:70
  |
3 | a = ["echo", "--files={{inputs}}", "{{outputs}},", "x{{ args }}", "{{args}}{{args}}"]
  |                                                                      ^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{args}}` stands for any number of arguments
 --> procman.toml:3:78
  |
3 | a = ["echo", "--files={{inputs}}", "{{outputs}},", "x{{ args }}", "{{args}}{{args}}"]
  |                                                                              ^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{args}}` stands for any number of arguments
 --> procman.toml:4:39
  |
4 | b = { argv = ["echo"], env = { A = "{{args}}" }, cwd = "{{outputs}}", inputs = ["{{inputs}}"] }
  |                                       ^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{outputs}}` stands for any number of arguments
 --> procman.toml:4:59
  |
4 | b = { argv = ["echo"], env = { A = "{{args}}" }, cwd = "{{outputs}}", inputs = ["{{inputs}}"] }
  |                                                           ^^^^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{inputs}}` stands for any number of arguments
 --> procman.toml:4:84
  |
4 | b = { argv = ["echo"], env = { A = "{{args}}" }, cwd = "{{outputs}}", inputs = ["{{inputs}}"] }
  |                                                                                    ^^^^^^
  |
  = help: let it be an element of `argv` of its own

error: `{{inputs}}` stands for any number of arguments
 --> procman.toml:5:26
  |
5 | c = { argv = ["echo", "{{inputs.stem}}", "{{outputs}}"], outputs = ["*.o"] }
  |                          ^^^^^^^^^^^
  |
  = help: let it be an element of `argv` of its own

error: 9 problems in procman.toml

"#]],
    );
}

#[test]
fn names_that_are_not_there() {
    rejected(
        r#"
[vars]
profile = "release"
[tasks]
one = ["echo", "{{profil}} {{profile}} {{ nothing }}", "{{}}", "{{profile.stam}}", "{{env.NO_SUCH_VARIABLE}}"]
two = { argv = ["{{src}}"], matrix = { source = ["a"] } }
three = ["echo", "{{profile", "{{a}} and {{b"]
"#,
        str![[r#"
error: there is no `profil` to put in here
 --> procman.toml:5:19
  |
5 | one = ["echo", "{{profil}} {{profile}} {{ nothing }}", "{{}}", "{{profile.stam}}", "{{env.NO_SUCH_VARIABLE}}"]
  |                   ^^^^^^
  |
  = help: did you mean `profile`?

error: there is no `nothing` to put in here
 --> procman.toml:5:42
  |
5 | one = ["echo", "{{profil}} {{profile}} {{ nothing }}", "{{}}", "{{profile.stam}}", "{{env.NO_SUCH_VARIABLE}}"]
  |                                          ^^^^^^^^^
  |
  = help: there are profile, task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: `{{}}` names nothing
 --> procman.toml:5:59
  |
5 | one = ["echo", "{{profil}} {{profile}} {{ nothing }}", "{{}}", "{{profile.stam}}", "{{env.NO_SUCH_VARIABLE}}"]
  |                                                           ^
  |
  = help: there are profile, task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: `profile` has no part `stam`
 --> procman.toml:5:67
  |
5 | one = ["echo", "{{profil}} {{profile}} {{ nothing }}", "{{}}", "{{profile.stam}}", "{{env.NO_SUCH_VARIABLE}}"]
  |                                                                   ^^^^^^^^^^^^
  |
  = help: a value has the parts .stem, .name, .dir and .ext

error: the environment variable `NO_SUCH_VARIABLE` is not set
 --> procman.toml:5:87
  |
5 | one = ["echo", "{{profil}} {{profile}} {{ nothing }}", "{{}}", "{{profile.stam}}", "{{env.NO_SUCH_VARIABLE}}"]
  |                                                                                       ^^^^^^^^^^^^^^^^^^^^
  |
  = help: set it where procman is started

error: there is no `src` to put in here
 --> procman.toml:6:20
  |
6 | two = { argv = ["{{src}}"], matrix = { source = ["a"] } }
  |                    ^^^
  |
  = help: did you mean `source`?

error: `{{` is not closed
 --> procman.toml:7:19
  |
7 | three = ["echo", "{{profile", "{{a}} and {{b"]
  |                   ^^^^^^^^^
  |
  = help: close it with `}}`, or write `{{{{` for two plain braces

error: there is no `a` to put in here
 --> procman.toml:7:34
  |
7 | three = ["echo", "{{profile", "{{a}} and {{b"]
  |                                  ^
  |
  = help: there are profile, task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: `{{` is not closed
 --> procman.toml:7:42
  |
7 | three = ["echo", "{{profile", "{{a}} and {{b"]
  |                                          ^^^
  |
  = help: close it with `}}`, or write `{{{{` for two plain braces

error: 9 problems in procman.toml

"#]],
    );
}

#[test]
fn a_name_is_pointed_at_behind_escapes_and_in_strings_of_many_lines() {
    rejected(
        "[tasks]\n\
         a = [\"echo\", \"\\t\\u00e9\\\"{{nope1}}\\n{{nope2}}\"]\n\
         b = ['echo', 'C:\\{{nope3}}', 'größe {{nope4}}']\n\
         c = [\"sh\", \"-c\", \"\"\"\n  echo {{nope5}} \\\n      {{nope6}}\n\"quoted\" {{nope7}}\"\"\"]\n\
         d = ['''\n{{nope8}}''']\r\n\
         e = [\"\"\"x\r\n{{nope9}}\"\"\"]\n",
        str![[r#"
error: there is no `nope1` to put in here
 --> procman.toml:2:27
  |
2 | a = ["echo", "\t\u00e9\"{{nope1}}\n{{nope2}}"]
  |                           ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope2` to put in here
 --> procman.toml:2:38
  |
2 | a = ["echo", "\t\u00e9\"{{nope1}}\n{{nope2}}"]
  |                                      ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope3` to put in here
 --> procman.toml:3:20
  |
3 | b = ['echo', 'C:\{{nope3}}', 'größe {{nope4}}']
  |                    ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope4` to put in here
 --> procman.toml:3:39
  |
3 | b = ['echo', 'C:\{{nope3}}', 'größe {{nope4}}']
  |                                       ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope5` to put in here
 --> procman.toml:5:10
  |
5 |   echo {{nope5}} \
  |          ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope6` to put in here
 --> procman.toml:6:9
  |
6 |       {{nope6}}
  |         ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope7` to put in here
 --> procman.toml:7:12
  |
7 | "quoted" {{nope7}}"""]
  |            ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope8` to put in here
 --> procman.toml:9:3
  |
9 | {{nope8}}''']
  |   ^^^^^
  |
  = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `nope9` to put in here
  --> procman.toml:11:3
   |
11 | {{nope9}}"""]
   |   ^^^^^
   |
   = help: there are task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: 9 problems in procman.toml

"#]],
    );
}

#[test]
fn a_problem_of_many_tasks_is_told_once_at_its_place() {
    let sandbox = Sandbox::with(
        "include = ['sub/a.toml']\n[vars]\nprofile = 'x'\n[env]\nA = '{{profil}}'\n[defaults]\ncwd = '{{nope}}'\n\
         [tasks]\na = ['true']\nb = ['true']\n",
    );
    let sandbox = sandbox.file(
        "sub/a.toml",
        "[vars]\nown = 'x'\n[defaults]\nenv = { B = 'ä {{owm}}' }\n[tasks]\nc = ['echo', '{{own}} {{profile}} {{zzz}}']",
    );
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: there is no `profil` to put in here
 --> procman.toml:5:8
  |
5 | A = '{{profil}}'
  |        ^^^^^^
  |
  = help: did you mean `profile`?

error: there is no `nope` to put in here
 --> procman.toml:7:10
  |
7 | cwd = '{{nope}}'
  |          ^^^^
  |
  = help: there are profile, task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: there is no `owm` to put in here
 --> sub/a.toml:4:18
  |
4 | env = { B = 'ä {{owm}}' }
  |                  ^^^
  |
  = help: did you mean `own`?

error: there is no `zzz` to put in here
 --> sub/a.toml:6:37
  |
6 | c = ['echo', '{{own}} {{profile}} {{zzz}}']
  |                                     ^^^
  |
  = help: there are profile, own, task, job, root, invocation_dir and env.NAME; write `{{{{` for two plain braces

error: 4 problems in procman.toml, sub/a.toml

"#]]);
}

#[test]
fn vars_have_plain_names_and_plain_values() {
    rejected(
        r#"
[vars]
a = "x"
b = "{{a}}"
"a.b" = "x"
env = "x"
job = "x"
list = ["x"]
date = 1979-05-27
[tasks]
t = ["true"]
"#,
        str![[r#"
error: the var `b` cannot be made of others
 --> procman.toml:4:5
  |
4 | b = "{{a}}"
  |     ^^^^^^^
  |
  = help: put them together where they are used

error: `a.b` cannot be a name in `{{…}}`; use letters, digits, `_` and `-`
 --> procman.toml:5:1
  |
5 | "a.b" = "x"
  | ^^^^^

error: `env` has a meaning of its own in `{{…}}`; choose another name
 --> procman.toml:6:1
  |
6 | env = "x"
  | ^^^

error: `job` has a meaning of its own in `{{…}}`; choose another name
 --> procman.toml:7:1
  |
7 | job = "x"
  | ^^^

error: `list` must be a string, a number or a boolean, not an array
 --> procman.toml:8:8
  |
8 | list = ["x"]
  |        ^^^^^

error: `date` must be a string, a number or a boolean, not a date or time
 --> procman.toml:9:8
  |
9 | date = 1979-05-27
  |        ^^^^^^^^^^

error: 6 problems in procman.toml

"#]],
    );
}

#[test]
fn values_are_as_they_are_written() {
    plans(
        "[vars]\npython = 3.10\nhex = 0xFF\nbig = 1_000\nyes = true\ntext = '''a\nb'''\n[tasks]\n\
         t = ['echo', '{{python}}', '{{hex}}', '{{big}}', '{{yes}}', '{{text}}']",
        &[],
        str![[r#"
t: echo 3.10 0xFF 1000 true $'a\nb'

"#]],
    );
}

#[test]
fn an_env_file_has_values_and_no_templates() {
    let sandbox = Sandbox::with("env_file = ['vars']\n[tasks]\nt = ['sh', '-c', 'echo $A']").file("vars", "A='{{x}}'");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.log("t.log"), b"{{x}}\n");
}

/// What is made to be checked in is the same wherever it is made.
#[test]
fn a_plan_to_be_checked_in_depends_on_no_machine() {
    let manifest = r#"
[env]
HOME_OF = "{{env.USER_NAME}}"
[tasks.make]
argv = ["make", "{{root}}/x", "{{ invocation_dir.name }}", "{{env.UNSET_OR_NOT}}"]
cwd = "{{root}}/sub"
inputs = ["{{root}}/in/*.c", "{{env.ELSEWHERE}}/*.h", "in/{a,b}.d"]
outputs = ["{{root}}/out/x", "{{root}}/../beside"]
stdin = "{{root}}/in/a.c"
depfile = "{{root}}/x.d"
[tasks.use]
argv = ["cat", "{{inputs}}", "{{outputs}}"]
inputs = ["out/x"]
outputs = ["{{env.ELSEWHERE}}/y"]
[tasks.found]
argv = ["echo", "{{src}}", "{{src.stem}}"]
matrix = { src = { glob = "{{root}}/in/*.c" } }
inputs = ["{{src}}", "{{root}}/out/x"]
deps = ["{{env.WHO}}"]
[tasks.me]
argv = ["true"]
"#;
    let plan_in = |elsewhere: &str| {
        let sandbox = Sandbox::with(manifest).file("in/a.c", "").file("sub/here", "");
        let mut command = sandbox.command(&["plan", "--json"]);
        command.env("WHO", "me").env("USER_NAME", elsewhere).env("ELSEWHERE", elsewhere);
        if elsewhere == "/b" {
            command.env("UNSET_OR_NOT", "x").current_dir(sandbox.path("sub"));
        }
        sandbox.ran(command).code(0).stderr("")
    };
    let (here, there) = (plan_in("/a"), plan_in("/b"));
    assert_eq!(here.stdout_bytes(), there.stdout_bytes());
    here.stdout(str![[r#"
{
  "env": [
    "HOME_OF"
  ],
  "jobs": [
    {
      "name": "make",
      "argv": [
        "make",
        "{{root}}/x",
        "{{invocation_dir.name}}",
        "{{env.UNSET_OR_NOT}}"
      ],
      "cwd": "sub",
      "inputs": [
        "in/*.c",
        "{{env.ELSEWHERE}}/*.h",
        "in/{a,b}.d"
      ],
      "outputs": [
        "out/x",
        "../beside"
      ],
      "depfile": "x.d",
      "stdin": "in/a.c"
    },
    {
      "name": "use",
      "argv": [
        "cat",
        "out/x",
        "{{env.ELSEWHERE}}/y"
      ],
      "cwd": ".",
      "deps": [
        "make"
      ],
      "inputs": [
        "out/x"
      ],
      "outputs": [
        "{{env.ELSEWHERE}}/y"
      ]
    },
    {
      "name": "found[src={{root}}/in/a.c]",
      "argv": [
        "echo",
        "{{root}}/in/a.c",
        "a"
      ],
      "cwd": ".",
      "deps": [
        "me",
        "make"
      ],
      "task": "found",
      "inputs": [
        "in/a.c",
        "out/x"
      ]
    },
    {
      "name": "me",
      "argv": [
        "true"
      ],
      "cwd": "."
    }
  ]
}

"#]]);
}

#[test]
fn a_plan_for_this_machine_has_what_is_on_it() {
    let sandbox = Sandbox::with(
        "[tasks.make]\nargv = ['true', '{{root}}', '{{env.WHO}}']\ncwd = '{{root}}/sub'\noutputs = ['{{root}}/{{env.WHO}}']",
    );
    let sandbox = sandbox.file("sub/here", "").script("bin/true", "");
    let mut command = sandbox.command(&["plan", "--json", "--resolve"]);
    command.env("WHO", "me").env("PATH", sandbox.path("bin"));
    sandbox.ran(command).code(0).stderr("").stdout(str![[r#"
{
  "jobs": [
    {
      "name": "make",
      "argv": [
        "true",
        "[FOLDER]",
        "me"
      ],
      "cwd": "sub",
      "outputs": [
        "me"
      ],
      "program": {
        "found": "[FOLDER]/bin/true"
      }
    }
  ]
}

"#]]);
}

#[test]
fn an_argv_has_to_have_a_program() {
    let sandbox = Sandbox::with("[tasks]\na = { argv = ['{{args}}'] }");
    sandbox.run(&["check"]).code(2).stderr(str![[r#"
error: the argv of `a` has no program
 --> procman.toml:2:1
  |
2 | a = { argv = ['{{args}}'] }
  | ^
  |
  = help: put it first: `{{args}}`, `{{inputs}}` and `{{outputs}}` may be nothing

error: 1 problem in procman.toml

"#]]);
}
