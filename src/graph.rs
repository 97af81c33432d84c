//! The order among jobs: who needs whom, who only comes after whom.
//!
//! Knows numbered nodes and edges. Does not know names, processes or states. A node is a job or a *join*: a point that
//! is reached when everything before it has ended. A dependency on a group of 1,000 jobs is one edge to a join, so
//! that 1,000 jobs that depend on 1,000 others cost 2,000 edges and not a million.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Add;

use crate::job::JobId;

/// A job, by the same number as its [`JobId`], or a join, numbered after the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("jobs and joins together are fewer than 2^32"))
    }
}

impl From<JobId> for NodeId {
    fn from(job: JobId) -> Self {
        Self(job.0)
    }
}

/// What a node waits for.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Must succeed first.
    needs: Vec<NodeId>,
    /// How many of them, the last, are needed only for files that they make.
    for_files: u32,
    /// Must only have ended.
    after: Vec<NodeId>,
}

/// Nodes and what they wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    jobs: usize,
    nodes: Vec<Node>,
}

impl Graph {
    /// As many jobs, no edges.
    pub(crate) fn new(jobs: usize) -> Self {
        Self { jobs, nodes: vec![Node::default(); jobs] }
    }

    pub(crate) fn add_join(&mut self) -> NodeId {
        self.nodes.push(Node::default());
        NodeId::from_index(self.nodes.len() - 1)
    }

    pub(crate) fn add_need(&mut self, node: NodeId, on: NodeId) {
        self.nodes[node.index()].needs.push(on);
    }

    /// The same, only because `on` makes a file that the job reads. After such a need no other may be added.
    pub(crate) fn add_file_need(&mut self, node: NodeId, on: NodeId) {
        self.nodes[node.index()].for_files += 1;
        self.add_need(node, on);
    }

    pub(crate) fn add_after(&mut self, node: NodeId, on: NodeId) {
        self.nodes[node.index()].after.push(on);
    }

