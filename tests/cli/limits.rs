//! Limits beside the number of jobs, and which job goes first. Which jobs overlap is shown by those that wait for each
//! other, and which do not by those that would find each other's folder.

use snapbox::str;

use crate::sandbox::{Sandbox, misbehaving};

/// The jobs in the order in which they started.
fn started(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter().filter(|event| event["type"] == "attempt-started");
    events.map(|event| event["job"].as_str().expect("a name").to_owned()).collect()
}

/// So many tasks, written one after another.
fn each(count: usize, task: impl Fn(usize) -> String) -> String {
    (0..count).map(task).collect::<Vec<_>>().concat()
}

/// An argv that succeeds only while no other like it runs; it takes its time, so that one that may would meet it.
fn alone() -> &'static str {
    "['sh', '-c', 'mkdir taken && sleep 0.02 && rmdir taken']"
}

/// An argv that succeeds only if another, with the names swapped, runs at the same time.
fn meeting(own: &str, other: &str) -> String {
    misbehaving(&format!("ready {own} until {other}"))
}

#[test]
fn a_weight_takes_so_many_places() {
    let tasks = each(6, |n| format!("[tasks.heavy{n}]\nargv = {}\nweight = 2\n", alone()));
    Sandbox::with(&format!("limit = 3\n{tasks}")).run(&["-q"]).code(0);
    let sandbox = Sandbox::with(&format!(
        "limit = 3\n[tasks.heavy]\nargv = {}\nweight = 2\n[tasks]\nlight = {}",
        meeting("heavy", "light"),
        meeting("light", "heavy")
    ));
    sandbox.run(&["-q"]).code(0);
}

#[test]
fn what_is_heavier_than_the_limit_runs_alone() {
    let heavy = each(3, |n| format!("[tasks.heavy{n}]\nargv = {}\nweight = 99\n", alone()));
    let light = each(9, |n| format!("light{n} = ['test', '!', '-e', 'taken']\n"));
    Sandbox::with(&format!("limit = 4\n{heavy}[tasks]\n{light}")).run(&["-q"]).code(0);
}

#[test]
fn a_pool_limits_those_that_name_it_and_nobody_else() {
    let manifest = |tasks: &str| format!("limit = 8\n[pools]\ndb = 1\nnet = 2\n{tasks}");
    let tasks = each(6, |n| format!("[tasks.db{n}]\nargv = {}\npools = ['net', 'db']\n", alone()));
    Sandbox::with(&manifest(&tasks)).run(&["-q"]).code(0);
    // Two in the larger pool meet, and one that is in none meets one in the smaller.
    let tasks = format!(
        "[tasks.a]\nargv = {}\npools = ['net']\n[tasks.b]\nargv = {}\npools = ['net']\n[tasks.c]\nargv = {}\npools = ['db']\n[tasks.d]\nargv = {}\n",
        meeting("a", "b"),
        meeting("b", "a"),
        meeting("c", "d"),
        meeting("d", "c")
    );
    Sandbox::with(&manifest(&tasks)).run(&["-q"]).code(0);
}

#[test]
fn pools_of_all_files_are_one_space_and_defaults_can_name_them() {
    let tasks = each(3, |n| format!("a{n} = {}\n", alone()));
    let included = each(3, |n| format!("b{n} = {}\n", alone()));
    let sandbox =
        Sandbox::with(&format!("limit = 8\ninclude = ['more.toml']\n[defaults]\npools = ['db']\n[tasks]\n{tasks}"))
            .file("more.toml", format!("[pools]\ndb = 1\n[tasks]\n{included}"));
    sandbox.run(&["-q"]).code(0);
}

