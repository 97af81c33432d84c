//! What stands at the bottom of a terminal while a run goes on: the jobs that run, a bar, counts, and how long it will
//! still take.
//!
//! Knows what runs and what has ended, as it is told, and makes lines of it that fit. [`Region`] draws them. Neither
//! knows what time it is or where a terminal is.

mod region;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use owo_colors::{OwoColorize, Style};

use super::Styles;
use super::progress::WORD_WIDTH;
use crate::event::JobStatus;
use crate::forecast::Forecast;
use crate::job::JobId;
use crate::plan::Plan;
use crate::text;
pub(super) use region::Region;

/// The bar is not wider than this.
const WIDEST_BAR: usize = 30;
/// The bar is left out where it would be narrower than this.
const NARROWEST_BAR: usize = 6;
/// On a narrower terminal than this nothing is indented, and no slot is shown.
const NARROW: usize = 60;
/// How long the time that is left counts down by itself before it is estimated anew.
const ESTIMATE_EVERY: Duration = Duration::from_secs(1);

/// What is shown of a run under way.
#[derive(Debug)]
pub(crate) struct Live {
    plan: Arc<Plan>,
    styles: Styles,
    /// In order of their starts.
    running: IndexMap<JobId, Running>,
    /// By job.
    has_ended: Vec<bool>,
    /// How many jobs ended with each of [`JobStatus::WORDS`].
    counts: [usize; JobStatus::WORDS.len()],
    is_cancelled: bool,
    is_over: bool,
    forecast: Option<Forecast>,
    /// When an estimate was last made, and what it was.
    estimate: Option<(Duration, Duration)>,
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct Running {
    attempt: u32,
    slot: u32,
    /// Run time of its start.
    started: Duration,
    /// Whether it takes longer than it should.
    pub(super) is_slow: bool,
    pub(super) is_stopped: bool,
}

impl Live {
    pub(crate) fn new(plan: Arc<Plan>, styles: Styles) -> Self {
        Self {
            has_ended: vec![false; plan.jobs.len()],
            plan,
            styles,
            running: IndexMap::new(),
            counts: [0; JobStatus::WORDS.len()],
            is_cancelled: false,
            is_over: false,
            forecast: None,
            estimate: None,
        }
    }

    pub(super) fn started(&mut self, job: &str, attempt: u32, slot: u32, at: Duration) {
        if let Some(job) = self.plan.jobs.id(job) {
            self.running.insert(job, Running { attempt, slot, started: at, is_slow: false, is_stopped: false });
        }
    }

    /// Something has become of it.
    pub(super) fn change(&mut self, job: &str, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.plan.jobs.id(job).and_then(|job| self.running.get_mut(&job)) {
            change(running);
        }
    }

    /// Its attempt has ended; another may follow.
    pub(super) fn attempt_ended(&mut self, job: &str) {
        if let Some(job) = self.plan.jobs.id(job) {
            self.running.shift_remove(&job);
        }
    }

    /// With one of [`JobStatus::WORDS`].
    pub(super) fn ended(&mut self, job: &str, word: &'static str) {
        let Some(job) = self.plan.jobs.id(job) else { return };
        self.has_ended[job.index()] = true;
        if let Some(at) = JobStatus::WORDS.iter().position(|known| *known == word) {
            self.counts[at] += 1;
        }
    }

    /// Every job has ended.
    pub(super) fn over(&mut self) {
        self.is_over = true;
    }

    /// Whether there is anything to show, and nobody else has the terminal.
    pub(super) fn is_shown(&self) -> bool {
        !self.is_over && !self.running.keys().any(|job| self.plan.jobs.job(*job).settings.interactive)
    }

    /// Whether this job has the terminal while it runs.
    pub(super) fn has_terminal(&self, job: &str) -> bool {
        self.plan.jobs.get(job).is_some_and(|job| job.settings.interactive)
    }

    pub(super) fn cancelled(&mut self) {
        self.is_cancelled = true;
    }

    /// From now on the lines say how long the run will still take.
    pub(super) fn foresee(&mut self, forecast: Forecast) {
        self.forecast = Some(forecast);
    }

    /// With an empty one not more than half as many lines as the terminal has, none wider than it is.
    pub(super) fn lines(&mut self, now: Duration, columns: usize, rows: usize) -> Vec<String> {
        let room = (rows / 2).saturating_sub(2);
        let shown = if self.running.len() > room { room.saturating_sub(1) } else { self.running.len() };
        let mut lines: Vec<String> =
            self.running.iter().take(shown).map(|(job, running)| self.job_line(*job, running, now, columns)).collect();
        if room > 0 && shown < self.running.len() {
            let more = format!("and {} more", self.running.len() - shown);
            let indent = if columns < NARROW { 0 } else { WORD_WIDTH - "running".len() };
            lines.push(Line::new(columns).add(&" ".repeat(indent), Style::new()).add(&more, self.styles.quiet).text);
        }
        lines.push(self.bar_line(now, columns));
        lines
    }

