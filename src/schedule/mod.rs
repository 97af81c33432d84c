//! The scheduler: what happens next.
//!
//! A pure state machine. [`Scheduler::step`] takes what has happened and the run time at which it did, and answers with
//! what is to be done. It starts no process, reads no clock and writes no file, so the same inputs always give the same
//! actions. Time stands still for it while the run is suspended, because nobody hands it a later one.
//!
//! A job waits, is ready, runs and ends; one that may be up to date is checked in between. Between two attempts it may be
//! delayed, and an attempt for which the system has too little of something is deferred: the job is ready again, as if it
//! had never been made. `set` is the one place where that changes, and where what is counted is kept in step.

mod due;
mod ending;
mod jitter;
mod live_limit;
mod messages;
mod queue;
mod ready;
mod start;
#[cfg(test)]
mod tests;
mod usage;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use crate::event::{AttemptEnd, CancelLevel, CancelReason, EventKind, JobStatus, RunStatus, Seconds, SkipReason};
use crate::graph::{Dependents, EdgeKind, NodeId};
use crate::job::JobId;
use crate::plan::{OnFailure, Plan};
use live_limit::LiveLimit;
pub(crate) use messages::{Action, Attempt, Input, ProcessEnd, ProcessOutcome, Prospect, Rules};
use queue::{Slots, Timers};
use ready::Ready;
use usage::Usage;
pub(crate) use verdict::has_succeeded;
use verdict::{INTERRUPT, final_status, is_retryable, judge, was_interrupted};

#[derive(Debug, Clone, Copy)]
enum State {
    /// For this many nodes.
    Waiting(u32),
    Ready,
    /// Until this time, between two attempts. It holds no place under the limit.
    Delayed(Duration),
    /// Whether it is up to date, in this place under the limit.
    Checking {
        slot: u32,
    },
    Running(Running),
    Ended,
}

impl State {
    /// Whether it has a place under the limit.
    fn has_place(self) -> bool {
        matches!(self, Self::Checking { .. } | Self::Running(_))
    }
}

#[derive(Debug, Clone, Copy)]
struct Running {
    attempt: Attempt,
    since: Duration,
    /// Why it has been told to end, if it has.
    ending: Option<Ending>,
    /// When to do more about it: end it, or kill it.
    deadline: Option<Duration>,
    /// When it is to be called slow, if it runs on until then.
    slow_at: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    TimedOut,
    Cancelled,
}

/// How a node's end looks to those that wait for it.
#[derive(Debug, Clone, Copy)]
enum Passed {
    Satisfied,
    /// Because of this job, which failed by itself or was refused.
    Failed(JobId),
}

#[derive(Debug)]
pub(crate) struct Scheduler {
    plan: Arc<Plan>,
    rules: Rules,
    dependents: Dependents,
    states: Vec<State>,
    /// For a join: the first failed job that it stands for.
    blame: Vec<Option<JobId>>,
    /// For each job, the attempts made.
    attempts: Vec<u32>,
    ready: Ready,
    slots: Slots,
    timers: Timers,
    live_limit: LiveLimit,
    usage: Usage,
    /// When to look whether more memory has become available, if a job waits for that.
    memory_look: Option<Duration>,
    unended: usize,
    failures: usize,
    refusals: usize,
    cancel: Option<(CancelLevel, CancelReason)>,
    run_deadline: Option<Duration>,
}

impl Scheduler {
    pub(crate) fn new(plan: Arc<Plan>, rules: Rules) -> Self {
        let dependents = Dependents::of(&plan.graph);
        let waits = |node| plan.graph.needs(node).len() + plan.graph.after(node).len();
        let waiting = |node| State::Waiting(u32::try_from(waits(node)).unwrap_or(u32::MAX));
        let states: Vec<State> = plan.graph.nodes().map(waiting).collect();
        Self {
            blame: vec![None; states.len()],
            attempts: vec![0; plan.jobs.len()],
            ready: Ready::new(&plan, rules.limit),
            slots: Slots::default(),
            timers: Timers::default(),
            live_limit: LiveLimit::new(rules.limit),
            usage: Usage::new(&plan, rules.limit),
            memory_look: None,
            unended: plan.jobs.len(),
            failures: 0,
            refusals: 0,
            cancel: None,
            run_deadline: None,
            plan,
            rules,
            dependents,
            states,
        }
    }

