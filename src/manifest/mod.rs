//! The manifest: `procman.toml`, from its text to tasks, jobs and their order.
//!
//! [`Manifest::load`] reads it whole and reports everything that is wrong with it at once; nothing half-understood ever
//! leaves this module.

mod cycle;
mod decode;
mod draft;
mod env_file;
mod error;
mod file_edges;
mod find;
mod header;
mod include;
mod jobs;
mod limit;
mod log;
mod lower;
mod matrix;
mod names;
mod patterns;
mod places;
mod pools;
mod raw;
mod resolve;
mod retries;
mod schema;
mod scope;
mod select;
mod settings;
mod size;
mod surroundings;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod version;
mod written;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use typed_arena::Arena;

use crate::diagnostic::{Source, Sources, sort};
use crate::glob::PathOrGlob;
use crate::graph::{Graph, NodeId};
use crate::job::{Job, JobId, JobMap};
use crate::plan::OnFailure;
use crate::retention::Retention;
use decode::Problems;
use header::Header;
use include::Files;
use version::Version;

pub use error::ManifestError;
pub(crate) use file_edges::{FileReason, for_each as for_each_maker};
pub(crate) use find::{FILE_NAME, Found, find};
pub use limit::Limit;
pub(crate) use schema::of_manifests as schema_of_manifests;
pub use select::SelectionError;
pub(crate) use size::Size;

/// A manifest without errors.
#[derive(Debug, Clone)]
pub struct Manifest {
    sources: Sources,
    /// Absolute.
    path: PathBuf,
    hash: blake3::Hash,
    limit: Option<Limit>,
    on_failure: OnFailure,
    default: Option<Vec<String>>,
    retention: Retention,
    tasks: IndexMap<Arc<str>, Task>,
    /// Another name for a task: its place among the tasks.
    aliases: HashMap<Arc<str>, usize>,
    jobs: JobMap,
    graph: Graph,
    /// The names of the graph's joins, in order.
    groups: Vec<Arc<str>>,
    /// How many slots each pool has.
    pools: IndexMap<Arc<str>, u32>,
}

/// An entry of the manifest.
#[derive(Debug, Clone)]
pub struct Task {
    node: NodeId,
    /// Where its name is written.
    span: Range<usize>,
    /// Whether it is a job for each of several combinations of values.
    has_matrix: bool,
    /// What it says beyond what to run; most tasks of a large manifest say nothing.
    details: Option<Box<TaskDetails>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct TaskDetails {
    description: Option<String>,
    tags: Vec<String>,
    aliases: Vec<String>,
    private: bool,
    manual: bool,
}

impl Task {
    /// What it is for.
    pub fn description(&self) -> Option<&str> {
        self.details.as_ref()?.description.as_deref()
    }

    /// What it can be selected by, beside its name.
    pub fn tags(&self) -> &[String] {
        self.details.as_ref().map_or(&[], |details| &details.tags)
    }

    /// Its other names.
    pub fn aliases(&self) -> &[String] {
        self.details.as_ref().map_or(&[], |details| &details.aliases)
    }

    /// Whether it has a matrix: a job for each combination of values.
    pub fn has_matrix(&self) -> bool {
        self.has_matrix
    }

    /// Whether it runs only as a dependency.
    pub fn is_private(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.private)
    }

    /// Whether it runs only when it is named or needed.
    pub fn is_manual(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.manual)
    }

    /// Where its name is written: byte offsets in the whole of the manifest's [`Sources`].
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// What templates in a manifest can say beyond the manifest itself.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// Values for vars, over those that the manifest gives them.
    pub set: IndexMap<String, String>,
    /// What `{{invocation_dir}}` is; `None` is the current directory.
    pub invocation_dir: Option<PathBuf>,
    /// Whether `{{root}}`, `{{invocation_dir}}` and `{{env.NAME}}` stay as they are written, so that what comes of it is the
    /// same on any machine.
    pub portable: bool,
}

impl Manifest {
    /// Reads a manifest, which has to be a regular file: a FIFO can be read but once. `shown_as` is how messages call it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or for everything that is wrong with it.
    pub fn load(path: &Path, shown_as: &str) -> Result<Self, ManifestError> {
        Self::load_with(path, shown_as, &Parameters::default())
    }

    /// The same, with what templates can say beyond the manifest.
    ///
    /// # Errors
    ///
    /// Also for a var that is to be set and that the manifest does not have.
    pub fn load_with(path: &Path, shown_as: &str, parameters: &Parameters) -> Result<Self, ManifestError> {
        Self::load_from(path, shown_as, parameters, &mut Vec::new())
    }

    /// The same; whatever comes of it, `made_from` is then all beside the file itself that was read for it or looked for,
    /// seen from its folder where it lies inside.
    pub(crate) fn load_from(
        path: &Path,
        shown_as: &str,
        parameters: &Parameters,
        made_from: &mut Vec<PathOrGlob>,
    ) -> Result<Self, ManifestError> {
        let unreadable = |error| ManifestError::Unreadable { path: path.to_owned(), error };
        let bytes = find::read(path).map_err(unreadable)?;
        let hash = blake3::hash(&bytes);
        let path = std::path::absolute(path).map_err(unreadable)?;
        let (text, problem) = syntax::text(bytes);
        let source = Source { path: shown_as.to_owned(), text };
        match problem {
            None => Self::lower(source, path, hash, parameters, made_from),
            Some(problem) => Err(ManifestError::Invalid { sources: source.into(), problems: vec![problem] }),
        }
    }

