//! What each rule means for a job or two.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::world::{KEY, wait};
use crate::files::{FileSet, JobFiles};
use crate::freshness::{Freshness, Outcome, Verdict, read_state};
use crate::glob::PathOrGlob;
use crate::graph::Graph;
use crate::job::{Job, JobId, JobMap, JobSettings};
use crate::plan::Plan;

/// A folder, and a manifest of jobs that read some files, make others and may have a depfile.
struct Project {
    folder: tempfile::TempDir,
    jobs: Vec<(Vec<&'static str>, Vec<&'static str>, Option<&'static str>)>,
    /// Who needs whom.
    needs: Vec<(u32, u32)>,
}

const FIRST: JobId = JobId(0);
const SECOND: JobId = JobId(1);

impl Project {
    fn new(files: &[&str]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder"), jobs: Vec::new(), needs: Vec::new() };
        fs::create_dir(project.path(".procman")).expect("a folder");
        for file in files {
            project.write(file, file);
        }
        project
    }

    fn job(mut self, inputs: &[&'static str], outputs: &[&'static str], depfile: Option<&'static str>) -> Self {
        self.jobs.push((inputs.to_vec(), outputs.to_vec(), depfile));
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, content).expect("it can be written");
    }

    fn at(&self, root: &Path) -> Freshness {
        let set = |texts: &[&str]| FileSet {
            named: texts.iter().map(|text| PathOrGlob::parse("".as_ref(), text).expect("a pattern")).collect(),
            excluded: Vec::new(),
        };
        let mut jobs = JobMap::new();
        let mut graph = Graph::new(self.jobs.len());
        let settings = Arc::new(JobSettings::in_directory(root));
        for (at, (inputs, outputs, depfile)) in self.jobs.iter().enumerate() {
            let mut job = Job::new(vec!["make".into()], Arc::clone(&settings));
            let depfile = depfile.map(PathBuf::from);
            job.files = Some(Box::new(JobFiles { inputs: set(inputs), outputs: set(outputs), depfile }));
            jobs.insert(["first", "second"][at], job).expect("a valid job");
        }
        for (job, on) in &self.needs {
            graph.add_need(JobId(*job).into(), JobId(*on).into());
        }
        let plan = Plan { graph, root: Some(root.to_owned()), ..Plan::independent(jobs) };
        let state = read_state(&root.join(".procman")).expect("it can be read");
        Freshness::new(Arc::new(plan), root, &KEY, &root.join(".procman"), state).expect("a root")
    }

    fn freshness(&self) -> Freshness {
        self.at(self.folder.path())
    }

    /// Runs the first job in one run; its process is `make`.
    fn run(&self, make: impl FnOnce()) -> Outcome {
        let freshness = self.freshness();
        assert!(!freshness.check(FIRST, false));
        make();
        freshness.succeeded(FIRST)
    }

