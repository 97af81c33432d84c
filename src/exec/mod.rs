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

use std::path::PathBuf;
use std::{fmt, io};

use crate::event::LeftOver;
use crate::plan::Plan;
use crate::schedule::{Attempt, ProcessEnd};
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
        plan: &Plan,
        attempt: Attempt,
        leash: &Leash,
        notify: &dyn Fn(Notice),
    ) -> Result<ProcessEnd, LogError>;

    /// Removes the processes that are left of the run after the last attempt and belong to none.
    fn sweep(&self) -> Vec<LeftOver>;
}

/// What can become of a process while it lives.
#[derive(Debug)]
pub(crate) enum Notice {
    /// It was stopped, not by procman, by this signal.
    Stopped(String),
    /// It goes on.
    Continued,
}

/// A log that could not be made; the job was not started.
#[derive(Debug)]
pub(crate) struct LogError {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

impl LogError {
    fn what(&self) -> String {
        format!("the log `{}` cannot be made", text::path(&self.path))
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what(), text::io_error(&self.error))
    }
}
