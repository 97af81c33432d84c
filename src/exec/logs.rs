//! The files that attempts write to.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::LogError;
use crate::job::Streams;
use crate::log_name::{LogStream, file_name};

/// A folder of logs, all of one run.
#[derive(Debug)]
pub(crate) struct LogFolder {
    path: PathBuf,
    /// For each job, how its logs' names begin.
    stems: Vec<String>,
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
        Self { path, stems }
    }

    pub(crate) fn stem(&self, job: usize) -> &str {
        &self.stems[job]
    }

    /// Creates an attempt's log or logs.
    pub(crate) fn create(&self, job: usize, attempt: u32, streams: Streams) -> Result<AttemptLogs, LogError> {
        let create = |stream| {
            let path = self.path.join(file_name(self.stem(job), attempt, stream));
            create_log(&path).map_err(|error| LogError { path, error })
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
        _ = fs::remove_file(self.path.join(file_name(self.stem(job), attempt, stream)));
    }
}

/// A new file and nothing that was there before, whatever it is; appended to, so that two writers lose nothing.
fn create_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
}
