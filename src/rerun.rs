//! Which jobs of a plan are run again, going by what a record says of an earlier run of them.
//!
//! Jobs are the same by name and definition, wherever they stand. Knows plans and records as data. Does not know where
//! either comes from.

use std::collections::HashMap;
use std::sync::Arc;

use crate::definition::Definition;
use crate::event::{EarlierJob, JobStatus, RunRecord, SkipReason};
use crate::graph::NodeId;
use crate::job::JobId;
use crate::plan::Plan;

/// What is to be run again, beside all that needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Everything.
    All,
    /// What has not succeeded.
    Failed,
    /// What has no end.
    Unfinished,
}

/// The jobs of a plan in two parts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    /// For each job, whether it is run.
    pub(crate) run: Vec<bool>,
    /// The others, in order.
    pub(crate) earlier: Vec<EarlierJob>,
}

/// How the jobs of a run ended, also those whose end it took over from an earlier one; `None` for no end.
pub(crate) fn ends(record: &RunRecord) -> impl Iterator<Item = (&Arc<str>, Option<Definition>, Option<&JobStatus>)> {
    let earlier = record.origin.iter().flat_map(|origin| &origin.earlier);
    let jobs = record.jobs.values().map(|job| (&job.plan.name, job.plan.definition, job.status.as_ref()));
    jobs.chain(earlier.map(|job| (&job.name, Some(job.definition), Some(&job.status))))
}

/// Chooses among the jobs of `plan`, whose definitions are these, in order.
pub(crate) fn choose(plan: &Plan, definitions: &[Definition], before: &RunRecord, again: Again) -> Choice {
    let known = Known::new(plan, definitions, before);
    let mut fates = vec![Fate::Done; plan.graph.nodes().count()];
    for node in plan.graph.topological_order() {
        fates[node.index()] = fate(plan, &known, &fates, node, again);
    }
    let mut choice = Choice { run: Vec::with_capacity(definitions.len()), earlier: Vec::new() };
    for (job, definition) in plan.jobs.ids().zip(definitions) {
        let fate = &fates[job.index()];
        choice.run.push(*fate == Fate::Run);
        let status = match (fate, known.end(job)) {
            (Fate::Run, _) => continue,
            (_, Some(status)) => status.clone(),
            (Fate::Blocked(by), None) => JobStatus::Skipped { because: SkipReason::Dependency(by.clone()) },
            (Fate::Done, None) => unreachable!("only an end makes a job done"),
        };
        choice.earlier.push(EarlierJob { name: plan.jobs.name(job).clone(), definition: *definition, status });
    }
    choice
}

/// What becomes of a node.
#[derive(Debug, Clone, PartialEq)]
enum Fate {
    Run,
    /// It is as good as run: what needs it may start.
    Done,
    /// It stays without success, because of this job, at the root of it: what needs it cannot start.
    Blocked(Arc<str>),
}

fn fate(plan: &Plan, known: &Known<'_>, fates: &[Fate], node: NodeId, again: Again) -> Fate {
    let needs = || plan.graph.needs(node).iter().map(|need| &fates[need.index()]);
    let blocked = needs().find(|fate| matches!(fate, Fate::Blocked(_)));
    let needs_run = needs().any(|fate| *fate == Fate::Run);
    let Some(job) = plan.graph.job(node) else {
        return blocked.cloned().unwrap_or(if needs_run { Fate::Run } else { Fate::Done });
    };
    let end = known.end(job);
    let is_wanted = match again {
        Again::All => true,
        Again::Failed => !end.is_some_and(JobStatus::satisfies_dependents),
        Again::Unfinished => end.is_none(),
    };
    match (blocked, end) {
        (Some(blocked), None) => blocked.clone(),
        (None, _) if is_wanted || needs_run => Fate::Run,
        (_, Some(status)) if status.satisfies_dependents() => Fate::Done,
        (_, Some(JobStatus::Skipped { because: SkipReason::Dependency(by) })) => Fate::Blocked(by.clone()),
        _ => Fate::Blocked(plan.jobs.name(job).clone()),
    }
}

