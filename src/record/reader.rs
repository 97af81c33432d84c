//! Reading a record, whole or not.

use std::io::{self, BufRead, BufReader};
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
    let mut line = Vec::new();
    loop {
        line.clear();
        lines.read_until(b'\n', &mut line).map_err(ReadError::Io)?;
        let Some(whole) = line.strip_suffix(b"\n") else { break };
        let Ok(event) = serde_json::from_slice::<Event>(whole) else {
            match serde_json::from_slice::<Version>(whole) {
                Ok(Version { v, .. }) if v > FORMAT_VERSION => return Err(ReadError::Newer(v)),
                Ok(_) => continue,
                Err(_) => break,
            }
        };
        record.apply(&event);
    }
    if record.run.is_empty() { Err(ReadError::NoStart) } else { Ok(record) }
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
