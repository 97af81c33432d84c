//! What the system says of a file without reading it, and how to read one that may be anything.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::retry_interrupted;

const NANOSECONDS: i64 = 1_000_000_000;

/// What there is at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub(crate) kind: FileKind,
    pub(crate) stamp: Stamp,
}

/// What changes when a file does. Times are in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// When its contents changed, or what somebody has set.
    pub(crate) modified: i64,
    /// When its contents, its name or anything said of it changed; nobody can set it.
    pub(crate) changed: i64,
    pub(crate) inode: u64,
}

/// What a file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Regular,
    Folder,
    Fifo,
    Socket,
    Device,
}

/// What there is at a path, which is seen from an open folder when it is relative.
pub(crate) fn stat_in(folder: &File, path: &Path) -> io::Result<FileStat> {
    let mut found = MaybeUninit::<libc::stat>::uninit();
    with_c_path(path, |path| {
        // SAFETY: the path ends in NUL; `found` is valid for writing.
        retry_interrupted(|| unsafe { libc::fstatat(folder.as_raw_fd(), path.as_ptr(), found.as_mut_ptr(), 0) })
    })?;
    // SAFETY: filled by the call, which succeeded.
    Ok(FileStat::from(&unsafe { found.assume_init() }))
}

/// Opens what there is at a path and says what it is, which may have changed since it was asked for. No FIFO is waited
/// on.
pub(crate) fn open_to_read_in(folder: &File, path: &Path) -> io::Result<(File, FileStat)> {
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    let fd = with_c_path(path, |path| {
        // SAFETY: the path ends in NUL.
        retry_interrupted(|| unsafe { libc::openat(folder.as_raw_fd(), path.as_ptr(), flags) })
    })?;
    // SAFETY: the descriptor is new and nobody else's.
    let file = unsafe { File::from_raw_fd(fd) };
    let mut found = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `found` is valid for writing.
    retry_interrupted(|| unsafe { libc::fstat(fd, found.as_mut_ptr()) })?;
    // SAFETY: filled by the call, which succeeded.
    Ok((file, FileStat::from(&unsafe { found.assume_init() })))
}

/// No file that is changed after this call gets an earlier time than this, in nanoseconds since 1970: it is the clock
/// that file systems take their times from.
pub(crate) fn coarse_now() -> i64 {
    #[cfg(target_os = "linux")]
    let (clock, behind) = (libc::CLOCK_REALTIME_COARSE, 0);
    #[cfg(not(target_os = "linux"))]
    let (clock, behind) = (libc::CLOCK_REALTIME, 20_000_000);
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills in the struct it is given, which outlives it. Both clocks always exist.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    nanoseconds(now.tv_sec, now.tv_nsec) - behind
}

impl From<&libc::stat> for FileStat {
    #[cfg_attr(target_os = "linux", expect(clippy::useless_conversion, reason = "other types elsewhere"))]
    fn from(found: &libc::stat) -> Self {
        let kind = match found.st_mode & libc::S_IFMT {
            libc::S_IFREG => FileKind::Regular,
            libc::S_IFDIR => FileKind::Folder,
            libc::S_IFIFO => FileKind::Fifo,
            libc::S_IFSOCK => FileKind::Socket,
            _ => FileKind::Device,
        };
        let stamp = Stamp {
            size: u64::try_from(found.st_size).unwrap_or_default(),
            modified: nanoseconds(found.st_mtime, found.st_mtime_nsec),
            changed: nanoseconds(found.st_ctime, found.st_ctime_nsec),
            inode: u64::from(found.st_ino),
        };
        Self { kind, stamp }
    }
}

#[cfg_attr(
    all(target_os = "linux", target_pointer_width = "64"),
    expect(clippy::useless_conversion, reason = "smaller numbers elsewhere")
)]
fn nanoseconds(seconds: libc::time_t, rest: libc::c_long) -> i64 {
    i64::from(seconds).saturating_mul(NANOSECONDS).saturating_add(i64::from(rest))
}

/// Hands on a path as the system wants it; short ones, as most are, without an allocation.
fn with_c_path<T>(path: &Path, call: impl FnOnce(&CStr) -> io::Result<T>) -> io::Result<T> {
    const SHORT: usize = 256;
    let bytes = match path.as_os_str().as_bytes() {
        [] => b".",
        bytes => bytes,
    };
    let mut buffer = [0; SHORT];
    if let Some(room) = buffer.get_mut(..=bytes.len()) {
        room[..bytes.len()].copy_from_slice(bytes);
        return call(CStr::from_bytes_with_nul(room).map_err(io::Error::other)?);
    }
    call(&CString::new(bytes)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn it_says_what_the_standard_library_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = "long/".repeat(60);
        fs::create_dir_all(folder.path().join(&long)).expect("folders");
        fs::write(folder.path().join("file"), "abc").expect("a file");
        let open = File::open(folder.path()).expect("it is there");
        for path in ["file", "", &*long, "long"] {
            let expected = fs::metadata(folder.path().join(path)).expect("it is there");
            let found = stat_in(&open, path.as_ref()).expect("it is there");
            assert_eq!(found.kind == FileKind::Folder, expected.is_dir(), "{path}");
            assert_eq!((found.stamp.size, found.stamp.inode), (expected.len(), expected.ino()), "{path}");
            let changed = expected.ctime() * NANOSECONDS + expected.ctime_nsec();
            assert_eq!(found.stamp.changed, changed, "{path}");
        }
        assert_eq!(
            open_to_read_in(&open, "file".as_ref()).expect("it is there").1,
            stat_in(&open, "file".as_ref()).expect("it is there")
        );
        assert_eq!(stat_in(&open, "none".as_ref()).expect_err("it is not there").kind(), io::ErrorKind::NotFound);
        assert!(stat_in(&open, "a\0b".as_ref()).is_err());
    }

    #[test]
    fn no_file_changed_later_has_an_earlier_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = File::open(folder.path()).expect("it is there");
        for _ in 0..100 {
            let before = coarse_now();
            fs::write(folder.path().join("file"), "abc").expect("a file");
            assert!(stat_in(&open, "file".as_ref()).expect("it is there").stamp.changed >= before);
        }
    }
}
