//! Delays between attempts.

use std::time::Duration;

use super::script::Script;
use super::world::{SEED, World, index, ms, rules, run};
use crate::event::{CancelLevel, EventKind};
use crate::job::{Backoff, Retries};
use crate::plan::OnFailure;
use crate::schedule::jitter;

fn failing(retries: Retries) -> Script {
    Script::new(1, 5).set(|settings| settings.retries = retries)
}

/// When each attempt of a job starts.
fn starts_of(world: &World, of: usize) -> Vec<Duration> {
    let starts = world.events.iter().filter_map(|(at, kind)| match kind {
        EventKind::AttemptStarted { job, .. } if index(job) == of => Some(*at),
        _ => None,
    });
    starts.collect()
}

#[test]
fn a_delay_goes_before_each_further_attempt() {
    let fixed = Retries { delay: ms(10), ..3.into() };
    let doubling = Retries { backoff: Backoff::Exponential, max_delay: Some(ms(30)), ..fixed };
    let world = run(&[failing(fixed), failing(doubling)], rules(2, OnFailure::Continue));
    assert_eq!(starts_of(&world, 0), [0, 15, 30, 45].map(ms));
    assert_eq!(starts_of(&world, 1), [0, 15, 40, 75].map(ms));
}

#[test]
fn a_delay_holds_no_place_under_the_limit() {
    let delayed = failing(Retries { delay: ms(100), ..1.into() });
    let world = run(&[delayed, Script::new(0, 30), Script::new(0, 300)], rules(1, OnFailure::Continue));
    assert_eq!(world.starts(), [0, 1, 2, 0]);
    // It comes back to the end of a job that started meanwhile, not to the end of its delay.
    assert_eq!(starts_of(&world, 0), [0, 335].map(ms));
}

#[test]
fn jitter_comes_from_the_seed_and_the_name_and_the_attempt_alone() {
    let retries = Retries { delay: ms(1_000), jitter: 0.5, ..2.into() };
    let scripts = [failing(retries), failing(retries), Script::new(0, 700)];
    let starts = |limit, seed| {
        let mut rules = rules(limit, OnFailure::Continue);
        rules.seed = seed;
        let world = run(&scripts, rules);
        [starts_of(&world, 0), starts_of(&world, 1)]
    };
    let delay = |job, attempt| retries.delay_before(attempt, jitter::random(SEED, job, attempt));
    let [first, second] = starts(3, SEED);
    assert_eq!(first, [ms(0), ms(5) + delay("0", 2), ms(10) + delay("0", 2) + delay("0", 3)]);
    assert_ne!(first, second, "jobs that fail together are not all to come back together");
    assert_eq!(starts(3, SEED), [first.clone(), second]);
    assert_ne!(starts(3, SEED + 1)[0], first);
}

#[test]
fn whatever_ends_the_run_ends_a_delay_at_once() {
    let delayed = failing(Retries { delay: ms(1_000), ..1.into() });
    for level in [CancelLevel::NoNew, CancelLevel::Terminate, CancelLevel::Kill] {
        let world = World::new(vec![delayed.clone()], rules(2, OnFailure::Continue)).run(vec![(ms(50), level)]);
        assert_eq!((world.words(), world.now), (vec!["cancelled"], ms(50)));
    }
    let mut with_timeout = rules(2, OnFailure::Continue);
    with_timeout.timeout = Some(ms(50));
    let world = run(std::slice::from_ref(&delayed), with_timeout);
    assert_eq!((world.words(), world.now), (vec!["cancelled"], ms(50)));
    for on_failure in [OnFailure::NoNew, OnFailure::Kill] {
        let world = run(&[delayed.clone(), Script::new(1, 20)], rules(2, on_failure));
        assert_eq!((world.words(), world.now), (vec!["cancelled", "failed"], ms(20)));
    }
}

#[test]
fn a_failure_that_is_retried_ends_no_run() {
    let mut flaky = failing(Retries { delay: ms(10), ..1.into() });
    flaky.attempts.push((0, 5));
    for on_failure in [OnFailure::NoNew, OnFailure::Kill] {
        let world = run(&[flaky.clone(), Script::new(0, 50).needs(&[0])], rules(2, on_failure));
        assert_eq!(world.words(), ["flaky", "ok"]);
    }
}

#[test]
fn a_join_waits_for_a_delayed_job() {
    let mut flaky = failing(Retries { delay: ms(100), ..1.into() });
    flaky.attempts.push((0, 5));
    let mut grouped = Script::new(0, 5).needs(&[0, 1]);
    grouped.grouped = true;
    let world = run(&[flaky, Script::new(0, 5), grouped], rules(2, OnFailure::Continue));
    assert_eq!(world.words(), ["flaky", "ok", "ok"]);
    assert_eq!(starts_of(&world, 2), [ms(110)]);
}

#[test]
fn the_longest_delay_is_no_overflow() {
    let delayed = failing(Retries { delay: Duration::MAX, ..1.into() });
    let world = World::new(vec![delayed], rules(1, OnFailure::Continue)).run(vec![(ms(50), CancelLevel::NoNew)]);
    assert_eq!(world.words(), ["cancelled"]);
}
