//! From the bytes of a file to the tree of its TOML, and what is wrong with them as such.

use std::collections::HashSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Problem, Sources};

/// The text of a file, and the problem if it is none.
pub(super) fn text(bytes: Vec<u8>) -> (String, Option<Problem>) {
    match String::from_utf8(bytes) {
        // A byte order mark is no part of the text, and would shift the columns of its first line.
        Ok(text) => (text.trim_start_matches('\u{feff}').to_owned(), None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[at];
            let message = format!("the file is not UTF-8: the byte 0x{byte:02X} here begins no character");
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(Problem::error(at..at, message)))
        }
    }
}

/// The tree of a text that starts at `start`, as much of it as can be read, and what is no TOML.
pub(super) fn parse(text: &str, start: usize) -> (DeTable<'_>, Vec<Problem>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let problems = errors.iter().map(|error| problem(error, text).moved(start)).collect();
    let document = document.into_inner();
    (if start == 0 { document } else { moved(document, start) }, problems)
}

/// A table with all places so far along.
fn moved(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    table.into_iter().map(|(key, value)| (moved_spanned(key, by, |key, _| key), moved_value(value, by))).collect()
}

fn moved_value(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    moved_spanned(value, by, |value, by| match value {
        DeValue::Table(table) => DeValue::Table(moved(table, by)),
        DeValue::Array(mut array) => {
            for element in array.iter_mut() {
                let value = std::mem::replace(element, Spanned::new(0..0, DeValue::Boolean(false)));
                *element = moved_value(value, by);
            }
            DeValue::Array(array)
        }
        other => other,
    })
}

fn moved_spanned<T>(value: Spanned<T>, by: usize, inner: impl FnOnce(T, usize) -> T) -> Spanned<T> {
    let span = value.span();
    Spanned::new(span.start + by..span.end + by, inner(value.into_inner(), by))
}

fn problem(error: &toml::de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    match (error.message(), text.get(span.clone())) {
        ("duplicate key", Some(key)) => {
            Problem::error(span, format!("`{}` is there twice", key.trim_matches(['"', '\''])))
        }
        (message, _) => Problem::error(span, format!("this is not TOML: {message}")),
    }
}

/// Keeps of each line that is no TOML the first thing that is wrong with it: what follows on the same line, and values
/// that the parser made up in its place, are consequences.
pub(super) fn without_consequences(syntax: Vec<Problem>, others: Vec<Problem>, sources: &Sources) -> Vec<Problem> {
    if syntax.is_empty() {
        return others;
    }
    let file = |problem: &Problem| {
        let place = problem.labels[0].span.start;
        let (source, offset) = sources.find(place);
        (source, place - offset, offset.min(source.text.len()))
    };
    let line = |problem: &Problem| {
        let (source, start, offset) = file(problem);
        start + source.text.as_bytes()[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    };
    let broken_files: HashSet<usize> = syntax.iter().map(|problem| file(problem).1).collect();
    let mut broken_lines = HashSet::new();
    let mut kept: Vec<Problem> = syntax.into_iter().filter(|problem| broken_lines.insert(line(problem))).collect();
    kept.extend(others.into_iter().filter(|problem| {
        let start = file(problem).1;
        let is_made_up = broken_files.contains(&start) && problem.labels[0].span == (start..start);
        !is_made_up && !broken_lines.contains(&line(problem))
    }));
    kept
}
