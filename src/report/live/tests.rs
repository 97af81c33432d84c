#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts with them")]

use std::collections::HashMap;
use std::sync::Arc;

use snapbox::{assert_data_eq, str};
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::job::{Job, JobMap, JobSettings};
use crate::plan::Plan;

fn activity(names: &[&str]) -> Activity {
    Activity::new(plan(names))
}

fn plan(names: &[&str]) -> Arc<Plan> {
    let settings = Arc::new(JobSettings::in_directory("/"));
    let mut jobs = JobMap::new();
    for name in names {
        jobs.insert(*name, Job::new(vec!["true".into()], Arc::clone(&settings))).expect("a job");
    }
    Arc::new(Plan::independent(jobs))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn shown(of: &Activity, now: f64, columns: usize, rows: usize) -> String {
    Live::new(Styles::default()).lines(of, seconds(now), columns, rows).join("\n") + "\n"
}

const JOBS: [&str; 5] = ["fmt", "lint", "build", "test[shard=12]", "docs"];

/// Of five jobs one has ended, one failed, and two run, one at its second attempt.
fn half_way() -> Activity {
    let mut activity = activity(&JOBS);
    activity.job_ended("fmt", "ok");
    activity.job_ended("lint", "failed");
    activity.started("build", 1, 0, seconds(1.0));
    activity.started("test[shard=12]", 2, 1, seconds(62.25));
    activity
}

#[test]
fn running_jobs_stand_above_a_bar_with_counts() {
    let mut activity = half_way();
    assert_data_eq!(
        shown(&activity, 65.5, 100, 24),
        str![[r#"
        running     1m04s  build  (slot 0)
        running      3.2s  test[shard=12]  (slot 1, attempt 2)
[============>                 ]  2/5: 2 running, 1 waiting, 1 ok, 1 failed

"#]]
    );
    activity.change("build", |running| running.is_slow = true);
    activity.change("test[shard=12]", |running| running.is_stopped = true);
    activity.is_cancelled = true;
    assert_data_eq!(
        shown(&activity, 65.5, 100, 24),
        str![[r#"
           slow     1m04s  build  (slot 0)
        stopped      3.2s  test[shard=12]  (slot 1, attempt 2)
[============>                 ]  2/5, ending: 2 running, 1 ok, 1 failed

"#]]
    );
}

#[test]
fn a_narrow_terminal_gets_what_fits() {
    let activity = half_way();
    assert_data_eq!(
        shown(&activity, 65.5, 62, 24),
        str![[r#"
        running     1m04s  build  (slot 0)
        running      3.2s  test[s…rd=12]  (slot 1, attempt 2)
[======>         ]  2/5: 2 running, 1 waiting, 1 ok, 1 failed

"#]]
    );
    assert_data_eq!(
        shown(&activity, 65.5, 40, 24),
        str![[r#"
running  1m04s  build
running  3.2s  test[shard=12]
2/5: 2 running, 1 waiting, 1 ok, 1 fai…

"#]]
    );
    assert_data_eq!(
        shown(&activity, 65.5, 10, 24),
        str![[r#"
running …
running …
2/5: 2 r…

"#]]
    );
    assert_eq!(shown(&activity, 65.5, 0, 0), "\n");
}

#[test]
fn there_are_not_more_lines_than_half_the_terminal_has() {
    let names: Vec<String> = (0..30).map(|number| format!("job{number}")).collect();
    let mut activity = activity(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (slot, job) in (0..).zip(&names[..20]) {
        activity.started(job, 1, slot, Duration::ZERO);
    }
    assert_data_eq!(
        shown(&activity, 1.0, 80, 12),
        str![[r#"
        running      1.0s  job0  (slot 0)
        running      1.0s  job1  (slot 1)
        running      1.0s  job2  (slot 2)
        and 17 more
[>                             ]   0/30: 20 running, 10 waiting

"#]]
    );
    assert_data_eq!(
        shown(&activity, 1.0, 80, 2),
        str![[r#"
[>                             ]   0/30: 20 running, 10 waiting

"#]]
    );
}

#[test]
fn wide_characters_count_as_what_they_take() {
    let names = ["建てる".repeat(10), "\u{16a8}\u{1ab0}".to_owned()];
    let mut activity = activity(&names.each_ref().map(String::as_str));
    activity.started(&names[0], 1, 0, Duration::ZERO);
    activity.started(&names[1], 1, 1, Duration::ZERO);
    for columns in 0..100 {
        let shown = shown(&activity, 1.0, columns, 24);
        assert!(shown.lines().all(|line| line.width() < columns.max(1)), "{columns}");
    }
    assert_data_eq!(
        shown(&activity, 1.0, 60, 24),
        str![[r#"
        running      1.0s  建てる建て…てる建てる  (slot 0)
        running      1.0s  ᚨ᪰  (slot 1)
[>                             ]  0/2: 2 running

"#]]
    );
}

#[test]
fn what_is_left_is_counted_down_between_estimates() {
    let mut activity = half_way();
    let known: HashMap<&str, Duration> = [("build", seconds(100.0)), ("test[shard=12]", seconds(10.0))].into();
    let forecast = Forecast::new(&plan(&JOBS), 2, |name| known.get(name).copied()).expect("something is known");
    let mut live = Live::new(Styles::default());
    live.foresee(forecast);
    let mut left = |activity: &Activity, now| {
        let lines = live.lines(activity, seconds(now), 200, 24);
        lines.last().and_then(|line| Some(line.split_once("about ")?.1.split_once(':')?.0.to_owned()))
    };
    // 40 s of `build`, 10 s less 1.75 s of the test, and 55 s of `docs`, by two at once.
    assert_eq!(left(&activity, 61.0).as_deref(), Some("55s left"));
    activity.attempt_ended("test[shard=12]");
    activity.job_ended("test[shard=12]", "ok");
    assert_eq!(left(&activity, 61.9).as_deref(), Some("54s left"));
    assert_eq!(left(&activity, 62.1).as_deref(), Some("55s left"));
    activity.started("docs", 1, 1, seconds(62.0));
    assert_eq!(left(&activity, 72.0).as_deref(), Some("45s left"));
    activity.is_cancelled = true;
    assert_eq!(left(&activity, 72.0), None);
}

#[test]
fn the_cursor_stays_where_everything_below_can_be_erased() {
    let (mut region, mut out) = (Region::default(), String::new());
    region.erase(&mut out);
    assert_eq!(out, "");
    region.draw(&["a".to_owned(), "b".to_owned()], &mut out);
    assert_eq!(std::mem::take(&mut out), "\r\x1b[?7l\x1b[K\r\na\x1b[K\r\nb\x1b[J\x1b[?7h\r\x1b[2A");
    region.draw(&["c".to_owned()], &mut out);
    assert_eq!(std::mem::take(&mut out), "\r\x1b[?7l\x1b[K\r\nc\x1b[J\x1b[?7h\r\x1b[1A");
    region.erase(&mut out);
    region.erase(&mut out);
    assert_eq!((out.as_str(), region.is_drawn()), ("\r\x1b[J", false));
}
