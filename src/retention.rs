//! Which old runs are kept: so many, so young, and not more than so much.
//!
//! Knows numbers, ages and sizes. Does not know where runs lie or how one is removed.

use std::time::Duration;

/// How many runs are kept where nobody says.
const KEEP_RUNS: usize = 20;

/// What is kept. A run that any of these is against is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) keep_runs: usize,
    /// Since its start.
    pub(crate) max_age: Option<Duration>,
    /// In bytes, of all that are kept.
    pub(crate) max_size: Option<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keep_runs: KEEP_RUNS, max_age: None, max_size: None }
    }
}

/// What has to be known of a run. It is asked for only where it decides, because it takes time to find out.
pub(crate) trait Aging {
    fn age(&self) -> Duration;
    /// In bytes.
    fn size(&self) -> u64;
    /// Whether it has to stay whatever is asked for.
    fn is_spared(&self) -> bool;
}

/// Runs by their places.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outdated {
    /// The oldest last.
    pub(crate) gone: Vec<usize>,
    /// What would go if it had not to stay.
    pub(crate) spared: Vec<usize>,
}

impl Retention {
    /// Which of these runs, the newest first, are not kept. The newest always is.
    pub(crate) fn outdated(&self, runs: &[impl Aging]) -> Outdated {
        let mut outdated = Outdated::default();
        let mut kept = Vec::new();
        for (at, run) in runs.iter().enumerate().skip(1) {
            let is_old = at >= self.keep_runs || self.max_age.is_some_and(|max| run.age() > max);
            match is_old {
                false => kept.push(at),
                true if run.is_spared() => outdated.spared.push(at),
                true => outdated.gone.push(at),
            }
        }
        if let Some(max) = self.max_size {
            let stays = runs.first().into_iter().chain(outdated.spared.iter().map(|at| &runs[*at]));
            let sizes: Vec<u64> = kept.iter().map(|at| runs[*at].size()).collect();
            let mut left: u64 = stays.map(Aging::size).chain(sizes.iter().copied()).fold(0, u64::saturating_add);
            for (at, size) in kept.into_iter().zip(sizes).rev() {
                if left <= max {
                    break;
                }
                if runs[at].is_spared() {
                    outdated.spared.push(at);
                } else {
                    outdated.gone.push(at);
                    left = left.saturating_sub(size);
                }
            }
        }
        outdated.gone.sort_unstable();
        outdated.spared.sort_unstable();
        outdated
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    struct Run {
        age: u64,
        size: u64,
        is_spared: bool,
    }

    impl Aging for Run {
        fn age(&self) -> Duration {
            Duration::from_secs(self.age)
        }

        fn size(&self) -> u64 {
            self.size
        }

        fn is_spared(&self) -> bool {
            self.is_spared
        }
    }

    /// The newest first.
    fn runs() -> impl Strategy<Value = Vec<Run>> {
        let run = (0..50_u64, 0..10_u64, prop::bool::weighted(0.2));
        let run = run.prop_map(|(age, size, is_spared)| Run { age, size, is_spared });
        prop::collection::vec(run, 0..12).prop_map(|mut runs| {
            runs.sort_by_key(|run| run.age);
            runs
        })
    }

    fn retention() -> impl Strategy<Value = Retention> {
        let max_age = prop::option::of((0..60_u64).prop_map(Duration::from_secs));
        (1..14_usize, max_age, prop::option::of(0..60_u64)).prop_map(|(keep_runs, max_age, max_size)| Retention {
            keep_runs,
            max_age,
            max_size,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_kept_is_kept_for_a_reason(runs in runs(), retention in retention()) {
            let Outdated { gone, spared } = retention.outdated(&runs);
            let kept: Vec<usize> = (0..runs.len()).filter(|at| !gone.contains(at)).collect();
            let size: u64 = kept.iter().map(|at| runs[*at].size).sum();
            prop_assert!(!gone.contains(&0));
            prop_assert!(gone.iter().all(|at| !runs[*at].is_spared));
            prop_assert!(spared.iter().all(|at| runs[*at].is_spared && !gone.contains(at)));
            for at in kept.into_iter().skip(1).filter(|at| !runs[*at].is_spared) {
                prop_assert!(at < retention.keep_runs);
                prop_assert!(retention.max_age.is_none_or(|max| runs[at].age() <= max));
                prop_assert!(retention.max_size.is_none_or(|max| size <= max));
                prop_assert!(gone.iter().all(|gone| *gone > at), "the oldest go first");
            }
        }

        #[test]
        fn what_goes_goes_for_a_reason(runs in runs(), retention in retention()) {
            for at in retention.outdated(&runs).gone {
                let is_old = at >= retention.keep_runs || retention.max_age.is_some_and(|max| runs[at].age() > max);
                // With it, and all that is newer or stays anyway, there is too much.
                let beside = |(other, run): (usize, &Run)| (other <= at || run.is_spared).then_some(run.size);
                let size: u64 = runs.iter().enumerate().filter_map(beside).sum();
                prop_assert!(is_old || retention.max_size.is_some_and(|max| size > max));
            }
        }

        #[test]
        fn once_is_enough(mut runs in runs(), retention in retention()) {
            let gone = retention.outdated(&runs).gone;
            let mut at = 0..;
            runs.retain(|_| !gone.contains(&at.next().expect("it has no end")));
            prop_assert!(retention.outdated(&runs).gone.is_empty());
        }
    }
}