#[test]
fn what_declares_more_memory_than_there_is_runs_alone() {
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks.huge]\nargv = ['true']\nmemory = '1000T'\ndeps = ['first']\n[tasks]\nfirst = ['true']\na = {}\nb = {}\n[tasks.small]\nargv = ['true']\nmemory = '1K'\ndeps = ['huge']",
        meeting("a", "b"),
        meeting("b", "a"),
    ));
    sandbox.run(&["-q"]).code(0);
    let attempts = sandbox
        .events()
        .into_iter()
        .filter(|event| ["attempt-started", "attempt-ended"].contains(&event["type"].as_str().expect("a type")));
    let attempts: Vec<String> = attempts.map(|event| format!("{} {}", event["job"], event["type"])).collect();
    // It was ready before the second of those that meet.
    let last = ["huge", "small"].map(|job| ["started", "ended"].map(|what| format!("\"{job}\" \"attempt-{what}\"")));
    assert_eq!(attempts[attempts.len() - 4..], last.concat(), "{attempts:?}");
}

#[test]
fn where_there_is_enough_memory_jobs_that_declare_some_run_side_by_side() {
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks.a]\nargv = {}\nmemory = '4KiB'\n[tasks.b]\nargv = {}\nmemory = '0.5M'",
        meeting("a", "b"),
        meeting("b", "a")
    ));
    sandbox.run(&["-q"]).code(0);
}

#[test]
fn a_higher_priority_goes_first_then_the_longest_path_then_the_manifests_order() {
    let tasks = "[tasks]\na = ['true']\nb = ['true']\n[tasks.c]\nargv = ['true']\ndeps = ['b']\n[tasks.d]\nargv = ['true']\npriority = -1\n[tasks.e]\nargv = ['true']\npriority = 2\n";
    let sandbox = Sandbox::with(&format!("limit = 1\n{tasks}"));
    sandbox.run(&["-q"]).code(0);
    assert_eq!(started(&sandbox), ["e", "a", "b", "c", "d"]);
    let sandbox = Sandbox::with(&format!("limit = 2\n{tasks}"));
    sandbox.run(&["-q"]).code(0);
    assert_eq!(started(&sandbox)[..2], ["e", "b"]);
}

/// None of them makes it another job.
#[test]
fn a_change_of_limits_is_nothing_to_run_again_for() {
    let sandbox = Sandbox::with("[tasks.a]\nargv = ['true']");
    sandbox.run(&["-q"]).code(0);
    let limited =
        "[pools]\ndb = 1\n[tasks.a]\nargv = ['true']\nweight = 2\npools = ['db']\nmemory = '1G'\npriority = 1";
    sandbox.file("procman.toml", limited).run(&["rerun", "-n", "--failed"]).code(0).stdout("");
}

fn rejected(manifest: &str, stderr: impl snapbox::IntoData) {
    Sandbox::with(manifest).run(&[]).code(2).stdout("").stderr(stderr);
}

