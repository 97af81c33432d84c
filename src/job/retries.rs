//! Whether and when a failed attempt is followed by another.

use std::time::Duration;

/// Whether a failed attempt is followed by another, and when; `2.into()` is two more at once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Retries {
    /// How many more attempts a failed one is given.
    pub count: u32,
    /// How long the job waits before its second attempt; it holds no place under the limit while it does.
    pub delay: Duration,
    /// What becomes of the delay before further attempts.
    pub backoff: Backoff,
    /// No delay is longer than this.
    pub max_delay: Option<Duration>,
    /// How much of each delay is left to chance, 0.0 to 1.0: a random part of up to this fraction is taken off.
    pub jitter: f64,
}

/// How the delays before a job's attempts grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backoff {
    /// They do not.
    #[default]
    Fixed,
    /// Each is twice the one before.
    Exponential,
}

impl From<u32> for Retries {
    /// So many, without a delay.
    fn from(count: u32) -> Self {
        Self { count, ..Self::default() }
    }
}

impl Retries {
    /// How long the job waits before an attempt, the first being 1. `random` is at least 0 and less than 1; it decides
    /// what the jitter takes off.
    pub fn delay_before(&self, attempt: u32, random: f64) -> Duration {
        /// So many times even a nanosecond can be doubled before it is too long to be represented.
        const MOST_DOUBLINGS: u32 = 94;
        let doublings = match self.backoff {
            Backoff::Fixed => 0,
            Backoff::Exponential => attempt.saturating_sub(2).min(MOST_DOUBLINGS),
        };
        let delay = (0..doublings).fold(self.delay, |delay, _| delay.saturating_mul(2));
        let longest = delay.min(self.max_delay.unwrap_or(Duration::MAX));
        let part = longest.as_secs_f64() * self.jitter * random;
        longest.saturating_sub(Duration::try_from_secs_f64(part).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn any_retries() -> impl Strategy<Value = Retries> {
        let backoff = prop_oneof![Just(Backoff::Fixed), Just(Backoff::Exponential)];
        (any::<u32>(), any::<Duration>(), backoff, any::<Option<Duration>>(), 0.0..=1.0)
            .prop_map(|(count, delay, backoff, max_delay, jitter)| Retries { count, delay, backoff, max_delay, jitter })
    }

    #[test]
    fn delays_are_fixed_or_double_up_to_the_longest() {
        let delays = |retries: Retries| [2, 3, 4, 5].map(|attempt| retries.delay_before(attempt, 0.0).as_secs());
        let fixed = Retries { delay: 3 * SECOND, ..4.into() };
        assert_eq!(delays(fixed), [3, 3, 3, 3]);
        let doubling = Retries { backoff: Backoff::Exponential, ..fixed };
        assert_eq!(delays(doubling), [3, 6, 12, 24]);
        assert_eq!(delays(Retries { max_delay: Some(10 * SECOND), ..doubling }), [3, 6, 10, 10]);
        assert_eq!(delays(4.into()), [0, 0, 0, 0]);
    }

    #[test]
    fn jitter_takes_off_up_to_its_fraction() {
        let delay = |jitter, random| Retries { delay: 8 * SECOND, jitter, ..1.into() }.delay_before(2, random);
        assert_eq!(delay(0.0, 0.75), 8 * SECOND);
        assert_eq!(delay(0.25, 0.0), 8 * SECOND);
        assert_eq!(delay(0.25, 0.5), 7 * SECOND);
        assert_eq!(delay(1.0, 0.75), 2 * SECOND);
    }

    #[test]
    fn the_longest_delay_doubles_to_itself() {
        let retries = Retries { delay: Duration::MAX, backoff: Backoff::Exponential, ..1.into() };
        assert_eq!(retries.delay_before(u32::MAX, 0.0), Duration::MAX);
        let retries = Retries { delay: Duration::from_nanos(1), ..retries };
        assert_eq!(retries.delay_before(u32::MAX, 0.0), Duration::MAX);
    }

    proptest! {
        #[test]
        fn a_delay_is_within_what_was_asked_for(
            retries in any_retries(),
            attempt in 2..=u32::MAX,
            random in 0.0..1.0,
        ) {
            let whole = Retries { jitter: 0.0, ..retries }.delay_before(attempt, random);
            let delay = retries.delay_before(attempt, random);
            prop_assert!(delay <= whole);
            prop_assert!(delay.as_secs_f64() >= whole.as_secs_f64() * (1.0 - retries.jitter) * 0.999_999 - 1e-6);
            prop_assert!(whole <= retries.max_delay.unwrap_or(Duration::MAX));
            prop_assert!(whole >= retries.delay.min(retries.max_delay.unwrap_or(Duration::MAX)));
            let next = Retries { jitter: 0.0, ..retries }.delay_before(attempt.saturating_add(1), random);
            prop_assert!(next >= whole);
        }
    }
}
