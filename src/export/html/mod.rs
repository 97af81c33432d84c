//! A run as one page for people: what happened, what took long, what failed.
//!
//! The page is one file that loads nothing. All data stands in it as text of elements and attributes, and never inside
//! of a script, so there is one way to escape it, in `safe`. A policy in its head allows the one script that carries a
//! word made from the page's own content, which nothing in that content can know.
//!
//! Each part is a function that writes to a text; `job` is what they share. What the page does with the data once it is
//! open (sorting, filtering, opening) is in `script.js`, and how it looks in `style.css`.

mod details;
mod head;
mod job;
mod log;
mod safe;
mod table;
mod timeline;

use std::time::Duration;

use super::Report;
use super::critical_path::Timing;
use job::ShownJob;
use log::Tails;

/// Above this many jobs, some are left out, of those that went well first: a browser takes its time to lay out more.
const MOST_JOBS: usize = 20_000;

/// What the parts of a page are made from.
struct Page<'a> {
    report: &'a Report<'a>,
    timing: Timing,
    /// In the manifest's order.
    jobs: Vec<ShownJob<'a>>,
    tails: Tails,
}

impl Page<'_> {
    /// Whether a time is long enough to be told, beside that of the whole run.
    fn matters(&self, time: Duration) -> bool {
        time.as_nanos() * 100 >= self.report.record.elapsed.as_nanos()
    }
}

pub(super) fn html(report: &Report<'_>) -> String {
    page(report, MOST_JOBS, log::MOST_BYTES)
}

fn page(report: &Report<'_>, most_jobs: usize, room_for_logs: usize) -> String {
    let timing = Timing::of(report.record);
    let jobs = job::shown_jobs(report, &timing, most_jobs);
    let tails = Tails::read(report, &jobs, room_for_logs);
    let page = Page { report, timing, jobs, tails };
    let mut body = String::new();
    page.head(&mut body);
    page.failures(&mut body);
    page.timeline(&mut body);
    page.table(&mut body);
    page.details(&mut body);
    let nonce = &blake3::hash(body.as_bytes()).to_hex()[..32];
    format!(
        include_str!("page.html"),
        nonce = nonce,
        title = page.title(),
        style = include_str!("style.css"),
        body = body,
        version = safe::Html(&report.record.procman),
        script = include_str!("script.js"),
    )
}

#[cfg(test)]
mod tests;
