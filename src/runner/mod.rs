//! Running a plan: the public [`Runner`], and the run with a record that the command line makes.

mod clock;
mod engine;
mod files;
mod results;
mod state;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, SystemTime};
use std::{fmt, io, thread};

use crate::definition::Definition;
use crate::event::{CancelLevel, CancelReason, Fault, Origin, Reporter, RunPlan};
use crate::exec::{FileKeeper, Household, LogFolder, Processes, RunVariables};
use crate::freshness::{Freshness, State};
use crate::job::{InvalidJob, Job, JobMap, JobSettings, Streams};
use crate::log_name::Stems;
use crate::plan::{OnFailure, Plan};
use crate::schedule::{Prospect, Rules};
use crate::sys::Terminal;
use crate::text;
use engine::Control;
pub(crate) use engine::RunEnd;
pub(crate) use files::Files;
pub use results::{JobResult, Results};

/// One run, set up.
pub(crate) struct Run<'a> {
    pub(crate) id: String,
    pub(crate) plan: Arc<Plan>,
    /// What sees to the files of its jobs, where any has some.
    pub(crate) files: Option<Files>,
    pub(crate) rules: Rules,
    /// Where the jobs come from; `None` for jobs that a program gave.
    pub(crate) origin: Option<Origin>,
    /// The jobs' definitions, in order; empty where nobody would compare them.
    pub(crate) definitions: Vec<Definition>,
    /// The folder that paths in the record are relative to.
    pub(crate) root: PathBuf,
    /// Where logs go; it exists.
    pub(crate) logs: PathBuf,
    /// Told of each event in this order.
    pub(crate) reporters: Vec<Box<dyn Reporter + 'a>>,
    pub(crate) control: ControlChannel,
    /// How it sees to processes that are not its own children.
    pub(crate) household: Household,
    /// What interactive jobs are given.
    pub(crate) terminal: Option<Arc<Terminal>>,
}

impl Run<'_> {
    /// Runs the plan to its end.
    pub(crate) fn execute(self) -> RunEnd {
        let mut stems = Stems::default();
        let stems: Vec<String> = self.plan.jobs.iter().map(|(name, _)| stems.assign(name)).collect();
        let logs = LogFolder::new(self.logs, stems);
        let mut jobs: Vec<_> = self.plan.planned_jobs(&self.root).collect();
        for (index, (job, (_, Job { settings, .. }))) in jobs.iter_mut().zip(self.plan.jobs.iter()).enumerate() {
            job.definition = self.definitions.get(index).copied();
            if let Some((file, line)) = self.plan.places.of(index) {
                (job.file, job.line) = (file.cloned(), Some(line));
            }
            // What goes to the terminal is in no log.
            job.log = (!settings.interactive).then(|| logs.stem(index).to_owned());
        }
        let run_plan = RunPlan {
            run: self.id.clone(),
            at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            procman: env!("CARGO_PKG_VERSION").to_owned(),
            origin: self.origin,
            limit: self.rules.limit,
            seed: self.rules.seed,
            env: self.plan.common_variables(),
            groups: self.plan.planned_groups(),
            jobs: jobs.into_iter().map(Arc::new).collect(),
        };
        let variables = RunVariables { run: self.id, root: self.root };
        let processes = Processes::new(logs, variables, self.household, self.terminal);
        let files = self.files.as_ref().map(|files| files as &dyn FileKeeper);
        let mut end = engine::run(
            Arc::clone(&self.plan),
            run_plan,
            self.rules,
            &processes,
            files,
            self.reporters,
            self.control.0,
        );
        name_incomplete_logs(&mut end);
        if let Some(Err(error)) = self.files.as_ref().map(|files| files.freshness.close()) {
            end.fault.get_or_insert_with(|| Fault(error.to_string()));
        }
        end.went_by = Some((self.plan, self.files));
        end
    }
}

