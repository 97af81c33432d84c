//! Jobs that get the terminal, and those that do not.

use std::os::unix::process::ExitStatusExt;

use snapbox::str;

use crate::sandbox::{Sandbox, is_gone, misbehave, misbehaving, send, wait_until};
use crate::terminal::{CTRL_C, CTRL_Z};

fn interactive(actions: &str) -> Sandbox {
    Sandbox::with(&format!(
        "[tasks.job]\nargv = {}\ninteractive = true\n[tasks.next]\nargv = ['touch', 'next-ran']\ndeps = ['job']",
        misbehaving(actions)
    ))
}

#[test]
fn without_a_terminal_nothing_is_started() {
    let sandbox = interactive("ready job");
    sandbox.run(&["job"]).code(2).stdout("").stderr(str![[r#"
error: `job` is interactive, and procman's stdin is no terminal; start procman at a terminal, with nothing piped into it

"#]]);
    assert!(!sandbox.path("job").exists() && !sandbox.path(".procman").exists());
}

/// It reads first thing: a process in the background would be stopped by that.
#[test]
fn it_reads_the_terminal_writes_to_it_and_gives_it_back() {
    let sandbox = interactive("read-terminal read spam 5");
    let mut terminal = sandbox.on_terminal(&["-q"]);
    terminal.type_keys("a line\n");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_eq!(sandbox.read("read"), "read a line\n");
    assert!(sandbox.path("next-ran").exists());
    let shown = terminal.all_shown();
    assert!(shown.contains("spam\r\n"), "{shown}");
    assert!(!sandbox.latest().join("logs/job.log").exists());
}

#[test]
fn one_that_is_up_to_date_does_not_run() {
    let sandbox = interactive("ready made");
    let manifest = sandbox.read("procman.toml");
    let sandbox = sandbox.file("procman.toml", manifest.replace("interactive", "outputs = ['made']\ninteractive"));
    for started in [&["job", "next"][..], &["next"]] {
        let mut terminal = sandbox.on_terminal(&["-q"]);
        assert_eq!(terminal.wait().code(), Some(0));
        assert_eq!(sandbox.jobs_started(), started);
    }
}

#[test]
fn the_terminals_modes_come_back_however_it_ends() {
    for end in ["exit 0", "die KILL", "stop"] {
        let sandbox = interactive(&format!("set-terminal set ready job until go {end}"));
        let mut terminal = sandbox.in_shell(&["-q", "job"]);
        let before = terminal.first_modes();
        let job = sandbox.pid("job");
        assert_ne!(terminal.modes(), before);
        std::fs::write(sandbox.path("go"), "").expect("a file");
        if end == "stop" {
            // Like a command of the shell's own, it stops procman with it, and both go on by `fg`.
            assert_eq!(sandbox.wait_for("changes"), "stopped SIGTSTP\n");
            assert_eq!(terminal.modes(), before);
            terminal.type_keys("fg\n");
            is_gone(job);
        }
        terminal.wait();
        assert_eq!(terminal.modes(), before, "{end}");
    }
}

#[test]
fn when_it_is_interrupted_so_is_the_run() {
    let sandbox = interactive("ready job wait");
    let mut terminal = sandbox.on_terminal(&["-q"]);
    sandbox.pid("job");
    terminal.type_keys(CTRL_C);
    assert_eq!(terminal.wait().signal(), Some(2));
    assert!(!sandbox.path("next-ran").exists());
    let events = sandbox.events();
    let ends: Vec<_> = events.iter().filter(|event| event["type"] == "job-ended").map(|end| &end["status"]).collect();
    assert_eq!(ends, ["cancelled", "cancelled"]);
}

#[test]
fn ctrl_z_stops_it_and_procman_and_fg_gives_it_the_terminal_again() {
    let sandbox = interactive("ready job read-terminal read");
    let mut terminal = sandbox.in_shell(&["-q"]);
    let job = sandbox.pid("job");
    assert_eq!(terminal.foreground(), job);
    terminal.type_keys(CTRL_Z);
    assert_eq!(sandbox.wait_for("changes"), "stopped SIGTSTP\n");
    assert_eq!(terminal.foreground(), terminal.pid());
    terminal.type_keys("fg\n");
    wait_until("the foreground", || (terminal.foreground() == job).then_some(()));
    terminal.type_keys("again\n");
    assert_eq!(terminal.wait().code(), Some(0));
    assert_eq!(sandbox.read("read"), "read again\n");
    assert_eq!(sandbox.read("changes"), "stopped SIGTSTP\nexited 0\n");
}

#[test]
fn when_procman_is_killed_the_modes_come_back_too() {
    let sandbox = interactive("set-terminal set ready job wait");
    let mut terminal = sandbox.in_shell(&["-q"]);
    let before = terminal.first_modes();
    let job = sandbox.pid("job");
    let stat = std::fs::read_to_string(format!("/proc/{job}/stat")).expect("it lives");
    let procman = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).expect("it has a parent");
    send(procman.parse().expect("a process id"), "KILL");
    is_gone(job);
    wait_until("the terminal's modes", || (terminal.modes() == before).then_some(()));
    terminal.wait();
}

#[test]
fn nothing_else_runs_with_it() {
    let sandbox = Sandbox::with(&format!(
        "limit = 4\n[tasks]\na = ['true']\nb = ['true']\nc = ['true']\n[tasks.job]\nargv = {}\ninteractive = true",
        misbehaving("exit 0")
    ));
    let mut terminal = sandbox.on_terminal(&["-q"]);
    assert_eq!(terminal.wait().code(), Some(0));
    let mut live = Vec::new();
    for event in sandbox.events() {
        let job = event["job"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str() {
            Some("attempt-started") => live.push(job),
            Some("attempt-ended") => live.retain(|other| *other != job),
            _ => {}
        }
        assert!(live.len() == 1 || !live.contains(&"job".to_owned()), "{live:?}");
    }
}

/// It shares its session with procman, and with all that the user runs on the terminal.
#[test]
fn what_it_may_leave_is_nobody_but_its_own() {
    let leave = "background { silent ready spared wait } until spared exit 0";
    let sandbox = Sandbox::with(&format!(
        "limit = 1\n[tasks.job]\nargv = {}\ninteractive = true\nleak = 'ignore'\n\
         [tasks.next]\nargv = {}\ndeps = ['job']",
        misbehaving(leave),
        misbehaving("hold lock daemon { ready left wait } until left exit 0")
    ));
    let mut terminal = sandbox.on_terminal(&["-q"]);
    assert_eq!(terminal.wait().code(), Some(0));
    send(sandbox.pid("spared"), "KILL");
    assert!(!sandbox.is_held("lock"));
}

#[test]
fn one_that_cannot_be_started_gives_the_terminal_back() {
    let next = misbehaving("ready next until go");
    let sandbox = Sandbox::with(&format!(
        "limit = 1\n[tasks.job]\nargv = ['./empty']\ninteractive = true\n[tasks]\nnext = {next}"
    ))
    .script("empty", "");
    let mut terminal = sandbox.on_terminal(&["-q"]);
    sandbox.pid("next");
    assert_eq!(terminal.foreground(), terminal.pid());
    sandbox.let_go("go");
    assert_eq!(terminal.wait().code(), Some(1));
}

/// A shell gives the terminal on to what it runs.
#[test]
fn a_shell_that_is_killed_with_its_command_in_the_foreground_gives_the_terminal_back() {
    let command = misbehave().display();
    let shell = misbehaving(&format!("ready shell shell inner {command} set-terminal set ready command wait"));
    let next = misbehaving("ready next until go");
    let sandbox =
        Sandbox::with(&format!("limit = 1\n[tasks.job]\nargv = {shell}\ninteractive = true\n[tasks]\nnext = {next}"));
    let mut terminal = sandbox.on_terminal(&["-q"]);
    let before = terminal.first_modes();
    let command = sandbox.pid("command");
    assert_eq!(terminal.foreground(), command);
    send(sandbox.pid("shell"), "KILL");
    sandbox.pid("next");
    is_gone(command);
    assert_eq!((terminal.foreground(), terminal.modes()), (terminal.pid(), before));
    sandbox.let_go("go");
    assert_eq!(terminal.wait().code(), Some(1));
}
