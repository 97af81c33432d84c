//! Choosing tasks by what a user names.

use std::collections::HashSet;
use std::fmt;

use super::{Manifest, Task};
use crate::graph::NodeId;
use crate::job::{JobId, Spliced};
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
    /// The task has a matrix, and none of its jobs has the name.
    UnknownJob {
        /// As it was given.
        name: String,
        /// The task.
        task: String,
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
            Self::UnknownJob { name, task, suggestion } => {
                write!(f, "task `{}` has no job `{}`", escape(task), escape(name))?;
                match suggestion {
                    Some(meant) => write!(f, "; did you mean `{}`?", escape(meant)),
                    None => write!(f, "; `procman plan {}` shows all", escape(task)),
                }
            }
            Self::NothingMatches(pattern) => {
                write!(f, "no task matches `{}`; `manual` and `private` tasks never do", escape(pattern))
            }
            Self::Private(name) => write!(f, "`{}` is private: it runs only as a dependency", escape(name)),
            Self::NoTaskForArguments => f.write_str(
                "arguments after `--` need a task to go to; name one that has an argv, or some with `{{args}}` in it",
            ),
        }
    }
}

impl std::error::Error for SelectionError {}

/// What names stand for.
#[derive(Debug, Default)]
struct Chosen {
    /// The places of tasks.
    tasks: Vec<usize>,
    /// Single cells of a task's matrix.
    cells: Vec<JobId>,
}

impl Manifest {
    /// The jobs of a selection, with all they need, ready to run.
    ///
    /// # Errors
    ///
    /// Every name that selects nothing.
    pub fn plan(mut self, selection: &Selection) -> Result<Plan, Vec<SelectionError>> {
        let chosen = self.chosen(&selection.names)?;
        let tasks = chosen.tasks.into_iter().map(|task| self.tasks[task].node);
        let roots: Vec<NodeId> = tasks.chain(chosen.cells.into_iter().map(NodeId::from)).collect();
        let named = self.graph.closure(roots.iter().copied(), false);
        self.add_arguments(selection, &named)?;
        let root = Some(self.root().to_owned());
        let keep = if selection.no_deps { named.clone() } else { self.graph.closure(roots, true) };
        let places = self.places();
        let Self { jobs, graph, groups, pools, .. } = self;
        Ok(Plan { jobs, graph, groups, pools, root, named, places }.restricted_to(&keep))
    }

    /// The tasks that are named, in the manifest's order; none named: those of `default`, or all that are open. A cell
    /// of a matrix stands for its task.
    ///
    /// # Errors
    ///
    /// Every name that selects nothing.
    pub fn selected(&self, names: &[String]) -> Result<Vec<(&str, &Task)>, Vec<SelectionError>> {
        let Chosen { mut tasks, cells } = self.chosen(names)?;
        let task_of = |cell: JobId| self.tasks.get_index_of(&**self.jobs.job(cell).task.as_ref()?);
        tasks.extend(cells.into_iter().filter_map(task_of));
        tasks.sort_unstable();
        tasks.dedup();
        Ok(tasks
            .into_iter()
            .filter_map(|task| self.tasks.get_index(task))
            .map(|(name, task)| (&**name, task))
            .collect())
    }

