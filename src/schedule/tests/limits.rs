//! Limits beside the number of jobs: weight, pools, memory; and priority.

use super::script::{POOLS, Script};
use super::world::{World, rules, run};
use crate::event::EventKind;
use crate::plan::OnFailure;

/// That takes so many milliseconds.
fn script(millis: u64) -> Script {
    Script::new(0, millis)
}

fn weighing(weight: u32, millis: u64) -> Script {
    script(millis).set(|settings| settings.weight = weight)
}

fn pooled(pools: &[&str], millis: u64) -> Script {
    script(millis).set(|settings| settings.pools = pools.iter().map(|&name| name.to_owned()).collect())
}

fn with_memory(bytes: u64, millis: u64) -> Script {
    script(millis).set(|settings| settings.memory = Some(bytes))
}

fn prior(priority: i64) -> Script {
    script(5).set(|settings| settings.priority = priority)
}

/// Which job starts when, in milliseconds.
fn starts(world: &World) -> Vec<(usize, u128)> {
    let times = world.events.iter().filter(|(_, kind)| matches!(kind, EventKind::AttemptStarted { .. }));
    world.starts().into_iter().zip(times.map(|(at, _)| at.as_millis())).collect()
}

fn starts_of(scripts: &[Script], limit: usize) -> Vec<(usize, u128)> {
    starts(&run(scripts, rules(limit, OnFailure::Continue)))
}

/// In a world with so much memory at one step after another.
fn starts_with(memory: &[u64], scripts: &[Script], limit: usize) -> Vec<(usize, u128)> {
    let mut world = World::new(scripts.to_vec(), rules(limit, OnFailure::Continue));
    world.memory = memory.to_vec();
    starts(&world.run(Vec::new()))
}

#[test]
fn a_heavy_job_takes_so_many_places_and_is_not_overtaken() {
    let scripts = [weighing(2, 10), script(20), weighing(2, 10), script(5), script(5)];
    // At 10 ms there would be places for the lighter ones.
    assert_eq!(starts_of(&scripts, 3), [(0, 0), (1, 0), (2, 10), (3, 20), (4, 20)]);
    let scripts = [script(10), script(20), weighing(3, 10), script(5)];
    assert_eq!(starts_of(&scripts, 3), [(0, 0), (1, 0), (2, 20), (3, 30)]);
}

#[test]
fn what_is_heavier_than_the_limit_runs_alone() {
    let scripts = [script(10), weighing(100, 10), script(5), weighing(u32::MAX, 5)];
    assert_eq!(starts_of(&scripts, 2), [(0, 0), (1, 10), (2, 20), (3, 25)]);
}

#[test]
fn a_full_pool_holds_up_only_those_that_use_it() {
    let scripts = [pooled(&["one"], 10), pooled(&["one"], 10), script(20), pooled(&["two"], 5), pooled(&["two"], 5)];
    assert_eq!(starts_of(&scripts, 8), [(0, 0), (2, 0), (3, 0), (4, 0), (1, 10)]);
}

/// The second waits for both; if the third could start, it might wait for ever, were there enough like it.
#[test]
fn a_job_that_waits_for_one_pool_has_the_other_kept_free() {
    let scripts = [pooled(&["one"], 10), pooled(&POOLS, 10), pooled(&["two"], 30), script(5)];
    assert_eq!(starts_of(&scripts, 8), [(0, 0), (3, 0), (1, 10), (2, 10)]);
}

#[test]
fn a_job_that_waits_for_a_pool_does_not_hold_up_by_its_weight() {
    let heavy = pooled(&["one"], 10).set(|settings| settings.weight = 2);
    let scripts = [pooled(&["one"], 10), heavy, script(5), script(5), script(20), script(5)];
    // When it is the pool's turn, it waits for places, and nothing else starts.
    assert_eq!(starts_of(&scripts, 2), [(0, 0), (2, 0), (3, 5), (1, 10), (4, 20), (5, 20)]);
}

#[test]
fn what_waits_for_a_pool_keeps_no_memory_from_others_and_the_other_way_round() {
    let both = |bytes| with_memory(bytes, 10).set(|settings| settings.pools = vec!["one".to_owned()]);
    let scripts = [both(10), both(10), with_memory(10, 5)];
    assert_eq!(starts_with(&[100], &scripts, 8), [(0, 0), (2, 0), (1, 10)]);
    let scripts = [with_memory(60, 20), both(60), pooled(&["one"], 5)];
    assert_eq!(starts_with(&[100], &scripts, 8), [(0, 0), (2, 0), (1, 20)]);
}

#[test]
fn memory_that_running_jobs_declare_is_not_there_for_others() {
    let scripts = [with_memory(60, 10), with_memory(50, 10), with_memory(10, 5), script(20)];
    // The third would fit, but is behind the second.
    assert_eq!(starts_with(&[100], &scripts, 8), [(0, 0), (3, 0), (1, 10), (2, 10)]);
}

#[test]
fn what_others_use_is_not_there_either_and_is_looked_for_again() {
    let scripts = [script(10), script(2_500), with_memory(50, 10).needs(&[0])];
    // At the start, at the end of the first, and a second and two after that.
    assert_eq!(starts_with(&[100, 49, 49, 50], &scripts, 8), [(0, 0), (1, 0), (2, 2_010)]);
}

#[test]
fn what_has_become_available_since_the_start_is_not_counted_on() {
    let scripts = [script(2_500), with_memory(50, 10)];
    assert_eq!(starts_with(&[40, 90], &scripts, 8), [(0, 0), (1, 2_500)]);
}

/// The measurement was made before either of them started.
#[test]
fn jobs_that_start_at_once_do_not_count_on_the_same_memory() {
    let waiting = || with_memory(30, 10).needs(&[0]);
    let scripts = [script(10), waiting(), waiting(), script(50)];
    assert_eq!(starts_with(&[100, 50], &scripts, 8), [(0, 0), (3, 0), (1, 10), (2, 20)]);
}

#[test]
fn what_needs_more_memory_than_there_is_runs_alone() {
    let scripts = [script(10), with_memory(500, 20), script(5), with_memory(1, 5)];
    assert_eq!(starts_with(&[100], &scripts, 2), [(0, 0), (2, 0), (1, 10), (3, 30)]);
    // Nothing starts beside it, not even what declares nothing.
    let scripts = [with_memory(500, 20), script(5)];
    assert_eq!(starts_with(&[100], &scripts, 2), [(0, 0), (1, 20)]);
}

#[test]
fn where_memory_cannot_be_told_there_is_enough() {
    let scripts = [with_memory(u64::MAX, 10), with_memory(u64::MAX, 10)];
    assert_eq!(starts_of(&scripts, 2), [(0, 0), (1, 0)]);
}

#[test]
fn a_higher_priority_goes_before_a_longer_path() {
    let scripts = [prior(0), prior(-1), script(5).needs(&[1]), prior(0), prior(7)];
    assert_eq!(starts_of(&scripts, 1).iter().map(|(job, _)| *job).collect::<Vec<_>>(), [4, 0, 3, 1, 2]);
    let scripts = [prior(0), prior(0), script(5).needs(&[1]), prior(1)];
    assert_eq!(starts_of(&scripts, 2), [(3, 0), (1, 0), (0, 5), (2, 5)]);
}
