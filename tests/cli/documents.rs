//! Everything that shows a manifest shows one that works.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::Sandbox;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// It has no problem; programs that are not installed here are none of its own.
#[track_caller]
fn is_valid(manifest: &str) {
    Sandbox::with(manifest).run(&["-q", "check"]).code(0);
}

#[test]
fn the_example_manifest_is_what_init_writes_and_runs() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init"]).code(0).stderr("wrote procman.toml; `procman list` shows its tasks\n");
    assert_eq!(sandbox.read("procman.toml"), read("procman.toml.example"));
    sandbox.run(&["check", "--strict"]).code(0).stderr("procman.toml: 8 tasks, no problems\n");
    sandbox.run(&[]).code(0);
}

/// The keys are those that the manifest's own help lists.
#[test]
fn the_example_manifest_documents_every_key() {
    let keys = |manifest: &str| -> Vec<String> {
        let stderr = Sandbox::with(manifest).run(&["check"]).code(2).stderr_text();
        let list = stderr.lines().find_map(|line| line.split_once(" are ")).expect("a help line").1.to_owned();
        list.split(", ").map(str::to_owned).collect()
    };
    let example = read("procman.toml.example");
    for key in keys("qqqq = 1\n[tasks]\na = ['true']").into_iter().chain(keys("[tasks.a]\nargv = ['true']\nqqqq = 1")) {
        let mut lines = example.lines();
        let is_shown = lines.any(|line| line.starts_with(&format!("{key} = ")) || line == format!("[{key}]"));
        assert!(is_shown, "`{key}` is not in the example");
    }
}

#[test]
fn every_manifest_of_the_examples_and_of_the_project_is_valid() {
    let mut manifests = vec![project("procman.toml")];
    for example in fs::read_dir(project("examples")).expect("examples") {
        manifests.push(example.expect("an example").path().join("procman.toml"));
    }
    manifests.retain(|path| path.is_file());
    assert!(manifests.len() > 3, "{manifests:?}");
    for manifest in manifests {
        let path = manifest.to_str().expect("a path in UTF-8");
        Sandbox::new().run(&["-q", "-f", path, "check"]).code(0);
    }
}

#[test]
fn every_manifest_of_the_readme_is_valid() {
    let readme = read("README.md");
    let manifests: Vec<&str> =
        readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(!manifests.is_empty());
    for manifest in manifests {
        is_valid(manifest);
    }
}