    /// The tasks of a selection, and those they need, that have a matrix for which nothing was found.
    ///
    /// # Errors
    ///
    /// Every name that selects nothing.
    pub fn empty_matrices(&self, names: &[String]) -> Result<Vec<&str>, Vec<SelectionError>> {
        let empty = |task: &Task| task.has_matrix && self.jobs_of(task).next().is_none();
        // Mostly there are none.
        if !self.tasks.values().any(empty) {
            return Ok(Vec::new());
        }
        let Chosen { tasks, cells } = self.chosen(names)?;
        let tasks = tasks.into_iter().map(|task| self.tasks[task].node);
        let mut open: Vec<NodeId> = tasks.chain(cells.into_iter().map(NodeId::from)).collect();
        let mut seen = HashSet::new();
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                open.extend(self.graph.needs(node));
            }
        }
        let is_among = |task: &Task| empty(task) && seen.contains(&task.node);
        Ok(self.tasks().filter(|(_, task)| is_among(task)).map(|(name, _)| name).collect())
    }

    /// For each group and each matrix, by its place among the plan's groups, whether it is asked for as a whole, by itself
    /// or as part of a group.
    ///
    /// # Errors
    ///
    /// Every name that selects nothing.
    pub(crate) fn named_groups(&self, names: &[String]) -> Result<Vec<bool>, Vec<SelectionError>> {
        let mut asked = vec![false; self.groups.len()];
        let mut open: Vec<NodeId> = self.chosen(names)?.tasks.into_iter().map(|task| self.tasks[task].node).collect();
        while let Some(node) = open.pop() {
            let group = node.index().checked_sub(self.jobs.len());
            if group.is_some_and(|group| !std::mem::replace(&mut asked[group], true)) {
                open.extend(self.graph.needs(node));
            }
        }
        Ok(asked)
    }

    fn chosen(&self, names: &[String]) -> Result<Chosen, Vec<SelectionError>> {
        let names = if names.is_empty() { self.default.as_deref() } else { Some(names) };
        let mut chosen = Chosen::default();
        let Some(names) = names else {
            chosen.tasks.extend(self.open_tasks().map(|(place, ..)| place));
            return Ok(chosen);
        };
        let errors: Vec<_> = names.iter().filter_map(|name| self.choose(name, &mut chosen).err()).collect();
        if errors.is_empty() { Ok(chosen) } else { Err(errors) }
    }

    fn choose(&self, name: &str, chosen: &mut Chosen) -> Result<(), SelectionError> {
        if let Some(task) = self.tasks.get_index_of(name).or_else(|| self.aliases.get(name).copied()) {
            chosen.tasks.push(task);
            return if self.tasks[task].is_private() { Err(SelectionError::Private(name.to_owned())) } else { Ok(()) };
        }
        if let Some(cell) = self.jobs.id(name) {
            chosen.cells.push(cell);
            let task = self.task_of(cell);
            return if task.is_some_and(Task::is_private) {
                Err(SelectionError::Private(name.to_owned()))
            } else {
                Ok(())
            };
        }
        let before = chosen.tasks.len() + chosen.cells.len();
        if let Some(tag) = name.strip_prefix("tag:") {
            let tasks = self.open_tasks().filter(|(.., task)| task.tags().iter().any(|own| own == tag));
            chosen.tasks.extend(tasks.map(|(place, ..)| place));
        } else if name.contains(['*', '?']) {
            for (place, task_name, task) in self.open_tasks() {
                if matches(name, task_name) {
                    chosen.tasks.push(place);
                } else if task.has_matrix {
                    chosen.cells.extend(self.jobs_of(task).filter(|cell| matches(name, self.jobs.name(*cell))));
                }
            }
        } else {
            return Err(self.unknown(name));
        }
        if chosen.tasks.len() + chosen.cells.len() == before {
            return Err(SelectionError::NothingMatches(name.to_owned()));
        }
        Ok(())
    }

    /// Neither a task nor a job has this name.
    fn unknown(&self, name: &str) -> SelectionError {
        let task = name.split_once('[').and_then(|(task, _)| self.task(task));
        if let Some((own_name, task)) = task.filter(|(_, task)| task.has_matrix) {
            let suggestion = text::closest(name, self.jobs_of(task).map(|cell| &**self.jobs.name(cell)));
            let suggestion = suggestion.map(str::to_owned);
            return SelectionError::UnknownJob { name: name.to_owned(), task: own_name.to_owned(), suggestion };
        }
        let names = self.tasks().filter(|(_, task)| !task.is_private()).map(|(name, _)| name);
        let base = name.split_once('[').map_or(name, |(task, _)| task);
        let suggestion = text::closest(base, names.chain(self.aliases.keys().map(|alias| &**alias)));
        SelectionError::Unknown { name: name.to_owned(), suggestion: suggestion.map(str::to_owned) }
    }

    /// The tasks that can be chosen without being named, each with its place.
    fn open_tasks(&self) -> impl Iterator<Item = (usize, &str, &Task)> {
        let open = self.tasks().enumerate().filter(|(_, (_, task))| !task.is_private() && !task.is_manual());
        open.map(|(place, (name, task))| (place, name, task))
    }

    /// Puts the arguments where the chosen jobs want them, and nothing where others do.
    fn add_arguments(&mut self, selection: &Selection, named: &[bool]) -> Result<(), Vec<SelectionError>> {
        let arguments = &selection.arguments;
        let mut found = arguments.is_empty();
        for id in self.jobs.ids() {
            if self.jobs.job(id).splices.is_empty() {
                continue;
            }
            let given: &[_] = if named[id.index()] { arguments } else { &[] };
            found |= self.jobs.job_mut(id).splice(Spliced::Arguments, given) && named[id.index()];
        }
        if found {
            return Ok(());
        }
        // A matrix without cells has nothing to give them to, and is no mistake of who gives them.
        let jobs = match selection.names.as_slice() {
            [name] => match self.task(name) {
                Some((_, task)) => (!self.is_group(task)).then(|| self.jobs_of(task).collect()),
                None => self.jobs.id(name).map(|cell| vec![cell]),
            },
            _ => None,
        };
        let Some(jobs) = jobs else { return Err(vec![SelectionError::NoTaskForArguments]) };
        for job in jobs {
            self.jobs.job_mut(job).argv.extend(arguments.iter().cloned());
        }
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
