//! Ending a run early: signals, timeouts, failures.

use std::os::unix::process::ExitStatusExt;

use snapbox::str;

use crate::sandbox::{Sandbox, is_gone, is_stopped, misbehaving, wait_until};
use crate::terminal::{CTRL_BACKSLASH, CTRL_C};

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGQUIT: i32 = 3;
const SIGTERM: i32 = 15;

/// Starts a child in the background, and waits; both say when they are there.
const FAMILY: &str = "background { ready child wait } until child ready leader wait";
/// Notes every signal that asks it to end, and ends when it is let go.
const NOTING: &str = "note notes INT,TERM,HUP,QUIT ready ready until go";

/// A manifest of one task.
fn task(actions: &str, keys: &str) -> String {
    format!("[tasks.a]\nargv = {}\n{keys}", misbehaving(actions))
}

#[test]
fn a_signal_ends_the_jobs_with_their_children_and_then_procman() {
    for (name, number) in [("INT", SIGINT), ("TERM", SIGTERM), ("HUP", SIGHUP), ("QUIT", SIGQUIT)] {
        let sandbox =
            Sandbox::with(&format!("limit = 1\n[tasks]\na = {}\nb = ['touch', 'b-ran']", misbehaving(FAMILY)));
        let running = sandbox.start(&[]);
        let leader = sandbox.pid("leader");
        running.signal(name);
        running.wait().died_of(number);
        is_gone(leader);
        is_gone(sandbox.pid("child"));
        assert!(!sandbox.path("b-ran").exists());
        assert_eq!(sandbox.events().last().map(|event| event["status"].clone()), Some("cancelled".into()));
    }
}

