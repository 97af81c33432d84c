//! From a task to its jobs: one, or one for each cell of its matrix.
//!
//! Every string of the task is read once, and filled in for each job. Does not know other tasks: what a job needs is
//! handed on as names.

use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;

use super::decode::Problems;
use super::draft::Settings;
use super::matrix::Matrix;
use super::raw::{Name, RawTask};
use super::scope::Scope;
use super::template::{self, Filling, Known, Place, Template};
use crate::diagnostic::Problem;
use crate::files::{FileSet, JobFiles, seen_from};
use crate::glob::{PathOrGlob, normalised};
use crate::graph::EdgeKind;
use crate::job::{InvalidJob, Job, JobId, JobMap, JobProblem, Splice, Spliced};

/// What became of a task.
#[derive(Debug, Default)]
pub(super) struct MadeJobs<'i> {
    /// Their numbers; none where problems have been noted, or the matrix has no cell.
    pub(super) ids: Range<u32>,
    pub(super) has_matrix: bool,
    /// What single jobs wait for, by names that say so, job after job.
    pub(super) own_edges: Vec<OwnEdge<'i>>,
    pub(super) file_spans: FileSpans,
}

/// What one job of a task waits for.
#[derive(Debug)]
pub(super) struct OwnEdge<'i> {
    pub(super) job: JobId,
    pub(super) on: Name<'i>,
    pub(super) kind: EdgeKind,
}

/// Where the files of a task are written: those that are named, in order.
#[derive(Debug, Default)]
pub(super) struct FileSpans {
    pub(super) inputs: Vec<Range<usize>>,
    pub(super) outputs: Vec<Range<usize>>,
}

/// The names of what a task waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitsFor<'a, 'i> {
    pub(super) deps: &'a [Name<'i>],
    pub(super) after: &'a [Name<'i>],
}

impl MadeJobs<'_> {
    pub(super) fn jobs(&self) -> impl Iterator<Item = JobId> + use<> {
        self.ids.clone().map(JobId)
    }
}

/// Makes the jobs of a task, in a map of all.
pub(super) fn make<'i>(
    task: &Arc<str>,
    name: &Name<'i>,
    raw: &RawTask<'i>,
    waits_for: WaitsFor<'_, 'i>,
    scope: &Scope<'i>,
    jobs: &mut JobMap,
    problems: &mut Problems,
) -> MadeJobs<'i> {
    let before = problems.list.len();
    let matrix = raw.matrix.as_ref().map(|raw| Matrix::read(raw, &scope.folder, scope.known(task, &[]), problems));
    let has_matrix = matrix.is_some();
    let mut made = MadeJobs { has_matrix, ..MadeJobs::default() };
    // Whoever names the keys of a matrix that cannot be read is not to blame.
    let Some(matrix) = matrix.map_or(Some(None), |matrix| matrix.map(Some)) else { return made };
    let keys = matrix.as_ref().map_or(&[][..], |matrix| &matrix.keys);
    let blueprint = Blueprint::read(name, raw, waits_for, scope, scope.known(task, keys), problems);
    made.file_spans = blueprint.file_spans();
    // An argv that could not be read has been reported as such.
    if problems.list.len() > before || blueprint.argv.is_empty() {
        return made;
    }
    let next = |jobs: &JobMap| u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    made.ids.start = next(jobs);
    match matrix {
        None => {
            let cell = Cell { name: Arc::clone(task), of: None, filling: Filling { values: &[], job: task } };
            made.add(&blueprint, cell, jobs, problems);
        }
        Some(matrix) => matrix.for_each(task, |filling| {
            // One cell's problem is most often that of all.
            if problems.list.len() == before {
                let cell = Cell { name: filling.job.into(), of: Some(task), filling };
                made.add(&blueprint, cell, jobs, problems);
            }
        }),
    }
    made.ids.end = next(jobs);
    made
}

