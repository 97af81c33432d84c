//! A scripted world with a clock of its own, for the scheduler to run in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use super::policy;
use super::script::{POOLS, Script, plan};
use super::shortage::Shortage;
use crate::event::{CancelLevel, CancelReason, EventKind, Exit, JobStatus, RunStatus};
use crate::job::JobId;
use crate::plan::OnFailure;
use crate::schedule::{Action, Attempt, Input, ProcessEnd, ProcessOutcome, Rules, Scheduler, State};

/// Of every run here.
pub(super) const SEED: u64 = 11;

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn rules(limit: usize, on_failure: OnFailure) -> Rules {
    Rules { limit, on_failure, timeout: None, seed: SEED, prospects: Vec::new() }
}

/// The world: processes that end when their script says, and a clock that moves to the next thing that happens.
pub(super) struct World {
    pub(super) scheduler: Scheduler,
    pub(super) scripts: Vec<Script>,
    pub(super) now: Duration,
    /// Ends to come: when, of which job and which of all spawns, and how. Outdated ones are passed over.
    ends: BinaryHeap<Reverse<(Duration, usize, usize, End)>>,
    /// For each job, the attempt or the check that has a place.
    live: Vec<Option<Live>>,
    spawns: usize,
    pub(super) shortage: Shortage,
    /// How much memory is available, at one step after another, over and over; empty where that cannot be told.
    pub(super) memory: Vec<u64>,
    steps: usize,
    /// For each job, how many are on the longest way from it to an end.
    paths: Vec<usize>,
    /// What has a place and found too little memory.
    alone: Option<usize>,
    pub(super) events: Vec<(Duration, EventKind)>,
    pub(super) checks: Vec<Checked>,
    pub(super) most_live: usize,
    pub(super) kills: usize,
}

/// A check that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Checked {
    pub(super) job: usize,
    pub(super) since: Duration,
    pub(super) until: Duration,
    /// Its answer; `None` when there was too little of something for one.
    pub(super) fresh: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Live {
    /// Which of all spawns it came from.
    spawn: usize,
    told: Option<Duration>,
    /// Since when it is checked, if it is.
    checked: Option<Duration>,
    /// Whether it is going to be deferred; until then nobody knows.
    scarce: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// With this code, or less than 0 by this signal.
    Process(i32),
    /// Of a check, with its answer.
    Check(bool),
    Scarce,
}

impl World {
    pub(super) fn new(scripts: Vec<Script>, mut rules: Rules) -> Self {
        rules.prospects = scripts.iter().map(|script| script.prospect).collect();
        Self {
            scheduler: Scheduler::new(Arc::new(plan(&scripts)), rules),
            live: vec![None; scripts.len()],
            now: Duration::ZERO,
            ends: BinaryHeap::new(),
            spawns: 0,
            shortage: Shortage::none(),
            memory: Vec::new(),
            steps: 0,
            paths: (0..scripts.len()).map(|job| policy::path(&scripts, job)).collect(),
            alone: None,
            events: Vec::new(),
            checks: Vec::new(),
            most_live: 0,
            kills: 0,
            scripts,
        }
    }

    /// Runs to the end, with these cancels on the way.
    pub(super) fn run(mut self, mut cancels: Vec<(Duration, CancelLevel)>) -> Self {
        cancels.sort_by_key(|(at, _)| Reverse(*at));
        self.step(Input::Start);
        while !self.scheduler.is_done() {
            let wake = self.scheduler.next_wake();
            let end = self.ends.peek().map(|Reverse((at, ..))| *at);
            let cancel = cancels.last().map(|(at, _)| *at);
            let next = wake.into_iter().chain(end).chain(cancel).min();
            // Nothing to come and jobs left is what must never be.
            self.now = self.now.max(next.expect("the run is stuck"));
            if end == next {
                let Some(Reverse((_, job, spawn, end))) = self.ends.pop() else { continue };
                if self.live[job].is_some_and(|live| live.spawn == spawn) {
                    self.end(job, end);
                }
            } else if cancel == next {
                let (_, level) = cancels.pop().expect("it was looked at");
                self.step(Input::Cancel { reason: CancelReason::Signal("SIGINT".into()), level });
            } else {
                self.step(Input::Wake);
            }
        }
        self
    }

