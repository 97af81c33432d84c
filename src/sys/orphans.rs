//! Descendants whose parents have ended, adopted by this process. Only Linux has that.

use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::Pid;

/// The adopted processes: found by one cheap look, since the system makes them children of the main thread, which
/// starts no jobs.
#[derive(Debug)]
pub(crate) struct Orphans {
    /// The main thread's children.
    children: std::fs::File,
    /// Children that this process had before: its guardian, and those of the program whose place it took by an exec.
    /// They are never reaped, so their ids stay theirs.
    apart: HashSet<Pid>,
    /// Held from a look to the reaping: an id that was reaped in between might be a new child's.
    looking: Mutex<()>,
}

impl Orphans {
    /// From now on this process adopts its descendants whose parents end. The children that it has already do not
    /// count.
    #[cfg(target_os = "linux")]
    pub(crate) fn adopt() -> io::Result<Self> {
        let me = Pid::of_this_process();
        // First of all, because nobody would reap what is adopted where this cannot be read.
        let children = std::fs::File::open(format!("/proc/self/task/{me}/children"))?;
        // SAFETY: sets one attribute of this process and touches no memory.
        if unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut this = Self { children, apart: HashSet::new(), looking: Mutex::new(()) };
        this.apart = this.list().into_iter().collect();
        Ok(this)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn adopt() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Those that live; what has ended among them is reaped.
    pub(crate) fn living(&self) -> Vec<Pid> {
        let _one_at_a_time = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (ended, living): (Vec<Pid>, Vec<Pid>) = self
                .list()
                .into_iter()
                .filter(|pid| !self.apart.contains(pid))
                .partition(|pid| super::wait::reap_if_ended(*pid));
            // What has ended may have left children of its own, which were adopted after the list was made.
            if ended.is_empty() {
                return living;
            }
        }
    }

    fn list(&self) -> Vec<Pid> {
        use std::os::unix::fs::FileExt;
        let mut text = vec![0; PAGE];
        let mut length = 0;
        while let Ok(more @ 1..) = self.children.read_at(&mut text[length..], length as u64) {
            length += more;
            // The kernel fills a page as far as whole ids fit into it.
            if more + LONGEST_ID < PAGE {
                break;
            }
            text.resize(length + PAGE, 0);
        }
        let pids = std::str::from_utf8(&text[..length]).unwrap_or_default().split_ascii_whitespace();
        pids.filter_map(|pid| pid.parse().ok()).map(Pid).collect()
    }
}

/// No page of the kernel's is smaller.
const PAGE: usize = 4096;
/// An id and the blank behind it.
const LONGEST_ID: usize = 12;
