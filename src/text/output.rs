//! A job's output for a terminal: its lines and colors (`ESC [ … m`) are kept, everything else that acts is escaped.

use super::escape;

/// A longer sequence is taken for something else, so that no more than this has to be held back.
const LONGEST_COLOR: usize = 64;
/// No more than this is remembered of the colors that are on.
const MOST_ACTIVE: usize = 256;

/// All of a job's output.
#[cfg(test)]
fn escape_output(bytes: &[u8]) -> String {
    let mut escaper = OutputEscaper::default();
    let mut out = Vec::with_capacity(bytes.len());
    escaper.push(bytes, &mut out);
    escaper.finish(&mut out);
    String::from_utf8(out).expect("what is escaped is text")
}

/// Escapes output that comes in pieces, wherever they are cut: what is only the beginning of a character, of a color or
/// of a line's end is held back until the rest is there.
#[derive(Debug, Default)]
pub(crate) struct OutputEscaper {
    held: Vec<u8>,
    /// The colors that are on, as they were set.
    active: Vec<u8>,
}

/// What some output begins with.
enum Piece {
    Kept(usize),
    Color(usize),
    Escaped(usize),
    /// More of it has to be seen.
    Unfinished,
}

impl OutputEscaper {
    /// Adds to `out` what can be told of the output so far.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.held.is_empty() {
            let used = self.take(bytes, false, out);
            self.held.extend_from_slice(&bytes[used..]);
        } else {
            let mut all = std::mem::take(&mut self.held);
            all.extend_from_slice(bytes);
            let used = self.take(&all, false, out);
            all.drain(..used);
            self.held = all;
        }
    }

    /// Nothing follows: adds what was held back.
    fn finish(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.take(&held, true, out);
    }

    /// The same as [`Self::push`] where something else is shown before and after: the colors that are on are off in
    /// between.
    pub(crate) fn push_apart(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if !bytes.is_empty() {
            out.extend_from_slice(&self.active);
            self.push(bytes, out);
            self.suspend_colors(out);
        }
    }

    /// The same of [`Self::finish`].
    pub(crate) fn finish_apart(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            out.extend_from_slice(&self.active);
            self.finish(out);
            self.suspend_colors(out);
        }
    }

    fn suspend_colors(&self, out: &mut Vec<u8>) {
        if !self.active.is_empty() {
            out.extend_from_slice(b"\x1b[0m");
        }
    }

    /// The answer is how much of it could be told.
    fn take(&mut self, bytes: &[u8], is_last: bool, out: &mut Vec<u8>) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = match first_piece(rest, is_last) {
                Piece::Kept(length) => {
                    out.extend_from_slice(&rest[..length]);
                    length
                }
                Piece::Color(length) => {
                    out.extend_from_slice(&rest[..length]);
                    self.note_color(&rest[..length]);
                    length
                }
                Piece::Escaped(length) => {
                    out.extend_from_slice(escape(&rest[..length]).as_bytes());
                    length
                }
                Piece::Unfinished => break,
            };
            rest = &rest[length..];
        }
        bytes.len() - rest.len()
    }

    fn note_color(&mut self, sequence: &[u8]) {
        let parameters = &sequence[2..sequence.len() - 1];
        let first = parameters.split(|byte| *byte == b';').next().unwrap_or_default();
        if first.iter().all(|byte| *byte == b'0') || self.active.len() + sequence.len() > MOST_ACTIVE {
            self.active.clear();
        }
        if !parameters.iter().all(|byte| b"0;".contains(byte)) {
            self.active.extend_from_slice(sequence);
        }
    }
}

fn first_piece(bytes: &[u8], is_last: bool) -> Piece {
    match bytes {
        [b'\n' | b'\t', ..] => return Piece::Kept(1),
        [b'\r', b'\n', ..] => return Piece::Kept(2),
        [b'\r'] if !is_last => return Piece::Unfinished,
        [0x1b, ..] => match sequence(bytes) {
            Sequence::Color(length) => return Piece::Color(length),
            Sequence::Unfinished if !is_last => return Piece::Unfinished,
            Sequence::Unfinished | Sequence::Other => {}
        },
        _ => {}
    }
    let next = bytes[1..].iter().position(|byte| b"\n\t\r\x1b".contains(byte)).map_or(bytes.len(), |at| at + 1);
    let cut = if next == bytes.len() && !is_last { cut_character(bytes) } else { 0 };
    if cut == next { Piece::Unfinished } else { Piece::Escaped(next - cut) }
}

