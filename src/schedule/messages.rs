//! What the scheduler is told, and what it answers.

use std::time::Duration;

use crate::event::{CancelLevel, CancelReason, EventKind, Exit, LeftOver};
use crate::job::JobId;
use crate::plan::OnFailure;

/// What the run goes by, beside the plan.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// How many jobs may run at once; at least 1.
    pub(crate) limit: usize,
    pub(crate) on_failure: OnFailure,
    /// How long the whole run may take.
    pub(crate) timeout: Option<Duration>,
    /// What the jitter of delays is drawn from.
    pub(crate) seed: u64,
    /// What each job is in for, in order; empty where they all run.
    pub(crate) prospects: Vec<Prospect>,
}

/// What a job is in for when all it waits for has ended, as far as that is known before the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// It runs.
    #[default]
    Run,
    /// It may be up to date; that is checked before its first attempt, in the place that the attempt then takes.
    Check,
    /// It is up to date, and takes no place.
    UpToDate,
    /// The user has refused it.
    Refused,
}

/// What has happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// The run begins.
    Start,
    /// The process of a job's attempt is gone, or never was.
    Ended { job: JobId, end: ProcessEnd },
    /// A job was checked, and is `fresh` if it is up to date.
    Checked { job: JobId, fresh: bool },
    /// The system has too little of something to check a job now, as this text says.
    Unchecked { job: JobId, reason: String },
    /// The run is to end early.
    Cancel { reason: CancelReason, level: CancelLevel },
    /// The time that [`Scheduler::next_wake`](super::Scheduler::next_wake) named has come.
    Wake,
}

/// What became of an attempt's process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProcessEnd {
    pub(crate) outcome: ProcessOutcome,
    /// Whether it ended before anybody told it to.
    pub(crate) unasked: bool,
    pub(crate) cpu: Duration,
    /// In bytes.
    pub(crate) peak_memory: u64,
    /// The processes that it left behind.
    pub(crate) leftovers: Vec<LeftOver>,
    /// Whether the disk was full while it ran.
    pub(crate) log_incomplete: bool,
    /// What became of its inputs while it ran; texts for the user.
    pub(crate) changed_inputs: Vec<String>,
}

impl ProcessEnd {
    /// Of an attempt that got no process.
    pub(crate) fn without_process(outcome: ProcessOutcome) -> Self {
        Self {
            outcome,
            unasked: false,
            cpu: Duration::ZERO,
            peak_memory: 0,
            leftovers: Vec::new(),
            log_incomplete: false,
            changed_inputs: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ProcessOutcome {
    Exited(Exit),
    /// The job's fault: there is no such program, for instance.
    SpawnFailed(String),
    /// Nobody's fault: the system has too little of something for one more, as this text says. No attempt is used up.
    Scarce(String),
    /// It was told to end before it began; or procman's fault, such as that there is no place for the log, and then a
    /// cancel of the run comes with it.
    Refused,
}

impl ProcessOutcome {
    /// Whether it says something of the job, and not only of what it was run by.
    pub(crate) fn is_of_the_job(&self) -> bool {
        matches!(self, Self::Exited(_) | Self::SpawnFailed(_))
    }
}

/// What is to be done, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    Emit(EventKind),
    /// To find out whether it is up to date.
    Check(JobId),
    Spawn(Attempt),
    /// TERM to all its processes.
    Terminate(JobId),
    /// KILL to all its processes.
    Kill(JobId),
}

/// One execution of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) job: JobId,
    /// 1 for the first.
    pub(crate) number: u32,
    /// Which of the places under the limit it takes, from 0.
    pub(crate) slot: u32,
}
