//! What to do when something has changed, a run has ended, or a signal has come: without a clock, a process or a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::sys::Signal;

/// A file that has changed during so many runs in a row no longer ends one: perhaps a job changes it, and would never get
/// to its end.
const LAST_CANCEL: u32 = 5;
/// After so many it no longer counts during a run: nothing that a job makes anew each time comes to rest.
const LAST_COUNTED: u32 = 10;

/// What a change means for a run under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnBusy {
    /// It is ended, and begun anew.
    Cancel,
    /// It comes to its end, and then there is another.
    Finish,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// These files are not what they were; at least one.
    Changed {
        paths: BTreeSet<PathBuf>,
        /// Whether a run under way has no use any more: not if it may have been meant to change them.
        spoils: bool,
    },
    /// The run has ended; by which signal, if one told it to.
    Ended(Option<Signal>),
    /// The watch is to end.
    Signal(Signal),
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Begin a run; these files have changed since the one before began.
    Start(BTreeSet<PathBuf>),
    /// Tell the run to end because of a change.
    Cancel,
    /// Tell the run of a signal.
    Tell(Signal),
    /// Wait for a change. These files have changed during the run, as during many before it, and are not waited for.
    Wait(BTreeSet<PathBuf>),
    /// End of this signal.
    Die(Signal),
}

/// The state of a watch.
#[derive(Debug)]
pub(crate) struct Machine {
    on_busy: OnBusy,
    state: State,
    /// During how many runs in a row, up to the last one, each of these has changed.
    restless: BTreeMap<PathBuf, u32>,
}

#[derive(Debug)]
enum State {
    Idle,
    Busy {
        /// What has changed since the run began.
        changed: BTreeSet<PathBuf>,
        is_cancelled: bool,
    },
    /// The run is to end, and the watch with it.
    Ending(Signal),
}

impl Machine {
    /// Of a watch whose first run begins now.
    pub(crate) fn new(on_busy: OnBusy) -> Self {
        Self { on_busy, state: State::busy(), restless: BTreeMap::new() }
    }

    /// Takes in what has happened.
    pub(crate) fn step(&mut self, input: Input) -> Option<Action> {
        match input {
            Input::Changed { paths, spoils } => self.changed(paths, spoils),
            Input::Ended(told) => self.ended(told),
            Input::Signal(signal) => Some(self.signal(signal)),
        }
    }

    fn changed(&mut self, paths: BTreeSet<PathBuf>, spoils: bool) -> Option<Action> {
        let runs = |path: &PathBuf| self.restless.get(path).copied().unwrap_or(0);
        match &mut self.state {
            State::Ending(_) => None,
            State::Idle => {
                // Between runs it was no job.
                self.restless.retain(|path, _| !paths.contains(path));
                self.state = State::busy();
                Some(Action::Start(paths))
            }
            State::Busy { changed, is_cancelled } => {
                let ends_it =
                    spoils && self.on_busy == OnBusy::Cancel && paths.iter().any(|path| runs(path) < LAST_CANCEL);
                let is_first = ends_it && !std::mem::replace(is_cancelled, *is_cancelled || ends_it);
                changed.extend(paths);
                is_first.then_some(Action::Cancel)
            }
        }
    }

    fn ended(&mut self, told: Option<Signal>) -> Option<Action> {
        let changed = match std::mem::replace(&mut self.state, State::Idle) {
            State::Ending(signal) => return Some(Action::Die(signal)),
            State::Busy { changed, .. } => changed,
            State::Idle => return None,
        };
        if let Some(signal) = told {
            return Some(Action::Die(signal));
        }
        let before = std::mem::take(&mut self.restless);
        let runs = |path: &PathBuf| before.get(path).copied().unwrap_or(0);
        let (counted, others) = changed.iter().cloned().partition(|path| runs(path) < LAST_COUNTED);
        self.restless = changed.into_iter().map(|path| (runs(&path).saturating_add(1), path)).map(swap).collect();
        Some(if BTreeSet::is_empty(&counted) {
            Action::Wait(others)
        } else {
            self.state = State::busy();
            Action::Start(counted)
        })
    }

