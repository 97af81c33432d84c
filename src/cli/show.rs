//! `procman show`.

use std::fmt::Write as _;
use std::io;

use clap::Args;
use owo_colors::OwoColorize;

use super::context::{Context, to_stdout};
use super::screen::{columns, stop_commands};
use super::{Error, SUCCESS, past_run, usage};
use crate::event::{CancelReason, RunState};
use crate::record::{PastRun, ReadError};
use crate::report::{Summary, Tails};
use crate::text;

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The run: its id, the beginning or the end of it; otherwise the latest
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
}

pub(super) fn show(context: &Context, args: &ShowArgs) -> Result<u8, Error> {
    let PastRun { folder, state, record } = PastRun::read(past_run::find(context, args.run.as_deref())?);
    let logs = folder.logs();
    let record = record.map_err(|error| match (state, &error) {
        (RunState::UnderWay, ReadError::NoStart) => {
            usage(format!("run {} is only beginning; ask again in a moment", folder.shown_id()))
        }
        _ => past_run::unreadable(context, &folder, &error),
    })?;
    let styles = &context.stdout_styles();
    let summary = Summary {
        record: &record,
        logs: &logs,
        seen_from: &context.called_in,
        styles,
        columns: columns(&io::stdout()),
        detail: context.detail(),
        tails: Tails::All,
        stop_commands: stop_commands(),
    };
    let mut out = summary.render();
    if let Some(CancelReason::Fault(what)) = &record.cancel {
        _ = writeln!(out, "{} {}", "error:".style(styles.bad), text::escape(what.as_bytes()));
    }
    // At the run's end it is set apart from the lines of the jobs.
    to_stdout(out.trim_start_matches('\n').as_bytes()).map(|()| SUCCESS)
}
