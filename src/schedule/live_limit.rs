//! How many places there are: as many as the run's limit says, or fewer while the system has too little of something for
//! that many.

use std::time::Duration;

/// How long to wait before another try when nothing runs that could give something back by its end.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
    Duration::from_millis(320),
];
/// For so long after a deferral no more are tried at once.
const CAUTION: Duration = Duration::from_secs(1);

/// Lowered by each deferral to what is taken; grows again, by one for each attempt that ends.
#[derive(Debug)]
pub(super) struct LiveLimit {
    /// The run's own.
    most: usize,
    now: usize,
    last_deferral: Option<Duration>,
    /// Deferrals in a row with nothing else running.
    in_vain: usize,
    /// Nothing starts before this time.
    pause: Option<Duration>,
}

impl LiveLimit {
    pub(super) fn new(most: usize) -> Self {
        Self { most, now: most, last_deferral: None, in_vain: 0, pause: None }
    }

    pub(super) fn get(&self) -> usize {
        self.now
    }

    /// Whether nothing may start for now.
    pub(super) fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// An attempt has ended, and what it took is free.
    pub(super) fn ended(&mut self, now: Duration) {
        self.in_vain = 0;
        if self.last_deferral.is_none_or(|last| now.saturating_sub(last) >= CAUTION) {
            self.now = self.most.min(self.now + 1);
        }
    }

    /// An attempt could not be started while others took so many places. The error is how many tries have been made with
    /// nothing else running, when another would be one too many.
    pub(super) fn deferred(&mut self, now: Duration, taken: usize) -> Result<(), usize> {
        self.last_deferral = Some(now);
        self.now = taken.max(1);
        if taken == 0 {
            let pause = PAUSES.get(self.in_vain);
            self.in_vain += 1;
            self.pause = Some(now.saturating_add(*pause.ok_or(self.in_vain)?));
        }
        Ok(())
    }

    /// When something may start again, if that is a matter of time.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.pause
    }

    pub(super) fn wake(&mut self, now: Duration) {
        self.pause = self.pause.filter(|until| *until > now);
    }
}