/// How the jobs of a plan ended before, as far as they are still the jobs they were.
struct Known<'r>(Vec<Option<&'r JobStatus>>);

impl<'r> Known<'r> {
    fn new(plan: &Plan, definitions: &[Definition], before: &'r RunRecord) -> Self {
        let ends: HashMap<_, _> = ends(before).map(|(name, definition, end)| (&**name, (definition, end))).collect();
        let end = |((name, job), own): ((&str, &crate::job::Job), &Definition)| {
            let (definition, end) = *ends.get(name)?;
            // Left out where that run was made, it may not be here.
            let is_for_here = |status: &&JobStatus| !matches!(status, JobStatus::Skipped { because: SkipReason::Platform(_) } if job.settings.runs_here());
            end.filter(|_| definition == Some(*own)).filter(is_for_here)
        };
        Self(plan.jobs.iter().zip(definitions).map(end).collect())
    }

    fn end(&self, job: JobId) -> Option<&'r JobStatus> {
        self.0[job.index()]
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::definition::definitions;
    use crate::event::{AttemptStatus, Exit, JobRecord, Origin};
    use crate::graph::Graph;
    use crate::job::{Job, JobMap, JobSettings};
    use crate::selection::Selection;

    /// A job, and what an earlier run says of it.
    #[derive(Debug, Clone)]
    struct Past {
        /// Jobs before it.
        needs: Vec<usize>,
        /// Whether it needs them by way of a group of a group.
        grouped: bool,
        /// Whether its definition was another.
        changed: bool,
        /// Whether that run had taken its end over from a still earlier one.
        taken_over: bool,
        /// Whether it was there at all.
        known: bool,
        end: Option<JobStatus>,
    }

    fn job(number: usize, version: &str) -> (String, Job) {
        let settings = Arc::new(JobSettings::in_directory("/"));
        (format!("job{number}"), Job::new(vec![number.to_string().into(), version.into()], settings))
    }

    /// The jobs as they are today, in this order.
    fn plan(jobs: &[Past], order: &[usize]) -> Plan {
        let mut map = JobMap::new();
        for number in order {
            let (name, job) = job(*number, "today");
            map.insert(name, job).expect("names are distinct");
        }
        let mut graph = Graph::new(jobs.len());
        let nodes: Vec<NodeId> = graph.nodes().collect();
        let node = |number: usize| nodes[order.iter().position(|other| *other == number).expect("it is one of them")];
        let mut groups = Vec::new();
        for (number, job) in jobs.iter().enumerate() {
            let mut from = node(number);
            for group in 0..2 * usize::from(job.grouped) {
                let join = graph.add_join();
                groups.push(Arc::from(format!("group{group} of job{number}")));
                graph.add_need(from, join);
                from = join;
            }
            job.needs.iter().for_each(|on| graph.add_need(from, node(*on)));
        }
        Plan { graph, groups, ..Plan::independent(map) }
    }

    fn define(plan: &Plan) -> Vec<Definition> {
        definitions(&plan.jobs, Path::new("/"), &[0; 32])
    }

    fn record(jobs: &[Past]) -> RunRecord {
        let mut record = RunRecord::default();
        let mut earlier = Vec::new();
        for (number, past) in jobs.iter().enumerate().filter(|(_, past)| past.known) {
            let (name, job) = job(number, if past.changed { "before" } else { "today" });
            let mut map = JobMap::new();
            map.insert(name, job).expect("it is the only one");
            let plan = Plan::independent(map);
            let mut planned = plan.planned_jobs(Path::new("/")).next().expect("there is one");
            let definition = define(&plan)[0];
            match past.end.clone() {
                Some(status) if past.taken_over => {
                    earlier.push(EarlierJob { name: planned.name, definition, status });
                }
                status => {
                    planned.definition = Some(definition);
                    let name = planned.name.clone();
                    record.jobs.insert(name, JobRecord { plan: planned.into(), attempts: Vec::new(), status });
                }
            }
        }
        record.origin = Some(origin(earlier));
        record
    }

