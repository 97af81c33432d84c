//! The controlling terminal: who is in its foreground, and its modes.

use std::fs::File;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::{Pid, group_lives};

/// The terminal that controls this process, with the modes it had when it was opened.
pub(crate) struct Terminal {
    file: File,
    modes: libc::termios,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Terminal").field(&self.file).finish()
    }
}

impl Terminal {
    /// Opens it; a process that no terminal controls gets an error.
    pub(crate) fn open() -> io::Result<Self> {
        let file = File::options().read(true).write(true).open("/dev/tty")?;
        let modes = modes(file.as_fd())?;
        Ok(Self { file, modes })
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Whether this process is in its foreground.
    pub(crate) fn is_ours(&self) -> bool {
        // SAFETY: two questions that touch no memory.
        unsafe { libc::tcgetpgrp(self.file.as_raw_fd()) == libc::getpgrp() }
    }

    /// Gives the foreground to the group that `leader` leads. TTOU must be blocked: it may be asked from the
    /// background.
    pub(crate) fn give_to(&self, leader: Pid) {
        // SAFETY: touches no memory; a group that is gone answers with an error, and then there is nobody to give it
        // to.
        unsafe { libc::tcsetpgrp(self.file.as_raw_fd(), leader.0) };
    }

    /// Takes the foreground back from the group that `leader` leads, and restores the modes; if somebody else has it by
    /// now, leaves all as it is. TTOU must be blocked.
    pub(crate) fn take_back_from(&self, leader: Pid) {
        // SAFETY: two questions that touch no memory.
        let (foreground, own) = unsafe { (libc::tcgetpgrp(self.file.as_raw_fd()), libc::getpgrp()) };
        if foreground == leader.0 {
            self.give_to(Pid(own));
            self.restore();
        }
    }

    /// Takes the foreground back, and restores the modes, if nobody is left of the group that has it: a process that
    /// never became its program, or the command of a shell that was a job. TTOU must be blocked.
    pub(crate) fn take_back_if_abandoned(&self) {
        // SAFETY: a question that touches no memory.
        let foreground = Pid(unsafe { libc::tcgetpgrp(self.file.as_raw_fd()) });
        if foreground.0 > 1 && !group_lives(foreground) {
            self.take_back_from(foreground);
        }
    }

    /// Erases all from the cursor on: on its line, where a shell may have begun to write by now, and below. A terminal that
    /// takes nothing now, as one that is held by Ctrl-S, is left as it is.
    pub(crate) fn erase_from_cursor(&self) {
        let mut ready = libc::pollfd { fd: self.file.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
        // SAFETY: one descriptor, which is open, and no time to wait.
        if unsafe { libc::poll(&raw mut ready, 1, 0) } == 1 && ready.revents == libc::POLLOUT {
            _ = (&self.file).write_all(b"\x1b[J");
        }
    }

    /// Gives the modes back that the terminal had.
    pub(crate) fn restore(&self) {
        // Not after what is written has been shown: a terminal that is held by Ctrl-S would hold this up too.
        // SAFETY: the modes are those that the system gave us.
        unsafe { libc::tcsetattr(self.file.as_raw_fd(), libc::TCSANOW, &raw const self.modes) };
    }
}

/// Whether this process is in the foreground of a terminal, or the terminal is another session's, which has no background
/// for it.
pub(crate) fn is_in_foreground(terminal: BorrowedFd<'_>) -> bool {
    // SAFETY: two questions that touch no memory.
    let (foreground, own) = unsafe { (libc::tcgetpgrp(terminal.as_raw_fd()), libc::getpgrp()) };
    foreground == -1 || foreground == own
}

/// How many columns and rows a terminal has; `None` where it does not say.
pub(crate) fn window_size(terminal: BorrowedFd<'_>) -> Option<(usize, usize)> {
    let mut size = MaybeUninit::<libc::winsize>::zeroed();
    // SAFETY: the call fills in what it is given, and all zeroes are a size too.
    let size = unsafe {
        match libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, size.as_mut_ptr()) {
            0 => size.assume_init(),
            _ => return None,
        }
    };
    (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

fn modes(terminal: BorrowedFd<'_>) -> io::Result<libc::termios> {
    let mut modes = MaybeUninit::<libc::termios>::uninit();
    // SAFETY: read only when the call has filled them in.
    unsafe {
        match libc::tcgetattr(terminal.as_raw_fd(), modes.as_mut_ptr()) {
            0 => Ok(modes.assume_init()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Asks every process of this one's group to stop, as the terminal does on Ctrl-Z.
pub(crate) fn ask_own_group_to_stop() {
    // SAFETY: 0 is the caller's own group.
    unsafe { libc::kill(0, libc::SIGTSTP) };
}
