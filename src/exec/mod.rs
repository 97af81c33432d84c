//! Carrying out one attempt at a job.
//!
//! Knows how to start a process, wait for it and end it. Does not know the graph, the limit, retries or why a process
//! is to be ended: that is the scheduler's.

mod environment;
mod leash;
mod leftovers;
mod logs;
mod process;
mod program;
mod scarcity;
mod space;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::event::{Fault, LeftOver};
use crate::job::{Job, JobId};
use crate::schedule::{Attempt, ProcessEnd, ProcessOutcome};
use crate::text;

pub(crate) use environment::Environments;
pub(crate) use leash::Leash;
pub(crate) use leftovers::Household;
pub(crate) use logs::LogFolder;
pub(crate) use process::{Processes, RunVariables};
pub(crate) use program::find_program;
pub(crate) use scarcity::scarce;

/// What attempts are carried out by.
pub(crate) trait Executor: Sync {
    /// Carries out one attempt and tells how it ended; `leash` is how others end it before its time, `notify` is told
    /// what happens on the way. The call is from the thread of one slot and lasts as long as the attempt.
    fn run(
        &self,
        name: &str,
        job: &Job,
        attempt: Attempt,
        leash: &Leash,
        notify: &dyn Fn(Notice),
    ) -> Result<ProcessEnd, LogError>;

    /// Told once a second in a run that lasts so long that its surroundings may change under way.
    fn watch(&self);

    /// What there is to say of attempts whose logs may be incomplete.
    fn incomplete(&self) -> LogError;

    /// Removes the processes that are left of the run after the last attempt and belong to none; `leash` is how others
    /// hasten it.
    fn sweep(&self, leash: &Leash) -> Vec<LeftOver>;

    /// Whether the logs of all attempts are where they were made; asked when there will be no more.
    fn check_logs(&self) -> Result<(), LogError>;
}

/// What sees to the files that jobs read and make. Each call is from the thread of one slot, and may take as long as it
/// needs.
pub(crate) trait FileKeeper: Sync {
    /// Whether there is nothing to do for this job; asked when all that it waits for has ended.
    fn check(&self, job: JobId) -> bool;

    /// The job as it is to be started in an attempt, the first being 1. The error is a text for the user: why it cannot be.
    fn prepare(&self, job: JobId, attempt: u32) -> Result<Cow<'_, Job>, String>;

    /// Looks at what a job has made whose process has succeeded, and says so in `end`.
    fn settle(&self, job: JobId, end: &mut ProcessEnd) -> Result<(), Fault>;

    /// Told of a job whose process has not succeeded.
    fn failed(&self, job: JobId) -> Result<(), Fault>;

    /// Told that what is about to run will not, so that nobody waits for a check any more.
    fn stop_checks(&self);

    /// Told that nobody waits for any answer any more.
    fn stop(&self);
}

/// What can become of a process while it lives.
#[derive(Debug)]
pub(crate) enum Notice {
    /// It was stopped, not by procman, by this signal.
    Stopped(String),
    /// It goes on.
    Continued,
}

/// What went wrong with a log.
#[derive(Debug)]
pub(crate) enum LogError {
    /// It could not be made; the job was not started.
    NotMade { path: PathBuf, error: io::Error },
    /// It, or the folder with all of them, is no longer where it was made.
    Gone { path: PathBuf },
    /// The disk with this folder was full while jobs wrote.
    DiskFull { folder: PathBuf },
}

impl LogError {
    /// The outcome of an attempt that met it, if it is one of scarcity.
    fn scarce(&self) -> Option<ProcessOutcome> {
        match self {
            Self::NotMade { path, error } => scarce(&not_made(path), error).map(ProcessOutcome::Scarce),
            Self::Gone { .. } | Self::DiskFull { .. } => None,
        }
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMade { path, error } => write!(f, "{}: {}", not_made(path), text::io_error(error)),
            Self::Gone { path } => {
                write!(f, "`{}` was removed or replaced while the run was under way", text::path(path))
            }
            Self::DiskFull { folder } => {
                let folder = text::path(folder);
                write!(f, "the disk with `{folder}` was full; make room, and run again what may have lost output")
            }
        }
    }
}

fn not_made(log: &Path) -> String {
    format!("the log `{}` cannot be made", text::path(log))
}
