//! Jobs: the runnable units, and the ordered map that holds them.
//!
//! A job says everything about one process to start and how to judge its end. It does not know the manifest it came
//! from, what it depends on (that is [`crate::graph`]), or whether it runs.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::files::JobFiles;

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

/// Whether a failed attempt is followed by another, and when; `2.into()` is two more at once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Retries {
    /// How many more attempts a failed one is given.
    pub count: u32,
    /// How long the job waits before its second attempt; it holds no place under the limit while it does.
    pub delay: Duration,
    /// What becomes of the delay before further attempts.
    pub backoff: Backoff,
    /// No delay is longer than this.
    pub max_delay: Option<Duration>,
    /// How much of each delay is left to chance, 0.0 to 1.0: a random part of up to this fraction is taken off.
    pub jitter: f64,
}

/// How the delays before a job's attempts grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backoff {
    /// They do not.
    #[default]
    Fixed,
    /// Each is twice the one before.
    Exponential,
}

impl From<u32> for Retries {
    /// So many, without a delay.
    fn from(count: u32) -> Self {
        Self { count, ..Self::default() }
    }
}

impl Retries {
    /// How long the job waits before an attempt, the first being 1. `random` is at least 0 and less than 1; it decides
    /// what the jitter takes off.
    pub fn delay_before(&self, attempt: u32, random: f64) -> Duration {
        /// So many times even a nanosecond can be doubled before it is too long to be represented.
        const MOST_DOUBLINGS: u32 = 94;
        let doublings = match self.backoff {
            Backoff::Fixed => 0,
            Backoff::Exponential => attempt.saturating_sub(2).min(MOST_DOUBLINGS),
        };
        let delay = (0..doublings).fold(self.delay, |delay, _| delay.saturating_mul(2));
        let longest = delay.min(self.max_delay.unwrap_or(Duration::MAX));
        let part = longest.as_secs_f64() * self.jitter * random;
        longest.saturating_sub(Duration::try_from_secs_f64(part).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn any_retries() -> impl Strategy<Value = Retries> {
        let backoff = prop_oneof![Just(Backoff::Fixed), Just(Backoff::Exponential)];
        (any::<u32>(), any::<Duration>(), backoff, any::<Option<Duration>>(), 0.0..=1.0)
            .prop_map(|(count, delay, backoff, max_delay, jitter)| Retries { count, delay, backoff, max_delay, jitter })
    }

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

    #[test]
    fn delays_are_fixed_or_double_up_to_the_longest() {
        let delays = |retries: Retries| [2, 3, 4, 5].map(|attempt| retries.delay_before(attempt, 0.0).as_secs());
        let fixed = Retries { delay: 3 * SECOND, ..4.into() };
        assert_eq!(delays(fixed), [3, 3, 3, 3]);
        let doubling = Retries { backoff: Backoff::Exponential, ..fixed };
        assert_eq!(delays(doubling), [3, 6, 12, 24]);
        assert_eq!(delays(Retries { max_delay: Some(10 * SECOND), ..doubling }), [3, 6, 10, 10]);
        assert_eq!(delays(4.into()), [0, 0, 0, 0]);
    }

    #[test]
    fn jitter_takes_off_up_to_its_fraction() {
        let delay = |jitter, random| Retries { delay: 8 * SECOND, jitter, ..1.into() }.delay_before(2, random);
        assert_eq!(delay(0.0, 0.75), 8 * SECOND);
        assert_eq!(delay(0.25, 0.0), 8 * SECOND);
        assert_eq!(delay(0.25, 0.5), 7 * SECOND);
        assert_eq!(delay(1.0, 0.75), 2 * SECOND);
    }

    #[test]
    fn the_longest_delay_doubles_to_itself() {
        let retries = Retries { delay: Duration::MAX, backoff: Backoff::Exponential, ..1.into() };
        assert_eq!(retries.delay_before(u32::MAX, 0.0), Duration::MAX);
        let retries = Retries { delay: Duration::from_nanos(1), ..retries };
        assert_eq!(retries.delay_before(u32::MAX, 0.0), Duration::MAX);
    }

    proptest! {
        #[test]
        fn a_delay_is_within_what_was_asked_for(
            retries in any_retries(),
            attempt in 2..=u32::MAX,
            random in 0.0..1.0,
        ) {
            let whole = Retries { jitter: 0.0, ..retries }.delay_before(attempt, random);
            let delay = retries.delay_before(attempt, random);
            prop_assert!(delay <= whole);
            prop_assert!(delay.as_secs_f64() >= whole.as_secs_f64() * (1.0 - retries.jitter) * 0.999_999 - 1e-6);
            prop_assert!(whole <= retries.max_delay.unwrap_or(Duration::MAX));
            prop_assert!(whole >= retries.delay.min(retries.max_delay.unwrap_or(Duration::MAX)));
            let next = Retries { jitter: 0.0, ..retries }.delay_before(attempt.saturating_add(1), random);
            prop_assert!(next >= whole);
        }
    }
}
