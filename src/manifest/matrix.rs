//! `matrix`: one job for each combination of values.
//!
//! Knows where values come from, and what the cells are called. Does not know what a cell's job is made of.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use schemars::{Schema, json_schema};
use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Problems, Text, raw_table, table};
use super::raw::{Name, unknown_key};
use super::schema::{ValueName, either, looks_like};
use super::template::{self, Filling, Known, Place, Template, Value};
use crate::diagnostic::Problem;
use crate::glob::{PathOrGlob, normalised};
use crate::text;

/// More cells than this come from a slip in a range.
const MOST_CELLS: usize = 10_000_000;

/// A matrix as it is written.
#[derive(Debug)]
pub(super) struct RawMatrix<'i> {
    keys: IndexMap<Name<'i>, Spanned<RawValues<'i>>>,
    /// Whether no key is missing because of problems.
    is_whole: bool,
}

impl<'i> FromToml<'i> for RawMatrix<'i> {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        let span = value.span();
        if matches!(value.get_ref(), DeValue::Table(table) if table.is_empty()) {
            return problems.invalid(span, "is empty: there would be no job", "leave it out");
        }
        let before = problems.list.len();
        let keys = IndexMap::from_toml(value, problems)?;
        Some(Self { keys, is_whole: problems.list.len() == before })
    }
}

looks_like! { RawMatrix<'_>, generator: {
    "type": "object",
    "minProperties": 1,
    "propertyNames": generator.subschema_for::<ValueName>(),
    "additionalProperties": generator.subschema_for::<RawValues<'_>>(),
} }

/// Where the values of one key come from.
#[derive(Debug)]
pub(super) enum RawValues<'i> {
    List(Vec<Spanned<Scalar<'i>>>),
    Source(RawSource<'i>),
}

raw_table! {
    /// What values are found by; one of these.
    RawSource {
        /// The files that this pattern fits when the manifest is read, sorted.
        glob: Text<'i>,
        /// Whole numbers: the first, the last, and the step if it is not 1.
        range: RangeEnds,
        /// The lines of this file, less blank ones.
        lines: Text<'i>,
    }
}

/// A string, or a number or boolean as it is written.
#[derive(Debug)]
pub(super) struct Scalar<'i>(pub(super) Text<'i>);

impl<'i> FromToml<'i> for Scalar<'i> {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::String(_) => Text::from_toml(value, problems)?,
            DeValue::Integer(number) => number.to_string().into(),
            DeValue::Float(number) => number.to_string().into(),
            DeValue::Boolean(flag) => flag.to_string().into(),
            _ => return problems.mismatch(&value, "a string, a number or a boolean", None),
        };
        Some(Self(text))
    }
}

looks_like! { Scalar<'_>: { "type": ["string", "number", "boolean"] } }

/// `[first, last]` or `[first, last, step]`; both ends count.
#[derive(Debug, Clone, Copy)]
pub(super) struct RangeEnds {
    first: i64,
    last: i64,
    step: i64,
}

impl FromToml<'_> for RangeEnds {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        const WANTED: &str = "an array of two or three integers: first, last and step";
        let span = value.span();
        let DeValue::Array(array) = value.get_ref() else { return problems.mismatch(&value, WANTED, None) };
        if !(2..=3).contains(&array.len()) {
            return problems.invalid(span, &format!("must be {WANTED}"), "write `range = [1, 10]`");
        }
        let numbers = Vec::<i64>::from_toml(value, problems)?;
        let (first, last, step) = match *numbers {
            [first, last] => (first, last, 1),
            [first, last, step] => (first, last, step),
            // What is no integer has been noted.
            _ => return None,
        };
        match step {
            0 => problems.invalid(span, "has a step of 0", "leave the step out for 1"),
            step if step > 0 && last < first => {
                problems.invalid(span, "ends before it begins", "swap its ends, or give it a step below 0")
            }
            step if step < 0 && last > first => {
                problems.invalid(span, "ends before it begins", "swap its ends, or give it a step above 0")
            }
            _ => Some(Self { first, last, step }),
        }
    }
}

looks_like! { RangeEnds: {
    "type": "array",
    "prefixItems": [{ "type": "integer" }, { "type": "integer" }, { "type": "integer", "not": { "enum": [0] } }],
    "minItems": 2,
    "maxItems": 3,
    "examples": [[1, 10], [10, 0, -2]],
} }

impl RangeEnds {
    fn len(self) -> usize {
        let steps = (i128::from(self.last) - i128::from(self.first)) / i128::from(self.step);
        usize::try_from(steps + 1).unwrap_or(usize::MAX)
    }

