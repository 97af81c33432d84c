//! What is to be expected of the jobs of a plan: which are up to date, and why the others are not.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::{Error, usage};
use crate::definition::Key;
use crate::event::{JobStatus, SkipReason};
use crate::freshness::{Freshness, Reason, State, Verdict, read_state, state_size};
use crate::job::JobId;
use crate::plan::Plan;
use crate::record::{StateError, StateFolder};
use crate::runner::Files;
use crate::schedule::Prospect;
use crate::text;

/// A state file as long as this is read by a thread of its own, while the manifest is.
const LARGE: u64 = 1024 * 1024;

/// What earlier runs have left behind, read or being read.
pub(super) struct EarlierState {
    folder: PathBuf,
    reader: Option<JoinHandle<Result<State, StateError>>>,
    state: Option<State>,
}

impl EarlierState {
    /// That beside a manifest.
    pub(super) fn of(manifest: &Path) -> Self {
        let folder = StateFolder::beside(manifest.parent().unwrap_or(Path::new("/"))).path().to_owned();
        let is_large = state_size(&folder) >= LARGE;
        let read = folder.clone();
        let reader = is_large.then(|| thread::Builder::new().spawn(move || read_state(&read)).ok()).flatten();
        Self { folder, reader, state: None }
    }

    /// As if nothing were known.
    fn forgotten(self) -> Self {
        Self { state: Some(State::default()), ..self }
    }

    fn take(self) -> Result<(PathBuf, State), Error> {
        if let Some(state) = self.state {
            return Ok((self.folder, state));
        }
        let read = self.reader.and_then(|reader| reader.join().ok());
        let state = read.unwrap_or_else(|| read_state(&self.folder));
        let state = state.map_err(|error| Error::Fault(format!("{error}; remove it, and all jobs run again")))?;
        Ok((self.folder, state))
    }
}

/// Jobs, and what is to be expected of them.
pub(super) struct Outlook {
    pub(super) plan: Arc<Plan>,
    /// For each job; empty where none reads or makes a file that is declared.
    verdicts: Vec<Verdict>,
    /// Where any does.
    files: Option<Files>,
}

impl Outlook {
    /// Of the jobs of a plan; those that are `forced` run in any case. Nothing is written.
    pub(super) fn of(
        plan: Plan,
        root: &Path,
        key: &Key,
        forced: Vec<bool>,
        earlier: EarlierState,
    ) -> Result<Self, Error> {
        let mut plan = Arc::new(plan);
        if plan.jobs.iter().all(|(_, job)| job.files.is_none()) {
            return Ok(Self { plan, verdicts: Vec::new(), files: None });
        }
        let (folder, state) = earlier.take()?;
        let unreadable = |error| usage(format!("`{}` cannot be read: {}", text::path(root), text::io_error(&error)));
        let mut freshness = Freshness::new(Arc::clone(&plan), root, key, &folder, state).map_err(unreadable)?;
        let found = freshness.found_makers();
        if !found.is_empty() {
            plan = Arc::new(with_found(&plan, &found));
            freshness.set_plan(Arc::clone(&plan));
        }
        let verdicts = freshness.survey(&forced);
        refuse_missing(&plan, &freshness.missing_inputs())?;
        let files = Files { plan: Arc::clone(&plan), root: root.to_owned(), freshness, forced };
        Ok(Self { plan, verdicts, files: Some(files) })
    }

    /// The same for a look that leaves no trace.
    pub(super) fn without_writing(
        plan: Plan,
        root: &Path,
        forced: Vec<bool>,
        earlier: EarlierState,
    ) -> Result<Self, Error> {
        match StateFolder::beside(root).existing_key()? {
            Some(key) => Self::of(plan, root, &key, forced, earlier),
            // Nothing that is known was made with any other.
            None => Self::of(plan, root, &Key::default(), forced, earlier.forgotten()),
        }
    }

    /// Every job that would run, in an order in which it could, with its argv and why; and which are up to date.
    pub(super) fn lines(&self, root: &Path) -> String {
        let plan = &self.plan;
        let argvs: Vec<_> = plan.planned_jobs(root).map(|job| job.argv).collect();
        let mut out = String::new();
        for job in plan.topological_order() {
            let name = text::escape(plan.jobs.name(job).as_bytes());
            let argv = text::argv(&argvs[job.index()]);
            if let Some(skip) = self.skip(job) {
                _ = writeln!(out, "{name} is skipped: {skip}");
                continue;
            }
            match self.verdict(job) {
                Verdict::UpToDate => _ = writeln!(out, "{name} is up to date"),
                Verdict::Always => _ = writeln!(out, "{name}: {argv}"),
                Verdict::Unsure(before) => {
                    let before = text::escape(plan.jobs.name(*before).as_bytes());
                    _ = writeln!(out, "{name}: {argv}\n    if `{before}` changes something");
                }
                Verdict::Stale(reasons) => {
                    let reasons: Vec<String> = reasons.iter().map(Reason::to_string).collect();
                    _ = writeln!(out, "{name}: {argv}\n    {}", text::names(&reasons));
                }
            }
        }
        out
    }

    /// Why a job does not run whatever is to be expected of it.
    pub(super) fn skip(&self, job: JobId) -> Option<String> {
        let where_else = self.plan.jobs.job(job).settings.only_elsewhere()?;
        JobStatus::Skipped { because: SkipReason::Platform(where_else) }.detail()
    }

    /// What is to be expected of a job.
    pub(super) fn verdict(&self, job: JobId) -> &Verdict {
        self.verdicts.get(job.index()).unwrap_or(&Verdict::Always)
    }

    /// The same of all jobs for the scheduler, and what sees to their files.
    pub(super) fn prospects(self) -> (Vec<Prospect>, Option<Files>) {
        let prospect = |verdict: &Verdict| match verdict {
            Verdict::Always => Prospect::Run,
            Verdict::UpToDate => Prospect::UpToDate,
            Verdict::Stale(_) | Verdict::Unsure(_) => Prospect::Check,
        };
        (self.verdicts.iter().map(prospect).collect(), self.files)
    }
}

/// The plan in which jobs wait for those that make what compilers have found that they read, unless that would have no
/// end.
fn with_found(plan: &Plan, found: &[(JobId, JobId)]) -> Plan {
    let mut with = plan.clone();
    for (job, maker) in found {
        let (node, on) = ((*job).into(), (*maker).into());
        if !with.graph.needs(node).contains(&on) {
            with.graph.add_file_need(node, on);
        }
    }
    if with.graph.cycles().is_empty() { with } else { plan.clone() }
}

fn refuse_missing(plan: &Plan, missing: &[(JobId, PathBuf)]) -> Result<(), Error> {
    let Some((job, path)) = missing.first() else { return Ok(()) };
    let mut problem = format!(
        "`{}` reads `{}`, which is not there, and which no job of this run makes",
        text::escape(plan.jobs.name(*job).as_bytes()),
        text::path(path)
    );
    if missing.len() > 1 {
        _ = write!(problem, " (and so for {} more)", text::count(missing.len() - 1, "input"));
    }
    problem += "; make it first, or correct `inputs`";
    Err(usage(problem))
}
