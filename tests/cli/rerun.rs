//! Running again what is left of an earlier run: by name and definition, whatever else has changed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;
use snapbox::str;

use crate::sandbox::{Sandbox, wait_until};

/// `flaw` fails until there is a file `mended`; `after-flaw` needs it by way of two groups.
const PROJECT: &str = "
limit = 1
[tasks]
good = ['true']
flaw = ['test', '-e', 'mended']
[tasks.after-good]
argv = ['true']
deps = ['good']
[tasks.outer]
deps = ['inner']
[tasks.inner]
deps = ['flaw', 'good']
[tasks.after-flaw]
argv = ['true']
deps = ['outer']
[tasks.may-fail]
argv = ['false']
allow_failure = true
[tasks.elsewhere]
argv = ['true']
platforms = ['windows']
";

/// The id of the latest run.
fn latest(sandbox: &Sandbox) -> String {
    sandbox.latest().file_name().expect("a name").to_string_lossy().into_owned()
}

/// The jobs that the latest run started.
fn started(sandbox: &Sandbox) -> Vec<String> {
    jobs_of(&sandbox.events(), "attempt-started")
}

fn jobs_of(events: &[Value], kind: &str) -> Vec<String> {
    let events = events.iter().filter(|event| event["type"] == kind);
    events.map(|event| event["job"].as_str().expect("a name").to_owned()).collect()
}

/// The jobs that would be run again, dependencies first.
#[track_caller]
fn would_run(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let ran = sandbox.run(&[&["-q", "rerun", "-n"], arguments].concat()).code(0);
    let lines = String::from_utf8(ran.stdout_bytes().to_vec()).expect("text");
    lines.lines().map(|line| line.split(": ").next().expect("a name").to_owned()).collect()
}

fn write(sandbox: &Sandbox, path: &str, content: &str) {
    fs::write(sandbox.path(path), content).expect("a file");
}

fn mend(sandbox: &Sandbox) {
    write(sandbox, "mended", "");
}

// What is run again.

