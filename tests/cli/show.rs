//! The summary of a run, shown again.

use std::fs;

use snapbox::str;

use crate::sandbox::{Sandbox, misbehaving, wait_until};

/// Ends of several kinds.
const MANIFEST: &str = "
limit = 1
[tasks]
good = ['true']
bad = ['sh', '-c', 'echo oops; exit 3']
after = { argv = ['true'], deps = ['bad'] }
flaky = { argv = ['sh', '-c', '[ $PROCMAN_ATTEMPT = 2 ]'], retries = 1 }
";

/// What procman wrote at the end of a run, as it shows it again.
fn end_of(stderr: &str) -> String {
    let at = stderr.find("\n\n").expect("a blank line before the summary");
    stderr[at + 2..].to_owned()
}

#[test]
fn it_is_what_the_run_ended_with() {
    let sandbox = Sandbox::with(MANIFEST);
    let first = sandbox.run(&[]).code(1);
    sandbox.run(&["show"]).code(0).stderr("").stdout(str![[r#"
status   job        time  attempts
ok       good [TIME]         1
failed   bad [TIME]         1  (exit 3)
skipped  after         -         0  (needs bad)
flaky    flaky [TIME]         2

failed: bad: exit 3
  | oops
  log: .procman/runs/[RUN]/logs/bad.log

4 jobs in [TIME]: 1 ok, 1 flaky, 1 failed, 1 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
    let shown = sandbox.run(&["show", "latest"]).code(0);
    assert_eq!(String::from_utf8_lossy(shown.stdout_bytes()), end_of(&first.stderr_text()));
    let id = sandbox.latest().file_name().expect("a name").to_string_lossy().into_owned();
    // Of an earlier one too, in color, and with memory.
    sandbox.run(&["-q", "good"]).code(0);
    let again = sandbox.run(&["show", &id]).code(0);
    assert_eq!(again.stdout_bytes(), shown.stdout_bytes());
    let colored = sandbox.run(&["show", &id, "--color", "always"]).code(0);
    assert!(String::from_utf8_lossy(colored.stdout_bytes()).contains("\x1b["));
    sandbox.run(&["show", &id, "-v"]).code(0).stderr("").stdout(str![[r#"
status   job        time  attempts  peak memory
ok       good [TIME]         1 [MEMORY]
failed   bad [TIME]         1 [MEMORY]  (exit 3)
skipped  after         -         0          0 B  (needs bad)
flaky    flaky [TIME]         2 [MEMORY]

failed: bad: exit 3
  | oops
  log: .procman/runs/[RUN]/logs/bad.log

4 jobs in [TIME]: 1 ok, 1 flaky, 1 failed, 1 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.run(&["show", &id, "-q"]).code(0).stderr("").stdout(str![[r#"
failed: bad: exit 3
  | oops
  log: .procman/runs/[RUN]/logs/bad.log

4 jobs in [TIME]: 1 ok, 1 flaky, 1 failed, 1 skipped; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn of_a_run_under_way_it_tells_what_runs_and_what_does_not_yet() {
    let sandbox = Sandbox::with(&format!(
        "limit = 2\n[tasks]\ngood = ['true']\nslow = {}\nstopped = {}\nlater = ['true']",
        misbehaving("ready slow until go"),
        misbehaving("stop until go")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("slow");
    sandbox.wait_for_event("attempt-stopped", "stopped");
    sandbox.run(&["show"]).code(0).stderr("").stdout(str![[r#"
status       job          time  attempts
ok           good [TIME]         1
running      slow [TIME]         1
stopped      stopped [TIME]         1
not-started  later           -         0

under-way: it has not ended yet
4 jobs in [TIME]: 1 ok, 1 running, 1 stopped, 1 not-started; logs in .procman/runs/[RUN]/logs

"#]]);
    running.signal("TERM");
    running.wait().died_of(15);
    sandbox.run(&["show"]).code(0).stderr("").stdout(str![[r#"
status     job          time  attempts
ok         good [TIME]         1
cancelled  slow [TIME]         1
cancelled  stopped [TIME]         1
cancelled  later           -         0

cancelled: ended by SIGTERM
4 jobs in [TIME]: 1 ok, 3 cancelled; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn of_a_run_whose_procman_died_it_tells_what_is_left_and_how_to_go_on() {
    let sandbox = Sandbox::with(&format!(
        "limit = 1\n[tasks]\ngood = ['true']\nslow = {}\nlater = ['true']",
        misbehaving("ready slow wait")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("slow");
    running.signal("KILL");
    running.wait();
    wait_until("the end of the record", || {
        sandbox.events_until_cut().last().is_some_and(|event| event["type"] == "runner-died").then_some(())
    });
    sandbox.run(&["show"]).code(0).stderr("").stdout(str![[r#"
status       job        time  attempts
ok           good [TIME]         1
unfinished   slow [TIME]         1
not-started  later         -         0

died: procman did not live to end it; `procman rerun [RUN] --unfinished` goes on
3 jobs in [TIME]: 1 ok, 1 unfinished, 1 not-started; logs in .procman/runs/[RUN]/logs

"#]]);
    // The guardian had no time either.
    let events = sandbox.latest().join("events.jsonl");
    let text = fs::read_to_string(&events).expect("a record");
    fs::write(&events, &text[..text.len() - 20]).expect("it is written");
    sandbox.run(&["-q", "show"]).code(0).stderr("").stdout(str![[r#"
died: procman did not live to end it; `procman rerun [RUN] --unfinished` goes on
3 jobs in [TIME]: 1 ok, 1 unfinished, 1 not-started; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn what_has_not_been_started_is_one_line_where_there_is_much_of_it() {
    let sandbox = Sandbox::with(&format!(
        "limit = 1\n[tasks.slow]\nargv = {}\npriority = 1\n[tasks.many]\nargv = ['true']\nmatrix = {{ n = {{ range = [1, 200] }} }}",
        misbehaving("ready slow until go")
    ));
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for("slow");
    sandbox.run(&["show"]).code(0).stderr("").stdout(str![[r#"
status       job                       time  attempts
running      slow [TIME]         1
not-started  (200 jobs like this)

under-way: it has not ended yet
201 jobs in [TIME]: 1 running, 200 not-started; logs in .procman/runs/[RUN]/logs

"#]]);
    sandbox.let_go("go");
    running.wait().code(0);
}

#[test]
fn what_procman_could_not_do_is_told_again() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['sh', '-c', 'rm -r .procman/runs/*/logs']\nb = ['true']");
    sandbox.run(&["-q"]).code(3);
    sandbox.run(&["show"]).code(0).stderr("").stdout(str![[r#"
status     job      time  attempts
ok         a [TIME]         1
cancelled  b [TIME]         1

2 jobs in [TIME]: 1 ok, 1 cancelled; logs in .procman/runs/[RUN]/logs
error: the log `[FOLDER]/.procman/runs/[RUN]/logs/b.log` cannot be made: no such file or directory

"#]]);
}

#[test]
fn without_a_run_or_a_record_there_is_nothing_to_show() {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.run(&["show"]).code(2).stdout("").stderr("error: there is no run yet; `procman run` makes one\n");
    let sandbox = sandbox.file(".procman/runs/20261122-090000.000-aaaaaaa1/events.jsonl", "{}\n");
    sandbox.run(&["show", "2026"]).code(2).stdout("").stderr(str![[r#"
error: the record `.procman/runs/[RUN]/events.jsonl` cannot be read: it does not begin with a run's start

"#]]);
}

#[test]
fn on_github_tails_of_logs_stand_between_marks_here_too() {
    let sandbox = Sandbox::with("[tasks]\na = ['sh', '-c', 'echo ::error::no; exit 1']");
    sandbox.run(&["-q"]).code(1);
    let mut command = sandbox.command(&["show"]);
    command.env("GITHUB_ACTIONS", "true");
    let ran = sandbox.ran(command).code(0);
    let shown = String::from_utf8_lossy(ran.stdout_bytes()).into_owned();
    let (before, _) = shown.split_once("::error::no").expect("the tail of the log");
    assert!(before.contains("::stop-commands::"), "{shown}");
}

/// It has failed once, and is tried again in an hour.
#[test]
fn a_job_between_two_attempts_is_not_running() {
    let sandbox = Sandbox::with("[tasks.a]\nargv = ['false']\nretries = { count = 1, delay = '1h' }");
    let running = sandbox.start(&["-q"]);
    sandbox.wait_for_event("attempt-ended", "a");
    sandbox.run(&["show"]).code(0).stderr("").stdout(str![[r#"
status   job      time  attempts
waiting  a [TIME]         1

under-way: it has not ended yet
1 job in [TIME]: 1 waiting; logs in .procman/runs/[RUN]/logs

"#]]);
    running.signal("INT");
    running.wait().died_of(2);
}

/// As when the disk was full.
#[test]
fn a_run_of_which_nothing_was_written_is_not_the_latest() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['true']");
    sandbox.run(&["-q"]).code(0);
    let first = sandbox.latest().file_name().map(std::ffi::OsStr::to_owned).expect("a name");
    sandbox.run(&["-q"]).code(0);
    std::fs::write(sandbox.latest().join("events.jsonl"), "").expect("a record");
    let ran = sandbox.run(&["show"]).code(0);
    let shown = String::from_utf8_lossy(ran.stdout_bytes());
    assert!(shown.contains(&*first.to_string_lossy()), "{shown}");
}
