//! The ends of logs, within bounds that keep a page of a large run usable.

use std::collections::HashMap;
use std::ops::Range;

use super::job::ShownJob;
use crate::export::Report;
use crate::log_name::LogStream;
use crate::tail::LastBytes;
use crate::text;

/// Of one log no more than this is read.
const BYTES: u64 = 64 * 1024;
/// And no more lines than this are shown.
const LINES: usize = 200;
/// All logs of a page together: the first that ask are the most wanted.
pub(super) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The end of one log.
pub(super) struct LogTail {
    pub(super) stream: LogStream,
    /// The path of the whole log.
    pub(super) shown: String,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// The last lines, less what is for a terminal alone, not escaped for any place yet; and whether there is more before them.
    Text { text: String, cut: bool },
    /// Why it cannot be read; a text for the user.
    Unreadable(String),
    /// The page has no room for it.
    LeftOut,
}

/// The ends of the logs of a run, by the job's number and the attempt.
#[derive(Default)]
pub(super) struct Tails(HashMap<(usize, u32), Vec<LogTail>>);

impl Tails {
    /// Those of failed jobs first, then those that have not ended, then the others, as long as there is room: once so
    /// many bytes are taken, no more are read.
    pub(super) fn read(report: &Report<'_>, jobs: &[ShownJob<'_>], mut room: usize) -> Self {
        let mut wanted: Vec<&ShownJob<'_>> = jobs.iter().collect();
        wanted.sort_by_key(|job| job.rank());
        let mut tails = Self::default();
        for job in wanted {
            for attempt in job.record.attempts.iter().rev() {
                let logs = report.logs_of(job.record, attempt.number).into_iter();
                let read = logs.map(|log| LogTail {
                    stream: log.stream,
                    shown: report.shown_log(&log),
                    content: content(&log.path, &mut room),
                });
                tails.0.insert((job.number, attempt.number), read.collect());
            }
        }
        tails
    }

    pub(super) fn of(&self, job: usize, attempt: u32) -> &[LogTail] {
        self.0.get(&(job, attempt)).map_or(&[], Vec::as_slice)
    }
}

fn content(path: &std::path::Path, room: &mut usize) -> Content {
    if *room == 0 {
        return Content::LeftOut;
    }
    match LastBytes::read(path, BYTES) {
        Ok(LastBytes { bytes, skipped }) => {
            let lines = last_lines(&bytes, LINES);
            let cut = skipped > 0 || lines.start > 0;
            let text = plain(&bytes[lines]);
            *room = room.saturating_sub(text.len());
            Content::Text { text, cut }
        }
        Err(error) => Content::Unreadable(text::io_error(&error)),
    }
}

/// Where the last lines are, less the newline at their end.
fn last_lines(bytes: &[u8], most: usize) -> Range<usize> {
    let end = bytes.len() - usize::from(bytes.ends_with(b"\n"));
    let newlines = bytes[..end].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    newlines.map(|(at, _)| at + 1).nth(most - 1).unwrap_or(0)..end
}

/// The text less what is for a terminal alone, and carriage returns that belong to a line's end. What is not UTF-8 is
/// escaped here, where it can still be told.
fn plain(bytes: &[u8]) -> String {
    let bytes = text::without_sequences(bytes);
    let text =
        bytes.utf8_chunks().fold(String::new(), |text, chunk| text + chunk.valid() + &text::escape(chunk.invalid()));
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_found() {
        let of = |text: &'static str, most| &text[last_lines(text.as_bytes(), most)];
        assert_eq!(of("", 2), "");
        assert_eq!(of("\n", 2), "");
        assert_eq!(of("a\nb\nc\n", 2), "b\nc");
        assert_eq!(of("a\nb\nc", 3), "a\nb\nc");
        assert_eq!(of("\n\n\n", 2), "\n");
    }

    #[test]
    fn what_is_for_a_terminal_is_left_out_and_what_is_no_text_is_escaped() {
        assert_eq!(plain(b"\x1b[1;31mred\x1b[0m \x1b[2Jx\r\ny\rz\n\xff"), "red x\ny\rz\n\\xff");
    }
}
