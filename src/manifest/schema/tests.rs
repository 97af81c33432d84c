//! Parser and schema are of one mind: whatever is read without a problem fits, and what fits has no problem that could be
//! seen in one value.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::diagnostic::Source;
use crate::manifest::raw::{RawManifest, RawTask};
use crate::manifest::{Manifest, ManifestError};

/// What is wrong with a manifest that fits all the same: it hangs on other values, on files, or on what numbers mean.
const BEYOND_A_SCHEMA: [&str; 20] = [
    // To JSON, 1.0 is an integer.
    "not a float",
    "is for procman",
    "unknown task",
    "unknown pool",
    "already",
    "differ only in case",
    "cannot be read",
    "cannot be included",
    "has neither `argv` nor `deps`",
    "waits for itself",
    "is an output of both",
    "is there twice",
    "ends before it begins",
    "`timeout` of zero",
    "`slow_after` of zero",
    "`max_age` must be more than nothing",
    "`confirm` asks nothing",
    "`max_delay` is shorter",
    "does nothing without a delay",
    "this names no file",
];

fn validator() -> Validator {
    jsonschema::draft7::new(of_manifests().as_value()).expect("it is a schema")
}

fn as_json(manifest: &str) -> Value {
    toml::from_str(manifest).unwrap_or_else(|error| panic!("{error} in {manifest}"))
}

