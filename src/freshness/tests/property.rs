//! What is let run is what the reference lets run, whatever is done to files and jobs between runs.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::world::{CONTENTS, Declared, Edit, File, Files, JOBS, KEY, Makes, World, name, wait};
use crate::freshness::{Freshness, Outcome, Verdict, read_state};
use crate::job::JobId;

/// How it goes with a job that runs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Going {
    Well,
    Fails,
    FailsHalfway,
    /// It says that it succeeded but did not do it.
    MakesNothing,
    /// Somebody writes into this source meanwhile.
    Disturbed(usize, usize),
}

#[derive(Debug, Clone)]
struct Round {
    edits: Vec<Edit>,
    forced: Vec<bool>,
    kept: Vec<bool>,
    goings: Vec<Going>,
}

/// Runs all jobs that are kept, and compares what is let run with what the reference lets.
fn run(world: &mut World, round: &Round) -> Result<(), TestCaseError> {
    round.edits.iter().for_each(|edit| world.edit(edit));
    if world.jobs.iter().any(|job| job.headers.is_some()) {
        // What a depfile names for the first time has to have been there for a while.
        wait();
    }
    let state_folder = world.path(".procman");
    let plan = Arc::new(world.plan(&round.kept));
    let state = read_state(&state_folder).expect("it can be read");
    let freshness = Freshness::new(Arc::clone(&plan), world.folder.path(), &KEY, &state_folder, state).expect("a root");
    let numbers: Vec<usize> = (0..JOBS).filter(|job| round.kept[*job]).collect();
    let forced: Vec<bool> = numbers.iter().map(|job| round.forced[*job]).collect();
    let verdicts = freshness.survey(&forced);
    let mut made: HashMap<usize, Option<Files>> = HashMap::new();
    let mut failed = [false; JOBS];
    // Nobody could know of that beforehand.
    let mut is_disturbed = false;
    for node in plan.graph.topological_order() {
        let Some(id) = plan.graph.job(node) else { continue };
        let job = numbers[id.index()];
        let blocked = |need: usize| round.kept[need] && failed[need] && !world.jobs[need].may_fail;
        let declared = &world.jobs[job];
        let grouped = 0..declared.group.map_or(0, |group| group + 2);
        if declared.needs.iter().chain(&declared.made).copied().chain(grouped).any(blocked) {
            failed[job] = true;
            continue;
        }
        let is_fresh = freshness.check(id, round.forced[job]);
        let has_files = plan.jobs.job(id).files.is_some();
        let expected = has_files && !round.forced[job] && world.is_fresh(job, &round.kept, &made);
        prop_assert_eq!(is_fresh, expected, "{} {:?} {:?}", name(job), verdicts[id.index()], world.memory.get(&job));
        match &verdicts[id.index()] {
            _ if is_disturbed => {}
            Verdict::Always => prop_assert!(!has_files),
            Verdict::UpToDate => prop_assert!(is_fresh, "{}", name(job)),
            Verdict::Stale(reasons) => prop_assert!(!is_fresh && !reasons.is_empty(), "{} {reasons:?}", name(job)),
            Verdict::Unsure(because) => prop_assert_ne!(*because, id),
        }
        if !is_fresh {
            let inputs: Vec<PathBuf> = world.inputs(job).into_iter().map(PathBuf::from).collect();
            prop_assert_eq!(freshness.inputs(id), inputs);
            let has_same_key = has_files && world.has_same_key(job, &round.kept, &made);
            let has_succeeded = attempt(world, &freshness, id, job, round, &mut made)?;
            failed[job] = !has_succeeded;
            if !has_succeeded {
                freshness.failed(id).expect("it can be written");
                // It has failed with all that it had succeeded with.
                world.memory.retain(|other, _| *other != job || !has_same_key);
            }
            is_disturbed |= matches!(round.goings[job], Going::Disturbed(..));
        }
    }
    freshness.close().expect("it can be written");
    Ok(())
}

/// One attempt at a job; answers whether it succeeded.
fn attempt(
    world: &mut World,
    freshness: &Freshness,
    id: JobId,
    job: usize,
    round: &Round,
    made: &mut HashMap<usize, Option<Files>>,
) -> Result<bool, TestCaseError> {
    let going = round.goings[job];
    made.insert(job, None);
    let declared = world.jobs[job].clone();
    let is_complete = world.read(world.inputs(job)).values().all(Option::is_some);
    if !is_complete || matches!(going, Going::Fails) {
        return Ok(false);
    }
    if going == Going::FailsHalfway {
        if declared.makes == Makes::File {
            world.write(&File::Output(job).path(), "half");
        }
        return Ok(false);
    }
    let before = world.now(job, &round.kept, made);
    if going == Going::MakesNothing {
        for output in world.outputs(job) {
            _ = fs::remove_file(world.path(&output));
        }
        if declared.headers.is_some() {
            world.make(job);
            world.outputs(job).iter().for_each(|output| _ = fs::remove_file(world.path(output)));
        }
        if declared.makes != Makes::Nothing {
            prop_assert!(matches!(freshness.succeeded(id), Outcome::Failed(flaws) if !flaws.is_empty()));
            return Ok(false);
        }
    } else {
        world.make(job);
    }
    if let Going::Disturbed(source, content) = going {
        world.write(&File::Source(source).path(), CONTENTS[content]);
    }
    let outcome = freshness.succeeded(id);
    if plan_has_no_files(freshness, id) {
        prop_assert!(matches!(outcome, Outcome::Kept));
        return Ok(true);
    }
    let now = world.now(job, &round.kept, made);
    if now.inputs != before.inputs {
        prop_assert!(matches!(outcome, Outcome::Changed(_)), "{outcome:?}");
        made.insert(job, Some(now.outputs));
        return Ok(true);
    }
    prop_assert!(matches!(outcome, Outcome::Kept), "{outcome:?}");
    made.remove(&job);
    world.memory.insert(job, now);
    Ok(true)
}

