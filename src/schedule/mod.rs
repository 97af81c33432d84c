//! The scheduler: what happens next.
//!
//! A pure state machine. [`Scheduler::step`] takes what has happened and the run time at which it did, and answers with
//! what is to be done. It starts no process, reads no clock and writes no file, so the same inputs always give the same
//! actions. Time stands still for it while the run is suspended, because nobody hands it a later one.
//!
//! A job waits, is ready, runs (through one attempt after another) and ends; `set` is the one place where that changes,
//! and where what is counted is kept in step.

mod queue;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::event::{
    AttemptEnd, AttemptStatus, CancelLevel, CancelReason, EventKind, Exit, JobStatus, LeftOver, RunStatus, Seconds,
    SkipReason,
};
use crate::graph::{Dependents, EdgeKind, NodeId};
use crate::job::{JobId, Leak};
use crate::plan::{OnFailure, Plan};
use queue::{Ready, Slots, Timers};

/// What Ctrl-C at the terminal sends.
const INTERRUPT: &str = "SIGINT";

/// What the run goes by, beside the plan.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// How many jobs may run at once; at least 1.
    pub(crate) limit: usize,
    pub(crate) on_failure: OnFailure,
    /// How long the whole run may take.
    pub(crate) timeout: Option<Duration>,
}

/// What has happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// The run begins.
    Start,
    /// The process of a job's attempt is gone, or never was.
    Ended { job: JobId, end: ProcessEnd },
    /// The run is to end early.
    Cancel { reason: CancelReason, level: CancelLevel },
    /// The time that [`Scheduler::next_wake`] named has come.
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
}

