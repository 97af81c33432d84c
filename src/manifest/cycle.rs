//! How a cycle is told of: of tasks that wait for each other, of files that include each other.

use std::ops::Range;

use crate::diagnostic::Problem;

/// Of a longer cycle only the beginning and the end are shown.
const LONGEST: usize = 12;

/// What a cycle consists of.
pub(super) struct Cycle<'a> {
    /// What is wrong with it, before its path.
    pub(super) what: &'static str,
    /// What is on it, in order, the first not repeated; not empty.
    pub(super) names: Vec<&'a str>,
    /// What each does to the next, such as "waits for".
    pub(super) verb: &'static str,
    pub(super) help: &'static str,
}

impl Cycle<'_> {
    /// Shows it as its path, and each edge of it at the place where it is written, which `edge` knows.
    pub(super) fn problem(&self, edge: impl Fn(usize) -> Option<Range<usize>>) -> Option<Problem> {
        let mut path = self.names.clone();
        path.push(path[0]);
        if path.len() > LONGEST {
            path.splice(LONGEST / 2..path.len() - LONGEST / 2, ["..."]);
        }
        let message = format!("{}: {}", self.what, path.join(" -> "));
        let mut problem: Option<Problem> = None;
        for (at, name) in self.names.iter().enumerate().take(LONGEST) {
            let Some(span) = edge(at) else { continue };
            let text = format!("`{name}` {} `{}`", self.verb, self.names[(at + 1) % self.names.len()]);
            problem = Some(match problem {
                None => Problem::error(span, message.clone()).labelled(text),
                Some(problem) => problem.and(span, text),
            });
        }
        problem.map(|problem| problem.help(self.help))
    }
}
