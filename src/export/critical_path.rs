//! What decided how long a run took: its critical path, and how long each job waited for a place.
//!
//! Knows a record's jobs, groups and times. Does not know files, clocks or who shows it.
//!
//! A job takes from the start of its first attempt to the end of its last, the delays between them included. The
//! critical path is the chain of jobs, each waiting for the one before it (`deps` and `after`, through groups), that
//! takes longest in sum. With jobs that take as long as they did, no limit makes the run shorter than that; whatever the
//! run took beyond it was spent waiting for places under the limit, in pools or in memory.

use std::collections::HashMap;
use std::time::Duration;

use crate::event::{AttemptRecord, JobRecord, RunRecord};

/// What the times of a run mean together. Jobs are numbered as in the record.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// The jobs of the critical path, the first first; those that took no time are left out.
    pub(crate) critical_path: Vec<usize>,
    /// What they take together.
    pub(crate) critical_time: Duration,
    /// For each job that was started, how long it was held up after the last end that it waited for.
    pub(crate) waits: Vec<Option<Duration>>,
}

/// The run time of an attempt's end. One that has none lasts as long as the record.
pub(crate) fn end_of(attempt: &AttemptRecord, record: &RunRecord) -> Duration {
    match &attempt.end {
        // Saturating: a record may hold any number.
        Some(end) => attempt.started.saturating_add(end.seconds.0),
        None => record.elapsed.max(attempt.started),
    }
}

/// From a job's first start to its last end.
pub(crate) fn span(job: &JobRecord, record: &RunRecord) -> Option<(Duration, Duration)> {
    let start = job.attempts.iter().map(|attempt| attempt.started).min()?;
    let end = job.attempts.iter().map(|attempt| end_of(attempt, record)).max()?;
    Some((start, end))
}

impl Timing {
    /// In a time that grows with the number of jobs and edges. Jobs on a cycle, which no run can have, count for
    /// nothing.
    pub(crate) fn of(record: &RunRecord) -> Self {
        let jobs = record.jobs.len();
        let spans: Vec<_> = record.jobs.values().map(|job| span(job, record)).collect();
        let waits_for = edges(record);
        let mut ends = vec![Duration::ZERO; waits_for.len()];
        let mut longest = vec![Duration::ZERO; waits_for.len()];
        let mut before = vec![None; waits_for.len()];
        let mut waits = vec![None; jobs];
        for node in in_order(&waits_for) {
            let ready = waits_for[node].iter().map(|on| ends[*on]).max().unwrap_or_default();
            let own = spans.get(node).copied().flatten();
            // The first of those that are as long: `max_by_key` would take the last.
            before[node] = waits_for[node].iter().copied().rev().max_by_key(|on| longest[*on]);
            let own_time = own.map_or(Duration::ZERO, |(start, end)| end.saturating_sub(start));
            longest[node] = before[node].map_or(Duration::ZERO, |on| longest[on]).saturating_add(own_time);
            ends[node] = own.map_or(ready, |(_, end)| end);
            if let (Some(wait), Some((start, _))) = (waits.get_mut(node), own) {
                *wait = Some(start.saturating_sub(ready));
            }
        }
        let last = (0..jobs).rev().max_by_key(|job| longest[*job]).filter(|last| !longest[*last].is_zero());
        let critical_time = last.map_or(Duration::ZERO, |last| longest[last]);
        let chain = std::iter::successors(last, |node| before[*node]);
        let took_time = |node: &usize| spans.get(*node).copied().flatten().is_some_and(|(start, end)| end > start);
        let mut critical_path: Vec<usize> = chain.filter(took_time).collect();
        critical_path.reverse();
        Self { critical_path, critical_time, waits }
    }
}

/// For each job, and then for each group, the numbers of what it waits for.
fn edges(record: &RunRecord) -> Vec<Vec<usize>> {
    let names = record.jobs.keys().chain(record.groups.iter().map(|group| &group.name));
    let numbers: HashMap<&str, usize> = names.enumerate().map(|(number, name)| (&**name, number)).collect();
    // A name that the record does not have is of a job that this run left out.
    let numbers_of = |names: &mut dyn Iterator<Item = &std::sync::Arc<str>>| -> Vec<usize> {
        names.filter_map(|name| numbers.get(&**name).copied()).collect()
    };
    let of_jobs = record.jobs.values().map(|job| numbers_of(&mut job.plan.deps.iter().chain(&job.plan.after)));
    of_jobs.chain(record.groups.iter().map(|group| numbers_of(&mut group.deps.iter()))).collect()
}