    pub(crate) fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId::from_index)
    }

    pub(crate) fn needs(&self, node: NodeId) -> &[NodeId] {
        &self.nodes[node.index()].needs
    }

    /// What it needs as such, and not only for files.
    pub(crate) fn needs_as_such(&self, node: NodeId) -> &[NodeId] {
        let Node { needs, for_files, .. } = &self.nodes[node.index()];
        &needs[..needs.len() - *for_files as usize]
    }

    pub(crate) fn after(&self, node: NodeId) -> &[NodeId] {
        &self.nodes[node.index()].after
    }

    /// The job a node is, or `None` for a join.
    pub(crate) fn job(&self, node: NodeId) -> Option<JobId> {
        (node.index() < self.jobs).then_some(JobId(node.0))
    }

    fn waits_for(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.needs(node).iter().chain(self.after(node)).copied()
    }

    /// Cycles, each as the nodes on it, the first not repeated; no node is on two of them. Empty when there is none.
    pub(crate) fn cycles(&self) -> Vec<Vec<NodeId>> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            Unseen,
            OnPath,
            Done,
        }
        let mut marks = vec![Mark::Unseen; self.nodes.len()];
        let mut reported = vec![false; self.nodes.len()];
        let mut cycles = Vec::new();
        for start in self.nodes() {
            if marks[start.index()] != Mark::Unseen {
                continue;
            }
            marks[start.index()] = Mark::OnPath;
            // A walk without recursion: a chain may be as long as the manifest.
            let mut path = vec![(start, self.waits_for(start))];
            while let Some((node, rest)) = path.last_mut() {
                let Some(next) = rest.next() else {
                    marks[node.index()] = Mark::Done;
                    path.pop();
                    continue;
                };
                match marks[next.index()] {
                    Mark::Done => {}
                    Mark::Unseen => {
                        marks[next.index()] = Mark::OnPath;
                        path.push((next, self.waits_for(next)));
                    }
                    Mark::OnPath => {
                        let from = path.iter().position(|(node, _)| *node == next).unwrap_or(0);
                        let cycle: Vec<NodeId> = path[from..].iter().map(|(node, _)| *node).collect();
                        if !cycle.iter().any(|node| reported[node.index()]) {
                            for node in &cycle {
                                reported[node.index()] = true;
                            }
                            cycles.push(cycle);
                        }
                    }
                }
            }
        }
        cycles
    }

    /// The jobs behind `roots`: those that are jobs, those that joins stand for, and, where `with_needs`, all they
    /// need. One flag for each job.
    pub(crate) fn closure(&self, roots: impl IntoIterator<Item = NodeId>, with_needs: bool) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut open: Vec<NodeId> = roots.into_iter().collect();
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut seen[node.index()], true) {
                continue;
            }
            if with_needs || self.job(node).is_none() {
                open.extend(self.needs(node));
            }
        }
        seen.truncate(self.jobs);
        seen
    }

    /// The graph of the jobs that are set in `keep`, renumbered in the same order. Joins stay, less what is gone.
    pub(crate) fn restricted_to(&self, keep: &[bool]) -> Self {
        let mut numbers = Vec::with_capacity(self.nodes.len());
        let mut next = 0;
        for node in self.nodes() {
            let kept = keep.get(node.index()).copied().unwrap_or(true);
            numbers.push(kept.then(|| NodeId::from_index(next)));
            next += usize::from(kept);
        }
        let renumber = |edges: &[NodeId]| edges.iter().filter_map(|on| numbers[on.index()]).collect::<Vec<_>>();
        let kept = self.nodes().filter(|node| numbers[node.index()].is_some());
        let restrict = |node: NodeId| {
            let needs = renumber(self.needs(node));
            let as_such = self.needs_as_such(node).iter().filter(|on| numbers[on.index()].is_some()).count();
            let for_files = u32::try_from(needs.len() - as_such).unwrap_or(u32::MAX);
            Node { needs, for_files, after: renumber(self.after(node)) }
        };
        Self { jobs: keep.iter().filter(|kept| **kept).count(), nodes: kept.map(restrict).collect() }
    }

    /// All nodes in an order in which each comes after what it waits for; among those that could come next, the lowest.
    /// The graph must have no cycle.
    pub(crate) fn topological_order(&self) -> Vec<NodeId> {
        let dependents = Dependents::of(self);
        let mut waiting: Vec<usize> = self.nodes().map(|node| self.waits_for(node).count()).collect();
        let mut open: BinaryHeap<Reverse<NodeId>> =
            self.nodes().filter(|node| waiting[node.index()] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(Reverse(node)) = open.pop() {
            order.push(node);
            for &(dependent, _) in dependents.on(node) {
                waiting[dependent.index()] -= 1;
                if waiting[dependent.index()] == 0 {
                    open.push(Reverse(dependent));
                }
            }
        }
        order
    }

    /// For each node, the number of jobs on the longest way from it to an end, itself included.
    pub(crate) fn remaining_path(&self) -> Vec<u32> {
        self.longest_paths(|_| 1)
    }

    /// For each node, what the jobs on the costliest way from it to an end cost, itself included.
    pub(crate) fn longest_paths<C: Copy + Default + Ord + Add<Output = C>>(&self, cost: impl Fn(JobId) -> C) -> Vec<C> {
        let dependents = Dependents::of(self);
        let mut paths = vec![C::default(); self.nodes.len()];
        for node in self.topological_order().into_iter().rev() {
            let longest = dependents.on(node).iter().map(|(next, _)| paths[next.index()]).max().unwrap_or_default();
            paths[node.index()] = longest + self.job(node).map(&cost).unwrap_or_default();
        }
        paths
    }
}

/// Whether an edge asks for success or only for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    Needs,
    After,
}

/// The edges the other way round, in two flat arrays.
#[derive(Debug)]
pub(crate) struct Dependents {
    /// Where each node's edges start in `edges`; one more entry than nodes.
    starts: Vec<u32>,
    edges: Vec<(NodeId, EdgeKind)>,
}

