//! The scheduler against a scripted world with a clock of its own, and its outcomes against a naive reference.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;

use super::*;
use crate::graph::Graph;
use crate::job::{Job, JobMap, JobSettings};

/// What a job is, and what its attempts do.
#[derive(Debug, Clone)]
struct Script {
    needs: Vec<usize>,
    after: Vec<usize>,
    /// Whether it needs a group of those instead of each by itself, and comes after a group of groups of the others.
    grouped: bool,
    settings: JobSettings,
    /// The exit code of each attempt and how long it takes; the last stands for all further ones.
    attempts: Vec<(i32, u64)>,
    /// How long it goes on after TERM; `None` for one that ignores it.
    dies_after: Option<u64>,
}

impl Script {
    fn new(code: i32, millis: u64) -> Self {
        let settings = JobSettings { grace: ms(100), ..JobSettings::in_directory("/") };
        Self {
            needs: Vec::new(),
            after: Vec::new(),
            grouped: false,
            settings,
            attempts: vec![(code, millis)],
            dies_after: Some(1),
        }
    }

    fn needs(mut self, needs: &[usize]) -> Self {
        self.needs = needs.to_vec();
        self
    }

    fn after(mut self, after: &[usize]) -> Self {
        self.after = after.to_vec();
        self
    }

