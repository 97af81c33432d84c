//! What is wrong with a text file, as data, and its rendering for people.
//!
//! Knows files, places in them and messages. Does not know manifests, or where the rendering is shown.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::text;

/// A text file that problems are found in.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path as the user would write it.
    pub path: String,
    /// What it holds.
    pub text: String,
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
    /// Byte offsets in the text.
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

    fn start(&self) -> usize {
        self.labels[0].span.start
    }
}

/// Sorts problems by their place, and drops what is said twice.
pub(crate) fn sort(problems: &mut Vec<Problem>) {
    problems.sort_by(|a, b| a.start().cmp(&b.start()).then_with(|| a.message.cmp(&b.message)));
    problems.dedup();
}

/// Renders problems as cargo and rustc do: `--> file:line:column`, the lines with carets below, a help line.
#[derive(Debug)]
pub struct Rendering<'a> {
    source: &'a Source,
    renderer: Renderer,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl<'a> Rendering<'a> {
    /// For the problems of one file, with or without colors.
    pub fn new(source: &'a Source, colored: bool) -> Self {
        let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
        let starts = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { source, renderer, lines: std::iter::once(0).chain(starts).collect() }
    }

    /// One problem, ending in a newline.
    pub fn render(&self, problem: &Problem) -> String {
        // Only the lines in question are handed on: finding them anew for each problem would take long in a long file.
        let first = problem.labels.iter().map(|label| self.line(label.span.start)).min().unwrap_or(0);
        let last = problem.labels.iter().map(|label| self.line(label.span.end)).max().unwrap_or(first);
        let start = self.lines[first];
        let end = self.lines.get(last + 1).copied().unwrap_or(self.source.text.len());
        let text = harmless(&self.source.text[start..end]);
        let mut snippet =
            Snippet::source(text).path(text::escape(self.source.path.as_bytes())).line_start(first + 1).fold(true);
        for (at, label) in problem.labels.iter().enumerate() {
            let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let span = self.within(&label.span, start..end);
            let text = (!label.text.is_empty()).then(|| text::escape(label.text.as_bytes()));
            snippet = snippet.annotation(kind.span(span).label(text));
        }
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = level.primary_title(text::escape(problem.message.as_bytes())).element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(text::escape(help.as_bytes())));
        }
        let mut out = self.renderer.render(&[group]);
        out.push('\n');
        out
    }

    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset) - 1
    }

    /// The span relative to the window, on character boundaries, and within it.
    fn within(&self, span: &Range<usize>, window: Range<usize>) -> Range<usize> {
        let clamp = |offset: usize| {
            let mut offset = offset.clamp(window.start, window.end);
            while !self.source.text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset - window.start
        };
        clamp(span.start)..clamp(span.end)
    }
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
