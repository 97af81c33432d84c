//! How attempts and jobs end. The words are the same in the record, on the screen and in the library.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::text;

/// How a process ended by itself or by a signal, or what it had not done by its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// It exited with this code, 0 to 255.
    #[serde(rename = "exit")]
    Code(i32),
    /// A signal ended it; the name as in `SIGTERM`.
    Signal(String),
    /// It exited with success, and what it was to make is not there; each a text for the user.
    Unmade(Vec<String>),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit {code}"),
            Self::Signal(name) => write!(f, "signal {}", text::escape(name.as_bytes())),
            Self::Unmade(what) => f.write_str(&text::names(what)),
        }
    }
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum AttemptStatus {
    /// With a code that counts as success.
    Ok {
        /// Which.
        #[serde(rename = "exit")]
        code: i32,
    },
    /// With another code, or by a signal that procman did not send.
    Failed {
        /// Which.
        #[serde(flatten)]
        exit: Exit,
    },
    /// It was ended because it took longer than its `timeout`.
    TimedOut,
    /// It was ended because the run was.
    Cancelled,
    /// It ended well but for the processes it left behind.
    Leaked,
    /// It never ran.
    SpawnError {
        /// Why.
        error: String,
    },
}

impl AttemptStatus {
    /// The one word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok { .. } => "ok",
            Self::Failed { .. } => "failed",
            Self::TimedOut => "timed-out",
            Self::Cancelled => "cancelled",
            Self::Leaked => "leaked",
            Self::SpawnError { .. } => "spawn-error",
        }
    }
}

impl fmt::Display for AttemptStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { exit } => exit.fmt(f),
            Self::SpawnError { error } => f.write_str(&text::escape(error.as_bytes())),
            other => f.write_str(other.word()),
        }
    }
}

/// How a job ended, after all its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum JobStatus {
    /// At the first attempt.
    Ok,
    /// At a later attempt.
    Flaky,
    /// There was nothing to do: all is as it was left when it last succeeded.
    UpToDate,
    /// The last attempt failed.
    Failed {
        /// How.
        #[serde(flatten)]
        exit: Exit,
    },
    /// The last attempt took too long.
    TimedOut,
    /// The last attempt left processes behind, and was not to.
    Leaked,
    /// Its process could not be started.
    SpawnError {
        /// Why.
        error: String,
    },
    /// It was not started, because of something known beforehand.
    Skipped {
        /// What.
        #[serde(flatten)]
        because: SkipReason,
    },
    /// The run was ended before the job was, or the user refused it.
    Cancelled,
    /// It failed, and was allowed to.
    AllowedFailure {
        /// How.
        cause: AttemptStatus,
    },
}

/// Why a job was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// This job, which it needs directly or through others, did not succeed.
    Dependency(Arc<str>),
    /// It is not for this operating system.
    Platform(String),
}

impl JobStatus {
    /// Every word that [`JobStatus::word`] returns, in the order in which counts are listed.
    pub const WORDS: [&'static str; 10] = [
        "ok",
        "flaky",
        "up-to-date",
        "failed",
        "timed-out",
        "leaked",
        "spawn-error",
        "allowed-failure",
        "skipped",
        "cancelled",
    ];

    /// The one word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Flaky => "flaky",
            Self::UpToDate => "up-to-date",
            Self::Failed { .. } => "failed",
            Self::TimedOut => "timed-out",
            Self::Leaked => "leaked",
            Self::SpawnError { .. } => "spawn-error",
            Self::Skipped { .. } => "skipped",
            Self::Cancelled => "cancelled",
            Self::AllowedFailure { .. } => "allowed-failure",
        }
    }

    /// Whether the job did what it should, now or before.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Ok | Self::Flaky | Self::UpToDate)
    }

    /// Whether the job ran, or should have, and its end fails the run.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::TimedOut | Self::Leaked | Self::SpawnError { .. })
    }

    /// Whether jobs that need this one may start.
    pub fn satisfies_dependents(&self) -> bool {
        self.is_success()
            || matches!(self, Self::AllowedFailure { .. } | Self::Skipped { because: SkipReason::Platform(_) })
    }

    /// What there is to say beyond the word.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Failed { exit } => Some(exit.to_string()),
            Self::SpawnError { error } => Some(text::escape(error.as_bytes())),
            Self::AllowedFailure { cause } => Some(cause.to_string()),
            Self::Skipped { because: SkipReason::Dependency(name) } => {
                Some(format!("needs {}", text::escape(name.as_bytes())))
            }
            Self::Skipped { because: SkipReason::Platform(name) } => {
                Some(format!("not for {}", text::escape(name.as_bytes())))
            }
            Self::Ok | Self::Flaky | Self::UpToDate | Self::TimedOut | Self::Leaked | Self::Cancelled => None,
        }
    }
}

/// A process that outlived what had started it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOver {
    /// Its id.
    pub pid: u32,
    /// The first 15 bytes of its program's name, or what it called itself.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a process that was left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was ended.
    Removed,
    /// It was let live, as the job's `leak` says.
    Spared,
    /// It could not be ended, like a process of another user.
    Unkillable,
}

impl fmt::Display for LeftOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", text::escape(self.name.as_bytes()), self.pid)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// No job failed and none was cancelled.
    Ok,
    /// A job failed, or the run's own timeout ended it.
    Failed,
    /// It was asked to end, or the user refused a job.
    Cancelled,
    /// procman could not do its own work.
    Broken,
}

impl RunStatus {
    /// The one word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Broken => "broken",
        }
    }
}

/// What has become of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunState {
    Ended(RunStatus),
    UnderWay,
    /// procman did not live to end it.
    Died,
}

impl RunState {
    /// The one word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ended(status) => status.word(),
            Self::UnderWay => "under-way",
            Self::Died => "died",
        }
    }
}

/// Why a run ends before all its jobs have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CancelReason {
    /// This job failed, and `on_failure` says so.
    Failure(Arc<str>),
    /// The run took longer than its own timeout.
    Timeout,
    /// procman could not do its own work; what went wrong.
    Fault(String),
    /// procman got this signal, or a program that embeds it asked; the name as in `SIGINT`.
    Signal(String),
    /// Something has changed that it is made from, and procman, which watches that, runs it again.
    Change,
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(job) => write!(f, "{} failed", text::escape(job.as_bytes())),
            Self::Timeout => f.write_str("the run's timeout is over"),
            Self::Fault(what) => f.write_str(&text::escape(what.as_bytes())),
            Self::Signal(name) => f.write_str(&text::escape(name.as_bytes())),
            Self::Change => f.write_str("a change"),
        }
    }
}

/// What a cancel does to the jobs that run. A later cancel takes effect only if it does more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CancelLevel {
    /// They go on to their end; nothing new starts.
    NoNew,
    /// TERM, then KILL after their `grace`.
    Terminate,
    /// KILL at once.
    Kill,
}