    fn set(mut self, change: impl FnOnce(&mut JobSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    fn attempt(&self, number: u32) -> (i32, u64) {
        self.attempts[(number as usize - 1).min(self.attempts.len() - 1)]
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn rules(limit: usize, on_failure: OnFailure) -> Rules {
    Rules { limit, on_failure, timeout: None }
}

fn plan(scripts: &[Script]) -> Plan {
    let mut jobs = JobMap::new();
    let mut graph = Graph::new(scripts.len());
    let nodes: Vec<NodeId> = graph.nodes().collect();
    for (index, script) in scripts.iter().enumerate() {
        let job = Job { argv: vec!["true".into()], settings: Arc::new(script.settings.clone()) };
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
    Plan { root: None, jobs, graph, groups: Vec::new() }
}

/// The world: processes that end when their script says, and a clock that moves to the next thing that happens.
struct World {
    scheduler: Scheduler,
    scripts: Vec<Script>,
    now: Duration,
    /// Ends to come: when, of which attempt of which job, by what signal or code. Outdated ones are passed over.
    ends: BinaryHeap<Reverse<(Duration, usize, u32, i32)>>,
    /// For each job, the attempt that lives, since when, and when it was told to end.
    live: Vec<Option<(u32, Option<Duration>)>>,
    events: Vec<(Duration, EventKind)>,
    most_live: usize,
    kills: usize,
}

impl World {
    fn new(scripts: Vec<Script>, rules: Rules) -> Self {
        Self {
            scheduler: Scheduler::new(Arc::new(plan(&scripts)), rules),
            live: vec![None; scripts.len()],
            scripts,
            now: Duration::ZERO,
            ends: BinaryHeap::new(),
            events: Vec::new(),
            most_live: 0,
            kills: 0,
        }
    }

    /// Runs to the end, with these cancels on the way.
    fn run(mut self, mut cancels: Vec<(Duration, CancelLevel)>) -> Self {
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
                let Some(Reverse((_, job, attempt, code))) = self.ends.pop() else { continue };
                if self.live[job].is_some_and(|(live, _)| live == attempt) {
                    self.live[job] = None;
                    let exit = if code < 0 { Exit::Signal(format!("{}", -code)) } else { Exit::Code(code) };
                    let outcome = ProcessOutcome::Exited(exit);
                    let end = ProcessEnd::without_process(outcome);
                    self.step(Input::Ended { job: id(job), end });
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
                Action::Spawn(Attempt { job, number, .. }) => {
                    let job = job.index();
                    assert!(self.live[job].is_none(), "job {job} lives twice");
                    self.live[job] = Some((number, None));
                    let (code, millis) = self.scripts[job].attempt(number);
                    self.ends.push(Reverse((self.now + ms(millis), job, number, code)));
                    self.most_live = self.most_live.max(self.live.iter().flatten().count());
                }
                Action::Terminate(job) => {
                    let job = job.index();
                    let (attempt, told) = self.live[job].as_mut().expect("only what lives is told to end");
                    assert!(told.is_none(), "job {job} is told twice");
                    *told = Some(self.now);
                    if let Some(millis) = self.scripts[job].dies_after {
                        self.ends.push(Reverse((self.now + ms(millis), job, *attempt, -15)));
                    }
                }
                Action::Kill(job) => {
                    let job = job.index();
                    let (attempt, told) = self.live[job].expect("only what lives is killed");
                    let asked = self
                        .events
                        .iter()
                        .any(|(_, kind)| matches!(kind, EventKind::CancelRequested { level: CancelLevel::Kill, .. }));
                    let grace = self.scripts[job].settings.grace;
                    assert!(asked || told.is_some_and(|told| self.now >= told + grace), "job {job} is killed early");
                    self.kills += 1;
                    self.ends.push(Reverse((self.now, job, attempt, -9)));
                }
            }
        }
    }

    fn statuses(&self) -> Vec<JobStatus> {
        let mut statuses: Vec<Option<JobStatus>> = vec![None; self.scripts.len()];
        for (_, kind) in &self.events {
            if let EventKind::JobEnded { job, status } = kind {
                let before = statuses[index(job)].replace(status.clone());
                assert_eq!(before, None, "job {job} ends twice");
            }
        }
        statuses.into_iter().map(|status| status.expect("every job ends")).collect()
    }

    fn words(&self) -> Vec<&'static str> {
        self.statuses().iter().map(JobStatus::word).collect()
    }

    fn starts(&self) -> Vec<usize> {
        let started = |kind: &EventKind| match kind {
            EventKind::AttemptStarted { job, .. } => Some(index(job)),
            _ => None,
        };
        self.events.iter().filter_map(|(_, kind)| started(kind)).collect()
    }

    fn run_status(&self) -> RunStatus {
        match self.events.last() {
            Some((_, EventKind::RunEnded { status })) => *status,
            other => panic!("the last event is {other:?}"),
        }
    }
}

fn id(index: usize) -> JobId {
    JobId(u32::try_from(index).expect("a small number"))
}

fn index(name: &str) -> usize {
    name.parse().expect("jobs are named by their place")
}

fn run(scripts: &[Script], rules: Rules) -> World {
    World::new(scripts.to_vec(), rules).run(Vec::new())
}

#[test]
fn at_limit_1_jobs_start_in_the_manifests_order() {
    let scripts = [Script::new(0, 5).needs(&[2]), Script::new(0, 5), Script::new(0, 5), Script::new(0, 5)];
    let world = run(&scripts, rules(1, OnFailure::Continue));
    assert_eq!(world.starts(), [1, 2, 0, 3]);
    assert_eq!(world.run_status(), RunStatus::Ok);
}

#[test]
fn above_limit_1_the_longest_remaining_path_goes_first() {
    let scripts = [
        Script::new(0, 5),
        Script::new(0, 5),
        Script::new(0, 4),
        Script::new(0, 5).needs(&[2]),
        Script::new(0, 5).needs(&[3]),
    ];
    let world = run(&scripts, rules(2, OnFailure::Continue));
    assert_eq!(world.starts(), [2, 0, 3, 1, 4]);
}

#[test]
fn a_failure_skips_all_that_need_it_and_names_itself() {
    let scripts = [
        Script::new(3, 5),
        Script::new(0, 5).needs(&[0]),
        Script::new(0, 5).needs(&[1]),
        Script::new(0, 5).after(&[0]),
    ];
    let world = run(&scripts, rules(2, OnFailure::Continue));
    assert_eq!(world.words(), ["failed", "skipped", "skipped", "ok"]);
    let because = |status: &JobStatus| status.detail();
    assert_eq!(because(&world.statuses()[2]).as_deref(), Some("needs 0"));
    assert_eq!(world.run_status(), RunStatus::Failed);
}

#[test]
fn a_join_passes_on_a_failure_once_all_before_it_have_ended() {
    let scripts = [Script::new(1, 5), Script::new(0, 50), Script::new(0, 5), Script::new(0, 5)];
    let mut plan = plan(&scripts);
    let join = plan.graph.add_join();
    plan.groups.push("group".into());
    let nodes: Vec<NodeId> = plan.graph.nodes().collect();
    plan.graph.add_need(join, nodes[0]);
    plan.graph.add_need(join, nodes[1]);
    plan.graph.add_need(nodes[2], join);
    plan.graph.add_after(nodes[3], join);
    let mut world = World::new(scripts.to_vec(), rules(4, OnFailure::Continue));
    world.scheduler = Scheduler::new(Arc::new(plan), rules(4, OnFailure::Continue));
    let world = world.run(Vec::new());
    assert_eq!(world.words(), ["failed", "ok", "skipped", "ok"]);
    let start_of_3 = world.events.iter().find_map(|(at, kind)| match kind {
        EventKind::AttemptStarted { job, .. } if &**job == "3" => Some(*at),
        _ => None,
    });
    assert_eq!(start_of_3, Some(ms(50)));
}

#[test]
fn retries_make_a_job_flaky_or_failed() {
    let mut flaky = Script::new(1, 5).set(|settings| settings.retries = 2);
    flaky.attempts.push((0, 5));
    let failing = Script::new(1, 5).set(|settings| settings.retries = 2);
    let world = run(&[flaky, failing], rules(2, OnFailure::Continue));
    assert_eq!(world.words(), ["flaky", "failed"]);
    assert_eq!(world.starts(), [0, 1, 0, 1, 1]);
}

#[test]
fn a_timeout_terminates_then_kills_and_may_be_retried() {
    let mut obeys = Script::new(0, 1_000).set(|settings| settings.timeout = Some(ms(50)));
    obeys.settings.retries = 1;
    obeys.attempts.push((0, 5));
    let mut ignores = Script::new(0, 1_000).set(|settings| settings.timeout = Some(ms(50)));
    ignores.dies_after = None;
    let world = run(&[obeys, ignores], rules(2, OnFailure::Continue));
    assert_eq!(world.words(), ["flaky", "timed-out"]);
    assert_eq!((world.kills, world.now), (1, ms(150)));
}

#[test]
fn on_failure_decides_what_becomes_of_the_others() {
    let scripts = [Script::new(1, 5), Script::new(0, 50), Script::new(0, 5), Script::new(0, 5).needs(&[0])];
    let words = |on_failure| run(&scripts, rules(2, on_failure)).words();
    assert_eq!(words(OnFailure::Continue), ["failed", "ok", "ok", "skipped"]);
    assert_eq!(words(OnFailure::NoNew), ["failed", "ok", "cancelled", "skipped"]);
    assert_eq!(words(OnFailure::Kill), ["failed", "cancelled", "cancelled", "skipped"]);
}

#[test]
fn an_allowed_failure_fails_neither_the_run_nor_dependents() {
    let scripts = [Script::new(1, 5).set(|settings| settings.allow_failure = true), Script::new(0, 5).needs(&[0])];
    let world = run(&scripts, rules(2, OnFailure::NoNew));
    assert_eq!(world.words(), ["allowed-failure", "ok"]);
    assert_eq!(world.run_status(), RunStatus::Ok);
}

#[test]
fn a_job_for_another_platform_holds_nobody_up() {
    let elsewhere = |settings: &mut JobSettings| settings.platforms = Some(vec!["plan9".into()]);
    let world = run(
        &[
            Script::new(0, 5).set(elsewhere),
            Script::new(0, 5).needs(&[0]).set(elsewhere),
            Script::new(0, 5).needs(&[1]),
        ],
        rules(2, OnFailure::Continue),
    );
    assert_eq!(world.words(), ["skipped", "skipped", "ok"]);
    assert_eq!(world.run_status(), RunStatus::Ok);
}

#[test]
fn the_longest_timeout_is_no_overflow() {
    let endless =
        |settings: &mut JobSettings| (settings.timeout, settings.grace) = (Some(Duration::MAX), Duration::MAX);
    let scripts = [Script::new(0, 5), Script::new(0, 5).needs(&[0]).set(endless)];
    let cancels = vec![(ms(7), CancelLevel::Terminate)];
    let world = World::new(scripts.to_vec(), rules(1, OnFailure::Continue)).run(cancels);
    assert_eq!(world.words(), ["ok", "cancelled"]);
}

#[test]
fn the_runs_timeout_ends_what_is_left() {
    let mut rules = rules(1, OnFailure::Continue);
    rules.timeout = Some(ms(20));
    let world = run(&[Script::new(0, 5), Script::new(0, 500), Script::new(0, 5)], rules);
    assert_eq!(world.words(), ["ok", "cancelled", "cancelled"]);
    assert_eq!((world.run_status(), world.now), (RunStatus::Failed, ms(21)));
}

#[test]
fn a_second_cancel_kills_and_a_lesser_one_does_nothing() {
    let mut stubborn = Script::new(0, 1_000);
    stubborn.dies_after = None;
    let cancels = vec![(ms(10), CancelLevel::Terminate), (ms(11), CancelLevel::NoNew), (ms(20), CancelLevel::Kill)];
    let world = World::new(vec![stubborn], rules(1, OnFailure::Continue)).run(cancels);
    assert_eq!(world.words(), ["cancelled"]);
    assert_eq!((world.kills, world.now, world.run_status()), (1, ms(20), RunStatus::Cancelled));
    let cancels = world.events.iter().filter(|(_, kind)| matches!(kind, EventKind::CancelRequested { .. }));
    assert_eq!(cancels.count(), 2);
}

#[test]
fn nothing_to_run_is_a_run_that_ends_at_once() {
    let mut scheduler = Scheduler::new(Arc::new(plan(&[])), rules(1, OnFailure::Continue));
    let mut actions = Vec::new();
    scheduler.step(Duration::ZERO, Input::Start, &mut actions);
    assert_eq!(actions, [Action::Emit(EventKind::RunEnded { status: RunStatus::Ok })]);
}

/// What each job's end must be when nothing is cancelled: job by job, each after all it waits for.
fn reference(scripts: &[Script]) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = Vec::new();
    let mut satisfied: Vec<bool> = Vec::new();
    for script in scripts {
        let word = if script.needs.iter().all(|on| satisfied[*on]) { run_by_itself(script) } else { "skipped" };
        let elsewhere = word == "elsewhere";
        satisfied.push(matches!(word, "ok" | "flaky" | "allowed-failure") || elsewhere);
        words.push(if elsewhere { "skipped" } else { word });
    }
    words
}

fn run_by_itself(script: &Script) -> &'static str {
    if script.settings.platforms.is_some() {
        return "elsewhere";
    }
    let timeout = script.settings.timeout.unwrap_or(Duration::MAX);
    let mut word = "";
    for attempt in 1..=script.settings.retries + 1 {
        let (code, millis) = script.attempt(attempt);
        word = match code {
            _ if ms(millis) > timeout => "timed-out",
            0 if attempt > 1 => return "flaky",
            0 => return "ok",
            _ => "failed",
        };
    }
    if script.settings.allow_failure { "allowed-failure" } else { word }
}

fn any_script(index: usize) -> impl Strategy<Value = Script> {
    // Only earlier jobs are waited for, so that there is no cycle.
    let edges = move || prop::collection::vec(0..index.max(1), 0..3usize.min(index + 1));
    // No script takes exactly its timeout: which of the two then comes first is not defined.
    let attempt = (prop_oneof![3 => Just(0), 1 => 1..4i32], (0..20u64).prop_map(|n| n * 10 + 1));
    let attempts = prop::collection::vec(attempt, 1..4);
    let timeout = prop::option::weighted(0.2, (1..15u64).prop_map(|n| ms(n * 10)));
    let dies_after = prop::option::weighted(0.8, 0..50u64);
    let flags = (any::<bool>(), prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    (edges(), edges(), attempts, 0..3u32, timeout, dies_after, flags).prop_map(
        move |(needs, after, attempts, retries, timeout, dies_after, (grouped, elsewhere, allow_failure))| {
            let mut script = Script::new(0, 0);
            let edges = |edges: Vec<usize>| if index == 0 { Vec::new() } else { edges };
            (script.needs, script.after) = (edges(needs), edges(after));
            (script.attempts, script.dies_after, script.grouped) = (attempts, dies_after, grouped);
            script.set(|settings| {
                (settings.retries, settings.timeout, settings.allow_failure) = (retries, timeout, allow_failure);
                settings.platforms = elsewhere.then(|| vec!["plan9".into()]);
            })
        },
    )
}

fn any_scripts() -> impl Strategy<Value = Vec<Script>> {
    (0..12usize).prop_flat_map(|count| (0..count).map(any_script).collect::<Vec<_>>())
}

/// What holds in every run, cancelled or not. That the run ended at all shows that there was no deadlock.
fn check_invariants(world: &World, limit: usize) -> Result<(), TestCaseError> {
    prop_assert!(world.most_live <= limit);
    let statuses = world.statuses();
    let mut ended: Vec<bool> = vec![false; statuses.len()];
    let mut attempts = vec![0; statuses.len()];
    let mut cancelled = false;
    for (_, kind) in &world.events {
        match kind {
            EventKind::AttemptStarted { job, .. } => {
                let job = index(job);
                prop_assert!(!cancelled, "job {} starts after a cancel", job);
                let script = &world.scripts[job];
                let waited_for = script.needs.iter().chain(&script.after);
                prop_assert!(waited_for.into_iter().all(|on| ended[*on]), "job {} starts too early", job);
                prop_assert!(script.needs.iter().all(|on| statuses[*on].satisfies_dependents()));
                attempts[job] += 1;
                prop_assert!(attempts[job] <= script.settings.retries + 1);
            }
            EventKind::JobEnded { job, .. } => ended[index(job)] = true,
            EventKind::CancelRequested { .. } => cancelled = true,
            _ => {}
        }
    }
    for status in &statuses {
        if let JobStatus::Skipped { because: SkipReason::Dependency(root) } = status {
            prop_assert!(statuses[index(root)].is_failure(), "a skip names {}, which did not fail", root);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn outcomes_are_those_of_the_reference(scripts in any_scripts(), limit in 1..5usize) {
        let world = run(&scripts, rules(limit, OnFailure::Continue));
        check_invariants(&world, limit)?;
        prop_assert_eq!(world.words(), reference(&scripts));
    }

    #[test]
    fn invariants_hold_whatever_ends_the_run(
        scripts in any_scripts(),
        limit in 1..5usize,
        on_failure in prop_oneof![Just(OnFailure::Continue), Just(OnFailure::NoNew), Just(OnFailure::Kill)],
        timeout in prop::option::weighted(0.3, (0..400u64).prop_map(ms)),
        cancels in prop::collection::vec(
            ((0..400u64).prop_map(ms), prop_oneof![Just(CancelLevel::NoNew), Just(CancelLevel::Terminate), Just(CancelLevel::Kill)]),
            0..3,
        ),
    ) {
        let rules = Rules { limit, on_failure, timeout };
        let world = World::new(scripts.clone(), rules.clone()).run(cancels.clone());
        check_invariants(&world, limit)?;
        let again = World::new(scripts, rules).run(cancels);
        prop_assert_eq!(world.events, again.events, "the same inputs give the same actions");
    }
}
