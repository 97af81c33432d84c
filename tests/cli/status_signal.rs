//! SIGUSR1 asks what runs now.

use snapbox::str;

use crate::sandbox::{PROCMAN, Sandbox, misbehaving, send, wait_until};

const SIGINT: i32 = 2;
pub(crate) const SIGUSR1: i32 = 10;

/// Whether a process has been sent a signal that it has not taken.
pub(crate) fn is_pending(pid: i32, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it is alive");
    let mask = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).expect("a mask of pending signals");
    u64::from_str_radix(mask.trim(), 16).expect("in hexadecimal") >> (signal - 1) & 1 == 1
}

/// One that has failed once, one that waits, and one that has failed.
fn busy() -> Sandbox {
    let again = "test $PROCMAN_ATTEMPT = 2 || exit 1; touch second; until [ -e go ]; do sleep 0.01; done";
    Sandbox::with(&format!(
        "limit = 2\n[tasks]\nfails = ['false']\nlong = {}\nagain = {{ argv = ['sh', '-c', '{again}'], retries = 1 }}\n[tasks.last]\nargv = ['true']\nafter = ['fails', 'long', 'again']",
        misbehaving("ready long until go")
    ))
}

#[test]
fn it_is_answered_while_jobs_run_and_changes_nothing() {
    let sandbox = busy();
    for options in [&["--color", "never"][..], &["--color", "never", "-qq"]] {
        let mut terminal = sandbox.on_terminal(options);
        sandbox.pid("long");
        wait_until("the second attempt", || sandbox.path("second").exists().then_some(()));
        send(terminal.pid(), "USR1");
        terminal.wait_for("waiting");
        sandbox.let_go("go");
        assert_eq!(terminal.wait().code(), Some(1));
        let shown = terminal.all_shown();
        let from = shown.find("        running").expect("it is answered");
        let to = shown.find("1 failed\r\n").expect("it is answered") + "1 failed\r\n".len();
        sandbox.shows(
            &shown[from..to],
            str![[r#"
        running [TIME]  long  (slot 1)
        running [TIME]  again  (slot 0, attempt 2)
         status [TIME]  4 jobs: 2 running, 1 waiting, 1 failed

"#]],
        );
        for file in ["go", "long", "second"] {
            std::fs::remove_file(sandbox.path(file)).expect("it is there");
        }
    }
}

#[test]
fn it_is_a_jobs_own_all_the_same() {
    let sandbox = Sandbox::with("limit = 1\n[tasks]\na = ['sh', '-c', 'kill -USR1 $$']");
    sandbox.run(&["-q"]).code(1).stderr(str![[r#"

failed: a: signal SIGUSR1
  no output
  log: .procman/runs/[RUN]/logs/a.log

1 job in [TIME]: 1 failed; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn whoever_ignores_it_is_not_asked() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}", misbehaving("report report ready job until go")));
    let mut command = sandbox.program("sh");
    command.args(["-c", "trap '' USR1; exec \"$0\" -q", PROCMAN]);
    let running = sandbox.started(command);
    let job = sandbox.pid("job");
    running.signal("USR1");
    send(job, "USR1");
    sandbox.let_go("go");
    let ran = running.wait().code(0);
    assert_eq!(ran.stderr_text().lines().count(), 1);
    assert_eq!(sandbox.read("report"), "blocked:\nignored: SIGUSR1\ndescriptors: 0 1 2\n");
}

#[test]
fn a_job_that_has_the_terminal_keeps_it_to_itself() {
    let sandbox =
        Sandbox::with(&format!("[tasks.a]\nargv = {}\ninteractive = true", misbehaving("ready job until go spam 5")));
    let mut terminal = sandbox.on_terminal(&["-q", "--color", "never"]);
    sandbox.pid("job");
    send(terminal.pid(), "USR1");
    wait_until("the signal to be taken", || (!is_pending(terminal.pid(), SIGUSR1)).then_some(()));
    sandbox.let_go("go");
    assert_eq!(terminal.wait().code(), Some(0));
    let shown = terminal.all_shown();
    assert!(shown.starts_with("spam\r\n") && shown.contains("1 job: 1 running"), "{shown}");
}

/// What the first Ctrl-C waits for, and what the second does.
#[test]
fn a_cancel_says_what_it_does() {
    let jobs = format!("a = {}\nb = {}", misbehaving("note notes TERM ready a until go"), misbehaving("ready b wait"));
    let sandbox = Sandbox::with(&format!("limit = 2\n[tasks]\n{jobs}\nc = ['true']"));
    let running = sandbox.start(&[]);
    sandbox.pid("a");
    sandbox.pid("b");
    running.signal("INT");
    sandbox.wait_for_event("job-ended", "b");
    running.signal("INT");
    running.wait().died_of(SIGINT).stderr(str![[r#"
procman: 3 jobs, at most 2 at once
         cancel            SIGINT; 2 jobs are told to end; a second Ctrl-C kills them
      cancelled         -  c
      cancelled [TIME]  b
         cancel            SIGINT; 1 job is killed
      cancelled [TIME]  a

status     job      time  attempts
cancelled  a [TIME]         1
cancelled  b [TIME]         1
cancelled  c           -         0

cancelled: ended by SIGINT
3 jobs in [TIME]: 3 cancelled; logs in .procman/runs/[RUN]/logs

"#]]);
}

#[test]
fn so_does_a_failure() {
    let jobs = format!(
        "fails = ['sh', '-c', 'until [ -e b ]; do sleep 0.01; done; exit 1']\nb = {}",
        misbehaving("ready b until go")
    );
    for how in ["--fail-fast", "--fail-fast=kill"] {
        let sandbox = Sandbox::with(&format!("limit = 2\n[tasks]\n{jobs}\nc = ['true']"));
        let running = sandbox.start(&[how]);
        sandbox.wait_for_event("job-ended", "c");
        sandbox.let_go("go");
        let stderr = running.wait().code(1).stderr_text();
        let line = stderr.lines().find(|line| line.contains("cancel  ")).expect("it is told").trim_start().to_owned();
        let what = if how == "--fail-fast" { "waited for" } else { "told to end" };
        assert_eq!(line, format!("cancel            fails failed; 1 job is {what}"));
    }
}
