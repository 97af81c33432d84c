//! What is said of a manifest that is wrong, word for word.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts with them")]

use snapbox::str;

use crate::sandbox::Sandbox;

#[track_caller]
fn rejected(manifest: &str, stderr: impl snapbox::IntoData) {
    Sandbox::with(manifest).run(&[]).code(2).stdout("").stderr(stderr);
}

#[test]
fn every_problem_is_reported_in_one_go_sorted_by_place() {
    rejected(
        r#"
limit = 0
[tasks.build]
command = ["cargo", "build"]
deps = "fmt"
[tasks.fmt]
argv = "cargo fmt --check"
timeout = "5 parsecs"
"#,
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:2:9
  |
2 | limit = 0
  |         ^

error: unknown key `command`
 --> procman.toml:4:1
  |
4 | command = ["cargo", "build"]
  | ^^^^^^^
  |
  = help: did you mean `argv`?

error: `deps` must be an array of strings, not a string
 --> procman.toml:5:8
  |
5 | deps = "fmt"
  |        ^^^^^
  |
  = help: write `deps = ["fmt"]`

error: `argv` must be an array of strings, not a string
 --> procman.toml:7:8
  |
7 | argv = "cargo fmt --check"
  |        ^^^^^^^^^^^^^^^^^^^
  |
  = help: write the program and each argument apart: ["cargo", "fmt", "--check"]

error: `timeout` is not a duration
 --> procman.toml:8:11
  |
8 | timeout = "5 parsecs"
  |           ^^^^^^^^^^^
  |
  = help: write a number with a unit, such as "500ms", "30s", "5m" or "1h 30m"

error: 5 problems in procman.toml

"#]],
    );
}

