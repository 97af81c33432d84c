//! `{{…}}` in the strings of a manifest.
//!
//! A string is read once for its task: what is known then (vars, variables of procman's own environment, folders) is put
//! in at once, and what differs from job to job is left as a hole to be filled for each. Every name is checked when the
//! string is read, so filling holes cannot fail. Does not know which keys of a task may have templates.

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::path::Path;

use indexmap::IndexMap;

use super::decode::Problems;
use super::raw::Name;
use super::surroundings::Surroundings;
use crate::diagnostic::Problem;
use crate::glob;
use crate::text;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// The names that stand for any number of arguments.
pub(super) const SPLATS: [&str; 3] = ["args", "inputs", "outputs"];
/// The other names that are always there.
const BUILT_IN: [&str; 4] = ["task", "job", ROOT, "invocation_dir"];
const ENVIRONMENT: &str = "env";
const ROOT: &str = "root";

/// A string with its holes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Hole(Of, Option<Part>),
}

/// What fills a hole.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Of {
    /// The value of the matrix key with this number.
    Key(usize),
    /// The job's name.
    Job,
}

/// What of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Stem,
    Name,
    Dir,
    Ext,
}

/// What a value is in the string it is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A text.
    Text,
    /// A path: where it begins with the manifest's folder, that is the same on any machine.
    Path,
    /// A pattern: of what was found, and not written in the manifest, no character is special.
    Pattern,
}

/// A value of a matrix key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    /// Whether it is the name of a file or a line of one.
    pub(super) is_found: bool,
}

/// What the holes of one job are filled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'a> {
    /// The values of the matrix keys, in order.
    pub(super) values: &'a [&'a Value],
    pub(super) job: &'a str,
}

/// What can be named in the strings of a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) vars: &'a IndexMap<String, String>,
    pub(super) surroundings: &'a Surroundings<'a>,
    pub(super) task: &'a str,
    /// The keys of the task's matrix, in order.
    pub(super) keys: &'a [String],
    /// Whether to leave what depends on the machine as it is written.
    pub(super) portable: bool,
}

impl Template {
    /// Reads a string. `None` once its problems have been noted.
    pub(super) fn read(string: &Name<'_>, place: Place, known: Known<'_>, problems: &mut Problems) -> Option<Self> {
        let text = &**string.get_ref();
        if !is_one(text) {
            return Some(Self::constant(text));
        }
        let before = problems.list.len();
        let mut reader = Reader { string, place, known, pieces: Vec::new() };
        let mut at = 0;
        while let Some(open) = text[at..].find(OPEN).map(|found| at + found) {
            reader.text(&text[at..open]);
            let inside = open + OPEN.len();
            if text[inside..].starts_with(OPEN) {
                reader.text(OPEN);
                at = inside + OPEN.len();
                continue;
            }
            let Some(close) = text[inside..].find(CLOSE).map(|found| inside + found) else {
                let problem = Problem::error(reader.span(open..text.len()), "`{{` is not closed");
                problems.push(problem.help("close it with `}}`, or write `{{{{` for two plain braces"));
                return None;
            };
            reader.name(inside..close, problems);
            at = close + CLOSE.len();
        }
        reader.text(&text[at..]);
        (problems.list.len() == before).then_some(Self { pieces: reader.pieces })
    }

    pub(super) fn constant(text: &str) -> Self {
        Self { pieces: vec![Piece::Text(text.to_owned())] }
    }

    /// The text, if it is the same for every job.
    pub(super) fn as_constant(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What it is without its first character, which must be written as such.
    pub(super) fn without_first_char(mut self) -> Self {
        if let Some(Piece::Text(text)) = self.pieces.first_mut() {
            text.remove(0);
        }
        self
    }

    /// What it comes to in one job.
    pub(super) fn fill(&self, filling: Filling<'_>, place: Place) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Hole(Of::Job, part) => push(&mut out, part_of(filling.job, *part), place == Place::Pattern),
                Piece::Hole(Of::Key(key), part) => {
                    let value = filling.values[*key];
                    push(&mut out, part_of(&value.text, *part), place == Place::Pattern && value.is_found);
                }
            }
        }
        out
    }
}

fn push(out: &mut String, text: &str, escaped: bool) {
    if escaped {
        out.push_str(&glob::escape(text));
    } else {
        out.push_str(text);
    }
}

/// Whether a string is more than what it says.
pub(super) fn is_one(text: &str) -> bool {
    text.contains(OPEN)
}

/// Which of the names that stand for any number of arguments a string is, if it is nothing else.
pub(super) fn splat(text: &str) -> Option<&'static str> {
    let name = text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?.trim();
    SPLATS.into_iter().find(|splat| *splat == name)
}

/// What no var and no key of a matrix can be called.
pub(super) fn names_with_a_meaning() -> impl Iterator<Item = &'static str> {
    BUILT_IN.into_iter().chain(SPLATS).chain([ENVIRONMENT])
}

/// What keeps a text from being the name of a value.
pub(super) fn name_problem(name: &str) -> Option<String> {
    if names_with_a_meaning().any(|taken| taken == name) {
        return Some(format!("`{name}` has a meaning of its own in `{{{{…}}}}`; choose another name"));
    }
    let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    (name.is_empty() || !name.chars().all(is_plain))
        .then(|| format!("`{name}` cannot be a name in `{{{{…}}}}`; use letters, digits, `_` and `-`"))
}

