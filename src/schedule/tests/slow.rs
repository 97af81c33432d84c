//! Attempts that run for longer than their `slow_after`.

use super::script::Script;
use super::world::{World, index, ms, rules, run};
use crate::event::{CancelLevel, EventKind};
use crate::plan::OnFailure;

/// Which attempt of which job is called slow when, in milliseconds.
fn called_slow(world: &World) -> Vec<(usize, u32, u128)> {
    let slow = world.events.iter().filter_map(|(at, kind)| match kind {
        EventKind::AttemptSlow { job, attempt } => Some((index(job), *attempt, at.as_millis())),
        _ => None,
    });
    slow.collect()
}

fn slow_after(script: Script, millis: u64) -> Script {
    script.set(|settings| settings.slow_after = Some(ms(millis)))
}

#[test]
fn it_is_said_once_for_each_attempt_and_only_of_those_that_run_so_long() {
    let retried = slow_after(Script::new(1, 30), 10).set(|settings| settings.retries = 1.into());
    let world = run(&[retried, slow_after(Script::new(0, 9), 10), Script::new(0, 50)], rules(3, OnFailure::Continue));
    assert_eq!(called_slow(&world), [(0, 1, 10), (0, 2, 40)]);
    assert_eq!(world.words(), ["failed", "ok", "ok"]);
}

#[test]
fn a_timeout_that_comes_later_comes_all_the_same() {
    let scripts = [slow_after(Script::new(0, 100), 10).set(|settings| settings.timeout = Some(ms(20)))];
    let world = run(&scripts, rules(1, OnFailure::Continue));
    assert_eq!((called_slow(&world), world.words(), world.now), (vec![(0, 1, 10)], vec!["timed-out"], ms(21)));
}

#[test]
fn what_has_been_told_to_end_is_not_called_slow() {
    for timeout in [10, 5] {
        let ignores = Script { dies_after: None, ..slow_after(Script::new(0, 90), 10) };
        let scripts = [ignores.set(|settings| settings.timeout = Some(ms(timeout)))];
        assert_eq!(called_slow(&run(&scripts, rules(1, OnFailure::Continue))), []);
    }
    for level in [CancelLevel::Terminate, CancelLevel::Kill] {
        let scripts = vec![Script { dies_after: Some(50), ..slow_after(Script::new(0, 100), 10) }];
        let world = World::new(scripts, rules(1, OnFailure::Continue)).run(vec![(ms(5), level)]);
        assert_eq!(called_slow(&world), []);
    }
}
