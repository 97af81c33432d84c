//! From the nodes of a plan to those that are drawn.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::{By, Diagram, Edge, EdgeKind, Kind, Node};
use crate::graph::NodeId;
use crate::job::JobId;
use crate::makers::Makers;
use crate::manifest::{FileReason, for_each_maker};
use crate::plan::{Plan, relative};

/// What a manifest says of a task beyond its jobs.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) description: Option<Arc<str>>,
    pub(crate) has_matrix: bool,
}

impl Diagram {
    /// Of a plan. `named_groups` says of each of its groups whether it was asked for; `tasks` are those of the manifest,
    /// in its order.
    pub(crate) fn of(
        plan: &Plan,
        root: &Path,
        named_groups: &[bool],
        tasks: &IndexMap<Arc<str>, Described>,
        by: By,
    ) -> Self {
        let builder = Builder { plan, root, tasks, by, makers: Makers::of(&plan.jobs) };
        let mut members: Vec<(Place, NodeId)> =
            builder.seen(named_groups).into_iter().map(|node| (builder.place(node), node)).collect();
        members.sort_unstable();
        let mut numbers: HashMap<Place, usize> = HashMap::new();
        let mut this = Self { nodes: Vec::new(), edges: Vec::new(), starts: vec![0] };
        for chunk in members.chunk_by(|a, b| a.0 == b.0) {
            numbers.insert(chunk[0].0, this.nodes.len());
            this.nodes.push(builder.node(chunk));
        }
        for (from, chunk) in members.chunk_by(|a, b| a.0 == b.0).enumerate() {
            this.edges.extend(builder.edges(from, chunk, &numbers));
            this.starts.push(this.edges.len());
        }
        this
    }
}

/// Where a node stands: by its task, and then, where jobs are drawn, the one for all of a matrix before its jobs.
type Place = (usize, Option<JobId>);

struct Builder<'a> {
    plan: &'a Plan,
    root: &'a Path,
    tasks: &'a IndexMap<Arc<str>, Described>,
    by: By,
    makers: Makers<'a>,
}

impl Builder<'_> {
    /// The jobs of the plan, the groups that were asked for or are needed, and those that only come first and stand for
    /// a job of the plan.
    fn seen(&self, named_groups: &[bool]) -> Vec<NodeId> {
        let graph = &self.plan.graph;
        let mut seen = vec![false; graph.nodes().count()];
        let mut is_known = seen.clone();
        let named = graph.nodes().skip(self.plan.jobs.len()).zip(named_groups).filter(|(_, named)| **named);
        let mut open: Vec<NodeId> = self.plan.jobs.ids().map(NodeId::from).chain(named.map(|(node, _)| node)).collect();
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut seen[node.index()], true) {
                continue;
            }
            open.extend(graph.needs(node));
            // Each is looked into once: many may come after one.
            let is_new = |on: &&NodeId| !std::mem::replace(&mut is_known[on.index()], true);
            let is_there = |on: &&NodeId| graph.job(**on).is_some() || graph.closure([**on], false).contains(&true);
            open.extend(graph.after(node).iter().filter(is_new).filter(is_there));
        }
        graph.nodes().filter(|node| seen[node.index()]).collect()
    }

    fn task(&self, node: NodeId) -> &Arc<str> {
        let cell = self.plan.graph.job(node).and_then(|job| self.plan.jobs.job(job).task.as_ref());
        cell.unwrap_or_else(|| self.plan.node_name(node))
    }

    fn place(&self, node: NodeId) -> Place {
        let task = self.tasks.get_index_of(self.task(node)).unwrap_or(self.tasks.len());
        (task, self.plan.graph.job(node).filter(|_| self.by == By::Job))
    }

    /// What is drawn for these nodes of the plan.
    fn node(&self, members: &[(Place, NodeId)]) -> Node {
        let (plan, first) = (self.plan, members[0].1);
        let task = self.task(first);
        let described = self.tasks.get(task);
        let jobs: Vec<Arc<str>> = members
            .iter()
            .filter_map(|(_, node)| plan.graph.job(*node))
            .map(|job| plan.jobs.name(job).clone())
            .collect();
        let (name, kind) = match plan.graph.job(first).map(|job| (plan.jobs.name(job), plan.jobs.job(job))) {
            Some((name, job)) if self.by == By::Job => (name, Kind::Job { task: job.task.clone() }),
            Some((name, job)) if job.task.is_none() => (name, Kind::Job { task: None }),
            _ if described.is_some_and(|task| task.has_matrix) => {
                let cells = if jobs.is_empty() { plan.graph.needs(first).len() } else { jobs.len() };
                (task, Kind::Matrix(cells))
            }
            _ => (task, Kind::Group),
        };
        let description = described.and_then(|task| task.description.clone());
        Node { name: Arc::clone(name), kind, description, jobs, ends: Vec::new(), outcome: None }
    }

    /// What the node with this number waits for, which stands for these of the plan: each once, as the strongest says.
    fn edges(&self, from: usize, members: &[(Place, NodeId)], numbers: &HashMap<Place, usize>) -> Vec<Edge> {
        let graph = &self.plan.graph;
        let mut edges: IndexMap<usize, (EdgeKind, IndexSet<String>)> = IndexMap::new();
        let mut add = |on: NodeId, kind: EdgeKind, file: Option<String>| {
            // What is not drawn stands for nothing.
            let Some(to) = numbers.get(&self.place(on)).filter(|to| **to != from) else { return };
            let edge = edges.entry(*to).or_insert_with(|| (kind, IndexSet::new()));
            edge.0 = edge.0.max(kind);
            edge.1.extend(file);
        };
        for (_, node) in members {
            let as_such = graph.needs_as_such(*node);
            for on in as_such {
                add(*on, EdgeKind::Needs, None);
            }
            if as_such.len() < graph.needs(*node).len() {
                for (on, file) in self.files(*node) {
                    add(on, EdgeKind::File, Some(file));
                }
            }
            for on in graph.after(*node) {
                add(*on, EdgeKind::After, None);
            }
        }
        let edge = |(to, (kind, files)): (usize, (EdgeKind, IndexSet<String>))| Edge {
            to,
            kind,
            files: files.into_iter().collect(),
        };
        edges.into_iter().map(edge).collect()
    }

    /// Whom a job needs for which file, in the order in which it declares them.
    fn files(&self, node: NodeId) -> Vec<(NodeId, String)> {
        let Some(id) = self.plan.graph.job(node) else { return Vec::new() };
        let job = self.plan.jobs.job(id);
        let needed = &self.plan.graph.needs(node)[self.plan.graph.needs_as_such(node).len()..];
        let needed: HashSet<NodeId> = needed.iter().copied().collect();
        let mut files = Vec::new();
        for_each_maker(&self.plan.jobs, self.root, &self.makers, id, |reason, maker| {
            let maker = NodeId::from(maker);
            if !needed.contains(&maker) {
                return;
            }
            let file = match reason {
                FileReason::Stdin => job.settings.stdin.as_ref().map(|path| relative(self.root, path)),
                FileReason::Input(at) => job.files.as_ref().map(|files| files.inputs.named[at].shown()),
            };
            files.extend(file.map(|file| (maker, file)));
        });
        files
    }
}
