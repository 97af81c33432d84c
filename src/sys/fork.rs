//! A copy of this process that outlives it.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsRawFd, BorrowedFd};

use super::{Pid, Process};

/// What the copy calls itself, so that whoever kills procman by its name does not kill this as well.
const NAME: &std::ffi::CStr = c"job-guardian";

/// Whether a process calls itself such a copy, of this process or of another; anybody can.
pub(crate) fn is_called_apart(process: &Process) -> bool {
    process.name.as_bytes() == NAME.to_bytes()
}

/// Forks. In the copy, which has a session of its own, hears no signal that can be ignored, and has no descriptor but
/// those of `keep`, calls `work` and ends. Must be called before any thread is started: only the calling thread is
/// copied, and what another was doing stays half done.
pub(crate) fn fork_apart(keep: &[BorrowedFd<'_>], work: impl FnOnce()) -> io::Result<Pid> {
    // SAFETY: there is one thread, so the copy is whole.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            leave_everything_but(keep);
            work();
            // SAFETY: ends the copy without running what the original has registered for its own end.
            unsafe { libc::_exit(0) }
        }
        pid => Ok(Pid(pid)),
    }
}

fn leave_everything_but(keep: &[BorrowedFd<'_>]) {
    const DEAF_TO: [libc::c_int; 8] = [
        libc::SIGINT,
        libc::SIGTERM,
        libc::SIGHUP,
        libc::SIGQUIT,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGPIPE,
    ];
    let kept: Vec<i32> = keep.iter().map(AsRawFd::as_raw_fd).collect();
    // SAFETY: this process has one thread and only the descriptors that it gives up here; no call touches memory.
    unsafe {
        libc::setsid();
        for signal in DEAF_TO {
            libc::signal(signal, libc::SIG_IGN);
        }
        #[cfg(target_os = "linux")]
        libc::prctl(libc::PR_SET_NAME, NAME.as_ptr());
        libc::chdir(c"/".as_ptr());
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
        for standard in 0..3 {
            if !kept.contains(&standard) {
                libc::dup2(null, standard);
            }
        }
        super::files::close_all_but(3, kept);
    }
}

/// Waits until every copy of the other end is closed.
pub(crate) fn wait_for_close(mut pipe: &PipeReader) {
    let mut byte = [0];
    while matches!(pipe.read(&mut byte), Ok(1..)) {}
}
