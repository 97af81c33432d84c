//! Reading a record, whole or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::event::{Event, FORMAT_VERSION, RunRecord};

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
            Self::Io(error) => error.fmt(f),
            Self::Newer(version) => write!(f, "it is of format {version}; this procman reads up to {FORMAT_VERSION}"),
            Self::NoStart => f.write_str("it does not begin with a run's start"),
        }
    }
}

/// Folds the events of a record. Events that this procman does not know are passed over. Reading ends without an error
/// at the first line that is cut or is no event at all: what comes before it is what is known.
pub(crate) fn read_record(path: &Path) -> Result<RunRecord, ReadError> {
    let file = File::open(path).map_err(ReadError::Io)?;
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
mod tests {
    use super::*;
    use crate::event::{JobStatus, RunStatus};

    const RECORD: &str = concat!(
        r#"{"v":1,"seq":0,"t":0.0,"type":"run-started","run":"r1","at":"2026-11-22T14:00:00.000Z","procman":"0.1.0","#,
        r#""manifest":"procman.toml","limit":2,"jobs":[{"name":"a","argv":["true"],"cwd":"."}]}"#,
        "\n",
        r#"{"v":1,"seq":1,"t":0.1,"type":"attempt-started","job":"a","attempt":1,"slot":0}"#,
        "\n",
        r#"{"v":1,"seq":2,"t":0.5,"type":"attempt-ended","job":"a","attempt":1,"status":"ok","exit":0,"#,
        r#""seconds":0.4,"cpu":0.01,"peak_memory":4096}"#,
        "\n",
        r#"{"v":1,"seq":3,"t":0.5,"type":"job-ended","job":"a","status":"ok"}"#,
        "\n",
        r#"{"v":1,"seq":4,"t":0.5,"type":"run-ended","status":"ok"}"#,
        "\n",
    );

    #[test]
    fn a_whole_record_is_folded() {
        let record = fold(RECORD.as_bytes()).expect("a whole record");
        assert_eq!((record.run.as_str(), record.limit, record.status), ("r1", 2, Some(RunStatus::Ok)));
        assert_eq!(record.jobs["a"].status, Some(JobStatus::Ok));
        assert_eq!(record.jobs["a"].duration().as_millis(), 400);
    }

    #[test]
    fn a_record_cut_anywhere_tells_what_its_whole_lines_tell() {
        let first = RECORD.find('\n').expect("it has lines") + 1;
        for cut in 0..first {
            assert!(matches!(fold(&RECORD.as_bytes()[..cut]), Err(ReadError::NoStart)), "cut at {cut}");
        }
        for cut in first..RECORD.len() {
            let whole_lines = RECORD[..cut].rfind('\n').expect("the first line is whole") + 1;
            let expected = fold(&RECORD.as_bytes()[..whole_lines]).expect("whole lines");
            assert_eq!(fold(&RECORD.as_bytes()[..cut]).expect("the first line is whole"), expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_later_format_is_refused_and_a_foreign_line_ends_the_reading() {
        assert!(matches!(fold(&b"{\"v\":2,\"type\":\"new\"}\n"[..]), Err(ReadError::Newer(2))));
        let first = RECORD.lines().next().expect("it has lines");
        let record = fold(format!("{first}\nnot an event\n").as_bytes()).expect("the first line is whole");
        assert_eq!(record.status, None);
    }

    #[test]
    fn an_event_that_is_not_known_is_passed_over() {
        let (first, rest) = RECORD.split_once('\n').expect("it has lines");
        let later = r#"{"v":1,"seq":1,"t":0.1,"type":"paused","since":0.1}"#;
        let record = fold(format!("{first}\n{later}\n{rest}").as_bytes()).expect("a record");
        assert_eq!(record.status, Some(RunStatus::Ok));
    }
}
