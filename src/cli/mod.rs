//! The command line: each subcommand is a few lines over the library.

mod args;
mod check;
mod clean;
mod color;
mod completions;
mod confirm;
mod context;
mod environment;
mod explain;
mod follow;
mod github;
mod graph;
mod history;
mod init;
mod list;
mod log_output;
mod logs;
mod man;
mod options;
mod outlook;
mod past_run;
mod plan;
mod report;
mod rerun;
mod run;
mod schema;
mod screen;
mod show;
mod shown_job;
mod signals;
mod watch;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::manifest::SelectionError;
use crate::record::StateError;
use crate::{sys, text};
use args::Command;
use context::Context;

/// Everything is as it should be.
const SUCCESS: u8 = 0;
/// A job failed.
const FAILURE: u8 = 1;
/// The command line or the manifest is wrong; nothing was started.
const USAGE: u8 = 2;
/// procman could not do its own work.
const FAULT: u8 = 3;

/// Why a command ends before its work is done.
enum Error {
    /// What was asked for cannot be; a text for the user.
    Usage(String),
    /// procman could not do its work; a text for the user.
    Fault(String),
    /// It has been told.
    Told(u8),
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<Vec<SelectionError>> for Error {
    fn from(errors: Vec<SelectionError>) -> Self {
        let lines: Vec<String> = errors.iter().map(explain).collect();
        Self::Usage(lines.join("\nerror: "))
    }
}

/// Does what the command line of this process asks for.
pub fn main() -> ExitCode {
    sys::normalize_inherited_signals();
    sys::mark_descriptors_close_on_exec();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(words) = completions::question(&arguments) {
        return completions::answer(words);
    }
    let mut cli = match args::parse(arguments) {
        Ok(cli) => cli,
        Err(error) => return told_by_clap(&error),
    };
    let lookup = |name: &str| std::env::var(name).ok();
    let completed = cli.global.complete(&lookup).and_then(|()| cli.command.complete(&lookup));
    let context = match completed.and_then(|()| Context::new(cli.global)) {
        Ok(context) => context,
        Err(problem) => {
            context::to_stderr(&format!("error: {problem}\n"));
            return ExitCode::from(USAGE);
        }
    };
    let result = match cli.command {
        Command::Run(args) => run::run(&context, args),
        Command::List(args) => list::list(&context, &args),
        Command::Check(args) => check::check(&context, &args),
        Command::Plan(args) => plan::plan(&context, args),
        Command::Graph(args) => graph::graph(&context, args),
        Command::Explain(args) => explain::explain(&context, args),
        Command::Init => init::init(&context),
        Command::Logs(args) => logs::logs(&context, &args),
        Command::History(args) => history::history(&context, &args),
        Command::Clean(args) => clean::clean(&context, &args),
        Command::Show(args) => show::show(&context, &args),
        Command::Rerun(args) => rerun::rerun(&context, &args),
        Command::Report(args) => report::report(&context, &args),
        Command::Schema => schema::schema(),
        Command::Man => man::man(),
        Command::Completions(args) => completions::completions(&args),
    };
    ExitCode::from(match result {
        Ok(code) | Err(Error::Told(code)) => code,
        Err(Error::Usage(problem)) => {
            context.error(&problem);
            USAGE
        }
        Err(Error::Fault(problem)) => {
            context.error(&problem);
            FAULT
        }
    })
}

fn told_by_clap(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return ExitCode::from(match context::stdout_result(error.print()) {
            Err(Error::Fault(problem)) => {
                context::to_stderr(&format!("error: {problem}\n"));
                FAULT
            }
            _ => SUCCESS,
        });
    }
    if std::env::args_os().any(|argument| text::escape(argument.as_bytes()).as_bytes() != argument.as_bytes()) {
        // It may quote what acts on a terminal, and its own colors cannot be told from that.
        let lines: Vec<String> = error.render().to_string().lines().map(|line| text::escape(line.as_bytes())).collect();
        context::to_stderr(&format!("{}\n", lines.join("\n")));
    } else {
        // When the reader has gone away there is nobody left to tell.
        _ = error.print();
    }
    ExitCode::from(USAGE)
}

/// A selection's error, with what only the command line knows: that a name may have been meant for a subcommand.
fn explain(error: &SelectionError) -> String {
    let SelectionError::Unknown { name, suggestion: None } = error else { return error.to_string() };
    let shown = text::escape(name.as_bytes());
    let command = args::command();
    if name == "help" {
        return "there is no task `help`; `procman --help` shows how procman is used".to_owned();
    }
    if command.find_subcommand(name).is_some() {
        return format!("there is no task `{shown}`; for the subcommand, write it first: `procman {shown} ...`");
    }
    match text::closest(name, command.get_subcommands().map(clap::Command::get_name)) {
        Some(meant) => format!("there is no task `{shown}`; did you mean the subcommand `procman {meant}`?"),
        None => error.to_string(),
    }
}

fn usage(problem: impl Into<String>) -> Error {
    Error::Usage(problem.into())
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::Fault(format!("a thread cannot be started: {}", text::io_error(error)))
}

fn no_pipe(error: &std::io::Error) -> Error {
    Error::Fault(format!("a pipe cannot be made: {}", text::io_error(error)))
}

fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::Fault(format!("`{}` cannot be read: {}", text::path(path), text::io_error(error)))
}
