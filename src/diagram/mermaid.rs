//! A diagram in Mermaid's language, which GitHub and others show in Markdown.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Diagram, EdgeKind, Kind, Outcome};

impl Diagram {
    /// Writes it; an arrow goes from who waits to what it waits for.
    pub(crate) fn write_mermaid(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "flowchart TD")?;
        for (number, node) in self.nodes.iter().enumerate() {
            let (open, close) = match node.kind {
                Kind::Job { .. } => ("[", "]"),
                Kind::Matrix(_) => ("[[", "]]"),
                Kind::Group => ("([", "])"),
            };
            let lines: Vec<String> = node.lines().iter().map(|line| label(line)).collect();
            let class = node.outcome.map(|outcome| format!(":::{}", class(outcome))).unwrap_or_default();
            writeln!(out, "    n{number}{open}\"{}\"{close}{class}", lines.join("<br>"))?;
        }
        for from in 0..self.nodes.len() {
            for edge in self.edges_of(from) {
                let arrow = if edge.kind == EdgeKind::After { "-.->" } else { "-->" };
                let files = edge.files().map(|files| format!("|\"{}\"|", label(&files))).unwrap_or_default();
                writeln!(out, "    n{from} {arrow}{files} n{}", edge.to)?;
            }
        }
        let all = [Outcome::Good, Outcome::Skipped, Outcome::Doubtful, Outcome::Bad];
        for outcome in all.into_iter().filter(|outcome| self.nodes.iter().any(|node| node.outcome == Some(*outcome))) {
            writeln!(out, "    classDef {} fill:{},color:#000", class(outcome), outcome.color())?;
        }
        Ok(())
    }
}

fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "good",
        Outcome::Skipped => "skipped",
        Outcome::Doubtful => "doubtful",
        Outcome::Bad => "bad",
    }
}

/// A text within quotes. It is taken for HTML and for Markdown, so whatever may mean something there is written by its
/// number; and so is what would make an item of a list of its first word.
fn label(text: &str) -> String {
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let after_number = text.len() - number.len();
    let mut label = String::new();
    for (at, c) in text.char_indices() {
        let is_plain = c.is_alphanumeric() || " /:=,".contains(c) || (at != after_number && "-.".contains(c));
        if is_plain || !c.is_ascii() {
            label.push(c);
        } else {
            _ = write!(label, "#{};", u32::from(c));
        }
    }
    label
}
