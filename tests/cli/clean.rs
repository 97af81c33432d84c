//! Which old runs are kept after a run, and `procman clean`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use snapbox::str;

use crate::sandbox::{Sandbox, misbehaving};

const MANIFEST: &str = "[tasks]\na = ['true']\n";

/// The ids of all runs, the oldest first.
fn ids(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path(".procman/runs")).into_iter().flatten();
    let mut ids: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    ids.sort();
    ids
}

/// The random parts of their ids.
fn names(sandbox: &Sandbox) -> Vec<String> {
    ids(sandbox).iter().map(|id| id.rsplit('-').next().expect("an end").to_owned()).collect()
}

/// Runs of the first days of 2026 with these names, each with a log of so many bytes.
fn past(manifest: &str, runs: &[(&str, usize)]) -> Sandbox {
    let mut sandbox = Sandbox::with(manifest);
    for (day, (name, size)) in (1..).zip(runs) {
        let run = format!(".procman/runs/202601{day:02}-120000.000-{name}");
        sandbox =
            sandbox.file(&format!("{run}/events.jsonl"), "").file(&format!("{run}/logs/a.log"), vec![b'x'; *size]);
    }
    sandbox
}

const MIB: usize = 1024 * 1024;

// After a run.

#[test]
fn a_manifest_says_how_many_runs_are_kept() {
    let sandbox = Sandbox::with(&format!("{MANIFEST}[log]\nkeep_runs = 2"));
    for _ in 0..4 {
        sandbox.run(&["-q"]).code(0);
    }
    let before = ids(&sandbox);
    sandbox.run(&["-q", "rerun"]).code(0);
    let after = ids(&sandbox);
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!(before[1], after[0]);
}

#[test]
fn a_manifest_says_how_old_they_may_become() {
    let old = [("aaaaaaaa", 0), ("bbbbbbbb", 0)];
    let sandbox = past(&format!("{MANIFEST}[log]\nmax_age = '1h'"), &old);
    // Nobody else's folder is removed, however old it looks.
    let sandbox = sandbox.file(".procman/runs/20260101-mine/events.jsonl", "");
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["-q"]).code(0);
    assert_eq!((ids(&sandbox).len(), names(&sandbox)[0].as_str()), (3, "mine"));
}

#[test]
fn a_manifest_says_how_large_they_may_become() {
    let old = [("aaaaaaaa", 10), ("bbbbbbbb", 3 * MIB), ("cccccccc", MIB), ("dddddddd", MIB)];
    let sandbox = past(&format!("{MANIFEST}[log]\nmax_size = '2.5M'"), &old);
    sandbox.run(&["-q"]).code(0);
    let names = names(&sandbox);
    assert_eq!((names.len(), &names[..2]), (3, &["cccccccc".to_owned(), "dddddddd".to_owned()][..]));
}

#[test]
fn the_newest_run_is_kept_however_large_it_is() {
    let manifest = "[tasks]\na = ['head', '-c', '100000', '/dev/zero']\n[log]\nmax_size = '1K'";
    let sandbox = past(manifest, &[("aaaaaaaa", 10)]);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(ids(&sandbox), [sandbox.latest().file_name().expect("a name").to_string_lossy()]);
}

