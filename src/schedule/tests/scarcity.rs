//! A system that has too little of something for another attempt.

use super::script::Script;
use super::shortage::Shortage;
use super::world::{World, ms, rules};
use crate::event::{CancelLevel, CancelReason, EventKind, RunStatus};
use crate::plan::OnFailure;
use crate::schedule::Rules;

/// `denied` says for one spawn after another, over and over, whether it is to be deferred.
fn short_world(scripts: &[Script], rules: Rules, denied: &[bool]) -> World {
    let mut world = World::new(scripts.to_vec(), rules);
    world.shortage = Shortage::new(denied.iter().map(|so| so.then(|| ms(1))).collect(), usize::MAX);
    world
}

/// What happens to attempts, with its time in milliseconds.
fn attempts(world: &World) -> Vec<String> {
    let line = |(at, kind): &(std::time::Duration, EventKind)| {
        let (what, job, attempt) = match kind {
            EventKind::AttemptStarted { job, attempt, .. } => ("starts", job, attempt),
            EventKind::AttemptDeferred { job, attempt, .. } => ("waits", job, attempt),
            EventKind::AttemptEnded { job, attempt, .. } => ("ends", job, attempt),
            _ => return None,
        };
        Some(format!("{} {job}#{attempt} {what}", at.as_millis()))
    };
    world.events.iter().filter_map(line).collect()
}

#[test]
fn a_deferred_attempt_follows_when_another_ends_and_keeps_its_number() {
    let scripts = [Script::new(0, 50), Script::new(1, 20), Script::new(0, 20)];
    let world = short_world(&scripts, rules(3, OnFailure::Continue), &[false, true, false, false]).run(Vec::new());
    assert_eq!(
        attempts(&world),
        [
            "0 0#1 starts",
            "0 1#1 starts",
            "0 2#1 starts",
            "1 1#1 waits",
            "20 2#1 ends",
            "20 1#1 starts",
            "40 1#1 ends",
            "50 0#1 ends",
        ]
    );
    assert_eq!(world.words(), ["ok", "failed", "ok"]);
}

#[test]
fn the_live_limit_falls_to_what_runs_and_grows_a_second_after_the_last_deferral() {
    let scripts = vec![Script::new(0, 400); 13];
    let denials: Vec<bool> = (0..20).map(|spawn| (1..4).contains(&spawn)).collect();
    let world = short_world(&scripts, rules(4, OnFailure::Continue), &denials).run(Vec::new());
    let mut live = 0;
    let mut most: Vec<(u128, usize)> = Vec::new();
    for (at, kind) in &world.events {
        match kind {
            EventKind::AttemptStarted { .. } => live += 1,
            EventKind::AttemptEnded { .. } | EventKind::AttemptDeferred { .. } => live -= 1,
            _ => continue,
        }
        most.retain(|(before, _)| *before != at.as_millis());
        most.push((at.as_millis(), live));
    }
    // Deferred at 1 ms; the ends at 400 and 800 ms come too early, each later one lets one more live.
    let expected = [(0, 4), (1, 1), (400, 1), (800, 1), (1_200, 2), (1_600, 4), (2_000, 4), (2_400, 0)];
    assert_eq!(most, expected);
}

#[test]
fn with_nothing_else_running_it_is_tried_again_after_growing_pauses() {
    let denials: Vec<bool> = (0..8).map(|spawn| spawn < 6).collect();
    let scripts = [Script::new(1, 5).set(|settings| settings.retries = 1.into())];
    let world = short_world(&scripts, rules(4, OnFailure::Continue), &denials).run(Vec::new());
    let starts = world.events.iter().filter(|(_, kind)| matches!(kind, EventKind::AttemptStarted { .. }));
    let starts: Vec<u128> = starts.map(|(at, _)| at.as_millis()).collect();
    assert_eq!(starts, [0, 11, 32, 73, 154, 315, 636, 641]);
    assert_eq!(world.words(), ["failed"]);
}

