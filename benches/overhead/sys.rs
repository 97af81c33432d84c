//! Starting and reaping a process with nothing around it; all the unsafe code of this bench.
#![expect(unsafe_code, reason = "`posix_spawn` and `wait4` have no safe form")]

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;
use std::time::Duration;

/// How a process ended, and what it and the descendants it waited for have used.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) cpu: Duration,
    /// The largest resident set of any one of them, in KiB. What the parent's was when it started the process counts
    /// as the process's own, because `posix_spawn` shares memory until the exec.
    pub(crate) peak_kib: u32,
}

/// Starts a program as procman does: a session of its own, no input, both outputs to `log`, no signal blocked.
pub(crate) fn spawn(program: &CStr, environment: &[CString], log: BorrowedFd<'_>) -> io::Result<libc::pid_t> {
    let argv = [program.as_ptr().cast_mut(), ptr::null_mut()];
    let strings = environment.iter().map(|variable| variable.as_ptr().cast_mut());
    let environment: Vec<_> = strings.chain([ptr::null_mut()]).collect();
    let mut actions = MaybeUninit::uninit();
    let mut attributes = MaybeUninit::uninit();
    let mut pid = 0;
    // SAFETY: both objects are initialized before they are used and destroyed once; the arrays end in null and point
    // into strings that outlive the call.
    unsafe {
        check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
        check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
        let spawned = set_files(actions.as_mut_ptr(), log)
            .and_then(|()| set_attributes(attributes.as_mut_ptr()))
            .and_then(|()| {
                let (actions, attributes) = (actions.as_ptr(), attributes.as_ptr());
                let (argv, environment) = (argv.as_ptr(), environment.as_ptr());
                check(libc::posix_spawn(&raw mut pid, program.as_ptr(), actions, attributes, argv, environment))
            });
        libc::posix_spawnattr_destroy(attributes.as_mut_ptr());
        libc::posix_spawn_file_actions_destroy(actions.as_mut_ptr());
        spawned.map(|()| pid)
    }
}

/// # Safety
///
/// `actions` must be initialized.
unsafe fn set_files(actions: *mut libc::posix_spawn_file_actions_t, log: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the caller's promise; the path is copied by the call.
    unsafe {
        check(libc::posix_spawn_file_actions_addopen(actions, 0, c"/dev/null".as_ptr(), libc::O_RDONLY, 0))?;
        check(libc::posix_spawn_file_actions_adddup2(actions, log.as_raw_fd(), 1))?;
        check(libc::posix_spawn_file_actions_adddup2(actions, log.as_raw_fd(), 2))
    }
}

/// # Safety
///
/// `attributes` must be initialized.
unsafe fn set_attributes(attributes: *mut libc::posix_spawnattr_t) -> io::Result<()> {
    #[expect(clippy::cast_possible_truncation, reason = "the flags are defined to fit a short")]
    let signal_flags = (libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF) as libc::c_short;
    let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the caller's promise; the set is emptied before its first use, and copied by the setters.
    unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        check(libc::posix_spawnattr_setsigmask(attributes, signals.as_ptr()))?;
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE);
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGCHLD);
        check(libc::posix_spawnattr_setsigdefault(attributes, signals.as_ptr()))?;
        check(libc::posix_spawnattr_setflags(attributes, signal_flags | OWN_SESSION))
    }
}

#[cfg(target_os = "linux")]
const OWN_SESSION: libc::c_short = libc::POSIX_SPAWN_SETSID;
/// `<spawn.h>` of macOS 10.15; not in the `libc` crate.
#[cfg(target_os = "macos")]
const OWN_SESSION: libc::c_short = 0x0400;

/// The `posix_spawn` family returns its error instead of setting `errno`.
fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// Waits for a child to end.
pub(crate) fn wait(pid: libc::pid_t) -> io::Result<Ended> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both out-pointers are valid for writing, and all-zero bytes are a valid `rusage`.
    let usage = unsafe {
        if libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) == -1 {
            return Err(io::Error::last_os_error());
        }
        usage.assume_init()
    };
    // Linux counts in KiB, macOS in bytes.
    let per_kib = if cfg!(target_os = "macos") { 1024 } else { 1 };
    Ok(Ended {
        status: ExitStatus::from_raw(status),
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        peak_kib: u32::try_from(usage.ru_maxrss / per_kib).unwrap_or(u32::MAX),
    })
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
