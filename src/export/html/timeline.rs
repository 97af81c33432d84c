//! The timeline: a lane for each place under the limit, a bar for each attempt, and the critical path.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use super::Page;
use super::job::{ShownJob, State};
use super::safe::Html;
use crate::event::AttemptRecord;
use crate::export::critical_path::{end_of, span};
use crate::text;

/// No more marks than this on the axis.
const MOST_TICKS: u128 = 8;
/// The distances between marks that are easy to read, in milliseconds.
const STEPS: [u128; 28] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
];
/// A path of more jobs is folded.
const LONGEST_OPEN_PATH: usize = 40;

/// How high a lane is, in pixels.
fn lane_height(lanes: usize) -> usize {
    match lanes {
        0..=16 => 30,
        17..=40 => 20,
        41..=128 => 12,
        _ => 5,
    }
}

/// How far down the middle of a lane is.
fn middle(row: usize, height: usize) -> usize {
    row * height + height / 2
}

/// Whether a bar is wide enough for a name or a telling part of it, on a screen of common width.
fn has_room_for(name: &str, percent: f64) -> bool {
    let needed = (name.chars().count() * 7 + 12).min(64);
    u32::try_from(needed).is_ok_and(|needed| percent * 10.0 >= f64::from(needed))
}

/// Run time as a place from left to right.
struct Scale(f64);

impl Scale {
    fn percent(&self, time: Duration) -> f64 {
        (time.as_secs_f64() / self.0 * 100.0).min(100.0)
    }
}

