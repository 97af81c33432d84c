//! What the user sees of a run, from its beginning to the summary.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, stdout_result};
use super::github::reads_commands;
use super::{Error, no_thread};
use crate::event::RunRecord;
use crate::forecast::Forecast;
use crate::plan::Plan;
use crate::record::StateFolder;
use crate::report::{
    Display, Foresee, Lines, LogsOnDisk, Look, Output, OutputMode, Progress, Screen, Styles, Summary, Tails, ToScreen,
    name_width,
};
use crate::sys::{self, Board};
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
    /// With what it is told by. The thread that it has is not to be started before signals are watched. What stands at the
    /// bottom of a terminal is told to `board`, and `foresee` asked how long it will.
    pub(super) fn new(
        context: &Context,
        mode: OutputMode,
        plan: &Arc<Plan>,
        logs: &Path,
        board: Option<&'static Board>,
        foresee: Foresee,
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
        let mut display = Display::of_this_process(stop_commands.clone()).map_err(unusable)?;
        if lines > Lines::None && is_live(io::stderr().is_terminal(), |name| std::env::var(name).ok()) {
            display = display.with_bottom(board).map_err(unusable)?;
        }
        let output = Output::new(mode, look, LogsOnDisk::new(logs.to_owned()));
        let screen = Screen::new(display, output, Arc::clone(plan), styles.clone(), foresee)
            .map_err(|error| no_thread(&error))?;
        let progress = Progress::new(screen.sender(), styles.clone(), lines);
        Ok((Self { screen, styles, mode, logs: logs.to_owned(), stop_commands }, progress))
    }

    /// The way to ask what runs now.
    pub(super) fn sender(&self) -> ToScreen {
        self.screen.sender()
    }

    /// Shows a text before the summary.
    pub(super) fn show(&self, text: String) {
        if !text.is_empty() {
            self.screen.show(text);
        }
    }

    /// Shows the summary, and then these lines. Waits until all is written, or for so long.
    pub(super) fn end(
        self,
        context: &Context,
        record: &RunRecord,
        lines: &[String],
        patience: Option<Duration>,
    ) -> Result<(), Error> {
        if context.quiet < 2 {
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
                columns: columns(&io::stderr()),
                detail: context.detail(),
                tails,
                stop_commands: self.stop_commands,
            };
            self.screen.show(summary.render());
        }
        for line in lines {
            self.screen.show(line.clone());
        }
        stdout_result(self.screen.finish(patience).map_or(Ok(()), Err))
    }
}

/// How long such a run takes, by what is recorded of others.
pub(super) fn foresee(plan: &Arc<Plan>, limit: usize, state: StateFolder, run: String) -> Foresee {
    let plan = Arc::clone(plan);
    Box::new(move || {
        let mut durations = plan.jobs().ids().map(|job| (Arc::clone(plan.jobs().name(job)), None)).collect();
        // What cannot be read says nothing.
        state.durations(&run, &mut durations).ok()?;
        Forecast::new(&plan, limit, |job| durations.get(job).copied().flatten())
    })
}

/// Whether lines may stand at the bottom of the terminal: not where nobody sits, nor where they cannot be taken away.
fn is_live(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_ci = variable("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    is_terminal && !is_ci && variable("TERM").is_some_and(|term| term != "dumb")
}

/// How wide the terminal is that this is, if it is one and says so.
pub(super) fn columns(stream: &impl AsFd) -> Option<usize> {
    sys::window_size(stream.as_fd()).map(|(columns, _)| columns)
}

/// On GitHub, which takes lines of a log for commands: a word that nobody can know beforehand, for the mark after which
/// it does so again.
pub(super) fn stop_commands() -> Option<String> {
    // The keys of a map's hasher are random, and nothing of them can be learned from another hash.
    let random = || RandomState::new().build_hasher().finish();
    reads_commands().then(|| format!("{:016x}{:016x}", random(), random()))
}
