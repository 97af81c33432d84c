//! Jobs by name, in order.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::{Job, JobId};

/// Jobs by name, in the order they were added: the manifest's order.
#[derive(Debug, Clone, Default)]
pub struct JobMap {
    jobs: IndexMap<Arc<str>, Job>,
}

impl JobMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, jobs: usize) {
        self.jobs.reserve(jobs);
    }

    /// Adds a job at the end.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, job: Job) -> Result<JobId, InvalidJob> {
        let name = name.into();
        let problem = match job.argv.first() {
            None => Some(JobProblem::EmptyArgv),
            Some(program) if program.is_empty() => Some(JobProblem::EmptyProgram),
            Some(_) if job.argv.iter().any(|argument| argument.as_encoded_bytes().contains(&0)) => {
                Some(JobProblem::NulInArgv)
            }
            Some(_) => None,
        };
        let error = |problem, name: &str| InvalidJob { name: name.to_owned(), problem };
        if let Some(problem) = problem {
            return Err(error(problem, &name));
        }
        let index = self.jobs.len();
        let Ok(id) = u32::try_from(index) else { return Err(error(JobProblem::TooMany, &name)) };
        match self.jobs.entry(name) {
            Entry::Occupied(taken) => Err(error(JobProblem::DuplicateName, taken.key())),
            Entry::Vacant(free) => {
                free.insert(job);
                Ok(JobId(id))
            }
        }
    }

    /// How many jobs there are.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The job of this name, or `None`.
    pub fn get(&self, name: &str) -> Option<&Job> {
        self.jobs.get(name)
    }

    /// The place of the job of this name.
    pub(crate) fn id(&self, name: &str) -> Option<JobId> {
        self.jobs.get_index_of(name).and_then(|index| u32::try_from(index).ok()).map(JobId)
    }

    /// Names and jobs, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Job)> {
        self.jobs.iter().map(|(name, job)| (&**name, job))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = JobId> + use<> {
        (0..u32::try_from(self.jobs.len()).unwrap_or(u32::MAX)).map(JobId)
    }

    pub(crate) fn name(&self, id: JobId) -> &Arc<str> {
        self.jobs.get_index(id.index()).expect("an id is of its own map").0
    }

    pub(crate) fn job(&self, id: JobId) -> &Job {
        &self.jobs[id.index()]
    }

    pub(crate) fn job_mut(&mut self, id: JobId) -> &mut Job {
        &mut self.jobs[id.index()]
    }

    /// Keeps the jobs whose place is set in `keep`, in the same order; ids change.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut kept = keep.iter();
        self.jobs.retain(|_, _| kept.next().copied().unwrap_or(false));
        self.jobs.shrink_to_fit();
    }
}

/// Why a job cannot be added to a [`JobMap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidJob {
    /// The job's name.
    pub name: String,
    /// What is wrong with it.
    pub problem: JobProblem,
}

/// What can be wrong with a job by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobProblem {
    /// There is no program to run.
    EmptyArgv,
    /// The program's name is the empty string.
    EmptyProgram,
    /// An argument holds a NUL byte, which no process can be given.
    NulInArgv,
    /// Another job has the name.
    DuplicateName,
    /// There are 2³² jobs already.
    TooMany,
}

impl fmt::Display for InvalidJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.problem {
            JobProblem::EmptyArgv => "has an empty argv; give at least the program",
            JobProblem::EmptyProgram => "has an empty string for its program",
            JobProblem::NulInArgv => "has a NUL byte in its argv, which no process can be given",
            JobProblem::DuplicateName => "is there twice; every job needs a name of its own",
            JobProblem::TooMany => "is one job too many",
        };
        write!(f, "job `{}` {what}", crate::text::escape(self.name.as_bytes()))
    }
}

impl std::error::Error for InvalidJob {}