    fn step(&mut self, input: Input) {
        let mut actions = Vec::new();
        let goes_on = if let Input::Checked { job, .. } = input { Some(job) } else { None };
        let memory = (!self.memory.is_empty()).then(|| self.memory[self.steps % self.memory.len()]);
        if let Some(bytes) = memory {
            self.scheduler.see_memory(bytes);
        }
        self.steps += 1;
        self.scheduler.step(self.now, input, &mut actions);
        self.check_choice(&actions, goes_on, memory);
        for action in actions {
            match action {
                Action::Emit(kind) => self.events.push((self.now, kind)),
                Action::Check(job) => self.check(job.index()),
                Action::Spawn(attempt) => self.spawn(attempt),
                Action::Terminate(job) => {
                    let job = job.index();
                    let live = self.live[job].as_mut().expect("only what lives is told to end");
                    assert!(live.told.is_none(), "job {job} is told twice");
                    assert_eq!(live.checked, None, "job {job} is told to end while it is checked");
                    live.told = Some(self.now);
                    if let Some(millis) = self.scripts[job].dies_after.filter(|_| !live.scarce) {
                        self.ends.push(Reverse((self.now + ms(millis), job, live.spawn, End::Process(-15))));
                    }
                }
                Action::Kill(job) => {
                    let job = job.index();
                    let live = self.live[job].expect("only what lives is killed");
                    let asked = self
                        .events
                        .iter()
                        .any(|(_, kind)| matches!(kind, EventKind::CancelRequested { level: CancelLevel::Kill, .. }));
                    let grace = self.scripts[job].settings.grace;
                    assert!(
                        asked || live.told.is_some_and(|told| self.now >= told + grace),
                        "job {job} is killed early"
                    );
                    self.kills += 1;
                    if !live.scarce {
                        self.ends.push(Reverse((self.now, job, live.spawn, End::Process(-9))));
                    }
                }
            }
        }
    }

    /// What starts is what a naive reading of the rules starts. The attempt that follows a check has its place already.
    fn check_choice(&mut self, actions: &[Action], goes_on: Option<JobId>, memory: Option<u64>) {
        let scheduler = &self.scheduler;
        if scheduler.cancel.is_some() || scheduler.live_limit.is_paused() {
            return;
        }
        let started = actions.iter().filter_map(|action| match action {
            Action::Check(job) => Some(*job),
            Action::Spawn(attempt) => Some(attempt.job).filter(|job| Some(*job) != goes_on),
            _ => None,
        });
        let started: Vec<usize> = started.map(JobId::index).collect();
        let is_left = |job: &usize| matches!(scheduler.states[*job], State::Ready);
        let ready = (0..self.scripts.len()).filter(|job| is_left(job) || started.contains(job)).collect();
        let mut placed: Vec<usize> = (0..self.live.len()).filter(|job| self.live[*job].is_some()).collect();
        placed.extend(goes_on.map(JobId::index).filter(|job| scheduler.states[*job].has_place()));
        let now = policy::Now {
            scripts: &self.scripts,
            paths: &self.paths,
            placed,
            alone: self.alone,
            ready,
            limit: scheduler.rules.limit,
            places: scheduler.live_limit.get(),
            memory: memory.map(|now| (self.memory[0], now)),
        };
        assert_eq!(started, now.starts(), "{now:?}");
        self.alone = self.alone.or(now.alone_of(&started));
    }

    fn spawn(&mut self, Attempt { job, number, .. }: Attempt) {
        let job = job.index();
        let (code, millis) = self.scripts[job].attempt(number);
        self.take_place(job, ms(millis), End::Process(code));
    }

    fn check(&mut self, job: usize) {
        let script = &self.scripts[job];
        let mut waits_for: Vec<usize> = script.needs.iter().chain(&script.after).copied().collect();
        for (_, kind) in &self.events {
            match kind {
                EventKind::AttemptStarted { job: started, .. } => {
                    assert_ne!(index(started), job, "job {job} is checked after an attempt");
                }
                EventKind::JobEnded { job: ended, .. } => waits_for.retain(|on| *on != index(ended)),
                EventKind::CancelRequested { .. } => panic!("job {job} is checked after a cancel"),
                _ => {}
            }
        }
        assert_eq!(waits_for, [0; 0], "job {job} is checked too early");
        let answered = |check: &Checked| check.job == job && check.fresh.is_some();
        assert!(!self.checks.iter().any(answered), "job {job} is checked twice");
        let (fresh, millis) = script.check;
        self.take_place(job, ms(millis), End::Check(fresh));
    }

