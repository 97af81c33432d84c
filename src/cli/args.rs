//! The command line as data.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{BoolishValueParser, PossibleValue};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::manifest::Limit;
use crate::report::ColorChoice;
use crate::schedule::OnFailure;

/// Runs the tasks of procman.toml, in parallel, never through a shell, and keeps a log of each.
#[derive(Debug, Parser)]
#[command(
    name = "procman",
    version,
    override_usage = "procman [run] [OPTIONS] [TASK | GLOB | tag:NAME]... [-- ARGS...]\n       procman COMMAND [OPTIONS]",
    after_help = "`run` may be left out; a task named like a command is reached by `procman run NAME`.\nOptions of `run` and global ones are also read from the environment, as in PROCMAN_LIMIT=4.",
    disable_help_subcommand = true
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
    #[arg(short, long, global = true, value_name = "FILE", env = "PROCMAN_FILE", hide_env = true)]
    pub(super) file: Option<PathBuf>,
    /// Start in this directory
    #[arg(short = 'C', long, global = true, value_name = "DIR", env = "PROCMAN_DIRECTORY", hide_env = true)]
    pub(super) directory: Option<PathBuf>,
    /// Show only failures and the line of counts; twice: only what went wrong with procman itself
    #[arg(short, long, global = true, action = ArgAction::Count, env = "PROCMAN_QUIET", hide_env = true, value_parser = count)]
    pub(super) quiet: u8,
    /// Show also what starts, and peak memory
    #[arg(short, long, global = true, action = ArgAction::Count, env = "PROCMAN_VERBOSE", hide_env = true, value_parser = count)]
    pub(super) verbose: u8,
    /// When to color
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "PROCMAN_COLOR",
        hide_env = true,
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(super) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run tasks with all they depend on; none named: the manifest's `default`, or all
    Run(RunArgs),
    /// Show the tasks with their descriptions, grouped by tag
    List(ListArgs),
    /// Look for everything that is wrong with the manifest
    Check(CheckArgs),
    /// Show the jobs that would run, and how, and start nothing
    Plan(PlanArgs),
    /// Write a commented procman.toml
    Init,
    /// Show the log of a job, or which logs there are
    Logs(LogsArgs),
    /// Write the completion script of a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub(super) struct SelectionArgs {
    /// Names, aliases, globs (`*`, `?`) and `tag:NAME`
    #[arg(value_name = "TASK")]
    pub(super) tasks: Vec<String>,
    /// Leave out what the named tasks depend on
    #[arg(long, env = "PROCMAN_NO_DEPS", hide_env = true, value_parser = BoolishValueParser::new())]
    pub(super) no_deps: bool,
    /// Appended to the argv of the one task that is named
    #[arg(last = true, value_name = "ARGS")]
    pub(super) arguments: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// How many jobs may run at once: a number, or a percentage of the CPUs
    #[arg(short = 'j', long, visible_alias = "jobs", value_name = "N|N%", env = "PROCMAN_LIMIT", hide_env = true)]
    pub(super) limit: Option<Limit>,
    /// After a failure go on with what does not depend on it
    #[arg(short, long, overrides_with = "fail_fast")]
    pub(super) keep_going: bool,
    /// After a failure start nothing new (no-new), or end what runs too (kill)
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "no-new", overrides_with = "keep_going", hide_possible_values = true)]
    pub(super) fail_fast: Option<FailFast>,
    /// Show what would run, in the order of starting, and start nothing
    #[arg(short = 'n', long, env = "PROCMAN_DRY_RUN", hide_env = true, value_parser = BoolishValueParser::new())]
    pub(super) dry_run: bool,
    /// End the run when it takes longer than this, such as "10m"
    #[arg(long, value_name = "DURATION", env = "PROCMAN_TIMEOUT", hide_env = true, value_parser = duration)]
    pub(super) timeout: Option<Duration>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Take warnings for errors
    #[arg(long)]
    pub(super) strict: bool,
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

impl RunArgs {
    /// What the flags, or else the environment, say of failures.
    pub(super) fn on_failure(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<OnFailure>, String> {
        let chosen = |how| match how {
            FailFast::NoNew => OnFailure::NoNew,
            FailFast::Kill => OnFailure::Kill,
        };
        if self.keep_going {
            return Ok(Some(OnFailure::Continue));
        }
        if let Some(how) = self.fail_fast {
            return Ok(Some(chosen(how)));
        }
        let is_on = |text: &str| !matches!(text, "" | "0" | "false");
        if variable("PROCMAN_KEEP_GOING").is_some_and(|text| is_on(&text)) {
            return Ok(Some(OnFailure::Continue));
        }
        match variable("PROCMAN_FAIL_FAST").as_deref() {
            Some("1" | "true" | "no-new") => Ok(Some(OnFailure::NoNew)),
            Some("kill") => Ok(Some(OnFailure::Kill)),
            Some(other) if is_on(other) => Err(format!(
                "PROCMAN_FAIL_FAST is `{}`; it can be no-new or kill",
                crate::text::escape(other.as_bytes())
            )),
            _ => Ok(None),
        }
    }
}

/// A count as a number, or as the boolean that an environment variable may be.
fn count(text: &str) -> Result<u8, String> {
    match text {
        "" | "false" => Ok(0),
        "true" => Ok(1),
        number => number.parse().map_err(|_| "it must be a small number, true or false".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "write a number with a unit, such as 30s or 5m".to_owned())
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
