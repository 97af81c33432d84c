//! Options from the environment: what a flag leaves open, `PROCMAN_<NAME>` may say. An empty variable says nothing.

use std::cell::RefCell;
use std::time::Duration;

use clap::ValueEnum;

use super::args::{self, Command, GlobalArgs};
use super::color::ColorChoice;
use super::options::{FailFast, RunOptions, SelectionArgs, SetArgs, assignment, duration, seed};
use super::report::wanted;
use super::watch::{OnBusyChoice, WatchArgs};
use crate::report::OutputMode;
use crate::text;

/// The names of all variables that options of `run` and global ones are read from.
pub(super) fn names() -> Vec<String> {
    let names = RefCell::new(Vec::new());
    let asked = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        None
    };
    let mut cli = args::parse(vec!["procman".into()]).expect("nothing is wrong with nothing");
    _ = cli.global.complete(&asked).and_then(|()| cli.command.complete(&asked));
    names.into_inner()
}

/// Looks up environment variables; a function, so that tests need not change the process.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is wrong with a variable; a text for the user.
type Problem = String;

impl GlobalArgs {
    pub(super) fn complete(&mut self, lookup: Lookup<'_>) -> Result<(), Problem> {
        self.file = self.file.take().or(read(lookup, "FILE", |text| Ok(text.into()))?);
        self.directory = self.directory.take().or(read(lookup, "DIRECTORY", |text| Ok(text.into()))?);
        if self.quiet == 0 {
            self.quiet = read(lookup, "QUIET", count)?.unwrap_or(0);
        }
        if self.verbose == 0 {
            self.verbose = read(lookup, "VERBOSE", count)?.unwrap_or(0);
        }
        let color =
            |text: &str| ColorChoice::from_str(text, false).map_err(|_| "it can be auto, always or never".to_owned());
        self.color = self.color.or(read(lookup, "COLOR", color)?);
        Ok(())
    }
}

impl Command {
    pub(super) fn complete(&mut self, lookup: Lookup<'_>) -> Result<(), Problem> {
        match self {
            Self::Run(args) => {
                args.selection.complete(lookup)?;
                args.options.complete(lookup)?;
                args.watch.complete(lookup)
            }
            Self::List(args) => args.set.complete(lookup),
            Self::Check(args) => args.set.complete(lookup),
            Self::Plan(args) => args.selection.complete(lookup),
            Self::Graph(args) => args.selection.complete(lookup),
            Self::Explain(args) => args.complete(lookup),
            Self::Rerun(args) => args.options.complete(lookup),
            Self::Clean(args) => {
                args.dry_run |= read(lookup, "DRY_RUN", boolean)?.unwrap_or(false);
                Ok(())
            }
            Self::Init
            | Self::Logs(_)
            | Self::History(_)
            | Self::Show(_)
            | Self::Report(_)
            | Self::Schema
            | Self::Man
            | Self::Completions(_) => Ok(()),
        }
    }
}

impl SelectionArgs {
    fn complete(&mut self, lookup: Lookup<'_>) -> Result<(), Problem> {
        self.no_deps |= read(lookup, "NO_DEPS", boolean)?.unwrap_or(false);
        self.set.complete(lookup)
    }
}

impl SetArgs {
    fn complete(&mut self, lookup: Lookup<'_>) -> Result<(), Problem> {
        if self.set.is_empty() {
            self.set.extend(read(lookup, "SET", assignment)?);
        }
        Ok(())
    }
}

impl RunOptions {
    fn complete(&mut self, lookup: Lookup<'_>) -> Result<(), Problem> {
        self.limit = self.limit.or(read(lookup, "LIMIT", |text| text.parse().map_err(|what| format!("it {what}")))?);
        self.dry_run |= read(lookup, "DRY_RUN", boolean)?.unwrap_or(false);
        self.force |= read(lookup, "FORCE", boolean)?.unwrap_or(false);
        self.yes |= read(lookup, "YES", boolean)?.unwrap_or(false);
        let output = |text: &str| {
            let wanted = |_| "it can be failures, group, prefix, stream or quiet".to_owned();
            OutputMode::from_str(text, false).map_err(wanted)
        };
        self.output = self.output.or(read(lookup, "OUTPUT", output)?);
        self.timeout = self.timeout.or(read::<Duration>(lookup, "TIMEOUT", duration)?);
        self.seed = self.seed.or(read(lookup, "SEED", seed)?);
        if self.report.is_empty() {
            self.report.extend(read(lookup, "REPORT", wanted)?);
        }
        if !self.keep_going && self.fail_fast.is_none() {
            self.keep_going = read(lookup, "KEEP_GOING", boolean)?.unwrap_or(false);
            self.fail_fast = read(lookup, "FAIL_FAST", fail_fast)?.flatten().filter(|_| !self.keep_going);
        }
        Ok(())
    }
}

impl WatchArgs {
    fn complete(&mut self, lookup: Lookup<'_>) -> Result<(), Problem> {
        // What a job inherits is not meant for it: it would never end.
        let is_job = lookup("PROCMAN_RUN_ID").is_some();
        self.watch |= read(lookup, "WATCH", boolean)?.unwrap_or(false) && !is_job;
        let choice =
            |text: &str| OnBusyChoice::from_str(text, false).map_err(|_| "it can be cancel or finish".to_owned());
        self.watch_on_busy = self.watch_on_busy.or(read(lookup, "WATCH_ON_BUSY", choice)?);
        Ok(())
    }
}

/// The value of `PROCMAN_<name>`. The error of `parse` says what it can be.
fn read<T>(lookup: Lookup<'_>, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Problem> {
    let variable = format!("PROCMAN_{name}");
    let Some(value) = lookup(&variable).filter(|value| !value.is_empty()) else { return Ok(None) };
    parse(&value).map(Some).map_err(|wanted| format!("{variable} is `{}`: {wanted}", text::escape(value.as_bytes())))
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err("it can be 1, true, 0 or false".to_owned()),
    }
}

fn count(text: &str) -> Result<u8, String> {
    boolean(text)
        .map(u8::from)
        .or_else(|_| text.parse().map_err(|_| "it can be a small number, true or false".to_owned()))
}

fn fail_fast(text: &str) -> Result<Option<FailFast>, String> {
    match text {
        "no-new" => Ok(Some(FailFast::NoNew)),
        "kill" => Ok(Some(FailFast::Kill)),
        _ => match boolean(text) {
            Ok(on) => Ok(on.then_some(FailFast::NoNew)),
            Err(_) => Err("it can be no-new, kill, 1, true, 0 or false".to_owned()),
        },
    }
}
