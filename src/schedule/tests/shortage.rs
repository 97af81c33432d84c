//! What the world has too little of.

use std::time::Duration;

use super::world::ms;

/// A system that has too little for some spawns, and what it expects of a scheduler that heeds this.
#[derive(Debug, Clone)]
pub(super) struct Shortage {
    /// For one spawn after another, over and over: after what time it turns out that it cannot be, if so.
    denials: Vec<Option<Duration>>,
    /// Never more of them in a row.
    most_in_a_row: usize,
    spawns: usize,
    in_a_row: usize,
    /// With nothing else running.
    in_vain: u32,
    not_before: Duration,
    /// How many places may be taken, beside the run's own limit.
    ceiling: usize,
    last: Duration,
}

impl Shortage {
    pub(super) fn none() -> Self {
        Self::new(vec![None], 0)
    }

    pub(super) fn new(denials: Vec<Option<Duration>>, most_in_a_row: usize) -> Self {
        let (not_before, last) = (Duration::ZERO, Duration::ZERO);
        Self { denials, most_in_a_row, spawns: 0, in_a_row: 0, in_vain: 0, not_before, ceiling: usize::MAX, last }
    }

    pub(super) fn spawn(&mut self, now: Duration, others: usize, weight: usize) -> Option<Duration> {
        assert!(now >= self.not_before, "a pause is cut short");
        assert!(others == 0 || others + weight <= self.ceiling, "more live than may after a deferral");
        let denial = self.denials[self.spawns % self.denials.len()];
        self.spawns += 1;
        denial.filter(|_| self.in_a_row < self.most_in_a_row).inspect(|_| self.in_a_row += 1)
    }

    pub(super) fn deferred(&mut self, now: Duration, others: usize) {
        (self.last, self.ceiling) = (now, others.max(1));
        if others == 0 {
            self.not_before = now + ms(10) * 2u32.pow(self.in_vain);
            self.in_vain += 1;
        }
    }

    pub(super) fn ended(&mut self, now: Duration) {
        (self.in_a_row, self.in_vain) = (0, 0);
        if now >= self.last + ms(1_000) {
            self.ceiling = self.ceiling.saturating_add(1);
        }
    }
}
