//! From a task to its jobs: one, or one for each cell of its matrix.
//!
//! Every string of the task is read once, and filled in for each job. Does not know other tasks: what a job needs is
//! handed on as names.

use std::ffi::OsString;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::decode::Problems;
use super::draft::Settings;
use super::matrix::Matrix;
use super::patterns::{OneFile, Patterns};
use super::raw::{Name, RawTask};
use super::scope::Scope;
use super::template::{self, Filling, Known, Place, Template};
use crate::diagnostic::Problem;
use crate::files::{JobFiles, seen_from};
use crate::glob::PathOrGlob;
use crate::graph::EdgeKind;
use crate::job::{InvalidJob, Job, JobId, JobMap, JobProblem, JobSettings, Splice, Spliced};

/// What became of a task.
#[derive(Debug, Default)]
pub(super) struct MadeJobs<'i> {
    /// Their numbers, above those of all tasks before; none where problems have been noted, or the matrix has no cell.
    pub(super) ids: Range<u32>,
    pub(super) has_matrix: bool,
    /// Whether all was well.
    pub(super) is_whole: bool,
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
    pub(super) stdin: Option<Range<usize>>,
}

/// The names of what a task waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitsFor<'a, 'i> {
    pub(super) deps: &'a [Name<'i>],
    pub(super) after: &'a [Name<'i>],
}

impl MadeJobs<'_> {
    /// Those of a task without any, which comes after the tasks of these jobs.
    pub(super) fn none(jobs: &JobMap) -> Self {
        let next = next_id(jobs);
        Self { ids: next..next, ..Self::default() }
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = JobId> + use<> {
        self.ids.clone().map(JobId)
    }
}

fn next_id(jobs: &JobMap) -> u32 {
    u32::try_from(jobs.len()).unwrap_or(u32::MAX)
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
    let mut made = MadeJobs { has_matrix: raw.matrix.is_some(), ..MadeJobs::none(jobs) };
    let matrix =
        raw.matrix.as_ref().map(|raw| Matrix::read(raw.get_ref(), &scope.folder, scope.known(task, &[]), problems));
    // Whoever names the keys of a matrix that cannot be read is not to blame.
    let Some(matrix) = matrix.map_or(Some(None), |matrix| matrix.map(Some)) else { return made };
    let keys = matrix.as_ref().map_or(&[][..], |matrix| &matrix.keys);
    let blueprint = Blueprint::read(name, raw, waits_for, scope, scope.known(task, keys), problems);
    made.file_spans = blueprint.file_spans(raw, scope);
    // An argv that could not be read has been reported as such.
    if problems.list.len() > before || blueprint.argv.is_empty() {
        return made;
    }
    match matrix {
        None => {
            let cell = Cell { name: Arc::clone(task), of: None, filling: Filling { values: &[], job: task } };
            made.add(&blueprint, cell, jobs, problems);
        }
        Some(matrix) => {
            jobs.reserve(matrix.len());
            matrix.for_each(task, |filling| {
                // One cell's problem is most often that of all.
                if problems.list.len() == before {
                    let cell = Cell { name: filling.job.into(), of: Some(task), filling };
                    made.add(&blueprint, cell, jobs, problems);
                }
            });
        }
    }
    made.ids.end = next_id(jobs);
    made.is_whole = problems.list.len() == before;
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
            // Names of tasks are compared when all are known.
            Err(InvalidJob { problem: JobProblem::DuplicateName, .. }) if cell.of.is_none() => {}
            Err(InvalidJob { problem: JobProblem::DuplicateName, name })
                if jobs.get(&name).is_some_and(|taken| taken.task.is_none()) =>
            {
                let message = format!("a job of `{}` has the name of the task `{name}`", cell.of.map_or("", |of| of));
                problems.push(Problem::error(blueprint.span.clone(), message).help("rename one of the two tasks"));
            }
            Err(InvalidJob { problem: JobProblem::EmptyArgv, name }) => {
                let problem = Problem::error(blueprint.span.clone(), format!("the argv of `{name}` has no program"));
                problems.push(problem.help("put it first: `{{args}}`, `{{inputs}}` and `{{outputs}}` may be nothing"));
            }
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
    inputs: Option<Patterns<'i>>,
    outputs: Option<Patterns<'i>>,
    depfile: Option<OneFile<'i>>,
    own_edges: Vec<(Range<usize>, Template, EdgeKind)>,
}