fn plan_has_no_files(freshness: &Freshness, id: JobId) -> bool {
    freshness.plan.jobs.job(id).files.is_none()
}

fn declared(job: usize) -> impl Strategy<Value = Declared> {
    let earlier = move |most: usize| prop::collection::btree_set(0..job.max(1), 0..=most.min(job));
    let earlier = move |most| earlier(most).prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let makes = prop_oneof![1 => Just(Makes::Nothing), 4 => Just(Makes::File), 1 => Just(Makes::Glob)];
    let headers = prop::collection::btree_set(0..2usize, 0..=2).prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let headers = prop::option::weighted(0.2, headers);
    let group = prop::option::weighted(0.4, 0..2usize).prop_map(move |group| group.filter(|group| group + 1 < job));
    let sources = prop::collection::btree_set(0..2usize, 0..=2);
    let flags = (prop::bool::weighted(0.3), any::<bool>(), any::<bool>());
    (sources, earlier(2), makes, headers, earlier(2), group, earlier(1), flags).prop_map(
        |(sources, made, makes, headers, needs, group, after, (has_glob, may_fail, splices))| {
            let sources = sources.into_iter().collect();
            Declared { sources, made, has_glob, makes, headers, needs, group, after, may_fail, splices }
        },
    )
}

fn declarations() -> impl Strategy<Value = Vec<Declared>> {
    (declared(0), declared(1), declared(2), declared(3), declared(4)).prop_map(|(a, b, c, d, e)| {
        let mut jobs = vec![a, b, c, d, e];
        for job in 0..JOBS {
            let makes_file: Vec<bool> = jobs.iter().map(|job| job.makes == Makes::File).collect();
            jobs[job].made.retain(|made| makes_file[*made]);
        }
        jobs
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let file = prop_oneof![
        3 => (0..2usize).prop_map(File::Source),
        1 => (0..2usize).prop_map(File::Header),
        1 => (0..3usize).prop_map(File::Globbed),
        2 => (0..JOBS).prop_map(File::Output),
    ];
    prop_oneof![
        5 => (file.clone(), 0..CONTENTS.len()).prop_map(|(file, content)| Edit::Write(file, content)),
        2 => (file.clone(), 0..CONTENTS.len()).prop_map(|(file, content)| Edit::WriteOld(file, content)),
        2 => file.prop_map(Edit::Remove),
        1 => Just(Edit::CheckOut),
        1 => (0..JOBS, 0..2u8).prop_map(|(job, argv)| Edit::Argv(job, argv)),
        1 => (0..JOBS, 0..3u8).prop_map(|(job, value)| Edit::Variable(job, value)),
        2 => Just(Edit::Wait),
    ]
}

fn round() -> impl Strategy<Value = Round> {
    let going = prop_oneof![
        8 => Just(Going::Well),
        1 => Just(Going::Fails),
        1 => Just(Going::FailsHalfway),
        1 => Just(Going::MakesNothing),
        1 => (0..2usize, 0..CONTENTS.len()).prop_map(|(source, content)| Going::Disturbed(source, content)),
    ];
    let flags = |likely| prop::collection::vec(prop::bool::weighted(likely), JOBS);
    (prop::collection::vec(edit(), 0..3), flags(0.05), flags(0.9), prop::collection::vec(going, JOBS))
        .prop_map(|(edits, forced, kept, goings)| Round { edits, forced, kept, goings })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_let_run_is_what_a_perfect_memory_lets_run(
        jobs in declarations(),
        rounds in prop::collection::vec(round(), 2..7),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut world =
            World { folder, jobs, argv: [0; JOBS], variables: [0; JOBS], memory: HashMap::new() };
        for folder in ["include", "glob", "out", ".procman"] {
            fs::create_dir(world.path(folder)).expect("a folder");
        }
        for file in [File::Source(0), File::Source(1), File::Header(0), File::Globbed(0)] {
            world.write(&file.path(), CONTENTS[0]);
        }
        for round in &rounds {
            run(&mut world, round)?;
        }
    }
}
