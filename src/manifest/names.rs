//! The names of a manifest: which there are, which cannot be, which are too much alike.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use super::decode::Problems;
use super::raw::Name;
use crate::diagnostic::Problem;
use crate::text;

/// Names of tasks and their aliases, each with the task's place.
#[derive(Debug, Default)]
pub(super) struct Names {
    tasks: HashMap<Arc<str>, usize>,
    aliases: HashMap<Arc<str>, usize>,
    /// Of tasks, in their order, then of aliases.
    spans: Vec<(Arc<str>, Range<usize>)>,
}

impl Names {
    pub(super) fn add_task(&mut self, task: usize, name: &Arc<str>, span: Range<usize>, problems: &mut Problems) {
        let first = *self.tasks.entry(Arc::clone(name)).or_insert(task);
        // Within one file TOML itself sees to it.
        if first != task {
            let problem = Problem::error(span.clone(), format!("task `{name}` is there twice"));
            let problem = problem.and(self.spans[first].1.clone(), "the other is here");
            problems.push(problem.help("all files of a manifest share their names; rename one"));
        }
        self.spans.push((Arc::clone(name), span));
    }

    pub(super) fn add_alias(&mut self, task: usize, alias: &Arc<str>, span: Range<usize>, problems: &mut Problems) {
        if let Some(taken) = self.get(alias) {
            let what = match (taken == task, self.tasks.contains_key(alias)) {
                (true, true) => "is the task's own name",
                (true, false) => "is there twice",
                (false, true) => "is a task's name already",
                (false, false) => "is another task's alias already",
            };
            let mut problem = Problem::error(span, format!("alias `{alias}` {what}"));
            if taken != task {
                let (name, place) = &self.spans[taken];
                problem = problem.and(place.clone(), format!("task `{name}`"));
            }
            problems.push(problem);
            return;
        }
        self.aliases.insert(Arc::clone(alias), task);
        self.spans.push((Arc::clone(alias), span));
    }

    /// The place of the task with this name or alias.
    pub(super) fn get(&self, name: &str) -> Option<usize> {
        self.tasks.get(name).or_else(|| self.aliases.get(name)).copied()
    }

    /// Whether any name or alias is such.
    pub(super) fn any(&self, is_such: impl Fn(&str) -> bool) -> bool {
        self.spans.iter().any(|(name, _)| is_such(name))
    }

    /// Where a name or alias is written.
    pub(super) fn span(&self, name: &str) -> Option<Range<usize>> {
        self.get(name)?;
        self.spans.iter().find(|(own, _)| **own == *name).map(|(_, span)| span.clone())
    }

    /// The place of the task that is named; notes a problem where there is none.
    pub(super) fn resolve(&self, name: &Name<'_>, problems: &mut Problems) -> Option<usize> {
        let found = self.get(name.get_ref());
        if found.is_none() {
            let mut problem = Problem::error(name.span(), format!("unknown task `{}`", name.get_ref()));
            let candidates = self.spans.iter().map(|(name, _)| &**name);
            let is_pattern = name.get_ref().contains(['*', '?']) || name.get_ref().starts_with("tag:");
            problem.help = if is_pattern {
                Some(
                    "dependencies are names of tasks; globs and tags are for the command line and `default`".to_owned(),
                )
            } else {
                // Of the name of a matrix's job, the task's.
                let task = name.get_ref().split_once('[').map(|(task, _)| task);
                match task.filter(|task| self.get(task).is_some()) {
                    Some(task) => Some(format!("`{task}` has no matrix: it is one job, of the same name")),
                    None => problems.suggest(task.unwrap_or(name.get_ref()), candidates),
                }
            };
            problems.push(problem);
        }
        found
    }

    /// Two names that differ only in case or in how a character is composed would be one name to a reader, and to some
    /// file systems.
    pub(super) fn check_likeness(&self, problems: &mut Problems) {
        // Most names are their own folded form, and those of them that are alike are the same.
        let mut folded: HashMap<String, &(Arc<str>, Range<usize>)> = HashMap::new();
        for named in &self.spans {
            let (name, span) = named;
            if is_plain(name) {
                continue;
            }
            let form = fold(name);
            if form == **name {
                continue;
            }
            let plain = self.get(&form).and_then(|_| self.spans.iter().find(|(other, _)| **other == *form));
            match plain.or_else(|| folded.get(&form).copied()) {
                // Said already.
                Some((other, _)) if other == name => {}
                Some((other, place)) => {
                    let message = format!("`{name}` and `{other}` differ only in case or Unicode form");
                    problems.push(Problem::error(span.clone(), message).and(place.clone(), "the other is here"));
                }
                None => _ = folded.insert(form, named),
            }
        }
    }

    pub(super) fn into_aliases(self) -> HashMap<Arc<str>, usize> {
        self.aliases
    }
}

/// Whether a name is surely its own folded form.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}

fn fold(name: &str) -> String {
    // Lower case may compose anew, as with the Turkish dotted I.
    name.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// What keeps a name from being one.
pub(super) fn problem(name: &Name<'_>) -> Option<Problem> {
    let text = &**name.get_ref();
    let error = |message: String| Some(Problem::error(name.span(), message));
    if text.is_empty() {
        return error("a name is empty".to_owned());
    }
    if text.contains(text::is_unsafe_to_show) {
        return error(format!("the name `{text}` has a control character in it"));
    }
    if text.starts_with('-') {
        return error(format!("the name `{text}` begins like an option"));
    }
    None
}
