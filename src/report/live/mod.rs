//! What stands at the bottom of a terminal while a run goes on: the jobs that run, a bar, counts, and how long it will
//! still take.
//!
//! Knows which lines fit, and [`Region`] how they are drawn. Neither knows what time it is or where a terminal is.

mod region;

use std::fmt::Write as _;
use std::time::Duration;

use owo_colors::{OwoColorize, Style};

use super::Styles;
use super::activity::{Activity, Running};
use super::progress::WORD_WIDTH;
use crate::forecast::Forecast;
use crate::text;
pub(super) use region::Region;

/// The bar is not wider than this.
const WIDEST_BAR: usize = 30;
/// The bar is not narrower than this.
const NARROWEST_BAR: usize = 10;
/// On a narrower terminal than this nothing is indented, and neither slot nor attempt nor a bar are shown.
const NARROW: usize = 60;
/// How long the time that is left counts down by itself before it is estimated anew.
const ESTIMATE_EVERY: Duration = Duration::from_secs(1);

/// Makes the lines.
#[derive(Debug)]
pub(super) struct Live {
    styles: Styles,
    forecast: Option<Forecast>,
    /// When an estimate was last made, and what it was.
    estimate: Option<(Duration, Duration)>,
}

impl Live {
    pub(super) fn new(styles: Styles) -> Self {
        Self { styles, forecast: None, estimate: None }
    }

    /// From now on the lines say how long the run will still take.
    pub(super) fn foresee(&mut self, forecast: Forecast) {
        self.forecast = Some(forecast);
    }

    /// With an empty one not more than half as many lines as the terminal has, none wider than it is.
    pub(super) fn lines(&mut self, of: &Activity, now: Duration, columns: usize, rows: usize) -> Vec<String> {
        let room = (rows / 2).saturating_sub(2);
        let running = of.running().len();
        let shown = if running > room { room.saturating_sub(1) } else { running };
        let jobs = of.running().take(shown);
        let mut lines: Vec<String> =
            jobs.map(|(_, name, running)| self.job_line(name, running, now, columns)).collect();
        if room > 0 && shown < running {
            let more = format!("and {} more", running - shown);
            let indent = if columns < NARROW { 0 } else { WORD_WIDTH - "running".len() };
            lines.push(Line::new(columns).add(&" ".repeat(indent), Style::new()).add(&more, self.styles.quiet).text);
        }
        lines.push(self.bar_line(of, now, columns));
        lines
    }

    /// In the columns in which the lines of jobs that have ended are.
    fn job_line(&self, name: &str, running: &Running, now: Duration, columns: usize) -> String {
        let (word, style) = running.word(&self.styles);
        let is_narrow = columns < NARROW;
        let (word_width, time_width) = if is_narrow { (0, 0) } else { (WORD_WIDTH, 8) };
        let elapsed = text::rough_duration(now.saturating_sub(running.since));
        let line = Line::new(columns)
            .add(&format!("{word:>word_width$}"), style)
            .add(&format!("  {elapsed:>time_width$}  "), Style::new());
        let details = if is_narrow { String::new() } else { format!("  ({})", running.details()) };
        // A long name loses its middle before they are lost.
        let room = line.room.saturating_sub(text::columns(&details));
        let name = text::escape(name.as_bytes());
        line.add(&text::cut_middle(&name, room), self.styles.name).add(&details, self.styles.quiet).text
    }

    /// What matters most comes first, as it is the end that is cut.
    fn bar_line(&mut self, of: &Activity, now: Duration, columns: usize) -> String {
        let (total, ended) = (of.jobs(), of.ended());
        let digits = total.to_string().len();
        let mut parts = vec![(format!("{ended:>digits$}/{total}"), Style::new())];
        if of.is_cancelled {
            parts.push((", ending".to_owned(), self.styles.warning));
        } else if let Some(left) = self.left(of, now) {
            parts.push((format!(", about {} left", text::rough_duration(left)), Style::new()));
        }
        parts.push((format!(": {} running", of.running().len()), Style::new()));
        let waiting = of.waiting_count();
        if waiting > 0 && !of.is_cancelled {
            parts.push((format!(", {waiting} waiting"), self.styles.quiet));
        }
        for (word, count) in of.counts() {
            parts.push((", ".to_owned(), Style::new()));
            parts.push((format!("{count} {word}"), self.styles.of_word(word)));
        }
        let mut line = Line::new(columns);
        if columns >= NARROW {
            let width: usize = parts.iter().map(|(part, _)| text::columns(part)).sum();
            let bar = line.room.saturating_sub(width + "[]  ".len()).clamp(NARROWEST_BAR, WIDEST_BAR);
            line = line.add("[", Style::new()).add(&filled(bar, ended, total), self.styles.good);
            line = line.add("]  ", Style::new());
        }
        parts.iter().fold(line, |line, (part, style)| line.add(part, *style)).text
    }

    /// Estimated now and then, and counted down in between. Nobody knows it for a run that is to end early.
    fn left(&mut self, of: &Activity, now: Duration) -> Option<Duration> {
        let forecast = self.forecast.as_ref().filter(|_| !of.is_cancelled)?;
        let (at, left) = match self.estimate {
            Some((at, left)) if now.saturating_sub(at) < ESTIMATE_EVERY => (at, left),
            _ => {
                let elapsed = of.running().map(|(job, _, running)| (job, now.saturating_sub(running.since)));
                (now, forecast.left(of.waiting(), elapsed))
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
