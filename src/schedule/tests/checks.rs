//! Jobs that may be up to date, that are known to be, or that were refused.

use super::script::Script;
use super::shortage::Shortage;
use super::world::{Checked, World, ms, rules, run};
use crate::event::{CancelLevel, EventKind, RunStatus};
use crate::plan::OnFailure;
use crate::schedule::Prospect;

/// Which attempt starts when, in milliseconds.
fn starts(world: &World) -> Vec<(usize, u128)> {
    let times = world.events.iter().filter(|(_, kind)| matches!(kind, EventKind::AttemptStarted { .. }));
    world.starts().into_iter().zip(times.map(|(at, _)| at.as_millis())).collect()
}

#[test]
fn a_fresh_job_ends_without_an_attempt_and_another_starts_in_the_place_of_its_check() {
    let scripts = [
        Script::new(0, 5).checked(true, 10),
        Script::new(0, 5).checked(false, 10),
        Script::new(0, 5).needs(&[0]),
        Script::new(1, 5).needs(&[1]),
    ];
    let world = run(&scripts, rules(1, OnFailure::Continue));
    assert_eq!(world.words(), ["up-to-date", "ok", "ok", "failed"]);
    // One place: the second check is followed by its attempt, though the third job has been ready for longer.
    assert_eq!(starts(&world), [(1, 20), (2, 25), (3, 30)]);
}

#[test]
fn a_check_comes_before_the_first_attempt_only() {
    let retried = Script::new(1, 5).checked(false, 10).set(|settings| settings.retries = 2.into());
    let world = run(&[retried], rules(1, OnFailure::Continue));
    assert_eq!(starts(&world), [(0, 10), (0, 15), (0, 20)]);
    assert_eq!(world.checks, [Checked { job: 0, since: ms(0), until: ms(10), fresh: Some(false) }]);
}

#[test]
fn what_is_known_to_be_up_to_date_takes_no_place() {
    let known = |script: Script| script.prospect(Prospect::UpToDate);
    let mut grouped = known(Script::new(1, 5)).needs(&[0]);
    grouped.grouped = true;
    let scripts = [known(Script::new(1, 5)), grouped, Script::new(0, 5), Script::new(0, 5).needs(&[1])];
    let world = run(&scripts, rules(1, OnFailure::Continue));
    assert_eq!(world.words(), ["up-to-date", "up-to-date", "ok", "ok"]);
    assert_eq!((starts(&world), world.run_status()), (vec![(2, 0), (3, 5)], RunStatus::Ok));
    // They have ended before anything starts.
    let ends = world.events.iter().take_while(|(_, kind)| matches!(kind, EventKind::JobEnded { .. }));
    assert_eq!(ends.count(), 2);
}

#[test]
fn it_ends_so_only_when_what_it_needs_has_succeeded() {
    let scripts = [
        Script::new(1, 5),
        Script::new(0, 5).needs(&[0]).prospect(Prospect::UpToDate),
        Script::new(0, 5).needs(&[0]).checked(true, 5),
        Script::new(0, 5).needs(&[0]).prospect(Prospect::Refused),
    ];
    let world = run(&scripts, rules(2, OnFailure::Continue));
    assert_eq!(world.words(), ["failed", "skipped", "skipped", "skipped"]);
    assert_eq!((world.checks, world.now), (vec![], ms(5)));
}

#[test]
fn what_is_refused_is_cancelled_and_what_needs_it_is_skipped_and_names_it() {
    let refused = || Script::new(0, 5).prospect(Prospect::Refused);
    let scripts = [refused(), Script::new(0, 5).needs(&[0]), Script::new(0, 5).after(&[0]), Script::new(0, 5)];
    let world = run(&scripts, rules(1, OnFailure::Kill));
    assert_eq!(world.words(), ["cancelled", "skipped", "ok", "ok"]);
    assert_eq!(world.statuses()[1].detail().as_deref(), Some("needs 0"));
    assert_eq!(world.run_status(), RunStatus::Cancelled);
    let world = run(&[refused(), Script::new(1, 5)], rules(1, OnFailure::Continue));
    assert_eq!(world.run_status(), RunStatus::Failed);
}

#[test]
fn a_cancel_waits_for_a_check_and_then_ends_the_job_whatever_it_found() {
    for (level, fresh) in [(CancelLevel::NoNew, true), (CancelLevel::Terminate, false), (CancelLevel::Kill, true)] {
        let scripts = [Script::new(0, 5).checked(fresh, 50), Script::new(0, 5).needs(&[0])];
        let world = World::new(scripts.to_vec(), rules(1, OnFailure::Continue)).run(vec![(ms(10), level)]);
        assert_eq!((world.words(), world.starts(), world.now), (vec!["cancelled", "cancelled"], vec![], ms(50)));
    }
}

#[test]
fn a_check_has_no_timeout() {
    let script = Script::new(0, 15).checked(false, 500).set(|settings| settings.timeout = Some(ms(20)));
    let world = run(&[script], rules(1, OnFailure::Continue));
    assert_eq!((world.words(), world.now), (vec!["ok"], ms(515)));
}

#[test]
fn a_check_that_cannot_be_made_follows_when_something_has_ended() {
    let scripts = [Script::new(0, 50), Script::new(0, 5).checked(true, 10)];
    let mut world = World::new(scripts.to_vec(), rules(2, OnFailure::Continue));
    world.shortage = Shortage::new(vec![None, Some(ms(0)), None], 1);
    let world = world.run(Vec::new());
    assert_eq!(world.words(), ["ok", "up-to-date"]);
    let checks = [(ms(0), ms(0), None), (ms(50), ms(60), Some(true))];
    assert_eq!(world.checks, checks.map(|(since, until, fresh)| Checked { job: 1, since, until, fresh }));
}
