//! A run as Markdown, as GitHub and its like show it: for the summary of a step, or a comment.
//!
//! First what it comes to, then a table, then what failed with the end of its output. It never grows beyond a given size:
//! what there is no room for is counted.

use std::fmt::Write as _;

use super::Report;
use crate::event::{JobRecord, JobStatus};
use crate::tail::Tail;
use crate::text;

/// GitHub takes no more as the summary of a step.
pub(crate) const MOST: usize = 1024 * 1024;

/// Above this many jobs, those that were simply `ok`, and not slow, are one row of the table. Those that were up to date always are.
const LONGEST_TABLE: usize = 100;
/// A table with more rows than this is folded.
const LONGEST_OPEN: usize = 20;
/// So many lines of a log are shown.
const LINES: usize = 50;
/// No more of a log than this is read.
const BYTES: u64 = 16 * 1024;
/// The room that is kept for what is to be said when there is no more.
const ENDING: usize = 200;

/// A text that grows up to a size.
struct Bounded {
    text: String,
    most: usize,
}

impl Bounded {
    /// Adds a part as a whole. Answers whether there was room for it.
    fn push(&mut self, part: &str) -> bool {
        let fits = self.text.len() + part.len() + ENDING <= self.most;
        if fits {
            self.text.push_str(part);
        }
        fits
    }
}

/// The document, no longer than so many bytes.
pub(crate) fn markdown(report: &Report<'_>, most: usize) -> String {
    let mut out = Bounded { text: String::new(), most };
    out.push(&head(report));
    if let Some(reason) = &report.record.cancel {
        out.push(&format!("\nEnded early: {}\n", inline(&reason.to_string())));
    }
    table(report, &mut out);
    let mut is_full = false;
    let mut left_out = 0;
    for job in report.record.jobs.values().filter(|job| shows_output(job, report)) {
        // No log is read for nothing.
        is_full = is_full || !out.push(&failure(report, job));
        left_out += usize::from(is_full);
    }
    if is_full {
        _ = writeln!(out.text, "\nThere is no room here for {} more.", text::count(left_out, "failed job"));
    }
    out.text
}

fn head(report: &Report<'_>) -> String {
    let record = report.record;
    let counts: Vec<String> = report.counts().iter().map(|(word, count)| format!("{count} {word}")).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let (jobs, time) = (text::count(record.jobs.len(), "job"), text::duration(record.elapsed));
    format!("### procman: {}\n\n{jobs} in {time}{counts}\n", report.state())
}

/// Whether what a job has written last is to be seen: it failed, or was running when procman was killed.
fn shows_output(job: &JobRecord, report: &Report<'_>) -> bool {
    match &job.status {
        Some(status) => status.is_failure(),
        None => report.record.runner_died && !job.attempts.is_empty(),
    }
}

fn table(report: &Report<'_>, out: &mut Bounded) {
    let jobs = &report.record.jobs;
    let is_folded = |job: &&JobRecord| match job.status {
        Some(JobStatus::UpToDate) => true,
        Some(JobStatus::Ok) => jobs.len() > LONGEST_TABLE && !job.is_slow(),
        _ => false,
    };
    let mut rows: Vec<String> = jobs.values().filter(|job| !is_folded(job)).map(|job| row(report, job)).collect();
    for status in [JobStatus::Ok, JobStatus::UpToDate] {
        let folded = jobs.values().filter(is_folded).filter(|job| job.status.as_ref() == Some(&status)).count();
        if folded > 0 {
            rows.push(format!("| {} | ({} like this) | | | |\n", status.word(), text::count(folded, "job")));
        }
    }
    if rows.is_empty() {
        return;
    }
    let all_is_well = !jobs.values().any(|job| shows_output(job, report));
    let details = all_is_well || rows.len() > LONGEST_OPEN;
    let (begin, end) =
        if details { ("<details>\n<summary>All jobs</summary>\n\n", "\n</details>\n") } else { ("", "") };
    let heading = "| status | job | time | attempts | |\n| --- | --- | ---: | ---: | --- |\n";
    // What failed needs the other half.
    let mut part = Bounded { text: format!("\n{begin}{heading}"), most: out.most / 2 };
    let left_out = rows.iter().filter(|row| !part.push(row)).count();
    if left_out > 0 {
        _ = writeln!(part.text, "| | ({} more) | | | |", text::count(left_out, "row"));
    }
    out.push(&(part.text + end));
}