/// Each node after all that it waits for; what is on or behind a cycle is left out.
fn in_order(waits_for: &[Vec<usize>]) -> Vec<usize> {
    let mut dependents = vec![Vec::new(); waits_for.len()];
    let mut open: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    for (node, on) in waits_for.iter().enumerate().flat_map(|(node, all)| all.iter().map(move |on| (node, *on))) {
        dependents[on].push(node);
    }
    let mut order: Vec<usize> = (0..waits_for.len()).filter(|node| open[*node] == 0).collect();
    let mut next = 0;
    while let Some(node) = order.get(next).copied() {
        next += 1;
        for &dependent in &dependents[node] {
            open[dependent] -= 1;
            if open[dependent] == 0 {
                order.push(dependent);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::event::{Event, PlannedGroup};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn group(name: &str, deps: &[&str]) -> PlannedGroup {
        PlannedGroup { name: name.into(), deps: deps.iter().map(|name| (*name).into()).collect() }
    }

    /// A job, what it waits for, and its attempts: when each started and, if it ended, how long it took, in milliseconds.
    fn add(record: &mut RunRecord, name: &str, deps: &[&str], attempts: &[(u64, Option<u64>)]) {
        let plan = json!({ "name": name, "argv": ["true"], "cwd": ".", "deps": deps });
        let plan = serde_json::from_value(plan).expect("a job");
        record.jobs.insert(name.into(), JobRecord { plan, attempts: Vec::new(), status: None });
        let mut happens = |at: Duration, mut event: serde_json::Value| {
            event["v"] = 1.into();
            event["seq"] = 0.into();
            event["t"] = at.as_secs_f64().into();
            event["job"] = name.into();
            record.apply(&serde_json::from_value::<Event>(event).expect("an event"));
        };
        for (number, (start, took)) in (1..).zip(attempts) {
            happens(ms(*start), json!({ "type": "attempt-started", "attempt": number, "slot": 0 }));
            if let Some(took) = took {
                let seconds = ms(*took).as_secs_f64();
                let event = json!({
                    "type": "attempt-ended", "attempt": number, "status": "ok", "exit": 0, "seconds": seconds, "cpu": 0,
                    "peak_memory": 0,
                });
                happens(ms(*start).saturating_add(ms(*took)), event);
            }
        }
    }

    fn path(record: &RunRecord) -> (Vec<&str>, Duration) {
        let timing = Timing::of(record);
        let name = |job: &usize| &**record.jobs.get_index(*job).expect("a number of a job").0;
        (timing.critical_path.iter().map(name).collect(), timing.critical_time)
    }

    #[test]
    fn the_longest_chain_goes_through_groups_and_not_by_the_number_of_jobs() {
        let mut record = RunRecord::default();
        add(&mut record, "a", &[], &[(0, Some(10))]);
        add(&mut record, "b", &["a"], &[(10, Some(10))]);
        add(&mut record, "long", &[], &[(0, Some(50))]);
        add(&mut record, "end", &["both"], &[(60, Some(5))]);
        record.groups.push(group("both", &["b", "long"]).into());
        assert_eq!(path(&record), (vec!["long", "end"], ms(55)));
        assert_eq!(Timing::of(&record).waits[3], Some(ms(10)));
    }

    #[test]
    fn a_job_lasts_from_its_first_start_to_its_last_end() {
        let mut record = RunRecord { elapsed: ms(100), ..RunRecord::default() };
        add(&mut record, "retried", &[], &[(0, Some(10)), (30, Some(10))]);
        add(&mut record, "skipped", &["retried"], &[]);
        add(&mut record, "unfinished", &["skipped"], &[(45, None)]);
        assert_eq!(path(&record), (vec!["retried", "unfinished"], ms(95)));
        assert_eq!(Timing::of(&record).waits, [Some(ms(0)), None, Some(ms(5))]);
    }

    #[test]
    fn a_record_may_be_empty_or_nonsense() {
        assert_eq!(path(&RunRecord::default()), (vec![], ms(0)));
        let mut record = RunRecord::default();
        add(&mut record, "a", &["b", "nowhere"], &[(u64::MAX, Some(u64::MAX))]);
        add(&mut record, "b", &["a"], &[(0, Some(10))]);
        assert_eq!(path(&record), (vec![], ms(0)));
    }

    /// The longest chain that ends with this node, by trying them all.
    fn naive(node: usize, needs: &[Vec<usize>], times: &[u64]) -> u64 {
        let longest = needs[node].iter().map(|on| naive(*on, needs, times)).max();
        longest.unwrap_or(0) + times.get(node).copied().unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_path_is_as_long_as_the_longest_of_all_chains(
            times in prop::collection::vec(0..20u64, 1..6),
            groups in 0..3usize,
            pairs in prop::collection::vec((0..8usize, 0..8usize), 0..16),
            order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let jobs = times.len();
            let mut needs = vec![Vec::new(); jobs + groups];
            let place = |node: usize| order.iter().position(|other| *other == node);
            for (node, on) in pairs.into_iter().filter(|(a, b)| a.max(b) < &(jobs + groups)) {
                if place(on) < place(node) {
                    needs[node].push(on);
                }
            }
            let name = |node: &usize| node.to_string();
            let mut record = RunRecord::default();
            for job in 0..jobs {
                let deps: Vec<String> = needs[job].iter().map(name).collect();
                let deps: Vec<&str> = deps.iter().map(String::as_str).collect();
                add(&mut record, &name(&job), &deps, &[(0, Some(times[job]))]);
            }
            for (number, needs) in needs.iter().enumerate().skip(jobs) {
                let deps: Vec<String> = needs.iter().map(name).collect();
                let deps: Vec<&str> = deps.iter().map(String::as_str).collect();
                record.groups.push(group(&name(&number), &deps).into());
            }
            let timing = Timing::of(&record);
            let expected = (0..jobs).map(|job| naive(job, &needs, &times)).max();
            prop_assert_eq!(timing.critical_time, ms(expected.unwrap_or(0)));
            let sum: u64 = timing.critical_path.iter().map(|job| times[*job]).sum();
            prop_assert_eq!(timing.critical_time, ms(sum));
        }
    }
}
