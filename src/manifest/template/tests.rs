use proptest::prelude::*;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::Parameters;
use super::super::decode::toml_string;
use super::super::written::place_in_string;
use super::*;

/// What a template comes to, in the job `test[src=…]`; its problems, each with what is written at its place.
fn expand(written: &str, place: Place) -> Result<String, Vec<(String, String)>> {
    let source = format!("key = {written}");
    let vars = [("profile", "release"), ("pattern", "*.c"), ("shadowed", "var")];
    let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let surroundings = surroundings(&source);
    let keys = ["src".to_owned(), "shadowed".to_owned()];
    let known = Known { vars: &vars, surroundings: &surroundings, task: "test", keys: &keys, portable: false };
    let mut problems = Problems::default();
    let string = string(&source);
    let template = Template::read(&string, place, known, &mut problems);
    let found = |text: &str| Value { text: text.to_owned(), is_found: true };
    let values = [found("data/a[1].tar.gz"), found("key")];
    let filling = Filling { values: &[&values[0], &values[1]], job: "test[src=data/a[1].tar.gz]" };
    let problem = |problem: Problem| (source[problem.labels[0].span.clone()].to_owned(), problem.message);
    match template {
        Some(template) if problems.list.is_empty() => Ok(template.fill(filling, place)),
        _ => Err(problems.list.into_iter().map(problem).collect()),
    }
}

fn surroundings(source: &str) -> Surroundings<'_> {
    let invocation_dir = Some("/home/[me]/sub".into());
    let parameters = Parameters { invocation_dir, ..Parameters::default() };
    Surroundings::new("/home/[me]".into(), vec![(0, source)], &parameters)
}

fn string(source: &str) -> Name<'_> {
    let (document, errors) = DeTable::parse_recoverable(source);
    assert!(errors.is_empty(), "{errors:?}: {source}");
    let value = document.into_inner().into_iter().next().expect("there is one").1;
    let span = value.span();
    match value.into_inner() {
        DeValue::String(text) => Spanned::new(span, text),
        other => panic!("{other:?} is no string"),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(expand(&toml_string(text), Place::Text).as_deref(), Ok(expected));
}

#[test]
fn values_are_put_in() {
    check("plain", "plain");
    check("--profile={{profile}}!", "--profile=release!");
    check("{{ profile }}{{profile}}", "releaserelease");
    check("{{src}}", "data/a[1].tar.gz");
    check("{{task}} {{job}}", "test test[src=data/a[1].tar.gz]");
    check("{{root}} {{invocation_dir.name}}", "/home/[me] sub");
    check("{{shadowed}}", "key");
}

#[test]
fn paths_have_parts() {
    check("{{src.stem}}|{{src.name}}|{{src.dir}}|{{src.ext}}", "a[1].tar|a[1].tar.gz|data|gz");
    check("{{profile.stem}}|{{profile.name}}|{{profile.dir}}|{{profile.ext}}", "release|release|.|");
}

#[test]
fn braces_can_be_meant() {
    check("{{{{profile}}", "{{profile}}");
    check("a }} b { c }", "a }} b { c }");
    check("{{{{{{profile}}", "{{release");
}

