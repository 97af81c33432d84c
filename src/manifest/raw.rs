//! The manifest as it is written: each table with its keys, each value with its place, nothing resolved.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::decode::{FromToml, Problems, Text, raw_table, table};
use super::limit::Limit;
use super::matrix::{RawMatrix, Scalar};
use super::pools::Slots;
use super::schema::{self, Filled, NewName, ValueName, VariableName};
use super::size::Size;
use super::values::{
    Argv, DurationText, InheritEnv, LeakName, OnFailureName, Positive, StreamsName, SuccessCodes, Wrapper,
};
use super::version::Version;
use crate::diagnostic::Problem;
use crate::job::Retries;
use crate::retention::Retention;

/// A string with its place.
pub(super) type Name<'i> = Spanned<Text<'i>>;
/// Variables, each name and value with its place.
pub(super) type Variables<'i> = IndexMap<Spanned<Text<'i>>, Spanned<Text<'i>>>;

raw_table! {
    /// The top of the file.
    RawManifest {
        /// The earliest procman that this file is for. An earlier one says so, and nothing else about the file.
        min_version: Version,
        /// How many jobs may run at once: a number, or a percentage of the CPUs. Otherwise the number of CPUs.
        #[default("100%")]
        limit: Limit,
        /// What runs when no task is named: names, globs and tags. Otherwise every task that is not `manual`.
        default: Vec<Name<'i>>,
        /// What a failed job means for the others: whatever does not need it goes on (`continue`), what runs goes on and
        /// nothing new starts (`no-new`), or what runs is ended too (`kill`).
        #[default("continue")]
        on_failure: OnFailureName,
        /// Limits of their own, beside `limit`: how many of the jobs that name a pool may run at once.
        pools: IndexMap<Name<'i>, Slots> as schema::Table<NewName, Positive>,
        /// Which runs are kept. Whatever is set removes; the newest run and those under way always stay.
        log: Retention,
        /// More files with tasks: paths and globs, relative to this file's folder. A glob may match nothing.
        include: Vec<Name<'i>> as Vec<Filled>,
        /// Variables for every task, over those of `env_file`.
        env: Variables<'i> as schema::Table<VariableName, String>,
        /// Files of NAME=value lines, read for every task.
        env_file: Vec<Name<'i>>,
        /// Which variables of procman's own environment tasks get: true for all, false for none, or their names.
        #[default(true)]
        inherit_env: InheritEnv<'i>,
        /// Values for `{{name}}` in the strings of tasks. `--set name=value` replaces one.
        vars: IndexMap<Name<'i>, Spanned<Scalar<'i>>> as schema::Table<ValueName, Scalar<'i>>,
        /// What every task starts from: any key of a task but `argv`, `description`, `aliases` and `matrix`. What a task says
        /// itself replaces it; only `env` is added to.
        defaults: Undecoded<'i> as schema::Defaults,
        /// The tasks: an argv array, or a table.
        tasks: Undecoded<'i> as schema::Table<NewName, schema::Task>,
    }
}

raw_table! {
    /// A task, or the defaults of all tasks.
    RawTask {
        /// The program and each argument, apart. They reach the program as they are written; no shell reads them. A bare
        /// program name is looked up on the task's own PATH; one with a `/` is relative to `cwd`. A task without it is a
        /// group: a name for its `deps`.
        argv: Argv<'i>,
        /// What it is for, as `procman list` shows it.
        description: Text<'i>,
        /// These tasks must succeed first. If one fails, this one is skipped.
        deps: Vec<Name<'i>>,
        /// These tasks must only have ended, when they are in the same run. If one fails, this one runs all the same.
        after: Vec<Name<'i>>,
        /// Where it runs, relative to this file's folder.
        #[default(".")]
        cwd: Text<'i>,
        /// Its own variables, over all others.
        env: Variables<'i> as schema::Table<VariableName, String>,
        /// Variables that it does not get.
        env_remove: Vec<Name<'i>> as Vec<VariableName>,
        /// Files of NAME=value lines, over the variables of the top.
        env_file: Vec<Name<'i>>,
        /// Which variables of procman's own environment it gets: true for all, false for none, or their names.
        #[default(true)]
        inherit_env: InheritEnv<'i>,
        /// How long one attempt may take. Then it gets TERM, and after `grace` KILL, with all that it has started.
        timeout: DurationText,
        /// How long it has after TERM until it gets KILL; on Ctrl-C too.
        #[default("10s")]
        grace: DurationText,
        /// From then on an attempt that still runs is shown as slow, as it runs and in the summary.
        slow_after: DurationText,
        /// How many more attempts a failed one is given, and after which delay. One that then succeeds is `flaky`, which is
        /// no failure.
        #[default(0)]
        retries: Retries,
        /// The exit codes that mean success.
        #[default([0])]
        success_codes: SuccessCodes,
        /// Whether a failure is shown and counted, but does not fail the run, and tasks that need this one go on.
        #[default(false)]
        allow_failure: bool,
        /// What becomes of processes that outlive the one this starts: they are ended with a warning (`kill`), they are ended
        /// and the task has failed (`fail`), or they live on (`ignore`).
        #[default("kill")]
        leak: LeakName,
        /// What it reads: files, folders and globs, relative to this file's folder; `!` takes files out again. It does not
        /// run while all is as it was when it last succeeded. An input that another task makes is a dependency.
        inputs: Vec<Name<'i>>,
        /// What it makes: files, folders and globs, relative to this file's folder. Their folders are made. One that is
        /// missing after success is a failure.
        outputs: Vec<Name<'i>>,
        /// Where a compiler writes what it has read (`cc -MMD -MF`): files that count as inputs from then on.
        depfile: Text<'i>,
        /// One job for each combination of values, the last key's changing fastest. Values are listed, or found.
        matrix: RawMatrix<'i>,
        /// What it can be selected by: `procman tag:NAME`.
        tags: Vec<Name<'i>>,
        /// Other names for it.
        aliases: Vec<Name<'i>> as Vec<NewName>,
        /// Whether it runs only when another task needs it.
        #[default(false)]
        private: bool,
        /// Whether it runs only by its name, or when another task needs it.
        #[default(false)]
        manual: bool,
        /// The systems that it is for. Elsewhere it is skipped, and tasks that need it go on.
        platforms: Vec<Name<'i>> as schema::Platforms,
        /// How many places of the limit it takes. What is heavier than the limit runs alone.
        #[default(1)]
        weight: Positive,
        /// It takes a slot in each of these pools.
        pools: Vec<Name<'i>> as BTreeSet<String>,
        /// It starts only while so much memory is available, or when nothing else runs: a number with K, M, G or T, each 1024
        /// times the one before.
        memory: Size,
        /// Of the jobs that are ready, those of a higher priority start first.
        #[default(0)]
        priority: i64,
        /// Whether it gets the terminal to itself, and runs alone; its output is in no log.
        #[default(false)]
        interactive: bool,
        /// A question that is asked before anything starts; unless the answer is yes, it is `cancelled`.
        confirm: Text<'i> as Filled,
        /// The file it reads, relative to this file's folder. Otherwise it reads nothing.
        stdin: Text<'i>,
        /// Whether stdout and stderr are in one log, in the order they were written (`merged`), or in a log each (`split`).
        #[default("merged")]
        streams: StreamsName,
        /// Arguments put in front of `argv`.
        wrapper: Wrapper<'i>,
    }
}