/// When a disk was full, adds to the fault the jobs that may have lost output: when it came, not all were known.
fn name_incomplete_logs(end: &mut RunEnd) {
    let incomplete = end.record.jobs.iter().filter(|(_, job)| job.is_log_incomplete());
    let names: Vec<&str> = incomplete.map(|(name, _)| &**name).collect();
    if let Some(fault) = &mut end.fault
        && !names.is_empty()
    {
        _ = write!(fault.0, " (incomplete logs: {})", text::names(&names));
    }
}

/// The way in which a run is told to end early, made before the run.
pub(crate) struct ControlChannel((Sender<Control>, Receiver<Control>));

impl ControlChannel {
    pub(crate) fn new() -> Self {
        Self(mpsc::channel())
    }

    pub(crate) fn canceller(&self) -> Canceller {
        Canceller(self.0.0.clone())
    }
}

/// Ends a run early, from any thread.
#[derive(Debug, Clone)]
pub struct Canceller(Sender<Control>);

impl Canceller {
    /// Ends the run. A second call takes effect if its level is higher; after the run it does nothing.
    pub fn cancel(&self, reason: CancelReason, level: CancelLevel) {
        _ = self.0.send(Control::Cancel { reason, level });
    }

    /// Stops every job and every clock. Returns when it is done; the run goes on after [`Canceller::resume`].
    pub(crate) fn pause(&self) {
        let (done, is_done) = mpsc::sync_channel(1);
        if self.0.send(Control::Pause(done)).is_ok() {
            // An error means that the run has ended.
            _ = is_done.recv();
        }
    }

    /// Lets the run go on, if it was paused.
    pub(crate) fn resume(&self) {
        _ = self.0.send(Control::Resume);
    }
}

/// Runs jobs that a program gives, and hands back what they wrote.
///
/// It installs no signal handlers, touches no terminal, and waits for no process but its own. What a job leaves behind in
/// its session is ended, or not, as [`JobSettings::leak`] says; a daemon is not found, because to adopt orphans is for the
/// embedding program to decide.
///
/// ```
/// let jobs = [("hello", ["echo", "hello"]), ("fails", ["ls", "/no/such/place"])];
/// let results = procman::Runner::new().limit(2).run(jobs)?;
///
/// let hello = results.get("hello").expect("it is one of the jobs");
/// assert!(hello.status().is_success());
/// assert_eq!(hello.stdout()?, b"hello\n");
///
/// let fails = results.get("fails").expect("it is one of the jobs");
/// assert!(!fails.stderr()?.is_empty());
/// assert_eq!(fails.code(), Some(2));
///
/// assert!(results.get("other").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Runner {
    limit: Option<usize>,
    on_failure: OnFailure,
    timeout: Option<Duration>,
    seed: Option<u64>,
    control: ControlChannel,
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner {
    /// As many jobs at once as there are CPUs, and a failure stops no other job.
    pub fn new() -> Self {
        let control = ControlChannel::new();
        Self { limit: None, on_failure: OnFailure::default(), timeout: None, seed: None, control }
    }

    /// How many jobs may run at once; 0 is taken as 1.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit.max(1));
        self
    }

    /// What a failed job means for the others.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// How long the whole run may take; what has not ended by then is cancelled.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What the jitter of delays is drawn from: the same seed gives the same delays. Otherwise it differs from run to
    /// run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A handle to end the run from another thread.
    pub fn canceller(&self) -> Canceller {
        self.control.canceller()
    }

    /// Runs jobs given as names and argv arrays, in the current directory, stdout and stderr apart.
    ///
    /// # Errors
    ///
    /// For a job that cannot be one, before anything is started, and when output files cannot be made. A job that fails
    /// is no error: it is in the results.
    pub fn run<N, A>(self, jobs: impl IntoIterator<Item = (N, A)>) -> Result<Results, RunError>
    where
        N: Into<Arc<str>>,
        A: IntoIterator,
        A::Item: Into<OsString>,
    {
        let directory = std::env::current_dir().map_err(RunError::Directory)?;
        let mut settings = JobSettings::in_directory(directory);
        settings.streams = Streams::Split;
        let settings = Arc::new(settings);
        let mut map = JobMap::new();
        for (name, argv) in jobs {
            let argv = argv.into_iter().map(Into::into).collect();
            map.insert(name, Job::new(argv, Arc::clone(&settings))).map_err(RunError::Job)?;
        }
        self.run_plan(Plan::independent(map))
    }

    /// Runs a plan, for instance that of a [`Manifest`](crate::Manifest), whose `limit` and `on_failure` are the
    /// caller's to pass on. Every job runs, also one that the command would find up to date.
    ///
    /// # Errors
    ///
    /// When output files cannot be made.
    pub fn run_plan(self, plan: Plan) -> Result<Results, RunError> {
        let folder = tempfile::Builder::new().prefix("procman-").tempdir().map_err(RunError::Output)?;
        let root = match &plan.root {
            Some(root) => root.clone(),
            None => std::env::current_dir().map_err(RunError::Directory)?,
        };
        let rules = Rules {
            limit: self.limit.unwrap_or_else(available_cpus),
            on_failure: self.on_failure,
            timeout: self.timeout,
            seed: self.seed.unwrap_or_else(fresh_seed),
            // What a job is about to read is taken down, and that it is up to date is not known.
            prospects: plan
                .jobs
                .iter()
                .map(|(_, job)| if job.files.is_some() { Prospect::Check } else { Prospect::Run })
                .collect(),
        };
        let plan = Arc::new(plan);
        let files = files_of(&plan, &root, folder.path())?;
        let end = Run {
            files,
            id: folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned(),
            plan,
            rules,
            origin: None,
            definitions: Vec::new(),
            root,
            logs: folder.path().to_owned(),
            reporters: Vec::new(),
            control: self.control,
            household: Household::default(),
            terminal: None,
        }
        .execute();
        match end.fault {
            None => Ok(Results::new(end.record, folder)),
            Some(fault) => Err(RunError::Fault(fault.0)),
        }
    }
}

