//! `[log]`: which old runs are kept.

use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Problems, raw_table, table};
use super::raw::unknown_key;
use super::size::Size;
use super::values::{DurationText, Positive};
use crate::diagnostic::Problem;
use crate::retention::Retention;

raw_table! {
    /// As it is written.
    RawLog {
        /// How many runs are kept.
        #[default(20)]
        keep_runs: Positive,
        /// No run that began longer ago than this is kept, such as `30d`.
        max_age: DurationText,
        /// The oldest runs are removed until all together take no more than this, such as `1GB`.
        max_size: Size,
    }
}

impl FromToml<'_> for Retention {
    type Schema = RawLog<'static>;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        let raw = RawLog::decode(table(value, problems)?, problems, |key, problems| {
            let help = problems.suggest(key.get_ref(), RawLog::KEYS.iter().copied());
            unknown_key(key, "`[log]`", help, RawLog::KEYS)
        });
        if let Some(age) = raw.max_age.as_ref().filter(|age| age.get_ref().0.is_zero()) {
            let problem = Problem::error(age.span(), "`max_age` must be more than nothing");
            problems.push(problem.help("to keep the newest run alone, write `keep_runs = 1`"));
        }
        let kept = Self::default();
        Some(Self {
            keep_runs: raw.keep_runs.map_or(kept.keep_runs, |runs| runs.get_ref().0 as usize),
            max_age: raw.max_age.map(|age| age.get_ref().0),
            max_size: raw.max_size.map(|size| size.get_ref().0),
        })
    }
}