/// One job to be made.
struct Cell<'a> {
    name: Arc<str>,
    /// The task whose matrix it is a cell of.
    of: Option<&'a Arc<str>>,
    filling: Filling<'a>,
}

impl<'i> MadeJobs<'i> {
    fn add(&mut self, blueprint: &Blueprint<'_, 'i>, cell: Cell<'_>, jobs: &mut JobMap, problems: &mut Problems) {
        let Some(mut job) = blueprint.job(cell.filling, problems) else { return };
        job.task = cell.of.cloned();
        match jobs.insert(cell.name, job) {
            Ok(job) => {
                let edge = |(span, on, kind): &(Range<usize>, Template, EdgeKind)| {
                    let on = Spanned::new(span.clone(), on.fill(cell.filling, Place::Text).into());
                    OwnEdge { job, on, kind: *kind }
                };
                self.own_edges.extend(blueprint.own_edges.iter().map(edge));
            }
            // Names are compared when all are known.
            Err(InvalidJob { problem: JobProblem::DuplicateName, .. }) => {}
            Err(error) => problems.push(Problem::error(blueprint.span.clone(), error.to_string())),
        }
    }
}

/// A task whose strings have been read.
struct Blueprint<'a, 'i> {
    /// Where its name is written.
    span: Range<usize>,
    scope: &'a Scope<'i>,
    argv: Vec<Word>,
    settings: Settings,
    inputs: Vec<Pattern>,
    outputs: Vec<Pattern>,
    depfile: Option<Template>,
    own_edges: Vec<(Range<usize>, Template, EdgeKind)>,
}

/// An element of an argv.
enum Word {
    Template(Template),
    Spliced(Spliced),
    /// As many as there are outputs; its place.
    Outputs(Range<usize>),
}

/// A path or glob of a task's files.
struct Pattern {
    is_excluded: bool,
    text: Template,
    span: Range<usize>,
}