#[test]
fn a_cycle_is_shown_as_its_path_with_each_edge_where_it_is_written() {
    rejected(
        r#"
[tasks]
a = { argv = ["a"], deps = ["b"] }
b = { argv = ["b"], after = ["c"] }
c = { deps = ["a"] }
"#,
        str![[r#"
error: tasks wait for each other in a cycle: a -> b -> c -> a
 --> procman.toml:3:29
  |
3 | a = { argv = ["a"], deps = ["b"] }
  |                             ^^^ `a` waits for `b`
4 | b = { argv = ["b"], after = ["c"] }
  |                              --- `b` waits for `c`
5 | c = { deps = ["a"] }
  |               --- `c` waits for `a`
  |
  = help: remove one of these dependencies

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn text_that_is_no_toml_is_reported_at_each_place() {
    rejected(
        r#"
limit =
[tasks]
a = ["a" "b"]
b = "unclosed
c = [make]
d = ["d"]]
[tasks.e
argv = ["e"]
"#,
        str![[r#"
error: this is not TOML: string values must be quoted, expected literal string
 --> procman.toml:2:8
  |
2 | limit =
  |        ^

error: this is not TOML: missing comma between array elements, expected `,`
 --> procman.toml:4:10
  |
4 | a = ["a" "b"]
  |          ^

error: this is not TOML: invalid basic string, expected `"`
 --> procman.toml:5:14
  |
5 | b = "unclosed
  |              ^

error: this is not TOML: string values must be quoted, expected literal string
 --> procman.toml:6:6
  |
6 | c = [make]
  |      ^^^^

error: this is not TOML: unexpected key or value, expected newline, `#`
 --> procman.toml:7:10
  |
7 | d = ["d"]]
  |          ^

error: this is not TOML: unclosed table, expected `]`
 --> procman.toml:8:9
  |
8 | [tasks.e
  |         ^

error: unknown key `argv`
 --> procman.toml:9:1
  |
9 | argv = ["e"]
  | ^^^^
  |
  = help: `argv` is a key of a task; for every task, write it under `[defaults]`

error: 7 problems in procman.toml

"#]],
    );
}

#[test]
fn an_array_that_is_never_closed_is_reported_where_it_is_missed() {
    rejected(
        "[tasks]\na = [\"a\"\n",
        str![[r#"
error: this is not TOML: unclosed array, expected `]`
 --> procman.toml:2:9
  |
2 | a = ["a"
  |         ^

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn a_file_of_another_format() {
    rejected(
        "all: build test\n\t./run.sh\n",
        str![[r#"
error: this is not TOML: key with no value, expected `=`
 --> procman.toml:1:6
  |
1 | all: build test
  |      ^

error: this is not TOML: missing value for key, expected `=`
 --> procman.toml:2:10
  |
2 |     ./run.sh
  |             ^

error: 2 problems in procman.toml

"#]],
    );
}

#[test]
fn a_task_that_is_written_in_two_ways_at_once() {
    rejected(
        r#"
[tasks]
a = ["a"]
[tasks.a.env]
X = "1"
"#,
        str![[r#"
error: this is not TOML: cannot extend value of type array with a dotted key
 --> procman.toml:4:8
  |
4 | [tasks.a.env]
  |        ^

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn what_follows_from_broken_syntax_is_not_reported_beside_it() {
    rejected(
        r#"
default = ["fmt"]
[tasks]
fmt = cargo fmt
test = { argv = ["cargo", "test"], deps = ["fmt"] }
lint = "cargo clippy"
"#,
        str![[r#"
error: this is not TOML: string values must be quoted, expected literal string
 --> procman.toml:4:7
  |
4 | fmt = cargo fmt
  |       ^^^^^^^^^

error: `argv` must be an array of strings, not a string
 --> procman.toml:6:8
  |
6 | lint = "cargo clippy"
  |        ^^^^^^^^^^^^^^
  |
  = help: write the program and each argument apart: ["cargo", "clippy"]

error: 2 problems in procman.toml

"#]],
    );
}

#[test]
fn a_key_or_a_task_that_is_there_twice() {
    rejected(
        r#"
limit = 1
limit = 2
[tasks]
a = ["a"]
a = ["b"]
[tasks.b]
argv = ["b"]
argv = ["c"]
[tasks.b]
argv = ["d"]
[tasks.a]
argv = ["e"]
"#,
        str![[r#"
error: `limit` is there twice
 --> procman.toml:3:1
  |
3 | limit = 2
  | ^^^^^

error: `a` is there twice
 --> procman.toml:6:1
  |
6 | a = ["b"]
  | ^

error: `argv` is there twice
 --> procman.toml:9:1
  |
9 | argv = ["c"]
  | ^^^^

error: `b` is there twice
  --> procman.toml:10:8
   |
10 | [tasks.b]
   |        ^

error: `argv` is there twice
  --> procman.toml:11:1
   |
11 | argv = ["d"]
   | ^^^^

error: `a` is there twice
  --> procman.toml:12:8
   |
12 | [tasks.a]
   |        ^

error: 6 problems in procman.toml

"#]],
    );
}

#[test]
fn an_unknown_key_at_the_top_comes_with_what_may_be_meant() {
    rejected(
        r#"
limits = 4
on_fail = "kill"
colour = "blue"
[default]
timeout = "1m"
[tasks.b]
argv = ["b"]
"#,
        str![[r#"
error: unknown key `limits`
 --> procman.toml:2:1
  |
2 | limits = 4
  | ^^^^^^
  |
  = help: did you mean `limit`?

error: unknown key `on_fail`
 --> procman.toml:3:1
  |
3 | on_fail = "kill"
  | ^^^^^^^
  |
  = help: did you mean `on_failure`?

error: unknown key `colour`
 --> procman.toml:4:1
  |
4 | colour = "blue"
  | ^^^^^^
  |
  = help: the keys of a manifest are min_version, limit, default, on_failure, pools, log, include, env, env_file, inherit_env, vars, defaults, tasks

error: `default` must be an array of strings, not a table
 --> procman.toml:5:1
  |
5 | [default]
  | ^^^^^^^^^

error: 4 problems in procman.toml

"#]],
    );
}

#[test]
fn a_key_of_tasks_at_the_top_belongs_under_defaults() {
    rejected(
        r#"
timeout = "10m"
retries = 2
cwd = "src"
[tasks]
a = ["a"]
"#,
        str![[r#"
error: unknown key `timeout`
 --> procman.toml:2:1
  |
2 | timeout = "10m"
  | ^^^^^^^
  |
  = help: `timeout` is a key of a task; for every task, write it under `[defaults]`

error: unknown key `retries`
 --> procman.toml:3:1
  |
3 | retries = 2
  | ^^^^^^^
  |
  = help: `retries` is a key of a task; for every task, write it under `[defaults]`

error: unknown key `cwd`
 --> procman.toml:4:1
  |
4 | cwd = "src"
  | ^^^
  |
  = help: `cwd` is a key of a task; for every task, write it under `[defaults]`

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn an_unknown_key_of_a_task_comes_with_what_may_be_meant() {
    rejected(
        r#"
[tasks.a]
arg = ["a"]
[tasks.b]
argv = ["b"]
time_out = "1m"
retry = 2
env-file = [".env"]
colour = "blue"
"#,
        str![[r#"
error: unknown key `arg`
 --> procman.toml:3:1
  |
3 | arg = ["a"]
  | ^^^
  |
  = help: did you mean `argv`?

error: unknown key `time_out`
 --> procman.toml:6:1
  |
6 | time_out = "1m"
  | ^^^^^^^^
  |
  = help: did you mean `timeout`?

error: unknown key `retry`
 --> procman.toml:7:1
  |
7 | retry = 2
  | ^^^^^
  |
  = help: did you mean `retries`?

error: unknown key `env-file`
 --> procman.toml:8:1
  |
8 | env-file = [".env"]
  | ^^^^^^^^
  |
  = help: did you mean `env_file`?

error: unknown key `colour`
 --> procman.toml:9:1
  |
9 | colour = "blue"
  | ^^^^^^
  |
  = help: the keys of a task are argv, description, deps, after, cwd, env, env_remove, env_file, inherit_env, timeout, grace, slow_after, retries, success_codes, allow_failure, leak, inputs, outputs, depfile, matrix, tags, aliases, private, manual, platforms, weight, pools, memory, priority, interactive, confirm, stdin, streams, wrapper

error: 5 problems in procman.toml

"#]],
    );
}

#[test]
fn what_other_tools_call_the_keys_of_a_task_is_translated() {
    let argv = ["cmd", "command", "commands", "run", "exec", "script", "args"].map(|key| (key, "argv"));
    let deps = ["depends", "depends_on", "dependencies", "needs", "requires"].map(|key| (key, "deps"));
    let others = [("dir", "cwd"), ("working_dir", "cwd"), ("workdir", "cwd"), ("environment", "env")];
    for (foreign, ours) in argv.iter().chain(&deps).chain(&others) {
        is_translated(&format!("[tasks.a]\n{foreign} = 1\n"), foreign, ours);
    }
}

#[test]
fn what_other_tools_call_the_keys_at_the_top_is_translated() {
    let tasks = ["task", "targets", "recipes"].map(|key| (key, "tasks"));
    let limit = ["jobs", "max_jobs", "parallel", "concurrency"].map(|key| (key, "limit"));
    for (foreign, ours) in tasks.iter().chain(&limit) {
        is_translated(&format!("[tasks]\na = [\"a\"]\n[{foreign}]\n"), foreign, ours);
    }
}

#[track_caller]
fn is_translated(manifest: &str, foreign: &str, ours: &str) {
    let stderr = Sandbox::with(manifest).run(&[]).code(2).stdout("").stderr_text();
    assert!(stderr.starts_with(&format!("error: unknown key `{foreign}`\n")), "{stderr}");
    assert!(stderr.contains(&format!("\n  = help: did you mean `{ours}`?\n")), "{stderr}");
}

#[test]
fn a_command_line_as_one_string_is_shown_as_the_array_to_write() {
    rejected(
        r#"
[tasks]
words = "cargo test --workspace"
quotes = "git commit -m 'two words' \"\""
[tasks.table]
argv = "make all"
"#,
        str![[r#"
error: `argv` must be an array of strings, not a string
 --> procman.toml:3:9
  |
3 | words = "cargo test --workspace"
  |         ^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write the program and each argument apart: ["cargo", "test", "--workspace"]

error: `argv` must be an array of strings, not a string
 --> procman.toml:4:10
  |
4 | quotes = "git commit -m 'two words' \"\""
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write the program and each argument apart: ["git", "commit", "-m", "two words", ""]

error: `argv` must be an array of strings, not a string
 --> procman.toml:6:8
  |
6 | argv = "make all"
  |        ^^^^^^^^^^
  |
  = help: write the program and each argument apart: ["make", "all"]

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn a_command_line_that_only_a_shell_understands_is_given_to_one() {
    rejected(
        r#"
[tasks]
pipe = "cat *.log | grep error"
home = 'echo "$HOME"'
apostrophe = "echo it's"
"#,
        str![[r#"
error: `argv` must be an array of strings, not a string
 --> procman.toml:3:8
  |
3 | pipe = "cat *.log | grep error"
  |        ^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: procman uses no shell; if this needs one, say so: ["sh", "-c", "cat *.log | grep error"]

error: `argv` must be an array of strings, not a string
 --> procman.toml:4:8
  |
4 | home = 'echo "$HOME"'
  |        ^^^^^^^^^^^^^^
  |
  = help: procman uses no shell; if this needs one, say so: ["sh", "-c", 'echo "$HOME"']

error: `argv` must be an array of strings, not a string
 --> procman.toml:5:14
  |
5 | apostrophe = "echo it's"
  |              ^^^^^^^^^^^
  |
  = help: procman uses no shell; if this needs one, say so: ["sh", "-c", "echo it's"]

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn a_command_line_that_is_none_and_one_with_a_variable() {
    rejected(
        r#"
[tasks]
assignment = "RUST_LOG=debug cargo run"
empty = ""
blank = "   "
"#,
        str![[r#"
error: `argv` must be an array of strings, not a string
 --> procman.toml:3:14
  |
3 | assignment = "RUST_LOG=debug cargo run"
  |              ^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: procman uses no shell; if this needs one, say so: ["sh", "-c", "RUST_LOG=debug cargo run"]

error: `argv` must be an array of strings, not a string
 --> procman.toml:4:9
  |
4 | empty = ""
  |         ^^
  |
  = help: give at least the program

error: `argv` must be an array of strings, not a string
 --> procman.toml:5:9
  |
5 | blank = "   "
  |         ^^^^^
  |
  = help: give at least the program

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn an_argv_begins_with_a_program() {
    rejected(
        r#"
[tasks]
nothing = []
unnamed = ["", "x"]
table.argv = []
"#,
        str![[r#"
error: `argv` is empty
 --> procman.toml:3:11
  |
3 | nothing = []
  |           ^^
  |
  = help: give at least the program

error: `argv` has an empty string for its program
 --> procman.toml:4:11
  |
4 | unnamed = ["", "x"]
  |           ^^^^^^^^^
  |
  = help: give the program's name or path

error: `argv` is empty
 --> procman.toml:5:14
  |
5 | table.argv = []
  |              ^^
  |
  = help: give at least the program

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn no_string_holds_a_nul() {
    rejected(
        r#"
[tasks]
a = ["printf", "a\u0000b"]
b = { argv = ["b"], cwd = "x\u0000", env = { A = "\u0000" } }
"#,
        str![[r#"
error: `argv[1]` has a NUL character in it, which no process and no file name can have
 --> procman.toml:3:16
  |
3 | a = ["printf", "a\u0000b"]
  |                ^^^^^^^^^^

error: `cwd` has a NUL character in it, which no process and no file name can have
 --> procman.toml:4:27
  |
4 | b = { argv = ["b"], cwd = "x\u0000", env = { A = "\u0000" } }
  |                           ^^^^^^^^^

error: `A` has a NUL character in it, which no process and no file name can have
 --> procman.toml:4:50
  |
4 | b = { argv = ["b"], cwd = "x\u0000", env = { A = "\u0000" } }
  |                                                  ^^^^^^^^

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn an_element_of_the_wrong_type_is_shown_by_its_place() {
    rejected(
        r#"
[tasks]
a = ["sleep", 5, true, 1.5, ["x"], { y = 1 }]
b = { argv = ["b"], deps = [1], tags = [false], success_codes = ["0", 1.0] }
"#,
        str![[r#"
error: `argv[1]` must be a string, not an integer
 --> procman.toml:3:15
  |
3 | a = ["sleep", 5, true, 1.5, ["x"], { y = 1 }]
  |               ^
  |
  = help: write it as a string: "5"

error: `argv[2]` must be a string, not a boolean
 --> procman.toml:3:18
  |
3 | a = ["sleep", 5, true, 1.5, ["x"], { y = 1 }]
  |                  ^^^^
  |
  = help: write it as a string: "true"

error: `argv[3]` must be a string, not a float
 --> procman.toml:3:24
  |
3 | a = ["sleep", 5, true, 1.5, ["x"], { y = 1 }]
  |                        ^^^
  |
  = help: write it as a string: "1.5"

error: `argv[4]` must be a string, not an array
 --> procman.toml:3:29
  |
3 | a = ["sleep", 5, true, 1.5, ["x"], { y = 1 }]
  |                             ^^^^^

error: `argv[5]` must be a string, not a table
 --> procman.toml:3:36
  |
3 | a = ["sleep", 5, true, 1.5, ["x"], { y = 1 }]
  |                                    ^^^^^^^^^

error: `deps[0]` must be a string, not an integer
 --> procman.toml:4:29
  |
4 | b = { argv = ["b"], deps = [1], tags = [false], success_codes = ["0", 1.0] }
  |                             ^
  |
  = help: write it as a string: "1"

error: `tags[0]` must be a string, not a boolean
 --> procman.toml:4:41
  |
4 | b = { argv = ["b"], deps = [1], tags = [false], success_codes = ["0", 1.0] }
  |                                         ^^^^^
  |
  = help: write it as a string: "false"

error: `success_codes[0]` must be an integer, not a string
 --> procman.toml:4:66
  |
4 | b = { argv = ["b"], deps = [1], tags = [false], success_codes = ["0", 1.0] }
  |                                                                  ^^^
  |
  = help: write it without quotes: 0

error: `success_codes[1]` must be an integer, not a float
 --> procman.toml:4:71
  |
4 | b = { argv = ["b"], deps = [1], tags = [false], success_codes = ["0", 1.0] }
  |                                                                       ^^^

error: 9 problems in procman.toml

"#]],
    );
}

#[test]
fn retries_that_cannot_be() {
    rejected(
        r#"
[tasks]
a = { argv = ["a"], retries = { count = -1, delay = 5, backoff = "linear", jitter = 1.5, max_delay = "soon" } }
b = { argv = ["b"], retries = { max_dealy = "5s", attempts = 3 } }
c = { argv = ["c"], retries = { count = "2", delay = "1s", jitter = "full" } }
d = { argv = ["d"], retries = { count = 2, delay = "1s", jitter = nan, backoff = 2 } }
e = { argv = ["e"], retries = true }
"#,
        str![[r#"
error: `count` must be 0 or more, below 2^32
 --> procman.toml:3:41
  |
3 | a = { argv = ["a"], retries = { count = -1, delay = 5, backoff = "linear", jitter = 1.5, max_delay = "soon" } }
  |                                         ^^

error: `delay` must be a duration such as "30s", not an integer
 --> procman.toml:3:53
  |
3 | a = { argv = ["a"], retries = { count = -1, delay = 5, backoff = "linear", jitter = 1.5, max_delay = "soon" } }
  |                                                     ^
  |
  = help: write it with a unit: "5s"

error: `backoff` must be "fixed" or "exponential"
 --> procman.toml:3:66
  |
3 | a = { argv = ["a"], retries = { count = -1, delay = 5, backoff = "linear", jitter = 1.5, max_delay = "soon" } }
  |                                                                  ^^^^^^^^

error: `jitter` must be from 0.0 to 1.0
 --> procman.toml:3:85
  |
3 | a = { argv = ["a"], retries = { count = -1, delay = 5, backoff = "linear", jitter = 1.5, max_delay = "soon" } }
  |                                                                                     ^^^

error: `max_delay` is not a duration
 --> procman.toml:3:102
  |
3 | a = { argv = ["a"], retries = { count = -1, delay = 5, backoff = "linear", jitter = 1.5, max_delay = "soon" } }
  |                                                                                                      ^^^^^^
  |
  = help: write a number with a unit, such as "500ms", "30s", "5m" or "1h 30m"

error: unknown key `max_dealy`
 --> procman.toml:4:33
  |
4 | b = { argv = ["b"], retries = { max_dealy = "5s", attempts = 3 } }
  |                                 ^^^^^^^^^
  |
  = help: did you mean `max_delay`?

error: unknown key `attempts`
 --> procman.toml:4:51
  |
4 | b = { argv = ["b"], retries = { max_dealy = "5s", attempts = 3 } }
  |                                                   ^^^^^^^^
  |
  = help: the keys of `retries` are count, delay, backoff, max_delay, jitter

error: `count` must be an integer, not a string
 --> procman.toml:5:41
  |
5 | c = { argv = ["c"], retries = { count = "2", delay = "1s", jitter = "full" } }
  |                                         ^^^
  |
  = help: write it without quotes: 2

error: `jitter` must be a number from 0.0 to 1.0, not a string
 --> procman.toml:5:69
  |
5 | c = { argv = ["c"], retries = { count = "2", delay = "1s", jitter = "full" } }
  |                                                                     ^^^^^^

error: `jitter` must be from 0.0 to 1.0
 --> procman.toml:6:67
  |
6 | d = { argv = ["d"], retries = { count = 2, delay = "1s", jitter = nan, backoff = 2 } }
  |                                                                   ^^^

error: `backoff` must be "fixed" or "exponential", not an integer
 --> procman.toml:6:82
  |
6 | d = { argv = ["d"], retries = { count = 2, delay = "1s", jitter = nan, backoff = 2 } }
  |                                                                                  ^

error: `retries` must be an integer or a table, not a boolean
 --> procman.toml:7:31
  |
7 | e = { argv = ["e"], retries = true }
  |                               ^^^^
  |
  = help: write `retries = 2` or `retries = { count = 2, delay = "1s" }`

error: 12 problems in procman.toml

"#]],
    );
}

#[test]
fn retries_with_something_missing_or_without_effect() {
    rejected(
        r#"
[tasks]
a = { argv = ["a"], retries = { delay = "1s" } }
b = { argv = ["b"], retries = { count = 2, delay = "0s", backoff = "exponential", max_delay = "1m", jitter = 0 } }
c = { argv = ["c"], retries = { count = 2, delay = "1m", backoff = "exponential", max_delay = "59s" } }
d = { argv = ["d"], retries = { count = 2, delay = "1s", max_delay = "1m" } }
[tasks.e]
argv = ["e"]
[tasks.e.retries]
count = 4_294_967_296
max_delay = "1s"
"#,
        str![[r#"
error: `retries` has no `count`
 --> procman.toml:3:31
  |
3 | a = { argv = ["a"], retries = { delay = "1s" } }
  |                               ^^^^^^^^^^^^^^^^
  |
  = help: say how many more attempts a failed one is given, such as `count = 2`

error: `backoff` does nothing without a delay
 --> procman.toml:4:68
  |
4 | b = { argv = ["b"], retries = { count = 2, delay = "0s", backoff = "exponential", max_delay = "1m", jitter = 0 } }
  |                                                                    ^^^^^^^^^^^^^
  |
  = help: give one, such as `delay = "1s"`, or leave out `backoff`

error: `max_delay` does nothing without a delay
 --> procman.toml:4:95
  |
4 | b = { argv = ["b"], retries = { count = 2, delay = "0s", backoff = "exponential", max_delay = "1m", jitter = 0 } }
  |                                                                                               ^^^^
  |
  = help: give one, such as `delay = "1s"`, or leave out `max_delay`

error: `jitter` does nothing without a delay
 --> procman.toml:4:110
  |
4 | b = { argv = ["b"], retries = { count = 2, delay = "0s", backoff = "exponential", max_delay = "1m", jitter = 0 } }
  |                                                                                                              ^
  |
  = help: give one, such as `delay = "1s"`, or leave out `jitter`

error: `max_delay` is shorter than `delay`
 --> procman.toml:5:95
  |
5 | c = { argv = ["c"], retries = { count = 2, delay = "1m", backoff = "exponential", max_delay = "59s" } }
  |                                                                                               ^^^^^

error: `max_delay` does nothing where every delay is the same
 --> procman.toml:6:70
  |
6 | d = { argv = ["d"], retries = { count = 2, delay = "1s", max_delay = "1m" } }
  |                                                                      ^^^^
  |
  = help: add `backoff = "exponential"`, or leave it out

error: `count` must be 0 or more, below 2^32
  --> procman.toml:10:9
   |
10 | count = 4_294_967_296
   |         ^^^^^^^^^^^^^

error: 7 problems in procman.toml

"#]],
    );
}

#[test]
fn values_of_the_wrong_type_say_what_is_wanted() {
    rejected(
        r#"
on_failure = false
inherit_env = "PATH"
env = ["A=1"]
[defaults]
retries = "2"
[tasks]
a = 5
b = { argv = { program = "b" } }
c = { argv = ["c"], deps = 1, cwd = ["src"] }
d = { argv = ["d"], env = "D=1", timeout = 1979-05-27 }
e = { argv = ["e"], streams = 2, success_codes = 0 }
f = { argv = ["f"], description = 1979-05-27 }
"#,
        str![[r#"
error: `on_failure` must be "continue", "no-new" or "kill", not a boolean
 --> procman.toml:2:14
  |
2 | on_failure = false
  |              ^^^^^

error: `inherit_env` must be true, false or an array of names, not a string
 --> procman.toml:3:15
  |
3 | inherit_env = "PATH"
  |               ^^^^^^
  |
  = help: write `inherit_env = ["PATH"]`

error: `env` must be a table, not an array
 --> procman.toml:4:7
  |
4 | env = ["A=1"]
  |       ^^^^^^^

error: `retries` must be an integer or a table, not a string
 --> procman.toml:6:11
  |
6 | retries = "2"
  |           ^^^
  |
  = help: write it without quotes: 2

error: `tasks.a` must be an argv array or a table, not an integer
 --> procman.toml:8:5
  |
8 | a = 5
  |     ^

error: `argv` must be an array of strings, not a table
 --> procman.toml:9:14
  |
9 | b = { argv = { program = "b" } }
  |              ^^^^^^^^^^^^^^^^^

error: `deps` must be an array of strings, not an integer
  --> procman.toml:10:28
   |
10 | c = { argv = ["c"], deps = 1, cwd = ["src"] }
   |                            ^

error: `cwd` must be a string, not an array
  --> procman.toml:10:37
   |
10 | c = { argv = ["c"], deps = 1, cwd = ["src"] }
   |                                     ^^^^^^^

error: `env` must be a table, not a string
  --> procman.toml:11:27
   |
11 | d = { argv = ["d"], env = "D=1", timeout = 1979-05-27 }
   |                           ^^^^^

error: `timeout` must be a duration such as "30s", not a date or time
  --> procman.toml:11:44
   |
11 | d = { argv = ["d"], env = "D=1", timeout = 1979-05-27 }
   |                                            ^^^^^^^^^^

error: `streams` must be "merged" or "split", not an integer
  --> procman.toml:12:31
   |
12 | e = { argv = ["e"], streams = 2, success_codes = 0 }
   |                               ^

error: `success_codes` must be an array of integers, not an integer
  --> procman.toml:12:50
   |
12 | e = { argv = ["e"], streams = 2, success_codes = 0 }
   |                                                  ^
   |
   = help: write `success_codes = [0]`, or with other codes

error: `description` must be a string, not a date or time
  --> procman.toml:13:35
   |
13 | f = { argv = ["f"], description = 1979-05-27 }
   |                                   ^^^^^^^^^^

error: 13 problems in procman.toml

"#]],
    );
}

#[test]
fn one_string_in_place_of_several_is_shown_as_the_array_to_write() {
    rejected(
        r#"
default = "a"
env_file = ".env"
[tasks.a]
argv = ["a"]
deps = 'the "b"'
tags = "ci"
env_remove = "HOME"
success_codes = "0"
wrapper = "nice -n 10"
platforms = "linux"
"#,
        str![[r#"
error: `default` must be an array of strings, not a string
 --> procman.toml:2:11
  |
2 | default = "a"
  |           ^^^
  |
  = help: write `default = ["a"]`

error: `env_file` must be an array of strings, not a string
 --> procman.toml:3:12
  |
3 | env_file = ".env"
  |            ^^^^^^
  |
  = help: write `env_file = [".env"]`

error: `deps` must be an array of strings, not a string
 --> procman.toml:6:8
  |
6 | deps = 'the "b"'
  |        ^^^^^^^^^
  |
  = help: write `deps = ['the "b"']`

error: `tags` must be an array of strings, not a string
 --> procman.toml:7:8
  |
7 | tags = "ci"
  |        ^^^^
  |
  = help: write `tags = ["ci"]`

error: `env_remove` must be an array of strings, not a string
 --> procman.toml:8:14
  |
8 | env_remove = "HOME"
  |              ^^^^^^
  |
  = help: write `env_remove = ["HOME"]`

error: `success_codes` must be an array of integers, not a string
 --> procman.toml:9:17
  |
9 | success_codes = "0"
  |                 ^^^
  |
  = help: write `success_codes = [0]`, or with other codes

error: `wrapper` must be an array of strings, not a string
  --> procman.toml:10:11
   |
10 | wrapper = "nice -n 10"
   |           ^^^^^^^^^^^^
   |
   = help: write the program and each argument apart: ["nice", "-n", "10"]

error: `platforms` must be an array of strings, not a string
  --> procman.toml:11:13
   |
11 | platforms = "linux"
   |             ^^^^^^^
   |
   = help: write `platforms = ["linux"]`

error: 8 problems in procman.toml

"#]],
    );
}

#[test]
fn tables_that_are_none() {
    rejected(
        "tasks = [\"a\"]\ndefaults = 1\n",
        str![[r#"
error: `tasks` must be a table, not an array
 --> procman.toml:1:9
  |
1 | tasks = ["a"]
  |         ^^^^^

error: `defaults` must be a table, not an integer
 --> procman.toml:2:12
  |
2 | defaults = 1
  |            ^

error: 2 problems in procman.toml

"#]],
    );
    rejected(
        "[[tasks]]\nname = \"a\"\nargv = [\"a\"]\n",
        str![[r#"
error: `tasks` must be a table, not an array
 --> procman.toml:1:1
  |
1 | [[tasks]]
  | ^^^^^^^^^

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn numbers_and_booleans_as_text_are_shown_in_quotes_and_others_without() {
    rejected(
        r#"
[env]
PORT = 8080
DEBUG = true
RATIO = 0.5
[tasks.a]
argv = ["a"]
env = { LEVEL = 3 }
description = true
private = "true"
manual = "false"
allow_failure = "yes"
"#,
        str![[r#"
error: `PORT` must be a string, not an integer
 --> procman.toml:3:8
  |
3 | PORT = 8080
  |        ^^^^
  |
  = help: write it as a string: "8080"

error: `DEBUG` must be a string, not a boolean
 --> procman.toml:4:9
  |
4 | DEBUG = true
  |         ^^^^
  |
  = help: write it as a string: "true"

error: `RATIO` must be a string, not a float
 --> procman.toml:5:9
  |
5 | RATIO = 0.5
  |         ^^^
  |
  = help: write it as a string: "0.5"

error: `LEVEL` must be a string, not an integer
 --> procman.toml:8:17
  |
8 | env = { LEVEL = 3 }
  |                 ^
  |
  = help: write it as a string: "3"

error: `description` must be a string, not a boolean
 --> procman.toml:9:15
  |
9 | description = true
  |               ^^^^
  |
  = help: write it as a string: "true"

error: `private` must be true or false, not a string
  --> procman.toml:10:11
   |
10 | private = "true"
   |           ^^^^^^
   |
   = help: write it without quotes: true

error: `manual` must be true or false, not a string
  --> procman.toml:11:10
   |
11 | manual = "false"
   |          ^^^^^^^
   |
   = help: write it without quotes: false

error: `allow_failure` must be true or false, not a string
  --> procman.toml:12:17
   |
12 | allow_failure = "yes"
   |                 ^^^^^

error: 8 problems in procman.toml

"#]],
    );
}

#[track_caller]
fn rejected_limit(value: &str, stderr: impl snapbox::IntoData) {
    rejected(&format!("limit = {value}\n[tasks]\na = [\"a\"]\n"), stderr);
}

#[test]
fn a_limit_is_at_least_one() {
    rejected_limit(
        "0",
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:1:9
  |
1 | limit = 0
  |         ^

error: 1 problem in procman.toml

"#]],
    );
    rejected_limit(
        "\"0%\"",
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:1:9
  |
1 | limit = "0%"
  |         ^^^^

error: 1 problem in procman.toml

"#]],
    );
    rejected_limit(
        "-2",
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:1:9
  |
1 | limit = -2
  |         ^^

error: 1 problem in procman.toml

"#]],
    );
    rejected_limit(
        "\"-5%\"",
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:1:9
  |
1 | limit = "-5%"
  |         ^^^^^

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn a_limit_is_a_number_or_a_percentage() {
    rejected_limit(
        "\"many\"",
        str![[r#"
error: `limit` must be a number of jobs, or a percentage of the CPUs such as "50%"
 --> procman.toml:1:9
  |
1 | limit = "many"
  |         ^^^^^^

error: 1 problem in procman.toml

"#]],
    );
    rejected_limit(
        "\"half%\"",
        str![[r#"
error: `limit` must be a number of jobs, or a percentage of the CPUs such as "50%"
 --> procman.toml:1:9
  |
1 | limit = "half%"
  |         ^^^^^^^

error: 1 problem in procman.toml

"#]],
    );
    rejected_limit(
        "\"4\"",
        str![[r#"
error: `limit` must be an integer or a percentage such as "50%", not a string
 --> procman.toml:1:9
  |
1 | limit = "4"
  |         ^^^
  |
  = help: write it without quotes: 4

error: 1 problem in procman.toml

"#]],
    );
    rejected_limit(
        "[4]",
        str![[r#"
error: `limit` must be an integer or a percentage such as "50%", not an array
 --> procman.toml:1:9
  |
1 | limit = [4]
  |         ^^^

error: 1 problem in procman.toml

"#]],
    );
    rejected_limit(
        "99999999999999999999",
        str![[r#"
error: `limit` is too large
 --> procman.toml:1:9
  |
1 | limit = 99999999999999999999
  |         ^^^^^^^^^^^^^^^^^^^^

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn a_word_that_is_none_of_the_choices() {
    rejected(
        r#"
on_failure = "no_new"
[tasks.a]
argv = ["a"]
streams = "separate"
[tasks.b]
argv = ["b"]
streams = "Split"
"#,
        str![[r#"
error: `on_failure` must be "continue", "no-new" or "kill"
 --> procman.toml:2:14
  |
2 | on_failure = "no_new"
  |              ^^^^^^^^
  |
  = help: did you mean `no-new`?

error: `streams` must be "merged" or "split"
 --> procman.toml:5:11
  |
5 | streams = "separate"
  |           ^^^^^^^^^^

error: `streams` must be "merged" or "split"
 --> procman.toml:8:11
  |
8 | streams = "Split"
  |           ^^^^^^^
  |
  = help: did you mean `split`?

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn durations_have_units_and_a_timeout_is_longer_than_nothing() {
    rejected(
        r#"
[defaults]
timeout = 10
[tasks]
a = { argv = ["a"], timeout = "10" }
b = { argv = ["b"], timeout = "" }
c = { argv = ["c"], timeout = "-5s" }
d = { argv = ["d"], timeout = "0s" }
e = { argv = ["e"], grace = "soon" }
f = { argv = ["f"], grace = 1.5 }
g = { argv = ["g"], timeout = "99999999999999999999y" }
"#,
        str![[r#"
error: `timeout` must be a duration such as "30s", not an integer
 --> procman.toml:3:11
  |
3 | timeout = 10
  |           ^^
  |
  = help: write it with a unit: "10s"

error: `timeout` is not a duration
 --> procman.toml:5:31
  |
5 | a = { argv = ["a"], timeout = "10" }
  |                               ^^^^
  |
  = help: write a number with a unit, such as "500ms", "30s", "5m" or "1h 30m"

error: `timeout` is not a duration
 --> procman.toml:6:31
  |
6 | b = { argv = ["b"], timeout = "" }
  |                               ^^
  |
  = help: write a number with a unit, such as "500ms", "30s", "5m" or "1h 30m"

error: `timeout` is not a duration
 --> procman.toml:7:31
  |
7 | c = { argv = ["c"], timeout = "-5s" }
  |                               ^^^^^
  |
  = help: write a number with a unit, such as "500ms", "30s", "5m" or "1h 30m"

error: `timeout` of zero would end every attempt at once
 --> procman.toml:8:31
  |
8 | d = { argv = ["d"], timeout = "0s" }
  |                               ^^^^
  |
  = help: leave it out for no timeout

error: `grace` is not a duration
 --> procman.toml:9:29
  |
9 | e = { argv = ["e"], grace = "soon" }
  |                             ^^^^^^
  |
  = help: write a number with a unit, such as "500ms", "30s", "5m" or "1h 30m"

error: `grace` must be a duration such as "30s", not a float
  --> procman.toml:10:29
   |
10 | f = { argv = ["f"], grace = 1.5 }
   |                             ^^^

error: `timeout` is not a duration
  --> procman.toml:11:31
   |
11 | g = { argv = ["g"], timeout = "99999999999999999999y" }
   |                               ^^^^^^^^^^^^^^^^^^^^^^^
   |
   = help: write a number with a unit, such as "500ms", "30s", "5m" or "1h 30m"

error: 8 problems in procman.toml

"#]],
    );
}

#[test]
fn numbers_that_cannot_be() {
    rejected(
        r#"
[tasks]
a = { argv = ["a"], retries = -1 }
b = { argv = ["b"], retries = 4294967296 }
c = { argv = ["c"], retries = 9223372036854775808 }
d = { argv = ["d"], success_codes = [0, -1, 256] }
e = { argv = ["e"], success_codes = [] }
"#,
        str![[r#"
error: `retries` must be 0 or more, below 2^32
 --> procman.toml:3:31
  |
3 | a = { argv = ["a"], retries = -1 }
  |                               ^^

error: `retries` must be 0 or more, below 2^32
 --> procman.toml:4:31
  |
4 | b = { argv = ["b"], retries = 4294967296 }
  |                               ^^^^^^^^^^

error: `retries` is too large
 --> procman.toml:5:31
  |
5 | c = { argv = ["c"], retries = 9223372036854775808 }
  |                               ^^^^^^^^^^^^^^^^^^^

error: an exit code is between 0 and 255
 --> procman.toml:6:41
  |
6 | d = { argv = ["d"], success_codes = [0, -1, 256] }
  |                                         ^^

error: an exit code is between 0 and 255
 --> procman.toml:6:45
  |
6 | d = { argv = ["d"], success_codes = [0, -1, 256] }
  |                                             ^^^

error: `success_codes` is empty: the task could never succeed
 --> procman.toml:7:37
  |
7 | e = { argv = ["e"], success_codes = [] }
  |                                     ^^
  |
  = help: leave it out for [0]

error: 6 problems in procman.toml

"#]],
    );
}

#[test]
fn platforms_are_those_that_exist() {
    rejected(
        r#"
[tasks]
a = { argv = ["a"], platforms = ["darwin", "osx", "mac"] }
b = { argv = ["b"], platforms = ["Linux", "plan9"] }
"#,
        str![[r#"
error: unknown platform `darwin`
 --> procman.toml:3:34
  |
3 | a = { argv = ["a"], platforms = ["darwin", "osx", "mac"] }
  |                                  ^^^^^^^^
  |
  = help: did you mean `macos`?

error: unknown platform `osx`
 --> procman.toml:3:44
  |
3 | a = { argv = ["a"], platforms = ["darwin", "osx", "mac"] }
  |                                            ^^^^^
  |
  = help: did you mean `macos`?

error: unknown platform `mac`
 --> procman.toml:3:51
  |
3 | a = { argv = ["a"], platforms = ["darwin", "osx", "mac"] }
  |                                                   ^^^^^
  |
  = help: did you mean `macos`?

error: unknown platform `Linux`
 --> procman.toml:4:34
  |
4 | b = { argv = ["b"], platforms = ["Linux", "plan9"] }
  |                                  ^^^^^^^
  |
  = help: did you mean `linux`?

error: unknown platform `plan9`
 --> procman.toml:4:43
  |
4 | b = { argv = ["b"], platforms = ["Linux", "plan9"] }
  |                                           ^^^^^^^
  |
  = help: the platforms are linux, macos, freebsd, netbsd, openbsd, dragonfly, illumos, solaris, windows

error: 5 problems in procman.toml

"#]],
    );
}

#[test]
fn names_of_variables_that_cannot_be() {
    rejected(
        r#"
inherit_env = ["PATH", "A=1"]
[env]
"A=B" = "1"
"" = "2"
[tasks.a]
argv = ["a"]
env = { "C=" = "3", "D\u0000" = "4" }
env_remove = ["E=5", ""]
inherit_env = ["F=6"]
"#,
        str![[r#"
error: `A=1` cannot be the name of an environment variable
 --> procman.toml:2:24
  |
2 | inherit_env = ["PATH", "A=1"]
  |                        ^^^^^

error: `A=B` cannot be the name of an environment variable
 --> procman.toml:4:1
  |
4 | "A=B" = "1"
  | ^^^^^

error: the empty string cannot be the name of an environment variable
 --> procman.toml:5:1
  |
5 | "" = "2"
  | ^^

error: `C=` cannot be the name of an environment variable
 --> procman.toml:8:9
  |
8 | env = { "C=" = "3", "D\u0000" = "4" }
  |         ^^^^

error: `D\x00` cannot be the name of an environment variable
 --> procman.toml:8:21
  |
8 | env = { "C=" = "3", "D\u0000" = "4" }
  |                     ^^^^^^^^^

error: `E=5` cannot be the name of an environment variable
 --> procman.toml:9:15
  |
9 | env_remove = ["E=5", ""]
  |               ^^^^^

error: the empty string cannot be the name of an environment variable
 --> procman.toml:9:22
  |
9 | env_remove = ["E=5", ""]
  |                      ^^

error: `F=6` cannot be the name of an environment variable
  --> procman.toml:10:16
   |
10 | inherit_env = ["F=6"]
   |                ^^^^^

error: 8 problems in procman.toml

"#]],
    );
}

#[test]
fn an_env_file_that_cannot_be_read_is_reported_where_it_is_named_first() {
    Sandbox::with(
        r#"
env_file = ["missing.env", "bad.env"]
[tasks.a]
argv = ["a"]
env_file = ["folder", "bad.env", "open.env", "nameless.env", "latin1.env"]
"#,
    )
    .file("bad.env", "GOOD=1\nnot a \u{1b}[31mvariable\n")
    .file("folder/x", "")
    .file("open.env", "A=\"not closed\nB=1\n")
    .file("nameless.env", "=1\n")
    .file("latin1.env", b"A=\xe9\n")
    .run(&[])
    .code(2)
    .stdout("")
    .stderr(str![[r#"
error: the env_file `missing.env` cannot be read: there is no file at [FOLDER]/missing.env
 --> procman.toml:2:13
  |
2 | env_file = ["missing.env", "bad.env"]
  |             ^^^^^^^^^^^^^

error: the env_file `bad.env` cannot be read: its line 2 is not NAME=value, or has blanks without quotes
 --> procman.toml:2:28
  |
2 | env_file = ["missing.env", "bad.env"]
  |                            ^^^^^^^^^

error: the env_file `folder` cannot be read: is a directory
 --> procman.toml:5:13
  |
5 | env_file = ["folder", "bad.env", "open.env", "nameless.env", "latin1.env"]
  |             ^^^^^^^^

error: the env_file `bad.env` cannot be read: its line 2 is not NAME=value, or has blanks without quotes
 --> procman.toml:5:23
  |
5 | env_file = ["folder", "bad.env", "open.env", "nameless.env", "latin1.env"]
  |                       ^^^^^^^^^

error: the env_file `open.env` cannot be read: a line of it is not NAME=value, or has blanks without quotes
 --> procman.toml:5:34
  |
5 | env_file = ["folder", "bad.env", "open.env", "nameless.env", "latin1.env"]
  |                                  ^^^^^^^^^^

error: the env_file `nameless.env` cannot be read: its line 1 is not NAME=value, or has blanks without quotes
 --> procman.toml:5:46
  |
5 | env_file = ["folder", "bad.env", "open.env", "nameless.env", "latin1.env"]
  |                                              ^^^^^^^^^^^^^^

error: the env_file `latin1.env` cannot be read: stream did not contain valid UTF-8
 --> procman.toml:5:62
  |
5 | env_file = ["folder", "bad.env", "open.env", "nameless.env", "latin1.env"]
  |                                                              ^^^^^^^^^^^^

error: 7 problems in procman.toml

"#]]);
}

#[test]
fn what_is_a_tasks_own_is_no_default() {
    rejected(
        r#"
[defaults]
argv = ["true"]
description = "A task"
aliases = ["t"]
[tasks]
a = ["a"]
"#,
        str![[r#"
error: `argv` cannot be a default
 --> procman.toml:3:8
  |
3 | argv = ["true"]
  |        ^^^^^^^^
  |
  = help: it is a task's own; write it in the task

error: `description` cannot be a default
 --> procman.toml:4:15
  |
4 | description = "A task"
  |               ^^^^^^^^
  |
  = help: it is a task's own; write it in the task

error: `aliases` cannot be a default
 --> procman.toml:5:11
  |
5 | aliases = ["t"]
  |           ^^^^^
  |
  = help: it is a task's own; write it in the task

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn an_unknown_task_comes_with_the_one_that_may_be_meant() {
    rejected(
        r#"
default = ["tset", "deploy"]
[defaults]
after = ["cleen"]
[tasks.build]
argv = ["b"]
deps = ["fmtt"]
[tasks.test]
argv = ["t"]
deps = ["build", "tag:ci", "bu*"]
after = ["Build"]
[tasks.format]
argv = ["f"]
aliases = ["fmt"]
after = []
"#,
        str![[r#"
error: unknown task `tset`
 --> procman.toml:2:12
  |
2 | default = ["tset", "deploy"]
  |            ^^^^^^
  |
  = help: did you mean `test`?

error: unknown task `deploy`
 --> procman.toml:2:20
  |
2 | default = ["tset", "deploy"]
  |                    ^^^^^^^^

error: unknown task `cleen`
 --> procman.toml:4:10
  |
4 | after = ["cleen"]
  |          ^^^^^^^

error: unknown task `fmtt`
 --> procman.toml:7:9
  |
7 | deps = ["fmtt"]
  |         ^^^^^^
  |
  = help: did you mean `fmt`?

error: unknown task `tag:ci`
  --> procman.toml:10:18
   |
10 | deps = ["build", "tag:ci", "bu*"]
   |                  ^^^^^^^^
   |
   = help: dependencies are names of tasks; globs and tags are for the command line and `default`

error: unknown task `bu*`
  --> procman.toml:10:28
   |
10 | deps = ["build", "tag:ci", "bu*"]
   |                            ^^^^^
   |
   = help: dependencies are names of tasks; globs and tags are for the command line and `default`

error: unknown task `Build`
  --> procman.toml:11:10
   |
11 | after = ["Build"]
   |          ^^^^^^^
   |
   = help: did you mean `build`?

error: 7 problems in procman.toml

"#]],
    );
}

#[test]
fn a_private_task_is_no_default() {
    rejected(
        r#"
default = ["setup", "tag:none", "s*"]
[tasks.setup]
argv = ["s"]
private = true
"#,
        str![[r#"
error: `setup` is private: it runs only as a dependency
 --> procman.toml:2:12
  |
2 | default = ["setup", "tag:none", "s*"]
  |            ^^^^^^^

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn a_task_that_waits_for_itself() {
    rejected(
        r#"
[tasks.a]
argv = ["a"]
deps = ["a"]
[tasks.b]
argv = ["b"]
after = ["b"]
"#,
        str![[r#"
error: a task waits for itself: a -> a
 --> procman.toml:4:9
  |
4 | deps = ["a"]
  |         ^^^ `a` waits for `a`
  |
  = help: remove it

error: a task waits for itself: b -> b
 --> procman.toml:7:10
  |
7 | after = ["b"]
  |          ^^^ `b` waits for `b`
  |
  = help: remove it

error: 2 problems in procman.toml

"#]],
    );
}

#[test]
fn cycles_through_groups_aliases_and_distant_lines() {
    rejected(
        r#"
[tasks.build]
argv = ["b"]
deps = ["all"]

[tasks.lint]
argv = ["l"]

[tasks.test]
argv = ["t"]
aliases = ["t"]
after = ["build"]

[tasks.all]
deps = ["lint", "t"]

[tasks.x]
argv = ["x"]
deps = ["y"]

[tasks.y]
argv = ["y"]
deps = ["lint", "x"]
"#,
        str![[r#"
error: tasks wait for each other in a cycle: build -> all -> test -> build
  --> procman.toml:4:9
   |
 4 | deps = ["all"]
   |         ^^^^^ `build` waits for `all`
...
12 | after = ["build"]
   |          ------- `test` waits for `build`
...
15 | deps = ["lint", "t"]
   |                 --- `all` waits for `test`
   |
   = help: remove one of these dependencies

error: tasks wait for each other in a cycle: x -> y -> x
  --> procman.toml:19:9
   |
19 | deps = ["y"]
   |         ^^^ `x` waits for `y`
...
23 | deps = ["lint", "x"]
   |                 --- `y` waits for `x`
   |
   = help: remove one of these dependencies

error: 2 problems in procman.toml

"#]],
    );
}

#[test]
fn a_default_dependency_makes_a_cycle_only_of_the_task_it_names() {
    rejected(
        r#"
[defaults]
deps = ["setup"]
[tasks]
setup = ["s"]
build = ["b"]
"#,
        str![[r#"
error: a task waits for itself: setup -> setup
 --> procman.toml:3:9
  |
3 | deps = ["setup"]
  |         ^^^^^^^ `setup` waits for `setup`
  |
  = help: remove it

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn names_that_cannot_be() {
    rejected(
        r#"
[tasks]
"" = ["a"]
"a\u001b[31mb" = ["b"]
"c\u202Ed" = ["c"]
"-x" = ["d"]
[tasks.e]
argv = ["e"]
aliases = ["", "-e", "e\te"]
"#,
        str![[r#"
error: a name is empty
 --> procman.toml:3:1
  |
3 | "" = ["a"]
  | ^^

error: the name `a\x1b[31mb` has a control character in it
 --> procman.toml:4:1
  |
4 | "a\u001b[31mb" = ["b"]
  | ^^^^^^^^^^^^^^

error: the name `c\u{202e}d` has a control character in it
 --> procman.toml:5:1
  |
5 | "c\u202Ed" = ["c"]
  | ^^^^^^^^^^

error: the name `-x` begins like an option
 --> procman.toml:6:1
  |
6 | "-x" = ["d"]
  | ^^^^

error: a name is empty
 --> procman.toml:9:12
  |
9 | aliases = ["", "-e", "e\te"]
  |            ^^

error: the name `-e` begins like an option
 --> procman.toml:9:16
  |
9 | aliases = ["", "-e", "e\te"]
  |                ^^^^

error: the name `e\te` has a control character in it
 --> procman.toml:9:22
  |
9 | aliases = ["", "-e", "e\te"]
  |                      ^^^^^^

error: 7 problems in procman.toml

"#]],
    );
}

#[test]
#[expect(clippy::unicode_not_nfc, reason = "the manifest is shown as it is written")]
fn names_that_readers_and_file_systems_take_for_one() {
    rejected(
        "[tasks]\nbuild = [\"a\"]\nBuild = [\"b\"]\n\"caf\u{e9}\" = [\"c\"]\n\"cafe\u{301}\" = [\"d\"]\n\
         x = { argv = [\"x\"], aliases = [\"BUILD\"] }\n",
        str![[r#"
error: `Build` and `build` differ only in case or Unicode form
 --> procman.toml:3:1
  |
2 | build = ["a"]
  | ----- the other is here
3 | Build = ["b"]
  | ^^^^^

error: `café` and `café` differ only in case or Unicode form
 --> procman.toml:5:1
  |
4 | "café" = ["c"]
  | ------ the other is here
5 | "café" = ["d"]
  | ^^^^^^

error: `BUILD` and `build` differ only in case or Unicode form
 --> procman.toml:6:32
  |
2 | build = ["a"]
  | ----- the other is here
...
6 | x = { argv = ["x"], aliases = ["BUILD"] }
  |                                ^^^^^^^

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn an_alias_that_is_taken() {
    rejected(
        r#"
[tasks]
a = { argv = ["a"], aliases = ["b", "x"] }
b = { argv = ["b"], aliases = ["x", "b"] }
c = { argv = ["c"], aliases = ["y", "y"] }
"#,
        str![[r#"
error: alias `b` is a task's name already
 --> procman.toml:3:32
  |
3 | a = { argv = ["a"], aliases = ["b", "x"] }
  |                                ^^^
4 | b = { argv = ["b"], aliases = ["x", "b"] }
  | - task `b`

error: alias `x` is another task's alias already
 --> procman.toml:4:32
  |
3 | a = { argv = ["a"], aliases = ["b", "x"] }
  | - task `a`
4 | b = { argv = ["b"], aliases = ["x", "b"] }
  |                                ^^^

error: alias `b` is the task's own name
 --> procman.toml:4:37
  |
4 | b = { argv = ["b"], aliases = ["x", "b"] }
  |                                     ^^^

error: alias `y` is there twice
 --> procman.toml:5:37
  |
5 | c = { argv = ["c"], aliases = ["y", "y"] }
  |                                     ^^^

error: 4 problems in procman.toml

"#]],
    );
}

#[test]
fn a_group_stands_for_something() {
    rejected(
        r#"
[tasks]
nothing = {}
empty = { deps = [] }
described = { description = "Everything" }
ordered = { after = ["nothing"] }
"#,
        str![[r#"
error: task `nothing` has neither `argv` nor `deps`: there is nothing to do
 --> procman.toml:3:1
  |
3 | nothing = {}
  | ^^^^^^^
  |
  = help: give it `argv`, or `deps` to make it a group

error: task `empty` has neither `argv` nor `deps`: there is nothing to do
 --> procman.toml:4:1
  |
4 | empty = { deps = [] }
  | ^^^^^
  |
  = help: give it `argv`, or `deps` to make it a group

error: task `described` has neither `argv` nor `deps`: there is nothing to do
 --> procman.toml:5:1
  |
5 | described = { description = "Everything" }
  | ^^^^^^^^^
  |
  = help: give it `argv`, or `deps` to make it a group

error: task `ordered` has neither `argv` nor `deps`: there is nothing to do
 --> procman.toml:6:1
  |
6 | ordered = { after = ["nothing"] }
  | ^^^^^^^
  |
  = help: give it `argv`, or `deps` to make it a group

error: 4 problems in procman.toml

"#]],
    );
}

#[test]
fn a_group_has_no_process_that_a_key_could_speak_of() {
    rejected(
        "[tasks]\na = [\"a\"]\n[tasks.all]\ndeps = [\"a\"]\ntimeout = \"1m\"\n",
        str![[r#"
error: `timeout` has no effect on `all`, which has no `argv` and so no process of its own
 --> procman.toml:5:11
  |
5 | timeout = "1m"
  |           ^^^^
  |
  = help: give it an `argv`, or set this on the tasks it stands for

error: 1 problem in procman.toml

"#]],
    );
    let others = [
        "cwd = \"x\"",
        "env = { A = \"1\" }",
        "env_remove = [\"A\"]",
        "env_file = [\".env\"]",
        "inherit_env = false",
        "grace = \"1s\"",
        "retries = 1",
        "success_codes = [0]",
        "allow_failure = true",
        "platforms = [\"linux\"]",
        "stdin = \"in\"",
        "streams = \"split\"",
        "wrapper = [\"nice\"]",
    ];
    for line in others {
        let manifest = format!("[tasks]\na = [\"a\"]\n[tasks.all]\ndeps = [\"a\"]\n{line}\n");
        let stderr = Sandbox::with(&manifest).run(&[]).code(2).stdout("").stderr_text();
        let key = line.split(' ').next().unwrap_or_default();
        assert!(stderr.starts_with(&format!("error: `{key}` has no effect on `all`, ")), "{stderr}");
    }
}

#[test]
fn a_manifest_without_tasks() {
    rejected(
        "",
        str![[r#"
error: there are no tasks
 --> procman.toml:1:1
  |
1 |
  | ^
  |
  = help: add one under `[tasks]`, such as `hello = ["echo", "hello"]`

error: 1 problem in procman.toml

"#]],
    );
    rejected(
        "limit = 4\n",
        str![[r#"
error: there are no tasks
 --> procman.toml:2:1
  |
2 |
  | ^
  |
  = help: add one under `[tasks]`, such as `hello = ["echo", "hello"]`

error: 1 problem in procman.toml

"#]],
    );
    rejected(
        "limit = 4\n[tasks]\n",
        str![[r#"
error: there are no tasks
 --> procman.toml:3:1
  |
3 |
  | ^
  |
  = help: add one under `[tasks]`, such as `hello = ["echo", "hello"]`

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn a_file_that_is_not_utf_8() {
    let sandbox = Sandbox::new().file("procman.toml", b"[tasks]\n# caf\xe9\na = [\"a\"]\n");
    sandbox.run(&[]).code(2).stdout("").stderr(str![[r#"
error: the file is not UTF-8: the byte 0xE9 here begins no character
 --> procman.toml:2:6
  |
2 | # caf�
  |      ^

error: 1 problem in procman.toml

"#]]);
}

#[test]
#[expect(clippy::unicode_not_nfc, reason = "the manifest is shown as it is written")]
fn the_caret_is_under_the_span_behind_tabs_and_wide_characters() {
    rejected(
        "[tasks]\n\t\ta = { argv = [\"a\"],\ttimeout = 1 }\n\"\u{6f22}\u{5b57}\" = { argv = [\"b\"], timeout = 2 }\n\
         \"e\u{301}\u{1f469}\u{200d}\u{1f4bb}\" = { argv = [\"c\"], timeout = 3 }\n",
        str![[r#"
error: `timeout` must be a duration such as "30s", not an integer
 --> procman.toml:2:33
  |
2 |         a = { argv = ["a"],    timeout = 1 }
  |                                          ^
  |
  = help: write it with a unit: "1s"

error: `timeout` must be a duration such as "30s", not an integer
 --> procman.toml:3:34
  |
3 | "漢字" = { argv = ["b"], timeout = 2 }
  |                                    ^
  |
  = help: write it with a unit: "2s"

error: `timeout` must be a duration such as "30s", not an integer
 --> procman.toml:4:37
  |
4 | "é👩💻" = { argv = ["c"], timeout = 3 }
  |                                     ^
  |
  = help: write it with a unit: "3s"

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn lines_may_end_as_on_windows() {
    rejected(
        "limit = 0\r\n[tasks]\r\na = [\"a\", 1]\r\nb = { cmd = \"b\" }\r\n",
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:1:9
  |
1 | limit = 0
  |         ^

error: `argv[1]` must be a string, not an integer
 --> procman.toml:3:11
  |
3 | a = ["a", 1]
  |           ^
  |
  = help: write it as a string: "1"

error: unknown key `cmd`
 --> procman.toml:4:7
  |
4 | b = { cmd = "b" }
  |       ^^^
  |
  = help: did you mean `argv`?

error: 3 problems in procman.toml

"#]],
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    rejected(
        "\u{feff}limit = 0\n[tasks]\na = [\"a\"]\n",
        str![[r#"
error: `limit` must be at least 1
 --> procman.toml:1:9
  |
1 | limit = 0
  |         ^

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn nothing_in_the_file_acts_on_the_terminal() {
    let manifests = [
        "# \u{1b}[31m\n[tasks] # \u{1b}]0;title\u{7}\n\"\u{1b}[2J\" = 1 # \u{7f}\rx\n",
        "'\u{202e}' = 2 # \u{2066}\u{202a}\n[\"\\u001b[31m\\u009b\\u202e\"]\n",
        "limit = 0 \r\n[tasks]\r\na = \"b\r\n",
    ];
    for manifest in manifests {
        let stderr = Sandbox::with(manifest).run(&[]).code(2).stdout("").stderr_text();
        assert!(!stderr.contains(acts_on_the_terminal), "{stderr:?}");
    }
}

#[test]

fn no_rarer_character_in_the_file_acts_on_the_terminal() {
    for c in ['\u{9b}', '\u{85}', '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}'] {
        let stderr = Sandbox::with(&format!("limit = 0 # {c}31m\n")).run(&[]).code(2).stdout("").stderr_text();
        assert!(!stderr.contains(acts_on_the_terminal), "{stderr:?}");
    }
}

/// Whether a character moves, colors or reorders what is on a terminal instead of being seen.
fn acts_on_the_terminal(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn of_a_very_long_line_only_what_is_around_the_span_is_shown() {
    let words = "\"word\", ".repeat(200);
    rejected(
        &format!("[tasks]\na = [{words}5, {words}]\n"),
        str![[r#"
error: `argv[200]` must be a string, not an integer
 --> procman.toml:2:1606
  |
2 | ..."word", "word", "word", "word", "word", "word", "word", "word", 5, "word", "word", "word", "word", "word", "word", "word", "word",...
  |                                                                    ^
  |
  = help: write it as a string: "5"

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn a_thousand_problems_are_all_reported() {
    let tasks: Vec<String> = (0..1000).map(|n| format!("t{n} = {{ cmd = [\"x\"] }}")).collect();
    let stderr = Sandbox::with(&format!("[tasks]\n{}\n", tasks.join("\n"))).run(&[]).code(2).stderr_text();
    assert_eq!(stderr.matches("error: unknown key `cmd`\n").count(), 1000);
    assert!(stderr.contains("--> procman.toml:1001:10\n"));
    assert!(stderr.ends_with("error: 1000 problems in procman.toml\n"));
}
