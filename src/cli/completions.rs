//! `procman completions`.

use clap::Args;

use super::context::to_stdout;
use super::{Error, SUCCESS, args};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    pub(super) shell: clap_complete::Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "procman", &mut script);
    to_stdout(&script).map(|()| SUCCESS)
}
