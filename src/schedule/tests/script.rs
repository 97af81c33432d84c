//! What the jobs of the scripted world are and do.

use std::sync::Arc;

use super::world::ms;
use crate::graph::{Graph, NodeId};
use crate::job::{Job, JobMap, JobSettings};
use crate::plan::Plan;
use crate::schedule::Prospect;

/// The pools that there are: the first has a slot, the second two.
pub(super) const POOLS: [&str; 2] = ["one", "two"];

/// What a job is, and what its attempts do.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) needs: Vec<usize>,
    pub(super) after: Vec<usize>,
    /// Whether it needs a group of those instead of each by itself, and comes after a group of groups of the others.
    pub(super) grouped: bool,
    pub(super) settings: JobSettings,
    pub(super) prospect: Prospect,
    /// Whether a check finds it up to date, and how long that takes.
    pub(super) check: (bool, u64),
    /// The exit code of each attempt and how long it takes; the last stands for all further ones.
    pub(super) attempts: Vec<(i32, u64)>,
    /// How long it goes on after TERM; `None` for one that ignores it.
    pub(super) dies_after: Option<u64>,
}

impl Script {
    pub(super) fn new(code: i32, millis: u64) -> Self {
        let settings = JobSettings { grace: ms(100), ..JobSettings::in_directory("/") };
        Self {
            needs: Vec::new(),
            after: Vec::new(),
            grouped: false,
            settings,
            prospect: Prospect::Run,
            check: (false, 0),
            attempts: vec![(code, millis)],
            dies_after: Some(1),
        }
    }

    pub(super) fn needs(mut self, needs: &[usize]) -> Self {
        self.needs = needs.to_vec();
        self
    }

    pub(super) fn after(mut self, after: &[usize]) -> Self {
        self.after = after.to_vec();
        self
    }

    pub(super) fn set(mut self, change: impl FnOnce(&mut JobSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(super) fn prospect(mut self, prospect: Prospect) -> Self {
        self.prospect = prospect;
        self
    }

    /// With a check that takes so long.
    pub(super) fn checked(mut self, fresh: bool, millis: u64) -> Self {
        self.check = (fresh, millis);
        self.prospect(Prospect::Check)
    }

    pub(super) fn attempt(&self, number: u32) -> (i32, u64) {
        self.attempts[(number as usize - 1).min(self.attempts.len() - 1)]
    }
}

pub(super) fn plan(scripts: &[Script]) -> Plan {
    let mut jobs = JobMap::new();
    let mut graph = Graph::new(scripts.len());
    let nodes: Vec<NodeId> = graph.nodes().collect();
    for (index, script) in scripts.iter().enumerate() {
        let job = Job::new(vec!["true".into()], Arc::new(script.settings.clone()));
        jobs.insert(index.to_string(), job).expect("names are distinct");
        if script.grouped {
            let (needed, inner, outer) = (graph.add_join(), graph.add_join(), graph.add_join());
            script.needs.iter().for_each(|on| graph.add_need(needed, nodes[*on]));
            script.after.iter().for_each(|on| graph.add_need(inner, nodes[*on]));
            graph.add_need(outer, inner);
            graph.add_need(nodes[index], needed);
            graph.add_after(nodes[index], outer);
        } else {
            script.needs.iter().for_each(|on| graph.add_need(nodes[index], nodes[*on]));
            script.after.iter().for_each(|on| graph.add_after(nodes[index], nodes[*on]));
        }
    }
    Plan { graph, ..Plan::independent(jobs) }.pool(POOLS[0], 1).pool(POOLS[1], 2)
}
