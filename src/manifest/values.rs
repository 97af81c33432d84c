//! The values that are more than a string or a number.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Problems, Text, toml_string};
use super::raw::Name;
use super::schema::{VariableName, looks_like};
use crate::diagnostic::Problem;
use crate::job::{Backoff, Leak, Streams};
use crate::plan::OnFailure;

/// A program and its arguments.
#[derive(Debug)]
pub(super) struct Argv<'i>(pub(super) Vec<Name<'i>>);

impl<'i> FromToml<'i> for Argv<'i> {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        let span = value.span();
        let words = words(value, problems)?;
        if words.is_empty() { problems.invalid(span, "is empty", NO_PROGRAM) } else { Some(Self(words)) }
    }
}

looks_like! { Argv<'_>: {
    "type": "array",
    "prefixItems": [{ "type": "string", "minLength": 1 }],
    "items": { "type": "string" },
    "minItems": 1,
} }

/// Arguments to put in front of others; none is none.
#[derive(Debug)]
pub(super) struct Wrapper<'i>(pub(super) Vec<Name<'i>>);

impl<'i> FromToml<'i> for Wrapper<'i> {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        words(value, problems).map(Self)
    }
}

looks_like! { Wrapper<'_>: {
    "type": "array",
    "prefixItems": [{ "type": "string", "minLength": 1 }],
    "items": { "type": "string" },
} }

const NO_PROGRAM: &str = "give at least the program";

/// A program and arguments, or nothing at all.
fn words<'i>(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Vec<Name<'i>>> {
    if let DeValue::String(line) = value.get_ref() {
        let help = argv_help(line);
        return problems.mismatch(&value, "an array of strings", Some(help));
    }
    let span = value.span();
    let before = problems.list.len();
    let words = Vec::<Name<'i>>::from_toml(value, problems)?;
    if words.first().is_some_and(|program| program.get_ref().is_empty()) {
        return problems.invalid(span, "has an empty string for its program", "give the program's name or path");
    }
    (problems.list.len() == before).then_some(words)
}

/// The array to write in place of a command line, which procman never splits by itself.
fn argv_help(line: &str) -> String {
    let array = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| toml_string(word)).collect();
        format!("[{}]", words.join(", "))
    };
    match split_words(line) {
        Some(words) if words.is_empty() => NO_PROGRAM.to_owned(),
        // `NAME=value` in front of a command is a shell's, too.
        Some(words) if !words[0].contains('=') => {
            format!("write the program and each argument apart: {}", array(&words))
        }
        _ => {
            let words = ["sh", "-c", line].map(str::to_owned);
            format!("procman uses no shell; if this needs one, say so: {}", array(&words))
        }
    }
}

/// The words of a simple command line; `None` where a shell would do more than split and unquote.
fn split_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('$' | '`' | '\\', Some('"') | None)
            | ('|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '#' | '~' | '\n', None) => return None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// A span of time such as `"1m 30s"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct DurationText(pub(super) Duration);

impl FromToml<'_> for DurationText {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) => match humantime::parse_duration(text) {
                Ok(duration) => Some(Self(duration)),
                Err(_) => problems.invalid(
                    value.span(),
                    "is not a duration",
                    "write a number with a unit, such as \"500ms\", \"30s\", \"5m\" or \"1h 30m\"",
                ),
            },
            DeValue::Integer(number) => {
                let help = format!("write it with a unit: \"{number}s\"");
                problems.mismatch(&value, "a duration such as \"30s\"", Some(help))
            }
            _ => problems.mismatch(&value, "a duration such as \"30s\"", None),
        }
    }
}

looks_like! { DurationText: {
    "type": "string",
    "pattern": concat!(
        r"^0$|^\s*([0-9][0-9\s]*(\.\s*[0-9][0-9\s]*)?",
        "(nanos|nsec|ns|usec|us|\u{b5}s|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m|hours|hour|hrs|hr|h|",
        "days|day|d|weeks|week|wks|wk|w|months|month|M|years|year|yrs|yr|y)",
        r"\s*)+$",
    ),
    "examples": ["500ms", "30s", "5m", "1h 30m"],
} }

/// A number of times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub(super) u32);

impl FromToml<'_> for Count {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        let span = value.span();
        match u32::try_from(i64::from_toml(value, problems)?) {
            Ok(count) => Some(Self(count)),
            Err(_) => problems.invalid(span, "must be 0 or more, below 2^32", ""),
        }
    }
}

looks_like! { Count: { "type": "integer", "minimum": 0, "maximum": u32::MAX } }

/// A number of things of which there is at least one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positive(pub(super) u32);

impl FromToml<'_> for Positive {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        let span = value.span();
        match u32::try_from(i64::from_toml(value, problems)?) {
            Ok(number @ 1..) => Some(Self(number)),
            _ => problems.invalid(span, "must be at least 1, below 2^32", ""),
        }
    }
}

