//! One job of a run: what it is about to read is taken down, and after its success what it has read and made is kept.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contents::{self, Content, Root};
use super::definition;
use super::deps::{self, Dependencies, Groups};
use super::digest::Digest;
use super::look::{self, Eyes, Looked, Sight};
use super::reason::{FileChange, Reason};
use super::state::{FileId, Record, RecordFiles, State};
use super::{Freshness, depfile, lock};
use crate::files::{FileSet, JobFiles};
use crate::glob::{PathOrGlob, normalised};
use crate::job::JobId;
use crate::keyed_hash::KeyedHash;
use crate::record::StateError;
use crate::{sys, text};

/// What happens in a run.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Of jobs that are about to run or do.
    taken: HashMap<JobId, Taken>,
    /// What jobs have made whose record does not say: `None` while they have not succeeded.
    made: HashMap<JobId, Option<Digest>>,
    groups: Groups,
    /// How many jobs have succeeded.
    successes: u64,
    /// Files that jobs have made, and after how many successes that was; in a run with depfiles.
    outputs: HashMap<PathBuf, (Digest, u64)>,
}

/// What a job is about to read.
#[derive(Debug)]
struct Taken {
    inputs: Vec<(PathBuf, Content)>,
    declared: usize,
    /// What a depfile has named before.
    found: HashMap<PathBuf, Content>,
    dependencies: Dependencies,
    /// The clock of file systems, before anything was looked at.
    clock: i64,
    /// How many jobs had succeeded.
    successes: u64,
    /// Whether all that it is made from is as it was at its last success.
    has_same_key: bool,
}

/// What became of a success.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is known, or there is nothing to know.
    Kept,
    /// These inputs changed while the job ran: what it made may be of the old ones or of the new ones. Nothing is kept.
    Changed(Vec<Reason>),
    /// It did not do what it was to do. Nothing is kept.
    Failed(Vec<Flaw>),
    /// This run knows it, the next will not.
    NotSaved(StateError),
}

/// What is wrong with what a job has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    Missing(PathBuf),
    /// No file fits this output, which is a glob.
    NoMatch(PathBuf),
    Unusable(PathBuf, String),
    /// The depfile, and what is wrong with it.
    Depfile(PathBuf, String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "output `{}` is missing", text::path(path)),
            Self::NoMatch(pattern) => write!(f, "no file fits the output `{}`", text::path(pattern)),
            Self::Unusable(path, why) => write!(f, "output `{}` cannot be used: {why}", text::path(path)),
            Self::Depfile(path, why) => write!(f, "depfile `{}` {why}", text::path(path)),
        }
    }
}

impl Eyes for Freshness {
    fn root(&self) -> &Path {
        &self.root
    }

    fn content(&self, path: &Path, _: Option<FileId>) -> Content {
        self.content_in(&self.contents(), path)
    }
}

/// Who looks before a job runs: that may end sooner than what is to be known of one that has succeeded.
struct BeforeJob<'a>(&'a Freshness);

impl Eyes for BeforeJob<'_> {
    fn root(&self) -> &Path {
        &self.0.root
    }

    fn content(&self, path: &Path, _: Option<FileId>) -> Content {
        let root = Root { is_stopped: &self.0.are_checks_stopped, ..self.0.contents() };
        self.0.content_in(&root, path)
    }
}

