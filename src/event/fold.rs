//! The state of a run at any point: the fold of its events.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{
    AttemptStatus, CancelLevel, CancelReason, Event, EventKind, JobStatus, LeftOver, Origin, PlannedGroup, PlannedJob,
    RunPlan, RunState, RunStatus, Seconds,
};

/// A run, as far as its events tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRecord {
    /// The run's id; empty before its first event.
    pub run: String,
    /// Wall-clock time of the start, RFC 3339, UTC.
    pub at: String,
    /// The version of procman.
    pub procman: String,
    /// Where its jobs come from; `None` for jobs that a program gave.
    pub origin: Option<Origin>,
    /// Names that stand for several jobs.
    pub groups: Vec<Arc<PlannedGroup>>,
    /// How many jobs may run at once.
    pub limit: usize,
    /// The jobs, in the manifest's order.
    pub jobs: IndexMap<Arc<str>, JobRecord>,
    /// Why the run was to end early, most severe reason last seen.
    pub cancel: Option<CancelReason>,
    /// What has happened to the run as a whole, and when, in run time.
    pub moments: Vec<(Duration, Moment)>,
    /// How the run ended; `None` while it is under way, or when procman did not live to say.
    pub status: Option<RunStatus>,
    /// What was left when all attempts had ended, and belonged to none.
    pub left_behind: Vec<LeftOver>,
    /// Whether procman died before the run's end.
    pub runner_died: bool,
    /// Run time of the latest event.
    pub elapsed: Duration,
}

/// Something that happened to a run as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Moment {
    /// It was to end early.
    CancelRequested(CancelReason, CancelLevel),
    /// It stood still.
    Paused,
    /// It went on.
    Resumed,
    /// procman died.
    RunnerDied,
}

/// A job of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRecord {
    /// What it was to do.
    pub plan: Arc<PlannedJob>,
    /// Its attempts so far, the first first.
    pub attempts: Vec<AttemptRecord>,
    /// How it ended, once it has.
    pub status: Option<JobStatus>,
}

/// An attempt at a job.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    /// 1 for the first.
    pub number: u32,
    /// Which place under the limit it took.
    pub slot: u32,
    /// Run time of its start.
    pub started: Duration,
    /// The signal that has stopped it, while it is stopped.
    pub stopped: Option<String>,
    /// Whether it has run for longer than its job's `slow_after`.
    pub slow: bool,
    /// Its end, once it has come.
    pub end: Option<AttemptEnd>,
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptEnd {
    /// How.
    #[serde(flatten)]
    pub status: AttemptStatus,
    /// From before its process was started until it was reaped.
    pub seconds: Seconds,
    /// Processor time of the process and the descendants it waited for.
    pub cpu: Seconds,
    /// The largest resident set of any one of them, in bytes. Not less than procman's own at the time, a few MiB: the
    /// process shares its memory until the exec, and Linux counts that.
    pub peak_memory: u64,
    /// The processes that it left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<LeftOver>,
    /// Whether the disk was full while it ran, so that its log may lack some of what it wrote.
    #[serde(rename = "log", with = "log_state", default, skip_serializing_if = "std::ops::Not::not")]
    pub log_incomplete: bool,
    /// What became of its inputs while it ran, so that it is not known to be up to date; texts for the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_inputs: Vec<String>,
}

/// `"log": "incomplete"`.
mod log_state {
    use serde::{Deserialize, Deserializer, Serializer};

    const INCOMPLETE: &str = "incomplete";

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
    pub(super) fn serialize<S: Serializer>(_incomplete: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(INCOMPLETE)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        String::deserialize(deserializer).map(|state| state == INCOMPLETE)
    }
}

impl JobRecord {
    /// Time spent in all its attempts.
    pub fn duration(&self) -> Duration {
        let ends = self.attempts.iter().filter_map(|attempt| attempt.end.as_ref());
        // Saturating: a record may hold any number.
        ends.map(|end| end.seconds.0).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Whether any of its attempts has run for longer than its `slow_after`.
    pub fn is_slow(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.slow)
    }

