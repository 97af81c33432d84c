//! Whether jobs are up to date: what they read and made the last time they succeeded, beside what is there now.
//!
//! Knows plans, files and the state file. Does not know when a job runs, nor what comes of it for a run: whoever runs
//! jobs asks before each ([`Freshness::check`]) and tells of each success ([`Freshness::succeeded`]).

mod contents;
mod definition;
mod depfile;
mod deps;
mod digest;
mod forget;
mod lines;
mod look;
mod names;
mod reason;
mod run;
mod state;
mod store;
mod survey;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{env, io};

use contents::Root;
use definition::Definitions;
use deps::{Made, NodeNames};
use digest::Digest;
use run::Progress;
use state::Record;
use store::Store;

use crate::files::JobFiles;
use crate::graph::NodeId;
use crate::job::{Job, JobId};
use crate::keyed_hash::{Key, KeyedHash};
use crate::makers::Makers;
use crate::plan::Plan;
use crate::record::StateError;

pub(crate) use forget::forget_state;
pub(crate) use reason::Reason;
pub(crate) use run::{Flaw, Outcome};
pub(crate) use state::State;
pub(crate) use store::{read as read_state, size as state_size};

/// What is known of the jobs of a plan, for one run or one question. Threads share it.
#[derive(Debug)]
pub(crate) struct Freshness {
    plan: Arc<Plan>,
    root: PathBuf,
    /// The same, open: paths are looked up from here.
    folder: File,
    key: Key,
    definitions: Definitions,
    names: NodeNames,
    has_depfiles: bool,
    state: RwLock<State>,
    store: Mutex<Store>,
    /// Who needs this and `state` takes this one first.
    progress: Mutex<Progress>,
    missing: Mutex<Vec<(JobId, PathBuf)>>,
    are_checks_stopped: AtomicBool,
    is_stopped: AtomicBool,
}

/// What is to be expected of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has neither inputs nor outputs and runs whenever it is asked for, if it runs here at all.
    Always,
    UpToDate,
    Stale(Vec<Reason>),
    /// Nothing is wrong with it, but this job would run before it, and may or may not leave everything as it was.
    Unsure(JobId),
}

impl Freshness {
    /// Of the jobs of `plan`, whose paths start at `root`. `state` was read from `state_folder` by [`read_state`],
    /// which may be done in another thread while the plan is made. Nothing is written.
    ///
    /// # Errors
    ///
    /// When `root` cannot be opened.
    pub(crate) fn new(
        plan: Arc<Plan>,
        root: &Path,
        key: &Key,
        state_folder: &Path,
        mut state: State,
    ) -> io::Result<Self> {
        let has_depfile = |(_, job): (&str, &Job)| job.files.as_ref().is_some_and(|files| files.depfile.is_some());
        let has_depfiles = plan.jobs.iter().any(has_depfile);
        Ok(Self {
            folder: File::open(root)?,
            root: root.to_owned(),
            key: *key,
            definitions: Definitions::new(&plan.jobs, root, key, &|name| env::var_os(name)),
            names: NodeNames::new(&plan, &mut state),
            has_depfiles,
            state: RwLock::new(state),
            store: Mutex::new(Store::in_folder(state_folder)),
            progress: Mutex::default(),
            missing: Mutex::default(),
            are_checks_stopped: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
            plan,
        })
    }

    /// Goes by another order among the same jobs.
    pub(crate) fn set_plan(&mut self, plan: Arc<Plan>) {
        self.plan = plan;
    }

    /// What is to be expected of each job before anything runs; those that are `forced`, one flag for each job, run in
    /// any case. Writes nothing. One that is up to date is so at this moment and need not be checked again.
    pub(crate) fn survey(&self, forced: &[bool]) -> Vec<Verdict> {
        let survey = survey::survey(self, &self.state(), forced);
        *lock(&self.missing) = survey.missing;
        let mut state = self.state_mut();
        for (path, known) in survey.learned {
            state.learn(&path, known);
        }
        survey.verdicts
    }

    /// Inputs named by their paths that were not there at the last survey and that no other job of the plan makes here.
    pub(crate) fn missing_inputs(&self) -> Vec<(JobId, PathBuf)> {
        let mut missing = lock(&self.missing).clone();
        if !missing.is_empty() {
            let makers = Makers::of(&self.plan.jobs);
            let is_made = |maker: JobId, job| maker != job && self.plan.jobs.job(maker).settings.runs_here();
            missing.retain(|(job, path)| !makers.maker_of(path).is_some_and(|maker| is_made(maker, *job)));
        }
        missing.sort_unstable();
        missing
    }