#[test]
fn what_a_manifest_says_wrong_of_old_runs_is_told_at_its_place() {
    let log = "keep_runs = 0\nmax_age = '0s'\nmax_size = '1X'\nkeep = 3";
    Sandbox::with(&format!("{MANIFEST}[log]\n{log}")).run(&[]).code(2).stdout("").stderr(str![[r#"
error: `keep_runs` must be at least 1, below 2^32
 --> procman.toml:4:13
  |
4 | keep_runs = 0
  |             ^

error: `max_age` must be more than nothing
 --> procman.toml:5:11
  |
5 | max_age = '0s'
  |           ^^^^
  |
  = help: to keep the newest run alone, write `keep_runs = 1`

error: `max_size` is not a size
 --> procman.toml:6:12
  |
6 | max_size = '1X'
  |            ^^^^
  |
  = help: write a number with a unit: K, M, G or T, each 1024 times the one before, such as "512M" or "1.5G"

error: unknown key `keep`
 --> procman.toml:7:1
  |
7 | keep = 3
  | ^^^^
  |
  = help: did you mean `keep_runs`?

error: 4 problems in procman.toml

"#]]);
    Sandbox::with(&format!("log = 3\n{MANIFEST}")).run(&[]).code(2).stdout("").stderr(str![[r#"
error: `log` must be a table, not an integer
 --> procman.toml:1:7
  |
1 | log = 3
  |       ^

error: 1 problem in procman.toml

"#]]);
    let included = Sandbox::with(&format!("include = ['x.toml']\n{MANIFEST}")).file("x.toml", "[log]\nkeep_runs = 3");
    included.run(&[]).code(2).stdout("").stderr(str![[r#"
error: `log` belongs to the top file alone
 --> x.toml:1:2
  |
1 | [log]
  |  ^^^
  |
  = help: write it in `procman.toml`

error: 1 problem in x.toml

"#]]);
}

// When the user asks for it.

#[test]
fn it_leaves_what_the_manifest_lets_stay() {
    let runs = [("aaaaaaaa", MIB), ("bbbbbbbb", MIB), ("cccccccc", 0), ("dddddddd", 0)];
    let sandbox = past(&format!("{MANIFEST}[log]\nkeep_runs = 2"), &runs);
    let before = ids(&sandbox);
    sandbox
        .run(&["clean", "-n"])
        .code(0)
        .stdout(str![[r#"
[RUN] [MEMORY]
[RUN] [MEMORY]

"#]])
        .stderr(str![[r#"
would remove 2 runs, [MEMORY]; 2 runs are left

"#]]);
    let mut command = sandbox.command(&["-q", "clean"]);
    command.env("PROCMAN_DRY_RUN", "1");
    let shown = sandbox.ran(command).code(0).stderr("");
    assert_eq!(String::from_utf8_lossy(shown.stdout_bytes()).lines().count(), 2);
    assert_eq!(ids(&sandbox), before);
    sandbox.run(&["clean"]).code(0).stdout("").stderr(str![[r#"
removed 2 runs, [MEMORY]; 2 runs are left

"#]]);
    assert_eq!(names(&sandbox), ["cccccccc", "dddddddd"]);
    sandbox.run(&["clean"]).code(0).stdout("").stderr("there is no run to remove; 2 runs are left\n");
    sandbox.run(&["-q", "clean", "--keep-runs", "1"]).code(0).stdout("").stderr("");
    assert_eq!(names(&sandbox), ["dddddddd"]);
}

#[test]
fn the_command_line_goes_before_the_manifest() {
    let runs = [("aaaaaaaa", MIB), ("bbbbbbbb", 10), ("cccccccc", 10), ("dddddddd", 10)];
    let left = |arguments: &[&str]| {
        let sandbox = past(&format!("{MANIFEST}[log]\nkeep_runs = 3"), &runs);
        sandbox.run(&[&["-q", "clean"], arguments].concat()).code(0).stdout("").stderr("");
        names(&sandbox).len()
    };
    assert_eq!(left(&[]), 3);
    assert_eq!(left(&["--keep-runs", "4"]), 4);
    assert_eq!(left(&["--keep-runs", "2"]), 2);
    assert_eq!(left(&["--keep-runs", "4", "--max-size", "1M"]), 3);
    assert_eq!(left(&["--keep-runs", "4", "--max-size", "2M"]), 4);
    assert_eq!(left(&["--max-age", "1h"]), 1);
    assert_eq!(left(&["--max-age", "1000y"]), 3);
    // Nothing but these is asked for, so that a manifest that is wrong does not matter.
    let sandbox = past("nonsense", &runs);
    sandbox.run(&["clean"]).code(2);
    let all = ["clean", "-q", "--keep-runs", "2", "--max-size", "1T", "--max-age", "1000y"];
    sandbox.run(&all).code(0).stderr("");
    assert_eq!(names(&sandbox), ["cccccccc", "dddddddd"]);
    sandbox.run(&["clean", "--all"]).code(0).stderr(str![[r#"
removed 2 runs, [MEMORY]; 0 runs are left

"#]]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let sandbox = past(MANIFEST, &[("aaaaaaaa", 0)]);
    for arguments in ["--keep-runs 0", "--max-age 0s", "--max-age soon", "--max-size 1", "--max-size 0G"] {
        let arguments: Vec<&str> = ["clean"].into_iter().chain(arguments.split(' ')).collect();
        let ran = sandbox.run(&arguments).code(2).stdout("");
        assert!(ran.stderr_text().starts_with("error: invalid value '"), "{}", ran.stderr_text());
    }
    sandbox.run(&["clean", "--keep-runs", "0"]).code(2).stderr(str![[r#"
error: invalid value '0' for '--keep-runs <N>': write a number from 1; `--all` removes every run

For more information, try '--help'.

"#]]);
    sandbox.run(&["clean", "--max-size", "1"]).code(2).stderr(str![[r#"
error: invalid value '1' for '--max-size <SIZE>': write a number with a unit: K, M, G or T, each 1024 times the one before, such as "512M" or "1.5G"

For more information, try '--help'.

"#]]);
    sandbox.run(&["clean", "--max-age", "0s"]).code(2).stderr(str![[r#"
error: invalid value '0s' for '--max-age <DURATION>': it would keep the newest run alone; write `--keep-runs 1`

For more information, try '--help'.

"#]]);
    sandbox.run(&["clean", "--all", "--keep-runs", "2"]).code(2);
    assert_eq!(ids(&sandbox).len(), 1);
}

#[test]
fn all_are_all_but_those_under_way() {
    let sandbox = Sandbox::with(&format!("{MANIFEST}b = {}", misbehaving("ready ready until go")));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    let under_way = ids(&sandbox);
    sandbox.run(&["-q", "a"]).code(0);
    sandbox.run(&["clean", "--all", "-n"]).code(0).stderr(str![[r#"
note: run [RUN] is under way, and stays
would remove 1 run, [MEMORY]; 1 run is left

"#]]);
    sandbox.run(&["clean", "--all"]).code(0).stdout("").stderr(str![[r#"
note: run [RUN] is under way, and stays
removed 1 run, [MEMORY]; 1 run is left

"#]]);
    assert_eq!(ids(&sandbox), under_way);
    // It is the latest now.
    sandbox.run(&["logs", "-f"]).code(2).stderr(str![[r#"
error: `-f` follows one job, as in `procman logs -f TASK`; these run now: b

"#]]);
    sandbox.let_go("go");
    running.wait().code(0);
    sandbox.run(&["clean", "--all"]).code(0).stdout("").stderr(str![[r#"
removed 1 run, [MEMORY]; 0 runs are left

"#]]);
    assert!(ids(&sandbox).is_empty() && sandbox.path(".procman/latest").symlink_metadata().is_err());
    sandbox.run(&["clean", "--all"]).code(0).stdout("").stderr("there is no run to remove; 0 runs are left\n");
}

#[test]
fn an_old_run_that_is_under_way_stays_and_is_named() {
    let sandbox = Sandbox::with(&format!("{MANIFEST}b = {}", misbehaving("ready ready until go")));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    sandbox.run(&["-q", "a"]).code(0);
    sandbox.run(&["clean", "--keep-runs", "1"]).code(0).stdout("").stderr(str![[r#"
note: run [RUN] is under way, and stays
there is no run to remove; 2 runs are left

"#]]);
    assert_eq!(ids(&sandbox).len(), 2);
    sandbox.let_go("go");
    running.wait().code(0);
}

/// Whose clock was set back.
#[test]
fn the_latest_run_stays_even_if_others_seem_newer() {
    let sandbox = past(MANIFEST, &[]).file(".procman/runs/29990101-120000.000-aaaaaaaa/events.jsonl", "");
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["clean", "--keep-runs", "1"]).code(0).stderr("there is no run to remove; 2 runs are left\n");
    sandbox.run(&["-q", "show"]).code(0);
}

#[test]
fn where_nothing_has_run_there_is_nothing_to_clean() {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.run(&["clean"]).code(0).stdout("").stderr("there is no run to remove; 0 runs are left\n");
    sandbox.run(&["clean", "--state"]).code(0).stdout("").stderr("there is nothing known to be up to date\n");
    assert!(!sandbox.path(".procman").exists());
}

#[test]
fn no_link_is_followed() {
    let sandbox = past(MANIFEST, &[("aaaaaaaa", 0), ("bbbbbbbb", 0), ("cccccccc", 0)]);
    let sandbox = sandbox.file("mine/events.jsonl", "").file("mine/logs/a.log", "mine");
    let run = |day: &str, name: &str| sandbox.path(&format!(".procman/runs/202601{day}-120000.000-{name}"));
    fs::remove_dir_all(run("01", "aaaaaaaa")).expect("it is there");
    symlink(sandbox.path("mine"), run("01", "aaaaaaaa")).expect("a link");
    fs::remove_dir_all(run("02", "bbbbbbbb").join("logs")).expect("it is there");
    symlink(sandbox.path("mine"), run("02", "bbbbbbbb").join("logs")).expect("a link");
    sandbox.run(&["-q", "clean", "--keep-runs", "1"]).code(0);
    assert_eq!(names(&sandbox), ["cccccccc"]);
    assert_eq!(sandbox.read("mine/logs/a.log"), "mine");
    fs::rename(sandbox.path(".procman/runs"), sandbox.path("elsewhere")).expect("it is there");
    symlink(sandbox.path("elsewhere"), sandbox.path(".procman/runs")).expect("a link");
    sandbox.run(&["clean", "--all"]).code(3).stdout("").stderr(str![[r#"
error: `[FOLDER]/.procman/runs` cannot be cleaned: it is a symbolic link, which is not followed

"#]]);
    sandbox.run(&["-q"]).code(0);
    assert!(sandbox.path("elsewhere/20260103-120000.000-cccccccc/logs/a.log").exists());
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn what_cannot_be_removed_is_named_and_the_rest_goes() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root can remove everything");
        return;
    }
    let sandbox = past(MANIFEST, &[("aaaaaaaa", 0), ("bbbbbbbb", 0), ("cccccccc", 0)]);
    let held = sandbox.path(".procman/runs/20260101-120000.000-aaaaaaaa/logs");
    fs::set_permissions(&held, fs::Permissions::from_mode(0o500)).expect("permissions");
    sandbox.run(&["clean", "--all"]).code(3).stdout("").stderr(str![[r#"
removed 2 runs, [MEMORY]; 1 run is left
error: `[FOLDER]/.procman/runs/[RUN]` cannot be removed: permission denied

"#]]);
    fs::set_permissions(&held, fs::Permissions::from_mode(0o700)).expect("permissions");
    assert_eq!(names(&sandbox), ["aaaaaaaa"]);
}

// What is known to be up to date.

const MADE: &str = "[tasks.a]\nargv = ['sh', '-c', 'echo > out']\noutputs = ['out']\n";

#[test]
fn without_state_everything_runs_again() {
    let sandbox = Sandbox::with(MADE);
    sandbox.run(&["-q"]).code(0);
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.status("a"), "up-to-date");
    let key = fs::read(sandbox.path(".procman/key")).expect("a key");
    let state = sandbox.read(".procman/state.jsonl");
    sandbox.run(&["clean", "--state", "-n"]).code(0).stdout("").stderr(str![[r#"
would remove what is known to be up to date; every task runs again

"#]]);
    assert_eq!(sandbox.read(".procman/state.jsonl"), state);
    sandbox.run(&["clean", "--state"]).code(0).stdout("").stderr(str![[r#"
removed what is known to be up to date; every task runs again

"#]]);
    assert!(!sandbox.path(".procman/state.jsonl").exists());
    assert_eq!(fs::read(sandbox.path(".procman/key")).expect("a key"), key);
    assert_eq!(ids(&sandbox).len(), 2, "no run is removed");
    sandbox.run(&["-q"]).code(0);
    assert_eq!(sandbox.status("a"), "ok");
    sandbox.run(&["-q", "clean", "--state", "--all"]).code(0).stdout("").stderr("");
    assert!(ids(&sandbox).is_empty() && !sandbox.path(".procman/state.jsonl").exists());
}

/// What a run under way keeps from then on is found by the next.
#[test]
fn a_run_under_way_goes_on_with_a_new_one() {
    let sandbox = Sandbox::with(&format!(
        "{MADE}[tasks.b]\nargv = {}\noutputs = ['made']\ndeps = ['a']",
        misbehaving("ready ready until go ready made")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    sandbox.run(&["-q", "clean", "--state"]).code(0).stderr("");
    sandbox.let_go("go");
    running.wait().code(0);
    sandbox.run(&["-q"]).code(0);
    assert_eq!((sandbox.status("a").as_str(), sandbox.status("b").as_str()), ("ok", "up-to-date"));
}

#[test]
fn while_another_is_at_it_nothing_is_forgotten() {
    let sandbox = Sandbox::with(MADE);
    sandbox.run(&["-q"]).code(0);
    let lock = fs::File::open(sandbox.path(".procman/state.lock")).expect("a lock");
    lock.lock().expect("nobody has it");
    sandbox.run(&["clean", "--state"]).code(3).stdout("").stderr(str![[r#"
error: `[FOLDER]/.procman/state.jsonl` cannot be removed: another procman is at it, or was stopped while it was

"#]]);
    assert!(sandbox.path(".procman/state.jsonl").exists());
}
