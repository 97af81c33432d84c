//! Descriptors, permissions and users.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The effective user id of this process.
pub(crate) fn current_user() -> u32 {
    // SAFETY: `geteuid` takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// Whether this process may execute a file; root may if anyone may.
pub(crate) fn is_executable(path: &Path) -> bool {
    // SAFETY: `access` reads the string, which ends in NUL, and nothing else.
    CString::new(path.as_os_str().as_bytes()).is_ok_and(|path| unsafe { libc::access(path.as_ptr(), libc::X_OK) } == 0)
}

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
