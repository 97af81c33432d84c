//! The bounds of a page; what it looks like otherwise is for `tests/cli/html.rs`.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::event::{Event, JobRecord, RunRecord, Seconds};
use crate::export::tests::any_run;

const SECOND: Duration = Duration::from_secs(1);

/// A job that ran for a second, in a place of its own.
fn add(record: &mut RunRecord, name: &str, deps: &[&str], has_failed: bool) {
    let slot = record.jobs.len();
    let plan = json!({ "name": name, "argv": ["true"], "cwd": ".", "deps": deps, "log": name });
    let plan = serde_json::from_value(plan).expect("a job");
    record.jobs.insert(name.into(), JobRecord { plan, attempts: Vec::new(), status: None });
    let (status, exit) = if has_failed { ("failed", 1) } else { ("ok", 0) };
    let events = [
        json!({ "v": 1, "seq": 0, "t": 1, "type": "attempt-started", "job": name, "attempt": 1, "slot": slot }),
        json!({
            "v": 1, "seq": 0, "t": 2, "type": "attempt-ended", "job": name, "attempt": 1, "status": status, "exit": exit,
            "seconds": 1, "cpu": 0, "peak_memory": 0,
        }),
        json!({ "v": 1, "seq": 0, "t": 2, "type": "job-ended", "job": name, "status": status, "exit": exit }),
    ];
    for event in events {
        record.apply(&serde_json::from_value::<Event>(event).expect("an event"));
    }
}

fn record() -> RunRecord {
    let mut record = RunRecord { elapsed: SECOND * 3, ..RunRecord::default() };
    add(&mut record, "good", &[], false);
    add(&mut record, "first", &[], false);
    add(&mut record, "then", &["first"], false);
    add(&mut record, "bad", &[], true);
    record
}

fn rows(page: &str) -> Vec<&str> {
    page.split("<tr id=\"").skip(1).filter_map(|row| Some(row.split_once('"')?.0)).collect()
}

#[test]
fn of_too_many_jobs_those_that_went_well_are_left_out() {
    let record = record();
    let report = Report { record: &record, logs: Path::new("logs"), root: Path::new(".") };
    let of_all = page(&report, 4, 0);
    assert_eq!(rows(&of_all), ["j0", "j1", "j2", "j3"]);
    assert!(!of_all.contains("left out of this page"));
    let of_some = page(&report, 3, 0);
    assert_eq!(rows(&of_some), ["j1", "j2", "j3"], "the critical path and what failed");
    assert!(of_some.contains("1 job that went well is left out of this page"), "{of_some}");
    assert!(of_some.contains("<b>4</b> in all"));
    let of_few = page(&report, 2, 0);
    assert_eq!(rows(&of_few), ["j1", "j2"]);
    assert!(of_few.contains("2 jobs are left out of this page"), "one of them has failed: {of_few}");
}

#[test]
fn what_failed_has_room_for_its_log_before_all_others() {
    let record = record();
    let logs = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [("good", "all is well"), ("bad", "all is lost")] {
        fs::write(logs.path().join(format!("{name}.log")), text).expect("a file");
    }
    let report = Report { record: &record, logs: logs.path(), root: logs.path() };
    let small = page(&report, 9, 1);
    assert!(small.contains("all is lost") && !small.contains("all is well"));
    assert!(small.contains("The output is left out, for the size of this page; log: <code>good.log</code>"));
    let large = page(&report, 9, 1000);
    assert!(large.contains("all is lost") && large.contains("all is well"));
    assert!(large.contains("The log cannot be read (no such file or directory); log: <code>then.log</code>"));
}

/// Times that no run has, from a record that was tampered with.
#[test]
fn any_times_make_a_page() {
    let mut record = record();
    for (job, time) in record.jobs.values_mut().zip([Duration::ZERO, Duration::MAX, SECOND, Duration::MAX]) {
        job.attempts[0].started = time;
        job.attempts[0].slot = u32::MAX;
        job.attempts[0].end.as_mut().expect("it has one").seconds = Seconds(time);
    }
    let report = Report { record: &record, logs: Path::new("logs"), root: Path::new(".") };
    assert_eq!(rows(&page(&report, 9, 0)).len(), 4);
    record.elapsed = Duration::MAX;
    record.jobs[0].attempts[0].end = None;
    let report = Report { record: &record, logs: Path::new("logs"), root: Path::new(".") };
    assert_eq!(rows(&page(&report, 9, 0)).len(), 4);
}

/// The elements that the parts of a page are made of.
const ELEMENTS: [&str; 34] = [
    "a", "article", "b", "button", "code", "dd", "details", "div", "dl", "dt", "h1", "h2", "h3", "header", "i",
    "input", "label", "li", "line", "ol", "p", "pre", "section", "small", "span", "summary", "svg", "table", "tbody",
    "td", "th", "thead", "tr", "ul",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_jobs_write_makes_no_element(made in any_run()) {
        let page = made.with_report(html);
        let (body, _) = page.split_once("<body>").and_then(|(_, rest)| rest.split_once("<footer>")).expect("its parts");
        for tag in body.split('<').skip(1) {
            let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            prop_assert!(ELEMENTS.contains(&name), "<{}", tag);
        }
        prop_assert_eq!(rows(&page).len(), made.record.jobs.len());
    }
}
