//! Waiting for one child, in two steps.
//!
//! Between the two the child is a zombie: its id, and its group's, cannot be given to anyone else, so a signal sent in
//! that window cannot hit a stranger.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use super::Signal;

/// A child of this process that has not been reaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pid(pub(crate) libc::pid_t);

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

/// Blocks until the child has ended, and leaves it a zombie.
pub(crate) fn wait_for_exit(pid: Pid) -> io::Result<()> {
    let id = libc::id_t::try_from(pid.0).map_err(io::Error::other)?;
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    retry_interrupted(|| {
        // SAFETY: `info` is valid for writing; WNOWAIT leaves the child to be reaped.
        unsafe { libc::waitid(libc::P_PID, id, info.as_mut_ptr(), libc::WEXITED | libc::WNOWAIT) }
    })
    .map(drop)
}

/// Whether anyone but `leader`, an unreaped child that has ended, lives in its process group.
pub(crate) fn group_has_others(leader: Pid) -> bool {
    // Only Linux says so; elsewhere the group ends with its leader.
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<libc::pid_t>().ok());
    pids.filter(|pid| *pid != leader.0).any(|pid| group_of_living(pid) == Some(leader.0))
}

/// The process group of a process that is no zombie.
fn group_of_living(pid: libc::pid_t) -> Option<libc::pid_t> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; behind its last one come state, parent and group.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(group)
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

fn retry_interrupted(mut call: impl FnMut() -> libc::c_int) -> io::Result<libc::c_int> {
    loop {
        let answer = call();
        if answer != -1 {
            return Ok(answer);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