/// What the parser says of it.
fn problems(manifest: &str) -> Vec<String> {
    let source = Source { path: "procman.toml".to_owned(), text: manifest.to_owned() };
    match Manifest::parse(source, PathBuf::from("/nowhere/procman.toml")) {
        Ok(_) => Vec::new(),
        Err(ManifestError::Invalid { problems, .. }) => problems.into_iter().map(|problem| problem.message).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Values of one part, as TOML writes them: of every kind, good for some key, and not quite.
const LEAVES: [&str; 56] = [
    "0",
    "1",
    "-1",
    "3",
    "255",
    "256",
    "4294967295",
    "4294967296",
    "0.0",
    "0.5",
    "1.0",
    "1.5",
    "true",
    "false",
    "''",
    "' '",
    "'a'",
    "'b'",
    "'-a'",
    "'A=b'",
    "'*.c'",
    "'!x'",
    "'5m'",
    "'1h 30m'",
    "'0s'",
    "'1.5 s'",
    "'5'",
    "'5 parsecs'",
    "'50%'",
    "'0%'",
    "'%'",
    "'2G'",
    "'1.5 kib'",
    "'2'",
    "'kill'",
    "'fail'",
    "'ignore'",
    "'no-new'",
    "'continue'",
    "'merged'",
    "'split'",
    "'fixed'",
    "'exponential'",
    "'linux'",
    "'beos'",
    "'0.1'",
    "'0.0.1'",
    "'1.2.3.4'",
    "'a\\b'",
    "\"a\\u001Fb\"",
    "\"\\u202E\"",
    "'é'",
    "'thé'",
    "'A'",
    "'task'",
    "'*'",
];

/// Keys of tables, good for some and not quite.
const KEYS: [&str; 19] = [
    "a",
    "b",
    "A-1",
    "'é'",
    "'-x'",
    "''",
    "'a b'",
    "'a=b'",
    "task",
    "env",
    "count",
    "delay",
    "backoff",
    "max_delay",
    "jitter",
    "glob",
    "range",
    "lines",
    "argv",
];

/// Values of several parts that are good for some key, and not quite.
const TABLES: [&str; 29] = [
    "{ keep_runs = 5, max_age = '30d', max_size = '1GB' }",
    "{ keep_runs = 0 }",
    "{ max_age = '0s' }",
    "{ count = 2, delay = '1s' }",
    "{ count = 2, delay = '1s', backoff = 'exponential', max_delay = '1m', jitter = 0.5 }",
    "{ count = 2, delay = '1s', max_delay = '1m' }",
    "{ count = 2, delay = '1m', backoff = 'exponential', max_delay = '1s' }",
    "{ count = 2, delay = '0s', jitter = 0.5 }",
    "{ count = 2, backoff = 'fixed' }",
    "{ count = 2, jitter = 1 }",
    "{ delay = '1s' }",
    "{ count = 2, times = 3 }",
    "{ a = { glob = '*.c' } }",
    "{ a = { range = [1, 3] } }",
    "{ a = { range = [1, 3, 0] } }",
    "{ a = { range = [3, 1, -1] } }",
    "{ a = { range = [3, 1] } }",
    "{ a = { range = [1, 3, 1, 1] } }",
    "{ a = { range = [1] } }",
    "{ a = { range = [1, 'a'] } }",
    "{ a = { range = [1, 3], glob = '*' } }",
    "{ a = [1, '1', true, 1.5], b = ['x'] }",
    "{ a = [1, 1.0] }",
    "{ a = [] }",
    "{ a = [[1]] }",
    "{ a = {} }",
    "{ a = ['true'], deps = ['a'] }",
    "['a', 1]",
    "['a', 'b', 'a']",
];

/// Holds parser and schema against each other, and keeps in what they differ.
struct Comparison {
    validator: Validator,
    differences: Vec<String>,
    /// What of [`BEYOND_A_SCHEMA`] there was.
    met: BTreeSet<&'static str>,
}

impl Comparison {
    /// Whether both take a manifest.
    fn take(&mut self, manifest: &str) -> bool {
        let (found, document) = (problems(manifest), as_json(manifest));
        let beyond = |problem: &String| BEYOND_A_SCHEMA.into_iter().find(|known| problem.contains(known));
        match self.validator.validate(&document).err() {
            Some(misfit) if found.is_empty() => self.differences.push(format!("refused, for {misfit}:\n{manifest}")),
            None if !found.iter().all(|problem| beyond(problem).is_some()) => {
                self.differences.push(format!("taken in spite of {found:?}:\n{manifest}"));
            }
            None => self.met.extend(found.iter().filter_map(beyond)),
            _ => {}
        }
        found.is_empty()
    }
}

/// A manifest in which this stands at the top, among the defaults, or in a task.
fn with(place: &str, line: &str) -> String {
    let (mut top, mut defaults, mut task) = ("", "", "");
    match place {
        "top" => top = line,
        "defaults" => defaults = line,
        _ => task = line,
    }
    let what_runs = match place {
        "group" if line.starts_with("deps") => "",
        "group" => "deps = ['a']",
        "task" if line.starts_with("argv") => "",
        _ => "argv = ['true']",
    };
    format!("{top}\n[defaults]\n{defaults}\n[tasks]\na = ['true']\nb = ['true']\n[tasks.t]\n{what_runs}\n{task}\n")
}

/// Every place with the keys that it has.
fn places() -> [(&'static str, Vec<&'static str>); 4] {
    let keys = |keys: &[&'static str]| keys.iter().copied().chain(["unknown"]).collect::<Vec<_>>();
    let mut top = keys(RawManifest::KEYS);
    top.retain(|key| !["tasks", "defaults"].contains(key));
    [("top", top), ("defaults", keys(RawTask::KEYS)), ("task", keys(RawTask::KEYS)), ("group", keys(RawTask::KEYS))]
}

#[test]
fn parser_and_schema_agree_on_every_key_with_every_value() {
    let mut values: Vec<String> =
        LEAVES.into_iter().chain(TABLES).map(str::to_owned).chain(["[]".into(), "{}".into()]).collect();
    values.extend(LEAVES.iter().map(|leaf| format!("[{leaf}]")));
    values.extend(LEAVES.iter().map(|leaf| format!("{{ a = {leaf} }}")));
    values.extend(
        KEYS.iter()
            .flat_map(|key| [format!("{{ {key} = 1 }}"), format!("{{ {key} = 'x' }}"), format!("{{ {key} = [1] }}")]),
    );
    let mut comparison = Comparison { validator: validator(), differences: Vec::new(), met: BTreeSet::new() };
    for (place, keys) in places() {
        // What is a value of a task is one everywhere; elsewhere it is the keys that differ.
        let is_whole = ["top", "task"].contains(&place);
        for key in keys {
            let values = values.iter().step_by(if is_whole { 1 } else { 10 });
            let taken = values.filter(|value| comparison.take(&with(place, &format!("{key} = {value}")))).count();
            assert!(taken > 0 || !is_whole || key == "unknown", "{place}: {key}");
        }
    }
    for value in &values {
        comparison.take(&format!("[tasks]\na = ['true']\nb = ['true']\nt = {value}"));
    }
    comparison.take("[tasks.t]\nargv = ['true']\ndeps = ['t']");
    comparison.take("[tasks.t]\nargv = ['true']\ngrace = '0'");
    for name in KEYS {
        comparison.take(&format!("[tasks]\nother = ['true']\n{name} = ['true']"));
    }
    assert!(comparison.differences.is_empty(), "{}", comparison.differences.join("\n"));
    assert_eq!(comparison.met, BTreeSet::from(BEYOND_A_SCHEMA));
}

/// What the schema says of a text as the value of a key.
fn fits(key: &str, text: &str) -> bool {
    thread_local!(static VALIDATOR: Validator = validator());
    VALIDATOR.with(|validator| validator.is_valid(&json!({ "defaults": { key: text } })))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn durations_are_those_that_are_read(
        text in "( ?[0-9]{1,3}[. ]?){0,2}(ns|us|µs|ms|secs|m|min|mins|M|hr|wks|d|y|x| )?( ?[0-9. ]{1,3}(s|h|m)){0,2} ?",
    ) {
        match humantime::parse_duration(&text) {
            Ok(_) => prop_assert!(fits("timeout", &text), "{:?}", text),
            // It may have been wrong behind that, too.
            Err(humantime::DurationError::NumberOverflow) => {}
            Err(_) => prop_assert!(!fits("timeout", &text), "{:?}", text),
        }
    }

    #[test]
    fn sizes_are_those_that_are_read(text in "[0-9.]{0,3} {0,2}[kKMgTEb]?[iI]?[bB]?") {
        let found = problems(&format!("[tasks.t]\nargv = ['true']\nmemory = '{text}'"));
        let is_read = found.iter().all(|problem| problem.contains("more than nothing"));
        prop_assert_eq!(fits("memory", &text), is_read, "{:?}", text);
    }
}

/// The table of a task in the schema.
fn task() -> Value {
    let schema = of_manifests().to_value();
    schema["properties"]["tasks"]["additionalProperties"].clone()
}

fn keys(table: &Value) -> BTreeSet<&str> {
    table["properties"].as_object().expect("a table").keys().map(String::as_str).collect()
}

#[test]
fn the_keys_are_those_that_are_decoded() {
    let set = |keys: &[&'static str]| keys.iter().copied().collect::<BTreeSet<&str>>();
    let schema = of_manifests().to_value();
    assert_eq!(keys(&schema), set(RawManifest::KEYS));
    assert_eq!(keys(&task()), set(RawTask::KEYS));
    assert_eq!(keys(&schema["properties"]["defaults"]), &set(RawTask::KEYS) - &set(&KEYS_OF_ONE_TASK));
}

#[test]
fn what_holds_without_a_key_holds_with_its_default() {
    let read = |lines: &str| {
        let text = format!("[tasks.t]\nargv = ['true']\n{lines}");
        let source = Source { path: "procman.toml".to_owned(), text };
        let manifest = Manifest::parse(source, PathBuf::from("/nowhere/procman.toml")).expect("a default is valid");
        format!("{:?} {:?}", manifest.tasks, manifest.jobs)
    };
    let (table, without) = (task(), read(""));
    let defaults: Vec<(&String, &Value)> = table["properties"]
        .as_object()
        .expect("a table")
        .iter()
        .filter_map(|(key, schema)| Some((key, schema.get("default")?)))
        .collect();
    assert!(defaults.len() > 10, "{defaults:?}");
    for (key, default) in defaults {
        assert_eq!(read(&format!("{key} = {default}")), without, "{key}");
    }
}

#[test]
fn what_is_said_of_a_key_is_what_stands_above_it() {
    let schema = of_manifests().to_value();
    assert_eq!(
        schema["properties"]["min_version"]["description"],
        "The earliest procman that this file is for. An earlier one says so, and nothing else about the file."
    );
    assert_eq!(description(&[" a", " b", "", " c "]), "a b\n\nc");
}
