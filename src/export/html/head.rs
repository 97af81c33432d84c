//! The top of the page: how the run ended, its numbers, and what failed.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::Page;
use super::job::{ShownJob, State};
use super::log::{Content, LogTail};
use super::safe::{Html, Lines};
use crate::event::{CancelReason, JobStatus, Origin, SkipReason};
use crate::text;

/// So many failures are shown at once; the others are in the table.
const MOST_FAILURES: usize = 12;
/// So many lines of a failed job's log are shown at once.
const FEW_LINES: usize = 8;

impl Page<'_> {
    /// The title of the window.
    pub(super) fn title(&self) -> String {
        format!("{}: {} – procman", self.report.state(), Html(&self.asked_for()))
    }

    pub(super) fn head(&self, out: &mut String) {
        let record = self.report.record;
        let state = State::of_word(self.report.state());
        _ = writeln!(out, r#"<header class="card {}">"#, state.tone);
        _ = writeln!(out, "<h1>{state} {}</h1>", self.outcome());
        if let Some(reason) = &record.cancel {
            let how = match reason {
                CancelReason::Failure(_) => "ended early, because",
                CancelReason::Timeout | CancelReason::Fault(_) => "ended early:",
                CancelReason::Signal(_) | CancelReason::Change => "ended by",
            };
            _ = writeln!(out, r#"<p class="why">The run was {how} {}.</p>"#, Html(&reason.to_string()));
        }
        if !record.left_behind.is_empty() {
            let names: Vec<String> = record.left_behind.iter().map(ToString::to_string).collect();
            let names = text::names(&names);
            _ = writeln!(
                out,
                r#"<p class="why">Processes were left behind that belong to no job: {}.</p>"#,
                Html(&names)
            );
        }
        _ = writeln!(out, r#"<dl class="facts">"#);
        let mut fact = |what: &str, value: &str| {
            _ = writeln!(out, "<div><dt>{what}</dt><dd>{}</dd></div>", Html(value));
        };
        fact("Run", &record.run);
        fact("Started", &started(&record.at));
        if let Some(origin) = &record.origin {
            fact("Manifest", &origin.manifest);
            fact("Asked for", &self.asked_for());
            if let Some(earlier) = &origin.rerun_of {
                fact("Jobs again of run", earlier);
            }
        }
        out.push_str("</dl>\n");
        self.tiles(out);
        out.push_str("</header>\n");
    }

    /// What a heading says, after the word for the run's state.
    fn outcome(&self) -> String {
        let jobs = &self.report.record.jobs;
        let count = |is_such: fn(&JobStatus) -> bool| {
            jobs.values().filter(|job| job.status.as_ref().is_some_and(is_such)).count()
        };
        let (failed, good, all) = (count(JobStatus::is_failure), count(JobStatus::is_success), jobs.len());
        let ended = count(|_| true);
        let all = text::count(all, "job");
        if self.report.record.status.is_none() {
            return format!("with {ended} of {all} ended");
        }
        match failed {
            0 if good == jobs.len() => all,
            0 => format!("{good} of {all} did what they should"),
            _ => format!("{failed} of {all}"),
        }
    }

    /// The selection, as one would write it behind `procman`.
    fn asked_for(&self) -> String {
        let Some(Origin { selection, .. }) = &self.report.record.origin else { return "jobs of a program".to_owned() };
        let mut words = selection.names.clone();
        words.extend(selection.set.iter().flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")]));
        words.extend(selection.no_deps.then(|| "--no-deps".to_owned()));
        let mut line = text::argv(&words);
        if !selection.arguments.is_empty() {
            line = format!("{line} -- {}", text::argv(&selection.arguments));
        }
        if selection.names.is_empty() { format!("the default {line}").trim_end().to_owned() } else { line }
    }

    fn tiles(&self, out: &mut String) {
        let record = self.report.record;
        let all =
            record.jobs.values().map(|job| self.report.time_of(job)).fold(Duration::ZERO, Duration::saturating_add);
        let ratio = |time: Duration| time.as_secs_f64() / record.elapsed.as_secs_f64().max(1e-6);
        let critical = &self.timing;
        _ = writeln!(out, r#"<dl class="tiles">"#);
        let mut tile = |what: &str, value: &str, note: &str| {
            _ = writeln!(out, "<div><dt>{what}</dt><dd>{value}<small>{note}</small></dd></div>");
        };
        tile("Took", &text::duration(record.elapsed), "from the start of the run to its end");
        tile(
            "Critical path",
            &text::duration(critical.critical_time),
            &format!(
                "{:.0}% of it, in {}",
                ratio(critical.critical_time) * 100.0,
                text::count(critical.critical_path.len(), "job")
            ),
        );
        tile(
            "All attempts",
            &text::duration(all),
            &format!("{:.1} at once on average, at most {}", ratio(all), record.limit),
        );
        let longest = self.jobs.iter().filter_map(|job| Some((job.wait?, job))).max_by_key(|(wait, _)| *wait);
        if let Some((wait, job)) = longest.filter(|(wait, _)| self.matters(*wait)) {
            tile(
                "Longest wait for a place",
                &text::duration(wait),
                &format!(r##"<a href="#d{}">{}</a>"##, job.number, Html(job.name)),
            );
        }
        out.push_str("</dl>\n");
    }

    /// What failed, the first first: the others may have failed because of it.
    pub(super) fn failures(&self, out: &mut String) {
        let mut failed: Vec<&ShownJob<'_>> = self.jobs.iter().filter(|job| job.rank() == 0).collect();
        if failed.is_empty() {
            return;
        }
        failed.sort_by_key(|job| job.span.map(|(_, end)| end));
        let mut skipped: HashMap<&str, usize> = HashMap::new();
        for job in self.report.record.jobs.values() {
            if let Some(JobStatus::Skipped { because: SkipReason::Dependency(name) }) = &job.status {
                *skipped.entry(name).or_default() += 1;
            }
        }
        _ = writeln!(out, r#"<section class="card" aria-labelledby="failed">"#);
        _ = writeln!(out, r#"<div class="head"><h2 id="failed">What failed</h2>"#);
        if failed.len() > MOST_FAILURES {
            let note = format!("the first {MOST_FAILURES} of {}; all are in the table below", failed.len());
            _ = writeln!(out, r#"<p class="note">{note}</p>"#);
        }
        _ = writeln!(
            out,
            r#"</div>
<div class="failures">"#
        );
        for job in failed.iter().take(MOST_FAILURES) {
            self.failure(out, job, skipped.get(job.name).copied().unwrap_or(0));
        }
        out.push_str("</div>\n</section>\n");
    }

    fn failure(&self, out: &mut String, job: &ShownJob<'_>, skipped: usize) {
        let (state, number, name) = (job.state, job.number, Html(job.name));
        _ = writeln!(out, r#"<div class="failure {}">"#, state.tone);
        _ = writeln!(out, r##"<h3>{state} <a href="#d{number}">{name}</a></h3>"##);
        let mut words: Vec<String> = job.reason().into_iter().collect();
        words.extend(job.span.map(|(start, end)| format!("after {}", text::duration(end.saturating_sub(start)))));
        let attempts = job.record.attempts.len();
        words.extend((attempts > 1).then(|| format!("{attempts} attempts")));
        words.extend((skipped > 0).then(|| format!("{} skipped because of it", text::count(skipped, "job"))));
        _ = writeln!(out, "<p>{}</p>", Html(&words.join(" · ")));
        let last = job.record.attempts.last().map_or(&[][..], |last| self.tails.of(job.number, last.number));
        // Where streams are apart, errors are on the second.
        let with_text = last.iter().rev().find_map(|LogTail { content, .. }| match content {
            Content::Text { text, .. } if !text.is_empty() => Some(text),
            _ => None,
        });
        if let Some(text) = with_text {
            let lines: Vec<&str> = text.lines().collect();
            let few = lines[lines.len().saturating_sub(FEW_LINES)..].join("\n");
            _ = writeln!(out, "<pre>{}</pre>", Lines(&few));
        } else if !job.record.attempts.is_empty() {
            _ = writeln!(out, r#"<p class="note">no output</p>"#);
        }
        out.push_str("</div>\n");
    }
}

/// `2026-11-22 15:25:28 UTC`, where it is a time.
fn started(at: &str) -> String {
    match humantime::parse_rfc3339(at) {
        Ok(time) => humantime::format_rfc3339_seconds(time).to_string().replace('T', " ").replace('Z', " UTC"),
        Err(_) => at.to_owned(),
    }
}
