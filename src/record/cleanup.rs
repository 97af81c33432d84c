//! Removing old runs: after a run, and when the user asks for it.
//!
//! A run is removed where it lies; no link is followed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use walkdir::WalkDir;

use super::StateError;
use super::folder::{RunFolder, StateFolder};
use crate::retention::{Aging, Retention};

/// Disks count what files take in blocks of this many bytes, whatever they call a block otherwise.
const BLOCK: u64 = 512;

/// A run, as far as it is to be removed or not.
struct Candidate<'a> {
    run: &'a RunFolder,
    age: Duration,
    is_latest: bool,
}

impl Aging for Candidate<'_> {
    fn age(&self) -> Duration {
        self.age
    }

    fn size(&self) -> u64 {
        self.run.size()
    }

    fn is_spared(&self) -> bool {
        self.is_latest || self.run.is_under_way()
    }
}

/// Runs in two parts, the newest first.
#[derive(Debug, Default)]
pub(crate) struct OldRuns {
    /// Nothing is against removing them.
    pub(crate) gone: Vec<RunFolder>,
    /// They are under way.
    pub(crate) under_way: Vec<RunFolder>,
    /// How many stay.
    pub(crate) kept: usize,
}

impl StateFolder {
    /// Removes what is not to be kept. What cannot be removed stays; it is tried again after the next run.
    pub(crate) fn remove_old_runs(&self, retention: &Retention) -> Result<(), StateError> {
        for run in self.old_runs(Some(retention))?.gone {
            _ = run.remove();
        }
        Ok(())
    }

    /// The runs that are not to be kept; without a retention, all. Folders that are not called as runs are belong to the
    /// user, and so does what a link leads to.
    pub(crate) fn old_runs(&self, retention: Option<&Retention>) -> Result<OldRuns, StateError> {
        let path = self.runs_path();
        if path.is_symlink() {
            let error = io::Error::other("it is a symbolic link, which is not followed");
            return Err(StateError::of(&path, "cleaned")(error));
        }
        let mut runs = self.runs()?;
        runs.reverse();
        runs.retain(|run| run.started().is_some());
        let Some(retention) = retention else {
            let (under_way, gone): (Vec<_>, Vec<_>) = runs.into_iter().partition(RunFolder::is_under_way);
            return Ok(OldRuns { gone, kept: under_way.len(), under_way });
        };
        // It may be older than others by a clock that was set.
        let latest = self.latest().map(|run| run.id());
        let candidate = |run| -> Candidate<'_> {
            let age = RunFolder::started(run).and_then(|started| started.elapsed().ok()).unwrap_or_default();
            Candidate { run, age, is_latest: latest.as_ref() == Some(&run.id()) }
        };
        let candidates: Vec<Candidate<'_>> = runs.iter().map(candidate).collect();
        let outdated = retention.outdated(&candidates);
        let mut sorted = OldRuns { kept: runs.len() - outdated.gone.len(), ..OldRuns::default() };
        for (at, run) in runs.into_iter().enumerate() {
            if outdated.gone.binary_search(&at).is_ok() {
                sorted.gone.push(run);
            } else if outdated.spared.binary_search(&at).is_ok() && latest.as_ref() != Some(&run.id()) {
                sorted.under_way.push(run);
            }
        }
        Ok(sorted)
    }
}

impl RunFolder {
    /// Removes it. The record goes last: what is left of a run is found again by it.
    pub(crate) fn remove(&self) -> Result<(), StateError> {
        let path = self.path();
        let is_folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        let logs = if is_folder { gone(fs::remove_dir_all(self.logs())) } else { Ok(()) };
        logs.and_then(|()| gone(fs::remove_dir_all(path))).map_err(StateError::of(path, "removed"))
    }

    /// What its files take on the disk, or what they hold where that is more.
    pub(crate) fn size(&self) -> u64 {
        let entries = WalkDir::new(self.path()).follow_links(false).follow_root_links(false).into_iter();
        let found = entries.flatten().filter_map(|entry| entry.metadata().ok());
        found.map(|found| found.len().max(found.blocks() * BLOCK)).fold(0, u64::saturating_add)
    }
}

/// Another procman may have removed it at the same time.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