impl Freshness {
    /// Takes down what a job is about to read, and answers whether it is up to date; to be called when all that it
    /// waits for has ended, and again before every further attempt. One that is `forced` is not up to date.
    pub(crate) fn check(&self, job: JobId, forced: bool) -> bool {
        let Some(files) = self.files(job) else { return false };
        let clock = sys::coarse_now();
        let successes = lock(&self.progress).successes;
        let (record, found) = self.remembered(job, files);
        let eyes = BeforeJob(self);
        let mut sight = Sight::of_inputs(files, self.stdin(job), None, &eyes);
        sight.found = found.iter().map(|path| eyes.content(path, None)).collect();
        if let Some(record) = &record {
            sight.look_at_outputs(files, record, &eyes);
        }
        let mut progress = lock(&self.progress);
        let progress = &mut *progress;
        let state = self.state();
        let made = self.made(&state, &progress.made);
        let dependencies = made.by_dependencies(job, record.as_deref(), &mut progress.groups, |_| true);
        let changes = record.map(|record| self.changes(&state, job, &record, files, &sight));
        let is_same = |reason: &Reason| matches!(reason, Reason::Output(..));
        let has_same_key =
            dependencies.reasons.is_empty() && changes.as_ref().is_some_and(|changes| changes.iter().all(is_same));
        if !forced && has_same_key && changes.is_some_and(|changes| changes.is_empty()) {
            progress.made.remove(&job);
            progress.taken.remove(&job);
            return true;
        }
        let taken = Taken {
            inputs: sight.inputs.into_iter().map(|(path, content)| (path.into_owned(), content)).collect(),
            declared: sight.declared,
            found: found.into_iter().zip(sight.found).collect(),
            dependencies,
            clock,
            successes,
            has_same_key,
        };
        progress.taken.insert(job, taken);
        progress.made.insert(job, None);
        false
    }

    fn content_in(&self, root: &Root<'_>, path: &Path) -> Content {
        let known = {
            let state = self.state();
            state.file(path).and_then(|file| state.known(file).copied())
        };
        let (content, learned) = root.content(path, known.as_ref());
        if let Some(learned) = learned {
            self.state_mut().learn(path, learned);
        }
        content
    }

    /// What is known of a job, and what its depfile named.
    fn remembered(&self, job: JobId, files: &JobFiles) -> (Option<Arc<Record>>, Vec<PathBuf>) {
        let state = self.state();
        let record = state.record(self.names.of(job)).cloned();
        let found = record.as_ref().filter(|_| files.depfile.is_some()).and_then(|record| record.found());
        let found = found.unwrap_or_default().iter().map(|(file, _)| state.path(*file).to_owned()).collect();
        (record, found)
    }

    fn changes(&self, state: &State, job: JobId, record: &Record, files: &JobFiles, sight: &Sight<'_>) -> Vec<Reason> {
        let mut hash = KeyedHash::new(&self.key);
        let mut changes = self.definition_changes(state, &mut hash, job, record);
        changes.extend(sight.changes(state, record, files, self.order_counts(job)));
        changes
    }

    /// To be called when a job has not succeeded. If it did with all that it was given now, that was worth nothing, and it
    /// is forgotten; otherwise what was then may come back.
    pub(crate) fn failed(&self, job: JobId) -> Result<(), StateError> {
        let taken = lock(&self.progress).taken.remove(&job);
        if !taken.is_some_and(|taken| taken.has_same_key) {
            return Ok(());
        }
        let mut text = Vec::new();
        self.state_mut().forget(self.names.of(job), &mut text);
        lock(&self.store).append(&text)
    }

    /// The input files of a job, as they were when it was last checked, or else as they are now.
    pub(crate) fn inputs(&self, job: JobId) -> Vec<PathBuf> {
        if let Some(taken) = lock(&self.progress).taken.get(&job) {
            return taken.inputs[..taken.declared].iter().map(|(path, _)| path.clone()).collect();
        }
        let Some(files) = self.files(job) else { return Vec::new() };
        let mut inputs = files.inputs.expand(&self.root).unwrap_or_default();
        inputs.retain(|path| !files.outputs.contains(path));
        inputs
    }

