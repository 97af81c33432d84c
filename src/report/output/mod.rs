//! What jobs write, shown while the run is under way.
//!
//! A state machine for each mode: it is told which attempts start and end, and is asked again and again to show what is
//! new. All of it is read back from the logs, so nothing here can hold up a job. Does not know when it is asked, or what
//! it is shown on.

mod attempts;
mod follow;
mod logs;
mod pen;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use owo_colors::OwoColorize;

use super::progress::not_ended;
use super::{Display, Styles, github};
use crate::event::PlannedJob;
use crate::log_name::{LogStream, file_name};
use crate::text;
use attempts::{Attempts, Place};
pub(super) use follow::News;
use follow::{Follow, Tools};
use logs::Logs;
pub(crate) use logs::LogsOnDisk;
use pen::Pen;

/// As much of a log as is read at once.
const BUFFER: usize = 64 * 1024;
/// A name in front of lines is not wider than this.
const WIDEST_NAME: usize = 32;

/// What of the jobs' output is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum OutputMode {
    /// Of failed jobs the end, in the summary.
    #[default]
    Failures,
    /// Each attempt's as a whole, when it ends.
    Group,
    /// Each line as it is written, with the job's name in front of it.
    Prefix,
    /// What the job writes that has run the longest, as it does; then the others', one after the other.
    Stream,
    /// Nothing.
    Quiet,
}

impl OutputMode {
    /// Whether anything is shown while the run is under way.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Group | Self::Prefix | Self::Stream)
    }
}

/// What is being shown.
pub(crate) struct Output {
    mode: OutputMode,
    look: Look,
    logs: Box<dyn Logs>,
    buffer: Vec<u8>,
    attempts: Attempts,
    /// The job whose output was shown last.
    last: Option<Arc<str>>,
}

/// How output looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// Of the words that say whose output follows; none when there are to be no such words.
    pub(crate) headings: Option<Styles>,
    /// Of the names in front of lines.
    pub(crate) names: Styles,
    /// How wide these are.
    pub(crate) name_width: usize,
}

struct Attempt {
    job: Arc<PlannedJob>,
    number: u32,
    follows: Vec<Follow>,
    has_ended: bool,
    /// Whether it ended well, so that its output may be folded.
    is_ok: bool,
    has_heading: bool,
}

impl Output {
    pub(crate) fn new(mode: OutputMode, look: Look, logs: LogsOnDisk) -> Self {
        Self::with(mode, look, Box::new(logs), BUFFER)
    }

    fn with(mode: OutputMode, look: Look, logs: Box<dyn Logs>, buffer: usize) -> Self {
        let buffer = if mode.is_live() { vec![0; buffer] } else { Vec::new() };
        Self { mode, look, logs, buffer, attempts: Attempts::default(), last: None }
    }

    /// Whether something may be new at any time.
    pub(super) fn is_following(&self) -> bool {
        matches!(self.mode, OutputMode::Prefix | OutputMode::Stream) && !self.attempts.is_empty()
    }

    /// The job whose output stands at the end of what was shown, whole and in one piece.
    pub(super) fn shown_last(&self) -> Option<Arc<str>> {
        self.last.clone().filter(|_| self.mode != OutputMode::Prefix)
    }

    /// An attempt is about to start.
    pub(super) fn started(&mut self, job: &Arc<PlannedJob>, number: u32, slot: u32, display: &Display) {
        let Some(stem) = job.log.as_deref().filter(|_| self.mode.is_live()) else { return };
        if self.attempts.find_open(&job.name, number).is_some() {
            return;
        }
        let streams: &[LogStream] =
            if job.split { &[LogStream::Stdout, LogStream::Stderr] } else { &[LogStream::Merged] };
        let prefix = if self.mode == OutputMode::Prefix { self.look.prefix(&job.name, slot) } else { Vec::new() };
        let pen = || Pen::new(prefix.clone(), display.is_terminal());
        let follow = |stream: &LogStream| Follow::new(file_name(stem, number, *stream), pen());
        let follows = streams.iter().map(follow).collect();
        let attempt =
            Attempt { job: Arc::clone(job), number, follows, has_ended: false, is_ok: false, has_heading: false };
        self.attempts.add(attempt);
    }

    /// It could not be started for now: its log was removed, and another may be made in its place. That one may have been
    /// come across already, and then it is gone on with.
    pub(super) fn deferred(&mut self, job: &str, number: u32) {
        let Some(at) = self.attempts.find_open(job, number) else { return };
        if !self.attempts.get(at).is_some_and(Attempt::has_shown_anything) {
            self.attempts.remove(at);
        }
    }

    /// It has ended, and its log is whole.
    pub(super) fn ended(&mut self, job: &str, number: u32, ok: bool, display: &mut Display) {
        let Some(at) = self.attempts.find_open(job, number) else { return };
        self.attempts.end(at, ok);
        // Where it is not its turn, that comes later.
        let is_first = self.attempts.first().is_some_and(|(first, _)| first == at);
        if self.mode != OutputMode::Stream || is_first {
            self.show_rest(at, display);
        }
    }

