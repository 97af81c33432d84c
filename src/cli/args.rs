//! The command line as data.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use indexmap::IndexMap;

use super::color::ColorChoice;
use crate::manifest::Limit;
use crate::plan::OnFailure;
use crate::selection::Selection;

/// Runs the tasks of procman.toml, in parallel, never through a shell, and keeps a log of each.
#[derive(Debug, Parser)]
#[command(
    name = "procman",
    version,
    override_usage = "procman [run] [OPTIONS] [TASK | GLOB | tag:NAME]... [-- ARGS...]\n       procman COMMAND [OPTIONS]",
    after_help = "`run` may be left out; a task named like a command is reached by `procman run NAME`.\nOptions of `run` and global ones are also read from the environment, as in PROCMAN_LIMIT=4.",
    disable_help_subcommand = true,
    args_override_self = true
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: GlobalArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct GlobalArgs {
    /// The manifest; otherwise procman.toml here or in the nearest folder above
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Start in this directory
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
    /// Show only failures and the line of counts; twice: only what went wrong with procman itself
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) quiet: u8,
    /// Show also what starts, and peak memory
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// When to color: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub(super) color: Option<ColorChoice>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run tasks with all they depend on; none named: the manifest's `default`, or all
    Run(RunArgs),
    /// Show the tasks with their descriptions, grouped by tag
    List(ListArgs),
    /// Say of tasks whether they are up to date, and why not
    Explain(SelectionArgs),
    /// Look for everything that is wrong with the manifest
    Check(CheckArgs),
    /// Show the jobs that would run, and how, and start nothing
    Plan(PlanArgs),
    /// Write a commented procman.toml
    Init,
    /// Show the log of a job, or which logs there are
    Logs(LogsArgs),
    /// Run again what an earlier run did, or what is left of it
    Rerun(RerunArgs),
    /// Write the completion script of a shell
    Completions(CompletionsArgs),
}

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

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) options: RunOptions,
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
    /// End the run when it takes longer than this, such as "10m"
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    /// Take the random part of delays between attempts from this number, as an earlier run did
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only these: names, aliases, globs (`*`, `?`) and `tag:NAME`
    #[arg(value_name = "TASK")]
    pub(super) tasks: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) set: SetArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Look for programs of these only: names, aliases, globs (`*`, `?`) and `tag:NAME`
    #[arg(value_name = "TASK")]
    pub(super) tasks: Vec<String>,
    /// Take warnings for errors
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) set: SetArgs,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Add the path of each program, as found on this machine
    #[arg(long)]
    pub(super) resolve: bool,
}

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// The job; none: list the run's logs
    #[arg(value_name = "TASK")]
    pub(super) job: Option<String>,
    /// The run, by its id or the beginning of it; otherwise the latest
    #[arg(long, value_name = "ID")]
    pub(super) run: Option<String>,
    /// The attempt, from 1; otherwise the last
    #[arg(long, value_name = "N")]
    pub(super) attempt: Option<u32>,
    /// Only stdout, of a job with split streams
    #[arg(long, conflicts_with = "stderr")]
    pub(super) stdout: bool,
    /// Only stderr, of a job with split streams
    #[arg(long)]
    pub(super) stderr: bool,
    /// To a terminal too, the bytes as they are
    #[arg(long)]
    pub(super) raw: bool,
}

#[derive(Debug, Args)]
pub(super) struct RerunArgs {
    /// The run, by its id or the beginning of it; otherwise the latest
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Only what did not succeed or has changed since, with all that needs it
    #[arg(long, conflicts_with = "unfinished")]
    pub(super) failed: bool,
    /// Only what has no end or has changed since, with all that needs it
    #[arg(long)]
    pub(super) unfinished: bool,
    #[command(flatten)]
    pub(super) options: RunOptions,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    pub(super) shell: clap_complete::Shell,
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

/// The command with all its parts. The options of `run` are shown at the top too, since `run` may be left out.
pub(super) fn command() -> clap::Command {
    let command = Cli::command().subcommand_required(false);
    let run = command.find_subcommand("run").expect("`run` is declared above");
    let options: Vec<clap::Arg> = run.get_arguments().filter(|arg| !arg.is_positional()).cloned().collect();
    command.args(options)
}

/// Parses a command line; puts in the `run` that was left out.
pub(super) fn parse(mut arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let command = command();
    if let Some(at) = missing_run(&command, &arguments) {
        arguments.insert(at, "run".into());
    }
    let mut matches = command.try_get_matches_from(arguments)?;
    Cli::from_arg_matches_mut(&mut matches)
}

/// Where `run` has to be put in: after the global options, unless a subcommand, or a question that the top answers,
/// stands there.
fn missing_run(command: &clap::Command, arguments: &[OsString]) -> Option<usize> {
    let is_global = |arg: &&clap::Arg| arg.is_global_set();
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        let text = argument.to_string_lossy();
        if matches!(&*text, "-h" | "--help" | "-V" | "--version") {
            return None;
        }
        let (name, has_value) = match text.split_once('=') {
            Some((name, _)) if text.starts_with("--") => (name, true),
            _ => (&*text, false),
        };
        let found = if let Some(long) = name.strip_prefix("--") {
            command
                .get_arguments()
                .filter(is_global)
                .find(|arg| arg.get_long() == Some(long))
                .map(|arg| (arg, has_value))
        } else {
            name.strip_prefix('-').and_then(|shorts| short_global(command, shorts))
        };
        match found {
            Some((arg, false)) if arg.get_action().takes_values() => at += 2,
            Some(_) => at += 1,
            None if command.find_subcommand(&*text).is_some() => return None,
            None => return Some(at),
        }
    }
    Some(arguments.len())
}

/// The last of a cluster of short global options such as `-qC`, and whether its value stands in the same argument.
fn short_global<'c>(command: &'c clap::Command, shorts: &str) -> Option<(&'c clap::Arg, bool)> {
    let mut last = None;
    for (at, short) in shorts.char_indices() {
        let arg = command.get_arguments().find(|arg| arg.is_global_set() && arg.get_short() == Some(short))?;
        let rest = at + short.len_utf8() < shorts.len();
        last = Some((arg, rest));
        if arg.get_action().takes_values() {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn run_is_put_in_where_it_is_left_out() {
        let cases: [(&[&str], Option<usize>); 14] = [
            (&[], Some(1)),
            (&["build"], Some(1)),
            (&["-j4"], Some(1)),
            (&["-C", "sub", "build"], Some(3)),
            (&["-Csub", "build", "list"], Some(2)),
            (&["--directory=sub"], Some(2)),
            (&["-qqf", "x.toml", "-j4"], Some(3)),
            (&["-C", "list"], Some(3)),
            (&["--", "x"], Some(1)),
            (&["list"], None),
            (&["-C", "sub", "list"], None),
            (&["-q", "--color", "never", "run", "x"], None),
            (&["--help"], None),
            (&["-q", "-V"], None),
        ];
        for (arguments, at) in cases {
            let line: Vec<OsString> =
                std::iter::once("procman").chain(arguments.iter().copied()).map(Into::into).collect();
            assert_eq!(missing_run(&command(), &line), at, "{arguments:?}");
        }
    }
}