    fn values(self) -> Vec<Value> {
        let at = |n: usize| i128::from(self.first) + i128::from(self.step) * i128::try_from(n).unwrap_or(0);
        (0..self.len()).map(|n| Value { text: at(n).to_string(), is_found: false }).collect()
    }
}

impl<'i> FromToml<'i> for RawValues<'i> {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(array) if array.is_empty() => {
                problems.invalid(value.span(), "is empty: there would be no job", "give it values")
            }
            DeValue::Array(_) => Vec::from_toml(value, problems).map(Self::List),
            DeValue::Table(_) => {
                let span = value.span();
                let before = problems.list.len();
                let source = RawSource::decode(table(value, problems)?, problems, |key, problems| {
                    let help = problems.suggest(key.get_ref(), RawSource::KEYS.iter().copied());
                    unknown_key(key, "a source of values", help, RawSource::KEYS)
                });
                let given = [source.glob.is_some(), source.range.is_some(), source.lines.is_some()];
                match given.into_iter().filter(|given| *given).count() {
                    1 => Some(Self::Source(source)),
                    _ if problems.list.len() > before => None,
                    _ => problems.invalid(span, "must have one of glob, range and lines", ""),
                }
            }
            _ => {
                let help =
                    "write `[\"a\", \"b\"]`, `{ glob = \"data/*\" }`, `{ range = [1, 10] }` or `{ lines = \"file\" }`";
                problems.mismatch(&value, "an array of values or a source of them", Some(help.to_owned()))
            }
        }
    }
}

looks_like! { RawValues<'_>, generator: either(
    json_schema!({ "type": "array", "minItems": 1, "items": generator.subschema_for::<Scalar<'_>>() }),
    one(generator.subschema_for::<RawSource<'_>>()),
) }

/// A table with one key.
fn one(mut table: Schema) -> Schema {
    table.insert("minProperties".to_owned(), 1.into());
    table.insert("maxProperties".to_owned(), 1.into());
    table
}

/// The keys of a matrix, each with its values.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) keys: Vec<String>,
    /// For each key; none where nothing was found.
    values: Vec<Vec<Value>>,
}

impl Matrix {
    /// Finds the values. `folder` is that of the manifest's file. `None` once problems have been noted.
    pub(super) fn read(raw: &RawMatrix<'_>, folder: &Path, known: Known<'_>, problems: &mut Problems) -> Option<Self> {
        let before = problems.list.len();
        let mut matrix = Self { keys: Vec::new(), values: Vec::new() };
        let mut cells = 1usize;
        for (key, raw) in &raw.keys {
            if let Some(problem) = template::name_problem(key.get_ref()) {
                problems.push(Problem::error(key.span(), problem));
            }
            let finder = Finder { folder, known, span: raw.span() };
            let length = match raw.get_ref() {
                RawValues::Source(RawSource { range: Some(range), .. }) => range.get_ref().len(),
                _ => 0,
            };
            // Before they are made: so many may not be to be had.
            if length.saturating_mul(cells.max(1)) > MOST_CELLS {
                problems.push(too_many(raw.span()));
                return None;
            }
            let values = finder.find(raw.get_ref(), problems).unwrap_or_default();
            cells = cells.saturating_mul(values.len());
            if cells > MOST_CELLS {
                problems.push(too_many(raw.span()));
                return None;
            }
            matrix.keys.push(key.get_ref().to_string());
            matrix.values.push(values);
        }
        (raw.is_whole && problems.list.len() == before).then_some(matrix)
    }

    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        self.values.iter().map(Vec::len).product()
    }

    /// Calls `each` with the name and the values of every cell, the last key's changing fastest.
    pub(super) fn for_each(&self, task: &str, mut each: impl FnMut(Filling<'_>)) {
        let mut name = String::new();
        let mut values: Vec<&Value> = Vec::with_capacity(self.keys.len());
        for cell in 0..self.len() {
            values.clear();
            let mut rest = cell;
            for own in self.values.iter().rev() {
                values.push(&own[rest % own.len()]);
                rest /= own.len();
            }
            values.reverse();
            name.clear();
            name.push_str(task);
            for (at, (key, value)) in self.keys.iter().zip(&values).enumerate() {
                _ = write!(name, "{}{key}={}", if at == 0 { '[' } else { ',' }, value.text);
            }
            name.push(']');
            each(Filling { values: &values, job: &name });
        }
    }
}

fn too_many(span: Range<usize>) -> Problem {
    Problem::error(span, format!("these are more than {MOST_CELLS} jobs")).help("let each job do more than one of them")
}

/// Finds the values of one key.
struct Finder<'a> {
    folder: &'a Path,
    known: Known<'a>,
    /// Where they are written.
    span: Range<usize>,
}

