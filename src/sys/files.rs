//! Files, the disks they are on, descriptors, permissions and users.

use std::ffi::{CStr, CString};
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use super::retry_interrupted;

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

/// Lets a descriptor through to the next program that this process starts, under the same number.
pub(crate) fn let_through(descriptor: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: only the descriptor's flags change.
    retry_interrupted(|| unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFD, 0) }).map(drop)
}

/// The end of a pipe that this process was started with, let through under this number. To be asked for once, before
/// anything else is opened.
pub(crate) fn inherited_pipe(number: i32) -> io::Result<PipeReader> {
    let mut found = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `found` is valid for writing.
    retry_interrupted(|| unsafe { libc::fstat(number, found.as_mut_ptr()) })?;
    // SAFETY: filled by the call, which succeeded.
    let kind = unsafe { found.assume_init() }.st_mode & libc::S_IFMT;
    if number < 3 || kind != libc::S_IFIFO {
        return Err(io::Error::other("it is no pipe"));
    }
    // SAFETY: it is open, and nobody in this process knows of it yet.
    Ok(unsafe { PipeReader::from(OwnedFd::from_raw_fd(number)) })
}

/// Opens a folder and nothing else, without following a link at its end.
pub(crate) fn open_folder(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(path)
}

/// Opens a file to be read, and nothing that could lie in its place: no link is followed, no FIFO waited on.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    open_only_regular(path, OpenOptions::new().read(true))
}

/// Opens a file that the user has named to be read: links are followed, but no FIFO is waited on.
pub(crate) fn open_named(path: &Path) -> io::Result<File> {
    only_regular(OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path))
}

/// Opens a file of ours to be read and written, with the care of [`open_regular`].
pub(crate) fn open_regular_to_write(path: &Path) -> io::Result<File> {
    open_only_regular(path, OpenOptions::new().read(true).write(true))
}

/// Opens a file to be read and to be added to at its end, with the same care; makes it, its owner's alone, where there is
/// none.
pub(crate) fn open_regular_to_append(path: &Path) -> io::Result<File> {
    open_only_regular(path, OpenOptions::new().read(true).append(true).create(true).mode(0o600))
}

fn open_only_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let opened = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    only_regular(opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => io::Error::other("it is a symbolic link, which is not followed"),
        _ => error,
    }))
}

fn only_regular(opened: io::Result<File>) -> io::Result<File> {
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ENXIO) => io::Error::other("it is not a regular file"),
        _ => error,
    })?;
    let kind = file.metadata()?.file_type();
    match kind {
        kind if kind.is_file() => Ok(file),
        kind if kind.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        kind if kind.is_fifo() => Err(io::Error::other("it is a FIFO, not a regular file")),
        _ => Err(io::Error::other("it is not a regular file")),
    }
}

/// Makes a file in an open folder, to be appended to by its owner alone. Whatever lies there before is an error.
pub(crate) fn create_in(folder: &File, name: &CStr) -> io::Result<File> {
    let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: the name ends in NUL.
    let fd = retry_interrupted(|| unsafe { libc::openat(folder.as_raw_fd(), name.as_ptr(), flags, 0o600) })?;
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// Removes a file from an open folder.
pub(crate) fn remove_in(folder: &File, name: &CStr) -> io::Result<()> {
    // SAFETY: the name ends in NUL.
    retry_interrupted(|| unsafe { libc::unlinkat(folder.as_raw_fd(), name.as_ptr(), 0) }).map(drop)
}

/// How much an ordinary user may still write to the disk that holds a path, in bytes.
pub(crate) fn free_space(path: &CStr) -> io::Result<u64> {
    let mut found = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends in NUL; `found` is valid for writing.
    retry_interrupted(|| unsafe { libc::statvfs(path.as_ptr(), found.as_mut_ptr()) })?;
    // SAFETY: filled by the call, which succeeded.
    let found = unsafe { found.assume_init() };
    #[cfg_attr(
        all(target_os = "linux", target_pointer_width = "64"),
        expect(clippy::useless_conversion, reason = "smaller numbers elsewhere")
    )]
    let (size, count) = (u64::from(found.f_frsize), u64::from(found.f_bavail));
    Ok(size.saturating_mul(count))
}

/// Allocates disk space for `length` bytes of a file from `start` on, without a change of its size. It is given back
/// when the file is truncated.
#[cfg(target_os = "linux")]
pub(crate) fn allocate(file: &File, start: u64, length: u64) -> io::Result<()> {
    let start = libc::off_t::try_from(start).map_err(io::Error::other)?;
    let length = libc::off_t::try_from(length).map_err(io::Error::other)?;
    // SAFETY: only the disk changes.
    retry_interrupted(|| unsafe { libc::fallocate(file.as_raw_fd(), libc::FALLOC_FL_KEEP_SIZE, start, length) })
        .map(drop)
}

/// Nothing of the kind exists here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn allocate(_: &File, _: u64, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
