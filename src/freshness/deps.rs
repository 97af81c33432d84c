//! What the dependencies of a job have made, and whether that is what they had made when the job last succeeded.
//!
//! A dependency on a group counts as one, with one hash of what all its jobs have made; that hash stands for a list
//! which is kept once, so that a thousand jobs that need a thousand others cost a thousand names each time and not a
//! million.
//!
//! A run may leave dependencies out: then what they made last counts, whichever run that was in.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use super::digest::Digest;
use super::reason::{MadeChange, Reason};
use super::state::{NameId, Record, State};
use crate::graph::NodeId;
use crate::job::JobId;
use crate::keyed_hash::{Key, KeyedHash, first};
use crate::plan::Plan;

/// What each node of a plan is called in the state.
#[derive(Debug)]
pub(super) struct NodeNames {
    by_node: Vec<NameId>,
    is_planned: Vec<bool>,
}

/// What is known of what jobs have made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) plan: &'a Plan,
    pub(super) names: &'a NodeNames,
    pub(super) state: &'a State,
    /// Of jobs of this run, beside what is recorded; `None` for one that has not succeeded.
    pub(super) now: &'a HashMap<JobId, Option<Digest>>,
    pub(super) key: &'a Key,
}

/// The groups that were asked for, and what the asker remembered of each.
pub(super) type Groups = HashMap<(NodeId, Option<Digest>), Arc<Group>>;

/// What the jobs of a group have made.
#[derive(Debug)]
pub(super) struct Group {
    /// `None` when one of them has not succeeded.
    pub(super) digest: Option<Digest>,
    /// Those that make something.
    pub(super) made: Arc<[(NameId, Digest)]>,
    /// In what it differs from what was remembered.
    reasons: Vec<Reason>,
}

/// What the dependencies of one job have made.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// Those that make something.
    pub(super) all: Vec<(NameId, Option<Digest>)>,
    /// The groups among them.
    pub(super) groups: Vec<Arc<Group>>,
    /// In what they differ from what they were; none where there is nothing to compare them with.
    pub(super) reasons: Vec<Reason>,
}

impl NodeNames {
    pub(super) fn new(plan: &Plan, state: &mut State) -> Self {
        let names = plan.jobs.iter().map(|(name, _)| name).chain(plan.groups.iter().map(|name| &**name));
        let by_node: Vec<NameId> = names.map(|name| state.names.number(name.as_bytes())).collect();
        let mut is_planned = vec![false; state.names.len()];
        for name in &by_node {
            is_planned[*name as usize] = true;
        }
        Self { by_node, is_planned }
    }

    pub(super) fn of(&self, node: impl Into<NodeId>) -> NameId {
        self.by_node[node.into().index()]
    }

    fn is_planned(&self, name: NameId) -> bool {
        self.is_planned.get(name as usize).copied().unwrap_or(false)
    }
}

/// The nodes whose products are part of what a job is made from.
pub(super) fn counted(plan: &Plan, job: JobId) -> &[NodeId] {
    // Of what it needs only for a file, that file counts, as an input.
    plan.graph.needs_as_such(job.into())
}