    /// In the columns in which the lines of jobs that have ended are.
    fn job_line(&self, job: JobId, running: &Running, now: Duration, columns: usize) -> String {
        let (word, style) = match running {
            Running { is_stopped: true, .. } => ("stopped", self.styles.warning),
            Running { is_slow: true, .. } => ("slow", self.styles.warning),
            _ => ("running", self.styles.quiet),
        };
        let width = if columns < NARROW { 0 } else { WORD_WIDTH };
        let elapsed = text::rough_duration(now.saturating_sub(running.started));
        let name = text::escape(self.plan.jobs.name(job).as_bytes());
        let mut line = Line::new(columns)
            .add(&format!("{word:>width$}"), style)
            .add(&format!("  {elapsed:>0$}  ", if width == 0 { 0 } else { 8 }), Style::new());
        let slot = (columns >= NARROW).then(|| format!("slot {}", running.slot));
        let attempt = (running.attempt > 1).then(|| format!("attempt {}", running.attempt));
        let details: Vec<String> = slot.into_iter().chain(attempt).collect();
        let details = if details.is_empty() { String::new() } else { format!("  ({})", details.join(", ")) };
        // A long name loses its end before they are lost.
        let room = line.room.saturating_sub(text::columns(&details));
        line = line.add(&text::cut_middle(&name, room), self.styles.name);
        line.add(&details, self.styles.quiet).text
    }

    fn bar_line(&mut self, now: Duration, columns: usize) -> String {
        let (total, ended) = (self.plan.jobs.len(), self.counts.iter().sum::<usize>());
        let digits = total.to_string().len();
        let mut parts = vec![(format!("{ended:>digits$}/{total}"), Style::new())];
        if self.is_cancelled {
            parts.push(("ending".to_owned(), self.styles.warning));
        }
        for (word, count) in JobStatus::WORDS.iter().zip(self.counts).filter(|(_, count)| *count > 0) {
            parts.push((format!("{count} {word}"), self.styles.of_word(word)));
        }
        let running = self.running.len();
        parts.push((format!("{running} running"), Style::new()));
        let waiting = total.saturating_sub(ended + running);
        if waiting > 0 && !self.is_cancelled {
            parts.push((format!("{waiting} waiting"), self.styles.quiet));
        }
        if let Some(left) = self.left(now) {
            parts.push((format!("about {} left", text::rough_duration(left)), Style::new()));
        }
        let separators = 2 * (parts.len() - 1);
        let width: usize = parts.iter().map(|(part, _)| text::columns(part)).sum::<usize>() + separators;
        let mut line = Line::new(columns);
        let bar = line.room.saturating_sub(width + "[]  ".len()).min(WIDEST_BAR);
        if bar >= NARROWEST_BAR {
            line =
                line.add("[", Style::new()).add(&filled(bar, ended, total), self.styles.good).add("]  ", Style::new());
        }
        for (at, (part, style)) in parts.iter().enumerate() {
            let separator = [": ", ", "][usize::from(at > 1)];
            line = line.add(if at == 0 { "" } else { separator }, Style::new()).add(part, *style);
        }
        line.text
    }

    /// Estimated now and then, and counted down in between. Nobody knows it for a run that is to end early.
    fn left(&mut self, now: Duration) -> Option<Duration> {
        let forecast = self.forecast.as_ref().filter(|_| !self.is_cancelled)?;
        let (at, left) = match self.estimate {
            Some((at, left)) if now.saturating_sub(at) < ESTIMATE_EVERY => (at, left),
            _ => {
                let (running, has_ended) = (&self.running, &self.has_ended);
                let waits = |job: &JobId| !has_ended[job.index()] && !running.contains_key(job);
                let elapsed = running.iter().map(|(job, running)| (*job, now.saturating_sub(running.started)));
                (now, forecast.left(self.plan.jobs.ids().filter(waits), elapsed))
            }
        };
        self.estimate = Some((at, left));
        Some(left.saturating_sub(now.saturating_sub(at)))
    }
}

/// A bar of so many columns.
fn filled(columns: usize, ended: usize, total: usize) -> String {
    let full = columns * ended / total.max(1);
    let mut bar = "=".repeat(full);
    if full < columns {
        bar.push('>');
    }
    _ = write!(bar, "{:1$}", "", columns.saturating_sub(full + 1));
    bar
}

/// A line that gets no longer than the terminal is wide, less a column: in the last one the cursor would hang.
struct Line {
    text: String,
    room: usize,
}

impl Line {
    fn new(columns: usize) -> Self {
        Self { text: String::new(), room: columns.saturating_sub(1) }
    }

    fn add(mut self, text: &str, style: Style) -> Self {
        let cut = text::cut(text, self.room);
        self.room -= text::columns(&cut);
        if !cut.is_empty() {
            _ = write!(self.text, "{}", cut.style(style));
        }
        self
    }
}

#[cfg(test)]
mod tests;
