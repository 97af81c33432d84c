//! Descriptors, permissions and users.

use std::ffi::CString;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The effective user id of this process.
pub(crate) fn current_user() -> u32 {
    // SAFETY: `geteuid` takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// stdin, stdout and stderr of this process.
pub(crate) fn standard_descriptors() -> [BorrowedFd<'static>; 3] {
    // SAFETY: Rust's runtime opens what is missing of the three at start, and nothing here closes them.
    [0, 1, 2].map(|number| unsafe { BorrowedFd::borrow_raw(number) })
}

/// Whether this process may execute a file; root may if anyone may.
pub(crate) fn is_executable(path: &Path) -> bool {
    // SAFETY: `access` reads the string, which ends in NUL, and nothing else.
    CString::new(path.as_os_str().as_bytes()).is_ok_and(|path| unsafe { libc::access(path.as_ptr(), libc::X_OK) } == 0)
}

/// Closes every descriptor from `first` up but those kept.
pub(super) fn close_all_but(mut first: i32, mut kept: Vec<i32>) {
    kept.sort_unstable();
    for keep in kept.into_iter().filter(|fd| *fd >= first).collect::<Vec<_>>() {
        close_range(first, keep - 1);
        first = keep + 1;
    }
    close_range(first, i32::MAX);
}

fn close_range(from: i32, to: i32) {
    if from > to {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        // SAFETY: whoever calls gives up these descriptors; a kernel without the call answers ENOSYS.
        if unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) } == 0 {
            return;
        }
    }
    // SAFETY: as above; a number that is no descriptor answers EBADF.
    (from..=to.min(HIGHEST_LIKELY)).for_each(|fd| _ = unsafe { libc::close(fd) });
}

/// Where descriptors cannot be closed by a range, they are up to here.
const HIGHEST_LIKELY: i32 = 1024;

/// Marks every descriptor from 3 up close-on-exec, so that what procman's own parent left open reaches no job.
pub(crate) fn mark_descriptors_close_on_exec() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: only flags of descriptors change; a kernel without the call answers ENOSYS and changes nothing.
        let done = unsafe { libc::syscall(libc::SYS_close_range, 3u32, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
        if done == 0 {
            return;
        }
    }
    // The listing's own descriptor is among the entries; marking it does no harm.
    for entry in std::fs::read_dir("/dev/fd").into_iter().flatten().flatten() {
        if let Some(fd) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok())
            && fd > 2
        {
            // SAFETY: setting a flag on a number that is no descriptor fails with EBADF and nothing else.
            unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
}
