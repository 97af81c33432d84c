//! What the engine keeps under its lock: how far a run is, and what needs nothing else to change it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use crate::event::{CancelReason, Event, EventKind, FORMAT_VERSION, Fault, Reporter, RunRecord, Seconds};
use crate::exec::Leash;
use crate::job::JobId;
use crate::schedule::{Attempt, Input, ProcessEnd, ProcessOutcome, Scheduler};
use crate::sys;

/// Not more events than this are told at once, so that they need little memory.
const MOST_AT_ONCE: usize = 1_000;

/// What a slot thread does next.
pub(super) enum Work {
    Attempt(Attempt, Arc<Leash>),
    Check(JobId),
}

/// Where a run is.
pub(super) struct State<'a> {
    pub(super) scheduler: Scheduler,
    pub(super) clock: Clock,
    reporters: Vec<Box<dyn Reporter + 'a>>,
    pub(super) record: RunRecord,
    next_seq: u64,
    pub(super) fault: Option<Fault>,
    /// What no thread has taken yet.
    pub(super) queue: VecDeque<Work>,
    pub(super) leashes: HashMap<JobId, Arc<Leash>>,
    pub(super) threads: usize,
    /// Of those, how many wait for work or are about to.
    pub(super) idle: usize,
    /// The time that the time keeper sleeps to, or slept to last; `None` if until it is told.
    pub(super) armed: Option<Duration>,
    /// The event that the run ends with, once every job has ended.
    pub(super) last_event: Option<EventKind>,
    pub(super) ended: bool,
}

impl<'a> State<'a> {
    pub(super) fn new(scheduler: Scheduler, reporters: Vec<Box<dyn Reporter + 'a>>) -> Self {
        Self {
            scheduler,
            clock: Clock::default(),
            reporters,
            record: RunRecord::default(),
            next_seq: 0,
            fault: None,
            queue: VecDeque::new(),
            leashes: HashMap::new(),
            threads: 0,
            idle: 0,
            armed: None,
            last_event: None,
            ended: false,
        }
    }

    /// Numbers and dates events, folds them, and shows them to every reporter, whatever the others say. The answer is the
    /// first fault.
    pub(super) fn emit(&mut self, now: Duration, kinds: impl IntoIterator<Item = EventKind>) -> Result<(), Fault> {
        let mut kinds = kinds.into_iter().peekable();
        let mut answer = Ok(());
        while kinds.peek().is_some() {
            let events: Vec<Event> = (self.next_seq..)
                .zip(kinds.by_ref().take(MOST_AT_ONCE))
                .map(|(seq, kind)| Event { v: FORMAT_VERSION, seq, t: Seconds(now), kind })
                .collect();
            self.next_seq += events.len() as u64;
            for event in &events {
                if let EventKind::CancelRequested { reason: CancelReason::Fault(text), .. } = &event.kind {
                    self.fault.get_or_insert_with(|| Fault(text.clone()));
                }
                self.record.apply(event);
            }
            for reporter in &mut self.reporters {
                answer = answer.and(reporter.events(&events, &self.record));
            }
        }
        answer
    }

    /// A process that was stopped between its making and its program's start cannot be in any hand yet, and whoever
    /// makes it waits. A CONT to procman reaches it too late or not at all, so it gets one of its own. It is in procman's
    /// group still: what has a group of its own has been stopped by somebody else.
    pub(super) fn wake_the_unborn(&self) {
        if self.leashes.values().all(|leash| leash.process().is_some()) {
            return;
        }
        for child in sys::children_in_own_group().into_iter().filter(|child| child.stopped) {
            _ = sys::signal_process(child.pid, sys::Signal::CONT);
        }
    }

    /// Tells the scheduler how much memory there is, if it asks for that.
    pub(super) fn look_at_memory(&mut self) {
        if self.scheduler.asks_for_memory()
            && let Some(bytes) = sys::available_memory()
        {
            self.scheduler.see_memory(bytes);
        }
    }

    /// Threads count as processes do: where there is room for fewer attempts, those without one give theirs back.
    pub(super) fn has_too_many_threads(&self) -> bool {
        self.threads > self.scheduler.live_limit()
    }

    /// What becomes of work that no thread can be had for.
    pub(super) fn strand(&mut self, work: &Work, reason: &str) -> Input {
        let reason = reason.to_owned();
        match *work {
            Work::Attempt(Attempt { job, .. }, _) => {
                self.leashes.remove(&job);
                Input::Ended { job, end: ProcessEnd::without_process(ProcessOutcome::Scarce(reason)) }
            }
            Work::Check(job) => Input::Unchecked { job, reason },
        }
    }

    pub(super) fn leash(&self, job: JobId, act: impl FnOnce(&Leash)) {
        if let Some(leash) = self.leashes.get(&job) {
            act(leash);
        }
    }
}