    /// For so long, unless there is too little of something.
    fn take_place(&mut self, job: usize, time: Duration, end: End) {
        assert!(self.live[job].is_none(), "job {job} lives twice");
        let interactive = |job: usize| self.scripts[job].settings.interactive;
        let alone = (0..self.live.len()).filter(|other| self.live[*other].is_some()).all(|other| !interactive(other));
        assert!(self.live() == 0 || (alone && !interactive(job)), "job {job} starts beside one that runs alone");
        let (others, weight) = (self.weights(), self.weight(job));
        let denial = self.shortage.spawn(self.now, others, weight);
        let checked = matches!(end, End::Check(_)).then_some(self.now);
        let (after, end) = denial.map_or((time, end), |after| (after, End::Scarce));
        self.spawns += 1;
        self.live[job] = Some(Live { spawn: self.spawns, told: None, checked, scarce: denial.is_some() });
        self.ends.push(Reverse((self.now + after, job, self.spawns, end)));
        self.most_live = self.most_live.max(self.live());
        self.check_room();
    }

    /// Nothing is given out more often than it is there, but to a job that has it all to itself.
    fn check_room(&self) {
        let placed = || {
            self.live.iter().zip(&self.scripts).filter(|(live, _)| live.is_some()).map(|(_, script)| &script.settings)
        };
        if self.live() == 1 {
            return;
        }
        assert!(self.weights() <= self.scheduler.rules.limit, "too many places are taken");
        for (pool, slots) in POOLS.into_iter().zip(1..) {
            let taken = placed().filter(|settings| settings.pools.iter().any(|name| name == pool)).count();
            assert!(taken <= slots, "too many slots of pool `{pool}` are taken");
        }
        let declared = placed().filter_map(|settings| settings.memory).fold(0, u64::saturating_add);
        assert!(self.memory.first().is_none_or(|at_start| declared <= *at_start), "too much memory is taken");
    }

    fn end(&mut self, job: usize, end: End) {
        let live = self.live[job].take().expect("only what lives ends");
        self.alone = self.alone.filter(|alone| *alone != job || matches!(end, End::Check(false)));
        let reason = "no room".to_owned();
        let ended = |outcome| Input::Ended { job: id(job), end: ProcessEnd::without_process(outcome) };
        match end {
            End::Scarce => self.shortage.deferred(self.now, self.weights()),
            End::Process(_) | End::Check(true) => self.shortage.ended(self.now),
            End::Check(false) => {}
        }
        if let Some(since) = live.checked {
            let fresh = if let End::Check(fresh) = end { Some(fresh) } else { None };
            self.checks.push(Checked { job, since, until: self.now, fresh });
        }
        let input = match end {
            End::Scarce if live.checked.is_some() => Input::Unchecked { job: id(job), reason },
            End::Scarce => ended(ProcessOutcome::Scarce(reason)),
            End::Process(code) if code < 0 => ended(ProcessOutcome::Exited(Exit::Signal((-code).to_string()))),
            End::Process(code) => ended(ProcessOutcome::Exited(Exit::Code(code))),
            End::Check(fresh) => Input::Checked { job: id(job), fresh },
        };
        self.step(input);
    }

    fn live(&self) -> usize {
        self.live.iter().flatten().count()
    }

    fn weight(&self, job: usize) -> usize {
        (self.scripts[job].settings.weight as usize).min(self.scheduler.rules.limit)
    }

    /// How many places are taken.
    fn weights(&self) -> usize {
        (0..self.live.len()).filter(|job| self.live[*job].is_some()).map(|job| self.weight(job)).sum()
    }

    pub(super) fn statuses(&self) -> Vec<JobStatus> {
        let mut statuses: Vec<Option<JobStatus>> = vec![None; self.scripts.len()];
        for (_, kind) in &self.events {
            if let EventKind::JobEnded { job, status } = kind {
                let before = statuses[index(job)].replace(status.clone());
                assert_eq!(before, None, "job {job} ends twice");
            }
        }
        statuses.into_iter().map(|status| status.expect("every job ends")).collect()
    }

    pub(super) fn words(&self) -> Vec<&'static str> {
        self.statuses().iter().map(JobStatus::word).collect()
    }

    pub(super) fn starts(&self) -> Vec<usize> {
        let started = |kind: &EventKind| match kind {
            EventKind::AttemptStarted { job, .. } => Some(index(job)),
            _ => None,
        };
        self.events.iter().filter_map(|(_, kind)| started(kind)).collect()
    }

    pub(super) fn run_status(&self) -> RunStatus {
        match self.events.last() {
            Some((_, EventKind::RunEnded { status })) => *status,
            other => panic!("the last event is {other:?}"),
        }
    }
}

pub(super) fn id(index: usize) -> JobId {
    JobId(u32::try_from(index).expect("a small number"))
}

pub(super) fn index(name: &str) -> usize {
    name.parse().expect("jobs are named by their place")
}

pub(super) fn run(scripts: &[Script], rules: Rules) -> World {
    World::new(scripts.to_vec(), rules).run(Vec::new())
}
