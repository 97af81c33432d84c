//! The table of jobs, with what filters it.

use std::fmt::Write as _;
use std::time::Duration;

use super::Page;
use super::job::{ShownJob, State};
use super::safe::Html;
use crate::event::{AttemptStatus, Exit, JobRecord, JobStatus};
use crate::text;

/// A column: its key, its heading, and whether it is of numbers.
type Column = (&'static str, &'static str, bool);

const COLUMNS: [Column; 10] = [
    ("status", "Status", false),
    ("job", "Job", false),
    ("task", "Task", false),
    ("time", "Time", true),
    ("start", "Start", true),
    ("wait", "Waited", true),
    ("attempts", "Attempts", true),
    ("memory", "Peak memory", true),
    ("cpu", "CPU", true),
    ("exit", "Exit", true),
];

/// The largest of each number, which the bars in the cells go by.
struct Most {
    time: Duration,
    wait: Duration,
    memory: u64,
}

impl Page<'_> {
    pub(super) fn table(&self, out: &mut String) {
        out.push_str(
            "<section class=\"card\" aria-labelledby=\"jobs\">\n<div class=\"head\"><h2 id=\"jobs\">Jobs</h2>",
        );
        _ = writeln!(out, r#"<p class="note" id="shown" role="status"></p></div>"#);
        self.left_out(out);
        self.controls(out);
        // A task of one job says no more than the job.
        let with_tasks = self.jobs.iter().any(|job| job.task() != job.name);
        out.push_str("<div class=\"scroll\"><table class=\"jobs\" aria-labelledby=\"jobs\">\n<thead><tr>");
        for (key, heading, is_number) in COLUMNS.into_iter().filter(|(key, ..)| with_tasks || *key != "task") {
            let class = match key {
                "task" => r#" class="task""#,
                _ if is_number => r#" class="number""#,
                _ => "",
            };
            _ = write!(
                out,
                r#"<th scope="col" data-key="{key}"{class} aria-sort="none"><button type="button">{heading}</button></th>"#
            );
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        let most = Most {
            time: self.jobs.iter().map(|job| job.time).max().unwrap_or_default(),
            wait: self
                .jobs
                .iter()
                .filter_map(|job| job.wait)
                .filter(|wait| self.matters(*wait))
                .max()
                .unwrap_or_default(),
            memory: self.jobs.iter().map(|job| job.record.peak_memory()).max().unwrap_or_default(),
        };
        for job in &self.jobs {
            row(out, job, with_tasks, &most);
        }
        out.push_str("</tbody></table></div>\n</section>\n");
    }

    /// How many jobs there are beyond those of the table.
    fn left_out(&self, out: &mut String) {
        let all = &self.report.record.jobs;
        let left_out = all.len() - self.jobs.len();
        if left_out == 0 {
            return;
        }
        let is_good = |job: &JobRecord| job.status.as_ref().is_some_and(JobStatus::is_success);
        let good = all.values().filter(|job| is_good(job)).count();
        let shown_good = self.jobs.iter().filter(|job| is_good(job.record)).count();
        let such = if good - shown_good == left_out { " that went well" } else { "" };
        let (jobs, are) = (text::count(left_out, "job"), if left_out == 1 { "is" } else { "are" });
        _ = writeln!(out, r#"<p class="note">{jobs}{such} {are} left out of this page, for its size.</p>"#);
    }

    /// The counts, which filter by what they count, and a box for words.
    fn controls(&self, out: &mut String) {
        let record = self.report.record;
        _ = writeln!(out, r#"<div class="controls"><div class="chips" role="group" aria-label="Filter by status">"#);
        let mut chip = |data: &str, tone: &str, sign: &str, count: usize, what: &str| {
            _ = writeln!(
                out,
                r#"<button type="button" class="chip {tone}"{data}><i aria-hidden="true">{sign}</i> <b>{count}</b> {what}</button>"#
            );
        };
        chip("", "", "", record.jobs.len(), "in all");
        for (word, count) in self.report.counts() {
            let State { sign, tone, .. } = State::of_word(word);
            chip(&format!(r#" data-status="{word}""#), tone, sign, count, word);
        }
        chip(" data-path", "", "◆", self.timing.critical_path.len(), "on the critical path");
        _ = writeln!(
            out,
            r#"</div>
<label for="q">Filter <input id="q" type="search" placeholder="words in a job's name or reason"></label></div>"#
        );
    }
}

fn row(out: &mut String, job: &ShownJob<'_>, with_tasks: bool, most: &Most) {
    let ShownJob { number, name, record, state, .. } = *job;
    let State { word, tone, .. } = state;
    let on_path = if job.on_path { " data-path" } else { "" };
    _ = writeln!(out, r#"<tr id="j{number}" data-status="{word}"{on_path} class="{tone}">"#);
    _ = write!(out, r#"<td data-value="{}">{state}</td>"#, order(word));
    _ = write!(out, r##"<th scope="row" data-value="{0}"><a href="#d{number}">{0}</a>"##, Html(name));
    if job.on_path {
        out.push_str(r#" <span class="mark" title="on the critical path"><span aria-hidden="true">◆</span><span class="only-heard">on the critical path</span></span>"#);
    }
    if let Some(reason) = job.reason() {
        _ = write!(out, "<small>{}</small>", Html(&reason));
    }
    out.push_str("</th>");
    if with_tasks {
        _ = write!(out, r#"<td class="task">{}</td>"#, Html(job.task()));
    }
    let started = job.span.map(|(start, _)| start);
    time_cell(out, started.map(|_| job.time), most.time);
    time_cell(out, started, Duration::ZERO);
    time_cell(out, job.wait, most.wait);
    _ = write!(out, r#"<td class="number">{}</td>"#, record.attempts.len());
    let memory = Some(record.peak_memory()).filter(|memory| *memory > 0);
    number_cell(out, memory.map(|memory| (memory.into(), text::bytes(memory))), most.memory.into());
    let ends = record.attempts.iter().filter_map(|attempt| attempt.end.as_ref());
    let cpu = started.map(|_| ends.fold(Duration::ZERO, |sum, end| sum.saturating_add(end.cpu.0)));
    time_cell(out, cpu, Duration::ZERO);
    _ = writeln!(out, r#"<td class="number">{}</td></tr>"#, Html(&exit(job)));
}

fn time_cell(out: &mut String, time: Option<Duration>, most: Duration) {
    number_cell(out, time.map(|time| (time.as_micros(), text::duration(time))), most.as_micros());
}

/// A cell that sorts by its number, and shows how it compares to the largest where there is one to compare to.
fn number_cell(out: &mut String, number: Option<(u128, String)>, most: u128) {
    let Some((number, shown)) = number else {
        out.push_str(r#"<td class="number" data-value="">–</td>"#);
        return;
    };
    let share = number.saturating_mul(100).checked_div(most).unwrap_or(0);
    let meter = if share > 0 { format!(r#" meter" style="--share:{share}%"#) } else { String::new() };
    _ = write!(out, r#"<td class="number{meter}" data-value="{number}">{shown}</td>"#);
}

/// Where a status comes when sorted by: what asks for attention first.
fn order(word: &str) -> usize {
    const FIRST: [&str; 8] =
        ["failed", "timed-out", "leaked", "spawn-error", "unfinished", "running", "allowed-failure", "flaky"];
    let rest = || JobStatus::WORDS.iter().position(|other| *other == word).unwrap_or(JobStatus::WORDS.len());
    FIRST.iter().position(|first| *first == word).unwrap_or_else(|| FIRST.len() + rest())
}

/// How its last attempt ended, in a word.
fn exit(job: &ShownJob<'_>) -> String {
    let end = job.record.attempts.last().and_then(|attempt| attempt.end.as_ref());
    match end.map(|end| &end.status) {
        Some(AttemptStatus::Ok { code } | AttemptStatus::Failed { exit: Exit::Code(code) }) => code.to_string(),
        Some(AttemptStatus::Failed { exit: Exit::Signal(name) }) => name.clone(),
        Some(AttemptStatus::Failed { exit: Exit::Unmade(_) }) => "0".to_owned(),
        _ => "–".to_owned(),
    }
}
