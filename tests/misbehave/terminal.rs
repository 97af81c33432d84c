//! What a program does to its terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};

use rustix::process::{getpgrp, ioctl_tiocsctty, setsid};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr, tcsetpgrp};

use crate::signal;

/// Leads a new session, and makes of stdin its terminal.
pub(crate) fn take() -> io::Result<()> {
    setsid()?;
    Ok(ioctl_tiocsctty(io::stdin())?)
}

/// Does something to the terminal and says in a line what came of it.
pub(crate) fn outcome(act: impl FnOnce(&File) -> io::Result<String>) -> String {
    let done = OpenOptions::new().read(true).write(true).open("/dev/tty").and_then(|terminal| act(&terminal));
    done.unwrap_or_else(|error| error.to_string()) + "\n"
}

pub(crate) fn read(terminal: &File) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line)?;
    Ok(format!("read {}", line.trim_end()))
}

pub(crate) fn set(terminal: &File) -> io::Result<String> {
    let mut modes = tcgetattr(terminal)?;
    modes.local_modes.remove(LocalModes::ECHO);
    tcsetattr(terminal, OptionalActions::Now, &modes)?;
    Ok("set".to_owned())
}

/// A process in the background that does this is stopped by TTOU, if it does not ignore that.
pub(crate) fn grab(terminal: &File) -> io::Result<String> {
    signal::ignore(&[libc::SIGTTOU])?;
    tcsetpgrp(terminal, getpgrp())?;
    Ok("grabbed".to_owned())
}
