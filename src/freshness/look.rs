//! What the files of one job are now, and what that means beside what they were.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::contents::Content;
use super::digest::Digest;
use super::reason::{FileChange, Reason};
use super::state::{FileId, Record, State};
use crate::files::{FileSet, JobFiles};
use crate::glob::PathOrGlob;
use crate::text;

/// Who looks.
pub(super) trait Eyes {
    /// What relative paths start at.
    fn root(&self) -> &Path;

    /// What is at a path, which may be that of this file.
    fn content(&self, path: &Path, guess: Option<FileId>) -> Content;
}

/// A path and what is there.
pub(super) type Looked<'a> = (Cow<'a, Path>, Content);

/// A job's files as they are.
#[derive(Debug, Default)]
pub(super) struct Sight<'a> {
    /// Those that are declared, then its stdin.
    pub(super) inputs: Vec<Looked<'a>>,
    /// How many of them are declared.
    pub(super) declared: usize,
    pub(super) outputs: Vec<Looked<'a>>,
    /// In the order of the record.
    pub(super) found: Vec<Content>,
    /// Folders that cannot be searched.
    pub(super) problems: Vec<Reason>,
}

impl<'a> Sight<'a> {
    /// Looks at what a job reads, but for what only its depfile says.
    pub(super) fn of_inputs(
        files: &'a JobFiles,
        stdin: Option<&'a Path>,
        record: Option<&Record>,
        eyes: &impl Eyes,
    ) -> Self {
        let mut sight = Self::default();
        match look(&files.inputs, record.map(Record::inputs).unwrap_or_default(), eyes) {
            Ok(inputs) => sight.inputs = inputs,
            Err((path, why)) => sight.problems.push(Reason::Input(path, FileChange::Unusable(why))),
        }
        // A glob may fit what the job makes itself.
        sight.inputs.retain(|(path, _)| !files.outputs.contains(path));
        sight.declared = sight.inputs.len();
        let is_new = |stdin: &&Path| !sight.inputs.iter().any(|(path, _)| path == stdin);
        if let Some(stdin) = stdin.filter(is_new) {
            sight.inputs.push((Cow::Borrowed(stdin), eyes.content(stdin, None)));
        }
        sight
    }

    pub(super) fn look_at_outputs(&mut self, files: &'a JobFiles, record: &Record, eyes: &impl Eyes) {
        match look(&files.outputs, record.outputs(), eyes) {
            Ok(outputs) => self.outputs = outputs,
            Err((path, why)) => self.problems.push(Reason::Output(path, FileChange::Unusable(why))),
        }
    }

    /// Why the job is not up to date, as far as its files tell.
    pub(super) fn changes(&self, state: &State, record: &Record, files: &JobFiles, order_counts: bool) -> Vec<Reason> {
        let mut reasons = self.problems.clone();
        if !is_same(state, record.inputs(), &self.inputs) {
            reasons.extend(differences(state, record.inputs(), &self.inputs, Reason::Input));
            if reasons.is_empty() && order_counts {
                reasons.push(Reason::InputOrder);
            }
        }
        match record.found() {
            _ if files.depfile.is_none() => {}
            None => reasons.push(Reason::Depfile),
            Some(found) => {
                for ((file, digest), content) in found.iter().zip(&self.found) {
                    let change = change(Some(*digest), content);
                    reasons.extend(change.map(|change| Reason::Input(state.path(*file).to_owned(), change)));
                }
            }
        }
        if !is_same(state, record.outputs(), &self.outputs) {
            reasons.extend(differences(state, record.outputs(), &self.outputs, Reason::Output));
        }
        reasons
    }
}

/// The files of a set and what is in them; of a folder that cannot be read, its path and why. Most often they are what
/// they were `before`, which makes them quicker to find.
pub(super) fn look<'a>(
    set: &'a FileSet,
    before: &[(FileId, Digest)],
    eyes: &impl Eyes,
) -> Result<Vec<Looked<'a>>, (PathBuf, String)> {
    if let Some(files) = look_at_paths(set, before, eyes) {
        return Ok(files);
    }
    let files = set.expand(eyes.root()).map_err(|(path, error)| (path, text::io_error(&error)))?;
    let looked = files.into_iter().enumerate().map(|(at, path)| {
        let content = eyes.content(&path, guess(before, at));
        (Cow::Owned(path), content)
    });
    Ok(looked.collect())
}

/// The same for a set of nothing but files named by their paths, as most are.
fn look_at_paths<'a>(set: &'a FileSet, before: &[(FileId, Digest)], eyes: &impl Eyes) -> Option<Vec<Looked<'a>>> {
    if !set.excluded.is_empty() {
        return None;
    }
    let mut files = Vec::with_capacity(set.named.len());
    let mut seen = HashSet::new();
    for named in &set.named {
        let PathOrGlob::Path(path) = named else { return None };
        if set.named.len() > 1 && !seen.insert(path) {
            continue;
        }
        let content = eyes.content(path, guess(before, files.len()));
        if content == Content::Folder {
            return None;
        }
        files.push((Cow::Borrowed(path.as_path()), content));
    }
    Some(files)
}

fn guess(before: &[(FileId, Digest)], at: usize) -> Option<FileId> {
    before.get(at).map(|(file, _)| *file)
}

fn is_same(state: &State, before: &[(FileId, Digest)], now: &[Looked<'_>]) -> bool {
    let same = |((file, digest), (path, content)): (&(FileId, Digest), &Looked<'_>)| {
        *content == Content::File(*digest) && state.files.name(*file) == path.as_os_str().as_bytes()
    };
    before.len() == now.len() && before.iter().zip(now).all(same)
}

/// Whatever is not the same, but for the order.
pub(super) fn differences(
    state: &State,
    before: &[(FileId, Digest)],
    now: &[Looked<'_>],
    reason: impl Fn(PathBuf, FileChange) -> Reason,
) -> Vec<Reason> {
    let mut digests: HashMap<&Path, Digest> =
        before.iter().map(|(file, digest)| (state.path(*file), *digest)).collect();
    let mut reasons = Vec::new();
    for (path, content) in now {
        let change = change(digests.remove(&**path), content);
        reasons.extend(change.map(|change| reason(path.to_path_buf(), change)));
    }
    let gone = before.iter().map(|(file, _)| state.path(*file)).filter(|path| digests.contains_key(path));
    reasons.extend(gone.map(|path| reason(path.to_owned(), FileChange::Gone)));
    reasons
}

/// What became of a file that was this before.
pub(super) fn change(before: Option<Digest>, now: &Content) -> Option<FileChange> {
    match now {
        Content::File(digest) => match before {
            Some(before) => (before != *digest).then_some(FileChange::Changed),
            None => Some(FileChange::New),
        },
        Content::Missing => Some(FileChange::Gone),
        Content::Folder => Some(FileChange::Unusable("it is a folder".to_owned())),
        Content::Unusable(why) => Some(FileChange::Unusable(why.to_string())),
    }
}
