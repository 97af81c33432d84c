//! The command line as data.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::check::CheckArgs;
use super::clean::CleanArgs;
use super::color::ColorChoice;
use super::completions::CompletionsArgs;
use super::graph::GraphArgs;
use super::history::HistoryArgs;
use super::list::ListArgs;
use super::logs::LogsArgs;
use super::options::SelectionArgs;
use super::plan::PlanArgs;
use super::report::ReportArgs;
use super::rerun::RerunArgs;
use super::run::RunArgs;
use super::show::ShowArgs;

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
    /// The descriptor of a pipe on which the procman that watches for this run says when to end
    #[arg(long, global = true, hide = true)]
    pub(super) watched_by: Option<i32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run tasks with all they depend on; none named: the manifest's `default`, or all
    Run(RunArgs),
    /// Show the tasks with their descriptions, grouped by tag
    List(ListArgs),
    /// Show the jobs that would run, and how, and start nothing
    Plan(PlanArgs),
    /// Draw what waits for what
    Graph(GraphArgs),
    /// Say of tasks whether they are up to date, and why not
    Explain(SelectionArgs),
    /// Look for everything that is wrong with the manifest
    Check(CheckArgs),
    /// Show the log of a job, or which logs there are
    Logs(LogsArgs),
    /// List the runs there have been
    History(HistoryArgs),
    /// Show the summary of a run again
    Show(ShowArgs),
    /// Run again what an earlier run did, or what is left of it
    Rerun(RerunArgs),
    /// Write what is recorded of a run, finished or not, in another format
    Report(ReportArgs),
    /// Remove old runs, or what is known to be up to date
    Clean(CleanArgs),
    /// Write a commented procman.toml
    Init,
    /// Write the JSON Schema of manifests, for editors
    Schema,
    /// Write the completion script of a shell
    Completions(CompletionsArgs),
    /// Write the page of the manual: `procman man | man -l -`
    Man,
}

/// The command with all its parts. The options of `run` are shown at the top too, since `run` may be left out.
pub(super) fn command() -> clap::Command {
    let command = Cli::command().subcommand_required(false);
    // There `-f` is taken, as everybody knows it from `tail -f`.
    let file = command.get_arguments().find(|arg| arg.get_id() == "file").expect("it is declared above");
    let file = file.clone().short(None);
    let command = command.mut_subcommand("logs", |logs| logs.arg(file));
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
pub(super) fn missing_run(command: &clap::Command, arguments: &[OsString]) -> Option<usize> {
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