/// What sees to the files of a plan of which nothing was known before and nothing is to be kept.
fn files_of(plan: &Arc<Plan>, root: &Path, state: &Path) -> Result<Option<Files>, RunError> {
    if plan.jobs.iter().all(|(_, job)| job.files.is_none()) {
        return Ok(None);
    }
    let key = std::array::from_fn(|_| u8::try_from(fresh_seed() & 0xFF).unwrap_or(0));
    let freshness = Freshness::new(Arc::clone(plan), root, &key, state, State::default());
    let files = |freshness| Files {
        plan: Arc::clone(plan),
        root: root.to_owned(),
        freshness,
        forced: vec![true; plan.jobs.len()],
    };
    freshness.map(files).map(Some).map_err(RunError::Directory)
}

/// The number of CPUs this process may use; 1 where that cannot be told.
pub(crate) fn available_cpus() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// A seed that nobody chose; short enough to be typed, and exact in whatever reads JSON numbers as floats.
pub(crate) fn fresh_seed() -> u64 {
    // The standard library's one source of randomness.
    RandomState::new().hash_one(()) >> 32
}

/// Why [`Runner`] could not run jobs.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// A job cannot be one.
    Job(InvalidJob),
    /// The current directory cannot be told.
    Directory(io::Error),
    /// The folder for output cannot be made.
    Output(io::Error),
    /// Something went wrong on the way; a text for the user. Jobs may have run.
    Fault(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(job) => job.fmt(f),
            Self::Directory(_) => f.write_str("the current directory cannot be told"),
            Self::Output(_) => f.write_str("the folder for the jobs' output cannot be made"),
            Self::Fault(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Job(_) | Self::Fault(_) => None,
            Self::Directory(error) | Self::Output(error) => Some(error),
        }
    }
}
