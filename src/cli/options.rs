//! What is run, and how: the options that several subcommands share.

use std::ffi::OsString;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use indexmap::IndexMap;

use super::report::{Wanted, wanted};
use crate::manifest::Limit;
use crate::plan::OnFailure;
use crate::report::OutputMode;
use crate::selection::Selection;

#[derive(Debug, Args)]
pub(super) struct SelectionArgs {
    /// Names, aliases, globs (`*`, `?`) and `tag:NAME`
    #[arg(value_name = "TASK")]
    pub(super) tasks: Vec<String>,
    /// Leave out what the named tasks depend on
    #[arg(long)]
    pub(super) no_deps: bool,
    #[command(flatten)]
    pub(super) set: SetArgs,
    /// Put in for `{{args}}` in the named tasks, or else appended to the argv of the one that is named
    #[arg(last = true, value_name = "ARGS")]
    pub(super) arguments: Vec<OsString>,
}

/// Values for vars.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// Give a var of the manifest this value
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(super) set: Vec<(String, String)>,
}

/// How jobs are run, whichever they are.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// How many jobs may run at once: a number, or a percentage of the CPUs
    #[arg(short = 'j', long, visible_alias = "jobs", value_name = "N|N%")]
    pub(super) limit: Option<Limit>,
    /// After a failure go on with what does not depend on it
    #[arg(short, long, overrides_with = "fail_fast")]
    pub(super) keep_going: bool,
    /// After a failure start nothing new (no-new), or end what runs too (kill)
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "no-new", overrides_with = "keep_going", hide_possible_values = true)]
    pub(super) fail_fast: Option<FailFast>,
    /// Show what would run and why, dependencies first, and start nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Run the named tasks (none named: all) even if they are up to date
    #[arg(long)]
    pub(super) force: bool,
    /// Answer yes to all that tasks ask before they run
    #[arg(short, long)]
    pub(super) yes: bool,
    /// What to show of what jobs write: failures, group, prefix, stream or quiet
    #[arg(short, long, value_name = "MODE", hide_possible_values = true)]
    pub(super) output: Option<OutputMode>,
    /// End the run when it takes longer than this, such as "10m"
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    /// Write a report of this format to this file when the run has ended; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = wanted)]
    pub(super) report: Vec<Wanted>,
    /// Take the random part of delays between attempts from this number, as an earlier run did
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailFast {
    NoNew,
    Kill,
}

impl ValueEnum for FailFast {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::NoNew, Self::Kill]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::NoNew => "no-new",
            Self::Kill => "kill",
        }))
    }
}

impl ValueEnum for OutputMode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Failures, Self::Group, Self::Prefix, Self::Stream, Self::Quiet]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Failures => "failures",
            Self::Group => "group",
            Self::Prefix => "prefix",
            Self::Stream => "stream",
            Self::Quiet => "quiet",
        }))
    }
}

impl From<SelectionArgs> for Selection {
    fn from(args: SelectionArgs) -> Self {
        Self { names: args.tasks, no_deps: args.no_deps, set: args.set.vars(), arguments: args.arguments }
    }
}

impl RunOptions {
    /// What to do about failures, if anything was said.
    pub(super) fn on_failure(&self) -> Option<OnFailure> {
        match self.fail_fast {
            _ if self.keep_going => Some(OnFailure::Continue),
            Some(FailFast::NoNew) => Some(OnFailure::NoNew),
            Some(FailFast::Kill) => Some(OnFailure::Kill),
            None => None,
        }
    }
}

impl SetArgs {
    /// The values by name, the last where one is given twice.
    pub(super) fn vars(&self) -> IndexMap<String, String> {
        self.set.iter().cloned().collect()
    }
}

/// A name and a value.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// A time to wait for; none is no time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("it would end the run at once".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("write a number with a unit, such as 30s or 5m".to_owned()),
    }
}

/// What the jitter of delays is drawn from.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write a whole number from 0 to 2^64 - 1".to_owned())
}
