//! What each command line does and says, word for word.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts with them")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use snapbox::{IntoData, str};

use crate::sandbox::{Ran, Sandbox};

/// Some of everything: tags, aliases, groups, a private task, a manual one.
const PROJECT: &str = r#"
[tasks]
fmt = ["cargo", "fmt", "--check"]

[tasks.build]
description = "Compile everything"
argv = ["cargo", "build"]
deps = ["fmt", "setup"]
tags = ["rust"]
aliases = ["b"]

[tasks.test]
description = "Run the tests"
argv = ["cargo", "test", "it's all"]
deps = ["build"]
tags = ["rust", "slow"]

[tasks.setup]
argv = ["./setup.sh"]
cwd = "tools"
private = true

[tasks.deploy]
argv = ["./deploy.sh"]
after = ["test"]
manual = true
aliases = ["d", "ship"]

[tasks.ci]
deps = ["fmt", "test"]
"#;

#[track_caller]
fn refused(manifest: &str, arguments: &[&str], stderr: impl IntoData) {
    Sandbox::with(manifest).run(arguments).code(2).stdout("").stderr(stderr);
}

#[track_caller]
fn prints(manifest: &str, arguments: &[&str], stdout: impl IntoData) {
    Sandbox::with(manifest).run(arguments).code(0).stderr("").stdout(stdout);
}

#[track_caller]
fn run_with(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = sandbox.command(arguments);
    command.envs(variables.iter().copied());
    sandbox.ran(command)
}

/// How each job of the latest run ended.
fn ends(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events();
    let ends = events.iter().filter(|event| event["type"] == "job-ended");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    ends.map(|event| format!("{} {}", text(&event["job"]), text(&event["status"]))).collect()
}

// The manifest.