fn row(report: &Report<'_>, job: &JobRecord) -> String {
    let (name, attempts) = (inline(&job.plan.name), job.attempts.len());
    let time = if attempts == 0 { String::new() } else { text::duration(report.time_of(job)) };
    let detail = job.detail().map(|detail| inline(&detail)).unwrap_or_default();
    format!("| {} | {name} | {time} | {attempts} | {detail} |\n", report.record.word_of(job))
}

/// A job that failed, with the end of its output.
fn failure(report: &Report<'_>, job: &JobRecord) -> String {
    let mut out = format!("\n<details open>\n<summary>{}: <b>{}</b>", report.record.word_of(job), html(&job.plan.name));
    if let Some(detail) = job.detail() {
        _ = write!(out, ": {}", html(&detail));
    }
    if job.attempts.len() > 1 {
        _ = write!(out, ", after {} attempts", job.attempts.len());
    }
    out.push_str("</summary>\n\n");
    // What was never started has written nothing.
    let last = job.attempts.last().filter(|_| !matches!(job.status, Some(JobStatus::SpawnError { .. })));
    for log in last.map(|last| report.logs_of(job, last.number)).unwrap_or_default() {
        let what = log.stream.word();
        match Tail::read_plain(&log.path, LINES, BYTES) {
            Ok(tail) if tail.lines.is_empty() => _ = writeln!(out, "No {what}."),
            Ok(tail) => {
                if tail.cut {
                    _ = writeln!(out, "The last {} of {what}:\n", text::count(tail.lines.len(), "line"));
                }
                let output = tail.lines.join("\n");
                let fence = fence(&output);
                _ = writeln!(out, "{fence}text\n{output}\n{fence}");
            }
            Err(error) => _ = writeln!(out, "The log cannot be read: {}", inline(&text::io_error(&error))),
        }
        _ = writeln!(out, "\nLog: {}\n", inline(&report.shown_log(&log)));
    }
    out.push_str("</details>\n");
    out
}

/// What stands around a text that is shown as it is: longer than any such in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// A text within a line of Markdown, where none of it means anything.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for c in text::escape(text.as_bytes()).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '~' | '$' => {
                out.extend(['\\', c]);
            }
            // Not every reader of tables knows a backslash before it.
            '|' => out.push_str("&#124;"),
            _ => push_html(&mut out, c),
        }
    }
    out
}

/// A text within HTML.
fn html(text: &str) -> String {
    let mut out = String::new();
    text::escape(text.as_bytes()).chars().for_each(|c| push_html(&mut out, c));
    out
}

fn push_html(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        _ => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::tests::any_run;

    /// Reads it as `CommonMark` does, as far as fences go; answers how many `<details>` there are.
    fn check(document: &str) -> usize {
        let mut fence: Option<usize> = None;
        let (mut open, mut all) = (0_usize, 0);
        for line in document.lines() {
            let ticks = line.len() - line.trim_start_matches('`').len();
            match fence {
                Some(length) if ticks >= length && line.trim_start_matches('`').trim().is_empty() => fence = None,
                Some(_) => {}
                None if ticks >= 3 => fence = Some(ticks),
                None if line.starts_with("<details") => (open, all) = (open + 1, all + 1),
                None if line == "</details>" => open = open.checked_sub(1).expect("one is open"),
                None => {
                    let own = ["<summary>", "</summary>", "<b>", "</b>"];
                    let foreign = own.iter().fold(line.to_owned(), |line, tag| line.replace(tag, ""));
                    assert!(!foreign.contains(['<', '>']), "{line}");
                    let cells = line.split(" | ").count();
                    assert!(!line.starts_with('|') || cells <= 5 && line.matches('|').count() == 6, "{line}");
                }
            }
        }
        assert!(fence.is_none() && open == 0, "{document}");
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_jobs_write_it_stays_in_its_place_and_size(made in any_run(), most in 1_000..40_000_usize) {
            let of = |most| made.with_report(|report| markdown(report, most));
            let failed = made.record.jobs.values().filter(|job| match &job.status {
                Some(status) => status.is_failure(),
                None => true,
            });
            let failed = failed.count();
            let whole = of(MOST);
            prop_assert_eq!(check(&whole), failed + usize::from(failed == 0 && !made.record.jobs.is_empty()));
            let cut = of(most);
            check(&cut);
            prop_assert!(cut.len() <= most, "{} > {}", cut.len(), most);
        }
    }

    #[test]
    fn nothing_in_a_line_means_anything() {
        assert_eq!(inline("a_b[c=`x|<b>&*]\n\u{1b}"), r"a\_b\[c=\`x&#124;&lt;b&gt;&amp;\*\]\\n\\x1b");
        assert_eq!(fence("none"), "```");
        assert_eq!(fence("``` and ```` here"), "`````");
    }
}
