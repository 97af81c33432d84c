//! A shell with job control and one command: it gives the command the terminal, and takes it back when the command stops
//! or ends. It never touches the terminal's modes, so that a test sees what was left.
//!
//! What happens to the command it writes into a file, a line each: `stopped SIGTSTP`, `exited 0`, `signaled SIGINT`.
//! While the command is stopped it reads from the terminal: `fg` gives the command the foreground and continues it, `bg`
//! continues it in the background, `wait` waits for its next change there.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpgrp, kill_process_group, setpgid, waitpid};
use rustix::termios::tcsetpgrp;

use crate::{family, signal};

/// What an interactive shell ignores, and its commands do not.
const TERMINAL_SIGNALS: [i32; 5] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// Returns when the command has ended.
pub(crate) fn run(changes: &Path, argv: &[String]) -> io::Result<()> {
    signal::ignore(&TERMINAL_SIGNALS)?;
    let command = family::in_child(|| start(argv).map_err(|error| error.to_string()))?;
    // The command does it too, since either may be first, and has done it when its program begins.
    _ = setpgid(Some(command), Some(command));
    loop {
        let Some((_, status)) = waitpid(Some(command), WaitOptions::UNTRACED)? else { continue };
        tcsetpgrp(io::stdin(), getpgrp())?;
        let mut file = OpenOptions::new().create(true).append(true).open(changes)?;
        writeln!(file, "{}", describe(status))?;
        if !status.stopped() {
            return Ok(());
        }
        until_told_to_wait(command)?;
    }
}

/// The command's side: its group and the foreground are there before its program begins.
fn start(argv: &[String]) -> io::Result<()> {
    setpgid(None, None)?;
    tcsetpgrp(io::stdin(), getpgrp())?;
    signal::make_default(&TERMINAL_SIGNALS)?;
    family::exec(argv)
}

fn describe(status: WaitStatus) -> String {
    let (stopped, signaled) = (status.stopping_signal(), status.terminating_signal());
    match (stopped, signaled, status.exit_status()) {
        (Some(number), ..) => format!("stopped {}", signal::name(number)),
        (_, Some(number), _) => format!("signaled {}", signal::name(number)),
        (_, _, code) => format!("exited {}", code.unwrap_or_default()),
    }
}

/// Obeys lines from the terminal up to one after which the command's next change is to be waited for.
fn until_told_to_wait(command: Pid) -> io::Result<()> {
    loop {
        match read_line()?.as_str() {
            "fg" => {
                tcsetpgrp(io::stdin(), command)?;
                return Ok(kill_process_group(command, Signal::CONT)?);
            }
            "bg" => kill_process_group(command, Signal::CONT)?,
            "wait" => return Ok(()),
            line => return Err(io::Error::other(format!("`{line}` is no command"))),
        }
    }
}

/// A byte at a time, so that nothing meant for the command is taken, and up to either end of a line, since the command
/// may have left the terminal in raw mode.
fn read_line() -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        if rustix::io::read(rustix::stdio::stdin(), &mut byte)? == 0 {
            return Err(io::Error::other("the terminal is gone"));
        }
        if b"\r\n".contains(&byte[0]) {
            return String::from_utf8(line).map_err(io::Error::other);
        }
        line.push(byte[0]);
    }
}