impl Finder<'_> {
    fn find(&self, raw: &RawValues<'_>, problems: &mut Problems) -> Option<Vec<Value>> {
        match raw {
            RawValues::List(list) => Some(self.listed(list, problems)),
            RawValues::Source(RawSource { range: Some(range), .. }) => Some(range.get_ref().values()),
            RawValues::Source(RawSource { glob: Some(glob), .. }) => {
                let pattern = self.here().expand(glob, Place::Pattern, problems)?;
                self.known.surroundings.note_source(self.folder, &pattern, true);
                let found = self.matching(&pattern).map_err(|what| (glob.span(), what));
                self.found(found, problems)
            }
            RawValues::Source(RawSource { lines: Some(file), .. }) => {
                let path = self.here().expand(file, Place::Text, problems)?;
                self.known.surroundings.note_source(self.folder, &path, false);
                let found = read_lines(&normalised(self.folder, &path));
                let found = found.map_err(|what| (file.span(), format!("`{path}` cannot be read: {what}")));
                self.found(found, problems)
            }
            RawValues::Source(_) => None,
        }
    }

    /// What is found is found on this machine.
    fn here(&self) -> Self {
        Self { known: Known { portable: false, ..self.known }, span: self.span.clone(), ..*self }
    }

    fn expand(&self, string: &Name<'_>, place: Place, problems: &mut Problems) -> Option<String> {
        let template = Template::read(string, place, self.known, problems)?;
        let constant = template.as_constant().map(str::to_owned);
        if constant.is_none() {
            let problem = Problem::error(string.span(), "`{{job}}` is not known before there are values");
            problems.push(problem);
        }
        constant
    }

    fn listed(&self, list: &[Spanned<Scalar<'_>>], problems: &mut Problems) -> Vec<Value> {
        let mut seen = HashSet::new();
        let mut values = Vec::new();
        for scalar in list {
            let string = Spanned::new(scalar.span(), scalar.get_ref().0.clone());
            let Some(text) = self.expand(&string, Place::Text, problems) else { continue };
            if let Some(what) = value_problem(&text) {
                problems.push(Problem::error(scalar.span(), what));
            } else if !seen.insert(text.clone()) {
                problems.push(Problem::error(scalar.span(), format!("the value `{text}` is there twice")));
            }
            values.push(Value { text, is_found: false });
        }
        values
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let unreadable = |error: io::Error| format!("`{pattern}` cannot be looked for: {}", text::io_error(&error));
        let paths: Vec<PathBuf> = match PathOrGlob::parse(Path::new(""), pattern) {
            Ok(PathOrGlob::Glob(glob)) => glob.expand(self.folder).map_err(unreadable)?,
            Ok(PathOrGlob::Path(path)) => {
                if self.folder.join(&path).is_file() {
                    vec![path]
                } else {
                    Vec::new()
                }
            }
            Err(what) => return Err(format!("`{pattern}` is no glob: {what}")),
        };
        let text = |path: PathBuf| {
            let not_text =
                |path: std::ffi::OsString| format!("the name of `{}` is not UTF-8", text::path(Path::new(&path)));
            let path = path.into_os_string().into_string().map_err(not_text)?;
            Ok(self.known.surroundings.as_portable(path))
        };
        paths.into_iter().map(text).collect()
    }

    fn found(&self, found: Result<Vec<String>, (Range<usize>, String)>, problems: &mut Problems) -> Option<Vec<Value>> {
        let mut seen = HashSet::new();
        let problem = match found {
            Err((span, what)) => Problem::error(span, what),
            Ok(texts) => {
                let wrong = texts.iter().find_map(|text| match value_problem(text) {
                    None if seen.insert(text) => None,
                    None => Some(format!("`{text}` is there twice")),
                    what => what,
                });
                match wrong {
                    None => return Some(texts.into_iter().map(|text| Value { text, is_found: true }).collect()),
                    Some(what) => Problem::error(self.span.clone(), what),
                }
            }
        };
        problems.push(problem);
        None
    }
}

/// What keeps a text from being part of a job's name.
fn value_problem(value: &str) -> Option<String> {
    let shown = || text::escape(value.as_bytes());
    value
        .contains(text::is_unsafe_to_show)
        .then(|| format!("the value `{}` would put a control character into a job's name", shown()))
}

/// The lines of a file that have something on them.
fn read_lines(path: &Path) -> Result<Vec<String>, String> {
    // A pipe would be waited on.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err("it is no regular file".to_owned());
    }
    let text = match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Err("it is not UTF-8".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(
                "it is not there, and no task can make it, because a matrix is known before anything runs".into()
            );
        }
        Err(error) => return Err(text::io_error(&error)),
    };
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}
