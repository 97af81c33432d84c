//! What a program gets back from a run.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::event::{AttemptStatus, Exit, JobRecord, JobStatus, RunRecord};
use crate::log_name::{LogStream, file_name};
use crate::sys;

/// The jobs of a run, with their output. The output lies in temporary files that go when this does.
#[derive(Debug)]
pub struct Results {
    record: RunRecord,
    output: TempDir,
}

impl Results {
    pub(super) fn new(record: RunRecord, output: TempDir) -> Self {
        Self { record, output }
    }

    /// The job of this name; `None` if there was none.
    pub fn get(&self, name: &str) -> Option<JobResult<'_>> {
        let (name, job) = self.record.jobs.get_key_value(name)?;
        Some(JobResult { name, job, results: self })
    }

    /// All jobs, in the order in which they were given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = JobResult<'_>> {
        self.record.jobs.iter().map(|(name, job)| JobResult { name, job, results: self })
    }

    /// Whether no job failed and none was cancelled.
    pub fn is_success(&self) -> bool {
        self.record.status == Some(crate::event::RunStatus::Ok)
    }

    /// Everything else that is known of the run.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }
}

/// One job of a run.
#[derive(Debug, Clone, Copy)]
pub struct JobResult<'a> {
    name: &'a str,
    job: &'a JobRecord,
    results: &'a Results,
}

impl<'a> JobResult<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// How it ended.
    ///
    /// # Panics
    ///
    /// Never: a run returns only when every job has ended.
    pub fn status(&self) -> &'a JobStatus {
        self.job.status.as_ref().expect("a run returns only when every job has ended")
    }

    /// The exit code of its last attempt; `None` if it had none or a signal ended it.
    pub fn code(&self) -> Option<i32> {
        match &self.job.attempts.last()?.end.as_ref()?.status {
            AttemptStatus::Ok { code } | AttemptStatus::Failed { exit: Exit::Code(code) } => Some(*code),
            _ => None,
        }
    }

    /// Time spent in its attempts.
    pub fn duration(&self) -> Duration {
        self.job.duration()
    }

    /// What its last attempt wrote to stdout; empty if it never ran.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn stdout(&self) -> io::Result<Vec<u8>> {
        read(self.path(LogStream::Stdout))
    }

    /// What its last attempt wrote to stderr; empty if it never ran.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn stderr(&self) -> io::Result<Vec<u8>> {
        read(self.path(LogStream::Stderr))
    }

    /// Its stdout as a file, for output that is larger than memory; `None` if it never ran.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open_stdout(&self) -> io::Result<Option<File>> {
        self.path(LogStream::Stdout).as_deref().map(sys::open_regular).transpose()
    }

    /// Its stderr as a file, for output that is larger than memory; `None` if it never ran.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open_stderr(&self) -> io::Result<Option<File>> {
        self.path(LogStream::Stderr).as_deref().map(sys::open_regular).transpose()
    }

    fn path(&self, stream: LogStream) -> Option<PathBuf> {
        let attempt = self.job.attempts.last()?;
        let stream = match stream {
            _ if self.job.plan.split => stream,
            LogStream::Stderr => return None,
            _ => LogStream::Merged,
        };
        Some(self.results.output.path().join(file_name(self.job.plan.log.as_ref()?, attempt.number, stream)))
    }
}

fn read(path: Option<PathBuf>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(path) = path {
        sys::open_regular(&path)?.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