    fn origin(earlier: Vec<EarlierJob>) -> Origin {
        let manifest = "/procman.toml".to_owned();
        Origin { manifest, manifest_hash: None, selection: Selection::default(), rerun_of: None, earlier }
    }

    /// The record of a run of what was chosen, in which all went well.
    fn after(plan: &Plan, choice: &Choice) -> RunRecord {
        let mut record = RunRecord { origin: Some(origin(choice.earlier.clone())), ..RunRecord::default() };
        let planned = plan.planned_jobs(Path::new("/")).zip(define(plan)).zip(&choice.run);
        for ((mut planned, definition), _) in planned.filter(|(_, run)| **run) {
            planned.definition = Some(definition);
            let status = Some(JobStatus::Ok);
            record.jobs.insert(planned.name.clone(), JobRecord { plan: planned.into(), attempts: Vec::new(), status });
        }
        record
    }

    fn failed() -> JobStatus {
        JobStatus::Failed { exit: Exit::Code(1) }
    }

    fn skipped_for(platform: &str) -> JobStatus {
        JobStatus::Skipped { because: SkipReason::Platform(platform.to_owned()) }
    }

    fn past(end: Option<JobStatus>, needs: &[usize]) -> Past {
        Past { needs: needs.to_vec(), grouped: false, changed: false, taken_over: false, known: true, end }
    }

    fn chosen(jobs: &[Past], again: Again) -> Choice {
        let order: Vec<usize> = (0..jobs.len()).collect();
        let plan = plan(jobs, &order);
        choose(&plan, &define(&plan), &record(jobs), again)
    }

    #[test]
    fn what_was_left_out_on_another_system_is_run_on_this_one() {
        let jobs = [past(Some(skipped_for("elsewhere")), &[]), past(Some(JobStatus::Ok), &[0])];
        assert_eq!(chosen(&jobs, Again::Failed).run, [true, true]);
        assert_eq!(chosen(&jobs, Again::Unfinished).run, [true, true]);
    }

    /// The runner was killed after the failure was written and before the skip was.
    #[test]
    fn a_job_without_an_end_whose_dependency_failed_is_skipped_and_names_it() {
        let jobs = [past(Some(failed()), &[]), past(None, &[0]), past(None, &[1]), past(None, &[])];
        let choice = chosen(&jobs, Again::Unfinished);
        assert_eq!(choice.run, [false, false, false, true]);
        let skipped = JobStatus::Skipped { because: SkipReason::Dependency("job0".into()) };
        let ends: Vec<_> = choice.earlier.into_iter().map(|job| job.status).collect();
        assert_eq!(ends, [failed(), skipped.clone(), skipped]);
        assert_eq!(chosen(&jobs, Again::Failed).run, [true; 4]);
    }

    #[test]
    fn of_a_record_without_definitions_nothing_counts() {
        let jobs = [past(Some(JobStatus::Ok), &[])];
        let mut record = record(&jobs);
        record.jobs.values_mut().for_each(|job| Arc::make_mut(&mut job.plan).definition = None);
        let plan = plan(&jobs, &[0]);
        assert_eq!(choose(&plan, &define(&plan), &record, Again::Unfinished).run, [true]);
    }

    fn end() -> impl Strategy<Value = Option<JobStatus>> {
        let ends = vec![
            JobStatus::Ok,
            JobStatus::Flaky,
            JobStatus::UpToDate,
            JobStatus::AllowedFailure { cause: AttemptStatus::TimedOut },
            failed(),
            JobStatus::TimedOut,
            JobStatus::Cancelled,
            JobStatus::Skipped { because: SkipReason::Dependency("job0".into()) },
        ];
        prop::option::weighted(0.8, prop::sample::select(ends))
    }

