//! What GitHub is told by lines of a step's output, its workflow commands.
//!
//! Knows how they are written. Does not know whether GitHub reads them.

use std::fmt::Write as _;
use std::path::Path;

use crate::event::{JobRecord, JobStatus, PlannedJob, RunRecord};
use crate::log_name::{LogStream, file_name};
use crate::tail::Tail;
use crate::text;

/// GitHub keeps no more annotations of a step.
const MOST: usize = 10;
/// So many lines of each log are in one.
const LINES: usize = 10;
/// No more of a log than this is read.
const BYTES: u64 = 4 * 1024;

/// An annotation for each job that failed, at the place of its task. `path_of` is the path of a job's file as GitHub knows
/// it.
pub(crate) fn annotations(record: &RunRecord, logs: &Path, path_of: impl Fn(&PlannedJob) -> String) -> String {
    let failed = record.ended().filter(|(.., status)| status.is_failure()).take(MOST);
    let annotation = |(name, job, status): (&str, &JobRecord, &JobStatus)| {
        let title = format!("{}: {}", status.word(), text::escape(name.as_bytes()));
        let place = job.plan.line.map(|line| (path_of(&job.plan), line));
        error(place, &title, &message(job, status, logs))
    };
    failed.map(annotation).collect()
}

/// How a job ended, and what it wrote last.
fn message(job: &JobRecord, status: &JobStatus, logs: &Path) -> String {
    let mut message = status.detail().unwrap_or_else(|| status.word().to_owned());
    if job.attempts.len() > 1 {
        _ = write!(message, ", after {} attempts", job.attempts.len());
    }
    if let (Some(stem), Some(last)) = (&job.plan.log, job.attempts.last()) {
        for stream in LogStream::of(job.plan.split) {
            // The summary tells of a log that cannot be read.
            let tail = Tail::read_plain(&logs.join(file_name(stem, last.number, *stream)), LINES, BYTES);
            for line in tail.map(|tail| tail.lines).unwrap_or_default() {
                _ = write!(message, "\n{line}");
            }
        }
    }
    message
}

/// The line that makes an annotation of an error, at a line of a file.
fn error(place: Option<(String, u32)>, title: &str, message: &str) -> String {
    let place = place.map(|(file, line)| format!("file={},line={line},", property(&file))).unwrap_or_default();
    format!("::error {place}title={}::{}\n", property(title), data(message))
}

/// The line from which on output is folded, under this title.
pub(super) fn group(title: &str) -> String {
    format!("::group::{}\n", data(title))
}

/// The line from which on it is not any more.
pub(super) const END_GROUP: &str = "::endgroup::\n";

/// A text as a command can hold it behind its name.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same as a property's value.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_annotation_is_one_line() {
        let place = Some(("a,b:c.toml".to_owned(), 7));
        assert_eq!(
            error(place, "failed: x[n=1,m=2]", "exit 1, 50%\nlast: line\r"),
            "::error file=a%2Cb%3Ac.toml,line=7,title=failed%3A x[n=1%2Cm=2]::exit 1, 50%25%0Alast: line%0D\n"
        );
        assert_eq!(group("x[n=50%]"), "::group::x[n=50%25]\n");
        assert_eq!(error(None, "failed: x", "exit 1"), "::error title=failed%3A x::exit 1\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Read back as GitHub's runner does: <https://github.com/actions/runner>, `ActionCommand.cs`.
        #[test]
        fn what_is_written_is_what_is_read(file in any::<String>(), title in any::<String>(), message in any::<String>()) {
            let line = error(Some((file.clone(), 3)), &title, &message);
            let line = line.strip_suffix('\n').expect("its end");
            prop_assert!(!line.contains(['\n', '\r']));
            let (head, data) = line.strip_prefix("::").and_then(|line| line.split_once("::")).expect("a command");
            let (name, properties) = head.split_once(' ').expect("properties");
            let unescape = |text: &str| {
                let pairs = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
                pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
            };
            let pairs = properties.split(',').map(|pair| pair.split_once('=').expect("a value"));
            let read: Vec<_> = pairs.map(|(key, value)| (key, unescape(value))).collect();
            prop_assert_eq!(name, "error");
            prop_assert_eq!(read, [("file", file), ("line", "3".to_owned()), ("title", title)]);
            prop_assert_eq!(unescape(data), message);
        }
    }
}