/// What begins with an escape.
enum Sequence {
    /// It only sets colors and the like, and is so long.
    Color(usize),
    Other,
    Unfinished,
}

fn sequence(bytes: &[u8]) -> Sequence {
    match bytes.get(1) {
        None => return Sequence::Unfinished,
        Some(b'[') => {}
        Some(_) => return Sequence::Other,
    }
    let mut rest = bytes.iter().enumerate().take(LONGEST_COLOR).skip(2);
    match rest.find(|(_, byte)| !matches!(byte, b'0'..=b'9' | b';' | b':')) {
        Some((at, b'm')) => Sequence::Color(at + 1),
        None if bytes.len() < LONGEST_COLOR => Sequence::Unfinished,
        Some(_) | None => Sequence::Other,
    }
}

/// How many bytes at the end are the beginning of a character, and no more.
fn cut_character(bytes: &[u8]) -> usize {
    let is_cut = |length: &usize| {
        let begun = bytes.get(bytes.len() - length..).map(std::str::from_utf8);
        matches!(begun, Some(Err(error)) if error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=bytes.len().min(3)).find(is_cut).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::pieces;
    use super::*;
    use crate::text::is_unsafe_to_show;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn of_output_only_lines_and_colors_act(bytes in pieces()) {
            let text = escape_output(&bytes);
            let acts = |c: char| is_unsafe_to_show(c) && !"\n\t\r\x1b".contains(c);
            prop_assert!(!text.contains(acts), "{:?}", text);
            prop_assert!(text.split('\r').skip(1).all(|after| after.starts_with('\n')), "{:?}", text);
            let is_color = |after: &str| matches!(sequence(format!("\x1b{after}").as_bytes()), Sequence::Color(_));
            prop_assert!(text.split('\x1b').skip(1).all(is_color), "{:?}", text);
        }

        #[test]
        fn wherever_output_is_cut_it_is_shown_the_same(
            bytes in pieces(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let (mut escaper, mut out) = (OutputEscaper::default(), Vec::new());
            for ends in cuts.windows(2) {
                escaper.push(&bytes[ends[0]..ends[1]], &mut out);
                prop_assert!(escaper.held.len() < LONGEST_COLOR);
            }
            escaper.finish(&mut out);
            prop_assert_eq!(String::from_utf8(out).expect("text"), escape_output(&bytes));
        }
    }

    #[test]
    fn output_keeps_its_lines_and_colors_and_nothing_else_that_acts() {
        assert_eq!(escape_output(b"\x1b[1;31mred\x1b[0m\tx\r\n"), "\x1b[1;31mred\x1b[0m\tx\r\n");
        assert_eq!(escape_output(b"a\rb\x1b[2Jc\x1b]0;t\x07"), "a\\rb\\x1b[2Jc\\x1b]0;t\\x07");
        assert_eq!(escape_output(b"\x1b[31"), "\\x1b[31");
        let endless = format!("\x1b[{}m", "1;".repeat(100));
        assert_eq!(escape_output(endless.as_bytes()), endless.replace('\x1b', "\\x1b"));
    }

    #[test]
    fn colors_are_switched_off_in_between_and_on_again() {
        let shown = |pieces: &[&[u8]]| {
            let (mut escaper, mut out) = (OutputEscaper::default(), Vec::new());
            for piece in pieces {
                escaper.push_apart(piece, &mut out);
                out.push(b'|');
            }
            escaper.finish_apart(&mut out);
            String::from_utf8(out).expect("text")
        };
        assert_eq!(shown(&[b"\x1b[31mred", b"x"]), "\x1b[31mred\x1b[0m|\x1b[31mx\x1b[0m|");
        assert_eq!(shown(&[b"\x1b[31m\x1b[1mred", b"x"]), "\x1b[31m\x1b[1mred\x1b[0m|\x1b[31m\x1b[1mx\x1b[0m|");
        assert_eq!(shown(&[b"\x1b[31m\x1b[0;1mbold", b"x"]), "\x1b[31m\x1b[0;1mbold\x1b[0m|\x1b[0;1mx\x1b[0m|");
        assert_eq!(shown(&[b"\x1b[31mred\x1b[m", b"x"]), "\x1b[31mred\x1b[m|x|");
        assert_eq!(shown(&[b"\x1b[31mred\r"]), "\x1b[31mred\x1b[0m|\x1b[31m\\r\x1b[0m");
    }
}