struct Reader<'a, 'i> {
    string: &'a Name<'i>,
    place: Place,
    known: Known<'a>,
    pieces: Vec<Piece>,
}

impl Reader<'_, '_> {
    fn text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// What stands between braces.
    fn name(&mut self, range: Range<usize>, problems: &mut Problems) {
        let string = self.string;
        let name = string.get_ref()[range.clone()].trim();
        let Known { keys, vars, surroundings, task, .. } = self.known;
        if let Some(variable) = name.strip_prefix(ENVIRONMENT).and_then(|rest| rest.strip_prefix('.')) {
            let (variable, part) = match variable.rsplit_once('.').map(|(base, part)| (base, Part::named(part))) {
                Some((base, Some(part))) => (base, Some(part)),
                _ => (variable, None),
            };
            if let Some(value) = self.variable(variable, &range, problems) {
                self.of_the_machine(&value, part, name);
            }
            return;
        }
        let (base, part) = match name.split_once('.') {
            None => (name, None),
            Some((base, part)) => match Part::named(part) {
                Some(part) => (base, Some(part)),
                None => return self.unknown_part(base, part, &range, problems),
            },
        };
        if let Some(key) = keys.iter().position(|key| key == base) {
            self.pieces.push(Piece::Hole(Of::Key(key), part));
        } else if let Some(value) = vars.get(base) {
            self.text(part_of(value, part));
        } else {
            let folder = match base {
                "task" => return self.text(part_of(task, part)),
                "job" => return self.pieces.push(Piece::Hole(Of::Job, part)),
                ROOT => &surroundings.root,
                "invocation_dir" => &surroundings.invocation_dir,
                _ => return self.unknown(base, &range, problems),
            };
            let Some(folder) = folder.to_str() else {
                let message = format!("the path `{}` is not UTF-8", text::path(folder));
                return problems.push(Problem::error(self.span(range), message).help("rename the folder"));
            };
            self.of_the_machine(folder, part, name);
        }
    }

    /// Puts in what differs from machine to machine.
    fn of_the_machine(&mut self, value: &str, part: Option<Part>, name: &str) {
        let begins_at_root = self.pieces.is_empty() && name == ROOT;
        let text = if self.known.portable && !(self.place == Place::Path && begins_at_root) {
            &format!("{OPEN}{name}{CLOSE}")
        } else {
            part_of(value, part)
        };
        if self.place == Place::Pattern {
            self.text(&glob::escape(text));
        } else {
            self.text(text);
        }
    }

    /// A variable of procman's own environment; `None` once its problem has been noted.
    fn variable(&self, name: &str, range: &Range<usize>, problems: &mut Problems) -> Option<String> {
        if self.known.portable {
            return Some(String::new());
        }
        let problem = |text: String| Problem::error(self.span(range.clone()), text);
        match std::env::var_os(name).map(OsString::into_string) {
            Some(Ok(value)) => Some(value),
            Some(Err(_)) => {
                problems.push(problem(format!("the value of the environment variable `{name}` is not UTF-8")));
                None
            }
            None => {
                let problem = problem(format!("the environment variable `{name}` is not set"));
                problems.push(problem.help("set it where procman is started"));
                None
            }
        }
    }

    fn unknown_part(&self, base: &str, part: &str, range: &Range<usize>, problems: &mut Problems) {
        let message = format!("`{base}` has no part `{part}`");
        let problem = Problem::error(self.span(range.clone()), message);
        problems.push(problem.help("a value has the parts .stem, .name, .dir and .ext"));
    }

    fn unknown(&self, name: &str, range: &Range<usize>, problems: &mut Problems) {
        let span = self.span(range.clone());
        if SPLATS.contains(&name) {
            let message = format!("`{{{{{name}}}}}` stands for any number of arguments");
            problems.push(Problem::error(span, message).help("let it be an element of `argv` of its own"));
            return;
        }
        let known = self.known.keys.iter().chain(self.known.vars.keys()).map(String::as_str).chain(BUILT_IN);
        let help = problems.suggest(name, known.clone().chain(SPLATS)).unwrap_or_else(|| {
            let known: Vec<&str> = known.collect();
            format!("there are {} and env.NAME; write `{{{{{{{{` for two plain braces", known.join(", "))
        });
        let message = if name.is_empty() {
            "`{{}}` names nothing".to_owned()
        } else {
            format!("there is no `{name}` to put in here")
        };
        problems.push(Problem::error(span, message).help(help));
    }

    /// The place in the manifest of a part of the string.
    fn span(&self, range: Range<usize>) -> Range<usize> {
        self.known.surroundings.place(self.string.span(), range)
    }
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        match name {
            "stem" => Some(Self::Stem),
            "name" => Some(Self::Name),
            "dir" => Some(Self::Dir),
            "ext" => Some(Self::Ext),
            _ => None,
        }
    }
}

fn part_of(value: &str, part: Option<Part>) -> &str {
    let path = Path::new(value);
    let found = match part {
        None => return value,
        Some(Part::Name) => path.file_name(),
        Some(Part::Stem) => path.file_stem(),
        Some(Part::Ext) => path.extension(),
        Some(Part::Dir) => match path.parent().map(Path::as_os_str) {
            None => None,
            Some(folder) if folder.is_empty() => return ".",
            folder => folder,
        },
    };
    found.and_then(OsStr::to_str).unwrap_or_default()
}
