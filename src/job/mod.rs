//! Jobs: the runnable units, and the ordered map that holds them.
//!
//! A job says everything about one process to start and how to judge its end. It does not know the manifest it came
//! from, what it depends on (that is [`crate::graph`]), or whether it runs.

mod map;
mod retries;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::files::JobFiles;
pub use map::{InvalidJob, JobMap, JobProblem};
pub use retries::{Backoff, Retries};

/// How long a job may take to end after TERM before it is killed, when it does not say.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// A job's place in its [`JobMap`], counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub(crate) u32);

impl JobId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One runnable unit.
#[derive(Debug, Clone)]
pub struct Job {
    /// Program and arguments; never empty, no NUL in it.
    pub argv: Vec<OsString>,
    /// What it shares with all jobs that were declared alike; a manifest of many tasks has few of these.
    pub settings: Arc<JobSettings>,
    /// The task whose matrix it is a cell of; `None` for a task's only job, which has its name.
    pub(crate) task: Option<Arc<str>>,
    /// What it reads and makes, where that is declared.
    pub(crate) files: Option<Box<JobFiles>>,
    /// Arguments that are known only later, in the order of their places.
    pub(crate) splices: Vec<Splice>,
}

impl Job {
    /// A job that always runs when it is asked for.
    pub fn new(argv: Vec<OsString>, settings: Arc<JobSettings>) -> Self {
        Self { argv, settings, task: None, files: None, splices: Vec::new() }
    }

    /// Its argv, with `{{inputs}}` and `{{args}}` where these come in.
    pub(crate) fn argv_as_written(&self) -> Vec<OsString> {
        let mut job = Self {
            argv: self.argv.clone(),
            splices: self.splices.clone(),
            ..Self::new(Vec::new(), Arc::clone(&self.settings))
        };
        for (what, word) in [(Spliced::Inputs, "{{inputs}}"), (Spliced::Arguments, "{{args}}")] {
            job.splice(what, &[word.into()]);
        }
        job.argv
    }

    /// Puts arguments in where they are to come in. Answers whether there is such a place.
    pub(crate) fn splice(&mut self, what: Spliced, arguments: &[OsString]) -> bool {
        let before = self.splices.len();
        let mut added = 0;
        let argv = &mut self.argv;
        self.splices.retain_mut(|splice| {
            splice.at += added;
            if splice.what != what {
                return true;
            }
            argv.splice(splice.at..splice.at, arguments.iter().cloned());
            added += arguments.len();
            false
        });
        self.splices.len() < before
    }
}

/// A place in an argv at which any number of arguments come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Splice {
    /// In front of this argument of the argv as it is.
    pub(crate) at: usize,
    pub(crate) what: Spliced,
}

/// What comes in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spliced {
    /// What follows `--` on the command line.
    Arguments,
    /// The job's inputs, when it starts.
    Inputs,
}

/// How a job runs and how its end is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSettings {
    /// The directory it runs in, absolute.
    pub cwd: PathBuf,
    /// Its environment, before `PROCMAN_*` is added.
    pub environment: Environment,
    /// The file it reads, absolute; `None` is `/dev/null`.
    pub stdin: Option<PathBuf>,
    /// Whether its two output streams share a log.
    pub streams: Streams,
    /// Arguments put before `argv`, the program first; empty for none.
    pub wrapper: Vec<OsString>,
    /// How long one attempt may take before it is ended.
    pub timeout: Option<Duration>,
    /// How long after TERM it is killed.
    pub grace: Duration,
    /// After how long an attempt that still runs is told of.
    pub slow_after: Option<Duration>,
    /// Whether a failed attempt is followed by another, and when.
    pub retries: Retries,
    /// The exit codes that are a success.
    pub success_codes: Vec<i32>,
    /// Whether a failure is shown without failing the run or holding up dependents.
    pub allow_failure: bool,
    /// What becomes of processes that outlive the one it starts.
    pub leak: Leak,
    /// How many places under the limit it takes, at least 1; one that takes more than there are runs alone.
    pub weight: u32,
    /// The pools in which it takes a slot each. One that the plan has no size for limits nothing.
    pub pools: Vec<String>,
    /// How much memory has to be available, in bytes, before it starts; where there is less, it runs alone.
    pub memory: Option<u64>,
    /// Of the jobs that are ready, those of a higher priority start first.
    pub priority: i64,
    /// Whether it gets the terminal and runs alone: it starts only when no other job runs, and none starts while it does.
    pub interactive: bool,
    /// What the command line asks the user before it starts anything; a program that embeds procman asks for itself.
    pub confirm: Option<String>,
    /// The names of [`std::env::consts::OS`] it is for; `None` is all of them.
    pub platforms: Option<Vec<String>>,
}

impl JobSettings {
    /// The defaults of every key, in this directory.
    pub fn in_directory(cwd: impl Into<PathBuf>) -> Self {
        Self {
            cwd: cwd.into(),
            environment: Environment::default(),
            stdin: None,
            streams: Streams::default(),
            wrapper: Vec::new(),
            timeout: None,
            grace: DEFAULT_GRACE,
            slow_after: None,
            retries: Retries::default(),
            success_codes: vec![0],
            allow_failure: false,
            leak: Leak::default(),
            weight: 1,
            pools: Vec::new(),
            memory: None,
            priority: 0,
            interactive: false,
            confirm: None,
            platforms: None,
        }
    }

    /// Whether the job is meant for the operating system procman was built for.
    pub fn runs_here(&self) -> bool {
        self.only_elsewhere().is_none()
    }

    /// Of a job that is meant for others, this operating system and those.
    pub(crate) fn only_elsewhere(&self) -> Option<String> {
        let (here, names) = (std::env::consts::OS, self.platforms.as_ref()?);
        (!names.iter().any(|name| name == here)).then(|| format!("{here}, only {}", names.join(", ")))
    }
}

/// The variables of a job: those inherited, then those set, then some taken away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// What passes through from procman's own environment.
    pub inherit: Inherit,
    /// Set over it; a later layer has replaced an earlier one already.
    pub set: IndexMap<String, String>,
    /// Taken away last.
    pub remove: Vec<String>,
}

/// Which variables of procman's own environment a job gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Inherit {
    /// All of them.
    #[default]
    All,
    /// None.
    Nothing,
    /// Those named.
    Only(Vec<String>),
}

/// Where a job's stdout and stderr go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Streams {
    /// Into one log, in the order they were written.
    #[default]
    Merged,
    /// Into a log each.
    Split,
}

/// What becomes of processes that a job leaves behind: those that outlive the process it was started as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Leak {
    /// They are ended, and told of; the job is what it would be without them.
    #[default]
    Kill,
    /// They are ended, and the job has failed.
    Fail,
    /// They live on, and are told of.
    Ignore,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_in_at_their_places() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let mut job = Job::new(words(&["a", "b"]), Arc::new(JobSettings::in_directory("/")));
        let places = [(1, Spliced::Arguments), (1, Spliced::Inputs), (2, Spliced::Arguments), (2, Spliced::Inputs)];
        job.splices = places.map(|(at, what)| Splice { at, what }).to_vec();
        assert!(job.splice(Spliced::Arguments, &words(&["x", "y"])));
        assert_eq!(job.argv, words(&["a", "x", "y", "b", "x", "y"]));
        assert!(!job.splice(Spliced::Arguments, &words(&["z"])));
        assert!(job.splice(Spliced::Inputs, &words(&["i"])));
        assert_eq!(job.argv, words(&["a", "x", "y", "i", "b", "x", "y", "i"]));
    }
}
