//! Writing a log to stdout, from where the last look at it ended.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::context::stdout_result;
use super::{Error, unreadable};
use crate::sys;
use crate::text::OutputEscaper;

/// So much of a log is read at a time.
const STRETCH: usize = 64 * 1024;

/// A log on its way to stdout: the bytes as they are; to a terminal with everything but colors escaped.
pub(super) struct LogOutput {
    path: PathBuf,
    file: Option<File>,
    position: u64,
    /// Nothing is escaped without it.
    escaper: Option<OutputEscaper>,
    /// Whether to leave the end of a line for the next look until it is whole, because others write between.
    whole_lines: bool,
}

/// Whether there is anybody to write for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Reads,
    HasGoneAway,
}

impl LogOutput {
    pub(super) fn new(path: PathBuf, raw: bool, whole_lines: bool) -> Self {
        let escaper = (!raw && io::stdout().is_terminal()).then(OutputEscaper::default);
        Self { path, file: None, position: 0, escaper, whole_lines }
    }

    /// Writes what is there, `is_all` if nothing is to come. Until then there need not even be a log.
    pub(super) fn show(&mut self, is_all: bool) -> Result<Reader, Error> {
        let file = match self.file.take() {
            Some(file) => file,
            None => match sys::open_regular(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !is_all => return Ok(Reader::Reads),
                opened => opened.map_err(|error| unreadable(&self.path, &error))?,
            },
        };
        let file = self.file.insert(file);
        let mut stdout = io::stdout().lock();
        let (mut bytes, mut text) = (vec![0; STRETCH], Vec::new());
        loop {
            let length = match file.read_at(&mut bytes, self.position) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| unreadable(&self.path, &error))?,
            };
            let stretch = &bytes[..length];
            let taken = if self.whole_lines && !is_all { whole_lines(stretch) } else { length };
            if taken == 0 {
                break;
            }
            self.position += taken as u64;
            let written = match &mut self.escaper {
                None => stdout.write_all(&stretch[..taken]),
                Some(escaper) => {
                    text.clear();
                    escaper.push_apart(&stretch[..taken], &mut text);
                    stdout.write_all(&text)
                }
            };
            if written.is_err() {
                return stdout_result(written).map(|()| Reader::HasGoneAway);
            }
        }
        text.clear();
        if let (Some(escaper), true) = (&mut self.escaper, is_all) {
            escaper.finish_apart(&mut text);
        }
        let written = stdout.write_all(&text).and_then(|()| stdout.flush());
        let reader = if written.is_err() { Reader::HasGoneAway } else { Reader::Reads };
        stdout_result(written).map(|()| reader)
    }
}

/// How many of these bytes are whole lines; all of them where not even one fits into a stretch.
fn whole_lines(stretch: &[u8]) -> usize {
    let without_end = if stretch.len() == STRETCH { STRETCH } else { 0 };
    stretch.iter().rposition(|byte| *byte == b'\n').map_or(without_end, |newline| newline + 1)
}
