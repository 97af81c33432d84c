//! All that there is to say of each job: what it was to do, its attempts, and the ends of their logs.

use std::fmt::Write as _;

use super::Page;
use super::job::{ShownJob, State};
use super::log::{Content, LogTail};
use super::safe::{Html, Lines};
use crate::event::{AttemptRecord, Fate};
use crate::text;

impl Page<'_> {
    pub(super) fn details(&self, out: &mut String) {
        _ = writeln!(out, r#"<section id="details" class="card" aria-label="Each job">"#);
        for job in &self.jobs {
            self.job(out, job);
        }
        out.push_str("</section>\n");
    }

    fn job(&self, out: &mut String, job: &ShownJob<'_>) {
        let class = if job.rank() == 0 { r#" class="failed""# } else { "" };
        let plan = &job.record.plan;
        _ = writeln!(
            out,
            "<article id=\"d{}\"{class}><h3>{}: {}</h3>\n<dl class=\"more\">",
            job.number,
            Html(job.name),
            job.state.word
        );
        let mut line = |what: &str, value: &str| {
            _ = writeln!(out, "<dt>{what}</dt><dd>{}</dd>", Html(value));
        };
        line("Command", &text::argv(&plan.argv));
        if &*plan.cwd != "." {
            line("Directory", &plan.cwd);
        }
        if !plan.deps.is_empty() {
            line("Needs", &text::names(&plan.deps));
        }
        if !plan.after.is_empty() {
            line("After", &text::names(&plan.after));
        }
        if let Some(reason) = job.reason() {
            line("Reason", &reason);
        }
        for (fate, what) in
            [(Fate::Removed, "were ended"), (Fate::Spared, "live on"), (Fate::Unkillable, "cannot be ended")]
        {
            let left: Vec<String> =
                job.record.leftovers().filter(|left| left.fate == fate).map(ToString::to_string).collect();
            if !left.is_empty() {
                line("Left behind", &format!("processes that {what}: {}", text::names(&left)));
            }
        }
        if !job.record.changed_inputs().is_empty() {
            line("Runs again", &format!("while it ran, {}", text::names(job.record.changed_inputs())));
        }
        out.push_str("</dl>\n");
        for attempt in &job.record.attempts {
            self.attempt(out, job, attempt);
        }
        out.push_str("</article>\n");
    }

    fn attempt(&self, out: &mut String, job: &ShownJob<'_>, attempt: &AttemptRecord) {
        let state = State::of_attempt(attempt, job.record, job.state.word);
        _ = write!(out, r#"<p class="attempt {}">"#, state.tone);
        if job.record.attempts.len() > 1 {
            _ = write!(out, "Attempt {}: ", attempt.number);
        }
        _ = write!(out, "{state}");
        if let Some(end) = &attempt.end {
            let status = end.status.to_string();
            if status != state.word {
                _ = write!(out, " ({})", Html(&status));
            }
            _ = write!(out, " after {}, CPU {}", text::duration(end.seconds.0), text::duration(end.cpu.0));
            if end.peak_memory > 0 {
                _ = write!(out, ", peak memory {}", text::bytes(end.peak_memory));
            }
        }
        _ = writeln!(out, ", started at {} in slot {}</p>", text::duration(attempt.started), attempt.slot);
        if attempt.slow {
            _ = writeln!(out, r#"<p class="note">It ran for longer than its slow_after.</p>"#);
        }
        if attempt.end.as_ref().is_some_and(|end| end.log_incomplete) {
            _ = writeln!(out, r#"<p class="note">The disk was full: the log may be incomplete.</p>"#);
        }
        for tail in self.tails.of(job.number, attempt.number) {
            log(out, tail);
        }
    }
}

fn log(out: &mut String, tail: &LogTail) {
    let what = tail.stream.word();
    let (says, text) = match &tail.content {
        Content::Text { text, .. } if text.is_empty() => (format!("No {what}"), None),
        Content::Text { text, cut: true } => {
            (format!("The last {} of {what}", text::count(text.lines().count(), "line")), Some(text))
        }
        Content::Text { text, cut: false } => (format!("All {what}"), Some(text)),
        Content::Unreadable(error) => (format!("The log cannot be read ({error})"), None),
        Content::LeftOut => (format!("The {what} is left out, for the size of this page"), None),
    };
    _ = writeln!(out, r#"<p class="note">{}; log: <code>{}</code></p>"#, Html(&says), Html(&tail.shown));
    if let Some(text) = text {
        // The parser drops a newline that comes first.
        _ = writeln!(out, "<pre>\n{}</pre>", Lines(text));
    }
}