impl ProcessEnd {
    /// Of an attempt that got no process.
    pub(crate) fn without_process(outcome: ProcessOutcome) -> Self {
        Self { outcome, unasked: false, cpu: Duration::ZERO, peak_memory: 0, leftovers: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ProcessOutcome {
    Exited(Exit),
    /// The job's fault: there is no such program, for instance.
    SpawnFailed(String),
    /// procman's fault: there is no place for the log, for instance. A cancel of the run comes with it.
    Refused,
}

/// What is to be done, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    Emit(EventKind),
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

#[derive(Debug, Clone, Copy)]
enum State {
    /// For this many nodes.
    Waiting(u32),
    Ready,
    Running(Running),
    Ended,
}

#[derive(Debug, Clone, Copy)]
struct Running {
    attempt: Attempt,
    since: Duration,
    /// Why it has been told to end, if it has.
    ending: Option<Ending>,
    /// When to do more about it: end it, or kill it.
    deadline: Option<Duration>,
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
    /// Because of this job, whose own failure it was.
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
    running: usize,
    unended: usize,
    failures: usize,
    cancel: Option<(CancelLevel, CancelReason)>,
    run_deadline: Option<Duration>,
}

impl Scheduler {
    pub(crate) fn new(plan: Arc<Plan>, rules: Rules) -> Self {
        let dependents = Dependents::of(&plan.graph);
        let waits = |node| plan.graph.needs(node).len() + plan.graph.after(node).len();
        let waiting = |node| State::Waiting(u32::try_from(waits(node)).unwrap_or(u32::MAX));
        let states: Vec<State> = plan.graph.nodes().map(waiting).collect();
        let paths = if rules.limit == 1 { vec![0; states.len()] } else { plan.graph.remaining_path() };
        Self {
            blame: vec![None; states.len()],
            attempts: vec![0; plan.jobs.len()],
            ready: Ready::new(paths),
            slots: Slots::default(),
            timers: Timers::default(),
            running: 0,
            unended: plan.jobs.len(),
            failures: 0,
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

    /// When [`Input::Wake`] is due.
    pub(crate) fn next_wake(&mut self) -> Option<Duration> {
        while let Some((at, job)) = self.timers.first() {
            if self.deadline(job) == Some(at) {
                break;
            }
            self.timers.pop();
        }
        let job = self.timers.first().map(|(at, _)| at);
        job.into_iter().chain(self.run_deadline).min()
    }

    /// Takes in what happened at `now`, and adds to `actions` what is to be done about it. `now` never goes back.
    pub(crate) fn step(&mut self, now: Duration, input: Input, actions: &mut Vec<Action>) {
        let was_done = self.is_done();
        match input {
            Input::Start => self.start(now, actions),
            Input::Ended { job, end } => self.attempt_ended(now, job, end, actions),
            Input::Cancel { reason, level } => self.cancel(now, reason, level, actions),
            Input::Wake => self.wake(now, actions),
        }
        self.fill(now, actions);
        if self.is_done() && (!was_done || self.plan.jobs.is_empty()) {
            self.run_deadline = None;
            actions.push(Action::Emit(EventKind::RunEnded { status: self.run_status() }));
        }
    }

    fn start(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.run_deadline = self.rules.timeout.map(|timeout| now.saturating_add(timeout));
        let plan = Arc::clone(&self.plan);
        for node in plan.graph.nodes() {
            if !matches!(self.states[node.index()], State::Waiting(0)) {
                continue;
            }
            match plan.graph.job(node) {
                Some(job) if !self.release(job, actions) => {}
                Some(_) => self.pass_on(node, Passed::Satisfied, actions),
                None => {
                    self.states[node.index()] = State::Ended;
                    self.pass_on(node, Passed::Satisfied, actions);
                }
            }
        }
    }

    /// Nothing is left that the job waits for. Answers whether that was its end: a job for another platform.
    fn release(&mut self, job: JobId, actions: &mut Vec<Action>) -> bool {
        let settings = &self.plan.jobs.job(job).settings;
        if settings.runs_here() {
            self.set(job, State::Ready);
            return false;
        }
        let only = settings.platforms.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ");
        let because = SkipReason::Platform(format!("{}, only {only}", std::env::consts::OS));
        self.end_job(job, JobStatus::Skipped { because }, actions);
        true
    }

    /// Starts what may start.
    fn fill(&mut self, now: Duration, actions: &mut Vec<Action>) {
        while self.cancel.is_none() && self.running < self.rules.limit {
            let Some(job) = self.ready.pop() else { break };
            self.attempts[job.index()] += 1;
            let attempt = Attempt { job, number: self.attempts[job.index()], slot: self.slots.take() };
            let deadline = self.plan.jobs.job(job).settings.timeout.map(|timeout| now.saturating_add(timeout));
            self.set(job, State::Running(Running { attempt, since: now, ending: None, deadline }));
            let name = self.plan.jobs.name(job).clone();
            let (number, slot) = (attempt.number, attempt.slot);
            actions.push(Action::Emit(EventKind::AttemptStarted { job: name, attempt: number, slot }));
            actions.push(Action::Spawn(attempt));
        }
    }

    fn attempt_ended(&mut self, now: Duration, job: JobId, end: ProcessEnd, actions: &mut Vec<Action>) {
        let State::Running(running) = self.states[job.index()] else {
            unreachable!("only a running job's process can end");
        };
        self.slots.give_back(running.attempt.slot);
        let interrupted = self.was_interrupted(job, &end);
        let status = self.judge(job, running.ending, &end);
        actions.push(Action::Emit(EventKind::AttemptEnded {
            job: self.plan.jobs.name(job).clone(),
            attempt: running.attempt.number,
            end: AttemptEnd {
                status: status.clone(),
                seconds: Seconds(now.saturating_sub(running.since)),
                cpu: Seconds(end.cpu),
                peak_memory: end.peak_memory,
                leftovers: end.leftovers,
            },
        }));
        if interrupted {
            let reason = CancelReason::Signal(INTERRUPT.to_owned());
            self.cancel(now, reason, CancelLevel::Terminate, actions);
        }
        let retryable =
            matches!(status, AttemptStatus::Failed { .. } | AttemptStatus::TimedOut | AttemptStatus::Leaked);
        let settings = &self.plan.jobs.job(job).settings;
        if retryable && self.cancel.is_none() && running.attempt.number <= settings.retries {
            self.set(job, State::Ready);
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

    /// Whether the user has ended an interactive job from the terminal. The signal reached that job alone, but was meant
    /// for all.
    fn was_interrupted(&self, job: JobId, end: &ProcessEnd) -> bool {
        let by_interrupt = matches!(&end.outcome, ProcessOutcome::Exited(Exit::Signal(name)) if name == INTERRUPT);
        by_interrupt && end.unasked && self.plan.jobs.job(job).settings.interactive
    }

    fn judge(&self, job: JobId, ending: Option<Ending>, end: &ProcessEnd) -> AttemptStatus {
        let exit = match &end.outcome {
            ProcessOutcome::Exited(exit) if ending.is_none() || end.unasked => exit,
            ProcessOutcome::SpawnFailed(error) if ending.is_none() => {
                return AttemptStatus::SpawnError { error: error.clone() };
            }
            _ if ending == Some(Ending::TimedOut) => return AttemptStatus::TimedOut,
            _ => return AttemptStatus::Cancelled,
        };
        let settings = &self.plan.jobs.job(job).settings;
        match exit {
            _ if self.was_interrupted(job, end) => AttemptStatus::Cancelled,
            Exit::Code(code) if !settings.success_codes.contains(code) => AttemptStatus::Failed { exit: exit.clone() },
            Exit::Signal(_) => AttemptStatus::Failed { exit: exit.clone() },
            Exit::Code(_) if settings.leak == Leak::Fail && !end.leftovers.is_empty() => AttemptStatus::Leaked,
            Exit::Code(code) => AttemptStatus::Ok { code: *code },
        }
    }

    fn cancel(&mut self, now: Duration, reason: CancelReason, level: CancelLevel, actions: &mut Vec<Action>) {
        if self.is_done() || self.cancel.as_ref().is_some_and(|(current, _)| *current >= level) {
            return;
        }
        actions.push(Action::Emit(EventKind::CancelRequested { reason: reason.clone(), level }));
        self.cancel = Some((level, reason));
        self.ready.clear();
        for job in self.plan.jobs.ids() {
            match &mut self.states[job.index()] {
                State::Waiting(_) | State::Ready => self.end_job(job, JobStatus::Cancelled, actions),
                State::Running(running) if level == CancelLevel::Kill => {
                    running.ending.get_or_insert(Ending::Cancelled);
                    running.deadline = None;
                    actions.push(Action::Kill(job));
                }
                State::Running(running) if level == CancelLevel::Terminate && running.ending.is_none() => {
                    self.terminate(now, job, Ending::Cancelled, actions);
                }
                State::Running(_) | State::Ended => {}
            }
        }
    }

    fn terminate(&mut self, now: Duration, job: JobId, why: Ending, actions: &mut Vec<Action>) {
        let kill_at = now.saturating_add(self.plan.jobs.job(job).settings.grace);
        if let State::Running(running) = &mut self.states[job.index()] {
            running.ending = Some(why);
            running.deadline = Some(kill_at);
            self.timers.push(kill_at, job);
            actions.push(Action::Terminate(job));
        }
    }

    fn wake(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.run_deadline.is_some_and(|deadline| deadline <= now) {
            self.run_deadline = None;
            self.cancel(now, CancelReason::Timeout, CancelLevel::Terminate, actions);
        }
        while let Some((at, job)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.pop();
            let State::Running(running) = &mut self.states[job.index()] else { continue };
            if running.deadline != Some(at) {
                continue;
            }
            if running.ending.is_some() {
                running.deadline = None;
                actions.push(Action::Kill(job));
            } else {
                self.terminate(now, job, Ending::TimedOut, actions);
            }
        }
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
                    (Some(job), None) => (free && self.release(job, actions)).then_some(Passed::Satisfied),
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
        self.running -= usize::from(matches!(before, State::Running(_)));
        match state {
            State::Waiting(_) => unreachable!("no job goes back to waiting"),
            State::Ready => self.ready.push(job),
            State::Running(running) => {
                self.running += 1;
                if let Some(at) = running.deadline {
                    self.timers.push(at, job);
                }
            }
            State::Ended => {
                self.unended -= 1;
            }
        }
    }

    fn deadline(&self, job: JobId) -> Option<Duration> {
        match self.states[job.index()] {
            State::Running(running) => running.deadline,
            _ => None,
        }
    }

    fn run_status(&self) -> RunStatus {
        match &self.cancel {
            Some((_, CancelReason::Fault(_))) => RunStatus::Broken,
            Some((_, CancelReason::Signal(_))) => RunStatus::Cancelled,
            Some((_, CancelReason::Timeout | CancelReason::Failure(_))) => RunStatus::Failed,
            None if self.failures > 0 => RunStatus::Failed,
            None => RunStatus::Ok,
        }
    }
}

fn final_status(last: AttemptStatus, attempts: u32, allow_failure: bool) -> JobStatus {
    match last {
        AttemptStatus::Ok { .. } if attempts > 1 => JobStatus::Flaky,
        AttemptStatus::Ok { .. } => JobStatus::Ok,
        AttemptStatus::Cancelled => JobStatus::Cancelled,
        cause if allow_failure => JobStatus::AllowedFailure { cause },
        AttemptStatus::Failed { exit } => JobStatus::Failed { exit },
        AttemptStatus::TimedOut => JobStatus::TimedOut,
        AttemptStatus::Leaked => JobStatus::Leaked,
        AttemptStatus::SpawnError { error } => JobStatus::SpawnError { error },
    }
}