    /// Jobs and others of the plan that make what a depfile of theirs named: those should run first.
    pub(crate) fn found_makers(&self) -> Vec<(JobId, JobId)> {
        let state = self.state();
        let found = |job: JobId| {
            let files = self.files(job).filter(|files| files.depfile.is_some());
            let record = state.record(self.names.of(job)).filter(|_| files.is_some());
            record.and_then(|record| record.found()).unwrap_or_default()
        };
        if self.plan.jobs.ids().all(|job| found(job).is_empty()) {
            return Vec::new();
        }
        let mut by_file = HashMap::new();
        for job in self.plan.jobs.ids() {
            let outputs = self.files(job).into_iter().flat_map(|files| files.outputs.paths());
            by_file.extend(outputs.filter_map(|path| state.file(path)).map(|file| (file, job)));
        }
        let mut pairs = Vec::new();
        for job in self.plan.jobs.ids() {
            let makers = found(job).iter().filter_map(|(file, _)| by_file.get(file).copied());
            pairs.extend(makers.filter(|maker| *maker != job).map(|maker| (job, maker)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Reads no file to its end any more to check a job; none is up to date from now on.
    pub(crate) fn stop_checks(&self) {
        self.are_checks_stopped.store(true, Ordering::Relaxed);
    }

    /// Reads no file to its end any more; what is asked from now on has no good answer.
    pub(crate) fn stop(&self) {
        self.stop_checks();
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// At the end of a run: saves what was learned on the way, and makes the state file shorter when that is worth it.
    ///
    /// # Errors
    ///
    /// When the state file cannot be written; the next run reads some files again then, and nothing else comes of it.
    pub(crate) fn close(&self) -> Result<(), StateError> {
        let mut state = self.state_mut();
        let mut store = lock(&self.store);
        let mut text = Vec::new();
        let lines = state.write_unsaved(&mut text);
        if lines > 0 {
            store.append(&text)?;
            state.lines += lines;
        }
        store.compact(state.lines, state.live_lines())
    }

    /// What a job reads and makes; `None` for one that is to run whenever it is asked for.
    fn files(&self, job: JobId) -> Option<&JobFiles> {
        let files = self.plan.jobs.job(job).files.as_deref()?;
        let is_declared = !files.inputs.is_empty() || !files.outputs.is_empty() || files.depfile.is_some();
        is_declared.then_some(files)
    }

    fn stdin(&self, job: JobId) -> Option<&Path> {
        let stdin = self.plan.jobs.job(job).settings.stdin.as_deref()?;
        Some(definition::relative(stdin, &self.root))
    }

    fn order_counts(&self, job: JobId) -> bool {
        definition::has_inputs_in_argv(self.plan.jobs.job(job))
    }

    /// Why a job is not up to date, as far as what its process is given beside files tells.
    fn definition_changes(&self, state: &State, hash: &mut KeyedHash<'_>, job: JobId, record: &Record) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if definition::argv(hash, self.plan.jobs.job(job)) != record.argv {
            reasons.push(Reason::Argv);
        }
        let (mark, settings) = self.definitions.of(job);
        if *mark != record.settings {
            match state.settings(record.settings) {
                Some(before) => reasons.extend(definition::changes(before, settings)),
                None => reasons.push(Reason::Settings),
            }
        }
        reasons
    }

    fn made<'a>(&'a self, state: &'a State, now: &'a HashMap<JobId, Option<Digest>>) -> Made<'a> {
        Made { plan: &self.plan, names: &self.names, state, now, key: &self.key }
    }

    fn contents(&self) -> Root<'_> {
        Root { folder: &self.folder, key: &self.key, is_stopped: &self.is_stopped }
    }

    /// All nodes, each after what it waits for.
    fn order(&self) -> Vec<NodeId> {
        self.plan.graph.topological_order()
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files of which compilers have said, as depfiles tell, that jobs of a plan have read them when they last succeeded.
pub(crate) fn found_files(plan: &Plan, state: &State) -> Vec<PathBuf> {
    let has_depfile = |job: &Job| job.files.as_ref().is_some_and(|files| files.depfile.is_some());
    let records = plan.jobs.iter().filter(|(_, job)| has_depfile(job));
    let records = records.filter_map(|(name, _)| state.record(state.names.get(name.as_bytes())?));
    let found = records.flat_map(|record| record.found().unwrap_or_default());
    found.map(|(file, _)| state.path(*file).to_owned()).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
