//! The files of the jobs of a run: what is checked before each and looked at after it.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::{Exit, Fault};
use crate::exec::FileKeeper;
use crate::files::seen_from;
use crate::freshness::{Flaw, Freshness, Outcome, Reason};
use crate::job::{Job, JobId, Spliced};
use crate::plan::Plan;
use crate::schedule::{ProcessEnd, ProcessOutcome};
use crate::text;

/// Sees to the files of one run.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) plan: Arc<Plan>,
    /// What their paths start at.
    pub(crate) root: PathBuf,
    pub(crate) freshness: Freshness,
    /// For each job, whether it is to run in any case.
    pub(crate) forced: Vec<bool>,
}

impl FileKeeper for Files {
    fn check(&self, job: JobId) -> bool {
        self.freshness.check(job, self.forced[job.index()])
    }

    fn prepare(&self, id: JobId, attempt: u32) -> Result<Cow<'_, Job>, String> {
        let job = self.plan.jobs.job(id);
        if attempt > 1 {
            // An earlier attempt may have changed what it reads, and does not make it up to date.
            self.freshness.check(id, true);
        }
        if let Some(files) = &job.files {
            files.folders_of_what_is_made().try_for_each(|folder| make_folder(&self.root, folder))?;
        }
        if job.splices.is_empty() {
            return Ok(Cow::Borrowed(job));
        }
        let mut job = job.clone();
        let inputs = self.freshness.inputs(id);
        let inputs: Vec<OsString> =
            inputs.iter().map(|path| seen_from(&job.settings.cwd, &self.root, path).into()).collect();
        job.splice(Spliced::Inputs, &inputs);
        Ok(Cow::Owned(job))
    }

    fn settle(&self, job: JobId, end: &mut ProcessEnd) -> Result<(), Fault> {
        match self.freshness.succeeded(job) {
            Outcome::Kept => {}
            Outcome::Changed(reasons) => end.changed_inputs = reasons.iter().map(Reason::to_string).collect(),
            Outcome::Failed(flaws) => {
                end.outcome = ProcessOutcome::Exited(Exit::Unmade(flaws.iter().map(Flaw::to_string).collect()));
                return self.failed(job);
            }
            Outcome::NotSaved(error) => return Err(Fault(error.to_string())),
        }
        Ok(())
    }

    fn stop_checks(&self) {
        self.freshness.stop_checks();
    }

    fn stop(&self) {
        self.freshness.stop();
    }

    fn failed(&self, job: JobId) -> Result<(), Fault> {
        self.freshness.failed(job).map_err(|error| Fault(error.to_string()))
    }
}

/// A program that writes a file seldom makes the folder for it.
fn make_folder(root: &Path, folder: &Path) -> Result<(), String> {
    fs::create_dir_all(root.join(folder)).map_err(|error| {
        format!("the folder `{}` for its outputs cannot be made: {}", text::path(folder), text::io_error(&error))
    })
}