#[test]
fn when_nothing_is_possible_at_all_the_run_is_given_up() {
    let scripts = [Script::new(0, 5), Script::new(0, 5), Script::new(0, 5).needs(&[0])];
    let world = short_world(&scripts, rules(4, OnFailure::Continue), &[true]).run(Vec::new());
    assert_eq!(world.words(), ["cancelled", "cancelled", "cancelled"]);
    assert_eq!((world.run_status(), world.now), (RunStatus::Broken, ms(637)));
    let fault = CancelReason::Fault("nothing can be started, 7 tries have failed: no room".into());
    let cancel = EventKind::CancelRequested { reason: fault, level: CancelLevel::NoNew };
    assert!(world.events.iter().any(|(_, kind)| *kind == cancel), "{:?}", world.events);
}

#[test]
fn an_end_in_between_starts_the_count_anew() {
    let denials: Vec<bool> = (0..14).map(|spawn| spawn % 7 != 6).collect();
    let scripts = vec![Script::new(0, 5); 4];
    let world = short_world(&scripts, rules(1, OnFailure::Continue), &denials).run(Vec::new());
    assert_eq!(world.words(), ["ok"; 4]);
}

#[test]
fn a_deferral_during_a_cancel_ends_the_job() {
    let scripts = [Script::new(0, 5)];
    for level in [CancelLevel::NoNew, CancelLevel::Terminate, CancelLevel::Kill] {
        let mut world = World::new(scripts.to_vec(), rules(1, OnFailure::Continue));
        world.shortage = Shortage::new(vec![Some(ms(20))], 1);
        let world = world.run(vec![(ms(10), level)]);
        assert_eq!((world.words(), world.now), (vec!["cancelled"], ms(20)));
        assert_eq!(attempts(&world), ["0 0#1 starts", "20 0#1 waits"]);
    }
}

#[test]
fn whatever_ends_the_run_ends_a_pause_at_once() {
    let scripts = [Script::new(0, 5), Script::new(0, 5)];
    let world = short_world(&scripts, rules(1, OnFailure::Continue), &[true]).run(vec![(ms(100), CancelLevel::NoNew)]);
    assert_eq!((world.words(), world.now), (vec!["cancelled", "cancelled"], ms(100)));
}

#[test]
fn a_failure_elsewhere_ends_what_was_deferred() {
    let scripts = [Script::new(1, 20), Script::new(0, 5)];
    for on_failure in [OnFailure::NoNew, OnFailure::Kill] {
        let world = short_world(&scripts, rules(2, on_failure), &[false, true]).run(Vec::new());
        assert_eq!(world.words(), ["failed", "cancelled"]);
    }
    // It is the failed job's place that the other would have had.
    let world = short_world(&scripts, rules(2, OnFailure::Continue), &[false, true, false]).run(Vec::new());
    assert_eq!(world.words(), ["failed", "ok"]);
}

#[test]
fn a_join_waits_for_a_deferred_job() {
    let mut grouped = Script::new(0, 5).needs(&[0, 1]);
    grouped.grouped = true;
    let world = short_world(
        &[Script::new(0, 20), Script::new(0, 5), grouped],
        rules(2, OnFailure::Continue),
        &[false, true, false, false],
    )
    .run(Vec::new());
    let starts: Vec<String> = attempts(&world).into_iter().filter(|line| line.ends_with("starts")).collect();
    assert_eq!(starts, ["0 0#1 starts", "0 1#1 starts", "20 1#1 starts", "25 2#1 starts"]);
}

/// The attempt never was, and so took no time.
#[test]
fn a_timeout_that_comes_before_a_deferral_counts_for_nothing() {
    let mut job = Script::new(0, 30).set(|settings| settings.timeout = Some(ms(40)));
    job.dies_after = None;
    let mut world = World::new(vec![job], rules(1, OnFailure::Continue));
    world.shortage = Shortage::new(vec![Some(ms(60)), None], 1);
    let world = world.run(Vec::new());
    assert_eq!(attempts(&world), ["0 0#1 starts", "60 0#1 waits", "70 0#1 starts", "100 0#1 ends"]);
    assert_eq!(world.words(), ["ok"]);
}