#[test]
fn in_a_pattern_only_what_is_written_in_the_manifest_has_wildcards() {
    let expand = |text| expand(text, Place::Pattern).expect("a template");
    assert_eq!(expand(r#""{{src}}""#), r"data/a\[1\].tar.gz");
    assert_eq!(expand(r#""{{src.dir}}/*/{{pattern}}""#), "data/*/*.c");
    assert_eq!(expand(r#""{{root}}/*""#), r"/home/\[me\]/*");
}

#[test]
fn what_cannot_be_put_in_is_named_in_its_place() {
    let problem = |text: &str| {
        let mut problems = expand(&toml_string(text), Place::Text).expect_err("it cannot be");
        assert_eq!(problems.len(), 1, "{problems:?}");
        let (place, message) = problems.remove(0);
        format!("{place}: {message}")
    };
    assert_eq!(problem("a {{profil}} b"), "profil: there is no `profil` to put in here");
    assert_eq!(problem("a {{b"), "{{b: `{{` is not closed");
    assert_eq!(problem("{{}}"), ": `{{}}` names nothing");
    assert_eq!(problem("{{src.size}}"), "src.size: `src` has no part `size`");
    assert_eq!(problem("x{{inputs}}"), "inputs: `{{inputs}}` stands for any number of arguments");
    assert_eq!(problem("{{env.NO_SUCH}}"), "env.NO_SUCH: the environment variable `NO_SUCH` is not set");
}

#[test]
fn places_are_found_behind_escapes() {
    let place = |written: &str| expand(written, Place::Text).expect_err("it cannot be").remove(0).0;
    assert_eq!(place(r#""\t\u00e9é\"\\{{nope}}""#), "nope");
    assert_eq!(place(r#""\x41{{no\u0070e}}""#), r"no\u0070e");
    assert_eq!(place("'\\t{{nope}}'"), "nope");
    assert_eq!(place("'''\n'{{nope}}'''"), "nope");
    assert_eq!(place("\"\"\"\r\n  a \\\n   b {{nope}}\"\"\""), "nope");
}

#[test]
fn machines_are_left_out_where_they_do_not_matter() {
    let source = r#"key = "{{root}}/{{ env.NO_SUCH }}/{{task}}""#;
    let surroundings = surroundings(source);
    let vars = IndexMap::new();
    let known = Known { vars: &vars, surroundings: &surroundings, task: "test", keys: &[], portable: true };
    let mut problems = Problems::default();
    let mut read = |place| Template::read(&string(source), place, known, &mut problems).expect("a template");
    assert_eq!(read(Place::Text).as_constant(), Some("{{root}}/{{env.NO_SUCH}}/test"));
    assert_eq!(read(Place::Path).as_constant(), Some("/home/[me]/{{env.NO_SUCH}}/test"));
    assert_eq!(read(Place::Pattern).as_constant(), Some(r"\{\{root\}\}/\{\{env.NO_SUCH\}\}/test"));
}

#[test]
fn some_names_cannot_be_given() {
    for name in ["env", "args", "job", "", "a.b", "a b", "a}}"] {
        assert!(name_problem(name).is_some(), "{name}");
    }
    assert_eq!(name_problem("größe_2-x"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_template_or_has_problems_inside_of_it(text in r#"(\PC|[{}.\\"']|\{\{|\}\}|profile|src){0,20}"#) {
        let written = toml_string(&text);
        match expand(&written, Place::Text) {
            Ok(expanded) => prop_assert!(text.contains(OPEN) || expanded == text),
            Err(problems) => prop_assert!(problems.iter().all(|(place, _)| written.contains(place))),
        }
    }

    #[test]
    fn each_part_of_a_string_is_found_where_it_is_written(
        parts in prop::collection::vec(prop::sample::select(vec![
            ("a", "a"), ("é", "é"), (r"\n", "\n"), (r"\u00e9", "é"), (r"\U0001F600", "😀"), (r"\\", "\\"), (r#"\""#, "\""),
            (r"\x41", "A"), (r"\e", "\u{1b}"),
        ]), 1..8),
        chosen in any::<prop::sample::Index>(),
    ) {
        let chosen = chosen.index(parts.len());
        let lengths = |which: fn(&(&'static str, &'static str)) -> &'static str| {
            let before: usize = parts[..chosen].iter().map(|part| which(part).len()).sum();
            before..before + which(&parts[chosen]).len()
        };
        let written: String = parts.iter().map(|part| part.0).collect();
        for quotes in ["\"", "\"\"\"", "\"\"\"\n"] {
            let source = format!("key = {quotes}{written}{}", quotes.trim_end());
            let string = string(&source);
            let expected = lengths(|part| part.0);
            let start = string.span().start + quotes.len();
            let place = place_in_string(&source, string.span(), lengths(|part| part.1));
            prop_assert_eq!(place, start + expected.start..start + expected.end);
        }
    }
}