impl<'a, 'i> Blueprint<'a, 'i> {
    fn read(
        name: &Name<'i>,
        raw: &RawTask<'i>,
        waits_for: WaitsFor<'_, 'i>,
        scope: &'a Scope<'i>,
        known: Known<'_>,
        problems: &mut Problems,
    ) -> Self {
        let words = raw.argv.iter().flat_map(|argv| &argv.get_ref().0);
        let argv = words.filter_map(|word| read_word(word, known, problems)).collect();
        let mut patterns = |key: Option<&Spanned<Vec<Name<'i>>>>| -> Vec<Pattern> {
            let names = key.into_iter().flat_map(Spanned::get_ref);
            names.filter_map(|name| read_pattern(name, known, problems)).collect()
        };
        let inputs = patterns(raw.inputs.as_ref().or_else(|| scope.default(|raw| raw.inputs.as_ref())));
        let outputs = patterns(raw.outputs.as_ref().or_else(|| scope.default(|raw| raw.outputs.as_ref())));
        let depfile = raw.depfile.as_ref().or_else(|| scope.default(|raw| raw.depfile.as_ref()));
        let depfile = depfile.and_then(|name| Template::read(name, Place::Text, known, problems));
        let own_edges = [(waits_for.deps, EdgeKind::Needs), (waits_for.after, EdgeKind::After)];
        let own_edges = own_edges.into_iter().flat_map(|(names, kind)| names.iter().map(move |name| (name, kind)));
        let read = |(name, kind): (&Name<'i>, EdgeKind)| {
            Some((name.span(), Template::read(name, Place::Text, known, problems)?, kind))
        };
        let own_edges = own_edges.filter(|(name, _)| template::is_one(name.get_ref())).filter_map(read).collect();
        let settings = scope.settings(raw, known, problems);
        Self { span: name.span(), scope, argv, settings, inputs, outputs, depfile, own_edges }
    }

    fn file_spans(&self) -> FileSpans {
        let spans = |patterns: &[Pattern]| {
            let named = patterns.iter().filter(|pattern| !pattern.is_excluded);
            named.map(|pattern| pattern.span.clone()).collect()
        };
        FileSpans { inputs: spans(&self.inputs), outputs: spans(&self.outputs) }
    }

    /// The job of one cell. `None` once problems have been noted.
    fn job(&self, filling: Filling<'_>, problems: &mut Problems) -> Option<Job> {
        let before = problems.list.len();
        let settings = self.settings.of_job(filling);
        let files = self.files(filling, problems);
        let mut argv: Vec<OsString> = Vec::with_capacity(self.argv.len());
        let mut splices = Vec::new();
        for word in &self.argv {
            match word {
                Word::Template(template) => argv.push(template.fill(filling, Place::Text).into()),
                Word::Spliced(what) => splices.push(Splice { at: argv.len(), what: *what }),
                Word::Outputs(span) => {
                    let outputs = files.iter().flat_map(|files| &files.outputs.named);
                    for output in outputs {
                        match output {
                            PathOrGlob::Path(path) => {
                                argv.push(
                                    seen_from(&settings.cwd, &self.scope.surroundings.root, path).into_os_string(),
                                );
                            }
                            PathOrGlob::Glob(_) => problems.push(
                                Problem::error(span.clone(), "`{{outputs}}` cannot be given: an output is a glob")
                                    .help("which files it fits is known only after they have been made; name them"),
                            ),
                        }
                    }
                }
            }
        }
        let job = Job { splices, files: files.map(Box::new), ..Job::new(argv, settings) };
        (problems.list.len() == before).then_some(job)
    }

    fn files(&self, filling: Filling<'_>, problems: &mut Problems) -> Option<JobFiles> {
        if self.inputs.is_empty() && self.outputs.is_empty() && self.depfile.is_none() {
            return None;
        }
        let folder = &self.scope.folder_in_root;
        let depfile = self.depfile.as_ref().map(|depfile| normalised(folder, depfile.fill(filling, Place::Text)));
        Some(JobFiles {
            inputs: file_set(folder, &self.inputs, filling, problems),
            outputs: file_set(folder, &self.outputs, filling, problems),
            depfile,
        })
    }
}

fn file_set(folder: &Path, patterns: &[Pattern], filling: Filling<'_>, problems: &mut Problems) -> FileSet {
    let mut set = FileSet::default();
    for pattern in patterns {
        let text = pattern.text.fill(filling, Place::Pattern);
        if text.is_empty() {
            problems.push(Problem::error(pattern.span.clone(), format!("names no file in `{}`", filling.job)));
            continue;
        }
        match PathOrGlob::parse(folder, &text) {
            Ok(parsed) if pattern.is_excluded => set.excluded.push(parsed),
            Ok(parsed) => set.named.push(parsed),
            Err(what) => problems.push(Problem::error(pattern.span.clone(), format!("`{text}` is no glob: {what}"))),
        }
    }
    set
}

fn read_word(word: &Name<'_>, known: Known<'_>, problems: &mut Problems) -> Option<Word> {
    match template::splat(word.get_ref()) {
        Some("args") => Some(Word::Spliced(Spliced::Arguments)),
        Some("inputs") => Some(Word::Spliced(Spliced::Inputs)),
        Some(_) => Some(Word::Outputs(word.span())),
        None => Template::read(word, Place::Text, known, problems).map(Word::Template),
    }
}

fn read_pattern(name: &Name<'_>, known: Known<'_>, problems: &mut Problems) -> Option<Pattern> {
    let text = name.get_ref();
    if text.trim_start_matches('!').is_empty() {
        problems.push(Problem::error(name.span(), "names no file"));
        return None;
    }
    let is_excluded = text.starts_with('!');
    let template = Template::read(name, Place::Pattern, known, problems)?;
    let text = if is_excluded { template.without_first_char() } else { template };
    Some(Pattern { is_excluded, text, span: name.span() })
}
