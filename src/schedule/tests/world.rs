//! A scripted world with a clock of its own, for the scheduler to run in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{CancelLevel, CancelReason, EventKind, Exit, JobStatus, RunStatus};
use crate::graph::{Graph, NodeId};
use crate::job::{Job, JobId, JobMap, JobSettings};
use crate::plan::{OnFailure, Plan};
use crate::schedule::{Action, Attempt, Input, ProcessEnd, ProcessOutcome, Prospect, Rules, Scheduler};

/// Of every run here.
pub(super) const SEED: u64 = 11;

/// What a job is, and what its attempts do.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) needs: Vec<usize>,
    pub(super) after: Vec<usize>,
    /// Whether it needs a group of those instead of each by itself, and comes after a group of groups of the others.
    pub(super) grouped: bool,
    pub(super) settings: JobSettings,
    pub(super) prospect: Prospect,
    /// Whether a check finds it up to date, and how long that takes.
    pub(super) check: (bool, u64),
    /// The exit code of each attempt and how long it takes; the last stands for all further ones.
    pub(super) attempts: Vec<(i32, u64)>,
    /// How long it goes on after TERM; `None` for one that ignores it.
    pub(super) dies_after: Option<u64>,
}

impl Script {
    pub(super) fn new(code: i32, millis: u64) -> Self {
        let settings = JobSettings { grace: ms(100), ..JobSettings::in_directory("/") };
        Self {
            needs: Vec::new(),
            after: Vec::new(),
            grouped: false,
            settings,
            prospect: Prospect::Run,
            check: (false, 0),
            attempts: vec![(code, millis)],
            dies_after: Some(1),
        }
    }

    pub(super) fn needs(mut self, needs: &[usize]) -> Self {
        self.needs = needs.to_vec();
        self
    }

    pub(super) fn after(mut self, after: &[usize]) -> Self {
        self.after = after.to_vec();
        self
    }

    pub(super) fn set(mut self, change: impl FnOnce(&mut JobSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(super) fn prospect(mut self, prospect: Prospect) -> Self {
        self.prospect = prospect;
        self
    }

    /// With a check that takes so long.
    pub(super) fn checked(mut self, fresh: bool, millis: u64) -> Self {
        self.check = (fresh, millis);
        self.prospect(Prospect::Check)
    }

    pub(super) fn attempt(&self, number: u32) -> (i32, u64) {
        self.attempts[(number as usize - 1).min(self.attempts.len() - 1)]
    }
}

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn rules(limit: usize, on_failure: OnFailure) -> Rules {
    Rules { limit, on_failure, timeout: None, seed: SEED, prospects: Vec::new() }
}

pub(super) fn plan(scripts: &[Script]) -> Plan {
    let mut jobs = JobMap::new();
    let mut graph = Graph::new(scripts.len());
    let nodes: Vec<NodeId> = graph.nodes().collect();
    for (index, script) in scripts.iter().enumerate() {
        let job = Job::new(vec!["true".into()], Arc::new(script.settings.clone()));
        jobs.insert(index.to_string(), job).expect("names are distinct");
        if script.grouped {
            let (needed, inner, outer) = (graph.add_join(), graph.add_join(), graph.add_join());
            script.needs.iter().for_each(|on| graph.add_need(needed, nodes[*on]));
            script.after.iter().for_each(|on| graph.add_need(inner, nodes[*on]));
            graph.add_need(outer, inner);
            graph.add_need(nodes[index], needed);
            graph.add_after(nodes[index], outer);
        } else {
            script.needs.iter().for_each(|on| graph.add_need(nodes[index], nodes[*on]));
            script.after.iter().for_each(|on| graph.add_after(nodes[index], nodes[*on]));
        }
    }
    Plan { root: None, named: vec![true; jobs.len()], jobs, graph, groups: Vec::new() }
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
            scripts,
            now: Duration::ZERO,
            ends: BinaryHeap::new(),
            spawns: 0,
            shortage: Shortage::none(),
            events: Vec::new(),
            checks: Vec::new(),
            most_live: 0,
            kills: 0,
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
        self.scheduler.step(self.now, input, &mut actions);
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
        let denial = self.shortage.spawn(self.now, self.live());
        let checked = matches!(end, End::Check(_)).then_some(self.now);
        let (after, end) = denial.map_or((time, end), |after| (after, End::Scarce));
        self.spawns += 1;
        self.live[job] = Some(Live { spawn: self.spawns, told: None, checked, scarce: denial.is_some() });
        self.ends.push(Reverse((self.now + after, job, self.spawns, end)));
        self.most_live = self.most_live.max(self.live());
    }

    fn end(&mut self, job: usize, end: End) {
        let live = self.live[job].take().expect("only what lives ends");
        let reason = "no room".to_owned();
        let ended = |outcome| Input::Ended { job: id(job), end: ProcessEnd::without_process(outcome) };
        match end {
            End::Scarce => self.shortage.deferred(self.now, self.live()),
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

/// A system that has too little for some spawns, and what it expects of a scheduler that heeds this.
#[derive(Debug, Clone)]
pub(super) struct Shortage {
    /// For one spawn after another, over and over: after what time it turns out that it cannot be, if so.
    denials: Vec<Option<Duration>>,
    /// Never more of them in a row.
    most_in_a_row: usize,
    spawns: usize,
    in_a_row: usize,
    /// With nothing else running.
    in_vain: u32,
    not_before: Duration,
    /// How many may live, beside the run's own limit.
    ceiling: usize,
    last: Duration,
}

impl Shortage {
    pub(super) fn none() -> Self {
        Self::new(vec![None], 0)
    }

    pub(super) fn new(denials: Vec<Option<Duration>>, most_in_a_row: usize) -> Self {
        let (not_before, last) = (Duration::ZERO, Duration::ZERO);
        Self { denials, most_in_a_row, spawns: 0, in_a_row: 0, in_vain: 0, not_before, ceiling: usize::MAX, last }
    }

    fn spawn(&mut self, now: Duration, others: usize) -> Option<Duration> {
        assert!(now >= self.not_before, "a pause is cut short");
        assert!(others < self.ceiling, "more live than may after a deferral");
        let denial = self.denials[self.spawns % self.denials.len()];
        self.spawns += 1;
        denial.filter(|_| self.in_a_row < self.most_in_a_row).inspect(|_| self.in_a_row += 1)
    }

    fn deferred(&mut self, now: Duration, others: usize) {
        (self.last, self.ceiling) = (now, others.max(1));
        if others == 0 {
            self.not_before = now + ms(10) * 2u32.pow(self.in_vain);
            self.in_vain += 1;
        }
    }

    fn ended(&mut self, now: Duration) {
        (self.in_a_row, self.in_vain) = (0, 0);
        if now >= self.last + ms(1_000) {
            self.ceiling = self.ceiling.saturating_add(1);
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
