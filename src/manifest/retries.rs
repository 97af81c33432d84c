//! `retries`: a number, or a table that also says when.

use std::ops::Range;

use schemars::{Schema, json_schema};
use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Present, Problems, raw_table, table};
use super::raw::unknown_key;
use super::schema::{either, looks_like};
use super::values::{BackoffName, Count, DurationText, Fraction};
use crate::diagnostic::Problem;
use crate::job::{Backoff, Retries};

raw_table! {
    /// The long form.
    RawRetries {
        /// How many more attempts a failed one is given.
        count: Count,
        /// How long to wait before the second attempt, and before each further one the same unless `backoff` says otherwise.
        #[default("0s")]
        delay: DurationText,
        /// Whether each delay is as long as the one before, or twice as long, up to `max_delay`.
        #[default("fixed")]
        backoff: BackoffName,
        /// The longest delay that doubling comes to.
        max_delay: DurationText,
        /// The part of each delay, from 0.0 to 1.0, of which a random share is taken off. `--seed` makes it the same again.
        #[default(0.0)]
        jitter: Fraction,
    }
}

impl FromToml<'_> for Retries {
    type Schema = RetriesSchema;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        const WANTED: &str = "an integer or a table";
        match value.get_ref() {
            DeValue::Integer(_) => Count::from_toml(value, problems).map(|count| count.0.into()),
            DeValue::Table(_) => {
                let span = value.span();
                let before = problems.list.len();
                let raw = RawRetries::decode(table(value, problems)?, problems, |key, problems| {
                    let help = problems.suggest(key.get_ref(), RawRetries::KEYS.iter().copied());
                    unknown_key(key, "`retries`", help, RawRetries::KEYS)
                });
                // What a value that could not be read was to say is not known, and not to be complained of again.
                if problems.list.len() == before { raw.lower(span, problems) } else { None }
            }
            DeValue::String(text) if text.parse::<i64>().is_ok() => {
                let help = format!("write it without quotes: {text}");
                problems.mismatch(&value, WANTED, Some(help))
            }
            _ => {
                let help = "write `retries = 2` or `retries = { count = 2, delay = \"1s\" }`".to_owned();
                problems.mismatch(&value, WANTED, Some(help))
            }
        }
    }
}

/// What [`Retries`] look like; apart, since they are known outside.
pub(super) struct RetriesSchema;

looks_like! { RetriesSchema, generator: either(
    generator.subschema_for::<Count>(),
    with_delay(generator.subschema_for::<RawRetries<'_>>()),
) }

/// A table that says how many there are, and says of a delay only where there is one.
fn with_delay(mut table: Schema) -> Schema {
    let grows = json_schema!({
        "required": ["delay", "backoff"],
        "properties": { "backoff": { "enum": ["exponential"] } },
    });
    table.insert("required".to_owned(), ["count"].as_slice().into());
    let needed = json!({ "backoff": ["delay"], "jitter": ["delay"], "max_delay": grows });
    table.insert("dependencies".to_owned(), needed);
    table
}

impl RawRetries<'_> {
    fn lower(&self, span: Range<usize>, problems: &mut Problems) -> Option<Retries> {
        let before = problems.list.len();
        if self.count.is_none() {
            let problem = Problem::error(span, "`retries` has no `count`");
            problems.push(problem.help("say how many more attempts a failed one is given, such as `count = 2`"));
        }
        let retries = Retries {
            count: self.count.as_ref().map_or(0, |count| count.get_ref().0),
            delay: self.delay.as_ref().map(|delay| delay.get_ref().0).unwrap_or_default(),
            backoff: self.backoff.as_ref().map(|backoff| backoff.get_ref().0).unwrap_or_default(),
            max_delay: self.max_delay.as_ref().map(|longest| longest.get_ref().0),
            jitter: self.jitter.as_ref().map_or(0.0, |jitter| jitter.get_ref().0),
        };
        if retries.delay.is_zero() {
            for (key, span) in self.present().into_iter().filter(|(key, _)| !["count", "delay"].contains(key)) {
                let problem = Problem::error(span, format!("`{key}` does nothing without a delay"));
                problems.push(problem.help(format!("give one, such as `delay = \"1s\"`, or leave out `{key}`")));
            }
        } else if let Some(longest) = &self.max_delay {
            if longest.get_ref().0 < retries.delay {
                problems.push(Problem::error(longest.span(), "`max_delay` is shorter than `delay`"));
            } else if retries.backoff == Backoff::Fixed {
                let problem = Problem::error(longest.span(), "`max_delay` does nothing where every delay is the same");
                problems.push(problem.help("add `backoff = \"exponential\"`, or leave it out"));
            }
        }
        (problems.list.len() == before).then_some(retries)
    }
}
