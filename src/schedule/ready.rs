//! Jobs that could start, in the order in which they are to.
//!
//! Jobs that use the same pools stand in a lane of their own, and what declares memory stands apart from what does not:
//! where a lane's best has to wait for one of them, so have all behind it. So a hundred thousand jobs that wait for one
//! pool cost a look at the first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use crate::job::{JobId, JobSettings};
use crate::plan::Plan;

#[derive(Debug)]
pub(super) struct Ready {
    /// All jobs, the first to start first, as if all were ready.
    order: Vec<JobId>,
    /// For each job, its place in that order.
    ranks: Vec<u32>,
    /// For each job, its lane; empty where there is but one.
    lane_of: Vec<u32>,
    lanes: Vec<Lane>,
    /// Whether any job declares memory.
    pub(super) memory: bool,
    /// The lanes that are not empty, each by the rank of its best.
    heads: BTreeSet<(u32, u32)>,
}

/// Jobs that wait for the same things.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The pools in which each takes a slot, by their places in the plan.
    pub(super) pools: Vec<usize>,
    /// Whether they declare memory.
    pub(super) memory: bool,
    /// The ranks of those that are ready.
    jobs: BinaryHeap<Reverse<u32>>,
}

impl Ready {
    /// Of a plan's jobs, none of them ready: those of a higher priority first, then those with the longest remaining path,
    /// then in the manifest's order. At a limit of 1 paths make no run shorter.
    pub(super) fn new(plan: &Plan, limit: usize) -> Self {
        let paths = if limit == 1 { Vec::new() } else { plan.graph.remaining_path() };
        let path = |job: JobId| paths.get(job.index()).copied().unwrap_or_default();
        let mut order: Vec<JobId> = plan.jobs.ids().collect();
        order.sort_by_key(|job| Reverse((plan.jobs.job(*job).settings.priority, path(*job))));
        let mut ranks = vec![0; order.len()];
        for (rank, job) in (0..).zip(&order) {
            ranks[job.index()] = rank;
        }
        let (lane_of, lanes) = lanes(plan);
        let memory = lanes.iter().any(|lane| lane.memory);
        Self { order, ranks, lane_of, lanes, memory, heads: BTreeSet::new() }
    }

    /// The lane of a job.
    pub(super) fn lane(&self, job: JobId) -> &Lane {
        &self.lanes[self.lane_index(job) as usize]
    }

    fn lane_index(&self, job: JobId) -> u32 {
        self.lane_of.get(job.index()).copied().unwrap_or_default()
    }

    /// The best of each lane, the best of all first.
    pub(super) fn candidates(&self) -> impl Iterator<Item = (JobId, &Lane)> {
        self.heads.iter().map(|(rank, lane)| (self.order[*rank as usize], &self.lanes[*lane as usize]))
    }

    pub(super) fn push(&mut self, job: JobId) {
        let (rank, index) = (self.ranks[job.index()], self.lane_index(job));
        let lane = &mut self.lanes[index as usize];
        let best = lane.jobs.peek().map(|Reverse(best)| *best);
        lane.jobs.push(Reverse(rank));
        if best.is_none_or(|best| rank < best) {
            if let Some(best) = best {
                self.heads.remove(&(best, index));
            }
            self.heads.insert((rank, index));
        }
    }

    /// Takes a candidate out.
    pub(super) fn take(&mut self, candidate: JobId) {
        let index = self.lane_index(candidate);
        let lane = &mut self.lanes[index as usize];
        if let Some(Reverse(rank)) = lane.jobs.pop() {
            self.heads.remove(&(rank, index));
        }
        self.heads.extend(lane.jobs.peek().map(|Reverse(next)| (*next, index)));
    }

    /// Empties the queue; it serves a cancel, which takes all that is ready.
    pub(super) fn clear(&mut self) {
        for lane in &mut self.lanes {
            lane.jobs.clear();
        }
        self.heads.clear();
    }
}

/// For each job its lane, and the lanes.
fn lanes(plan: &Plan) -> (Vec<u32>, Vec<Lane>) {
    let is_plain = |settings: &JobSettings| settings.pools.is_empty() && settings.memory.is_none();
    if plan.jobs.iter().all(|(_, job)| is_plain(&job.settings)) {
        return (Vec::new(), vec![Lane::default()]);
    }
    let mut lanes = Vec::new();
    let mut known = HashMap::new();
    let lane_of = plan.jobs.iter().map(|(_, job)| {
        let mut pools: Vec<usize> =
            job.settings.pools.iter().filter_map(|name| plan.pools.get_index_of(name.as_str())).collect();
        pools.sort_unstable();
        pools.dedup();
        let memory = job.settings.memory.is_some();
        *known.entry((pools, memory)).or_insert_with_key(|(pools, memory)| {
            lanes.push(Lane { pools: pools.clone(), memory: *memory, jobs: BinaryHeap::new() });
            u32::try_from(lanes.len() - 1).expect("there are no more lanes than jobs")
        })
    });
    (lane_of.collect(), lanes)
}
