//! How long a run will still take, by how long its jobs took before.
//!
//! Knows a plan and the durations it is told. Does not know where they come from, nor what time it is.

use std::time::Duration;

use crate::job::JobId;
use crate::plan::Plan;

/// What is to be expected of the jobs of a plan.
#[derive(Debug)]
pub(crate) struct Forecast {
    /// By job. One of which nothing is known is taken for as long as the others are on average.
    expected: Vec<Duration>,
    /// By job: the longest time from its start to the end of the last that waits for it.
    paths: Vec<Duration>,
    limit: u32,
}

impl Forecast {
    /// `known` says how long a job took. `None` where that is not known of any.
    pub(crate) fn new(plan: &Plan, limit: usize, known: impl Fn(&str) -> Option<Duration>) -> Option<Self> {
        let known: Vec<Option<Duration>> = plan.jobs.ids().map(|job| known(plan.jobs.name(job))).collect();
        let count = u32::try_from(known.iter().flatten().count()).unwrap_or(u32::MAX);
        let all: Duration = known.iter().flatten().sum();
        let average = all.checked_div(count)?;
        let expected: Vec<Duration> = known.into_iter().map(|duration| duration.unwrap_or(average)).collect();
        let paths = plan.graph.longest_paths(|job| expected[job.index()]);
        Some(Self { expected, paths, limit: u32::try_from(limit.max(1)).unwrap_or(u32::MAX) })
    }

    /// How long it will be until these have ended: jobs that wait, and jobs that have run for so long. No run is faster
    /// than its longest path, nor than all its work shared among as many as may run at once; most come close to the
    /// greater of the two.
    pub(crate) fn left(
        &self,
        waiting: impl Iterator<Item = JobId>,
        running: impl Iterator<Item = (JobId, Duration)>,
    ) -> Duration {
        let (mut work, mut longest) = (Duration::ZERO, Duration::ZERO);
        let mut add = |job: JobId, done: Duration| {
            // One that takes longer than it did may end at any time.
            let done = done.min(self.expected[job.index()]);
            work += self.expected[job.index()].saturating_sub(done);
            longest = longest.max(self.paths[job.index()].saturating_sub(done));
        };
        waiting.for_each(|job| add(job, Duration::ZERO));
        running.for_each(|(job, elapsed)| add(job, elapsed));
        longest.max(work / self.limit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::graph::NodeId;
    use crate::job::{Job, JobMap, JobSettings};

    /// Four jobs; the second waits for the first, the third for the second.
    fn plan() -> Plan {
        let settings = Arc::new(JobSettings::in_directory("/"));
        let mut jobs = JobMap::new();
        for name in ["a", "b", "c", "d"] {
            jobs.insert(name, Job::new(vec!["true".into()], settings.clone())).expect("a job");
        }
        let mut plan = Plan::independent(jobs);
        let node: Vec<NodeId> = plan.graph.nodes().collect();
        plan.graph.add_need(node[1], node[0]);
        plan.graph.add_need(node[2], node[1]);
        plan
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn left(forecast: &Forecast, waiting: &[usize], running: &[(usize, u64)]) -> u64 {
        let ids: Vec<JobId> = plan().jobs.ids().collect();
        let running = running.iter().map(|(job, elapsed)| (ids[*job], seconds(*elapsed)));
        forecast.left(waiting.iter().map(|job| ids[*job]), running).as_secs()
    }

    #[test]
    fn it_is_the_longest_path_or_the_work_shared() {
        let known = |name: &str| Some(seconds(if name == "d" { 30 } else { 10 }));
        let one = Forecast::new(&plan(), 1, known).expect("something is known");
        assert_eq!(left(&one, &[0, 1, 2, 3], &[]), 60);
        let two = Forecast::new(&plan(), 2, known).expect("something is known");
        assert_eq!(left(&two, &[0, 1, 2, 3], &[]), 30);
        assert_eq!(left(&two, &[1, 2], &[(0, 4), (3, 20)]), 26);
        assert_eq!(left(&two, &[2], &[(1, 99)]), 10);
        assert_eq!(left(&two, &[], &[]), 0);
    }

    #[test]
    fn what_is_not_known_is_average_unless_nothing_is() {
        assert!(Forecast::new(&plan(), 1, |_| None).is_none());
        let known = |name: &str| match name {
            "a" => Some(seconds(10)),
            "b" => Some(seconds(20)),
            _ => None,
        };
        let forecast = Forecast::new(&plan(), 1, known).expect("something is known");
        assert_eq!(left(&forecast, &[2], &[]), 15);
    }
}