    /// How long the longest of its attempts took that have run for longer than its `slow_after` and ended.
    pub fn slowest(&self) -> Option<Duration> {
        let slow = self.attempts.iter().filter(|attempt| attempt.slow);
        slow.filter_map(|attempt| attempt.end.as_ref()).map(|end| end.seconds.0).max()
    }

    /// What there is to say beyond the word for its end.
    pub fn detail(&self) -> Option<String> {
        let of_end = self.status.as_ref().and_then(JobStatus::detail);
        let slow = self.is_slow().then(|| "slow".to_owned());
        let details = [of_end, slow, self.is_log_incomplete().then(|| "log incomplete".to_owned())];
        Some(details.into_iter().flatten().collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
    }

    /// The processes that its attempts left behind.
    pub fn leftovers(&self) -> impl Iterator<Item = &LeftOver> {
        self.attempts.iter().filter_map(|attempt| attempt.end.as_ref()).flat_map(|end| &end.leftovers)
    }

    /// What became of its inputs during its last attempt.
    pub fn changed_inputs(&self) -> &[String] {
        self.attempts.last().and_then(|attempt| attempt.end.as_ref()).map_or(&[], |end| &end.changed_inputs)
    }

    /// Whether the disk was full during any attempt, so that a log may lack some of what was written.
    pub fn is_log_incomplete(&self) -> bool {
        self.attempts.iter().filter_map(|attempt| attempt.end.as_ref()).any(|end| end.log_incomplete)
    }

    /// The largest resident set of any process of any attempt, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.attempts.iter().filter_map(|attempt| attempt.end.as_ref()).map(|end| end.peak_memory).max().unwrap_or(0)
    }
}

