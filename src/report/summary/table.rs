//! The table of a summary: a row for each job, and one for all that there are too many of to be told one by one.
//!
//! Knows how wide it may get. Does not know what it is written to.

use std::fmt::Write as _;

use owo_colors::OwoColorize;

use super::{Detail, Summary};
use crate::event::{JobRecord, JobStatus};
use crate::report::Styles;
use crate::text;

/// Above this many jobs, those that were simply `ok`, or have not been started, are one line of the table. Those that were
/// up to date always are.
const LONGEST: usize = 100;
/// However narrow a terminal is, so much is shown of a name.
const NARROWEST_NAME: usize = 20;

/// What a summary's table shows.
pub(super) struct Table {
    rows: Vec<Row>,
    /// Words, and how many jobs there are of each that have no row.
    folds: Vec<(&'static str, usize)>,
    has_memory: bool,
}

/// A job's.
struct Row {
    word: &'static str,
    name: String,
    time: String,
    attempts: usize,
    memory: u64,
    detail: String,
}

impl Table {
    pub(super) fn of(summary: &Summary<'_>) -> Self {
        let record = summary.record;
        let mut folds = vec![("ok", 0), ("up-to-date", 0), ("not-started", 0)];
        let is_long = record.jobs.len() > LONGEST;
        let mut rows = Vec::new();
        // Of a run that has its end, a job without one has nothing to show.
        let has_end = record.status.is_some();
        for (name, job) in record.jobs.iter().filter(|(_, job)| !has_end || job.status.is_some()) {
            let word = record.word_of(job);
            match folds.iter_mut().find(|(folded, _)| *folded == word && !job.is_slow()) {
                Some((_, jobs)) if is_long || word == "up-to-date" => *jobs += 1,
                _ => rows.push(Row {
                    word,
                    name: text::escape(name.as_bytes()),
                    time: if job.attempts.is_empty() { "-".to_owned() } else { text::duration(summary.time(job)) },
                    attempts: job.attempts.len(),
                    memory: job.peak_memory(),
                    detail: shown_detail(job),
                }),
            }
        }
        folds.retain(|(_, jobs)| *jobs > 0);
        Self { rows, folds, has_memory: summary.detail >= Detail::Memory }
    }

    /// Not wider than so many columns, as far as that can be.
    pub(super) fn write(&self, columns: Option<usize>, styles: &Styles, out: &mut String) {
        let folds: Vec<_> = self
            .folds
            .iter()
            .map(|(word, jobs)| (*word, format!("({} like this)", text::count(*jobs, "job"))))
            .collect();
        let words = self.rows.iter().map(|row| row.word).chain(self.folds.iter().map(|(word, _)| *word));
        let word_width = text::widest(words.chain(["status"]));
        let memory_heading = if self.has_memory { "  peak memory" } else { "" };
        let behind = format!("  {:>8}  attempts{memory_heading}", "time");
        let names = self.rows.iter().map(|row| &*row.name).chain(folds.iter().map(|(_, name)| &**name));
        let name_width = text::widest(names.chain(["job"]));
        let room =
            columns.map_or(usize::MAX, |columns| self.room(columns.saturating_sub(word_width + 2 + behind.len())));
        let name_width = name_width.min(room);

        let heading = format!("{}  {}{behind}", text::pad("status", word_width), text::pad("job", name_width));
        _ = writeln!(out, "{}", heading.style(styles.quiet));
        for row in &self.rows {
            let word = text::pad(row.word, word_width);
            let name = text::pad(&text::cut_middle(&row.name, name_width), name_width);
            _ = write!(out, "{}  {name}  {:>8}  {:>8}", word.style(styles.of_word(row.word)), row.time, row.attempts);
            if self.has_memory {
                _ = write!(out, "  {:>11}", text::bytes(row.memory));
            }
            _ = writeln!(out, "{}", row.detail);
        }
        for (word, name) in &folds {
            let padded = text::pad(word, word_width);
            _ = writeln!(out, "{}  {name}", padded.style(styles.of_word(word)));
        }
    }

    /// How much of so many columns names can have. Details have theirs behind them, unless too little would be left: then
    /// they are broken by the terminal, and everything else is in its column.
    fn room(&self, columns: usize) -> usize {
        let details = text::widest(self.rows.iter().map(|row| &*row.detail));
        let rooms = [details, 0].map(|details| columns.saturating_sub(details));
        rooms.into_iter().find(|room| *room >= NARROWEST_NAME).unwrap_or(NARROWEST_NAME)
    }
}

/// With what sets it apart from the cell before it.
fn shown_detail(job: &JobRecord) -> String {
    let detail = match &job.status {
        // Why nothing was started can be long; it follows below the table.
        Some(JobStatus::SpawnError { .. }) => None,
        _ => job.detail(),
    };
    detail.map(|detail| format!("  ({detail})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["thumbnail[src=photos/a-very-long-name.jpg]", "thumbnail[src=photos/b.jpg]"];

    fn table(columns: Option<usize>, detail: &str) -> String {
        let row = |name: &&str| Row {
            word: "failed",
            name: (*name).to_owned(),
            time: "1.000s".to_owned(),
            attempts: 1,
            memory: 0,
            detail: detail.to_owned(),
        };
        let table = Table { rows: NAMES.iter().map(row).collect(), folds: Vec::new(), has_memory: false };
        let mut out = String::new();
        table.write(columns, &Styles::default(), &mut out);
        out
    }

    #[test]
    fn names_give_way_where_there_is_too_little_room() {
        assert_eq!(
            table(Some(60), "  (exit 1)"),
            "status  job                         time  attempts\n\
             failed  thumbnail[…g-name.jpg]    1.000s         1  (exit 1)\n\
             failed  thumbnail[…otos/b.jpg]    1.000s         1  (exit 1)\n"
        );
    }

    #[test]
    fn they_are_whole_where_there_is_room_or_nobody_says_how_much() {
        assert_eq!(table(Some(200), "  (exit 1)"), table(None, "  (exit 1)"));
        assert!(NAMES.iter().all(|name| table(None, "").contains(name)));
    }

    #[test]
    fn details_take_no_more_than_names_can_spare() {
        let (short, long) = ("  (exit 1)", "x".repeat(100));
        let least = "failed  ".len() + NARROWEST_NAME + "      time  attempts".len();
        for columns in 0..100 {
            let without = table(Some(columns), "");
            assert!(text::widest(without.lines()) <= columns.max(least), "{columns}");
            assert_eq!(table(Some(columns), &long).replace(&long, ""), without, "{columns}");
            if columns >= least + short.len() {
                assert!(text::widest(table(Some(columns), short).lines()) <= columns, "{columns}");
            }
        }
    }
}