#[test]
fn failed_runs_what_failed_and_all_that_needs_it() {
    let sandbox = Sandbox::with(PROJECT);
    sandbox.run(&["-q"]).code(1);
    let first = latest(&sandbox);
    mend(&sandbox);
    sandbox.run(&["rerun", "--failed"]).code(0).stdout("").stderr(str![[r#"
note: run [RUN] again: 2 of 6 jobs
procman: 2 jobs, at most 1 at once
             ok [TIME]  flaw
             ok [TIME]  after-flaw

status  job             time  attempts
ok      flaw [TIME]         1
ok      after-flaw [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    let start = sandbox.events().swap_remove(0);
    assert_eq!(start["rerun_of"], Value::from(first));
    let earlier: Vec<_> = start["earlier"].as_array().expect("a list").iter().collect();
    let ends: Vec<_> = earlier.iter().map(|job| (job["name"].as_str(), job["status"].as_str())).collect();
    assert_eq!(
        ends,
        [("good", "ok"), ("after-good", "ok"), ("may-fail", "allowed-failure"), ("elsewhere", "skipped")]
            .map(|(name, status)| (Some(name), Some(status)))
    );
    sandbox.run(&["rerun", "--failed"]).code(0).stdout("").stderr(str![[r#"
nothing to run again: all 6 jobs of run [RUN] have succeeded

"#]]);
    assert_eq!(latest(&sandbox), start["run"], "there was nothing to run, and so there was no run");
}

#[test]
fn what_would_run_again_is_shown_and_not_run() {
    let sandbox = Sandbox::with(PROJECT);
    sandbox.run(&["-q"]).code(1);
    let first = latest(&sandbox);
    sandbox
        .run(&["rerun", "--failed", "-n"])
        .code(0)
        .stdout(str![[r#"
flaw: test -e mended
after-flaw: true

"#]])
        .stderr(str![[r#"
note: run [RUN] again: 2 of 6 jobs

"#]]);
    sandbox.run(&["-q", "rerun", "--failed", "-n"]).code(0).stderr("");
    assert_eq!(latest(&sandbox), first);
}

#[test]
fn without_saying_what_everything_is_run_again() {
    let sandbox = Sandbox::with(PROJECT);
    sandbox.run(&["-q", "flaw", "good"]).code(1);
    mend(&sandbox);
    sandbox.run(&["-q", "rerun", "-j", "2"]).code(0);
    let mut both = started(&sandbox);
    both.sort();
    assert_eq!(both, ["flaw", "good"]);
    let start = sandbox.events().swap_remove(0);
    assert_eq!((start["limit"].as_u64(), start.get("earlier")), (Some(2), None));
    assert_eq!(start["selection"], serde_json::json!({ "names": ["flaw", "good"] }));
}

#[test]
fn each_way_not_to_succeed_is_run_again() {
    let sandbox = Sandbox::with(
        "limit = 1\non_failure = 'no-new'\n[tasks]\nok = ['true']\nmissing = ['./no-such-program']\nnever = ['true']\n\
         [tasks.slow]\nargv = ['sleep', '100']\ntimeout = '10ms'\n[tasks.flaky]\nargv = ['mkdir', 'made']\nretries = 1",
    );
    sandbox.run(&["-q", "-k"]).code(1);
    assert_eq!(would_run(&sandbox, &["--failed"]), ["missing", "slow"]);
    sandbox.run(&["-q"]).code(1);
    assert_eq!(jobs_of(&sandbox.events(), "job-ended"), ["ok", "missing", "never", "slow", "flaky"]);
    assert_eq!(would_run(&sandbox, &["--failed"]), ["missing", "never", "slow", "flaky"]);
    assert_eq!(would_run(&sandbox, &["--unfinished"]), [""; 0]);
}

#[test]
fn unfinished_leaves_what_failed_and_what_was_skipped_because_of_it() {
    let sandbox = Sandbox::with(PROJECT);
    sandbox.run(&["-q"]).code(1);
    sandbox.run(&["rerun", "--unfinished"]).code(0).stdout("").stderr(str![[r#"
nothing to run again: all 6 jobs of run [RUN] have ended; `--failed` runs the 2 without success

"#]]);
    sandbox.run(&["-qq", "rerun", "--unfinished"]).code(0).stdout("").stderr("");
}

/// A cancelled job has an end: whoever looks for it among the unfinished ones is told where it is.
#[test]
fn what_is_left_after_an_interrupt_is_not_unfinished_and_that_is_said() {
    let sandbox = Sandbox::with(WAITS);
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    running.signal("INT");
    running.wait().died_of(2);
    sandbox.run(&["rerun", "--unfinished"]).code(0).stdout("").stderr(str![[r#"
nothing to run again: all 3 jobs of run [RUN] have ended; `--failed` runs the 2 without success

"#]]);
    assert_eq!(would_run(&sandbox, &["--failed"]), ["waits", "rest"]);
}

#[test]
fn reruns_of_reruns_go_on_where_the_last_one_ended() {
    let manifest = "limit = 1\n[tasks]\none = ['test', '-e', 'one-mended']\ntwo = ['test', '-e', 'two-mended']\n\
                    three = ['true']\n[tasks.last]\nargv = ['true']\ndeps = ['one', 'two']";
    let sandbox = Sandbox::with(manifest);
    sandbox.run(&["-q"]).code(1);
    write(&sandbox, "one-mended", "");
    sandbox.run(&["-q", "rerun", "--failed"]).code(1);
    assert_eq!(started(&sandbox), ["one", "two"]);
    assert_eq!(would_run(&sandbox, &["--failed"]), ["two", "last"]);
    assert_eq!(would_run(&sandbox, &[]), ["one", "two", "three", "last"]);
    write(&sandbox, "two-mended", "");
    sandbox.run(&["-q", "rerun", "--failed"]).code(0);
    assert_eq!(started(&sandbox), ["two", "last"]);
    sandbox.run(&["rerun", "--failed"]).code(0).stderr(str![[r#"
nothing to run again: all 4 jobs of run [RUN] have succeeded

"#]]);
}

// By name and definition.

#[test]
fn a_job_is_the_same_wherever_it_stands_in_the_manifest() {
    let manifest = |jobs: &[&str]| format!("limit = 1\n[tasks]\n{}\n", jobs.join("\n"));
    let [good, bad, also_good] = ["good = ['true']", "bad = ['false']", "also-good = ['true']"];
    let sandbox = Sandbox::with(&manifest(&[good, bad, also_good]));
    sandbox.run(&["-q"]).code(1);
    for order in [[bad, also_good, good], [also_good, bad, good], [good, also_good, bad]] {
        write(&sandbox, "procman.toml", &manifest(&order));
        assert_eq!(would_run(&sandbox, &["--failed"]), ["bad"]);
    }
    write(&sandbox, "procman.toml", &manifest(&["new = ['true']", also_good, "bad = ['true']", good]));
    sandbox.run(&["-q", "rerun", "--failed"]).code(0);
    assert_eq!(started(&sandbox), ["new", "bad"]);
}

#[test]
fn what_has_changed_is_run_again_with_all_that_needs_it() {
    let manifest = |argv: &str, keys: &str| {
        format!("[tasks.a]\nargv = [{argv}]\n{keys}\n[tasks.b]\nargv = ['true']\ndeps = ['a']\n[tasks]\nc = ['true']")
    };
    let before = manifest("'true'", "env_file = ['e']\ntimeout = '1m'");
    let sandbox = Sandbox::with(&before).file("e", "X=old").file("sub/file", "");
    sandbox.run(&["-q"]).code(0);
    let changed = [
        manifest("'true', 'x'", "env_file = ['e']"),
        manifest("'true'", "env_file = ['e']\nenv = { X = 'new' }"),
        manifest("'true'", "env_file = ['e']\nenv_remove = ['Y']"),
        manifest("'true'", "env_file = ['e']\ninherit_env = false"),
        manifest("'true'", "env_file = ['e']\ncwd = 'sub'"),
        manifest("'true'", "env_file = ['e']\nstdin = 'e'"),
        manifest("'true'", "env_file = ['e']\nwrapper = ['env']"),
        manifest("'true'", "env_file = ['e']\nsuccess_codes = [0, 1]"),
        manifest("'true'", "env_file = ['e']\nallow_failure = true"),
    ];
    for changed in changed {
        write(&sandbox, "procman.toml", &changed);
        assert_eq!(would_run(&sandbox, &["--failed"]), ["a", "b"], "{changed}");
        assert_eq!(would_run(&sandbox, &["--unfinished"]), ["a", "b"], "{changed}");
    }
    write(&sandbox, "procman.toml", &manifest("'true'", "env_file = ['e']\ntimeout = '2m'\nretries = 1"));
    assert_eq!(would_run(&sandbox, &["--failed"]), [""; 0]);
    write(&sandbox, "e", "X=new");
    assert_eq!(would_run(&sandbox, &["--failed"]), ["a", "b"]);
}

#[test]
fn a_renamed_job_is_a_new_one_and_the_old_name_is_noted() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\nkept = ['true']\nold = ['true']\nolder = ['false']");
    sandbox.run(&["-q"]).code(1);
    // A name with a control character, which no manifest can have.
    let events = sandbox.latest().join("events.jsonl");
    let record = fs::read_to_string(&events).expect("the record").replace("\"older\"", r#""ol\u001b[31mder""#);
    fs::write(&events, record).expect("the record");
    write(&sandbox, "procman.toml", "limit = 1\n[tasks]\nkept = ['true']\nnew = ['true']");
    sandbox.run(&["rerun", "--failed"]).code(0).stderr(str![[r#"
note: 2 jobs of run [RUN] are no longer there to run: old, ol\x1b[31mder
note: run [RUN] again: 1 of 2 jobs
procman: 1 job, at most 1 at once
             ok [TIME]  new

status  job      time  attempts
ok      new [TIME]         1

1 job in [TIME]: 1 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    // It is a job of that rerun no more, and so not of the next.
    sandbox.run(&["rerun", "--failed"]).code(0).stderr(str![[r#"
nothing to run again: all 2 jobs of run [RUN] have succeeded

"#]]);
}

#[test]
fn of_many_names_that_are_gone_some_are_noted() {
    let jobs = |count: usize| (0..count).map(|n| format!("t{n:02} = ['true']\n")).collect::<Vec<_>>().concat();
    let sandbox = Sandbox::with(&format!("[tasks]\n{}", jobs(20)));
    sandbox.run(&["-q"]).code(0);
    write(&sandbox, "procman.toml", &format!("[tasks]\n{}", jobs(1)));
    sandbox.run(&["rerun", "--failed"]).code(0).stderr(str![[r#"
note: 19 jobs of run [RUN] are no longer there to run: t01, t02, t03, t04, t05, t06, t07, t08, t09, t10, and 9 more
nothing to run again: the 1 job of run [RUN] has succeeded

"#]]);
}

#[test]
fn a_record_of_before_there_were_definitions_is_run_again_as_a_whole() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']\nb = ['true']");
    sandbox.run(&["-q"]).code(0);
    let events = sandbox.latest().join("events.jsonl");
    let text = fs::read_to_string(&events).expect("the record");
    let (first, rest) = text.split_once('\n').expect("lines");
    let mut start: Value = serde_json::from_str(first).expect("JSON");
    start.as_object_mut().expect("an event").remove("manifest_hash");
    for job in start["jobs"].as_array_mut().expect("jobs") {
        job.as_object_mut().expect("a job").remove("definition").expect("it has one");
    }
    fs::write(&events, format!("{start}\n{rest}")).expect("the record");
    assert_eq!(would_run(&sandbox, &["--unfinished"]), ["a", "b"]);
}

// What was asked for.

#[test]
fn what_was_asked_for_is_asked_for_again() {
    let sandbox = Sandbox::with(
        "[tasks]\ndep = ['true']\nother = ['true']\n[tasks.job]\nargv = ['sh', '-c', 'printf %s \"$1\"; exit 1', 'sh']\n\
         deps = ['dep']\naliases = ['j']",
    );
    let mut command = sandbox.command(&["-q", "--no-deps", "j", "--"]);
    command.arg(OsStr::from_bytes(b"a \xFFb"));
    sandbox.ran(command).code(1);
    for again in [&["-q", "rerun"][..], &["-q", "rerun", "--failed"]] {
        sandbox.run(again).code(1);
        assert_eq!((started(&sandbox), sandbox.log("job.log")), (vec!["job".to_owned()], b"a \xFFb".to_vec()));
    }
    assert_eq!(would_run(&sandbox, &["--unfinished"]), [""; 0]);
}

#[test]
fn what_can_no_longer_be_asked_for_is_refused() {
    let sandbox = Sandbox::with("[tasks]\nfirst = ['true']\nsecond = ['true']");
    sandbox.run(&["-q", "first", "second"]).code(0);
    write(&sandbox, "procman.toml", "[tasks]\nfirst1 = ['true']\nanother = ['true']");
    sandbox.run(&["rerun", "--failed"]).code(2).stdout("").stderr(str![[r#"
error: run [RUN] cannot be made again: there is no task `first`; did you mean `first1`?
error: there is no task `second`; `procman list` shows all

"#]]);
    write(&sandbox, "procman.toml", "[tasks\n");
    sandbox.run(&["rerun"]).code(2).stdout("").stderr(str![[r#"
error: this is not TOML: unclosed table, expected `]`
 --> procman.toml:1:7
  |
1 | [tasks
  |       ^

error: 1 problem in procman.toml

"#]]);
}

#[test]
fn the_manifest_is_the_one_that_was_run() {
    let sandbox = Sandbox::with("[tasks]\na = ['true']").file("other.toml", "[tasks]\nb = ['false']");
    sandbox.run(&["-q", "-f", "other.toml"]).code(1);
    let other = latest(&sandbox);
    assert_eq!(would_run(&sandbox, &["--failed"]), ["b"]);
    sandbox.run(&["-q", "-f", "other.toml", "rerun", "--failed"]).code(1);
    assert_eq!(started(&sandbox), ["b"]);
    sandbox.run(&["-f", "./procman.toml", "rerun", &other]).code(2).stdout("").stderr(str![[r#"
error: run [RUN] is of `./other.toml`, and not of `./procman.toml`; give `-f ./other.toml`

"#]]);
    fs::remove_file(sandbox.path("other.toml")).expect("it is there");
    sandbox.run(&["rerun"]).code(2).stdout("").stderr(str![[r#"
error: the manifest `other.toml` cannot be read: no such file or directory

"#]]);
}

#[test]
fn a_folder_that_was_moved_is_no_other_project() {
    let manifest = "limit = 1\n[tasks]\na = ['test', '-e', 'sub/mended']\nb = { argv = ['true'], cwd = 'sub' }";
    let sandbox = Sandbox::new().file("here/procman.toml", manifest).file("here/sub/file", "");
    sandbox.run(&["-q", "-C", "here"]).code(1);
    fs::rename(sandbox.path("here"), sandbox.path("there")).expect("it can be moved");
    write(&sandbox, "there/sub/mended", "");
    sandbox.run(&["-C", "there/sub", "rerun", "--failed"]).code(0).stderr(str![[r#"
note: run [RUN] again: 1 of 2 jobs
procman: 1 job, at most 1 at once
             ok [TIME]  a

status  job      time  attempts
ok      a [TIME]         1

1 job in [TIME]: 1 ok; logs in there/.procman/runs/[RUN]/logs

"#]]);
}

// Which run.

#[test]
fn a_run_is_named_by_the_beginning_of_its_id() {
    let sandbox = Sandbox::with(PROJECT);
    sandbox.run(&["rerun"]).code(2).stdout("").stderr(str![[r#"
error: there is no run yet; `procman run` makes one

"#]]);
    sandbox.run(&["-q"]).code(1);
    let first = latest(&sandbox);
    sandbox.run(&["-q", "good"]).code(0);
    assert_eq!(would_run(&sandbox, &["--failed"]), [""; 0]);
    assert_eq!(would_run(&sandbox, &["--failed", &first]), ["flaw", "after-flaw"]);
    assert_eq!(would_run(&sandbox, &["--failed", &first[..first.len() - 1]]), ["flaw", "after-flaw"]);
    sandbox.run(&["rerun", &first[..2]]).code(2).stdout("").stderr(str![[r#"
error: `20` is the beginning or the end of 2 runs; give more of it

"#]]);
    sandbox.run(&["rerun", "x\u{1b}y"]).code(2).stdout("").stderr(str![[r#"
error: there is no run `x\x1by`; `procman history` lists those there are

"#]]);
    sandbox.run(&["rerun", "--failed", "--unfinished"]).code(2).stdout("").stderr(str![[r#"
error: the argument '--failed' cannot be used with '--unfinished'

Usage: procman rerun --failed [RUN]

For more information, try '--help'.

"#]]);
}

/// One waits for a file, the other has nothing to wait for.
const WAITS: &str = "limit = 1\n[tasks]\ndone = ['true']\n\
    waits = ['sh', '-c', 'echo > ready; until [ -e go ]; do sleep 0.01; done']\nrest = ['true']\n\
    [tasks.flaw]\nargv = ['false']\nmanual = true\n";

#[test]
fn a_run_under_way_is_refused_and_hinders_no_other() {
    let sandbox = Sandbox::with(WAITS);
    sandbox.run(&["-q", "flaw"]).code(1);
    let failed = latest(&sandbox);
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    let under_way = latest(&sandbox);
    sandbox.run(&["rerun", "--unfinished"]).code(2).stdout("").stderr(str![[r#"
error: run [RUN] is still under way; what is left of it is known when it has ended

"#]]);
    let both = [(); 2].map(|()| sandbox.start(&["-q", "rerun", "--failed", &failed]));
    for rerun in both {
        rerun.wait().code(1);
    }
    write(&sandbox, "go", "");
    running.wait().code(0);
    let runs = fs::read_dir(sandbox.path(".procman/runs")).expect("runs").map(|run| run.expect("a run").path());
    for run in runs {
        let record = fs::read_to_string(run.join("events.jsonl")).expect("a record");
        let events: Vec<Value> = record.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let is_long = run.ends_with(&under_way);
        let expected: &[&str] = if is_long { &["done", "waits", "rest"] } else { &["flaw"] };
        assert_eq!(jobs_of(&events, "job-ended"), expected);
        let places: Vec<_> = events.iter().map(|event| event["seq"].as_u64()).collect();
        assert_eq!(places, (0..events.len() as u64).map(Some).collect::<Vec<_>>());
    }
}

// A runner that did not live to the end.

#[test]
fn a_killed_runner_leaves_no_lock_and_its_rest_can_be_run() {
    let sandbox = Sandbox::with(WAITS);
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("ready");
    running.signal("KILL");
    running.wait().died_of(9);
    write(&sandbox, "go", "");
    sandbox.run(&["rerun", "--unfinished"]).code(0).stderr(str![[r#"
note: run [RUN] again: 2 of 3 jobs
procman: 2 jobs, at most 1 at once
             ok [TIME]  waits
             ok [TIME]  rest

status  job        time  attempts
ok      waits [TIME]         1
ok      rest [TIME]         1

2 jobs in [TIME]: 2 ok; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["rerun", "--unfinished"]).code(0).stderr(str![[r#"
nothing to run again: all 3 jobs of run [RUN] have ended

"#]]);
}

/// The guardian ends the jobs that the killed runner has left: until then their places are taken.
#[test]
fn a_rerun_begins_when_what_was_left_of_the_run_is_gone() {
    let job = "[ -e first ] && { for pid in $(cat pids); do read -r _ _ state _ < /proc/$pid/stat && \
               [ $state != Z ] && echo $pid >> met; done 2> errors; exit 0; }; echo $$ >> pids; exec sleep 1000";
    let jobs: Vec<_> = (0..20).map(|n| format!("t{n} = ['sh', '-c', '{job}']\n")).collect();
    let sandbox = Sandbox::with(&format!("limit = 20\n[tasks]\n{}", jobs.concat()));
    let running = sandbox.start(&["-q"]);
    wait_until("all jobs run", || (sandbox.wait_for("pids").lines().count() == 20).then_some(()));
    write(&sandbox, "first", "");
    running.signal("KILL");
    running.wait().died_of(9);
    sandbox.run(&["-q", "rerun", "--unfinished"]).code(0);
    assert_eq!(started(&sandbox).len(), 20);
    assert!(!sandbox.path("met").exists(), "they met {}", sandbox.read("met").lines().count());
}

/// The record of a whole run, cut behind each of its lines and in the middle of the next.
#[test]
fn wherever_a_record_ends_exactly_the_rest_is_unfinished() {
    let sandbox = Sandbox::with(
        "limit = 2\n[tasks]\na = ['true']\nb = ['true']\nc = ['true']\n[tasks.d]\nargv = ['true']\ndeps = ['a']\n\
         [tasks.e]\nargv = ['true']\ndeps = ['g']\n[tasks.g]\ndeps = ['b', 'd']",
    );
    sandbox.run(&["-q"]).code(0);
    let path = sandbox.latest().join("events.jsonl");
    let record = fs::read_to_string(&path).expect("the record");
    let lines: Vec<&str> = record.split_inclusive('\n').collect();
    for whole in 1..=lines.len() {
        let next = lines.get(whole).map_or("", |line| &line[..line.len() / 2]);
        fs::write(&path, format!("{}{next}", lines[..whole].concat())).expect("the record");
        let ended = jobs_of(&sandbox.events_until_cut(), "job-ended");
        let mut again = would_run(&sandbox, &["--unfinished"]);
        again.sort();
        let rest: Vec<_> =
            ["a", "b", "c", "d", "e"].into_iter().filter(|job| !ended.iter().any(|end| end == job)).collect();
        assert_eq!(again, rest, "cut after {whole} lines");
    }
    fs::write(&path, "").expect("the record");
    sandbox.run(&["rerun", "--unfinished"]).code(2).stdout("").stderr(str![[r#"
error: the record `.procman/runs/[RUN]/events.jsonl` cannot be read: it does not begin with a run's start

"#]]);
}

/// What failed before the kill stays so, also for what needs it and has no end.
#[test]
fn what_needs_a_failure_stays_out_of_the_rest_and_comes_back_with_it() {
    let sandbox = Sandbox::with(PROJECT);
    sandbox.run(&["-q"]).code(1);
    let path = sandbox.latest().join("events.jsonl");
    let record = fs::read_to_string(&path).expect("the record");
    let cut = record.find(r#""type":"job-ended","job":"flaw""#).expect("its end");
    let end = cut + record[cut..].find('\n').expect("the line's end") + 1;
    fs::write(&path, &record[..end]).expect("the record");
    sandbox.run(&["rerun", "--unfinished"]).code(0).stderr(str![[r#"
note: run [RUN] again: 2 of 6 jobs
procman: 2 jobs, at most 1 at once
             ok [TIME]  after-good
allowed-failure [TIME]  may-fail  (exit 1)

status           job             time  attempts
ok               after-good [TIME]         1
allowed-failure  may-fail [TIME]         1  (exit 1)

2 jobs in [TIME]: 1 ok, 1 allowed-failure; logs in .procman/runs/[RUN]/logs

"#]]);
    assert_eq!(would_run(&sandbox, &["--unfinished"]), [""; 0]);
    assert_eq!(would_run(&sandbox, &["--failed"]), ["flaw", "after-flaw"]);
}
