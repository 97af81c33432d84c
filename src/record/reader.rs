//! Reading a record, whole or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use crate::event::{Event, FORMAT_VERSION, RunRecord};
use crate::{sys, text};

/// Why a record cannot be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    Io(io::Error),
    /// It was written by a later procman, in this version of the format.
    Newer(u32),
    /// Its first event is missing or not a record's.
    NoStart,
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => f.write_str(&text::io_error(error)),
            Self::Newer(version) => write!(f, "it is of format {version}; this procman reads up to {FORMAT_VERSION}"),
            Self::NoStart => f.write_str("it does not begin with a run's start"),
        }
    }
}

/// Folds the events of a record. Events that this procman does not know are passed over. Reading ends without an error
/// at the first line that is cut or is no event at all: what comes before it is what is known.
pub(crate) fn read_record(path: &Path) -> Result<RunRecord, ReadError> {
    let file = sys::open_regular(path).map_err(ReadError::Io)?;
    fold(BufReader::new(file))
}

fn fold(mut lines: impl BufRead) -> Result<RunRecord, ReadError> {
    let mut record = RunRecord::default();
    read_events(&mut lines, &mut record)?;
    if record.run.is_empty() { Err(ReadError::NoStart) } else { Ok(record) }
}

/// Where the reading of events has ended.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// At the end of the file, with so many bytes of a line that has no end yet.
    Cut(usize),
    /// After a line that is no event: whatever follows is nobody's.
    Foreign,
}

fn read_events(lines: &mut impl BufRead, record: &mut RunRecord) -> Result<Stop, ReadError> {
    let mut line = Vec::new();
    loop {
        line.clear();
        lines.read_until(b'\n', &mut line).map_err(ReadError::Io)?;
        let Some(whole) = line.strip_suffix(b"\n") else { return Ok(Stop::Cut(line.len())) };
        let Ok(event) = serde_json::from_slice::<Event>(whole) else {
            match serde_json::from_slice::<Version>(whole) {
                Ok(Version { v, .. }) if v > FORMAT_VERSION => return Err(ReadError::Newer(v)),
                Ok(_) => continue,
                Err(_) => return Ok(Stop::Foreign),
            }
        };
        record.apply(&event);
    }
}

/// A record that grows while it is read.
#[derive(Debug)]
pub(crate) struct GrowingRecord {
    lines: BufReader<File>,
    is_over: bool,
    record: RunRecord,
}

impl GrowingRecord {
    pub(crate) fn open(path: &Path) -> Result<Self, ReadError> {
        let file = sys::open_regular(path).map_err(ReadError::Io)?;
        Ok(Self { lines: BufReader::new(file), is_over: false, record: RunRecord::default() })
    }

    /// What is known so far; before the first event, of a run without an id.
    pub(crate) fn record(&self) -> &RunRecord {
        &self.record
    }

    /// Takes in what has been added since.
    pub(crate) fn read_on(&mut self) -> Result<(), ReadError> {
        if self.is_over {
            return Ok(());
        }
        match read_events(&mut self.lines, &mut self.record)? {
            Stop::Foreign => self.is_over = true,
            // From the beginning of the line, and from the file again: a guardian writes over what its procman has cut.
            Stop::Cut(bytes) => {
                let back = i64::try_from(bytes).map_err(io::Error::other).map_err(ReadError::Io)?;
                self.lines.seek(SeekFrom::Current(-back)).map_err(ReadError::Io)?;
            }
        }
        Ok(())
    }
}

/// The part of an event that no later format will change.
#[derive(serde::Deserialize)]
struct Version {
    v: u32,
    #[serde(rename = "type")]
    _type: String,
}

#[cfg(test)]
mod tests;
