//! What one run is to do: the selected jobs, their order, and the names that stand for several of them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::event::{PlannedGroup, PlannedJob};
use crate::expected::with_inputs;
use crate::graph::{Graph, NodeId};
use crate::job::{JobId, JobMap, JobSettings, Streams};
use crate::makers::Makers;
use crate::places::Places;

/// Jobs that are ready to be run, in the manifest's order, with what each waits for.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) jobs: JobMap,
    pub(crate) graph: Graph,
    /// The names of the graph's joins, in order.
    pub(crate) groups: Vec<Arc<str>>,
    /// How many slots each pool has.
    pub(crate) pools: IndexMap<Arc<str>, u32>,
    /// The manifest's folder.
    pub(crate) root: Option<PathBuf>,
    /// For each job, whether it was asked for, and is not only needed.
    pub(crate) named: Vec<bool>,
    pub(crate) places: Places,
}

/// What a failed job means for the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Jobs that do not need it go on.
    #[default]
    Continue,
    /// Nothing new starts; what runs goes on.
    NoNew,
    /// Nothing new starts, and what runs is ended.
    Kill,
}

impl Plan {
    /// All of these jobs, with nothing to wait for.
    pub fn independent(jobs: JobMap) -> Self {
        let (graph, named) = (Graph::new(jobs.len()), vec![true; jobs.len()]);
        Self { jobs, graph, groups: Vec::new(), pools: IndexMap::new(), root: None, named, places: Places::default() }
    }

    /// Gives a pool so many slots, at least 1: no more of the jobs that name it run at once.
    #[must_use]
    pub fn pool(mut self, name: impl Into<Arc<str>>, slots: u32) -> Self {
        self.pools.insert(name.into(), slots.max(1));
        self
    }

    /// The jobs, in the manifest's order.
    pub fn jobs(&self) -> &JobMap {
        &self.jobs
    }

    /// The jobs in an order in which each comes after all it waits for, as far as possible in the manifest's order.
    pub(crate) fn topological_order(&self) -> impl Iterator<Item = JobId> {
        let order = self.graph.topological_order().into_iter();
        order.filter_map(|node| self.graph.job(node))
    }

    /// The jobs that are set in `keep`, one flag for each, with what they wait for among themselves.
    pub(crate) fn restricted_to(mut self, keep: &[bool]) -> Self {
        if keep.contains(&false) {
            self.graph = self.graph.restricted_to(keep);
            self.jobs.retain(keep);
            self.places.retain(keep);
            let mut kept = keep.iter();
            self.named.retain(|_| kept.next() == Some(&true));
        }
        self
    }

    /// Each job as the record and `plan --json` show it, paths relative to `root` where they lie inside.
    pub fn planned_jobs(&self, root: &Path) -> impl Iterator<Item = PlannedJob> {
        let common = self.common_variables();
        // Most plans have no use for them.
        let makers = OnceCell::new();
        let mut latest_cwd: Option<(&PathBuf, Arc<str>)> = None;
        self.jobs.ids().map(move |id| {
            let job = self.jobs.job(id);
            let argv = if job.splices.is_empty() {
                Cow::Borrowed(&*job.argv)
            } else {
                Cow::Owned(with_inputs(job, makers.get_or_init(|| Makers::of(&self.jobs)), root))
            };
            // Most jobs have the directory of the one before.
            let cwd = match &latest_cwd {
                Some((path, shown)) if *path == &job.settings.cwd => Arc::clone(shown),
                _ => relative(root, &job.settings.cwd).into(),
            };
            latest_cwd = Some((&job.settings.cwd, Arc::clone(&cwd)));
            self.planned_job(id, &argv, cwd, &common)
        })
    }

    /// The names of the variables that are set for every job, which most often are all that there are.
    pub fn common_variables(&self) -> Vec<Arc<str>> {
        let mut jobs = self.jobs.iter().map(|(_, job)| &job.settings);
        let Some(mut latest) = jobs.next() else { return Vec::new() };
        let mut common: Vec<&String> = latest.environment.set.keys().collect();
        for settings in jobs {
            if common.is_empty() {
                break;
            }
            if !Arc::ptr_eq(settings, std::mem::replace(&mut latest, settings)) {
                common.retain(|name| settings.environment.set.contains_key(*name));
            }
        }
        common.into_iter().map(|name| Arc::from(name.as_str())).collect()
    }

    fn planned_job(&self, id: JobId, argv: &[OsString], cwd: Arc<str>, common: &[Arc<str>]) -> PlannedJob {
        let job = self.jobs.job(id);
        let argv = job.settings.wrapper.iter().chain(argv);
        PlannedJob {
            name: self.jobs.name(id).clone(),
            argv: argv.map(|argument| argument.to_string_lossy().into_owned()).collect(),
            cwd,
            env: own_variables(&job.settings, common),
            deps: self.names(self.graph.needs(id.into())),
            after: self.names(self.graph.after(id.into())),
            file: None,
            line: None,
            definition: None,
            log: None,
            split: job.settings.streams == Streams::Split,
        }
    }

    /// The groups that some planned job waits for, directly or through another group.
    pub fn planned_groups(&self) -> Vec<Arc<PlannedGroup>> {
        let mut used = vec![false; self.groups.len()];
        let mut open: Vec<NodeId> = self.jobs.ids().map(NodeId::from).collect();
        while let Some(node) = open.pop() {
            for on in self.graph.needs(node).iter().chain(self.graph.after(node)) {
                let join = on.index().checked_sub(self.jobs.len());
                if join.is_some_and(|join| !std::mem::replace(&mut used[join], true)) {
                    open.push(*on);
                }
            }
        }
        let joins = self.graph.nodes().skip(self.jobs.len()).zip(&self.groups).zip(used);
        joins
            .filter(|(_, used)| *used)
            .map(|((node, name), _)| {
                PlannedGroup { name: name.clone(), deps: self.names(self.graph.needs(node)) }.into()
            })
            .collect()
    }

    fn names(&self, nodes: &[NodeId]) -> Vec<Arc<str>> {
        nodes.iter().map(|node| self.node_name(*node).clone()).collect()
    }

    pub(crate) fn node_name(&self, node: NodeId) -> &Arc<str> {
        match self.graph.job(node) {
            Some(job) => self.jobs.name(job),
            None => &self.groups[node.index() - self.jobs.len()],
        }
    }
}

/// The names of the variables that are set for a job, less those that are set for every job.
fn own_variables(settings: &JobSettings, common: &[Arc<str>]) -> Vec<Arc<str>> {
    let set = &settings.environment.set;
    if set.len() == common.len() {
        return Vec::new();
    }
    let own = set.keys().filter(|name| !common.iter().any(|common| **common == ***name));
    own.map(|name| Arc::from(name.as_str())).collect()
}

/// A path as data, not for a screen: relative to `root` where it lies inside; what is not UTF-8 is replaced.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    match path.strip_prefix(root) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.to_string_lossy().into_owned(),
        Err(_) => path.to_string_lossy().into_owned(),
    }
}
