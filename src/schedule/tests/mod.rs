//! The scheduler in a scripted world, case by case and, in `properties`, against a naive reference.

mod checks;
mod interactive;
mod limits;
mod policy;
mod properties;
mod retries;
mod scarcity;
mod script;
mod shortage;
mod slow;
mod world;

use super::*;
use crate::job::JobSettings;
use script::{Script, plan};
use world::{World, ms, rules, run};

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
    let mut flaky = Script::new(1, 5).set(|settings| settings.retries = 2.into());
    flaky.attempts.push((0, 5));
    let failing = Script::new(1, 5).set(|settings| settings.retries = 2.into());
    let world = run(&[flaky, failing], rules(2, OnFailure::Continue));
    assert_eq!(world.words(), ["flaky", "failed"]);
    assert_eq!(world.starts(), [0, 1, 0, 1, 1]);
}

#[test]
fn a_timeout_terminates_then_kills_and_may_be_retried() {
    let mut obeys = Script::new(0, 1_000).set(|settings| settings.timeout = Some(ms(50)));
    obeys.settings.retries = 1.into();
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

/// The last two wait for the first two through groups: what needs them, and what only comes after them.
#[test]
fn on_failure_reaches_what_waits_behind_a_join() {
    let grouped = |script: Script| Script { grouped: true, ..script };
    let scripts = [
        Script::new(1, 5),
        Script::new(0, 50),
        grouped(Script::new(0, 5).needs(&[0, 1])),
        grouped(Script::new(0, 5).after(&[0, 1])),
    ];
    let ended = |on_failure| {
        let world = run(&scripts, rules(2, on_failure));
        (world.words(), world.now)
    };
    assert_eq!(ended(OnFailure::Continue), (vec!["failed", "ok", "skipped", "ok"], ms(55)));
    assert_eq!(ended(OnFailure::NoNew), (vec!["failed", "ok", "cancelled", "cancelled"], ms(50)));
    assert_eq!(ended(OnFailure::Kill), (vec!["failed", "cancelled", "cancelled", "cancelled"], ms(6)));
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
