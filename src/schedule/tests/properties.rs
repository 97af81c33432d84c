//! What holds whatever the jobs are and do, and their outcomes against a naive reference.

use std::time::Duration;

use proptest::prelude::*;

use super::script::{POOLS, Script};
use super::shortage::Shortage;
use super::world::{Checked, SEED, World, index, ms, rules};
use crate::event::{CancelLevel, EventKind, JobStatus, SkipReason};
use crate::job::{Backoff, Retries};
use crate::plan::OnFailure;
use crate::schedule::{Prospect, Rules, jitter};

/// What each job's end must be when nothing is cancelled: job by job, each after all it waits for.
fn reference(scripts: &[Script]) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = Vec::new();
    let mut satisfied: Vec<bool> = Vec::new();
    for script in scripts {
        let word = if script.needs.iter().all(|on| satisfied[*on]) { run_by_itself(script) } else { "skipped" };
        let elsewhere = word == "elsewhere";
        satisfied.push(matches!(word, "ok" | "flaky" | "up-to-date" | "allowed-failure") || elsewhere);
        words.push(if elsewhere { "skipped" } else { word });
    }
    words
}

fn run_by_itself(script: &Script) -> &'static str {
    if script.settings.platforms.is_some() {
        return "elsewhere";
    }
    match script.prospect {
        Prospect::UpToDate => return "up-to-date",
        Prospect::Check if script.check.0 => return "up-to-date",
        Prospect::Refused => return "cancelled",
        Prospect::Run | Prospect::Check => {}
    }
    let timeout = script.settings.timeout.unwrap_or(Duration::MAX);
    let mut word = "";
    for attempt in 1..=script.settings.retries.count + 1 {
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
    let slow_after = prop::option::weighted(0.3, (0..15u64).prop_map(|n| ms(n * 10 + 5)));
    let dies_after = prop::option::weighted(0.8, 0..50u64);
    let rarely = || prop::bool::weighted(0.1);
    let flags = (any::<bool>(), rarely(), rarely(), prop::bool::weighted(0.2));
    let start = (any_prospect(), (any::<bool>(), 0..30u64));
    let times = (timeout, slow_after);
    (edges(), edges(), attempts, any_retries(), times, dies_after, flags, start, any_demand()).prop_map(
        move |(
            needs,
            after,
            attempts,
            retries,
            (timeout, slow_after),
            dies_after,
            (grouped, elsewhere, allow_failure, interactive),
            (prospect, check),
            (weight, pools, memory, priority),
        )| {
            let mut script = Script::new(0, 0);
            let edges = |edges: Vec<usize>| if index == 0 { Vec::new() } else { edges };
            (script.needs, script.after) = (edges(needs), edges(after));
            (script.attempts, script.dies_after, script.grouped) = (attempts, dies_after, grouped);
            (script.prospect, script.check) = (prospect, check);
            script.set(|settings| {
                (settings.retries, settings.timeout, settings.allow_failure) = (retries, timeout, allow_failure);
                (settings.interactive, settings.slow_after) = (interactive, slow_after);
                (settings.weight, settings.pools) = (weight, pools);
                (settings.memory, settings.priority) = (memory, priority);
                settings.platforms = elsewhere.then(|| vec!["plan9".into()]);
            })
        },
    )
}

/// What a job takes, most often the least, and its priority.
fn any_demand() -> impl Strategy<Value = (u32, Vec<String>, Option<u64>, i64)> {
    let weight = prop_oneof![3 => Just(1), 1 => 1..6u32];
    let pools = prop::collection::vec(prop::sample::select(&POOLS[..]), 0..3);
    let pools = prop_oneof![3 => Just(Vec::new()), 2 => pools];
    let pools = pools.prop_map(|names| names.into_iter().map(str::to_owned).collect());
    let memory = prop::option::weighted(0.3, 1..120u64);
    (weight, pools, memory, prop_oneof![2 => Just(0), 1 => -1..2i64])
}

/// Jobs that wait for nothing but room, of which most want much.
fn any_crowd() -> impl Strategy<Value = Vec<Script>> {
    let pools = prop::sample::subsequence(&POOLS[..], 0..=2);
    let memory = prop::option::weighted(0.6, 1..70u64);
    let job = (1..20u64, 1..4u32, pools, memory, 0..2i64);
    let job = job.prop_map(|(tens, weight, pools, memory, priority)| {
        Script::new(0, tens * 10).set(|settings| {
            (settings.weight, settings.memory, settings.priority) = (weight, memory, priority);
            settings.pools = pools.into_iter().map(str::to_owned).collect();
        })
    });
    prop::collection::vec(job, 2..14)
}

/// Of which the first is before the run starts.
fn any_memory() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(0..200u64, 1..8)]
}

fn any_prospect() -> impl Strategy<Value = Prospect> {
    prop_oneof![
        6 => Just(Prospect::Run),
        3 => Just(Prospect::Check),
        1 => Just(Prospect::UpToDate),
        1 => Just(Prospect::Refused),
    ]
}

