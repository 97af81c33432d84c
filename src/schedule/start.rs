//! From the end of what a job waits for to the start of its process: whether it is to run at all, and when.

use std::sync::Arc;
use std::time::Duration;

use super::usage::Obstacle;
use super::{Action, Attempt, Passed, Prospect, Running, Scheduler, State};
use crate::event::{CancelLevel, CancelReason, EventKind, JobStatus, SkipReason};
use crate::job::JobId;

/// How often one looks whether more memory has become available, while nothing else happens.
const MEMORY_LOOKS: Duration = Duration::from_secs(1);

impl Scheduler {
    pub(super) fn start(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.run_deadline = self.rules.timeout.map(|timeout| now.saturating_add(timeout));
        let plan = Arc::clone(&self.plan);
        for node in plan.graph.nodes() {
            if !matches!(self.states[node.index()], State::Waiting(0)) {
                continue;
            }
            let end = if let Some(job) = plan.graph.job(node) {
                self.release(job, actions)
            } else {
                self.states[node.index()] = State::Ended;
                Some(Passed::Satisfied)
            };
            if let Some(passed) = end {
                self.pass_on(node, passed, actions);
            }
        }
    }

    /// Nothing is left that the job waits for. Answers with its end, if it has come to that without running.
    pub(super) fn release(&mut self, job: JobId, actions: &mut Vec<Action>) -> Option<Passed> {
        if let Some(where_else) = self.plan.jobs.job(job).settings.only_elsewhere() {
            let because = SkipReason::Platform(where_else);
            self.end_job(job, JobStatus::Skipped { because }, actions);
            return Some(Passed::Satisfied);
        }
        match self.prospect(job) {
            Prospect::Run | Prospect::Check => {
                self.set(job, State::Ready);
                None
            }
            Prospect::UpToDate => {
                self.end_job(job, JobStatus::UpToDate, actions);
                Some(Passed::Satisfied)
            }
            Prospect::Refused => {
                self.refusals += 1;
                self.end_job(job, JobStatus::Cancelled, actions);
                Some(Passed::Failed(job))
            }
        }
    }

    fn prospect(&self, job: JobId) -> Prospect {
        self.rules.prospects.get(job.index()).copied().unwrap_or_default()
    }

    /// Starts what may start, and checks first what has to be.
    pub(super) fn fill(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.memory_look = None;
        while self.cancel.is_none() && !self.live_limit.is_paused() {
            let Some(job) = self.choose(now) else { break };
            self.ready.take(job);
            let slot = self.slots.take();
            if self.prospect(job) == Prospect::Check {
                self.set(job, State::Checking { slot });
                actions.push(Action::Check(job));
            } else {
                self.begin(now, job, slot, actions);
            }
        }
    }

    /// The best of the ready jobs that may start now. What a better one waits for is kept from those behind it, lest it
    /// wait for as long as there are others: where that is places under the limit, from all.
    fn choose(&mut self, now: Duration) -> Option<JobId> {
        let places = self.live_limit.get();
        if !self.usage.leaves_room(places) {
            return None;
        }
        let mut held = self.usage.nothing_held();
        for (job, lane) in self.ready.candidates() {
            match self.usage.obstacle(&self.plan.jobs.job(job).settings, lane, &held, places) {
                None => return Some(job),
                Some(Obstacle::Limit) => return None,
                Some(Obstacle::Pool) => held.hold_pools(lane),
                Some(Obstacle::Memory { for_now }) => {
                    held.hold_memory();
                    if for_now {
                        self.memory_look = Some(now.saturating_add(MEMORY_LOOKS));
                    }
                }
            }
        }
        None
    }

    /// Begins the next attempt at a job, in a place that it has.
    fn begin(&mut self, now: Duration, job: JobId, slot: u32, actions: &mut Vec<Action>) {
        self.attempts[job.index()] += 1;
        let attempt = Attempt { job, number: self.attempts[job.index()], slot };
        let settings = &self.plan.jobs.job(job).settings;
        let [deadline, slow_at] =
            [settings.timeout, settings.slow_after].map(|time| time.map(|time| now.saturating_add(time)));
        self.set(job, State::Running(Running { attempt, since: now, ending: None, deadline, slow_at }));
        let (name, number) = (self.plan.jobs.name(job).clone(), attempt.number);
        actions.push(Action::Emit(EventKind::AttemptStarted { job: name, attempt: number, slot }));
        actions.push(Action::Spawn(attempt));
    }

    pub(super) fn checked(&mut self, now: Duration, job: JobId, fresh: bool, actions: &mut Vec<Action>) {
        let slot = self.checked_in(job);
        // Once is enough: what comes now are attempts.
        self.rules.prospects[job.index()] = Prospect::Run;
        if self.cancel.is_some() {
            self.slots.give_back(slot);
            self.end_job(job, JobStatus::Cancelled, actions);
        } else if fresh {
            self.slots.give_back(slot);
            self.live_limit.ended(now);
            self.end_job(job, JobStatus::UpToDate, actions);
            self.pass_on(job.into(), Passed::Satisfied, actions);
        } else {
            self.begin(now, job, slot, actions);
        }
    }

    pub(super) fn unchecked(&mut self, now: Duration, job: JobId, reason: &str, actions: &mut Vec<Action>) {
        let slot = self.checked_in(job);
        self.slots.give_back(slot);
        self.put_back(now, job, reason, actions);
    }

    /// The place in which a job is being checked.
    fn checked_in(&self, job: JobId) -> u32 {
        let State::Checking { slot } = self.states[job.index()] else {
            unreachable!("only what is being checked has a check that ends");
        };
        slot
    }

    /// Takes an attempt back that could not be started for now.
    pub(super) fn defer(&mut self, now: Duration, attempt: Attempt, reason: &str, actions: &mut Vec<Action>) {
        let job = attempt.job;
        self.attempts[job.index()] -= 1;
        actions.push(Action::Emit(EventKind::AttemptDeferred {
            job: self.plan.jobs.name(job).clone(),
            attempt: attempt.number,
            reason: reason.to_owned(),
        }));
        self.put_back(now, job, reason, actions);
    }

    /// The system has too little of something for this job, whose place is free again.
    fn put_back(&mut self, now: Duration, job: JobId, reason: &str, actions: &mut Vec<Action>) {
        if self.cancel.is_some() {
            self.end_job(job, JobStatus::Cancelled, actions);
            return;
        }
        self.set(job, State::Ready);
        if let Err(tries) = self.live_limit.deferred(now, self.usage.taken()) {
            let fault = CancelReason::Fault(format!("nothing can be started, {tries} tries have failed: {reason}"));
            self.cancel(now, fault, CancelLevel::NoNew, actions);
        }
    }
}