    /// Reads a manifest from its text. `path` is absolute; relative paths in the manifest start at its folder.
    ///
    /// # Errors
    ///
    /// For everything that is wrong with it.
    pub fn parse(source: Source, path: PathBuf) -> Result<Self, ManifestError> {
        let hash = blake3::hash(source.text.as_bytes());
        Self::lower(source, path, hash, &Parameters::default(), &mut Vec::new())
    }

    fn lower(
        source: Source,
        path: PathBuf,
        hash: blake3::Hash,
        parameters: &Parameters,
        made_from: &mut Vec<PathOrGlob>,
    ) -> Result<Self, ManifestError> {
        match Self::lower_files(source, path.clone(), hash, parameters, made_from, true) {
            // What is wrong is told as of whole files.
            Err(ManifestError::Invalid { sources, .. }) if sources.iter().any(syntax::has_pieces) => {
                Self::lower_files(sources.into_top(), path, hash, parameters, made_from, false)
            }
            lowered => lowered,
        }
    }

    fn lower_files(
        source: Source,
        path: PathBuf,
        hash: blake3::Hash,
        parameters: &Parameters,
        made_from: &mut Vec<PathOrGlob>,
        in_pieces: bool,
    ) -> Result<Self, ManifestError> {
        let mut problems = Problems::default();
        let texts = Arena::new();
        let mut files = Files::read(&texts, source, &path, hash, in_pieces, &mut problems);
        *made_from = std::mem::take(&mut files.asked_for);
        if let Some(problem) = files.list[0].raw.min_version.as_ref().and_then(Version::problem) {
            // What else there is to say may be about what a later procman knows.
            drop(files);
            return Err(ManifestError::Invalid { sources: Sources::new(texts.into_vec()), problems: vec![problem] });
        }
        let mut lowered = lower::lower(&mut files, parameters, &mut problems);
        made_from.append(&mut lowered.sources);
        let header = Header::of(&mut files.list[0].raw);
        let Files { syntax, hash, .. } = files;
        let sources = Sources::new(texts.into_vec());
        if !problems.list.is_empty() || !syntax.is_empty() {
            let mut problems = syntax::without_consequences(syntax, problems.list, &sources);
            sort(&mut problems);
            return Err(ManifestError::Invalid { sources, problems });
        }
        let lower::Lowered { tasks, aliases, jobs, graph, groups, pools, unknown_vars, .. } = lowered;
        if !unknown_vars.is_empty() {
            return Err(ManifestError::UnknownVars(unknown_vars));
        }
        let Header { limit, on_failure, default, retention } = header;
        Ok(Self {
            sources,
            path,
            hash,
            limit,
            on_failure,
            default,
            retention,
            tasks,
            aliases,
            jobs,
            graph,
            groups,
            pools,
        })
    }

    /// Its files.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Its folder, absolute.
    pub fn root(&self) -> &Path {
        folder(&self.path)
    }

    /// Its path, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The BLAKE3 hash of its bytes as they were read, as 64 hexadecimal digits. Of a manifest that includes files, all of
    /// them count, with their paths.
    pub fn hash(&self) -> String {
        self.hash.to_string()
    }

    /// How many jobs it lets run at once, if it says.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// What a failed job means for the others.
    pub fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    /// Which old runs it lets stay.
    pub(crate) fn retention(&self) -> Retention {
        self.retention
    }

    /// Its tasks, in order.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (&str, &Task)> {
        self.tasks.iter().map(|(name, task)| (&**name, task))
    }

    /// The task with this name or alias, with its name.
    pub fn task(&self, name: &str) -> Option<(&str, &Task)> {
        let index = self.tasks.get_index_of(name).or_else(|| self.aliases.get(name).copied())?;
        self.tasks.get_index(index).map(|(name, task)| (&**name, task))
    }

    /// Its jobs, in order.
    pub fn jobs(&self) -> &JobMap {
        &self.jobs
    }

    /// The jobs of a task, in order: one, or one for each cell of its matrix; none for a group.
    pub fn jobs_of_task(&self, task: &Task) -> impl Iterator<Item = &Job> {
        self.jobs_of(task).map(|id| self.jobs.job(id))
    }

    /// Whether a task is only a name for what it needs.
    pub fn is_group(&self, task: &Task) -> bool {
        !task.has_matrix && self.graph.job(task.node).is_none()
    }

    fn jobs_of(&self, task: &Task) -> impl Iterator<Item = JobId> {
        let cells = if task.has_matrix { self.graph.needs(task.node) } else { &[] };
        self.graph.job(task.node).into_iter().chain(cells.iter().filter_map(|cell| self.graph.job(*cell)))
    }

    /// The task that a job belongs to.
    fn task_of(&self, job: JobId) -> Option<&Task> {
        let name = self.jobs.job(job).task.as_ref().unwrap_or_else(|| self.jobs.name(job));
        self.tasks.get(name)
    }
}

fn folder(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new("/"))
}
