//! The files that attempts write to.

use std::collections::HashMap;
use std::ffi::{CString, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::LogError;
use crate::job::Streams;
use crate::log_name::{LogStream, file_name};
use crate::sys;

/// A folder of logs, all of one run.
#[derive(Debug)]
pub(crate) struct LogFolder {
    path: PathBuf,
    /// Held open, so that nobody can put another folder in its place.
    folder: io::Result<File>,
    /// For each job, how its logs' names begin.
    stems: Vec<String>,
    made: Mutex<Vec<MadeLog>>,
}

/// A log, as it was made.
#[derive(Debug, Clone, Copy)]
struct MadeLog {
    job: usize,
    attempt: u32,
    stream: LogStream,
    inode: u64,
}

/// Where an attempt's streams go.
#[derive(Debug)]
pub(crate) struct AttemptLogs {
    pub(crate) stdout: File,
    /// `None` when it goes where stdout goes.
    pub(crate) stderr: Option<File>,
}

impl LogFolder {
    pub(crate) fn new(path: PathBuf, stems: Vec<String>) -> Self {
        Self { folder: sys::open_folder(&path), path, stems, made: Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn stem(&self, job: usize) -> &str {
        &self.stems[job]
    }

    /// Creates an attempt's log or logs.
    pub(crate) fn create(&self, job: usize, attempt: u32, streams: Streams) -> Result<AttemptLogs, LogError> {
        let create = |stream| {
            self.create_one(job, attempt, stream).map_err(|error| {
                let path = self.path.join(file_name(self.stem(job), attempt, stream));
                LogError::NotMade { path, error }
            })
        };
        Ok(match streams {
            Streams::Merged => AttemptLogs { stdout: create(LogStream::Merged)?, stderr: None },
            Streams::Split => {
                let stdout = create(LogStream::Stdout)?;
                let stderr = create(LogStream::Stderr).inspect_err(|_| self.remove(job, attempt, LogStream::Stdout))?;
                AttemptLogs { stdout, stderr: Some(stderr) }
            }
        })
    }

    /// A new file and nothing that was there before, whatever it is; appended to, so that two writers lose nothing.
    fn create_one(&self, job: usize, attempt: u32, stream: LogStream) -> io::Result<File> {
        let file = sys::create_in(self.folder()?, &self.name(job, attempt, stream)?)?;
        let inode = file.metadata()?.ino();
        self.made().push(MadeLog { job, attempt, stream, inode });
        Ok(file)
    }

    /// Removes what [`create`](Self::create) has made: the attempt was none, and one of the same number may follow.
    pub(crate) fn take_back(&self, job: usize, attempt: u32, streams: Streams) {
        let streams: &[LogStream] = match streams {
            Streams::Merged => &[LogStream::Merged],
            Streams::Split => &[LogStream::Stdout, LogStream::Stderr],
        };
        for stream in streams {
            self.remove(job, attempt, *stream);
        }
    }

    /// If this fails, so does the next attempt at making the log, and says why.
    fn remove(&self, job: usize, attempt: u32, stream: LogStream) {
        self.made().retain(|log| (log.job, log.attempt, log.stream) != (job, attempt, stream));
        if let (Ok(folder), Ok(name)) = (self.folder(), self.name(job, attempt, stream)) {
            _ = sys::remove_in(folder, &name);
        }
    }

    /// Whether every log is where it was made. One listing tells, with a closer look only at what it leaves in doubt: a
    /// look at each would cost as much again as all else that is done for it at an attempt's end.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let Ok(folder) = &self.folder else { return Ok(()) };
        if let Ok(ours) = folder.metadata()
            && !is_still(&self.path, ours.ino())
        {
            return Err(LogError::Gone { path: self.path.clone() });
        }
        let Ok(entries) = fs::read_dir(&self.path) else { return Ok(()) };
        let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let files: HashMap<OsString, u64> = files.map(|entry| (entry.file_name(), entry.ino())).collect();
        for log in self.made().iter() {
            let name = OsString::from(file_name(self.stem(log.job), log.attempt, log.stream));
            let path = || self.path.join(&name);
            if files.get(&name) != Some(&log.inode) && !is_still(&path(), log.inode) {
                return Err(LogError::Gone { path: path() });
            }
        }
        Ok(())
    }

    fn folder(&self) -> io::Result<&File> {
        self.folder.as_ref().map_err(|error| match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => error.kind().into(),
        })
    }

    fn name(&self, job: usize, attempt: u32, stream: LogStream) -> io::Result<CString> {
        Ok(CString::new(file_name(self.stem(job), attempt, stream))?)
    }

    fn made(&self) -> MutexGuard<'_, Vec<MadeLog>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this is still what it was, as far as can be told.
fn is_still(path: &Path, inode: u64) -> bool {
    match fs::symlink_metadata(path) {
        Ok(found) => found.ino() == inode && !found.is_symlink(),
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    }
}
