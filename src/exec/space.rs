//! Whether the disk that logs go to is full. A program that ignores errors exits with 0 when its output is lost, so
//! nobody else tells.
//!
//! Knows file systems and nothing of jobs.

use std::ffi::CString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use crate::sys;

/// With less than this left it is tried whether anything can be written, in bytes. What is said to be free need not be
/// to be had: ext4 keeps 16 MiB back from everyone. And with nothing said to be free root may still write.
const LITTLE: u64 = 32 * 1024 * 1024;
/// How much is tried, in bytes.
const TRIED: usize = 64 * 1024;
/// How often the watch looks.
const PERIOD: Duration = Duration::from_secs(1);

/// A folder on a disk that may fill up.
#[derive(Debug)]
pub(super) struct Space {
    shared: Arc<Shared>,
    watched: Once,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    /// How often the disk was seen full.
    sightings: AtomicU64,
    over: Mutex<bool>,
    end: Condvar,
}

/// A point in time, as far as the disk goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since(u64);

impl Space {
    pub(super) fn of(folder: &Path) -> Self {
        let shared = Shared {
            folder: folder.to_owned(),
            sightings: AtomicU64::new(0),
            over: Mutex::new(false),
            end: Condvar::new(),
        };
        Self { shared: Arc::new(shared), watched: Once::new() }
    }

    /// Now.
    pub(super) fn now(&self) -> Since {
        Since(self.shared.sightings.load(Ordering::Relaxed))
    }

    /// Whether the disk is full, or was seen to be since then.
    pub(super) fn was_full(&self, since: Since) -> bool {
        self.shared.look();
        self.now().0 > since.0
    }

    /// Looks from now on once a second, for a disk that is full for a while and then no more. On a network disk a look
    /// may take for ever, so a thread does it that nobody waits for; where none can be had it is done without.
    pub(super) fn watch(&self) {
        let shared = Arc::clone(&self.shared);
        let watch = move || {
            let mut over = shared.over.lock().unwrap_or_else(PoisonError::into_inner);
            while !*over {
                drop(over);
                shared.look();
                over = shared.over.lock().unwrap_or_else(PoisonError::into_inner);
                if !*over {
                    over = shared.end.wait_timeout(over, PERIOD).unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        };
        self.watched.call_once(|| {
            _ = thread::Builder::new().name("space".to_owned()).stack_size(64 * 1024).spawn(watch);
        });
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        *self.shared.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.end.notify_all();
    }
}

impl Shared {
    fn look(&self) {
        if is_full(&self.folder) {
            self.sightings.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn is_full(folder: &Path) -> bool {
    let free =
        CString::new(folder.as_os_str().as_bytes()).map_err(io::Error::other).and_then(|path| sys::free_space(&path));
    match free {
        Ok(free) if free < LITTLE => try_to_write(folder).is_err_and(|error| is_of_full_disk(&error)),
        // What cannot be told is not full.
        _ => false,
    }
}

/// Takes up a little space in a file without a name, which is gone at once.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    match sys::allocate(&file, 0, TRIED as u64) {
        Err(error) if !is_of_full_disk(&error) => {
            file.write_all(&vec![0; TRIED])?;
            // Some file systems find out only when they really write.
            file.sync_data()
        }
        allocated => allocated,
    }
}

fn is_of_full_disk(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
