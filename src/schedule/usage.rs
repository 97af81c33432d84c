//! What the jobs that have a place take: weight under the limit, slots in pools, memory.
//!
//! A job takes all that it needs at once, so none waits while it holds what another waits for.

use super::ready::Lane;
use crate::job::JobSettings;
use crate::plan::Plan;

#[derive(Debug)]
pub(super) struct Usage {
    /// The run's limit.
    limit: usize,
    /// The sum of their weights.
    taken: usize,
    /// Whether what has a place is one job that runs alone.
    alone: bool,
    /// Of each pool, the slots that are free.
    free: Vec<u32>,
    memory: Memory,
}

impl Usage {
    pub(super) fn new(plan: &Plan, limit: usize) -> Self {
        let free = plan.pools.values().copied().collect();
        Self { limit, taken: 0, alone: false, free, memory: Memory::default() }
    }

    /// How many places under the limit are taken; 0 if no job has one.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// So much memory is available now; the first time, before anything starts.
    pub(super) fn see_memory(&mut self, bytes: u64) {
        self.memory.at_start.get_or_insert(bytes);
        (self.memory.now, self.memory.taken_since) = (Some(bytes), 0);
    }

    pub(super) fn take(&mut self, settings: &JobSettings, lane: &Lane) {
        let memory = settings.memory.unwrap_or(0);
        self.alone = settings.interactive || !self.memory.has(memory);
        self.taken += self.weight(settings);
        for pool in &lane.pools {
            self.free[*pool] -= 1;
        }
        self.memory.taken = self.memory.taken.saturating_add(memory);
        self.memory.taken_since = self.memory.taken_since.saturating_add(memory);
    }

    pub(super) fn give_back(&mut self, settings: &JobSettings, lane: &Lane) {
        self.alone = false;
        self.taken -= self.weight(settings);
        for pool in &lane.pools {
            self.free[*pool] += 1;
        }
        self.memory.taken = self.memory.taken.saturating_sub(settings.memory.unwrap_or(0));
    }

    /// How many places a job takes. What is heavier than the limit takes all that there are.
    fn weight(&self, settings: &JobSettings) -> usize {
        usize::try_from(settings.weight).unwrap_or(usize::MAX).clamp(1, self.limit)
    }

    /// Whether so many places leave one to any job at all.
    pub(super) fn leaves_room(&self, places: usize) -> bool {
        self.taken == 0 || (!self.alone && self.taken < places)
    }

    /// Nothing is held back yet.
    pub(super) fn nothing_held(&self) -> Held {
        Held { pools: vec![false; self.free.len()], memory: false }
    }

    /// What keeps a job from starting; `held` is what better ones wait for.
    pub(super) fn obstacle(&self, settings: &JobSettings, lane: &Lane, held: &Held, places: usize) -> Option<Obstacle> {
        if self.taken == 0 {
            return None;
        }
        if lane.pools.iter().any(|pool| self.free[*pool] == 0 || held.pools[*pool]) {
            return Some(Obstacle::Pool);
        }
        let memory = settings.memory.unwrap_or(0);
        if lane.memory && (held.memory || !self.memory.has(memory)) {
            return Some(Obstacle::Memory { for_now: !held.memory && self.memory.would_have(memory) });
        }
        let fits = !settings.interactive && self.taken + self.weight(settings) <= places;
        (!fits).then_some(Obstacle::Limit)
    }
}

/// What keeps a job from starting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Obstacle {
    /// Too few places under the limit.
    Limit,
    /// A pool without a free slot.
    Pool,
    /// Too little memory; `for_now` if that is others' doing, so that it may change without the end of a job.
    Memory { for_now: bool },
}

/// What is held back for jobs that cannot start yet, from those that come after them.
#[derive(Debug)]
pub(super) struct Held {
    pools: Vec<bool>,
    memory: bool,
}

impl Held {
    /// All pools of a lane that waits for one of them; what it has not got yet is of no use to it, but would be gone when
    /// its turn comes.
    pub(super) fn hold_pools(&mut self, lane: &Lane) {
        for pool in &lane.pools {
            self.pools[*pool] = true;
        }
    }

    pub(super) fn hold_memory(&mut self) {
        self.memory = true;
    }
}

/// In bytes.
#[derive(Debug, Default)]
struct Memory {
    /// What was available before anything started; `None` where that cannot be told, and then there is always enough.
    at_start: Option<u64>,
    /// What was available when it was last measured.
    now: Option<u64>,
    /// What the jobs that have a place declare.
    taken: u64,
    /// Of that, what has been taken since the last measurement, which does not know of it.
    taken_since: u64,
}

impl Memory {
    /// Whether so much is available. A job may take long until it uses what it declares, so what is measured now is not
    /// enough to go by.
    fn has(&self, bytes: u64) -> bool {
        self.now.is_none_or(|now| bytes <= now.saturating_sub(self.taken_since)) && self.would_have(bytes)
    }

    /// Whether so much would be available if no other process took any.
    fn would_have(&self, bytes: u64) -> bool {
        self.at_start.is_none_or(|at_start| bytes <= at_start.saturating_sub(self.taken))
    }
}
