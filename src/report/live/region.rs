//! Drawing lines at the bottom of a terminal, and taking them away again.

use std::fmt::Write as _;

/// Clears the region away when the cursor is where [`Region`] leaves it, whatever has become of the terminal's width since.
const ERASE: &str = "\r\x1b[J";

/// The lines that stand at the bottom now, below an empty one. The cursor is left on that: from there all that is below can
/// be erased without knowing how many rows it takes by now. To count them is to be wrong after a resize, when some
/// terminals break lines anew and others do not. What is typed, and what a shell writes when procman was killed, comes
/// into the empty line, too.
#[derive(Debug, Default)]
pub(in crate::report) struct Region {
    is_drawn: bool,
}

impl Region {
    pub(in crate::report) fn is_drawn(&self) -> bool {
        self.is_drawn
    }

    /// Takes it away, so that something else can be written; after which it may be drawn again.
    pub(in crate::report) fn erase(&mut self, out: &mut String) {
        if std::mem::take(&mut self.is_drawn) {
            out.push_str(ERASE);
        }
    }

    /// Draws it in place of what is drawn. Each line is written over what is there, so that nothing flickers, and none is
    /// broken, so that they are as many rows as lines also if the width of something is not what it seems.
    pub(in crate::report) fn draw(&mut self, lines: &[String], out: &mut String) {
        out.push_str("\r\x1b[?7l");
        for line in lines {
            out.push_str("\x1b[K\r\n");
            out.push_str(line);
        }
        out.push_str("\x1b[J\x1b[?7h\r");
        if !lines.is_empty() {
            _ = write!(out, "\x1b[{}A", lines.len());
        }
        self.is_drawn = true;
    }
}