    /// Shows all of what has ended, as far as its turn has come.
    pub(super) fn catch_up(&mut self, display: &mut Display) {
        while let Some((at, Attempt { has_ended: true, .. })) = self.attempts.first() {
            self.show_rest(at, display);
        }
    }

    /// Shows what is new, not very much of it at once.
    pub(super) fn look(&mut self, display: &mut Display) -> News {
        self.catch_up(display);
        let live = match self.mode {
            OutputMode::Prefix => self.attempts.len(),
            OutputMode::Stream => self.attempts.len().min(1),
            OutputMode::Failures | OutputMode::Group | OutputMode::Quiet => 0,
        };
        let mut news = News::None;
        for attempt in self.attempts.iter_mut().take(live) {
            let mut tools = Tools { logs: &mut *self.logs, buffer: &mut self.buffer, display };
            if !tools.display.takes_output() {
                return News::None;
            }
            // What cannot be read now may be at the attempt's end; otherwise it is told then.
            if attempt.has_news(&mut tools).unwrap_or(false) {
                attempt.head(self.mode, &self.look, tools.display);
                news = news.max(attempt.show_news(self.mode, &mut tools).unwrap_or(News::None));
                self.last = Some(Arc::clone(&attempt.job.name));
            }
        }
        news
    }

    /// Nothing starts or ends any more.
    pub(super) fn finish(&mut self, display: &mut Display) {
        while let Some((at, _)) = self.attempts.first() {
            self.show_rest(at, display);
        }
    }

    fn show_rest(&mut self, at: Place, display: &mut Display) {
        let Some(mut attempt) = self.attempts.remove(at) else { return };
        let mut tools = Tools { logs: &mut *self.logs, buffer: &mut self.buffer, display };
        if !tools.display.takes_output() {
            return;
        }
        let news = attempt.has_news(&mut tools);
        let is_folded = self.mode == OutputMode::Group && attempt.is_ok && matches!(news, Ok(true));
        if is_folded && tools.display.takes_commands() {
            tools.display.command(&github::group(&attempt.title()));
            attempt.has_heading = true;
        }
        if matches!(news, Ok(true)) {
            attempt.head(self.mode, &self.look, tools.display);
            self.last = Some(Arc::clone(&attempt.job.name));
        }
        let shown = attempt.follows.iter_mut().map(|follow| follow.rest(&mut tools)).fold(Ok(()), Result::and);
        if is_folded {
            tools.display.command(github::END_GROUP);
        }
        if let Err(error) = news.and(shown) {
            let styles = self.look.headings.clone().unwrap_or_default();
            let detail = format!("(its log cannot be read: {})", text::io_error(&error));
            display.words(&format!("{}\n", not_ended(&styles, "no output", &attempt.job.name, &detail)));
        }
    }
}

impl Attempt {
    fn has_shown_anything(&self) -> bool {
        self.follows.iter().any(Follow::has_shown_anything)
    }

    fn has_news(&self, tools: &mut Tools<'_>) -> io::Result<bool> {
        self.follows.iter().try_fold(false, |news, follow| Ok(news || follow.has_news(tools)?))
    }

    fn show_news(&mut self, mode: OutputMode, tools: &mut Tools<'_>) -> io::Result<News> {
        // Two logs that are shown at once must not meet within a line.
        let by_lines = mode == OutputMode::Prefix || self.follows.len() > 1;
        self.follows.iter_mut().try_fold(News::None, |news, follow| {
            Ok(news.max(if by_lines { follow.lines(tools)? } else { follow.bytes(tools)? }))
        })
    }

    fn title(&self) -> String {
        let name = text::escape(self.job.name.as_bytes());
        if self.number > 1 { format!("{name} (attempt {})", self.number) } else { name }
    }

    /// Says once whose output follows, where the lines themselves do not.
    fn head(&mut self, mode: OutputMode, look: &Look, display: &mut Display) {
        if let (false, true, Some(styles)) = (self.has_heading, mode != OutputMode::Prefix, &look.headings) {
            let detail = if self.number > 1 { format!("(attempt {})", self.number) } else { String::new() };
            display.words(&format!("{}\n", not_ended(styles, "output", &self.job.name, &detail).trim_end()));
            self.has_heading = true;
        }
    }
}

impl Look {
    fn prefix(&self, name: &str, slot: u32) -> Vec<u8> {
        let name = text::pad(&text::cut_middle(&text::escape(name.as_bytes()), self.name_width), self.name_width);
        format!("{} ", format!("{name} |").style(self.names.of_slot(slot))).into_bytes()
    }
}

/// How wide the names of jobs are in front of lines.
pub(crate) fn name_width<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(|name| text::columns(&text::escape(name.as_bytes()))).max().unwrap_or(0).min(WIDEST_NAME)
}
