//! Reading logs while they are written.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::sys;

/// The logs of a run, by their names.
pub(super) trait Logs: Send {
    /// How much of a log there is by now; 0 when there is none yet.
    fn size(&mut self, log: &str) -> io::Result<u64>;

    /// Reads what a log holds from a place on; 0 when that is its end.
    fn read(&mut self, log: &str, from: u64, into: &mut [u8]) -> io::Result<usize>;
}

/// In a folder. Not more than one is held open: a descriptor for each job that runs would take them from the jobs.
#[derive(Debug)]
pub(crate) struct LogsOnDisk {
    folder: PathBuf,
    open: Option<(String, File)>,
}

impl LogsOnDisk {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, open: None }
    }
}

impl Logs for LogsOnDisk {
    fn size(&mut self, log: &str) -> io::Result<u64> {
        match fs::symlink_metadata(self.folder.join(log)) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self, log: &str, from: u64, into: &mut [u8]) -> io::Result<usize> {
        let file = match self.open.take() {
            Some((name, file)) if name == log => file,
            _ => sys::open_regular(&self.folder.join(log))?,
        };
        let mut read = 0;
        while read < into.len() {
            match file.read_at(&mut into[read..], from + read as u64) {
                Ok(0) => return Ok(read),
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // There may be more of it to read.
        self.open = Some((log.to_owned(), file));
        Ok(read)
    }
}