impl Page<'_> {
    pub(super) fn timeline(&self, out: &mut String) {
        let mut lanes: BTreeMap<u32, Vec<(&ShownJob<'_>, &AttemptRecord)>> = BTreeMap::new();
        for job in &self.jobs {
            for attempt in &job.record.attempts {
                lanes.entry(attempt.slot).or_default().push((job, attempt));
            }
        }
        if lanes.is_empty() {
            return;
        }
        let ends = self.jobs.iter().filter_map(|job| job.span.map(|(_, end)| end));
        let total = ends.max().unwrap_or_default().max(self.report.record.elapsed).max(Duration::from_millis(1));
        let scale = Scale(total.as_secs_f64());
        let height = lane_height(lanes.len());
        let gutter = if height >= 12 { "1.6rem" } else { "0rem" };
        _ = writeln!(out, r#"<section class="card" aria-labelledby="timeline">"#);
        let places = text::count(lanes.len(), "place");
        _ = writeln!(
            out,
            "<div class=\"head\"><h2 id=\"timeline\">Timeline</h2><p class=\"note\">{places} under the limit, a bar for \
             each attempt; all of it is in the table below, too</p></div>"
        );
        _ = writeln!(out, r#"<div class="timeline"><div class="lanes" style="--lane:{height}px;--gutter:{gutter}">"#);
        ticks(out, total, &scale);
        let rows: HashMap<u32, usize> = lanes.keys().enumerate().map(|(row, slot)| (*slot, row)).collect();
        for (slot, attempts) in &mut lanes {
            attempts.sort_by_key(|(_, attempt)| attempt.started);
            let place = if height >= 12 { slot.to_string() } else { String::new() };
            _ = writeln!(out, r#"<div class="lane" data-place="{place}">"#);
            for (job, attempt) in attempts.iter() {
                self.bar(out, job, attempt, &scale);
            }
            out.push_str("</div>\n");
        }
        self.links(out, &rows, height, &scale);
        out.push_str("</div></div>\n");
        self.legend(out);
        self.path(out);
        _ = writeln!(
            out,
            r#"<div class="tip" role="tooltip" hidden></div>
</section>"#
        );
    }

    fn bar(&self, out: &mut String, job: &ShownJob<'_>, attempt: &AttemptRecord, scale: &Scale) {
        let end = end_of(attempt, self.report.record);
        let took = end.saturating_sub(attempt.started);
        let State { word, sign, tone } = State::of_attempt(attempt, job.record, job.state.word);
        let (left, width) = (scale.percent(attempt.started), scale.percent(took));
        let mut classes = format!("bar {tone}");
        let is_again = job.record.attempts.first().is_some_and(|first| first.number != attempt.number);
        classes.push_str(if is_again { " again" } else { "" });
        classes.push_str(if word == "timed-out" { " late" } else { "" });
        classes.push_str(if job.on_path { " on-path" } else { "" });
        let attempts = job.record.attempts.len();
        let which = if attempts > 1 { format!("\nattempt {} of {attempts}", attempt.number) } else { String::new() };
        let why = match &attempt.end {
            Some(end) if end.status.to_string() != word => format!(": {}", end.status),
            _ => String::new(),
        };
        let times = format!("{} from {} on", text::duration(took), text::duration(attempt.started));
        let path = if job.on_path { "\non the critical path" } else { "" };
        let wait = match job.wait.filter(|wait| !is_again && self.matters(*wait)) {
            Some(wait) => format!("\nafter a wait of {} for a place", text::duration(wait)),
            None => String::new(),
        };
        let title = format!("{}{which}\n{word}{why}\n{times}{wait}{path}", text::escape(job.name.as_bytes()));
        let title = title.split('\n').map(|line| Html(line).to_string()).collect::<Vec<_>>().join("&#10;");
        _ = write!(
            out,
            r##"<a class="{classes}" href="#d{}" tabindex="-1" style="left:{left:.3}%;width:{width:.3}%" title="{title}">"##,
            job.number
        );
        if has_room_for(job.name, width) {
            let sign = if is_again {
                format!("↻{sign} ")
            } else if tone == "good" {
                String::new()
            } else {
                format!("{sign} ")
            };
            _ = write!(out, "{sign}{}", Html(job.name));
        }
        out.push_str("</a>\n");
    }

    /// Lines from the end of each job on the critical path to the start of the next, between the lanes rather than over
    /// the bars in them.
    fn links(&self, out: &mut String, rows: &HashMap<u32, usize>, height: usize, scale: &Scale) {
        let jobs = &self.report.record.jobs;
        let ends = |job: usize| jobs.get_index(job).map(|(_, job)| (job.attempts.first(), job.attempts.last()));
        _ = writeln!(out, r#"<svg class="links" height="{}" aria-hidden="true">"#, rows.len() * height);
        for pair in self.timing.critical_path.windows(2) {
            let (Some((_, Some(from))), Some((Some(to), _))) = (ends(pair[0]), ends(pair[1])) else { continue };
            let (Some(from_row), Some(to_row)) = (rows.get(&from.slot), rows.get(&to.slot)) else { continue };
            let (x1, x2) = (scale.percent(end_of(from, self.report.record)), scale.percent(to.started));
            let (y1, y2) = (middle(*from_row, height), middle(*to_row, height));
            let between = (from_row + usize::from(to_row >= from_row)) * height - height / 20;
            for (x1, y1, x2, y2) in [(x1, y1, x1, between), (x1, between, x2, between), (x2, between, x2, y2)] {
                _ = writeln!(out, r#"<line x1="{x1:.3}%" y1="{y1}" x2="{x2:.3}%" y2="{y2}"/>"#);
            }
        }
        out.push_str("</svg>\n");
    }

    /// What the looks of bars mean, as far as they occur.
    fn legend(&self, out: &mut String) {
        let mut kinds: Vec<(&str, &str)> = Vec::new();
        for job in &self.jobs {
            for attempt in &job.record.attempts {
                let State { word, tone, .. } = State::of_attempt(attempt, job.record, job.state.word);
                let kind = match (tone, word) {
                    ("good", _) => ("good", "ok"),
                    ("warn", _) => ("warn", "failed, and tried again or allowed to"),
                    ("bad", "timed-out") => ("bad late", "timed-out"),
                    ("bad", _) => ("bad", "failed"),
                    ("live", word) => ("live", word),
                    (_, word) => ("idle", word),
                };
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        if self.jobs.iter().any(|job| job.record.attempts.len() > 1) {
            kinds.push(("idle again", "another attempt"));
        }
        kinds.push(("on-path", "on the critical path"));
        _ = writeln!(out, r#"<ul class="legend">"#);
        for (classes, what) in kinds {
            _ = writeln!(out, r#"<li><span class="bar {classes}"></span>{what}</li>"#);
        }
        out.push_str("</ul>\n");
    }

    fn path(&self, out: &mut String) {
        let path = &self.timing.critical_path;
        let time = text::duration(self.timing.critical_time);
        let jobs = text::count(path.len(), "job");
        let open = if path.len() <= LONGEST_OPEN_PATH { " open" } else { "" };
        _ = writeln!(
            out,
            "<details class=\"path-of\"{open}><summary>Critical path: {jobs}, {time}</summary>\n<p class=\"note\">The jobs \
             that waited for each other longest. With jobs that take this long, no limit makes the run shorter than \
             that.</p>\n<ol class=\"path\">"
        );
        for job in path {
            let Some((name, record)) = self.report.record.jobs.get_index(*job) else { continue };
            let took =
                span(record, self.report.record).map_or(Duration::ZERO, |(start, end)| end.saturating_sub(start));
            let took = text::duration(took);
            _ = writeln!(out, r##"<li><a href="#d{job}">{}</a> <small>{took}</small></li>"##, Html(name));
        }
        out.push_str("</ol></details>\n");
    }
}

/// Marks at round times.
fn ticks(out: &mut String, total: Duration, scale: &Scale) {
    let millis = total.as_millis();
    let step = STEPS.into_iter().find(|step| millis / step < MOST_TICKS).unwrap_or(millis / MOST_TICKS);
    for time in (0..=millis / step).map(|number| number * step) {
        let at = scale.percent(Duration::from_millis(u64::try_from(time).unwrap_or(u64::MAX)));
        // Near the right edge there is room only left of the mark.
        let last = if at > 94.0 { " last" } else { "" };
        _ = writeln!(out, r#"<div class="tick{last}" style="left:{at:.3}%"><span>{}</span></div>"#, tick(time, step));
    }
}

/// A time with as many places as the distance between marks needs.
fn tick(millis: u128, step: u128) -> String {
    let (seconds, minutes, hours) = (millis / 1000, millis / 60_000, millis / 3_600_000);
    match (millis, step) {
        (0, _) => "0".to_owned(),
        (_, 0..1_000) => {
            format!("{seconds}.{:03}", millis % 1000).trim_end_matches('0').trim_end_matches('.').to_owned() + "s"
        }
        (0..60_000, _) => format!("{seconds}s"),
        (0..3_600_000, 0..60_000) => format!("{minutes}m{:02}s", seconds % 60),
        (0..3_600_000, _) => format!("{minutes}m"),
        (_, 0..3_600_000) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_few_and_round() {
        let labels = |millis: u64| {
            let mut out = String::new();
            ticks(&mut out, Duration::from_millis(millis), &Scale(1.0));
            let labels = out.split("<span>").skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned()));
            labels.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(labels(1), "0 0.001s");
        assert_eq!(labels(1630), "0 0.5s 1s 1.5s");
        assert_eq!(labels(15_000), "0 2s 4s 6s 8s 10s 12s 14s");
        assert_eq!(labels(130_000), "0 20s 40s 1m00s 1m20s 1m40s 2m00s");
        assert_eq!(labels(7_300_000), "0 30m 1h00m 1h30m 2h00m");
        assert_eq!(labels(u64::MAX).split(' ').count(), 9);
    }
}
