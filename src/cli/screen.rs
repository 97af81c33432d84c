//! What the user sees of a run, from its beginning to the summary.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::{Context, stdout_result};
use super::{Error, no_thread};
use crate::event::RunRecord;
use crate::plan::Plan;
use crate::report::{
    Detail, Display, Lines, LogsOnDisk, Look, Output, OutputMode, Progress, Screen, Styles, Summary, Tails, name_width,
};
use crate::text;

/// The screen of one run.
pub(super) struct RunScreen {
    screen: Screen,
    styles: Styles,
    mode: OutputMode,
    logs: PathBuf,
    stop_commands: Option<String>,
}

impl RunScreen {
    /// With what it is told by. The thread that it has is not to be started before signals are watched.
    pub(super) fn new(
        context: &Context,
        mode: OutputMode,
        plan: &Plan,
        logs: &Path,
    ) -> Result<(Self, Progress), Error> {
        let styles = context.styles();
        let lines = match (context.quiet, context.verbose) {
            (0, 0) => Lines::Ends,
            (0, _) => Lines::Starts,
            _ => Lines::None,
        };
        let names = plan.jobs().iter().map(|(name, _)| name);
        let look = Look {
            headings: (lines > Lines::None).then(|| styles.clone()),
            names: context.stdout_styles(),
            name_width: if mode == OutputMode::Prefix { name_width(names) } else { 0 },
        };
        let unusable = |error| Error::Fault(format!("stdout cannot be used: {}", text::io_error(&error)));
        let stop_commands = stop_commands();
        let display = Display::of_this_process(stop_commands.clone()).map_err(unusable)?;
        let output = Output::new(mode, look, LogsOnDisk::new(logs.to_owned()));
        let screen = Screen::new(display, output).map_err(|error| no_thread(&error))?;
        let progress = Progress::new(screen.sender(), styles.clone(), lines);
        Ok((Self { screen, styles, mode, logs: logs.to_owned(), stop_commands }, progress))
    }

    /// Shows the summary, and what went wrong with procman itself. Waits until all is written, or for so long.
    pub(super) fn end(
        self,
        context: &Context,
        record: &RunRecord,
        faults: &[String],
        patience: Option<Duration>,
    ) -> Result<(), Error> {
        if context.quiet < 2 {
            let detail = match (context.quiet, context.verbose) {
                (0, 0) => Detail::Table,
                (0, _) => Detail::Memory,
                _ => Detail::Failures,
            };
            let tails = match self.mode {
                OutputMode::Quiet => Tails::None,
                mode if mode.is_live() => self.screen.whose_output_is_last(patience).map_or(Tails::All, Tails::AllBut),
                _ => Tails::All,
            };
            let summary = Summary {
                record,
                logs: &self.logs,
                seen_from: &context.called_in,
                styles: &self.styles,
                detail,
                tails,
                stop_commands: self.stop_commands,
            };
            self.screen.show(summary.render());
        }
        for fault in faults {
            self.screen.show(context.error_line(fault));
        }
        stdout_result(self.screen.finish(patience).map_or(Ok(()), Err))
    }
}

/// On GitHub, which takes lines of a log for commands: a word that nobody can know beforehand, for the mark after which
/// it does so again.
fn stop_commands() -> Option<String> {
    // The keys of a map's hasher are random, and nothing of them can be learned from another hash.
    let random = || RandomState::new().build_hasher().finish();
    (std::env::var_os("GITHUB_ACTIONS")? == "true").then(|| format!("{:016x}{:016x}", random(), random()))
}
