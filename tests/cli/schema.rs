//! `schema`: what editors know of manifests.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sandbox::Sandbox;

fn schema() -> Value {
    let ran = Sandbox::new().run(&["schema"]).code(0).stderr("");
    serde_json::from_slice(ran.stdout_bytes()).expect("it is JSON")
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is wrong with a manifest, as an editor would say it: places in it.
fn misfits(schema: &Value, manifest: &str) -> Vec<String> {
    let document: Value = toml::from_str(manifest).unwrap_or_else(|error| panic!("{error} in {manifest}"));
    let validator = jsonschema::draft7::new(schema).expect("it is a schema");
    validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn it_is_a_schema_and_refers_to_nothing_outside() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(jsonschema::meta::is_valid(&schema));
    assert!(!schema.to_string().contains("$ref"));
}

/// Read in a folder with nothing in it, and without a manifest.
#[test]
fn it_needs_no_manifest() {
    Sandbox::with("broken").run(&["schema"]).code(0).stderr("");
    Sandbox::new().run(&["-f", "missing", "schema"]).code(0).stderr("");
}

#[test]
fn every_manifest_that_is_shown_fits() {
    let schema = schema();
    let mut manifests = vec![project("procman.toml"), project("procman.toml.example")];
    for example in fs::read_dir(project("examples")).expect("examples") {
        manifests.push(example.expect("an example").path().join("procman.toml"));
    }
    manifests.retain(|path| path.is_file());
    let readme = read(&project("README.md"));
    let shown = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    for manifest in manifests.iter().map(|path| read(path)).chain(shown) {
        assert_eq!(misfits(&schema, &manifest), Vec::<String>::new(), "{manifest}");
    }
}

/// As Taplo and Even Better TOML look for it: in the first lines, beside the file.
#[test]
fn the_example_manifest_names_the_file_that_it_says_how_to_write() {
    let example = read(&project("procman.toml.example"));
    assert_eq!(example.lines().next(), Some("#:schema ./procman.schema.json"));
    assert!(example.contains("`procman schema > procman.schema.json`"));
}

/// Each with the place that is marked.
#[test]
fn what_the_parser_refuses_at_its_place_is_marked_there() {
    let schema = schema();
    let task = |lines: &str| format!("[tasks.a]\nargv = ['true']\n{lines}");
    let cases = [
        ("limits = 4".to_owned(), ""),
        ("limit = 0".to_owned(), "/limit"),
        ("limit = '4'".to_owned(), "/limit"),
        ("on_failure = 'stop'".to_owned(), "/on_failure"),
        ("[pools]\ndb = 0".to_owned(), "/pools/db"),
        ("[vars]\n'a b' = 1".to_owned(), "/vars"),
        ("[vars]\na = [1]".to_owned(), "/vars/a"),
        ("[defaults]\nargv = ['true']".to_owned(), "/defaults"),
        ("[tasks]\na = 'cargo build'".to_owned(), "/tasks/a"),
        ("[tasks]\na = []".to_owned(), "/tasks/a"),
        ("[tasks]\n-a = ['true']".to_owned(), "/tasks"),
        ("[tasks.a]\ndeps = ['b']\ntimeout = '1s'".to_owned(), "/tasks/a"),
        (task("cmd = 'x'"), "/tasks/a"),
        (task("timeout = 5"), "/tasks/a/timeout"),
        (task("timeout = '5 minutes or so'"), "/tasks/a/timeout"),
        (task("retries = { delay = '1s' }"), "/tasks/a/retries"),
        (task("leak = 'keep'"), "/tasks/a/leak"),
        (task("matrix = {}"), "/tasks/a/matrix"),
        (task("matrix = { a = { glob = '*', lines = 'x' } }"), "/tasks/a/matrix/a"),
        (task("env = { A = 1 }"), "/tasks/a/env/A"),
        (task("weight = 0"), "/tasks/a/weight"),
        (task("platforms = ['amiga']"), "/tasks/a/platforms/0"),
    ];
    for (manifest, place) in cases {
        Sandbox::with(&manifest).run(&["check"]).code(2);
        let misfits = misfits(&schema, &manifest);
        assert!(misfits.iter().any(|misfit| misfit.split(": ").next() == Some(place)), "{manifest}\n{misfits:?}");
    }
}