#[test]
fn without_a_manifest_init_is_offered() {
    Sandbox::new().run(&[]).code(2).stdout("").stderr(str![[r#"
error: there is no procman.toml in `[FOLDER]` or in a folder above; `procman init` writes one

"#]]);
}

#[test]
fn a_manifest_that_is_named_and_missing() {
    Sandbox::new().run(&["-f", "other.toml"]).code(2).stdout("").stderr(str![[r#"
error: the manifest `other.toml` cannot be read: no such file or directory

"#]]);
    Sandbox::new().file("folder/x", "").run(&["-f", "folder"]).code(2).stdout("").stderr(str![[r#"
error: the manifest `folder` cannot be read: is a directory

"#]]);
}

#[test]
fn a_directory_that_is_none() {
    let sandbox = Sandbox::new().file("file", "");
    sandbox.run(&["-C", "missing"]).code(2).stdout("").stderr(str![[r#"
error: `missing` cannot be entered: no such file or directory

"#]]);
    sandbox.run(&["-C", "file", "list"]).code(2).stdout("").stderr(str![[r#"
error: `[FOLDER]/file` is not a directory

"#]]);
}

#[test]
fn the_manifest_of_the_nearest_folder_above_is_used() {
    let sandbox = Sandbox::with("[tasks]\nfar = [\"true\"]\n")
        .file("near/procman.toml", "[tasks]\nnear = [\"pwd\"]\n")
        .file("near/deep/er/x", "");
    let mut command = sandbox.command(&["list"]);
    command.current_dir(sandbox.path("near/deep/er"));
    sandbox.ran(command).code(0).stderr("").stdout(str![[r#"
near  pwd

"#]]);
}

#[test]
fn a_manifest_that_a_stranger_may_have_put_there_is_passed_over() {
    let sandbox = Sandbox::with("[tasks]\nours = [\"true\"]\n")
        .file("open/procman.toml", "[tasks]\ntheirs = [\"true\"]\n")
        .file("open/deep/x", "");
    let open = sandbox.path("open");
    fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("permissions");
    // Only root can give a folder away.
    if chown(&open, Some(12345), None).is_err() {
        return;
    }
    let listed = |folder: &str, arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.current_dir(sandbox.path(folder));
        sandbox.ran(command).code(0).stderr("")
    };
    listed("open/deep", &["list"]).stdout("ours  true\n");
    listed("open/deep", &["-f", "../procman.toml", "list"]).stdout("theirs  true\n");
    fs::remove_file(sandbox.path("procman.toml")).expect("it is there");
    let mut command = sandbox.command(&["list"]);
    command.current_dir(sandbox.path("open"));
    sandbox.ran(command).code(2).stderr(str![[r#"
error: `procman.toml` is passed over, because its folder is another user's and open to everyone; if you trust it, name it: `-f procman.toml`

"#]]);
}

#[test]
fn the_directory_takes_effect_before_the_file() {
    let sandbox = Sandbox::new().file("sub/other.toml", "[tasks]\na = [\"true\"]\n");
    sandbox.run(&["-C", "sub", "-f", "other.toml", "list"]).code(0).stderr("").stdout(str![[r#"
a  true

"#]]);
    run_with(&sandbox, &[("PROCMAN_DIRECTORY", "sub"), ("PROCMAN_FILE", "other.toml")], &["list"])
        .code(0)
        .stderr("")
        .stdout(str![[r#"
a  true

"#]]);
}

#[test]
fn problems_of_a_manifest_elsewhere_are_shown_with_its_path() {
    let sandbox = Sandbox::with("limit = 0\n[tasks]\na = [\"true\"]\n").file("sub/x", "");
    let mut command = sandbox.command(&["list"]);
    command.current_dir(sandbox.path("sub"));
    sandbox.ran(command).code(2).stdout("").stderr(str![[r#"
error: `limit` must be at least 1
 --> [FOLDER]/procman.toml:1:9
  |
1 | limit = 0
  |         ^

error: 1 problem in [FOLDER]/procman.toml

"#]]);
}

// Choosing tasks.

#[test]
fn an_unknown_task_comes_with_the_one_that_may_be_meant() {
    refused(
        PROJECT,
        &["tset"],
        str![[r#"
error: there is no task `tset`; did you mean `test`?

"#]],
    );
    refused(
        PROJECT,
        &["list-all"],
        str![[r#"
error: there is no task `list-all`; did you mean the subcommand `procman list`?

"#]],
    );
}

#[test]
fn a_private_task_is_not_offered_for_an_unknown_one() {
    refused(
        PROJECT,
        &["setpu"],
        str![[r#"
error: there is no task `setpu`; `procman list` shows all

"#]],
    );
}

#[test]
fn every_name_that_selects_nothing_is_reported() {
    refused(
        PROJECT,
        &["run", "buidl", "test", "xyz", "tag:none", "q*", "setup"],
        str![[r#"
error: there is no task `buidl`; did you mean `build`?
error: there is no task `xyz`; `procman list` shows all
error: no task matches `tag:none`; `manual` and `private` tasks never do
error: no task matches `q*`; `manual` and `private` tasks never do
error: `setup` is private: it runs only as a dependency

"#]],
    );
}

#[test]
fn no_name_in_a_message_acts_on_the_terminal() {
    refused(
        PROJECT,
        &["\u{1b}[31m\u{202e}x"],
        str![[r#"
error: there is no task `\x1b[31m\u{202e}x`; `procman list` shows all

"#]],
    );
}

#[test]
fn a_glob_or_a_tag_that_only_manual_or_private_tasks_have_matches_nothing() {
    refused(
        PROJECT,
        &["dep*"],
        str![[r#"
error: no task matches `dep*`; `manual` and `private` tasks never do

"#]],
    );
    refused(
        PROJECT,
        &["tag:rusty"],
        str![[r#"
error: no task matches `tag:rusty`; `manual` and `private` tasks never do

"#]],
    );
}

#[test]
fn a_private_task_cannot_be_named() {
    refused(
        PROJECT,
        &["setup"],
        str![[r#"
error: `setup` is private: it runs only as a dependency

"#]],
    );
}

#[test]
fn a_manifest_in_which_nothing_runs_by_itself() {
    refused(
        "[tasks]\na = { argv = [\"true\"], manual = true }\n",
        &[],
        str![[r#"
error: there is nothing to run: `default` is empty, or every task is `manual` or `private`

"#]],
    );
    refused(
        "default = []\n[tasks]\na = [\"true\"]\n",
        &[],
        str![[r#"
error: there is nothing to run: `default` is empty, or every task is `manual` or `private`

"#]],
    );
}

#[test]
fn arguments_go_to_the_one_task_that_is_named() {
    prints(
        PROJECT,
        &["-n", "fmt", "--", "--all", "a b"],
        str![[r#"
fmt: cargo fmt --check --all 'a b'

"#]],
    );
    prints(
        PROJECT,
        &["plan", "--no-deps", "b", "--", "-x"],
        str![[r#"
build: cargo build -x

"#]],
    );
}

#[test]
fn arguments_without_a_task_to_go_to_are_refused() {
    refused(
        PROJECT,
        &["--", "x"],
        str![[r#"
error: arguments after `--` need a task to go to; name one that has an argv, or some with `{{args}}` in it

"#]],
    );
    refused(
        PROJECT,
        &["fmt", "build", "--", "x"],
        str![[r#"
error: arguments after `--` need a task to go to; name one that has an argv, or some with `{{args}}` in it

"#]],
    );
    refused(
        PROJECT,
        &["ci", "--", "x"],
        str![[r#"
error: arguments after `--` need a task to go to; name one that has an argv, or some with `{{args}}` in it

"#]],
    );
    refused(
        PROJECT,
        &["fm*", "--", "x"],
        str![[r#"
error: arguments after `--` need a task to go to; name one that has an argv, or some with `{{args}}` in it

"#]],
    );
}

// Options.

#[test]
fn options_of_run_follow_it() {
    prints(
        PROJECT,
        &["run", "-n", "fmt", "--no-deps"],
        str![[r#"
fmt: cargo fmt --check

"#]],
    );
    refused(
        PROJECT,
        &["-n", "run", "fmt"],
        str![[r#"
error: there is no task `run`; for the subcommand, write it first: `procman run ...`

"#]],
    );
}

#[test]
fn options_may_stand_among_tasks() {
    prints(
        PROJECT,
        &["-q", "fmt", "--no-deps", "-j4", "b", "-n"],
        str![[r#"
fmt: cargo fmt --check
build: cargo build

"#]],
    );
}

#[test]
fn how_to_fail_fast_stands_in_the_same_word() {
    refused(
        PROJECT,
        &["--fail-fast", "kill"],
        str![[r#"
error: there is no task `kill`; `procman list` shows all

"#]],
    );
}

#[test]
fn an_unknown_option_comes_with_the_one_that_may_be_meant() {
    refused(
        PROJECT,
        &["--dry"],
        str![[r#"
error: unexpected argument '--dry' found

  tip: a similar argument exists: '--dry-run'
  tip: to pass '--dry' as a value, use '-- --dry'

Usage: procman run --dry-run [TASK]... [-- <ARGS>...]

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["run", "--frobnicate"],
        str![[r#"
error: unexpected argument '--frobnicate' found

  tip: to pass '--frobnicate' as a value, use '-- --frobnicate'

Usage: procman run [OPTIONS] [TASK]... [-- <ARGS>...]

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["list", "--jsno"],
        str![[r#"
error: unexpected argument '--jsno' found

  tip: a similar argument exists: '--json'

Usage: procman list --json [TASK]...

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["-z"],
        str![[r#"
error: unexpected argument '-z' found

  tip: to pass '-z' as a value, use '-- -z'

Usage: procman run [OPTIONS] [TASK]... [-- <ARGS>...]

For more information, try '--help'.

"#]],
    );
}

#[test]
fn an_option_of_run_is_none_of_list() {
    refused(
        PROJECT,
        &["list", "-j4"],
        str![[r#"
error: unexpected argument '-j' found

  tip: to pass '-j' as a value, use '-- -j'

Usage: procman list [OPTIONS] [TASK]...

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_limit_that_is_none() {
    refused(
        PROJECT,
        &["-j", "many"],
        str![[r#"
error: invalid value 'many' for '--limit <N|N%>': must be a number of jobs, or a percentage of the CPUs such as "50%"

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["-j0"],
        str![[r#"
error: invalid value '0' for '--limit <N|N%>': must be at least 1

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["--limit=-1"],
        str![[r#"
error: invalid value '-1' for '--limit <N|N%>': must be at least 1

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["-j"],
        str![[r#"
error: a value is required for '--limit <N|N%>' but none was supplied

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_seed_that_is_none() {
    refused(
        PROJECT,
        &["--seed", "dice"],
        str![[r#"
error: invalid value 'dice' for '--seed <N>': write a whole number from 0 to 2^64 - 1

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_timeout_that_is_none() {
    refused(
        PROJECT,
        &["--timeout", "soon"],
        str![[r#"
error: invalid value 'soon' for '--timeout <DURATION>': write a number with a unit, such as 30s or 5m

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["--timeout=5"],
        str![[r#"
error: invalid value '5' for '--timeout <DURATION>': write a number with a unit, such as 30s or 5m

For more information, try '--help'.

"#]],
    );
}

#[test]
fn choices_that_are_none() {
    refused(
        PROJECT,
        &["--fail-fast=x"],
        str![[r#"
error: invalid value 'x' for '--fail-fast[=<HOW>]'
  [possible values: no-new, kill]

For more information, try '--help'.

"#]],
    );
    refused(
        PROJECT,
        &["--color", "blue"],
        str![[r#"
error: invalid value 'blue' for '--color <WHEN>'
  [possible values: auto, always, never]

For more information, try '--help'.

"#]],
    );
}

#[test]
fn of_an_option_given_twice_the_last_counts() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']\nb = ['false']");
    sandbox.run(&["-n", "-n", "a"]).code(0).stdout("a: true\n");
    sandbox.run(&["-qq", "-j", "1", "-j", "2", "a"]).code(0);
    assert_eq!(sandbox.events()[0]["limit"], 2);
}

#[test]
fn of_limits_the_flag_wins_over_the_variable_and_that_over_the_manifest() {
    let sandbox = Sandbox::with("limit = 2\n[tasks]\na = [\"true\"]\n");
    let limit = || sandbox.events()[0]["limit"].clone();
    run_with(&sandbox, &[], &[]).code(0);
    assert_eq!(limit(), 2);
    run_with(&sandbox, &[("PROCMAN_LIMIT", "3")], &[]).code(0);
    assert_eq!(limit(), 3);
    run_with(&sandbox, &[("PROCMAN_LIMIT", "3")], &["--jobs", "4"]).code(0);
    assert_eq!(limit(), 4);
}

#[test]
fn what_follows_a_failure_is_said_by_the_flag_then_the_variable_then_the_manifest() {
    let tasks = "[tasks]\na = [\"false\"]\nb = [\"true\"]\n";
    let went_on = |on_failure: &str, variables: &[(&str, &str)], flags: &[&str]| {
        let sandbox = Sandbox::with(&format!("limit = 1\non_failure = \"{on_failure}\"\n{tasks}"));
        run_with(&sandbox, variables, flags).code(1);
        match ends(&sandbox).as_slice() {
            [a, b] if a == "a failed" => b == "b ok",
            other => panic!("{other:?}"),
        }
    };
    let (keep_going, fail_fast) = (("PROCMAN_KEEP_GOING", "1"), ("PROCMAN_FAIL_FAST", "1"));
    assert!(went_on("continue", &[], &[]));
    assert!(!went_on("no-new", &[], &[]));
    assert!(!went_on("kill", &[], &[]));
    assert!(went_on("no-new", &[keep_going], &[]));
    assert!(!went_on("continue", &[fail_fast], &[]));
    assert!(!went_on("continue", &[("PROCMAN_FAIL_FAST", "kill")], &[]));
    assert!(went_on("continue", &[("PROCMAN_FAIL_FAST", "0")], &[]));
    assert!(!went_on("continue", &[("PROCMAN_KEEP_GOING", "false"), fail_fast], &[]));
    assert!(went_on("continue", &[fail_fast], &["-k"]));
    assert!(!went_on("continue", &[keep_going], &["--fail-fast"]));
    assert!(!went_on("continue", &[], &["-k", "--fail-fast=kill"]));
    assert!(went_on("continue", &[], &["--fail-fast", "--keep-going"]));
}

#[track_caller]
fn refused_with(variable: &str, value: &str, stderr: impl IntoData) {
    let sandbox = Sandbox::with("[tasks]\na = [\"true\"]\n");
    run_with(&sandbox, &[(variable, value)], &[]).code(2).stdout("").stderr(stderr);
}

#[test]
fn a_variable_that_cannot_be() {
    refused_with(
        "PROCMAN_LIMIT",
        "none",
        str![[r#"
error: PROCMAN_LIMIT is `none`: it must be a number of jobs, or a percentage of the CPUs such as "50%"

"#]],
    );
    refused_with(
        "PROCMAN_FAIL_FAST",
        "x\u{1b}[31m",
        str![[r#"
error: PROCMAN_FAIL_FAST is `x\x1b[31m`: it can be no-new, kill, 1, true, 0 or false

"#]],
    );
    refused_with(
        "PROCMAN_DRY_RUN",
        "maybe",
        str![[r#"
error: PROCMAN_DRY_RUN is `maybe`: it can be 1, true, 0 or false

"#]],
    );
    refused_with(
        "PROCMAN_QUIET",
        "maybe",
        str![[r#"
error: PROCMAN_QUIET is `maybe`: it can be a small number, true or false

"#]],
    );
    refused_with(
        "PROCMAN_TIMEOUT",
        "5",
        str![[r#"
error: PROCMAN_TIMEOUT is `5`: write a number with a unit, such as 30s or 5m

"#]],
    );
    refused_with(
        "PROCMAN_SEED",
        "-1",
        str![[r#"
error: PROCMAN_SEED is `-1`: write a whole number from 0 to 2^64 - 1

"#]],
    );
    refused_with(
        "PROCMAN_COLOR",
        "blue",
        str![[r#"
error: PROCMAN_COLOR is `blue`: it can be auto, always or never

"#]],
    );
}

#[test]
fn a_dry_run_can_be_asked_for_by_a_variable() {
    let sandbox = Sandbox::with("[tasks]\na = [\"true\"]\n");
    for yes in ["1", "true"] {
        run_with(&sandbox, &[("PROCMAN_DRY_RUN", yes)], &[]).code(0).stdout("a: true\n").stderr("");
    }
    for no in ["0", "false"] {
        run_with(&sandbox, &[("PROCMAN_DRY_RUN", no), ("PROCMAN_QUIET", "2")], &[]).code(0).stdout("").stderr("");
    }
}

#[test]
fn quiet_is_counted_and_the_flag_wins_over_the_variable() {
    let sandbox = Sandbox::with("[tasks]\na = [\"true\"]\n");
    let counts = str![[r#"
1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]];
    run_with(&sandbox, &[], &["-q"]).code(0).stdout("").stderr(counts.clone());
    run_with(&sandbox, &[("PROCMAN_QUIET", "true")], &[]).code(0).stdout("").stderr(counts.clone());
    run_with(&sandbox, &[("PROCMAN_QUIET", "2")], &["-q"]).code(0).stdout("").stderr(counts);
    run_with(&sandbox, &[], &["-qq"]).code(0).stdout("").stderr("");
    run_with(&sandbox, &[("PROCMAN_QUIET", "2")], &[]).code(0).stdout("").stderr("");
    assert!(run_with(&sandbox, &[("PROCMAN_QUIET", "0")], &[]).code(0).stderr_text().contains("status  job"));
}

#[test]
fn quiet_leaves_what_failed() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = [\"false\"]\nb = [\"true\"]\n");
    sandbox.run(&["-q"]).code(1).stdout("").stderr(str![[r#"

failed: a: exit 1
  no output
  log: .procman/runs/[RUN]/logs/a.log

2 jobs in [TIME]: 1 ok, 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["-qq"]).code(1).stdout("").stderr("");
}

// list

#[test]
fn list_groups_tasks_by_tag_and_leaves_out_private_ones() {
    prints(
        PROJECT,
        &["list"],
        str![[r#"
fmt     cargo fmt --check
deploy  ./deploy.sh (manual; aliases d, ship)
ci      a group

tag:rust
build   Compile everything (alias b)
test    Run the tests

tag:slow
test    Run the tests

"#]],
    );
}

#[test]
fn list_aligns_wide_names_and_escapes_descriptions() {
    let manifest =
        "[tasks]\n\"漢字\" = [\"true\"]\nlonger = { argv = [\"true\"], description = \"a\\u001b[31m\\nb\" }\n";
    prints(
        manifest,
        &["list"],
        str![[r#"
漢字    true
longer  a\x1b[31m\nb

"#]],
    );
}

#[test]
fn list_of_nothing_but_private_tasks_is_empty() {
    prints("[tasks]\na = { argv = [\"true\"], private = true }\n", &["list"], "");
}

#[test]
fn list_as_json_has_every_task() {
    prints(
        PROJECT,
        &["list", "--json"],
        str![[r#"
[
  {
    "name": "fmt",
    "tags": [],
    "aliases": [],
    "private": false,
    "manual": false,
    "group": false,
    "jobs": 1
  },
  {
    "name": "build",
    "description": "Compile everything",
    "tags": [
      "rust"
    ],
    "aliases": [
      "b"
    ],
    "private": false,
    "manual": false,
    "group": false,
    "jobs": 1
  },
  {
    "name": "test",
    "description": "Run the tests",
    "tags": [
      "rust",
      "slow"
    ],
    "aliases": [],
    "private": false,
    "manual": false,
    "group": false,
    "jobs": 1
  },
  {
    "name": "setup",
    "tags": [],
    "aliases": [],
    "private": true,
    "manual": false,
    "group": false,
    "jobs": 1
  },
  {
    "name": "deploy",
    "tags": [],
    "aliases": [
      "d",
      "ship"
    ],
    "private": false,
    "manual": true,
    "group": false,
    "jobs": 1
  },
  {
    "name": "ci",
    "tags": [],
    "aliases": [],
    "private": false,
    "manual": false,
    "group": true,
    "jobs": 0
  }
]

"#]],
    );
}

// plan

#[test]
fn plan_shows_all_jobs_that_a_bare_run_would_start() {
    prints(
        PROJECT,
        &["plan"],
        str![[r#"
fmt: cargo fmt --check
build: cargo build
    needs: fmt, setup
test: cargo test 'it'\''s all'
    needs: build
setup: ./setup.sh
    cwd: tools

"#]],
    );
}

#[test]
fn plan_of_a_task_has_what_it_needs() {
    prints(
        PROJECT,
        &["plan", "build"],
        str![[r#"
fmt: cargo fmt --check
build: cargo build
    needs: fmt, setup
setup: ./setup.sh
    cwd: tools

"#]],
    );
}

#[test]
fn plan_without_dependencies() {
    prints(
        PROJECT,
        &["plan", "--no-deps", "test"],
        str![[r#"
test: cargo test 'it'\''s all'

"#]],
    );
    let variable = run_with(&Sandbox::with(PROJECT), &[("PROCMAN_NO_DEPS", "1")], &["plan", "test"]);
    variable.code(0).stderr("").stdout(str![[r#"
test: cargo test 'it'\''s all'

"#]]);
}

#[test]
fn plan_of_a_group_without_dependencies_is_what_it_stands_for() {
    prints(
        PROJECT,
        &["plan", "--no-deps", "ci"],
        str![[r#"
fmt: cargo fmt --check
test: cargo test 'it'\''s all'

"#]],
    );
}

#[test]
fn plan_selects_by_alias_glob_and_tag() {
    prints(
        PROJECT,
        &["plan", "--no-deps", "b"],
        str![[r#"
build: cargo build

"#]],
    );
    prints(
        PROJECT,
        &["plan", "--no-deps", "t?s*"],
        str![[r#"
test: cargo test 'it'\''s all'

"#]],
    );
    prints(
        PROJECT,
        &["plan", "--no-deps", "tag:rust"],
        str![[r#"
build: cargo build
test: cargo test 'it'\''s all'
    needs: build

"#]],
    );
    prints(
        PROJECT,
        &["plan", "--no-deps", "*"],
        str![[r#"
fmt: cargo fmt --check
build: cargo build
    needs: fmt
test: cargo test 'it'\''s all'
    needs: build

"#]],
    );
}

#[test]
fn a_manual_task_runs_when_it_is_named() {
    prints(
        PROJECT,
        &["plan", "ship"],
        str![[r#"
deploy: ./deploy.sh

"#]],
    );
    prints(
        PROJECT,
        &["plan", "deploy", "fmt"],
        str![[r#"
fmt: cargo fmt --check
deploy: ./deploy.sh

"#]],
    );
}

#[test]
fn the_default_stands_for_what_is_not_named() {
    let manifest = format!("default = [\"fmt\", \"d\"]\n{PROJECT}");
    prints(
        &manifest,
        &["plan"],
        str![[r#"
fmt: cargo fmt --check
deploy: ./deploy.sh

"#]],
    );
    prints(
        &manifest,
        &["plan", "--no-deps", "build"],
        str![[r#"
build: cargo build

"#]],
    );
}

#[test]
fn plan_names_the_groups_that_jobs_wait_for() {
    let manifest = r#"
[tasks]
a = ["a"]
b = ["b"]
both = { deps = ["a", "b"] }
all = { deps = ["both"] }
unused = { deps = ["a"] }
c = { argv = ["c"], deps = ["all"], wrapper = ["nice", "-n", "10"] }
"#;
    prints(
        manifest,
        &["plan", "c"],
        str![[r#"
a: a
b: b
c: nice -n 10 c
    needs: all
both = a, b
all = both

"#]],
    );
}

#[test]
fn plan_as_json_depends_on_nothing_but_the_manifest() {
    prints(
        PROJECT,
        &["plan", "--json", "test"],
        str![[r#"
{
  "jobs": [
    {
      "name": "fmt",
      "argv": [
        "cargo",
        "fmt",
        "--check"
      ],
      "cwd": "."
    },
    {
      "name": "build",
      "argv": [
        "cargo",
        "build"
      ],
      "cwd": ".",
      "deps": [
        "fmt",
        "setup"
      ]
    },
    {
      "name": "test",
      "argv": [
        "cargo",
        "test",
        "it's all"
      ],
      "cwd": ".",
      "deps": [
        "build"
      ]
    },
    {
      "name": "setup",
      "argv": [
        "./setup.sh"
      ],
      "cwd": "tools"
    }
  ]
}

"#]],
    );
}

#[test]
fn plan_as_json_has_groups_and_directories_outside() {
    let manifest = r#"
[tasks]
a = { argv = ["a"], cwd = "/", streams = "split" }
both = { deps = ["a"] }
b = { argv = ["b"], deps = ["both"], after = ["a"], cwd = "./x/../y" }
"#;
    prints(
        manifest,
        &["plan", "--json"],
        str![[r#"
{
  "groups": [
    {
      "name": "both",
      "deps": [
        "a"
      ]
    }
  ],
  "jobs": [
    {
      "name": "a",
      "argv": [
        "a"
      ],
      "cwd": "/",
      "split": true
    },
    {
      "name": "b",
      "argv": [
        "b"
      ],
      "cwd": "x/../y",
      "deps": [
        "both"
      ],
      "after": [
        "a"
      ]
    }
  ]
}

"#]],
    );
}

#[test]
fn plan_shows_where_programs_are() {
    let manifest = r#"
[defaults]
env = { PATH = "bin:/nowhere" }
[tasks]
found = ["tool"]
relative = ["./made/later"]
absolute = ["/bin/sh"]
missing = ["no-such-tool"]
unusable = ["text"]
elsewhere = { argv = ["tool"], cwd = "missing" }
wrapped = { argv = ["tool"], wrapper = ["no-such-wrapper"] }
"#;
    let sandbox = Sandbox::with(manifest).script("bin/tool", "#!/bin/sh\n").file("bin/text", "");
    sandbox.run(&["plan", "--resolve"]).code(0).stderr("").stdout(str![[r#"
found: tool
    program: [FOLDER]/bin/tool
relative: ./made/later
    program: [FOLDER]/made/later
absolute: /bin/sh
    program: /bin/sh
missing: no-such-tool
    program: no program `no-such-tool` is on the job's PATH; install it, or write its path
unusable: text
    program: `[FOLDER]/bin/text` is not executable; `chmod +x` makes it so
elsewhere: tool
    cwd: missing
    program: the job's directory `[FOLDER]/missing` does not exist
wrapped: no-such-wrapper tool
    program: no program `no-such-wrapper` is on the job's PATH; install it, or write its path

"#]]);
    sandbox.run(&["plan", "--resolve", "--json", "found", "missing"]).code(0).stderr("").stdout(str![[r#"
{
  "env": [
    "PATH"
  ],
  "jobs": [
    {
      "name": "found",
      "argv": [
        "tool"
      ],
      "cwd": ".",
      "program": {
        "found": "[FOLDER]/bin/tool"
      }
    },
    {
      "name": "missing",
      "argv": [
        "no-such-tool"
      ],
      "cwd": ".",
      "program": {
        "missing": "no program `no-such-tool` is on the job's PATH; install it, or write its path"
      }
    }
  ]
}

"#]]);
}

#[test]
fn a_dry_run_shows_the_order_of_starting_and_starts_nothing() {
    let manifest = r#"
[tasks]
last = { argv = ["touch", "last"], deps = ["middle"] }
middle = { argv = ["touch", "middle"], after = ["first"], wrapper = ["nice"] }
first = ["touch", "first"]
"#;
    let sandbox = Sandbox::with(manifest);
    sandbox.run(&["-n"]).code(0).stderr("").stdout(str![[r#"
first: touch first
middle: nice touch middle
last: touch last

"#]]);
    for name in ["first", ".procman"] {
        assert!(!sandbox.path(name).exists(), "{name}");
    }
}

// check

#[test]
fn check_of_a_clean_manifest() {
    Sandbox::with("[tasks]\na = [\"sh\"]\nb = { deps = [\"a\"] }\n").run(&["check"]).code(0).stdout("").stderr(str![[
        r#"
procman.toml: 2 tasks, no problems

"#
    ]]);
    Sandbox::with("[tasks]\na = [\"sh\"]\n").run(&["check", "-q"]).code(0).stdout("").stderr("");
}

#[test]
fn check_of_a_manifest_with_errors() {
    refused(
        "[tasks]\na = []\n",
        &["check"],
        str![[r#"
error: `argv` is empty
 --> procman.toml:2:5
  |
2 | a = []
  |     ^^
  |
  = help: give at least the program

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn check_warns_of_names_that_hide_and_programs_that_are_missing() {
    let manifest = r#"
[tasks]
list = ["sh"]
a = ["no-such-program", "x"]
"plan" = ["./made/later"]
b = { argv = ["sh"], wrapper = ["no-such-wrapper"] }
c = { argv = ["sh"], env = { PATH = "/nowhere" } }
d = { argv = ["text"], env = { PATH = "bin" } }
e = { argv = ["no-such-program"], platforms = ["dragonfly"] }
"#;
    let sandbox = Sandbox::with(manifest).file("bin/text", "");
    sandbox.run(&["check"]).code(0).stdout("").stderr(str![[r#"
warning: the subcommand `list` hides this task
 --> procman.toml:3:1
  |
3 | list = ["sh"]
  | ^^^^
  |
  = help: `procman run list` reaches it

warning: no program `no-such-program` is on the job's PATH; install it, or write its path
 --> procman.toml:4:1
  |
4 | a = ["no-such-program", "x"]
  | ^

warning: the subcommand `plan` hides this task
 --> procman.toml:5:1
  |
5 | "plan" = ["./made/later"]
  | ^^^^^^
  |
  = help: `procman run plan` reaches it

warning: no program `no-such-wrapper` is on the job's PATH; install it, or write its path
 --> procman.toml:6:1
  |
6 | b = { argv = ["sh"], wrapper = ["no-such-wrapper"] }
  | ^

warning: no program `sh` is on the job's PATH; install it, or write its path
 --> procman.toml:7:1
  |
7 | c = { argv = ["sh"], env = { PATH = "/nowhere" } }
  | ^

warning: `[FOLDER]/bin/text` is not executable; `chmod +x` makes it so
 --> procman.toml:8:1
  |
8 | d = { argv = ["text"], env = { PATH = "bin" } }
  | ^

procman.toml: 7 tasks, 6 warnings

"#]]);
}

#[test]
fn a_strict_check_takes_warnings_for_errors() {
    refused(
        "[tasks]\nrun = [\"sh\"]\n",
        &["check", "--strict"],
        str![[r#"
error: the subcommand `run` hides this task
 --> procman.toml:2:1
  |
2 | run = ["sh"]
  | ^^^
  |
  = help: `procman run run` reaches it

procman.toml: 1 task, 1 problem

"#]],
    );
    Sandbox::with("[tasks]\na = [\"sh\"]\n").run(&["check", "--strict"]).code(0).stdout("").stderr(str![[r#"
procman.toml: 1 task, no problems

"#]]);
}

#[test]
fn a_task_with_a_commands_name_is_reached_by_run() {
    let manifest = "[tasks]\nlist = [\"echo\", \"the task\"]\n";
    prints(
        manifest,
        &["run", "-n", "list"],
        str![[r#"
list: echo 'the task'

"#]],
    );
    prints(
        manifest,
        &["list"],
        str![[r#"
list  echo 'the task'

"#]],
    );
    let sandbox = Sandbox::with(manifest);
    sandbox.run(&["run", "list"]).code(0);
    assert_eq!(sandbox.log("list.log"), b"the task\n");
}

// init

#[test]
fn init_writes_a_manifest_that_is_right() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init"]).code(0).stdout("").stderr(str![[r#"
wrote procman.toml; `procman list` shows its tasks

"#]]);
    assert_eq!(sandbox.read("procman.toml"), include_str!("../../procman.toml.example"));
    sandbox.run(&["list"]).code(0).stderr("");
}

#[test]
fn init_overwrites_nothing() {
    let sandbox = Sandbox::with("mine");
    sandbox.run(&["init"]).code(2).stdout("").stderr(str![[r#"
error: `procman.toml` is there already; remove it first to have it written anew

"#]]);
    assert_eq!(sandbox.read("procman.toml"), "mine");
}

#[test]
fn init_writes_where_it_is_told_to() {
    let sandbox = Sandbox::new().file("sub/x", "");
    sandbox.run(&["-C", "sub", "init"]).code(0).stdout("").stderr(str![[r#"
wrote sub/procman.toml; `procman list` shows its tasks

"#]]);
    assert!(sandbox.path("sub/procman.toml").exists());
}

// logs

/// Two attempts, split streams, a failure and a job that is never started.
fn logged() -> Sandbox {
    let manifest = r#"
limit = 1
[tasks]
hello = ["echo", "hello"]
split = { argv = ["sh", "-c", "echo out; echo err >&2"], streams = "split" }
again = { argv = ["./again.sh"], retries = 1 }
skipped = { argv = ["echo"], deps = ["again"] }
"#;
    let script = "#!/bin/sh\necho attempt $PROCMAN_ATTEMPT\nexit 1\n";
    let sandbox = Sandbox::with(manifest).script("again.sh", script);
    sandbox.run(&["-qq"]).code(1).stdout("").stderr("");
    sandbox
}

#[test]
fn logs_before_any_run() {
    refused(
        "[tasks]\na = [\"true\"]\n",
        &["logs"],
        str![[r#"
error: there is no run yet; `procman run` makes one

"#]],
    );
}

#[test]
fn logs_without_a_task_lists_what_there_is() {
    logged().run(&["logs"]).code(0).stderr("").stdout(str![[r#"
.procman/runs/[RUN]/logs/hello.log
.procman/runs/[RUN]/logs/split~out.log
.procman/runs/[RUN]/logs/split~err.log
.procman/runs/[RUN]/logs/again.log
.procman/runs/[RUN]/logs/again~2.log

"#]]);
}

#[test]
fn logs_of_a_job_are_its_bytes() {
    let sandbox = Sandbox::with("[tasks]\na = [\"printf\", '\\033[2J\\377\\000no newline']\n");
    sandbox.run(&["-qq"]).code(0);
    assert_eq!(sandbox.run(&["logs", "a"]).code(0).stderr("").stdout_bytes(), b"\x1b[2J\xff\0no newline");
}

#[test]
fn logs_of_a_job_with_attempts_are_those_of_the_last() {
    let sandbox = logged();
    sandbox.run(&["logs", "again"]).code(0).stderr("").stdout("attempt 2\n");
    sandbox.run(&["logs", "again", "--attempt", "1"]).code(0).stderr("").stdout("attempt 1\n");
    sandbox.run(&["logs", "again", "--attempt", "3"]).code(2).stdout("").stderr(str![[r#"
error: `again` has no attempt 3: 2 attempts, failed

"#]]);
    sandbox.run(&["logs", "again", "--attempt", "0"]).code(2).stdout("").stderr(str![[r#"
error: `again` has no attempt 0: 2 attempts, failed

"#]]);
}

#[test]
fn logs_of_split_streams_come_one_after_the_other_or_alone() {
    let sandbox = logged();
    sandbox.run(&["logs", "split"]).code(0).stderr("").stdout("out\nerr\n");
    sandbox.run(&["logs", "split", "--stdout"]).code(0).stderr("").stdout("out\n");
    sandbox.run(&["logs", "split", "--stderr"]).code(0).stderr("").stdout("err\n");
    sandbox.run(&["logs", "split", "--stdout", "--stderr"]).code(2).stdout("").stderr(str![[r#"
error: the argument '--stdout' cannot be used with '--stderr'

Usage: procman logs --stdout <TASK>

For more information, try '--help'.

"#]]);
    sandbox.run(&["logs", "hello", "--stderr"]).code(2).stdout("").stderr(str![[r#"
error: `hello` has one log for both streams; `streams = "split"` keeps them apart

"#]]);
}

#[test]
fn logs_of_a_job_that_was_never_started() {
    logged().run(&["logs", "skipped"]).code(2).stdout("").stderr(str![[r#"
error: `skipped` has no log: it was never started (skipped)

"#]]);
}

#[test]
fn logs_of_an_unknown_job_come_with_the_one_that_may_be_meant() {
    let sandbox = logged();
    sandbox.run(&["logs", "helo"]).code(2).stdout("").stderr(str![[r#"
error: no job `helo` is in run [RUN]; did you mean `hello`?

"#]]);
    sandbox.run(&["logs", "xyz"]).code(2).stdout("").stderr(str![[r#"
error: no job `xyz` is in run [RUN]; `procman logs` lists what there is

"#]]);
}

#[test]
fn logs_of_a_run_by_its_id_or_the_beginning_of_it() {
    let sandbox = logged();
    let id = sandbox.events()[0]["run"].as_str().expect("a run has an id").to_owned();
    sandbox.run(&["-qq", "hello"]).code(0);
    sandbox.run(&["logs", "split", "--run", &id, "--stdout"]).code(0).stderr("").stdout("out\n");
    sandbox.run(&["logs", "split", "--run", &id[..id.len() - 3], "--stdout"]).code(0).stderr("").stdout("out\n");
    sandbox.run(&["logs", "split"]).code(2).stdout("").stderr(str![[r#"
error: no job `split` is in run [RUN]; `procman logs` lists what there is

"#]]);
    sandbox.run(&["logs", "--run", "2"]).code(2).stdout("").stderr(str![[r#"
error: `2` is the beginning or the end of 2 runs; give more of it

"#]]);
    sandbox.run(&["logs", "--run", "never"]).code(2).stdout("").stderr(str![[r#"
error: there is no run `never`; `procman history` lists those there are

"#]]);
}

#[test]
fn logs_can_be_read_beside_a_manifest_that_is_broken() {
    let sandbox = logged().file("procman.toml", "broken");
    sandbox.run(&["logs", "hello"]).code(0).stderr("").stdout("hello\n");
}

// The rest.

#[test]
fn help_of_the_whole() {
    Sandbox::new().run(&["--help"]).code(0).stderr("").stdout(str![[r#"
Runs the tasks of procman.toml, in parallel, never through a shell, and keeps a log of each

Usage: procman [run] [OPTIONS] [TASK | GLOB | tag:NAME]... [-- ARGS...]
       procman COMMAND [OPTIONS]

Commands:
  run          Run tasks with all they depend on; none named: the manifest's `default`, or all
  list         Show the tasks with their descriptions, grouped by tag
  plan         Show the jobs that would run, and how, and start nothing
  graph        Draw what waits for what
  explain      Say of tasks whether they are up to date, and why not
  check        Look for everything that is wrong with the manifest
  logs         Show the log of a job, or which logs there are
  history      List the runs there have been
  show         Show the summary of a run again
  rerun        Run again what an earlier run did, or what is left of it
  report       Write what is recorded of a run, finished or not, in another format
  clean        Remove old runs, or what is known to be up to date
  init         Write a commented procman.toml
  schema       Write the JSON Schema of manifests, for editors
  completions  Write the completion script of a shell
  man          Write the page of the manual: `procman man | man -l -`

Options:
      --no-deps               Leave out what the named tasks depend on
      --set <NAME=VALUE>      Give a var of the manifest this value
  -j, --limit <N|N%>          How many jobs may run at once: a number, or a percentage of the CPUs [alias: --jobs]
  -k, --keep-going            After a failure go on with what does not depend on it
      --fail-fast[=<HOW>]     After a failure start nothing new (no-new), or end what runs too (kill)
  -n, --dry-run               Show what would run and why, dependencies first, and start nothing
      --force                 Run the named tasks (none named: all) even if they are up to date
  -y, --yes                   Answer yes to all that tasks ask before they run
  -o, --output <MODE>         What to show of what jobs write: failures, group, prefix, stream or quiet
      --timeout <DURATION>    End the run when it takes longer than this, such as "10m"
      --report <FORMAT=FILE>  Write a report of this format to this file when the run has ended; may be given several times
      --seed <N>              Take the random part of delays between attempts from this number, as an earlier run did
  -w, --watch                 Run, and run again whenever something has changed that the tasks are made from
      --watch-on-busy <HOW>   When something changes during a run: end it and begin anew (cancel), or let it end first (finish)
  -h, --help                  Print help
  -V, --version               Print version

Global options:
  -f, --file <FILE>      The manifest; otherwise procman.toml here or in the nearest folder above
  -C, --directory <DIR>  Start in this directory
  -q, --quiet...         Show only failures and the line of counts; twice: only what went wrong with procman itself
  -v, --verbose...       Show also what starts, and peak memory
      --color <WHEN>     When to color: auto, always or never

`run` may be left out; a task named like a command is reached by `procman run NAME`.
Options of `run` and global ones are also read from the environment, as in PROCMAN_LIMIT=4.

"#]]);
}

#[test]
fn help_of_run() {
    Sandbox::new().run(&["run", "--help"]).code(0).stderr("").stdout(str![[r#"
Run tasks with all they depend on; none named: the manifest's `default`, or all

Usage: procman run [OPTIONS] [TASK]... [-- <ARGS>...]

Arguments:
  [TASK]...  Names, aliases, globs (`*`, `?`) and `tag:NAME`
  [ARGS]...  Put in for `{{args}}` in the named tasks, or else appended to the argv of the one that is named

Options:
      --no-deps               Leave out what the named tasks depend on
      --set <NAME=VALUE>      Give a var of the manifest this value
  -j, --limit <N|N%>          How many jobs may run at once: a number, or a percentage of the CPUs [alias: --jobs]
  -k, --keep-going            After a failure go on with what does not depend on it
      --fail-fast[=<HOW>]     After a failure start nothing new (no-new), or end what runs too (kill)
  -n, --dry-run               Show what would run and why, dependencies first, and start nothing
      --force                 Run the named tasks (none named: all) even if they are up to date
  -y, --yes                   Answer yes to all that tasks ask before they run
  -o, --output <MODE>         What to show of what jobs write: failures, group, prefix, stream or quiet
      --timeout <DURATION>    End the run when it takes longer than this, such as "10m"
      --report <FORMAT=FILE>  Write a report of this format to this file when the run has ended; may be given several times
      --seed <N>              Take the random part of delays between attempts from this number, as an earlier run did
  -w, --watch                 Run, and run again whenever something has changed that the tasks are made from
      --watch-on-busy <HOW>   When something changes during a run: end it and begin anew (cancel), or let it end first (finish)
  -h, --help                  Print help

Global options:
  -f, --file <FILE>      The manifest; otherwise procman.toml here or in the nearest folder above
  -C, --directory <DIR>  Start in this directory
  -q, --quiet...         Show only failures and the line of counts; twice: only what went wrong with procman itself
  -v, --verbose...       Show also what starts, and peak memory
      --color <WHEN>     When to color: auto, always or never

"#]]);
}

#[test]
fn the_version() {
    let version = format!("procman {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        Sandbox::new().run(&[flag]).code(0).stderr("").stdout(&version);
    }
}

/// What lies above `-C ..` is not what lies above where it was typed.
#[test]
fn a_directory_with_dots_is_left_before_the_manifest_is_looked_for() {
    let sandbox = Sandbox::new().file("sub/procman.toml", "[tasks]\nbelow = ['true']").file("other/file", "");
    for directory in ["..", "../other"] {
        let mut command = sandbox.command(&["-C", directory, "list"]);
        command.current_dir(sandbox.path("sub"));
        sandbox.ran(command).code(2).stdout("");
    }
}