fn any_retries() -> impl Strategy<Value = Retries> {
    let backoff = prop_oneof![Just(Backoff::Fixed), Just(Backoff::Exponential)];
    let delay = prop_oneof![Just(0), 1..60u64].prop_map(ms);
    (0..4u32, delay, backoff, prop::option::of((0..100u64).prop_map(ms)), prop_oneof![Just(0.0), 0.0..=1.0])
        .prop_map(|(count, delay, backoff, max_delay, jitter)| Retries { count, delay, backoff, max_delay, jitter })
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
    let mut not_before = vec![Duration::ZERO; statuses.len()];
    let mut live = vec![false; statuses.len()];
    let mut started = vec![Duration::ZERO; statuses.len()];
    let mut slow = vec![false; statuses.len()];
    let mut cancelled: Option<(Duration, Vec<bool>)> = None;
    for (at, kind) in &world.events {
        match kind {
            EventKind::AttemptStarted { job, .. } => {
                let job = index(job);
                prop_assert!(cancelled.is_none(), "job {} starts after a cancel", job);
                prop_assert!(*at >= not_before[job], "job {} does not wait for its delay", job);
                let script = &world.scripts[job];
                let is_stale = |check: &Checked| check.job == job && check.until <= *at && check.fresh == Some(false);
                let may_start = match script.prospect {
                    Prospect::Run => true,
                    Prospect::Check => world.checks.iter().any(is_stale),
                    Prospect::UpToDate | Prospect::Refused => false,
                };
                prop_assert!(may_start, "job {} starts in spite of {:?}", job, script.prospect);
                let waited_for = script.needs.iter().chain(&script.after);
                prop_assert!(waited_for.into_iter().all(|on| ended[*on]), "job {} starts too early", job);
                prop_assert!(script.needs.iter().all(|on| statuses[*on].satisfies_dependents()));
                attempts[job] += 1;
                prop_assert!(attempts[job] <= script.settings.retries.count + 1);
                live[job] = true;
                (started[job], slow[job]) = (*at, false);
            }
            EventKind::AttemptSlow { job, attempt } => {
                let job = index(job);
                prop_assert!(live[job] && attempts[job] == *attempt && !slow[job]);
                prop_assert_eq!(world.scripts[job].settings.slow_after, Some(at.saturating_sub(started[job])));
                slow[job] = true;
            }
            EventKind::AttemptDeferred { job, attempt, .. } => {
                let job = index(job);
                prop_assert!(live[job] && attempts[job] == *attempt);
                attempts[job] -= 1;
                live[job] = false;
            }
            EventKind::AttemptEnded { job, .. } => {
                let (name, job) = (job, index(job));
                live[job] = false;
                let settings = &world.scripts[job].settings;
                let slow_after =
                    settings.slow_after.filter(|after| settings.timeout.is_none_or(|timeout| timeout > *after));
                if let (None, Some(slow_after)) = (&cancelled, slow_after) {
                    prop_assert_eq!(slow[job], at.saturating_sub(started[job]) > slow_after, "job {}", job);
                }
                let random = jitter::random(SEED, name, attempts[job] + 1);
                not_before[job] = *at + world.scripts[job].settings.retries.delay_before(attempts[job] + 1, random);
            }
            EventKind::JobEnded { job, .. } => {
                ended[index(job)] = true;
                if let Some((cancel, live)) = &cancelled {
                    let job = index(job);
                    let by_its_check =
                        |check: &Checked| check.job == job && check.since <= *cancel && check.until == *at;
                    let had_place = live[job] || world.checks.iter().any(by_its_check);
                    prop_assert!(had_place || cancel == at, "job {} outlives a cancel that it waits in", job);
                }
            }
            EventKind::CancelRequested { .. } => {
                cancelled.get_or_insert_with(|| (*at, live.clone()));
            }
            _ => {}
        }
    }
    for status in &statuses {
        if let JobStatus::Skipped { because: SkipReason::Dependency(root) } = status {
            let is_refused = world.scripts[index(root)].prospect == Prospect::Refused;
            prop_assert!(is_refused || statuses[index(root)].is_failure(), "a skip names {}, which did not fail", root);
        }
    }
    Ok(())
}

/// Some spawns that cannot be, but never so many in a row that the run is given up.
fn any_shortage() -> impl Strategy<Value = Shortage> {
    shortage_of_at_most(6)
}

fn shortage_of_at_most(in_a_row: usize) -> impl Strategy<Value = Shortage> {
    let denial = prop::option::of((0..5u64).prop_map(ms));
    let denials = prop_oneof![Just(vec![None]), prop::collection::vec(denial, 1..8)];
    denials.prop_map(move |denials| Shortage::new(denials, in_a_row))
}

proptest! {
    #[test]
    fn outcomes_are_those_of_the_reference(
        scripts in any_scripts(),
        limit in 1..5usize,
        shortage in any_shortage(),
        memory in any_memory(),
    ) {
        let mut world = World::new(scripts.clone(), rules(limit, OnFailure::Continue));
        (world.shortage, world.memory) = (shortage, memory);
        let world = world.run(Vec::new());
        check_invariants(&world, limit)?;
        prop_assert_eq!(world.words(), reference(&scripts));
    }

    /// The world compares each choice with a naive one.
    #[test]
    fn in_a_crowd_the_right_ones_start(scripts in any_crowd(), limit in 2..9usize, memory in any_memory()) {
        let mut world = World::new(scripts.clone(), rules(limit, OnFailure::Continue));
        world.memory = memory;
        let world = world.run(Vec::new());
        check_invariants(&world, limit)?;
        prop_assert_eq!(world.words(), vec!["ok"; scripts.len()]);
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
        shortage in shortage_of_at_most(20),
        memory in any_memory(),
    ) {
        let rules = Rules { timeout, ..rules(limit, on_failure) };
        let mut world = World::new(scripts.clone(), rules.clone());
        (world.shortage, world.memory) = (shortage.clone(), memory.clone());
        let world = world.run(cancels.clone());
        check_invariants(&world, limit)?;
        let mut again = World::new(scripts, rules);
        (again.shortage, again.memory) = (shortage, memory);
        let again = again.run(cancels);
        prop_assert_eq!(world.events, again.events, "the same inputs give the same actions");
    }
}
