//! How the bytes of one log look where they are shown.

use memchr::memchr_iter;

use crate::report::Display;
use crate::text::OutputEscaper;

/// Puts a prefix in front of each line, and escapes what acts on a terminal.
#[derive(Debug)]
pub(super) struct Pen {
    prefix: Vec<u8>,
    escaper: Option<OutputEscaper>,
    in_line: bool,
}

impl Pen {
    pub(super) fn new(prefix: Vec<u8>, escapes: bool) -> Self {
        Self { prefix, escaper: escapes.then(OutputEscaper::default), in_line: false }
    }

    /// Shows what comes next.
    pub(super) fn show(&mut self, bytes: &[u8], display: &mut Display) {
        display.output(|out| match self {
            Self { prefix, escaper: None, .. } if prefix.is_empty() => out.extend_from_slice(bytes),
            Self { prefix, escaper: Some(escaper), .. } if prefix.is_empty() => escaper.push_apart(bytes, out),
            _ => lines(bytes).for_each(|line| self.show_line(line, out)),
        });
        self.in_line = bytes.last().map_or(self.in_line, |last| *last != b'\n');
    }

    /// There is no more: ends the line.
    pub(super) fn finish(&mut self, display: &mut Display) {
        let Self { escaper, in_line, .. } = self;
        if *in_line {
            display.output(|out| {
                if let Some(escaper) = escaper {
                    escaper.finish_apart(out);
                }
                out.push(b'\n');
            });
        }
    }

    /// A line, or as much of it as there is.
    fn show_line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if !self.in_line {
            out.extend_from_slice(&self.prefix);
        }
        self.in_line = line.last() != Some(&b'\n');
        match &mut self.escaper {
            None => out.extend_from_slice(line),
            Some(escaper) => {
                escaper.push_apart(line.strip_suffix(b"\n").unwrap_or(line), out);
                if !self.in_line {
                    // A carriage return may have been held back, which belongs to the line's end.
                    escaper.push(b"\n", out);
                }
            }
        }
    }
}

/// Each line with its end, the last as far as it goes.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr_iter(b'\n', bytes).map(|at| at + 1);
    let mut from = 0;
    ends.chain([bytes.len()]).filter_map(move |to| {
        let line = &bytes[from..to];
        from = to;
        (!line.is_empty()).then_some(line)
    })
}
