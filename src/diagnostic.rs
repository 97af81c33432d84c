//! What is wrong with text files, as data, and its rendering for people.
//!
//! Knows files, places in them and messages. Does not know manifests, or where the rendering is shown.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::text;

/// A text file that problems are found in.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path as the user would write it.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// The text files that problems are found in, laid one after the other: a place in any of them is one number, the byte
/// offset in the whole.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Each with the offset at which it starts; at least one.
    files: Vec<(usize, Source)>,
}

impl From<Source> for Sources {
    fn from(source: Source) -> Self {
        Self::new([source])
    }
}

impl Sources {
    /// Those files, in this order; at least one.
    pub(crate) fn new(sources: impl IntoIterator<Item = Source>) -> Self {
        let mut start = 0;
        let place = |source: Source| {
            let next = Self::next_start(start, &source.text);
            (std::mem::replace(&mut start, next), source)
        };
        Self { files: sources.into_iter().map(place).collect() }
    }

    /// Where a file starts that comes after one that starts at `start` and holds `text`. The place behind the last
    /// character belongs to the file that ends there.
    pub(crate) fn next_start(start: usize, text: &str) -> usize {
        start + text.len() + 1
    }

    /// The manifest itself; what it includes comes after it.
    pub fn top(&self) -> &Source {
        &self.files[0].1
    }

    /// The manifest itself alone.
    pub(crate) fn into_top(mut self) -> Source {
        self.files.swap_remove(0).1
    }

    /// All files, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Source> {
        self.files.iter().map(|(_, source)| source)
    }

    /// The file that a place lies in, and the byte offset in its own text.
    pub fn find(&self, place: usize) -> (&Source, usize) {
        let (file, offset) = self.place(place);
        (&self.files[file].1, offset)
    }

    /// The same, with the file's place among all.
    pub(crate) fn place(&self, place: usize) -> (usize, usize) {
        let file = self.index(place);
        (file, place - self.files[file].0)
    }

    /// What stands there; `None` when that is not within one file, or ends inside of a character.
    pub fn text(&self, span: &Range<usize>) -> Option<&str> {
        let (source, start) = self.find(span.start);
        source.text.get(start..start + span.end.checked_sub(span.start)?)
    }

    /// The paths of the files that problems are in, in order.
    pub(crate) fn paths_of(&self, problems: &[Problem]) -> String {
        let mut files: Vec<usize> = problems.iter().map(|problem| self.index(problem.start())).collect();
        files.sort_unstable();
        files.dedup();
        text::names(&files.iter().map(|file| &self.files[*file].1.path).collect::<Vec<_>>())
    }

    fn index(&self, place: usize) -> usize {
        self.files.partition_point(|(start, _)| *start <= place) - 1
    }
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be run.
    Error,
    /// It may be meant that way.
    Warning,
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What it is; one line.
    pub message: String,
    /// Where; the first is the place itself, the others explain.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A place in a file, and what to say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Byte offsets in the whole of the [`Sources`].
    pub span: Range<usize>,
    /// May be empty.
    pub text: String,
}

impl Problem {
    /// An error at a place.
    pub(crate) fn error(span: Range<usize>, message: impl Into<String>) -> Self {
        let label = Label { span, text: String::new() };
        Self { severity: Severity::Error, message: message.into(), labels: vec![label], help: None }
    }

    /// A warning at a place.
    pub(crate) fn warning(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// With a text at the place itself.
    pub(crate) fn labelled(mut self, text: impl Into<String>) -> Self {
        self.labels[0].text = text.into();
        self
    }

    /// With another place that explains it.
    pub(crate) fn and(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// With what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// So far along in the whole.
    pub(crate) fn moved(mut self, by: usize) -> Self {
        for label in &mut self.labels {
            label.span = label.span.start + by..label.span.end + by;
        }
        self
    }

    fn start(&self) -> usize {
        self.labels[0].span.start
    }
}

/// Sorts problems by their place, and drops what is said twice.
pub(crate) fn sort(problems: &mut Vec<Problem>) {
    problems.sort_by(|a, b| a.start().cmp(&b.start()).then_with(|| a.message.cmp(&b.message)));
    // The help may differ by what else is known where it was found.
    problems.dedup_by(|a, b| a.labels == b.labels && a.message == b.message);
}

/// Renders problems as cargo and rustc do: `--> file:line:column`, the lines with carets below, a help line.
#[derive(Debug)]
pub struct Rendering<'a> {
    sources: &'a Sources,
    renderer: Renderer,
    /// Where each line of each file starts.
    lines: Vec<usize>,
}

impl<'a> Rendering<'a> {
    /// For the problems of these files, with or without colors.
    pub fn new(sources: &'a Sources, colored: bool) -> Self {
        let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
        let lines = sources.files.iter().flat_map(|(start, source)| {
            let newlines = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(*start).chain(newlines.map(move |(at, _)| start + at + 1))
        });
        Self { sources, renderer, lines: lines.collect() }
    }

    /// One problem, ending in a newline.
    pub fn render(&self, problem: &Problem) -> String {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        // The file of the place itself first.
        let mut files = Vec::new();
        for label in &problem.labels {
            let file = self.sources.index(label.span.start);
            if !files.contains(&file) {
                files.push(file);
            }
        }
        let title = level.primary_title(text::escape(problem.message.as_bytes()));
        let mut group = Group::with_title(title).elements(files.iter().map(|file| self.snippet(*file, problem)));
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(text::escape(help.as_bytes())));
        }
        let mut out = self.renderer.render(&[group]);
        out.push('\n');
        out
    }

    /// What a problem says of one file.
    fn snippet(&self, file: usize, problem: &Problem) -> Snippet<'a, Annotation<'a>> {
        let (base, source) = &self.sources.files[file];
        let labels = || problem.labels.iter().enumerate().filter(|(_, at)| self.sources.index(at.span.start) == file);
        // Only the lines in question are handed on: finding them anew for each problem would take long in a long file.
        let first = labels().map(|(_, label)| self.line(label.span.start)).min().unwrap_or(0);
        let last = labels().map(|(_, label)| self.line(label.span.end)).max().unwrap_or(first);
        let start = self.lines[first] - base;
        let end = self.lines.get(last + 1).map_or(source.text.len(), |next| (next - base).min(source.text.len()));
        let snippet = Snippet::source(harmless(&source.text[start..end]))
            .path(text::escape(source.path.as_bytes()))
            .line_start(first - self.line(*base) + 1)
            .fold(true);
        let annotations = labels().map(|(at, label)| {
            let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let within = |place: usize| boundary(&source.text, place - base).clamp(start, end) - start;
            let text = (!label.text.is_empty()).then(|| text::escape(label.text.as_bytes()));
            kind.span(within(label.span.start)..within(label.span.end)).label(text)
        });
        snippet.annotations(annotations)
    }

    /// The place of a line among all.
    fn line(&self, place: usize) -> usize {
        self.lines.partition_point(|start| *start <= place) - 1
    }
}

/// The nearest boundary between characters, there or before.
fn boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Puts a mark of as many bytes, so that spans stay right, in place of each character that acts instead of being seen.
/// Those of one byte are left to the renderer, which has pictures for them.
fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| !c.is_ascii() && text::is_unsafe_to_show(c)) {
        return Cow::Borrowed(text);
    }
    let mark = |c: char| match c.len_utf8() {
        2 if text::is_unsafe_to_show(c) => '\u{bf}',
        3 if text::is_unsafe_to_show(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    Cow::Owned(text.chars().map(mark).collect())
}
