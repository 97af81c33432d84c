//! Folders to run things in.

use std::cell::Cell;
use std::path::PathBuf;
use std::{fs, io};

use tempfile::TempDir;

/// Hands out folders, and removes them all at the end. Not earlier: where thousands of files have just been removed,
/// some filesystems take far longer to create new ones, and the next program would pay for the last one's.
pub(crate) struct Scratch {
    root: TempDir,
    next: Cell<usize>,
}

impl Scratch {
    pub(crate) fn new() -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("procman-bench-").tempdir()?;
        Ok(Self { root, next: Cell::new(0) })
    }

    /// A new, empty folder.
    pub(crate) fn folder(&self) -> io::Result<PathBuf> {
        let number = self.next.replace(self.next.get() + 1);
        let path = self.root.path().join(number.to_string());
        fs::create_dir(&path)?;
        Ok(path)
    }
}