/// An element of an argv.
enum Word {
    Template(Template),
    Spliced(Spliced),
    /// As many as there are outputs; its place.
    Outputs(Range<usize>),
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
        let mut patterns = |key: for<'b> fn(&'b RawTask<'i>) -> Option<&'b Spanned<Vec<Name<'i>>>>| {
            scope.placed(raw, key).map(|(names, start)| Patterns::read(names.get_ref(), start, known, problems))
        };
        let inputs = patterns(|raw| raw.inputs.as_ref());
        let outputs = patterns(|raw| raw.outputs.as_ref());
        let depfile = scope.placed(raw, |raw| raw.depfile.as_ref());
        let depfile = depfile.and_then(|(name, start)| OneFile::read(name, start, known, problems));
        let own_edges = [(waits_for.deps, EdgeKind::Needs), (waits_for.after, EdgeKind::After)];
        let own_edges = own_edges.into_iter().flat_map(|(names, kind)| names.iter().map(move |name| (name, kind)));
        // A plan that leaves open what depends on the machine is still ordered by what it comes to here.
        let known_here = Known { portable: false, ..known };
        let read = |(name, kind): (&Name<'i>, EdgeKind)| {
            Some((name.span(), Template::read(name, Place::Text, known_here, problems)?, kind))
        };
        let own_edges = own_edges.filter(|(name, _)| template::is_one(name.get_ref())).filter_map(read).collect();
        let settings = scope.settings(raw, known, problems);
        Self { span: name.span(), scope, argv, settings, inputs, outputs, depfile, own_edges }
    }

    fn file_spans(&self, raw: &RawTask<'i>, scope: &Scope<'i>) -> FileSpans {
        let spans = |patterns: &Option<Patterns<'i>>| patterns.as_ref().map(Patterns::spans).unwrap_or_default();
        let stdin = raw.stdin.as_ref().or_else(|| scope.default(|raw| raw.stdin.as_ref()));
        FileSpans { inputs: spans(&self.inputs), outputs: spans(&self.outputs), stdin: stdin.map(Spanned::span) }
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
                    argv.extend(outputs.filter_map(|output| self.output(output, &settings, span, problems)));
                }
            }
        }
        let job = Job { splices, files: files.map(Box::new), ..Job::new(argv, settings) };
        (problems.list.len() == before).then_some(job)
    }

    /// An output as the job is given it.
    fn output(
        &self,
        output: &PathOrGlob,
        settings: &JobSettings,
        span: &Range<usize>,
        problems: &mut Problems,
    ) -> Option<OsString> {
        match output {
            PathOrGlob::Path(path) => Some(seen_from(&settings.cwd, &self.scope.surroundings.root, path).into()),
            PathOrGlob::Glob(_) => {
                let problem = Problem::error(span.clone(), "`{{outputs}}` cannot be given: an output is a glob");
                problems.push(problem.help("which files it fits is known only after they have been made; name them"));
                None
            }
        }
    }

    fn files(&self, filling: Filling<'_>, problems: &mut Problems) -> Option<JobFiles> {
        if self.inputs.is_none() && self.outputs.is_none() && self.depfile.is_none() {
            return None;
        }
        let mut set = |patterns: &Option<Patterns<'i>>| {
            patterns.as_ref().map(|patterns| patterns.fill(filling, problems)).unwrap_or_default()
        };
        let (inputs, outputs) = (set(&self.inputs), set(&self.outputs));
        let depfile = self.depfile.as_ref().and_then(|depfile| depfile.fill(filling, problems));
        Some(JobFiles { inputs, outputs, depfile })
    }
}

fn read_word(word: &Name<'_>, known: Known<'_>, problems: &mut Problems) -> Option<Word> {
    match template::splat(word.get_ref()) {
        Some("args") => Some(Word::Spliced(Spliced::Arguments)),
        Some("inputs") => Some(Word::Spliced(Spliced::Inputs)),
        Some(_) => Some(Word::Outputs(word.span())),
        None => Template::read(word, Place::Text, known, problems).map(Word::Template),
    }
}
