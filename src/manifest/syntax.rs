//! From the bytes of a file to the tree of its TOML, and what is wrong with them as such.

use std::collections::HashSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Problem, Source, Sources};

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

/// A piece of a text, and the place at which it starts.
pub(super) type Piece<'i> = (usize, &'i str);

/// A long text with many tasks, in pieces that are whole TOML by themselves: the tree of a text takes many times its
/// room, and that of a piece can go before the next is made. Where it is not plain to see that this changes nothing, the
/// text is one piece.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    const ENOUGH: usize = 128 * 1024;
    // In a string of several lines anything can look like the head of a table.
    if text.len() < 4 * ENOUGH || text.contains("\"\"\"") || text.contains("'''") {
        return vec![(0, text)];
    }
    let (mut pieces, mut start, mut task) = (Vec::new(), 0, None);
    for (newline, _) in text.match_indices("\n[") {
        let at = newline + 1;
        match TaskHead::read(&text[at..]) {
            Some(head) if head.is_whole => {
                if at - start >= ENOUGH {
                    pieces.push((start, &text[start..at]));
                    start = at;
                }
                task = Some(head.name);
            }
            // A part of the task before it stays with it, and what comes before all tasks is one piece.
            Some(head) if task == Some(head.name) => {}
            None if task.is_none() => {}
            _ => return vec![(0, text)],
        }
    }
    pieces.push((start, &text[start..]));
    pieces
}

/// Whether a file is parsed in pieces.
pub(super) fn has_pieces(source: &Source) -> bool {
    pieces(&source.text).len() > 1
}

/// The head of a task's table, or of a table in it.
struct TaskHead<'a> {
    name: &'a str,
    is_whole: bool,
}

impl<'a> TaskHead<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("[tasks.")?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))?;
        let is_whole = match rest.as_bytes()[end] {
            b']' => true,
            b'.' => false,
            _ => return None,
        };
        Some(Self { name: &rest[..end], is_whole })
    }
}

/// The tasks of a piece that has nothing else.
pub(super) fn tasks((start, text): Piece<'_>) -> (DeTable<'_>, Vec<Problem>) {
    let (mut document, problems) = parse(text, start);
    let tasks = document.remove("tasks").map(Spanned::into_inner);
    (if let Some(DeValue::Table(tasks)) = tasks { tasks } else { DeTable::new() }, problems)
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
