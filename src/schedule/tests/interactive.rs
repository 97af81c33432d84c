//! Jobs that run alone.

use super::script::Script;
use super::shortage::Shortage;
use super::world::{World, ms, rules, run};
use crate::event::{CancelLevel, EventKind};
use crate::job::Retries;
use crate::plan::OnFailure;

fn interactive(millis: u64) -> Script {
    Script::new(0, millis).set(|settings| settings.interactive = true)
}

/// Which job starts when, in milliseconds.
fn starts(world: &World) -> Vec<(usize, u128)> {
    let times = world.events.iter().filter(|(_, kind)| matches!(kind, EventKind::AttemptStarted { .. }));
    world.starts().into_iter().zip(times.map(|(at, _)| at.as_millis())).collect()
}

#[test]
fn it_waits_for_what_runs_and_what_is_ready_waits_for_it() {
    let scripts = [Script::new(0, 30), Script::new(0, 10), interactive(20), Script::new(0, 5), Script::new(0, 5)];
    let world = run(&scripts, rules(2, OnFailure::Continue));
    // At 10 ms there would be a place for the fourth, but the third is the better one, and would never come to be
    // alone.
    assert_eq!(starts(&world), [(0, 0), (1, 0), (2, 30), (3, 50), (4, 50)]);
}

#[test]
fn what_has_a_longer_path_before_it_still_goes_first() {
    let scripts = [interactive(10), Script::new(0, 10), Script::new(0, 10).needs(&[1]), Script::new(0, 5)];
    let world = run(&scripts, rules(4, OnFailure::Continue));
    assert_eq!(starts(&world), [(1, 0), (0, 10), (2, 20), (3, 20)]);
}

#[test]
fn two_of_them_run_one_after_the_other() {
    let world = run(&[interactive(10), interactive(10), interactive(10)], rules(8, OnFailure::Continue));
    assert_eq!(starts(&world), [(0, 0), (1, 10), (2, 20)]);
}

#[test]
fn the_delayed_retry_of_another_waits_for_its_end() {
    let retried = Script::new(1, 5).set(|settings| settings.retries = Retries { delay: ms(10), ..1.into() });
    let world = run(&[retried, interactive(50)], rules(2, OnFailure::Continue));
    assert_eq!(starts(&world), [(0, 0), (1, 5), (0, 55)]);
}

#[test]
fn between_its_own_attempts_others_run() {
    let mut twice = interactive(5).set(|settings| settings.retries = Retries { delay: ms(10), ..1.into() });
    twice.attempts = vec![(1, 5), (0, 5)];
    let world = run(&[twice, Script::new(0, 50)], rules(2, OnFailure::Continue));
    assert_eq!(starts(&world), [(0, 0), (1, 5), (0, 55)]);
    assert_eq!(world.words(), ["flaky", "ok"]);
}

#[test]
fn a_deferral_leaves_it_the_next() {
    let mut world =
        World::new(vec![interactive(20), Script::new(0, 5), Script::new(0, 5)], rules(2, OnFailure::Continue));
    world.shortage = Shortage::new(vec![Some(ms(1)), None, None, None], 1);
    let world = world.run(Vec::new());
    assert_eq!(starts(&world), [(0, 0), (0, 11), (1, 31), (2, 36)]);
}

#[test]
fn it_is_ended_like_any_other() {
    let world = World::new(vec![interactive(1_000), Script::new(0, 5)], rules(2, OnFailure::Continue));
    let world = world.run(vec![(ms(10), CancelLevel::Terminate)]);
    assert_eq!((world.words(), world.now), (vec!["cancelled", "cancelled"], ms(11)));
}
