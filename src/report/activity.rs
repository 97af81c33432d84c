//! How far a run is, as far as the screen has been told: what runs now and since when, and what has ended.
//!
//! Knows run time. Does not know how anything of it is shown, but for the answer to who asks by a signal.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::Styles;
use super::progress::timed;
use crate::event::JobStatus;
use crate::job::JobId;
use crate::plan::Plan;
use crate::text;

/// A run under way.
#[derive(Debug)]
pub(super) struct Activity {
    plan: Arc<Plan>,
    clock: Clock,
    /// In the order of their starts.
    running: IndexMap<JobId, Running>,
    /// By job.
    has_ended: Vec<bool>,
    /// How many jobs ended with each of [`JobStatus::WORDS`].
    counts: [usize; JobStatus::WORDS.len()],
    pub(super) is_cancelled: bool,
    pub(super) is_over: bool,
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) attempt: u32,
    /// Which place under the limit it takes.
    pub(super) slot: u32,
    /// Run time of its start.
    pub(super) since: Duration,
    /// Whether it takes longer than it should.
    pub(super) is_slow: bool,
    pub(super) is_stopped: bool,
}

/// Run time, which stands still while the run does.
#[derive(Debug)]
struct Clock {
    /// As it was last told.
    time: Duration,
    /// When that was; `None` while it stands still.
    then: Option<Instant>,
}

impl Activity {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        Self {
            has_ended: vec![false; plan.jobs.len()],
            plan,
            clock: Clock { time: Duration::ZERO, then: None },
            running: IndexMap::new(),
            counts: [0; JobStatus::WORDS.len()],
            is_cancelled: false,
            is_over: false,
        }
    }

    /// The run begins at this run time, or goes on.
    pub(super) fn goes_on(&mut self, at: Duration) {
        self.clock = Clock { time: at, then: Some(Instant::now()) };
    }

    /// The run stands still from this run time on.
    pub(super) fn stands_still(&mut self, at: Duration) {
        self.clock = Clock { time: at, then: None };
    }

    pub(super) fn started(&mut self, job: &str, attempt: u32, slot: u32, since: Duration) {
        if let Some(job) = self.plan.jobs.id(job) {
            self.running.insert(job, Running { attempt, slot, since, is_slow: false, is_stopped: false });
        }
    }

    /// Something has become of a job that runs.
    pub(super) fn change(&mut self, job: &str, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.plan.jobs.id(job).and_then(|job| self.running.get_mut(&job)) {
            change(running);
        }
    }

    /// Its attempt has ended; another may follow.
    pub(super) fn attempt_ended(&mut self, job: &str) {
        if let Some(job) = self.plan.jobs.id(job) {
            self.running.shift_remove(&job);
        }
    }

    /// With one of [`JobStatus::WORDS`].
    pub(super) fn job_ended(&mut self, job: &str, word: &'static str) {
        let Some(job) = self.plan.jobs.id(job) else { return };
        self.has_ended[job.index()] = true;
        if let Some(at) = JobStatus::WORDS.iter().position(|known| *known == word) {
            self.counts[at] += 1;
        }
    }

    /// Whether jobs may be running at this moment, and nobody else has the terminal.
    pub(super) fn can_be_shown(&self) -> bool {
        let has_terminal = |job: &JobId| self.plan.jobs.job(*job).settings.interactive;
        self.clock.then.is_some() && !self.is_over && !self.running.keys().any(has_terminal)
    }

    /// Run time.
    pub(super) fn now(&self) -> Duration {
        self.clock.time.saturating_add(self.clock.then.map_or(Duration::ZERO, |then| then.elapsed()))
    }

    pub(super) fn jobs(&self) -> usize {
        self.plan.jobs.len()
    }

    /// What runs, in the order of the starts.
    pub(super) fn running(&self) -> impl ExactSizeIterator<Item = (JobId, &str, &Running)> {
        self.running.iter().map(|(job, running)| (*job, &**self.plan.jobs.name(*job), running))
    }

    /// What has neither ended nor runs.
    pub(super) fn waiting(&self) -> impl Iterator<Item = JobId> {
        self.plan.jobs.ids().filter(|job| !self.has_ended[job.index()] && !self.running.contains_key(job))
    }

    /// How many those are.
    pub(super) fn waiting_count(&self) -> usize {
        self.jobs().saturating_sub(self.ended() + self.running.len())
    }

    pub(super) fn ended(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many jobs ended with each of [`JobStatus::WORDS`] with which any did.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        JobStatus::WORDS.into_iter().zip(self.counts).filter(|(_, count)| *count > 0)
    }

    /// A line for each job that runs, and one for the whole run.
    pub(super) fn status(&self, styles: &Styles) -> String {
        let now = self.now();
        let mut out = String::new();
        for (_, name, running) in self.running() {
            let line = timed(styles, running.word(styles), Some(now.saturating_sub(running.since)), name);
            _ = writeln!(out, "{line}  ({})", running.details());
        }
        let counts: Vec<String> = self.counts().map(|(word, count)| format!(", {count} {word}")).collect();
        let line = timed(styles, ("status", styles.quiet), Some(now), "");
        let (jobs, running, waiting) = (text::count(self.jobs(), "job"), self.running.len(), self.waiting_count());
        _ = writeln!(out, "{line}{jobs}: {running} running, {waiting} waiting{}", counts.concat());
        out
    }
}

impl Running {
    /// The one word for it, and how it looks.
    pub(super) fn word(&self, styles: &Styles) -> (&'static str, owo_colors::Style) {
        match self {
            Self { is_stopped: true, .. } => ("stopped", styles.warning),
            Self { is_slow: true, .. } => ("slow", styles.warning),
            _ => ("running", styles.quiet),
        }
    }

    /// Which place it has, and which attempt it is if not the first.
    pub(super) fn details(&self) -> String {
        let attempt = if self.attempt > 1 { format!(", attempt {}", self.attempt) } else { String::new() };
        format!("slot {}{attempt}", self.slot)
    }
}
