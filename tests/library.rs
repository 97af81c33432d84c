//! procman as other programs use it.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use procman::event::{CancelLevel, CancelReason};
use procman::{JobStatus, Manifest, OnFailure, RunError, Runner, Selection};

fn sh(script: &str) -> [String; 3] {
    ["sh", "-c", script].map(str::to_owned)
}

#[test]
fn a_map_of_argv_arrays_gives_one_jobs_data_or_all_of_it() {
    let jobs: IndexMap<&str, [String; 3]> =
        [("zero", sh("echo out; echo err >&2")), ("one", sh("exit 7")), ("another", sh("kill -TERM $$"))].into();
    let results = Runner::new().limit(2).run(jobs).expect("the jobs can be run");
    assert!(!results.is_success());

    let zero = results.get("zero").expect("it is one of the jobs");
    assert_eq!((zero.code(), zero.status()), (Some(0), &JobStatus::Ok));
    assert_eq!((zero.stdout().unwrap(), zero.stderr().unwrap()), (b"out\n".to_vec(), b"err\n".to_vec()));
    assert_eq!(results.get("one").and_then(|job| job.code()), Some(7));
    assert_eq!(results.get("another").map(|job| job.status().detail()), Some(Some("signal SIGTERM".to_owned())));
    assert!(results.get("two").is_none());

    let names: Vec<&str> = results.iter().map(|job| job.name()).collect();
    assert_eq!(names, ["zero", "one", "another"]);
}

/// Whether a process lives; a zombie does not.
#[cfg(target_os = "linux")]
fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_job_leaves_is_ended_and_the_programs_own_children_are_left_alone() {
    let mut own = std::process::Command::new("sleep").arg("600").spawn().expect("a child");
    let results = Runner::new().run([("job", sh("sleep 600 & echo $!"))]).expect("the job can be run");
    let left = String::from_utf8(results.get("job").expect("it is the job").stdout().unwrap()).expect("text");
    assert!(!is_alive(left.trim()));
    assert!(is_alive(&own.id().to_string()));
    own.kill().expect("it lives");
    own.wait().expect("nobody else has waited for it");
}

#[test]
fn never_more_than_the_limit_run_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    // Each makes a folder while it runs, and fails when there are more than two.
    let script =
        format!("cd {}; mkdir $$; test $(ls | wc -l) -le 2; code=$?; rmdir $$; exit $code", folder.path().display());
    let jobs = (0..20).map(|n| (n.to_string(), sh(&script)));
    assert!(Runner::new().limit(2).run(jobs).expect("the jobs can be run").is_success());
}

#[test]
fn up_to_the_limit_do_run_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let meet = |own: &str, other: &str| {
        sh(&format!("cd {}; touch {own}; until [ -e {other} ]; do sleep 0.01; done", folder.path().display()))
    };
    let jobs = [("a", meet("a", "b")), ("b", meet("b", "a"))];
    assert!(Runner::new().limit(2).run(jobs).expect("the jobs can be run").is_success());
}

#[test]
fn output_may_be_larger_than_one_wants_in_memory() {
    let jobs = [("large", sh("head -c 100000000 /dev/zero; printf end"))];
    let results = Runner::new().run(jobs).expect("the job can be run");
    let job = results.get("large").expect("it is the job");
    let mut file = job.open_stdout().expect("it can be opened").expect("it ran");
    file.seek(SeekFrom::Start(100_000_000)).expect("it is that long");
    let mut end = String::new();
    file.read_to_string(&mut end).expect("text");
    assert_eq!(end, "end");
}

#[test]
fn a_program_that_is_missing_is_the_jobs_failure() {
    let results = Runner::new().run([("gone", ["no-such-program"]), ("fine", ["true"])]).expect("the jobs can be run");
    let gone = results.get("gone").expect("it is one of the jobs");
    assert!(matches!(gone.status(), JobStatus::SpawnError { .. }), "{:?}", gone.status());
    assert_eq!((gone.code(), gone.stdout().unwrap()), (None, Vec::new()));
    assert!(results.get("fine").is_some_and(|job| job.status().is_success()));
}

#[test]
fn what_cannot_be_a_job_is_an_error_before_anything_starts() {
    let error = |jobs: &[(&str, Vec<&str>)]| match Runner::new().run(jobs.iter().cloned()) {
        Err(error @ RunError::Job(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(error(&[("a", vec![])]), "job `a` has an empty argv; give at least the program");
    assert_eq!(error(&[("a", vec![""])]), "job `a` has an empty string for its program");
    assert_eq!(error(&[("a", vec!["x", "\0"])]), "job `a` has a NUL byte in its argv, which no process can be given");
    assert_eq!(
        error(&[("a", vec!["x"]), ("a", vec!["y"])]),
        "job `a` is there twice; every job needs a name of its own"
    );
}

#[test]
fn a_failure_may_end_the_run() {
    let jobs = [("fails", sh("exit 1")), ("later", sh("exit 0"))];
    let results = Runner::new().limit(1).on_failure(OnFailure::NoNew).run(jobs).expect("the jobs can be run");
    assert_eq!(results.get("later").map(|job| job.status().word()), Some("cancelled"));
}

#[test]
fn a_run_can_be_ended_from_outside_or_by_the_clock() {
    let runner = Runner::new();
    let canceller = runner.canceller();
    let jobs = [("endless", ["sleep", "600"])];
    canceller.cancel(CancelReason::Signal("a request".to_owned()), CancelLevel::Terminate);
    let results = runner.run(jobs).expect("the job can be run");
    assert_eq!(results.get("endless").map(|job| job.status().word()), Some("cancelled"));
    let results = Runner::new().timeout(Duration::from_millis(50)).run(jobs).expect("the job can be run");
    assert_eq!(results.get("endless").map(|job| job.status().word()), Some("cancelled"));
}

#[test]
fn output_goes_when_the_results_do() {
    let results = Runner::new().run([("where", sh("readlink /proc/self/fd/1"))]).expect("the job can be run");
    let path = results.get("where").expect("it is the job").stdout().expect("its output");
    let path = String::from_utf8(path).expect("a path");
    assert!(Path::new(path.trim_end()).exists(), "{path}");
    drop(results);
    assert!(!Path::new(path.trim_end()).exists(), "{path}");
}

#[test]
fn nothing_to_run_is_a_success() {
    let results = Runner::new().run(Vec::<(String, Vec<String>)>::new()).expect("nothing can be run");
    assert!(results.is_success() && results.iter().len() == 0);
}

#[test]
fn the_jobs_of_a_manifest_run_the_same_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("procman.toml");
    let text =
        "[tasks]\na = ['sh', '-c', 'echo a; echo b >&2']\n[tasks.b]\nargv = ['true']\ndeps = ['a']\nmanual = true";
    std::fs::write(&path, text).expect("a manifest");
    let manifest = Manifest::load(&path, "procman.toml").expect("it is valid");
    let selection = Selection { names: vec!["b".to_owned()], ..Selection::default() };
    let plan = manifest.plan(&selection).expect("there is such a task");
    let results = Runner::new().run_plan(plan).expect("the jobs can be run");
    let a = results.get("a").expect("it is needed");
    // Of a job with one log for both streams, all of it is its stdout.
    assert_eq!((a.stdout().unwrap(), a.stderr().unwrap()), (b"a\nb\n".to_vec(), Vec::new()));
}
