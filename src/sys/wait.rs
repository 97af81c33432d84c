//! Waiting for one child, in two steps.
//!
//! Between the two the child is a zombie: its id, and its group's, cannot be given to anyone else, so a signal sent in
//! that window cannot hit a stranger.

use std::mem::MaybeUninit;
use std::time::Duration;
use std::{fmt, io};

use super::{Signal, retry_interrupted};

/// The id of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pid(pub(crate) libc::pid_t);

impl Pid {
    pub(crate) fn of_this_process() -> Self {
        // SAFETY: `getpid` takes nothing and cannot fail.
        Self(unsafe { libc::getpid() })
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(Signal),
}

/// What a process and the descendants it waited for have used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// The largest resident set of any one of them, in bytes.
    pub(crate) peak_memory: u64,
}

/// What has become of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It has ended, and is a zombie until it is reaped.
    Ended,
    /// A signal has stopped it.
    Stopped(Signal),
    /// It goes on.
    Continued,
}

/// Blocks until something becomes of the child.
pub(crate) fn wait_for_change(pid: Pid) -> io::Result<Change> {
    let changes = libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED;
    loop {
        let info = wait_id(pid, changes | libc::WNOWAIT)?;
        let change = match info.si_code {
            libc::CLD_STOPPED => {
                // SAFETY: the call has filled in what belongs to a child's change.
                Change::Stopped(Signal(unsafe { info.si_status() }))
            }
            libc::CLD_CONTINUED => Change::Continued,
            _ => return Ok(Change::Ended),
        };
        // What was only looked at would be found again and again; by now it may be something else, or gone.
        if take_change(pid)? == info.si_code {
            return Ok(change);
        }
    }
}

/// Takes note that a child was stopped or continued; 0 if there is no news of that.
fn take_change(pid: Pid) -> io::Result<libc::c_int> {
    match wait_id(pid, libc::WSTOPPED | libc::WCONTINUED | libc::WNOHANG) {
        Ok(info) => Ok(info.si_code),
        // So says Linux of one that has become a zombie: it is none of those that were asked for.
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(0),
        Err(error) => Err(error),
    }
}

fn wait_id(pid: Pid, options: libc::c_int) -> io::Result<libc::siginfo_t> {
    let id = libc::id_t::try_from(pid.0).map_err(io::Error::other)?;
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: `info` is valid for writing.
    retry_interrupted(|| unsafe { libc::waitid(libc::P_PID, id, info.as_mut_ptr(), options) })?;
    // SAFETY: all-zero bytes, which it was before the call, are a valid `siginfo_t`.
    Ok(unsafe { info.assume_init() })
}

/// Whether the group that a reaped `leader` has led has anyone left in it, if only a zombie; if so, its id stays its
/// own.
pub(crate) fn group_lives(leader: Pid) -> bool {
    assert!(leader.0 > 1, "a job's process group is never 0, 1 or a broadcast");
    // SAFETY: no signal is sent.
    let answer = unsafe { libc::kill(-leader.0, 0) };
    answer == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Reaps a child if it has ended; what has no such child is reaped, too.
pub(super) fn reap_if_ended(pid: Pid) -> bool {
    // SAFETY: no status is asked for.
    let answer = retry_interrupted(|| unsafe { libc::waitpid(pid.0, std::ptr::null_mut(), libc::WNOHANG) });
    !matches!(answer, Ok(0))
}

/// Reaps a child that has ended; from here on its id may belong to anyone.
pub(crate) fn reap(pid: Pid) -> io::Result<(Exit, Usage)> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both out-pointers are valid for writing, and all-zero bytes are a valid `rusage`.
    retry_interrupted(|| unsafe { libc::wait4(pid.0, &raw mut status, 0, usage.as_mut_ptr()) })?;
    // SAFETY: as above.
    let usage = unsafe { usage.assume_init() };
    let exit = if libc::WIFSIGNALED(status) {
        Exit::Signal(Signal(libc::WTERMSIG(status)))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    };
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let peak_memory = u64::try_from(usage.ru_maxrss).unwrap_or(0) * unit;
    Ok((exit, Usage { cpu: duration(usage.ru_utime) + duration(usage.ru_stime), peak_memory }))
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It may end between the look at what has become of it and the taking note of that.
    #[test]
    fn of_a_zombie_there_is_no_news_but_its_end() {
        let mut child = std::process::Command::new("true").spawn().expect("a child");
        let pid = Pid(child.id().try_into().expect("a process id"));
        assert_eq!(wait_for_change(pid).expect("it is a child"), Change::Ended);
        assert_eq!(take_change(pid).expect("it is a child"), 0);
        assert!(child.wait().expect("nobody else waits for it").success());
    }
}
