//! The manifest as it is written: each table with its keys, each value with its place, nothing resolved.

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::decode::{FromToml, Problems, Text, raw_table, table};
use super::matrix::{RawMatrix, Scalar};
use super::pools::Slots;
use super::size::Size;
use super::values::{
    Argv, DurationText, InheritEnv, LeakName, Limit, OnFailureName, Positive, StreamsName, SuccessCodes, Wrapper,
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
        min_version: Version,
        limit: Limit,
        default: Vec<Name<'i>>,
        on_failure: OnFailureName,
        pools: IndexMap<Name<'i>, Slots>,
        log: Retention,
        include: Vec<Name<'i>>,
        env: Variables<'i>,
        env_file: Vec<Name<'i>>,
        inherit_env: InheritEnv<'i>,
        vars: IndexMap<Name<'i>, Spanned<Scalar<'i>>>,
        defaults: Undecoded<'i>,
        tasks: Undecoded<'i>,
    }
}

raw_table! {
    /// A task, or the defaults of all tasks.
    RawTask {
        argv: Argv<'i>,
        description: Text<'i>,
        deps: Vec<Name<'i>>,
        after: Vec<Name<'i>>,
        cwd: Text<'i>,
        env: Variables<'i>,
        env_remove: Vec<Name<'i>>,
        env_file: Vec<Name<'i>>,
        inherit_env: InheritEnv<'i>,
        timeout: DurationText,
        grace: DurationText,
        slow_after: DurationText,
        retries: Retries,
        success_codes: SuccessCodes,
        allow_failure: bool,
        leak: LeakName,
        inputs: Vec<Name<'i>>,
        outputs: Vec<Name<'i>>,
        depfile: Text<'i>,
        matrix: RawMatrix<'i>,
        tags: Vec<Name<'i>>,
        aliases: Vec<Name<'i>>,
        private: bool,
        manual: bool,
        platforms: Vec<Name<'i>>,
        weight: Positive,
        pools: Vec<Name<'i>>,
        memory: Size,
        priority: i64,
        interactive: bool,
        confirm: Text<'i>,
        stdin: Text<'i>,
        streams: StreamsName,
        wrapper: Wrapper<'i>,
    }
}

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
    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        problems.mismatch(&value, "an argv array or a table", None)
    }
}

/// A table that is decoded later, piece by piece.
#[derive(Debug)]
pub(super) struct Undecoded<'i>(pub(super) DeTable<'i>);

impl<'i> FromToml<'i> for Undecoded<'i> {
    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        table(value, problems).map(Self)
    }
}
