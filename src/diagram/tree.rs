//! A diagram as trees of text: under each node what it waits for.

use std::io::{self, Write};

use owo_colors::OwoColorize;

use super::{Diagram, Edge, EdgeKind};
use crate::report::Styles;
use crate::text;

impl Diagram {
    /// Writes a tree for each node that no other needs. What is under a node is written where it is first met.
    pub(crate) fn write_tree(&self, styles: &Styles, out: &mut impl Write) -> io::Result<()> {
        let mut is_needed = vec![false; self.nodes.len()];
        for edge in self.edges.iter().filter(|edge| edge.kind != EdgeKind::After) {
            is_needed[edge.to] = true;
        }
        let mut tree = Tree { diagram: self, styles, out, is_shown: vec![false; self.nodes.len()] };
        let roots = (0..self.nodes.len()).filter(|node| !is_needed[*node]);
        // Jobs never wait for each other in a circle; the tasks that they are of may.
        for root in roots.chain(0..self.nodes.len()) {
            if !tree.is_shown[root] {
                tree.write(root)?;
            }
        }
        Ok(())
    }
}

struct Tree<'a, W> {
    diagram: &'a Diagram,
    styles: &'a Styles,
    out: &'a mut W,
    is_shown: Vec<bool>,
}

impl<W: Write> Tree<'_, W> {
    fn write(&mut self, root: usize) -> io::Result<()> {
        let diagram = self.diagram;
        self.line("", "", root, None)?;
        // A walk without recursion: a chain may be as long as the manifest.
        let mut open = vec![diagram.edges_of(root).iter()];
        let mut before = String::new();
        while let Some(siblings) = open.last_mut() {
            let Some(edge) = siblings.next() else {
                open.pop();
                // One level less: what stands for one is as long as what stands for any other.
                before.truncate(before.char_indices().rev().nth(LEVEL - 1).map_or(0, |(at, _)| at));
                continue;
            };
            let is_last = siblings.as_slice().is_empty();
            let goes_on = edge.kind != EdgeKind::After && !self.is_shown[edge.to];
            self.line(&before, if is_last { "└── " } else { "├── " }, edge.to, Some(edge))?;
            if goes_on {
                before.push_str(if is_last { "    " } else { "│   " });
                open.push(diagram.edges_of(edge.to).iter());
            }
        }
        Ok(())
    }

    fn line(&mut self, before: &str, branch: &str, node: usize, edge: Option<&Edge>) -> io::Result<()> {
        let (styles, shown) = (self.styles, &self.diagram.nodes[node]);
        if !branch.is_empty() {
            write!(self.out, "{}", format_args!("{before}{branch}").style(styles.quiet))?;
        }
        self.out.write_all(text::escape(shown.name.as_bytes()).as_bytes())?;
        for (at, (word, end)) in shown.ends().enumerate() {
            write!(self.out, "{}{}", if at == 0 { ": " } else { ", " }, end.style(styles.of_word(word)))?;
        }
        let is_after = edge.is_some_and(|edge| edge.kind == EdgeKind::After);
        let files = edge.and_then(Edge::files).map(|files| format!("for {files}"));
        let notes: Vec<String> =
            shown.what().into_iter().chain(files).chain(is_after.then(|| "after".to_owned())).collect();
        if !notes.is_empty() {
            write!(self.out, " {}", format_args!("({})", notes.join("; ")).style(styles.quiet))?;
        }
        // What only comes first has its own tree elsewhere.
        let is_repeated =
            !is_after && std::mem::replace(&mut self.is_shown[node], true) && !self.diagram.edges_of(node).is_empty();
        if is_repeated {
            write!(self.out, " {}", "(*)".style(styles.quiet))?;
        }
        writeln!(self.out)
    }
}

/// How many characters stand for a level.
const LEVEL: usize = 4;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::{Kind, Node};
    use super::*;

    /// So many nodes, named by their numbers, with these edges.
    fn diagram(nodes: usize, edges: &[(usize, usize, EdgeKind)]) -> Diagram {
        let node = |number: usize| Node {
            name: number.to_string().into(),
            kind: Kind::Job { task: None },
            description: None,
            jobs: Vec::new(),
            ends: Vec::new(),
            outcome: None,
        };
        let mut this = Diagram { nodes: (0..nodes).map(node).collect(), edges: Vec::new(), starts: vec![0] };
        for from in 0..nodes {
            let own = edges.iter().filter(|edge| edge.0 == from);
            this.edges.extend(own.map(|(_, to, kind)| Edge { to: *to, kind: *kind, files: Vec::new() }));
            this.starts.push(this.edges.len());
        }
        this
    }

    fn lines(diagram: &Diagram) -> Vec<String> {
        let mut out = Vec::new();
        diagram.write_tree(&Styles::default(), &mut out).expect("memory can be written");
        String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Also where nodes wait for each other in a circle.
        #[test]
        fn every_node_is_there_and_every_edge_once(
            edges in prop::collection::hash_set((0..8usize, 0..8usize), 0..24),
            after in prop::collection::vec(any::<bool>(), 24),
        ) {
            let kinds = after.into_iter().map(|after| if after { EdgeKind::After } else { EdgeKind::Needs });
            let edges: Vec<_> = edges.into_iter().zip(kinds).map(|((from, to), kind)| (from, to, kind)).collect();
            let lines = lines(&diagram(8, &edges));
            let is_name = |c: char| c.is_ascii_digit();
            let names: HashSet<&str> = lines.iter().map(|line| &line[line.find(is_name).unwrap_or(0)..][..1]).collect();
            let roots = lines.iter().filter(|line| line.starts_with(is_name)).count();
            prop_assert_eq!(names.len(), 8, "{:?}", lines);
            prop_assert_eq!(lines.len(), edges.len() + roots, "{:?}", lines);
        }
    }
}
