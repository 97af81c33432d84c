//! The two queues of the scheduler that know nothing of jobs: places under the limit, and times to act at.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::job::JobId;

/// The numbers of the places under the limit. The lowest free one is given out, so that they stay as few as were ever
/// taken at once.
#[derive(Debug, Default)]
pub(super) struct Slots {
    returned: BinaryHeap<Reverse<u32>>,
    next: u32,
}

impl Slots {
    pub(super) fn take(&mut self) -> u32 {
        if let Some(Reverse(slot)) = self.returned.pop() {
            return slot;
        }
        self.next += 1;
        self.next - 1
    }

    pub(super) fn give_back(&mut self, slot: u32) {
        self.returned.push(Reverse(slot));
    }
}

/// Times to act at, the earliest first. An entry whose job has since got another deadline, or none, is stale; whoever
/// reads decides.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Duration, JobId)>>,
}

impl Timers {
    pub(super) fn push(&mut self, at: Duration, job: JobId) {
        self.heap.push(Reverse((at, job)));
    }

    pub(super) fn first(&self) -> Option<(Duration, JobId)> {
        self.heap.peek().map(|Reverse(entry)| *entry)
    }

    pub(super) fn pop(&mut self) {
        self.heap.pop();
    }
}
