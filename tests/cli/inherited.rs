//! What whoever starts procman leaves to it: ignored and blocked signals, a terminal.

use std::fs;

use crate::sandbox::{PROCMAN, Sandbox, misbehaving, send};

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGQUIT: i32 = 3;
const SIGTERM: i32 = 15;

/// Says what has reached it, and ends when it is let go.
const REPORTING: &str = "report report ready ready until go";

fn reporting() -> Sandbox {
    Sandbox::with(&format!("[tasks]\na = {}", misbehaving(REPORTING)))
}

/// Whether a process ignores a signal.
fn ignores(pid: i32, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is alive");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask of ignored signals");
    u64::from_str_radix(mask.trim(), 16).expect("in hexadecimal") >> (signal - 1) & 1 == 1
}

#[test]
fn under_nohup_procman_and_its_jobs_outlive_a_hang_up() {
    let sandbox = reporting();
    let mut command = sandbox.program("nohup");
    command.args([PROCMAN, "-q"]);
    let running = sandbox.started(command);
    let job = sandbox.pid("ready");
    assert!(ignores(running.pid(), SIGHUP) && ignores(job, SIGHUP));
    assert!(!ignores(running.pid(), SIGTERM) && !ignores(job, SIGTERM));
    running.signal("HUP");
    send(job, "HUP");
    sandbox.let_go("go");
    running.wait().code(0);
    assert_eq!(sandbox.read("report"), "blocked:\nignored: SIGHUP\ndescriptors: 0 1 2\n");
}

#[test]
fn in_the_background_of_a_script_keys_are_for_others() {
    let sandbox = reporting();
    let mut command = sandbox.program("sh");
    command.args(["-c", "\"$0\" -q & echo $! > procman; wait $!", PROCMAN]);
    let running = sandbox.started(command);
    let job = sandbox.pid("ready");
    let procman = sandbox.pid("procman");
    for (name, signal) in [("INT", SIGINT), ("QUIT", SIGQUIT)] {
        assert!(ignores(procman, signal) && ignores(job, signal));
        send(procman, name);
        send(job, name);
    }
    sandbox.let_go("go");
    running.wait().code(0);
    assert_eq!(sandbox.read("report"), "blocked:\nignored: SIGINT SIGQUIT\ndescriptors: 0 1 2\n");
}

/// What a careless parent blocks or ignores is not meant for anybody.
#[test]
fn blocked_signals_and_ignored_children_and_pipes_reach_no_job() {
    let sandbox = Sandbox::with(&format!("[tasks]\na = {}", misbehaving("report report exit 3")));
    sandbox.ran(sandbox.command_after("block ALL ignore CHLD,PIPE", &["-q"])).code(1);
    assert_eq!(sandbox.read("report"), "blocked:\nignored:\ndescriptors: 0 1 2\n");
    assert_eq!(sandbox.wait_for_event("attempt-ended", "a")["exit"], 3);
}

#[test]
fn procman_ends_by_a_signal_that_was_blocked() {
    let sandbox = reporting();
    let running = sandbox.started(sandbox.command_after("block ALL ignore CHLD,PIPE", &["-q"]));
    sandbox.pid("ready");
    running.signal("TERM");
    running.wait().died_of(SIGTERM);
    assert_eq!(sandbox.wait_for_event("job-ended", "a")["status"], "cancelled");
}

#[test]
fn a_signal_that_came_while_it_was_blocked_is_not_lost() {
    let sandbox = reporting();
    let running = sandbox.started(sandbox.command_after("block ALL ready early until now", &["-q"]));
    sandbox.pid("early");
    running.signal("TERM");
    sandbox.let_go("now");
    running.wait().died_of(SIGTERM);
}

/// Each leads a session of its own, and so has no terminal to read from, to change or to take.
#[test]
fn the_terminal_reaches_no_job() {
    let sandbox = Sandbox::with(&format!(
        "[tasks]\na = {}",
        misbehaving("read-terminal read set-terminal set grab-terminal grabbed ready ready until go")
    ));
    let mut terminal = sandbox.on_terminal(&[]);
    let modes = terminal.first_modes();
    sandbox.pid("ready");
    assert_eq!((terminal.modes(), terminal.foreground()), (modes, terminal.pid()));
    sandbox.let_go("go");
    assert_eq!(terminal.wait().code(), Some(0));
    for file in ["read", "set", "grabbed"] {
        assert_eq!(sandbox.read(file), "No such device or address (os error 6)\n");
    }
    assert_eq!(terminal.modes(), modes);
}
