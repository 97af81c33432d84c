//! `procman completions`, and what the scripts ask while somebody types.
//!
//! The scripts know their shells, and nothing of procman: they hand over the words up to the cursor, and show what comes back.

mod candidates;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::context::to_stdout;
use super::{Error, SUCCESS, args};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    #[arg(hide_possible_values = true)]
    pub(super) shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<u8, Error> {
    let script = match args.shell {
        Shell::Bash => include_bytes!("procman.bash").to_vec(),
        Shell::Zsh => include_bytes!("procman.zsh").to_vec(),
        Shell::Fish => include_bytes!("procman.fish").to_vec(),
        // These know the command line, and no tasks.
        shell => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut args::command(), "procman", &mut script);
            script
        }
    };
    to_stdout(&script).map(|()| SUCCESS)
}

/// What a script asks with: this, and the words up to the cursor, the program's first; the last may be empty. It is no
/// command, so that it is in nobody's way.
const QUESTION: &str = "__complete";

/// The words, if a command line is such a question.
pub(super) fn question(arguments: &[OsString]) -> Option<&[OsString]> {
    arguments.get(1).filter(|first| *first == QUESTION).map(|_| &arguments[2..])
}

/// Prints what the last word may become: a line each, with a description behind a tab. Nobody wants to read in the middle
/// of a line of anything that is wrong.
pub(super) fn answer(words: &[OsString]) -> ExitCode {
    let mut out = String::new();
    for (value, about) in candidates::of(words.to_vec()) {
        out.push_str(&value);
        out.extend(about.iter().flat_map(|about| ["\t", about]));
        out.push('\n');
    }
    _ = to_stdout(out.as_bytes());
    ExitCode::SUCCESS
}