looks_like! { Positive: { "type": "integer", "minimum": 1, "maximum": u32::MAX } }

/// A part of a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction(pub(super) f64);

impl FromToml<'_> for Fraction {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        let number = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse(),
            DeValue::Integer(number) => number.as_str().parse::<f64>(),
            _ => return problems.mismatch(&value, "a number from 0.0 to 1.0", None),
        };
        match number {
            Ok(number) if (0.0..=1.0).contains(&number) => Some(Self(number)),
            _ => problems.invalid(value.span(), "must be from 0.0 to 1.0", ""),
        }
    }
}

looks_like! { Fraction: { "type": "number", "minimum": 0.0, "maximum": 1.0 } }

/// `true`, `false`, or the names of the variables that pass.
#[derive(Debug)]
pub(super) enum InheritEnv<'i> {
    All,
    Nothing,
    Only(Vec<Spanned<Text<'i>>>),
}

impl<'i> FromToml<'i> for InheritEnv<'i> {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::Boolean(true) => Some(Self::All),
            DeValue::Boolean(false) => Some(Self::Nothing),
            DeValue::Array(_) => Vec::from_toml(value, problems).map(Self::Only),
            DeValue::String(name) => {
                let help = format!("write `inherit_env = [{}]`", toml_string(name));
                problems.mismatch(&value, "true, false or an array of names", Some(help))
            }
            _ => problems.mismatch(&value, "true, false or an array of names", None),
        }
    }
}

looks_like! { InheritEnv<'_>, generator: {
    "type": ["boolean", "array"],
    "items": generator.subschema_for::<VariableName>(),
} }

/// Exit codes that are a success; at least one.
#[derive(Debug)]
pub(super) struct SuccessCodes(pub(super) Vec<i32>);

impl FromToml<'_> for SuccessCodes {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        let DeValue::Array(array) = value.get_ref() else {
            let help = "write `success_codes = [0]`, or with other codes".to_owned();
            return problems.mismatch(&value, "an array of integers", Some(help));
        };
        if array.is_empty() {
            return problems.invalid(value.span(), "is empty: the task could never succeed", "leave it out for [0]");
        }
        let codes = Vec::<Spanned<i64>>::from_toml(value, problems)?;
        let mut valid = Vec::new();
        for code in codes {
            match u8::try_from(*code.get_ref()) {
                Ok(code) => valid.push(i32::from(code)),
                Err(_) => problems.push(Problem::error(code.span(), "an exit code is between 0 and 255")),
            }
        }
        Some(Self(valid))
    }
}

looks_like! { SuccessCodes: {
    "type": "array",
    "items": { "type": "integer", "minimum": 0, "maximum": 255 },
    "minItems": 1,
} }

/// Declares a value that is one of some words, with what each means.
macro_rules! word {
    ($name:ident($meaning:ty): $($word:literal => $means:expr,)+) => {
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $name(pub(super) $meaning);

        impl FromToml<'_> for $name {
            type Schema = Self;

            fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
                one_of(&value, &[$(($word, $means)),+], problems).map(Self)
            }
        }

        looks_like! { $name: { "type": "string", "enum": [$($word),+] } }
    };
}

word! { OnFailureName(OnFailure):
    "continue" => OnFailure::Continue,
    "no-new" => OnFailure::NoNew,
    "kill" => OnFailure::Kill,
}
word! { LeakName(Leak): "kill" => Leak::Kill, "fail" => Leak::Fail, "ignore" => Leak::Ignore, }
word! { StreamsName(Streams): "merged" => Streams::Merged, "split" => Streams::Split, }
word! { BackoffName(Backoff): "fixed" => Backoff::Fixed, "exponential" => Backoff::Exponential, }

fn one_of<T: Copy>(value: &Spanned<DeValue<'_>>, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
    let names: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let expected = match names.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    };
    let DeValue::String(text) = value.get_ref() else { return problems.mismatch(value, &expected, None) };
    if let Some((_, meaning)) = words.iter().find(|(word, _)| word == text) {
        return Some(*meaning);
    }
    let help = problems.suggest(text, words.iter().map(|(word, _)| *word)).unwrap_or_default();
    problems.invalid(value.span(), &format!("must be {expected}"), &help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_for_a_command_line_shows_the_array_to_write() {
        let apart = "write the program and each argument apart: ";
        assert_eq!(argv_help("cargo build -p 'a b'"), format!("{apart}[\"cargo\", \"build\", \"-p\", \"a b\"]"));
        assert_eq!(argv_help("echo ''"), format!("{apart}[\"echo\", \"\"]"));
        let shell = "procman uses no shell; if this needs one, say so: ";
        assert_eq!(argv_help("a | b"), format!("{shell}[\"sh\", \"-c\", \"a | b\"]"));
        assert_eq!(argv_help("echo \"$HOME\""), format!("{shell}[\"sh\", \"-c\", 'echo \"$HOME\"']"));
    }
}