    /// Why the first job would run.
    fn reasons(&self) -> Vec<String> {
        match &self.freshness().survey(&[])[0] {
            Verdict::UpToDate => Vec::new(),
            Verdict::Stale(reasons) => reasons.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn flaws(outcome: Outcome) -> Vec<String> {
    match outcome {
        Outcome::Failed(flaws) => flaws.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_kept(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Kept), "{outcome:?}");
}

#[test]
fn what_a_job_makes_is_no_input_of_its_own() {
    let project = Project::new(&["src/a.c"]).job(&["src/*"], &["src/*.o"], None);
    assert_eq!(project.reasons(), ["no success of it is known"]);
    assert_kept(&project.run(|| project.write("src/a.o", "made")));
    assert_eq!(project.reasons(), [""; 0]);
    assert!(project.freshness().check(FIRST, false));
    assert!(!project.freshness().check(FIRST, true));
    project.write("src/b.c", "new");
    project.write("src/b.o", "new");
    fs::remove_file(project.path("src/a.c")).expect("it is there");
    fs::remove_file(project.path("src/a.o")).expect("it is there");
    assert_eq!(
        project.reasons(),
        ["input `src/b.c` is new", "input `src/a.c` is gone", "output `src/b.o` is new", "output `src/a.o` is missing",]
    );
}

#[test]
fn a_success_without_its_outputs_is_none() {
    let project = Project::new(&["a"]).job(&["a"], &["b", "out/*.o"], Some("a.d"));
    let expected = ["output `b` is missing", "no file fits the output `out/*.o`", "depfile `a.d` is missing"];
    let mut found = flaws(project.run(|| ()));
    found.sort_by_key(|flaw| expected.iter().position(|expected| expected == flaw));
    assert_eq!(found, expected);
    assert_eq!(project.reasons(), ["no success of it is known"]);
    let half = || {
        project.write("b", "");
        project.write("out/a.o", "");
        project.write("a.d", "a.o: a \\\n b\nno rule\n");
    };
    let why = "depfile `a.d` cannot be understood: line 3: there is no `:` after the targets";
    assert_eq!(flaws(project.run(half)), [why]);
}

#[test]
fn an_input_that_changes_meanwhile_leaves_nothing_known() {
    let project = Project::new(&["src/a"]).job(&["src/*"], &["b"], None);
    let change = || {
        project.write("b", "");
        project.write("src/a", "other");
        project.write("src/c", "");
    };
    match project.run(change) {
        Outcome::Changed(reasons) => {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            assert_eq!(reasons, ["input `src/a` changed", "input `src/c` is new"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(project.reasons(), ["no success of it is known"]);
}

#[test]
fn what_is_no_file_is_never_waited_for() {
    let project = Project::new(&["src/a"]).job(&["src/fifo"], &["b"], None);
    let made = std::process::Command::new("mkfifo").arg(project.path("src/fifo")).status();
    assert!(made.expect("mkfifo can be started").success());
    match project.run(|| project.write("b", "")) {
        Outcome::Changed(reasons) => {
            let text = "input `src/fifo` cannot be used: it is a FIFO, not a regular file";
            assert_eq!(reasons.iter().map(ToString::to_string).collect::<Vec<_>>(), [text]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_depfile_names_is_an_input() {
    let project = Project::new(&["a.c", "a b.h"]).job(&["a.c"], &["a.o"], Some("a.d"));
    wait();
    let make = || {
        project.write("a.o", "");
        project.write("a.d", "a.o: a.c ./a\\ b.h /usr/none.h\n");
    };
    match project.run(make) {
        Outcome::Changed(reasons) => assert_eq!(reasons[0].to_string(), "input `/usr/none.h` is gone"),
        other => panic!("{other:?}"),
    }
    let make = || {
        project.write("a.o", "");
        project.write("a.d", "a.o: a.c ./a\\ b.h\n");
    };
    assert_kept(&project.run(make));
    assert_eq!(project.reasons(), [""; 0]);
    fs::remove_file(project.path("a.d")).expect("it is there");
    assert_eq!(project.reasons(), [""; 0]);
    project.write("a b.h", "other");
    assert_eq!(project.reasons(), ["input `a b.h` changed"]);
    fs::remove_file(project.path("a b.h")).expect("it is there");
    assert_eq!(project.reasons(), ["input `a b.h` is gone"]);
    assert_eq!(project.freshness().missing_inputs(), []);
}

#[test]
fn a_depfile_that_is_new_has_to_be_read() {
    let project = Project::new(&["a.c"]).job(&["a.c"], &["a.o"], None);
    assert_kept(&project.run(|| project.write("a.o", "")));
    let project = Project { jobs: vec![(vec!["a.c"], vec!["a.o"], Some("a.d"))], ..project };
    assert_eq!(project.reasons(), ["its `depfile` has not been read yet"]);
}

#[test]
fn what_was_made_just_before_can_be_found() {
    let mut project = Project::new(&["a.c"]).job(&[], &["gen.h"], None).job(&["a.c"], &["a.o"], Some("a.d"));
    project.needs.push((1, 0));
    let freshness = project.freshness();
    assert!(!freshness.check(FIRST, false));
    project.write("gen.h", "made");
    assert_kept(&freshness.succeeded(FIRST));
    assert!(!freshness.check(SECOND, false));
    project.write("a.o", "");
    project.write("a.d", "a.o: a.c gen.h\n");
    assert_kept(&freshness.succeeded(SECOND));
    let freshness = project.freshness();
    assert_eq!(freshness.survey(&[]), [Verdict::UpToDate, Verdict::UpToDate]);
    assert_eq!(freshness.found_makers(), [(SECOND, FIRST)]);
    assert_eq!(freshness.survey(&[true])[1], Verdict::Unsure(FIRST));
}

#[test]
fn a_literal_input_is_missing_when_nobody_makes_it() {
    let project = Project::new(&[]).job(&["none", "made/a", "own", "*.c"], &["own"], None).job(&[], &["made"], None);
    let freshness = project.freshness();
    freshness.survey(&[]);
    assert_eq!(freshness.missing_inputs(), [(FIRST, "none".into())]);
    project.write("none", "");
    freshness.survey(&[]);
    assert_eq!(freshness.missing_inputs(), []);
}

#[test]
fn the_folder_may_be_moved_and_asking_leaves_no_trace() {
    let project = Project::new(&["a"]).job(&["a"], &["b"], None);
    let list = || {
        let entries = fs::read_dir(project.path(".procman")).expect("it is there");
        entries.map(|entry| entry.expect("it can be read").file_name()).collect::<Vec<_>>()
    };
    assert_eq!(project.reasons(), ["no success of it is known"]);
    assert!(list().is_empty());
    assert_kept(&project.run(|| project.write("b", "")));
    let moved = tempfile::tempdir().expect("a folder");
    let moved = moved.path().join("moved");
    fs::rename(project.folder.path(), &moved).expect("it is ours");
    assert_eq!(project.at(&moved).survey(&[]), [Verdict::UpToDate]);
    fs::rename(&moved, project.folder.path()).expect("it is ours");
}

#[test]
fn what_was_learned_is_saved_at_the_end() {
    let project = Project::new(&["a"]).job(&["a"], &["b"], None);
    assert_kept(&project.run(|| project.write("b", "")));
    let lines = || fs::read_to_string(project.path(".procman/state.jsonl")).expect("it is there").lines().count();
    // The first has been read so soon that how it looked said nothing yet.
    wait();
    project.write("a", "a");
    wait();
    let before = lines();
    let freshness = project.freshness();
    assert_eq!(freshness.survey(&[]), [Verdict::UpToDate]);
    assert_eq!(lines(), before);
    freshness.close().expect("it can be written");
    assert!(lines() > before);
    let after = lines();
    let freshness = project.freshness();
    assert_eq!(freshness.survey(&[]), [Verdict::UpToDate]);
    freshness.close().expect("it can be written");
    assert_eq!(lines(), after);
}