    /// Whether every job has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.unended == 0
    }

    /// How the run is to end early, if it is.
    pub(crate) fn cancel_level(&self) -> Option<CancelLevel> {
        self.cancel.as_ref().map(|(level, _)| *level)
    }

    /// Whether it is to be told before each step how much memory is available.
    pub(crate) fn asks_for_memory(&self) -> bool {
        self.ready.memory
    }

    /// So many bytes of memory are available; the first time, before the run starts.
    pub(crate) fn see_memory(&mut self, bytes: u64) {
        self.usage.see_memory(bytes);
    }

    /// How many attempts may live at once, as things are; at least 1.
    pub(crate) fn live_limit(&self) -> usize {
        self.live_limit.get()
    }

    /// Takes in what happened at `now`, and adds to `actions` what is to be done about it. `now` never goes back.
    pub(crate) fn step(&mut self, now: Duration, input: Input, actions: &mut Vec<Action>) {
        let was_done = self.is_done();
        match input {
            Input::Start => self.start(now, actions),
            Input::Ended { job, end } => self.attempt_ended(now, job, end, actions),
            Input::Checked { job, fresh } => self.checked(now, job, fresh, actions),
            Input::Unchecked { job, reason } => self.unchecked(now, job, &reason, actions),
            Input::Cancel { reason, level } => self.cancel(now, reason, level, actions),
            Input::Wake => self.wake(now, actions),
        }
        self.fill(now, actions);
        if self.is_done() && (!was_done || self.plan.jobs.is_empty()) {
            self.run_deadline = None;
            actions.push(Action::Emit(EventKind::RunEnded { status: self.run_status() }));
        }
    }

    fn attempt_ended(&mut self, now: Duration, job: JobId, end: ProcessEnd, actions: &mut Vec<Action>) {
        let State::Running(running) = self.states[job.index()] else {
            unreachable!("only a running job's process can end");
        };
        self.slots.give_back(running.attempt.slot);
        if let ProcessOutcome::Scarce(reason) = end.outcome {
            self.defer(now, running.attempt, &reason, actions);
            return;
        }
        self.live_limit.ended(now);
        let settings = &self.plan.jobs.job(job).settings;
        let interrupted = was_interrupted(settings, &end);
        let status = judge(settings, running.ending, &end);
        actions.push(Action::Emit(EventKind::AttemptEnded {
            job: self.plan.jobs.name(job).clone(),
            attempt: running.attempt.number,
            end: AttemptEnd {
                status: status.clone(),
                seconds: Seconds(now.saturating_sub(running.since)),
                cpu: Seconds(end.cpu),
                peak_memory: end.peak_memory,
                leftovers: end.leftovers,
                log_incomplete: end.log_incomplete,
                changed_inputs: end.changed_inputs,
            },
        }));
        if interrupted {
            self.interrupt(now, job, actions);
        }
        let settings = &self.plan.jobs.job(job).settings;
        if is_retryable(&status) && self.cancel.is_none() && running.attempt.number <= settings.retries.count {
            self.retry(now, job, running.attempt.number.saturating_add(1));
            return;
        }
        let status = final_status(status, running.attempt.number, settings.allow_failure);
        let failed = status.is_failure();
        let passed = if status.satisfies_dependents() { Passed::Satisfied } else { Passed::Failed(job) };
        self.end_job(job, status, actions);
        self.pass_on(job.into(), passed, actions);
        let level = match self.rules.on_failure {
            OnFailure::NoNew if failed => CancelLevel::NoNew,
            OnFailure::Kill if failed => CancelLevel::Terminate,
            _ => return,
        };
        if !self.is_done() {
            let reason = CancelReason::Failure(self.plan.jobs.name(job).clone());
            self.cancel(now, reason, level, actions);
        }
    }

    /// The user has ended this job from the terminal, and means them all.
    fn interrupt(&mut self, now: Duration, job: JobId, actions: &mut Vec<Action>) {
        if let State::Running(running) = &mut self.states[job.index()] {
            running.ending = Some(Ending::Cancelled);
        }
        let reason = CancelReason::Signal(INTERRUPT.to_owned());
        self.cancel(now, reason, CancelLevel::Terminate, actions);
    }

    /// Makes a job ready for one more attempt, at once or after its delay.
    fn retry(&mut self, now: Duration, job: JobId, attempt: u32) {
        let random = jitter::random(self.rules.seed, self.plan.jobs.name(job), attempt);
        let delay = self.plan.jobs.job(job).settings.retries.delay_before(attempt, random);
        let state = if delay.is_zero() { State::Ready } else { State::Delayed(now.saturating_add(delay)) };
        self.set(job, state);
    }

    fn end_job(&mut self, job: JobId, status: JobStatus, actions: &mut Vec<Action>) {
        self.failures += usize::from(status.is_failure());
        self.set(job, State::Ended);
        actions.push(Action::Emit(EventKind::JobEnded { job: self.plan.jobs.name(job).clone(), status }));
    }

    /// Tells those that wait for `node` that it has ended, and so on through joins and jobs that end by it.
    fn pass_on(&mut self, node: NodeId, passed: Passed, actions: &mut Vec<Action>) {
        let plan = Arc::clone(&self.plan);
        // Not a recursion: a chain may be as long as the manifest.
        let mut ended = vec![(node, passed)];
        while let Some((node, passed)) = ended.pop() {
            for at in 0..self.dependents.on(node).len() {
                let (dependent, kind) = self.dependents.on(node)[at];
                let State::Waiting(nodes) = &mut self.states[dependent.index()] else { continue };
                *nodes -= 1;
                let free = *nodes == 0;
                let failure = match passed {
                    Passed::Failed(root) if kind == EdgeKind::Needs => Some(root),
                    _ => None,
                };
                let end = match (plan.graph.job(dependent), failure) {
                    (Some(job), Some(root)) => {
                        let because = SkipReason::Dependency(plan.jobs.name(root).clone());
                        self.end_job(job, JobStatus::Skipped { because }, actions);
                        Some(passed)
                    }
                    (Some(job), None) if free => self.release(job, actions),
                    (Some(_), None) => None,
                    (None, failure) => {
                        let blame = &mut self.blame[dependent.index()];
                        *blame = blame.or(failure);
                        let passed = blame.map_or(Passed::Satisfied, Passed::Failed);
                        // A join ends once, also when it does so while the run is being started.
                        free.then(|| {
                            self.states[dependent.index()] = State::Ended;
                            passed
                        })
                    }
                };
                ended.extend(end.map(|passed| (dependent, passed)));
            }
        }
    }

    /// The one place where a job's state changes.
    fn set(&mut self, job: JobId, state: State) {
        let before = std::mem::replace(&mut self.states[job.index()], state);
        if before.has_place() != state.has_place() {
            let (settings, lane) = (&self.plan.jobs.job(job).settings, self.ready.lane(job));
            if state.has_place() { self.usage.take(settings, lane) } else { self.usage.give_back(settings, lane) }
        }
        match state {
            State::Waiting(_) => unreachable!("no job goes back to waiting"),
            State::Ready => self.ready.push(job),
            State::Delayed(until) => self.timers.push(until, job),
            State::Checking { .. } => {}
            State::Running(running) => {
                for at in running.deadline.into_iter().chain(running.slow_at) {
                    self.timers.push(at, job);
                }
            }
            State::Ended => self.unended -= 1,
        }
    }

    fn run_status(&self) -> RunStatus {
        match &self.cancel {
            Some((_, CancelReason::Fault(_))) => RunStatus::Broken,
            Some((_, CancelReason::Signal(_) | CancelReason::Change)) => RunStatus::Cancelled,
            Some((_, CancelReason::Timeout | CancelReason::Failure(_))) => RunStatus::Failed,
            None if self.failures > 0 => RunStatus::Failed,
            None if self.refusals > 0 => RunStatus::Cancelled,
            None => RunStatus::Ok,
        }
    }
}