#[test]
fn the_summary_is_printed_after_a_signal_too() {
    let sandbox = Sandbox::with(&format!("limit = 1\n[tasks]\na = {}\nb = ['true']", misbehaving(FAMILY)));
    let running = sandbox.start(&[]);
    sandbox.pid("leader");
    running.signal("INT");
    running.wait().died_of(SIGINT).stdout("").stderr(str![[r#"
procman: 2 jobs, at most 1 at once
         cancel            SIGINT; 1 job is told to end; a second Ctrl-C kills it
      cancelled         -  b
      cancelled [TIME]  a

status     job      time  attempts
cancelled  a [TIME]         1
cancelled  b           -         0

cancelled: ended by SIGINT
2 jobs in [TIME]: 2 cancelled; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn whatever_ends_procman_a_job_is_told_once_and_by_term() {
    for (name, number) in [("INT", SIGINT), ("TERM", SIGTERM), ("HUP", SIGHUP), ("QUIT", SIGQUIT)] {
        let sandbox = Sandbox::with(&task(NOTING, "grace = '10m'"));
        let running = sandbox.start(&["-q"]);
        sandbox.pid("ready");
        running.signal(name);
        sandbox.wait_for("notes");
        sandbox.let_go("go");
        running.wait().died_of(number);
        assert_eq!(sandbox.read("notes"), "SIGTERM\n");
        let end = sandbox.wait_for_event("job-ended", "a");
        assert_eq!(end["status"], "cancelled", "whatever its code");
    }
}

#[test]
fn after_its_grace_a_job_is_killed() {
    let sandbox = Sandbox::with(&task("note told TERM ready leader wait", "grace = '50ms'"));
    let running = sandbox.start(&["-q"]);
    let leader = sandbox.pid("leader");
    running.signal("INT");
    running.wait().died_of(SIGINT);
    is_gone(leader);
    assert_eq!(sandbox.read("told"), "SIGTERM\n");
}

#[test]
fn the_children_of_a_leader_that_obeys_term_get_their_grace_too() {
    let slow = "background { note told TERM ready child until go ready cleaned } until child ready leader wait";
    let sandbox = Sandbox::with(&task(slow, "grace = '10m'"));
    let running = sandbox.start(&["-q"]);
    let leader = sandbox.pid("leader");
    running.signal("TERM");
    is_gone(leader);
    sandbox.wait_for("told");
    sandbox.let_go("go");
    running.wait().died_of(SIGTERM);
    assert!(sandbox.path("cleaned").exists());
}

#[test]
fn a_child_that_ignores_term_is_killed_after_the_grace_though_its_leader_is_gone() {
    let stubborn = "background { ignore TERM ready child wait } until child ready leader wait";
    let sandbox = Sandbox::with(&task(stubborn, "grace = '300ms'"));
    let running = sandbox.start(&["-q"]);
    sandbox.pid("leader");
    running.signal("TERM");
    running.wait().died_of(SIGTERM);
    is_gone(sandbox.pid("child"));
}

#[test]
fn a_second_signal_kills_at_once() {
    for (name, number) in [("INT", SIGINT), ("TERM", SIGTERM), ("HUP", SIGHUP), ("QUIT", SIGQUIT)] {
        let sandbox = Sandbox::with(&task("note told INT,TERM,HUP,QUIT ready leader wait", "grace = '10m'"));
        let running = sandbox.start(&["-q"]);
        let leader = sandbox.pid("leader");
        running.signal(name);
        sandbox.wait_for("told");
        running.signal("TERM");
        // The first is what procman dies of.
        running.wait().died_of(number);
        is_gone(leader);
        assert_eq!(sandbox.read("told"), "SIGTERM\n");
    }
}

/// To read its input takes hours.
#[test]
fn a_second_signal_does_not_wait_for_a_check() {
    let other = misbehaving("note told TERM ready leader wait");
    let manifest = format!(
        "limit = 2\n[tasks]\nslow = {{ argv = ['true'], inputs = ['sparse'] }}\n\
         other = {{ argv = {other}, grace = '10m' }}"
    );
    let sandbox = Sandbox::with(&manifest);
    let sparse = std::fs::File::create(sandbox.path("sparse")).expect("a file");
    sparse.set_len(1 << 42).expect("it takes no room");
    let running = sandbox.start(&["-q"]);
    sandbox.pid("leader");
    running.signal("INT");
    sandbox.wait_for("told");
    running.signal("INT");
    running.wait().died_of(SIGINT);
    assert_eq!(sandbox.wait_for_event("job-ended", "slow")["status"], "cancelled");
}

/// To read what it has made takes hours, too.
#[test]
fn a_second_signal_does_not_wait_for_what_a_job_has_made_to_be_read() {
    let other = misbehaving("note told TERM ready leader wait");
    let manifest = format!(
        "limit = 2\n[tasks]\nslow = {{ argv = ['truncate', '-s', '4T', 'sparse'], outputs = ['sparse'] }}\n\
         other = {{ argv = {other}, grace = '10m' }}"
    );
    let sandbox = Sandbox::with(&manifest);
    let running = sandbox.start(&["-q"]);
    sandbox.pid("leader");
    let length = || std::fs::metadata(sandbox.path("sparse")).map_or(0, |made| made.len());
    wait_until("the output", || (length() > 0).then_some(()));
    running.signal("INT");
    sandbox.wait_for("told");
    running.signal("INT");
    running.wait().died_of(SIGINT);
    let known = std::fs::read_to_string(sandbox.path(".procman/state.jsonl")).unwrap_or_default();
    assert!(!known.contains("sparse"), "{known}");
}

#[test]
fn a_check_ends_when_the_jobs_are_told_to() {
    let sparse = |sandbox: &Sandbox| {
        let sparse = std::fs::File::create(sandbox.path("sparse")).expect("a file");
        sparse.set_len(1 << 42).expect("it takes no room");
    };
    let slow = "slow = { argv = ['true'], inputs = ['sparse'] }";
    let other = misbehaving("ready leader wait");
    let sandbox = Sandbox::with(&format!("limit = 2\n[tasks]\n{slow}\nother = {{ argv = {other} }}"));
    sparse(&sandbox);
    let running = sandbox.start(&["-q"]);
    sandbox.pid("leader");
    running.signal("INT");
    running.wait().died_of(SIGINT);
    assert_eq!(sandbox.wait_for_event("job-ended", "slow")["status"], "cancelled");
    let sandbox = Sandbox::with(&format!("limit = 2\n[tasks]\n{slow}\nother = ['false']"));
    sparse(&sandbox);
    sandbox.run(&["-q", "--fail-fast=kill"]).code(1);
    assert_eq!(sandbox.wait_for_event("job-ended", "slow")["status"], "cancelled");
}

/// Without the CONT it would be there until the grace is over, which is for ever here.
#[test]
fn a_job_that_has_stopped_itself_can_be_ended() {
    let sandbox = Sandbox::with(&task("ready ready stop wait", "grace = '10m'"));
    let running = sandbox.start(&["-q"]);
    let job = sandbox.pid("ready");
    is_stopped(job);
    running.signal("TERM");
    running.wait().died_of(SIGTERM);
    is_gone(job);
}

#[test]
fn a_job_that_has_stopped_itself_times_out() {
    let sandbox = Sandbox::with(&task("note told TERM stop exit 0", "grace = '10m'\ntimeout = '2s'"));
    sandbox.run(&["-q"]).code(1);
    assert_eq!(sandbox.read("told"), "SIGTERM\n");
    assert_eq!(sandbox.wait_for_event("job-ended", "a")["status"], "timed-out");
}

/// The terminal sends INT to all in its foreground. Jobs are not, and hear of it from procman alone.
#[test]
fn a_job_hears_of_a_key_at_the_terminal_once() {
    for (key, name) in [(CTRL_C, "SIGINT"), (CTRL_BACKSLASH, "SIGQUIT")] {
        let sandbox = Sandbox::with(&task(NOTING, "grace = '10m'"));
        let mut terminal = sandbox.in_shell(&[]);
        sandbox.pid("ready");
        terminal.type_keys(key);
        sandbox.wait_for("notes");
        terminal.wait_for(name);
        sandbox.let_go("go");
        assert_eq!(terminal.wait().code(), Some(0));
        assert_eq!(sandbox.read("changes"), format!("signaled {name}\n"));
        assert_eq!(sandbox.read("notes"), "SIGTERM\n");
        assert!(terminal.all_shown().contains("1 job in "));
    }
}

#[test]
fn closing_the_terminal_ends_the_jobs() {
    let sandbox = Sandbox::with(&task(NOTING, "grace = '10m'"));
    let mut terminal = sandbox.on_terminal(&[]);
    let job = sandbox.pid("ready");
    terminal.hang_up();
    sandbox.wait_for("notes");
    sandbox.let_go("go");
    assert_eq!(terminal.wait().signal(), Some(SIGHUP));
    is_gone(job);
    assert_eq!(sandbox.read("notes"), "SIGTERM\n");
}

/// Nobody reads what procman shows, and a pipe holds only so much: jobs start, time out and are ended all the same.
#[test]
fn a_reader_that_does_not_read_holds_up_nothing() {
    let tasks: Vec<String> = (0..2_000).map(|n| format!("{}{n} = ['true']\n", "t".repeat(60))).collect();
    let endless = format!("[tasks.z-endless]\nargv = {}\ntimeout = '1h'\n", misbehaving("ready leader wait"));
    let sandbox =
        Sandbox::with(&format!("limit = 2\n[tasks]\n{}last = ['touch', 'last-ran']\n{endless}", tasks.concat()));
    let running = sandbox.start(&[]);
    wait_until("the last job", || sandbox.path("last-ran").exists().then_some(()));
    let leader = sandbox.pid("leader");
    running.signal("TERM");
    is_gone(leader);
    wait_until("the run's end", || (sandbox.events().last()?["type"] == "run-ended").then_some(()));
    running.wait().died_of(SIGTERM);
}

#[test]
fn a_timeout_removes_the_whole_group() {
    let sandbox = Sandbox::with(&task(FAMILY, "timeout = '2s'"));
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

timed-out: a
  no output
  log: .procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 timed-out; logs in .procman/runs/[RUN]/logs

"#]]);
    is_gone(sandbox.pid("leader"));
    is_gone(sandbox.pid("child"));
}

#[test]
fn the_runs_timeout_ends_it() {
    let sandbox = Sandbox::with(&format!("limit = 1\n[tasks]\na = {}\nb = ['true']", misbehaving("wait")));
    sandbox.run(&["-q", "--timeout", "200ms"]).code(1).stderr(str![[r#"
cancelled: ended early: the run's timeout is over
2 jobs in [TIME]: 2 cancelled; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn failures_end_a_run_as_far_as_asked() {
    let manifest = format!(
        "limit = 2\n[tasks]\nlong = {}\nfails = ['false']\nlater = ['touch', 'later']",
        misbehaving("until go ready long")
    );
    let made = |options: &[&str]| {
        let sandbox = Sandbox::with(&manifest);
        let running = sandbox.start(options);
        sandbox.wait_for_event("job-ended", "fails");
        sandbox.let_go("go");
        running.wait().code(1);
        [sandbox.path("long").exists(), sandbox.path("later").exists()]
    };
    assert_eq!(made(&["-q"]), [true, true]);
    assert_eq!(made(&["-q", "--fail-fast"]), [true, false]);
    assert_eq!(made(&["-q", "--fail-fast=no-new", "-k"]), [true, true]);
    let sandbox = Sandbox::with(&manifest);
    sandbox.run(&["-q", "--fail-fast=kill"]).code(1).stderr(str![[r#"

failed: fails: exit 1
  no output
  log: .procman/runs/[RUN]/logs/fails.log

cancelled: ended early, because fails failed
3 jobs in [TIME]: 1 failed, 2 cancelled; logs in .procman/runs/[RUN]/logs

"#]]);
    assert!(!sandbox.path("long").exists() && !sandbox.path("later").exists());
}
