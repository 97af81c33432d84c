//! The terminal, lent to a job: while the job has it, nothing else is written there.
//!
//! Knows whether it is lent. Does not know to whom, nor what is written.

use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

const NONE: u8 = 0;
const LENT: u8 = 1;
const TAKEN_BACK: u8 = 2;

/// Known to who lends the terminal and to the thread that writes.
#[derive(Debug, Default)]
pub(super) struct Loan(AtomicU8);

impl Loan {
    pub(super) fn lend(&self) {
        self.0.store(LENT, Ordering::SeqCst);
    }

    /// Whoever takes it back unparks the writing thread.
    pub(super) fn take_back(&self) {
        _ = self.0.compare_exchange(LENT, TAKEN_BACK, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Waits, in the writing thread, until it is not lent. Answers whether it has been since the last time.
    pub(super) fn wait(&self) -> bool {
        while self.0.load(Ordering::SeqCst) == LENT {
            thread::park();
        }
        self.0.compare_exchange(TAKEN_BACK, NONE, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}
