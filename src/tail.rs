//! The end of a log, read without reading what comes before it.
//!
//! Knows files and how their bytes are written for people. Does not know where the end of a log is shown.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::{sys, text};

/// How many lines of a log the summary shows.
const LINES: usize = 20;
/// No more of a log than this is read, whatever its size.
const BYTES: u64 = 16 * 1024;
/// A line of up to this many bytes is shown whole.
const WHOLE_LINE: usize = 1200;
/// So many bytes of a longer line are shown at either end of it.
const LINE_ENDS: usize = 400;

/// The last lines of a log, escaped, and whether there is more before them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) lines: Vec<String>,
    pub(crate) cut: bool,
}

/// The last bytes of a log as they are, and how many come before them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LastBytes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) skipped: u64,
}

impl LastBytes {
    /// At most so many.
    pub(crate) fn read(path: &Path, most: u64) -> io::Result<Self> {
        let mut file = sys::open_regular(path)?;
        let size = file.metadata()?.len();
        let skipped = size.saturating_sub(most);
        file.seek(SeekFrom::Start(skipped))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(Self { bytes, skipped })
    }
}

impl Tail {
    /// As many lines as a summary shows.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let LastBytes { bytes, skipped } = LastBytes::read(path, BYTES)?;
        Ok(Self::of(&bytes, skipped > 0, LINES))
    }

    /// So many lines out of so many bytes, less the sequences that color a terminal or move about on it: for readers who
    /// have none.
    pub(crate) fn read_plain(path: &Path, lines: usize, bytes: u64) -> io::Result<Self> {
        let LastBytes { bytes, skipped } = LastBytes::read(path, bytes)?;
        Ok(Self::of(&text::without_sequences(&bytes), skipped > 0, lines))
    }

    fn of(bytes: &[u8], cut: bool, most: usize) -> Self {
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if text.is_empty() {
            return Self { lines: Vec::new(), cut };
        }
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        let from = lines.len().saturating_sub(most);
        Self { lines: lines[from..].iter().map(|line| show(line)).collect(), cut: cut || from > 0 }
    }
}

/// A line as it was left: programs that show how far they are go back to its beginning again and again. Of a long one both
/// ends: minified text or binary data would push all else off the screen.
fn show(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.rsplit(|byte| *byte == b'\r').next().unwrap_or_default();
    if line.len() <= WHOLE_LINE {
        return escape(line);
    }
    let (begin, rest) = line.split_at(character_from(line, LINE_ENDS));
    let (middle, end) = rest.split_at(character_from(rest, rest.len() - LINE_ENDS));
    format!("{} [... {} ...] {}", escape(begin), text::count(middle.len(), "byte"), escape(end))
}

/// The first place from `place` on at which a character begins. In what is not UTF-8 it is `place`.
fn character_from(bytes: &[u8], place: usize) -> usize {
    let begins = |byte: &u8| *byte & 0b1100_0000 != 0b1000_0000;
    place + bytes[place..].iter().take(4).position(begins).unwrap_or(0)
}

/// A tab only moves to the right, and compilers line up their carets with it; a carriage return before the line's end
/// belongs to the line's end. All else that acts is escaped.
fn escape(line: &[u8]) -> String {
    let parts: Vec<String> = line.split(|byte| *byte == b'\t').map(text::escape).collect();
    parts.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_escaped() {
        assert_eq!(Tail::of(b"", false, LINES), Tail { lines: vec![], cut: false });
        assert_eq!(
            Tail::of(b"a\r\n\tb\x1b[0m\n10 %\r90 %\r\n", false, LINES),
            Tail { lines: vec!["a".into(), "\tb\\x1b[0m".into(), "90 %".into()], cut: false }
        );
        let many: Vec<String> = (0..25).map(|n| n.to_string()).collect();
        let tail = Tail::of(many.join("\n").as_bytes(), false, LINES);
        assert_eq!((tail.lines.len(), tail.lines[0].as_str(), tail.cut), (20, "5", true));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(show(&[b'x'; WHOLE_LINE]), "x".repeat(WHOLE_LINE));
        assert_eq!(show("é".repeat(1000).as_bytes()), format!("{0} [... 1200 bytes ...] {0}", "é".repeat(200)));
        let between = show(format!("x{}x", "é".repeat(1000)).as_bytes());
        assert_eq!(between, format!("x{0} [... 1202 bytes ...] {1}x", "é".repeat(200), "é".repeat(199)));
    }

    /// No byte of it begins a character.
    #[test]
    fn a_long_line_may_be_anything() {
        assert_eq!(show(&[0x80; 1201]), format!("{0} [... 401 bytes ...] {0}", r"\x80".repeat(400)));
    }
}
