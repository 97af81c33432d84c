//! Choosing tasks by what a user names.

use std::collections::HashSet;
use std::fmt;

use super::{Manifest, Task};
use crate::graph::NodeId;
use crate::plan::Plan;
use crate::selection::Selection;
use crate::text;

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectionError {
    /// No task has the name.
    Unknown {
        /// As it was given.
        name: String,
        /// What it may have been meant to be.
        suggestion: Option<String>,
    },
    /// A glob or tag fits no task that may be chosen so.
    NothingMatches(String),
    /// The task runs only as a dependency.
    Private(String),
    /// There are arguments, and not exactly one task of its own to give them to.
    NoTaskForArguments,
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape = |name: &str| text::escape(name.as_bytes());
        match self {
            Self::Unknown { name, suggestion: Some(meant) } => {
                write!(f, "there is no task `{}`; did you mean `{}`?", escape(name), escape(meant))
            }
            Self::Unknown { name, suggestion: None } => {
                write!(f, "there is no task `{}`; `procman list` shows all", escape(name))
            }
            Self::NothingMatches(pattern) => {
                write!(f, "no task matches `{}`; `manual` and `private` tasks never do", escape(pattern))
            }
            Self::Private(name) => write!(f, "`{}` is private: it runs only as a dependency", escape(name)),
            Self::NoTaskForArguments => {
                f.write_str("arguments after `--` need exactly one task to go to; name one that has an argv")
            }
        }
    }
}

impl std::error::Error for SelectionError {}

impl Manifest {
    /// The jobs of a selection, with all they need, ready to run.
    ///
    /// # Errors
    ///
    /// Every name that selects nothing.
    pub fn plan(mut self, selection: &Selection) -> Result<Plan, Vec<SelectionError>> {
        let roots: Vec<NodeId> = self.selected(&selection.names)?.into_iter().map(|(_, task)| task.node).collect();
        self.add_arguments(selection)?;
        let root = Some(self.root().to_owned());
        let keep = self.graph.closure(roots, !selection.no_deps);
        Ok(Plan { root, jobs: self.jobs, graph: self.graph, groups: self.groups }.restricted_to(&keep))
    }

    /// The tasks that are named, in the manifest's order; none named: those of `default`, or all that are open.
    ///
    /// # Errors
    ///
    /// Every name that selects nothing.
    pub fn selected(&self, names: &[String]) -> Result<Vec<(&str, &Task)>, Vec<SelectionError>> {
        let names = if names.is_empty() { self.default.as_deref() } else { Some(names) };
        let Some(names) = names else { return Ok(self.open_tasks().collect()) };
        let mut selected = HashSet::new();
        let mut errors = Vec::new();
        for name in names {
            match self.matching(name) {
                Ok(tasks) => selected.extend(tasks.into_iter().map(|(task, _)| task)),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(self.tasks().filter(|(task, _)| selected.contains(task)).collect())
    }

    fn matching(&self, name: &str) -> Result<Vec<(&str, &Task)>, SelectionError> {
        if let Some(exact) = self.task(name) {
            return if exact.1.is_private() { Err(SelectionError::Private(name.to_owned())) } else { Ok(vec![exact]) };
        }
        let tasks: Vec<(&str, &Task)> = if let Some(tag) = name.strip_prefix("tag:") {
            self.open_tasks().filter(|(_, task)| task.tags().iter().any(|own| own == tag)).collect()
        } else if name.contains(['*', '?']) {
            self.open_tasks().filter(|(task, _)| matches(name, task)).collect()
        } else {
            let names = self.tasks().filter(|(_, task)| !task.is_private()).map(|(name, _)| name);
            let suggestion = text::closest(name, names.chain(self.aliases.keys().map(|alias| &**alias)));
            return Err(SelectionError::Unknown { name: name.to_owned(), suggestion: suggestion.map(str::to_owned) });
        };
        if tasks.is_empty() { Err(SelectionError::NothingMatches(name.to_owned())) } else { Ok(tasks) }
    }

    /// The tasks that can be chosen without being named.
    fn open_tasks(&self) -> impl Iterator<Item = (&str, &Task)> {
        self.tasks().filter(|(_, task)| !task.is_private() && !task.is_manual())
    }

    fn add_arguments(&mut self, selection: &Selection) -> Result<(), Vec<SelectionError>> {
        if selection.arguments.is_empty() {
            return Ok(());
        }
        let task = match selection.names.as_slice() {
            [name] => self.task(name).and_then(|(_, task)| self.graph.job(task.node)),
            _ => None,
        };
        let Some(job) = task else { return Err(vec![SelectionError::NoTaskForArguments]) };
        self.jobs.job_mut(job).argv.extend(selection.arguments.iter().cloned());
        Ok(())
    }
}

/// Whether a pattern fits a name as a whole: `*` is any run of characters, `?` any one, all else itself.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last `*` has to take in one more character.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n + 1));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after_star, next)) => {
                    (p, n) = (after_star, next);
                    retry = Some((after_star, next + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    /// The definition, character by character.
    fn reference(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=name.len()).any(|taken| reference(rest, &name[taken..])),
            (Some((p, rest)), Some((n, others))) => (*p == '?' || p == n) && reference(rest, others),
            _ => false,
        }
    }

    #[test]
    fn brackets_are_plain_characters() {
        assert!(matches("test[py=*]", "test[py=3.12]"));
        assert!(!matches("test[a]", "testa"));
    }

    proptest! {
        #[test]
        fn globs_fit_what_their_definition_fits(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &name), reference(&chars(&pattern), &chars(&name)));
        }
    }
}
