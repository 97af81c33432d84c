//! Which jobs start, read naively from the rules: one look at all that are ready for each that starts.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::script::{POOLS, Script};

/// What it depends on.
#[derive(Debug)]
pub(super) struct Now<'a> {
    pub(super) scripts: &'a [Script],
    /// For each job, how many are on the longest way from it to an end, itself included.
    pub(super) paths: &'a [usize],
    /// The jobs that have a place.
    pub(super) placed: Vec<usize>,
    /// That of them for which there was too little memory.
    pub(super) alone: Option<usize>,
    pub(super) ready: Vec<usize>,
    /// The run's limit, and how many places there are for now.
    pub(super) limit: usize,
    pub(super) places: usize,
    /// What was available before the run, and what is now.
    pub(super) memory: Option<(u64, u64)>,
}

impl Now<'_> {
    /// Those that start, in this order.
    pub(super) fn starts(&self) -> Vec<usize> {
        let mut ready = self.ready.clone();
        let path = |job: usize| if self.limit == 1 { 0 } else { self.paths[job] };
        ready.sort_by_key(|job| (Reverse(self.scripts[*job].settings.priority), Reverse(path(*job)), *job));
        let mut starts = Vec::new();
        while let Some(job) = self.next(&ready, &starts) {
            ready.retain(|other| *other != job);
            starts.push(job);
        }
        starts
    }

    fn next(&self, ready: &[usize], starts: &[usize]) -> Option<usize> {
        let placed: Vec<usize> = self.placed.iter().chain(starts).copied().collect();
        if placed.is_empty() {
            return ready.first().copied();
        }
        let interactive = placed.iter().any(|job| self.scripts[*job].settings.interactive);
        if interactive || self.alone.or(self.alone_of(starts)).is_some() {
            return None;
        }
        let available = self.available(&placed, starts);
        let uses = |job: usize, pool: &str| self.scripts[job].settings.pools.iter().any(|name| name == pool);
        let taken = |pool: &str| placed.iter().filter(|job| uses(**job, pool)).count();
        let mut held: HashSet<&str> = HashSet::new();
        for job in ready {
            let settings = &self.scripts[*job].settings;
            let is_blocked = |(pool, slots)| uses(*job, pool) && (taken(pool) == slots || held.contains(pool));
            if POOLS.into_iter().zip(1..).any(is_blocked) {
                held.extend(settings.pools.iter().map(String::as_str));
            } else if settings.memory.is_some_and(|bytes| held.contains("memory") || bytes > available) {
                held.insert("memory");
            } else if settings.interactive || self.weights(&placed) + self.weight(*job) > self.places {
                return None;
            } else {
                return Some(*job);
            }
        }
        None
    }

    /// The one among those that start for which there is too little memory.
    pub(super) fn alone_of(&self, starts: &[usize]) -> Option<usize> {
        let first = *starts.first().filter(|_| self.placed.is_empty())?;
        self.scripts[first].settings.memory.filter(|bytes| *bytes > self.available(&[], &[])).map(|_| first)
    }

    fn weight(&self, job: usize) -> usize {
        (self.scripts[job].settings.weight as usize).min(self.limit)
    }

    fn weights(&self, jobs: &[usize]) -> usize {
        jobs.iter().map(|job| self.weight(*job)).sum()
    }

    /// What is left of what there was before the run, and of what there is now, which does not know of those that start.
    fn available(&self, placed: &[usize], starts: &[usize]) -> u64 {
        let memory = |job: &usize| self.scripts[*job].settings.memory;
        let declared = |jobs: &[usize]| jobs.iter().filter_map(memory).fold(0, u64::saturating_add);
        let left = |(at_start, now): (u64, u64)| {
            at_start.saturating_sub(declared(placed)).min(now.saturating_sub(declared(starts)))
        };
        self.memory.map_or(u64::MAX, left)
    }
}

/// How many jobs are on the longest way from this one to an end.
pub(super) fn path(scripts: &[Script], job: usize) -> usize {
    let waits = |other: &usize| scripts[*other].needs.contains(&job) || scripts[*other].after.contains(&job);
    1 + (0..scripts.len()).filter(waits).map(|other| path(scripts, other)).max().unwrap_or(0)
}