    /// Eight jobs, and an order in which they are written down.
    fn jobs() -> impl Strategy<Value = (Vec<Past>, Vec<usize>)> {
        let needs = prop::collection::btree_set(0..8usize, 0..3);
        let [changed, known] = [0.2, 0.9].map(prop::bool::weighted);
        let past = (needs, any::<bool>(), changed, any::<bool>(), known, end());
        let past = past.prop_map(|(needs, grouped, changed, taken_over, known, end)| {
            let needs = needs.into_iter().collect();
            Past { needs, grouped, changed, taken_over, known, end }
        });
        let jobs = prop::collection::vec(past, 8).prop_map(|mut jobs| {
            jobs.iter_mut().enumerate().for_each(|(number, job)| job.needs.retain(|on| *on < number));
            jobs
        });
        (jobs, Just((0..8).collect::<Vec<usize>>()).prop_shuffle())
    }

    proptest! {
        /// Along the needs, these equations leave no choice.
        #[test]
        fn each_job_is_run_for_a_reason((jobs, order) in jobs(), failed in any::<bool>()) {
            let again = if failed { Again::Failed } else { Again::Unfinished };
            let plan = plan(&jobs, &order);
            let choice = choose(&plan, &define(&plan), &record(&jobs), again);
            let name = |number: usize| format!("job{number}");
            let runs = |number: usize| choice.run[order.iter().position(|other| *other == number).expect("one of them")];
            let status = |number: usize| choice.earlier.iter().find(|job| *job.name == name(number)).map(|job| &job.status);
            for (number, job) in jobs.iter().enumerate() {
                let end = job.end.clone().filter(|_| job.known && !job.changed);
                let is_wanted = !end.as_ref().is_some_and(|end| again == Again::Unfinished || end.satisfies_dependents());
                let is_blocked = job.needs.iter().any(|on| status(*on).is_some_and(|end| !end.satisfies_dependents()));
                let needs_run = job.needs.iter().any(|on| runs(*on));
                prop_assert_eq!(runs(number), !is_blocked && (is_wanted || needs_run), "job{}", number);
                prop_assert_eq!(runs(number), status(number).is_none());
                match (status(number), end) {
                    (None, _) => {}
                    (Some(status), Some(end)) => prop_assert_eq!(status, &end),
                    (Some(JobStatus::Skipped { because: SkipReason::Dependency(_) }), None) => prop_assert!(is_blocked),
                    (Some(status), None) => prop_assert!(false, "job{} cannot have ended {:?}", number, status),
                }
            }
        }

        #[test]
        fn when_all_goes_well_nothing_is_left_to_run_again((jobs, order) in jobs(), failed in any::<bool>()) {
            let again = if failed { Again::Failed } else { Again::Unfinished };
            let plan = plan(&jobs, &order);
            let choice = choose(&plan, &define(&plan), &record(&jobs), again);
            let next = choose(&plan, &define(&plan), &after(&plan, &choice), again);
            prop_assert_eq!(next.run, vec![false; jobs.len()]);
        }

        #[test]
        fn where_a_job_stands_does_not_matter((jobs, order) in jobs()) {
            let names = |order: &[usize], again| {
                let plan = plan(&jobs, order);
                let choice = choose(&plan, &define(&plan), &record(&jobs), again);
                let mut names: Vec<_> = plan.jobs.iter().zip(&choice.run).map(|((name, _), run)| (name.to_owned(), *run)).collect();
                names.sort();
                names
            };
            let straight: Vec<usize> = (0..jobs.len()).collect();
            for again in [Again::Failed, Again::Unfinished] {
                prop_assert_eq!(names(&order, again), names(&straight, again));
            }
        }

        #[test]
        fn all_is_all((jobs, order) in jobs()) {
            let plan = plan(&jobs, &order);
            let choice = choose(&plan, &define(&plan), &record(&jobs), Again::All);
            prop_assert_eq!(choice, Choice { run: vec![true; jobs.len()], earlier: Vec::new() });
        }
    }
}
