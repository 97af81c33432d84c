//! Signals: their names, what this process does on them, and sending them to a group.

use std::mem::MaybeUninit;
use std::{fmt, io};

use super::Pid;

/// A signal by its number on this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Signal(pub(crate) i32);

impl Signal {
    pub(crate) const TERM: Self = Self(libc::SIGTERM);
    pub(crate) const KILL: Self = Self(libc::SIGKILL);
    pub(crate) const CONT: Self = Self(libc::SIGCONT);
    pub(crate) const STOP: Self = Self(libc::SIGSTOP);
    /// The terminal's request to stop; unlike STOP it can be put off.
    pub(crate) const TSTP: Self = Self(libc::SIGTSTP);
    pub(crate) const INT: Self = Self(libc::SIGINT);
    /// What asks procman to end, in the order in which it is documented.
    pub(crate) const ENDING: [Self; 4] =
        [Self(libc::SIGINT), Self(libc::SIGTERM), Self(libc::SIGHUP), Self(libc::SIGQUIT)];

    /// What asks procman how far it is.
    pub(crate) const ASKING: &[Self] =
        if cfg!(target_os = "linux") { &[Self(libc::SIGUSR1)] } else { &[Self(libc::SIGUSR1), Self(INFO)] };

    /// Whether this process ignores it now; asked before any handler is installed, it says what was inherited.
    pub(crate) fn is_ignored(self) -> bool {
        let mut current = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: with a null new action the call only fills `current`, which is read only when it succeeded.
        unsafe {
            libc::sigaction(self.0, std::ptr::null(), current.as_mut_ptr()) == 0
                && current.assume_init().sa_sigaction == libc::SIG_IGN
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match signal_hook::low_level::signal_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

/// What Ctrl-T at the terminal sends, where it does: SIGINFO of macOS and the BSDs, which have the same number for it.
const INFO: i32 = 29;

/// The signals that a new process is to have by default: all but those that this process ignores, which stay ignored,
/// and of these SIGPIPE and SIGCHLD, which Rust and careless parents ignore without meaning anybody else.
///
/// Handlers become default by an exec anyway, but the system's `posix_spawn` asks and sets each signal that it is not
/// told about, over a hundred calls for every process.
#[derive(Clone, Copy)]
pub(crate) struct DefaultSignals(pub(super) libc::sigset_t);

impl DefaultSignals {
    pub(crate) fn of_this_process() -> Self {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `sigfillset` initializes the set before it is used.
        let mut set = unsafe {
            libc::sigfillset(set.as_mut_ptr());
            set.assume_init()
        };
        let stays = |signal: Signal| match signal.0 {
            libc::SIGPIPE | libc::SIGCHLD => false,
            libc::SIGKILL | libc::SIGSTOP => true,
            _ => signal.is_ignored(),
        };
        for signal in (1..HIGHEST_SIGNAL).map(Signal).filter(|signal| stays(*signal)) {
            // SAFETY: the set is initialized; a number that is no signal changes nothing.
            unsafe { libc::sigdelset(&raw mut set, signal.0) };
        }
        Self(set)
    }
}

impl fmt::Debug for DefaultSignals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultSignals")
    }
}

/// One more than the highest number of a signal on any system this is built for.
const HIGHEST_SIGNAL: i32 = 65;

/// Sends `signal` to the process group that `leader` leads.
///
/// The caller must know that the id is still the group's: its leader has not been reaped, or somebody else is in it.
pub(crate) fn signal_group(leader: Pid, signal: Signal) {
    assert!(leader.0 > 1, "a job's process group is never 0, 1 or a broadcast");
    // A group that has emptied answers ESRCH, which is what we want of it.
    // SAFETY: `kill` has no memory effects.
    unsafe { libc::kill(-leader.0, signal.0) };
}

/// Sends `signal` to one process. The caller must just have seen that the id belongs to a process that is ours to end.
pub(crate) fn signal_process(pid: Pid, signal: Signal) -> io::Result<()> {
    assert!(pid.0 > 1 && pid != Pid::of_this_process(), "a job's process is never 0, 1, a broadcast or procman");
    // SAFETY: `kill` has no memory effects.
    if unsafe { libc::kill(pid.0, signal.0) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Undoes what a careless parent may have left: a blocked signal mask, and an ignored SIGCHLD, under which the kernel
/// reaps children by itself and nobody learns how they ended.
pub(crate) fn normalize_inherited_signals() {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initializes the set before it is used; default dispositions run no code of ours.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
}