/// The keys that cannot be said of all tasks.
pub(super) const KEYS_OF_ONE_TASK: [&str; 4] = ["argv", "description", "aliases", "matrix"];

/// What people who come from other tools write, and what it is called here.
const FOREIGN_KEYS: [(&str, &str); 16] = [
    ("cmd", "argv"),
    ("command", "argv"),
    ("commands", "argv"),
    ("run", "argv"),
    ("exec", "argv"),
    ("script", "argv"),
    ("args", "argv"),
    ("depends", "deps"),
    ("depends_on", "deps"),
    ("dependencies", "deps"),
    ("needs", "deps"),
    ("requires", "deps"),
    ("dir", "cwd"),
    ("working_dir", "cwd"),
    ("workdir", "cwd"),
    ("environment", "env"),
];

impl<'i> RawManifest<'i> {
    pub(super) fn from_document(document: DeTable<'i>, problems: &mut Problems) -> Self {
        Self::decode(document, problems, |key, problems| {
            let written = &**key.get_ref();
            let help = match written {
                "task" | "targets" | "recipes" => Some("did you mean `tasks`?".to_owned()),
                "jobs" | "max_jobs" | "parallel" | "concurrency" => Some("did you mean `limit`?".to_owned()),
                _ if RawTask::KEYS.contains(&written) => {
                    Some(format!("`{written}` is a key of a task; for every task, write it under `[defaults]`"))
                }
                _ => problems.suggest(written, Self::KEYS.iter().copied()),
            };
            unknown_key(key, "a manifest", help, Self::KEYS)
        })
    }
}

impl<'i> RawTask<'i> {
    /// A task's value: its argv alone, or a table.
    pub(super) fn from_value(name: &str, value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Self {
        match value.get_ref() {
            DeValue::Table(_) => {
                table(value, problems).map(|table| Self::from_table(table, problems)).unwrap_or_default()
            }
            DeValue::Array(_) | DeValue::String(_) => Self { argv: problems.decode("argv", value), ..Self::default() },
            _ => {
                _ = problems.decode::<NoTask>(format!("tasks.{name}"), value);
                Self::default()
            }
        }
    }

    pub(super) fn from_table(table: DeTable<'i>, problems: &mut Problems) -> Self {
        Self::decode(table, problems, |key, problems| {
            let written = &**key.get_ref();
            let foreign = FOREIGN_KEYS.iter().find(|(foreign, _)| *foreign == written);
            let help = match foreign {
                Some((_, ours)) => Some(format!("did you mean `{ours}`?")),
                None => problems.suggest(written, Self::KEYS.iter().copied()),
            };
            unknown_key(key, "a task", help, Self::KEYS)
        })
    }
}

/// The problem of a key that does not exist.
pub(super) fn unknown_key(key: &Name<'_>, of: &str, help: Option<String>, keys: &[&str]) -> Problem {
    let help = help.unwrap_or_else(|| format!("the keys of {of} are {}", keys.join(", ")));
    Problem::error(key.span(), format!("unknown key `{}`", key.get_ref())).help(help)
}

/// What is no task.
struct NoTask;

impl FromToml<'_> for NoTask {
    type Schema = ();

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        problems.mismatch(&value, "an argv array or a table", None)
    }
}

/// A table that is decoded later, piece by piece.
#[derive(Debug)]
pub(super) struct Undecoded<'i>(pub(super) DeTable<'i>);

impl<'i> FromToml<'i> for Undecoded<'i> {
    type Schema = serde_json::Map<String, serde_json::Value>;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        table(value, problems).map(Self)
    }
}