#[test]
fn weights_and_slots_are_at_least_one() {
    rejected(
        "[pools]\nnone = 0\nmany = 'x'\n[tasks.a]\nargv = ['true']\nweight = 0\npools = ['none', 'many']\n[tasks.b]\nargv = ['true']\nweight = -1\npriority = 'high'",
        str![[r#"
error: `none` must be at least 1, below 2^32
 --> procman.toml:2:8
  |
2 | none = 0
  |        ^

error: `many` must be an integer, not a string
 --> procman.toml:3:8
  |
3 | many = 'x'
  |        ^^^

error: `weight` must be at least 1, below 2^32
 --> procman.toml:6:10
  |
6 | weight = 0
  |          ^

error: `weight` must be at least 1, below 2^32
  --> procman.toml:10:10
   |
10 | weight = -1
   |          ^^

error: `priority` must be an integer, not a string
  --> procman.toml:11:12
   |
11 | priority = 'high'
   |            ^^^^^^

error: 5 problems in procman.toml

"#]],
    );
}

#[test]
fn a_pool_that_a_task_names_is_declared_and_named_once() {
    rejected(
        "[pools]\ndb = 1\n'-x' = 1\n[tasks.a]\nargv = ['true']\npools = ['db', 'bd', 'net', 'db']\n[defaults]\npools = ['dbs']",
        str![[r#"
error: the name `-x` begins like an option
 --> procman.toml:3:1
  |
3 | '-x' = 1
  | ^^^^

error: unknown pool `bd`
 --> procman.toml:6:16
  |
6 | pools = ['db', 'bd', 'net', 'db']
  |                ^^^^
  |
  = help: declare it under `[pools]`: `bd = 1`

error: unknown pool `net`
 --> procman.toml:6:22
  |
6 | pools = ['db', 'bd', 'net', 'db']
  |                      ^^^^^
  |
  = help: declare it under `[pools]`: `net = 1`

error: pool `db` is named twice
 --> procman.toml:6:29
  |
6 | pools = ['db', 'bd', 'net', 'db']
  |                             ^^^^
  |
  = help: a job takes one slot in a pool; for less at once, give the pool fewer

error: unknown pool `dbs`
 --> procman.toml:8:10
  |
8 | pools = ['dbs']
  |          ^^^^^
  |
  = help: did you mean `db`?

error: 5 problems in procman.toml

"#]],
    );
    rejected(
        "[tasks.a]\nargv = ['true']\npools = 'db'",
        str![[r#"
error: `pools` must be an array of strings, not a string
 --> procman.toml:3:9
  |
3 | pools = 'db'
  |         ^^^^
  |
  = help: write `pools = ["db"]`

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn a_pool_is_declared_in_one_file() {
    let sandbox = Sandbox::with("include = ['more.toml']\n[pools]\ndb = 1\n[tasks]\na = ['true']")
        .file("more.toml", "[pools]\ndb = 2");
    sandbox.run(&[]).code(2).stdout("").stderr(str![[r#"
error: pool `db` is there twice
 --> more.toml:2:1
  |
2 | db = 2
  | ^^
  |
 ::: procman.toml:3:1
  |
3 | db = 1
  | -- the other is here
  |
  = help: all files of a manifest share their pools; leave one out

error: 1 problem in more.toml

"#]]);
}

/// The file that cannot be read may declare it.
#[test]
fn of_a_missing_file_nobodys_pools_are_unknown() {
    rejected(
        "include = ['more.toml']\n[tasks.a]\nargv = ['true']\npools = ['db']",
        str![[r#"
error: `more.toml` cannot be included: there is no such file
 --> procman.toml:1:12
  |
1 | include = ['more.toml']
  |            ^^^^^^^^^^^
  |
  = help: a file that is named must be there; a glob may match nothing

error: 1 problem in procman.toml

"#]],
    );
}

#[test]
fn memory_is_a_number_with_a_unit() {
    rejected(
        "[tasks.a]\nargv = ['true']\nmemory = 512\n[tasks.b]\nargv = ['true']\nmemory = '2X'\n[tasks.c]\nargv = ['true']\nmemory = '0G'\n[tasks.d]\nargv = ['true']\nmemory = true",
        str![[r#"
error: `memory` must be a size such as "2G", not an integer
 --> procman.toml:3:10
  |
3 | memory = 512
  |          ^^^
  |
  = help: write it with a unit: "512M"

error: `memory` is not a size
 --> procman.toml:6:10
  |
6 | memory = '2X'
  |          ^^^^
  |
  = help: write a number with a unit: K, M, G or T, each 1024 times the one before, such as "512M" or "1.5G"

error: `memory` must be more than nothing
 --> procman.toml:9:10
  |
9 | memory = '0G'
  |          ^^^^

error: `memory` must be a size such as "2G", not a boolean
  --> procman.toml:12:10
   |
12 | memory = true
   |          ^^^^

error: 4 problems in procman.toml

"#]],
    );
}

#[test]
fn a_group_takes_nothing() {
    rejected(
        "[tasks]\na = ['true']\n[tasks.group]\ndeps = ['a']\nweight = 2\npriority = 1",
        str![[r#"
error: `weight` has no effect on `group`, which has no `argv` and so no process of its own
 --> procman.toml:5:10
  |
5 | weight = 2
  |          ^
  |
  = help: give it an `argv`, or set this on the tasks it stands for

error: `priority` has no effect on `group`, which has no `argv` and so no process of its own
 --> procman.toml:6:12
  |
6 | priority = 1
  |            ^
  |
  = help: give it an `argv`, or set this on the tasks it stands for

error: 2 problems in procman.toml

"#]],
    );
}
