//! Run time: what has passed since the run began, less the time in which it stood still.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// How long it has stood still so far.
    lost: Duration,
    /// Run time at which it stands still now.
    stopped_at: Option<Duration>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), lost: Duration::ZERO, stopped_at: None }
    }
}

impl Clock {
    pub(super) fn now(&self) -> Duration {
        self.stopped_at.unwrap_or_else(|| self.start.elapsed().saturating_sub(self.lost))
    }

    /// How long it is until then; `None` if it never will be, as things stand.
    pub(super) fn until(&self, then: Duration) -> Option<Duration> {
        (!self.is_stopped()).then(|| then.saturating_sub(self.now()))
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped_at.is_some()
    }

    pub(super) fn stop(&mut self) {
        self.stopped_at = Some(self.now());
    }

    pub(super) fn go_on(&mut self) {
        if let Some(stopped_at) = self.stopped_at.take() {
            self.lost = self.start.elapsed().saturating_sub(stopped_at);
        }
    }
}