impl Made<'_> {
    /// What the dependencies of a job have made, but for those of which `is_settled` says that it may still change.
    pub(super) fn by_dependencies(
        &self,
        job: JobId,
        record: Option<&Record>,
        groups: &mut Groups,
        is_settled: impl Fn(NodeId) -> bool,
    ) -> Dependencies {
        let mut dependencies = Dependencies::default();
        let before = record.map(|record| &*record.deps).unwrap_or_default();
        let remembered: HashMap<NameId, Option<Digest>> = before.iter().copied().collect();
        for node in counted(self.plan, job).iter().copied().filter(|node| is_settled(*node)) {
            let name = self.names.of(node);
            let before = remembered.get(&name).copied();
            // That it was not known is reason enough.
            let is_compared = record.is_some() && before != Some(None);
            let before = before.flatten();
            if let Some(need) = self.plan.graph.job(node) {
                if self.makes_something(need) {
                    let digest = self.by_job(need);
                    dependencies.all.push((name, digest));
                    dependencies.reasons.extend(self.reason(name, before, digest).filter(|_| is_compared));
                }
                continue;
            }
            let group = self.by_group(node, before, groups);
            if group.digest.is_none() || !group.made.is_empty() {
                dependencies.all.push((name, group.digest));
                dependencies.reasons.extend(group.reasons.iter().filter(|_| is_compared).cloned());
                dependencies.groups.push(group);
            }
        }
        for (name, before) in before {
            if before.is_none() {
                dependencies.reasons.push(self.dependency(*name, MadeChange::Unknown));
            } else if let Some(digest) = self.by_left_out(*name) {
                dependencies.all.push((*name, Some(digest)));
                dependencies.reasons.extend(self.reason(*name, *before, Some(digest)));
            }
        }
        dependencies
    }

    /// Whether a job is known by what it makes.
    fn makes_something(&self, job: JobId) -> bool {
        let job = self.plan.jobs.job(job);
        job.files.as_ref().is_some_and(|files| !files.outputs.is_empty()) && job.settings.runs_here()
    }

    fn by_job(&self, job: JobId) -> Option<Digest> {
        match self.now.get(&job) {
            Some(now) => *now,
            None => self.state.record(self.names.of(job)).map(|record| self.digest(record)),
        }
    }

    fn by_left_out(&self, name: NameId) -> Option<Digest> {
        let record = self.state.record(name).filter(|_| !self.names.is_planned(name))?;
        Some(self.digest(record))
    }

    fn digest(&self, record: &Record) -> Digest {
        record.outputs_digest(|| outputs_digest(self.state, record.outputs(), self.key))
    }

    fn by_group(&self, node: NodeId, before: Option<Digest>, groups: &mut Groups) -> Arc<Group> {
        if let Some(group) = groups.get(&(node, before)) {
            return Arc::clone(group);
        }
        let group = Arc::new(self.group(node, before));
        groups.insert((node, before), Arc::clone(&group));
        group
    }

    fn group(&self, node: NodeId, before: Option<Digest>) -> Group {
        let jobs = self.jobs_behind(node).into_iter().filter(|job| self.makes_something(*job));
        let mut all: Vec<(NameId, Option<Digest>)> = jobs.map(|job| (self.names.of(job), self.by_job(job))).collect();
        let remembered = before.and_then(|before| self.state.group(before));
        let left_out = remembered.into_iter().flat_map(|made| made.iter());
        all.extend(left_out.filter_map(|(name, _)| Some((*name, Some(self.by_left_out(*name)?)))));
        // The same jobs in any order are the same.
        all.sort_unstable_by_key(|(name, _)| self.state.names.name(*name));
        let made: Arc<[(NameId, Digest)]> = all.iter().filter_map(|(name, digest)| Some((*name, (*digest)?))).collect();
        let digest = (made.len() == all.len()).then(|| self.group_digest(&made));
        let reasons = match remembered {
            _ if digest.is_some() && digest == before => Vec::new(),
            None => self.reason(self.names.of(node), before, digest).into_iter().collect(),
            Some(remembered) => {
                let before: HashMap<NameId, Digest> = remembered.iter().copied().collect();
                let reason = |(name, digest): &(_, _)| self.reason(*name, before.get(name).copied(), *digest);
                all.iter().filter_map(reason).collect()
            }
        };
        Group { digest, made, reasons }
    }

    /// The jobs that a group stands for, also by way of other groups.
    fn jobs_behind(&self, group: NodeId) -> HashSet<JobId> {
        let (mut jobs, mut groups, mut open) = (HashSet::new(), HashSet::new(), vec![group]);
        while let Some(group) = open.pop() {
            for node in self.plan.graph.needs(group) {
                match self.plan.graph.job(*node) {
                    Some(job) => _ = jobs.insert(job),
                    None if groups.insert(*node) => open.push(*node),
                    None => {}
                }
            }
        }
        jobs
    }

    fn reason(&self, name: NameId, before: Option<Digest>, now: Option<Digest>) -> Option<Reason> {
        let change = match (before, now) {
            (_, None) => MadeChange::Unknown,
            (None, Some(_)) => MadeChange::New,
            (Some(before), Some(now)) if before == now => return None,
            (Some(_), Some(_)) => MadeChange::Changed,
        };
        Some(self.dependency(name, change))
    }

    fn dependency(&self, name: NameId, change: MadeChange) -> Reason {
        Reason::Dependency(String::from_utf8_lossy(self.state.names.name(name)).into(), change)
    }

    fn group_digest(&self, made: &[(NameId, Digest)]) -> Digest {
        let mut hash = KeyedHash::new(self.key);
        hash.begin(b'g');
        for (name, digest) in made {
            hash.text(OsStr::from_bytes(self.state.names.name(*name)));
            hash.array(digest.0);
        }
        Digest(first(&hash.take()))
    }
}

/// One hash of outputs, by their paths and contents.
pub(super) fn outputs_digest(state: &State, outputs: &[(u32, Digest)], key: &Key) -> Digest {
    let mut hash = KeyedHash::new(key);
    hash.begin(b'o');
    for (file, digest) in outputs {
        hash.text(state.path(*file));
        hash.array(digest.0);
    }
    Digest(first(&hash.take()))
}
