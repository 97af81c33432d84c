//! What a task says it reads and makes: paths and globs, of which each job gets its own.
//!
//! Does not know what is done with them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::decode::Problems;
use super::raw::Name;
use super::surroundings::Surroundings;
use super::template::{Filling, Known, Place, Template};
use crate::diagnostic::Problem;
use crate::files::FileSet;
use crate::glob::{PathOrGlob, normalised};

/// What paths start at.
#[derive(Debug, Clone)]
pub(super) struct Start<'i> {
    /// Seen from the manifest's own folder.
    pub(super) folder: Rc<Path>,
    pub(super) surroundings: Rc<Surroundings<'i>>,
}

impl Start<'_> {
    /// A path or pattern, and the folder it starts at: one that names the manifest's folder is the same as one that does
    /// not.
    fn of<'a>(&'a self, text: &'a str) -> (&'a Path, &'a str) {
        match self.surroundings.seen_from_root(text) {
            Some(rest) => (Path::new(""), rest),
            None => (&self.folder, text),
        }
    }
}

/// The `inputs` or `outputs` of a task.
#[derive(Debug)]
pub(super) struct Patterns<'i> {
    start: Start<'i>,
    list: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    is_excluded: bool,
    text: Template,
    /// What it comes to, where that is the same for every job.
    constant: Option<PathOrGlob>,
    span: Range<usize>,
}

impl<'i> Patterns<'i> {
    pub(super) fn read(names: &[Name<'_>], start: Start<'i>, known: Known<'_>, problems: &mut Problems) -> Self {
        let list = names.iter().filter_map(|name| Pattern::read(name, &start, known, problems)).collect();
        Self { start, list }
    }

    /// Where those are written that take no files away, in order.
    pub(super) fn spans(&self) -> Vec<Range<usize>> {
        let named = self.list.iter().filter(|pattern| !pattern.is_excluded);
        named.map(|pattern| pattern.span.clone()).collect()
    }

    /// What they come to in one job.
    pub(super) fn fill(&self, filling: Filling<'_>, problems: &mut Problems) -> FileSet {
        let mut set = FileSet { named: Vec::with_capacity(self.list.len()), excluded: Vec::new() };
        for pattern in &self.list {
            let parsed = match &pattern.constant {
                Some(constant) => Some(constant.clone()),
                None => pattern.parse(&pattern.text.fill(filling, Place::Pattern), &self.start, filling.job, problems),
            };
            let list = if pattern.is_excluded { &mut set.excluded } else { &mut set.named };
            list.extend(parsed);
        }
        set
    }
}

impl Pattern {
    fn read(name: &Name<'_>, start: &Start<'_>, known: Known<'_>, problems: &mut Problems) -> Option<Self> {
        let is_excluded = name.get_ref().starts_with('!');
        let text = Template::read(name, Place::Pattern, known, problems)?;
        let text = if is_excluded { text.without_first_char() } else { text };
        let mut this = Self { is_excluded, text, constant: None, span: name.span() };
        if let Some(text) = this.text.as_constant() {
            this.constant = Some(this.parse(text, start, known.task, problems)?);
        }
        Some(this)
    }

    fn parse(&self, text: &str, start: &Start<'_>, job: &str, problems: &mut Problems) -> Option<PathOrGlob> {
        if text.is_empty() {
            problems.push(no_file(&self.span, job));
            return None;
        }
        let (folder, rest) = start.of(text);
        let parsed = PathOrGlob::parse(folder, rest);
        let problem = |what| Problem::error(self.span.clone(), format!("`{text}` is no glob: {what}"));
        parsed.map_err(|what| problems.push(problem(what))).ok()
    }
}

/// A file that each job of a task has.
#[derive(Debug)]
pub(super) struct OneFile<'i> {
    start: Start<'i>,
    text: Template,
    span: Range<usize>,
}

impl<'i> OneFile<'i> {
    pub(super) fn read(name: &Name<'_>, start: Start<'i>, known: Known<'_>, problems: &mut Problems) -> Option<Self> {
        let text = Template::read(name, Place::Path, known, problems)?;
        Some(Self { start, text, span: name.span() })
    }

    /// Its path in one job, seen from the manifest's folder.
    pub(super) fn fill(&self, filling: Filling<'_>, problems: &mut Problems) -> Option<PathBuf> {
        let text = self.text.fill(filling, Place::Path);
        if text.is_empty() {
            problems.push(no_file(&self.span, filling.job));
            return None;
        }
        let (folder, rest) = self.start.of(&text);
        Some(normalised(folder, rest))
    }
}

fn no_file(span: &Range<usize>, job: &str) -> Problem {
    Problem::error(span.clone(), format!("this names no file in `{job}`"))
}