    /// Keeps what a job has read and made; to be called when its process has succeeded. When it has failed all the same,
    /// [`Self::failed`] is to be called too.
    pub(crate) fn succeeded(&self, job: JobId) -> Outcome {
        let Some(files) = self.files(job) else { return Outcome::Kept };
        let Some(taken) = lock(&self.progress).taken.remove(&job) else { return Outcome::Kept };
        let mut flaws = Vec::new();
        let outputs = self.outputs(&files.outputs, &mut flaws);
        let found = match &files.depfile {
            None => None,
            Some(path) => self.found(path, job, files, &taken).map_err(|flaw| flaws.push(flaw)).ok(),
        };
        if self.is_stopped() {
            // Not all of it was read, and what was is not kept.
            return Outcome::Kept;
        }
        if !flaws.is_empty() {
            // With what it has failed is still to be asked.
            lock(&self.progress).taken.insert(job, taken);
            return Outcome::Failed(flaws);
        }
        let sight = Sight::of_inputs(files, self.stdin(job), None, self);
        let mut reasons = changes_since(&taken, &sight);
        let found: Option<Vec<_>> = found.map(|found| {
            let looked = found.into_iter().filter_map(|path| match self.look_at_found(&path, &taken) {
                Ok(digest) => Some((path, digest)),
                Err(change) => {
                    reasons.push(Reason::Input(path, change));
                    None
                }
            });
            looked.collect()
        });
        if self.is_stopped() {
            return Outcome::Kept;
        }
        let mut progress = lock(&self.progress);
        let mut state = self.state_mut();
        let mut numbers = |(path, content): &Looked<'_>| match content {
            Content::File(digest) => Some((state.file_number(path), *digest)),
            _ => None,
        };
        let record_files = RecordFiles {
            inputs: sight.inputs.iter().filter_map(&mut numbers).collect(),
            outputs: outputs.iter().filter_map(&mut numbers).collect(),
            found: found.map(|found| found.iter().map(|(path, digest)| (state.file_number(path), *digest)).collect()),
        };
        self.tell_progress(&mut progress, &state, job, &record_files.outputs, reasons.is_empty());
        if !reasons.is_empty() {
            return Outcome::Changed(reasons);
        }
        let text = self.keep(&mut state, job, record_files, taken.dependencies);
        drop((state, progress));
        match lock(&self.store).append(&text) {
            Ok(()) => Outcome::Kept,
            Err(error) => Outcome::NotSaved(error),
        }
    }

    /// What a job was to make, as it is.
    fn outputs<'a>(&self, outputs: &'a FileSet, flaws: &mut Vec<Flaw>) -> Vec<Looked<'a>> {
        let looked = match look::look(outputs, &[], self) {
            Ok(looked) => looked,
            Err((path, why)) => {
                flaws.push(Flaw::Unusable(path, why));
                return Vec::new();
            }
        };
        for named in &outputs.named {
            if let PathOrGlob::Glob(glob) = named
                && !looked.iter().any(|(path, _)| glob.fits(path))
            {
                flaws.push(Flaw::NoMatch(glob.pattern()));
            }
        }
        for (path, content) in &looked {
            match look::change(None, content) {
                Some(FileChange::Gone) => flaws.push(Flaw::Missing(path.to_path_buf())),
                Some(FileChange::Unusable(why)) => flaws.push(Flaw::Unusable(path.to_path_buf(), why)),
                _ => {}
            }
        }
        looked
    }

    /// The files that a depfile names, less those that are declared.
    fn found(&self, path: &Path, job: JobId, files: &JobFiles, taken: &Taken) -> Result<Vec<PathBuf>, Flaw> {
        let flaw = |why| Flaw::Depfile(path.to_owned(), why);
        let bytes = self.contents().bytes(path).map_err(|content| {
            flaw(match content {
                Content::Unusable(why) => format!("cannot be read: {why}"),
                Content::Folder => "cannot be read: it is a folder".to_owned(),
                Content::Missing | Content::File(_) => "is missing".to_owned(),
            })
        })?;
        let names = depfile::prerequisites(&bytes)
            .map_err(|error| flaw(format!("cannot be understood: line {}: {}", error.line, error.what)))?;
        let cwd = definition::relative(&self.plan.jobs.job(job).settings.cwd, &self.root);
        let mut seen: HashSet<PathBuf> = taken.inputs.iter().map(|(path, _)| path.clone()).collect();
        let mut found = Vec::new();
        for name in names {
            let path = normalised(cwd, OsStr::from_bytes(&name));
            let path = definition::relative(&path, &self.root);
            if !files.outputs.contains(path) && seen.insert(path.to_owned()) {
                found.push(path.to_owned());
            }
        }
        Ok(found)
    }

    /// The contents of a file that a depfile named, if they were the same for as long as the job ran.
    fn look_at_found(&self, path: &Path, taken: &Taken) -> Result<Digest, FileChange> {
        let stat = sys::stat_in(&self.folder, path);
        let content = self.content(path, None);
        let Content::File(digest) = content else {
            return Err(look::change(None, &content).unwrap_or(FileChange::Changed));
        };
        let was_before = match taken.found.get(path) {
            Some(before) => *before == content,
            None => {
                // Nobody had looked at it before the job ran, so its time has to tell; unless it was made in this run.
                stat.is_ok_and(|stat| contents::is_past(stat.stamp.changed, taken.clock))
                    || lock(&self.progress)
                        .outputs
                        .get(path)
                        .is_some_and(|(made, successes)| *made == digest && *successes <= taken.successes)
            }
        };
        if was_before { Ok(digest) } else { Err(FileChange::Changed) }
    }

    /// Lets those that come after a job know what it has made.
    fn tell_progress(
        &self,
        progress: &mut Progress,
        state: &State,
        job: JobId,
        outputs: &[(FileId, Digest)],
        is_kept: bool,
    ) {
        progress.successes += 1;
        if is_kept {
            progress.made.remove(&job);
        } else {
            progress.made.insert(job, Some(deps::outputs_digest(state, outputs, &self.key)));
        }
        if self.has_depfiles {
            let successes = progress.successes;
            let outputs = outputs.iter().map(|(file, digest)| (state.path(*file).to_owned(), (*digest, successes)));
            progress.outputs.extend(outputs);
        }
    }

    /// Puts a record into the state; answers the lines that say so.
    fn keep(&self, state: &mut State, job: JobId, files: RecordFiles, dependencies: Dependencies) -> Vec<u8> {
        let argv = definition::argv(&mut KeyedHash::new(&self.key), self.plan.jobs.job(job));
        let (mark, settings) = self.definitions.of(job);
        let mut text = Vec::new();
        if state.add_settings(*mark, settings) {
            state.write_settings(*mark, &mut text);
        }
        for group in dependencies.groups {
            if let Some(digest) = group.digest
                && state.add_group(digest, || Arc::clone(&group.made))
            {
                state.write_group(digest, &mut text);
            }
        }
        let record = Arc::new(Record::new(*mark, argv, files, dependencies.all));
        let name = self.names.of(job);
        state.write_job(name, &record, &mut text);
        state.keep(name, record);
        state.lines += text.split(|byte| *byte == b'\n').count() - 1;
        text
    }
}

/// The inputs that are not what they were.
fn changes_since(taken: &Taken, now: &Sight<'_>) -> Vec<Reason> {
    let mut before: HashMap<&Path, &Content> =
        taken.inputs.iter().map(|(path, content)| (path.as_path(), content)).collect();
    let mut reasons = now.problems.clone();
    for (path, content) in &now.inputs {
        let before = match before.remove(&**path) {
            Some(Content::File(digest)) => Some(*digest),
            _ => None,
        };
        let change = look::change(before, content);
        reasons.extend(change.map(|change| Reason::Input(path.to_path_buf(), change)));
    }
    let gone = taken.inputs.iter().map(|(path, _)| path).filter(|path| before.contains_key(path.as_path()));
    reasons.extend(gone.map(|path| Reason::Input(path.clone(), FileChange::Gone)));
    reasons
}
