//! A diagram as data.

use indexmap::IndexMap;
use serde::Serialize;

use super::{Diagram, Edge, EdgeKind, Kind, Node};

/// What `graph --format json` prints.
#[derive(Serialize)]
pub(crate) struct ShownDiagram<'a> {
    nodes: Vec<ShownNode<'a>>,
    edges: Vec<ShownEdge<'a>>,
}

#[derive(Serialize)]
struct ShownNode<'a> {
    /// No two have the same.
    name: &'a str,
    kind: &'static str,
    /// The task whose matrix it is a cell of.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// Of a matrix, how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<usize>,
    /// How a job ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// How many jobs of a matrix ended how.
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<IndexMap<&'static str, usize>>,
}

/// From who waits to what it waits for.
#[derive(Serialize)]
struct ShownEdge<'a> {
    from: &'a str,
    to: &'a str,
    kind: &'static str,
    /// What of that is read.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    files: &'a [String],
}

impl Diagram {
    pub(crate) fn as_data(&self) -> ShownDiagram<'_> {
        let edges = |from: usize| self.edges_of(from).iter().map(move |edge| self.shown_edge(from, edge));
        ShownDiagram {
            nodes: self.nodes.iter().map(ShownNode::of).collect(),
            edges: (0..self.nodes.len()).flat_map(edges).collect(),
        }
    }

    fn shown_edge<'a>(&'a self, from: usize, edge: &'a Edge) -> ShownEdge<'a> {
        let kind = match edge.kind {
            EdgeKind::Needs => "needs",
            EdgeKind::File => "file",
            EdgeKind::After => "after",
        };
        ShownEdge { from: &self.nodes[from].name, to: &self.nodes[edge.to].name, kind, files: &edge.files }
    }
}

impl<'a> ShownNode<'a> {
    fn of(node: &'a Node) -> Self {
        let (kind, task, jobs) = match &node.kind {
            Kind::Job { task } => ("job", task.as_deref(), None),
            Kind::Matrix(jobs) => ("matrix", None, Some(*jobs)),
            Kind::Group => ("group", None, None),
        };
        let is_marked = !node.ends.is_empty();
        Self {
            name: &node.name,
            kind,
            task,
            description: node.description.as_deref(),
            jobs,
            status: node.ends.first().filter(|_| jobs.is_none()).map(|(word, _)| *word),
            statuses: jobs.filter(|_| is_marked).map(|_| node.ends.iter().copied().collect()),
        }
    }
}