    fn signal(&mut self, signal: Signal) -> Action {
        match self.state {
            State::Idle => return Action::Die(signal),
            State::Ending(_) => {}
            State::Busy { .. } => self.state = State::Ending(signal),
        }
        Action::Tell(signal)
    }
}

impl State {
    fn busy() -> Self {
        Self::Busy { changed: BTreeSet::new(), is_cancelled: false }
    }
}

fn swap((runs, path): (u32, PathBuf)) -> (PathBuf, u32) {
    (path, runs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(names: &[&str]) -> BTreeSet<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn changed(names: &[&str]) -> Input {
        Input::Changed { paths: files(names), spoils: true }
    }

    fn start(names: &[&str]) -> Action {
        Action::Start(files(names))
    }

    fn wait(names: &[&str]) -> Action {
        Action::Wait(files(names))
    }

    #[test]
    fn what_changes_between_runs_starts_one() {
        let mut machine = Machine::new(OnBusy::Cancel);
        assert_eq!(machine.step(Input::Ended(None)), Some(wait(&[])));
        assert_eq!(machine.step(changed(&["b", "a"])), Some(start(&["a", "b"])));
        assert_eq!(machine.step(Input::Ended(None)), Some(wait(&[])));
    }

    #[test]
    fn what_changes_during_a_run_ends_it_once_or_waits_for_its_end() {
        for (on_busy, first) in [(OnBusy::Cancel, Some(Action::Cancel)), (OnBusy::Finish, None)] {
            let mut machine = Machine::new(on_busy);
            assert_eq!(machine.step(changed(&["a"])), first);
            assert_eq!(machine.step(changed(&["b"])), None);
            assert_eq!(machine.step(Input::Ended(None)), Some(start(&["a", "b"])));
            assert_eq!(machine.step(Input::Ended(None)), Some(wait(&[])));
        }
    }

    #[test]
    fn what_a_run_may_have_been_meant_to_change_does_not_end_it() {
        let mut machine = Machine::new(OnBusy::Cancel);
        let rewritten = Input::Changed { paths: files(&["a"]), spoils: false };
        assert_eq!(machine.step(rewritten), None);
        assert_eq!(machine.step(changed(&["b"])), Some(Action::Cancel));
        assert_eq!(machine.step(Input::Ended(None)), Some(start(&["a", "b"])));
    }

    #[test]
    fn a_signal_is_told_to_the_run_and_died_of_after_it() {
        let mut machine = Machine::new(OnBusy::Cancel);
        assert_eq!(machine.step(Input::Signal(Signal::TERM)), Some(Action::Tell(Signal::TERM)));
        assert_eq!(machine.step(changed(&["a"])), None);
        assert_eq!(machine.step(Input::Signal(Signal::INT)), Some(Action::Tell(Signal::INT)));
        assert_eq!(machine.step(Input::Ended(None)), Some(Action::Die(Signal::TERM)));
        let mut machine = Machine::new(OnBusy::Cancel);
        machine.step(Input::Ended(None));
        assert_eq!(machine.step(Input::Signal(Signal::INT)), Some(Action::Die(Signal::INT)));
    }

    #[test]
    fn a_run_that_was_told_to_end_ends_the_watch() {
        let mut machine = Machine::new(OnBusy::Finish);
        machine.step(changed(&["a"]));
        assert_eq!(machine.step(Input::Ended(Some(Signal::INT))), Some(Action::Die(Signal::INT)));
    }

    #[test]
    fn what_each_run_changes_comes_to_rest_until_somebody_else_changes_it() {
        for on_busy in [OnBusy::Cancel, OnBusy::Finish] {
            let mut machine = Machine::new(on_busy);
            let mut cancels = 0;
            for _ in 0..LAST_COUNTED {
                cancels += u32::from(machine.step(changed(&["log"])).is_some());
                assert_eq!(machine.step(Input::Ended(None)), Some(start(&["log"])));
            }
            assert_eq!(cancels, if on_busy == OnBusy::Cancel { LAST_CANCEL } else { 0 });
            assert_eq!(machine.step(changed(&["log"])), None);
            assert_eq!(machine.step(Input::Ended(None)), Some(wait(&["log"])));
            // Another file starts a run, in which it still does not count, and which it does not hold back.
            assert_eq!(machine.step(changed(&["a"])), Some(start(&["a"])));
            machine.step(changed(&["log", "b"]));
            assert_eq!(machine.step(Input::Ended(None)), Some(start(&["b"])));
            machine.step(changed(&["log"]));
            assert_eq!(machine.step(Input::Ended(None)), Some(wait(&["log"])));
            assert_eq!(machine.step(changed(&["log"])), Some(start(&["log"])));
            machine.step(changed(&["log"]));
            assert_eq!(machine.step(Input::Ended(None)), Some(start(&["log"])));
        }
    }

    #[test]
    fn a_run_in_which_a_file_rests_makes_it_like_others() {
        let mut machine = Machine::new(OnBusy::Finish);
        for _ in 0..LAST_COUNTED {
            machine.step(changed(&["a"]));
            machine.step(Input::Ended(None));
        }
        assert_eq!(machine.step(Input::Ended(None)), Some(wait(&[])));
        machine.step(changed(&["b"]));
        machine.step(changed(&["a"]));
        assert_eq!(machine.step(Input::Ended(None)), Some(start(&["a"])));
    }

    fn input() -> impl Strategy<Value = Input> {
        let paths = prop::collection::btree_set("[abc]".prop_map(PathBuf::from), 1..3);
        prop_oneof![
            4 => (paths, any::<bool>()).prop_map(|(paths, spoils)| Input::Changed { paths, spoils }),
            4 => prop::option::weighted(0.02, Just(Signal::INT)).prop_map(Input::Ended),
            1 => Just(Input::Signal(Signal::TERM)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn there_is_one_run_at_a_time_and_no_change_is_lost(
            inputs in prop::collection::vec(input(), 0..100),
            finish in any::<bool>(),
        ) {
            let mut machine = Machine::new(if finish { OnBusy::Finish } else { OnBusy::Cancel });
            let (mut busy, mut ending, mut cancelled) = (true, false, false);
            // What has changed since the last run began.
            let mut unseen = BTreeSet::new();
            for input in inputs {
                // Only a run can end.
                if matches!(input, Input::Ended(_)) && !busy {
                    continue;
                }
                let spoilt = matches!(input, Input::Changed { spoils: true, .. });
                if let Input::Changed { paths, .. } = &input {
                    unseen.extend(paths.iter().cloned());
                }
                ending |= matches!(input, Input::Signal(_));
                let has_ended = matches!(input, Input::Ended(_));
                busy &= !has_ended;
                match machine.step(input) {
                    Some(Action::Start(paths)) => {
                        prop_assert!(!busy && !ending && paths.is_subset(&unseen));
                        unseen.clear();
                        (busy, cancelled) = (true, false);
                    }
                    Some(Action::Cancel) => {
                        prop_assert!(busy && !ending && !cancelled && !finish && spoilt);
                        cancelled = true;
                    }
                    Some(Action::Tell(_)) => prop_assert!(busy && ending),
                    Some(Action::Wait(named)) => {
                        // What is not made up for is named.
                        prop_assert!(has_ended && !ending);
                        prop_assert_eq!(&named, &unseen);
                        unseen.clear();
                    }
                    Some(Action::Die(_)) => {
                        prop_assert!(!busy);
                        return Ok(());
                    }
                    None => prop_assert!(busy),
                }
                prop_assert_eq!(!matches!(machine.state, State::Idle), busy);
            }
        }
    }
}