impl Dependents {
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut starts = vec![0u32; graph.nodes.len() + 1];
        for node in graph.nodes() {
            for on in graph.waits_for(node) {
                starts[on.index() + 1] += 1;
            }
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let total = starts.last().map_or(0, |end| *end as usize);
        let mut free = starts.clone();
        let mut edges = vec![(NodeId(0), EdgeKind::Needs); total];
        for node in graph.nodes() {
            let needs = graph.needs(node).iter().map(|on| (on, EdgeKind::Needs));
            for (on, kind) in needs.chain(graph.after(node).iter().map(|on| (on, EdgeKind::After))) {
                edges[free[on.index()] as usize] = (node, kind);
                free[on.index()] += 1;
            }
        }
        Self { starts, edges }
    }

    /// Who waits for `node`, and how, lowest first.
    pub(crate) fn on(&self, node: NodeId) -> &[(NodeId, EdgeKind)] {
        &self.edges[self.starts[node.index()] as usize..self.starts[node.index() + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A graph of so many jobs and joins, with these needs.
    fn graph(jobs: usize, joins: usize, needs: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new(jobs);
        for _ in 0..joins {
            graph.add_join();
        }
        for (node, on) in needs {
            graph.add_need(NodeId::from_index(*node), NodeId::from_index(*on));
        }
        graph
    }

    fn indices(nodes: &[NodeId]) -> Vec<usize> {
        nodes.iter().map(|node| node.index()).collect()
    }

    #[test]
    fn cycles_are_found_each_once() {
        let found = |needs| graph(6, 0, needs).cycles().iter().map(|cycle| indices(cycle)).collect::<Vec<_>>();
        assert_eq!(found(&[(0, 1), (1, 2), (0, 2)]), Vec::<Vec<usize>>::new());
        assert_eq!(found(&[(0, 1), (1, 2), (2, 0), (3, 3), (4, 0)]), [vec![0, 1, 2], vec![3]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let needs: Vec<(usize, usize)> = (1..200_000).map(|node| (node - 1, node)).collect();
        let graph = graph(200_000, 0, &needs);
        assert!(graph.cycles().is_empty());
        assert_eq!(graph.remaining_path()[199_999], 200_000);
    }

    #[test]
    fn the_closure_goes_through_joins_also_without_needs() {
        let graph = graph(4, 1, &[(4, 0), (4, 1), (1, 2), (3, 4)]);
        let join = NodeId::from_index(4);
        assert_eq!(graph.closure([join], true), [true, true, true, false]);
        assert_eq!(graph.closure([join], false), [true, true, false, false]);
    }

    #[test]
    fn a_restricted_graph_keeps_joins_less_what_is_gone() {
        let restricted = graph(3, 1, &[(3, 0), (3, 2), (1, 3)]).restricted_to(&[false, true, true]);
        let [first, second, join] = restricted.nodes().collect::<Vec<_>>()[..] else { panic!("two jobs and a join") };
        assert_eq!((restricted.job(second), restricted.job(join)), (Some(JobId(1)), None));
        assert_eq!((restricted.needs(first), restricted.needs(join)), (&[join][..], &[second][..]));
    }

    #[test]
    fn joins_add_nothing_to_a_path() {
        let graph = graph(3, 1, &[(3, 0), (1, 3), (2, 1)]);
        assert_eq!(graph.remaining_path(), [3, 2, 1, 2]);
    }

    proptest! {
        #[test]
        fn an_order_or_a_cycle(needs in prop::collection::vec((0..8usize, 0..8usize), 0..20)) {
            let graph = graph(8, 0, &needs);
            let order = indices(&graph.topological_order());
            let place = |node: usize| order.iter().position(|other| *other == node);
            if graph.cycles().is_empty() {
                prop_assert_eq!(order.len(), 8);
                prop_assert!(needs.iter().all(|(node, on)| place(*on) < place(*node)));
            } else {
                prop_assert!(order.len() < 8);
            }
        }
    }
}
