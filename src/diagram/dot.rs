//! A diagram in Graphviz's language.

use std::io::{self, Write};

use super::{Diagram, Edge, EdgeKind, Kind, Node, Outcome};
use crate::text;

impl Diagram {
    /// Writes it; an arrow goes from who waits to what it waits for.
    pub(crate) fn write_dot(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "digraph procman {{\n    node [shape=box];")?;
        for node in &self.nodes {
            writeln!(out, "    {} [{}];", id(node), attributes(node).join(", "))?;
        }
        for (from, node) in self.nodes.iter().enumerate() {
            for edge in self.edges_of(from) {
                write!(out, "    {} -> {}", id(node), id(&self.nodes[edge.to]))?;
                let attributes = edge_attributes(edge);
                if !attributes.is_empty() {
                    write!(out, " [{}]", attributes.join(", "))?;
                }
                writeln!(out, ";")?;
            }
        }
        writeln!(out, "}}")
    }
}

fn attributes(node: &Node) -> Vec<String> {
    let lines: Vec<String> = node.lines().iter().map(|line| label(line)).collect();
    let mut attributes = vec![format!("label=\"{}\"", lines.join("\\n"))];
    match node.kind {
        Kind::Job { .. } => {}
        Kind::Matrix(_) => attributes.push("shape=box3d".to_owned()),
        Kind::Group => attributes.push("shape=ellipse".to_owned()),
    }
    if let Some(description) = &node.description {
        attributes.push(format!("tooltip=\"{}\"", label(&text::escape(description.as_bytes()))));
    }
    if let Some(outcome) = node.outcome {
        attributes.push(format!("style=filled, fillcolor=\"{}\"", outcome.color()));
    }
    attributes
}

fn edge_attributes(edge: &Edge) -> Vec<String> {
    let style = match edge.kind {
        EdgeKind::Needs => None,
        EdgeKind::File => Some("style=dotted".to_owned()),
        EdgeKind::After => Some("style=dashed".to_owned()),
    };
    let files = edge.files().map(|files| format!("label=\"{}\"", label(&files)));
    style.into_iter().chain(files).collect()
}

/// Quoted, in which only quotes mean something; a backslash is doubled so that none comes to stand before the last.
fn id(node: &Node) -> String {
    format!("\"{}\"", text::escape(node.name.as_bytes()).replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text within quotes, in which backslashes mean something, and names of characters as in HTML do.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}

impl Outcome {
    /// Pale, so that black on it can be read.
    pub(super) fn color(self) -> &'static str {
        match self {
            Self::Good => "#c8e6c9",
            Self::Skipped => "#e0e0e0",
            Self::Doubtful => "#fff3b0",
            Self::Bad => "#f8c4c4",
        }
    }
}