impl RunRecord {
    /// Takes one more event in. Events of jobs that the plan does not name are left out.
    pub fn apply(&mut self, event: &Event) {
        self.elapsed = self.elapsed.max(event.t.0);
        match &event.kind {
            EventKind::RunStarted(plan) => self.start(plan),
            EventKind::AttemptStarted { job, attempt, slot } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    let started = event.t.0;
                    job.attempts.push(AttemptRecord {
                        number: *attempt,
                        slot: *slot,
                        started,
                        stopped: None,
                        slow: false,
                        end: None,
                    });
                }
            }
            EventKind::AttemptStopped { job, attempt, signal } => {
                self.change(job, *attempt, |found| found.stopped = Some(signal.clone()));
            }
            EventKind::AttemptContinued { job, attempt } => self.change(job, *attempt, |found| found.stopped = None),
            EventKind::AttemptSlow { job, attempt } => self.change(job, *attempt, |found| found.slow = true),
            EventKind::AttemptDeferred { job, attempt, .. } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.attempts.retain(|made| made.number != *attempt);
                }
            }
            EventKind::AttemptEnded { job, attempt, end } => {
                self.change(job, *attempt, |found| (found.stopped, found.end) = (None, Some(end.clone())));
            }
            EventKind::JobEnded { job, status } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.status = Some(status.clone());
                }
            }
            EventKind::CancelRequested { reason, level } => {
                self.cancel = Some(reason.clone());
                self.moments.push((event.t.0, Moment::CancelRequested(reason.clone(), *level)));
            }
            EventKind::Paused => self.moments.push((event.t.0, Moment::Paused)),
            EventKind::Resumed => self.moments.push((event.t.0, Moment::Resumed)),
            EventKind::LeftBehind { processes } => self.left_behind.clone_from(processes),
            EventKind::RunnerDied => {
                self.runner_died = true;
                self.moments.push((event.t.0, Moment::RunnerDied));
            }
            EventKind::RunEnded { status } => self.status = Some(*status),
        }
    }

    fn change(&mut self, job: &str, attempt: u32, change: impl FnOnce(&mut AttemptRecord)) {
        let attempts = self.jobs.get_mut(job).map(|job| job.attempts.iter_mut());
        if let Some(found) = attempts.into_iter().flatten().find(|found| found.number == attempt) {
            change(found);
        }
    }

    fn start(&mut self, plan: &RunPlan) {
        self.run.clone_from(&plan.run);
        self.at.clone_from(&plan.at);
        self.procman.clone_from(&plan.procman);
        self.origin.clone_from(&plan.origin);
        self.groups.clone_from(&plan.groups);
        self.limit = plan.limit;
        let record = |job: &Arc<PlannedJob>| JobRecord { plan: Arc::clone(job), attempts: Vec::new(), status: None };
        self.jobs = plan.jobs.iter().map(|job| (job.name.clone(), record(job))).collect();
    }

    /// How many jobs ended with each of [`JobStatus::WORDS`], in that order; words that count none are left out.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let mut counts = JobStatus::WORDS.map(|word| (word, 0));
        for (_, _, status) in self.ended() {
            if let Some((_, count)) = counts.iter_mut().find(|(word, _)| *word == status.word()) {
                *count += 1;
            }
        }
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// What has become of it.
    pub(crate) fn state(&self) -> RunState {
        match self.status {
            Some(status) => RunState::Ended(status),
            None if self.runner_died => RunState::Died,
            None => RunState::UnderWay,
        }
    }

    /// Every word for a job without an end, in the order in which counts are listed.
    pub(crate) const WORDS_WITHOUT_END: [&str; 5] = ["running", "stopped", "waiting", "unfinished", "not-started"];

    /// The one word for where one of its jobs is: that of its end, or one of [`Self::WORDS_WITHOUT_END`].
    pub(crate) fn word_of(&self, job: &JobRecord) -> &'static str {
        match (&job.status, job.attempts.last()) {
            (Some(status), _) => status.word(),
            (None, None) => "not-started",
            (None, Some(_)) if self.runner_died => "unfinished",
            // For its next attempt.
            (None, Some(last)) if last.end.is_some() => "waiting",
            (None, Some(last)) if last.stopped.is_some() => "stopped",
            (None, Some(_)) => "running",
        }
    }

    /// The jobs that have ended, in the manifest's order.
    pub fn ended(&self) -> impl Iterator<Item = (&str, &JobRecord, &JobStatus)> {
        self.jobs.iter().filter_map(|(name, job)| Some((&**name, job, job.status.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deferred_attempt_was_none() {
        let job: Arc<str> = "a".into();
        let planned =
            PlannedJob { name: job.clone(), argv: vec!["true".into()], cwd: ".".into(), ..PlannedJob::default() };
        let mut record = RunRecord::default();
        record.jobs.insert(job.clone(), JobRecord { plan: planned.into(), attempts: Vec::new(), status: None });
        let mut apply = |kind| record.apply(&Event { v: 1, seq: 0, t: Seconds::default(), kind });
        let end = AttemptEnd {
            status: AttemptStatus::TimedOut,
            seconds: Seconds::default(),
            cpu: Seconds::default(),
            peak_memory: 0,
            leftovers: Vec::new(),
            log_incomplete: false,
            changed_inputs: Vec::new(),
        };
        apply(EventKind::AttemptStarted { job: job.clone(), attempt: 1, slot: 0 });
        apply(EventKind::AttemptEnded { job: job.clone(), attempt: 1, end });
        apply(EventKind::AttemptStarted { job: job.clone(), attempt: 2, slot: 0 });
        apply(EventKind::AttemptDeferred { job: job.clone(), attempt: 2, reason: "no room".into() });
        let numbers: Vec<u32> = record.jobs["a"].attempts.iter().map(|attempt| attempt.number).collect();
        assert_eq!(numbers, [1]);
    }
}
