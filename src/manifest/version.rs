//! The version of procman that a manifest asks for.

use std::fmt;

use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Problems, Text};
use super::schema::looks_like;
use crate::diagnostic::Problem;

/// Up to three numbers; those that are left out are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    numbers: [u64; 3],
    written: String,
}

impl Version {
    /// That of this procman.
    fn own() -> Self {
        // What stands behind the numbers says which of several builds on the way to them it is.
        let numbers = env!("CARGO_PKG_VERSION").split(['-', '+']).next().and_then(parse).unwrap_or_default();
        Self { numbers, written: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// What there is to say if this procman is older.
    pub(super) fn problem(version: &Spanned<Self>) -> Option<Problem> {
        let (wanted, own) = (version.get_ref(), Self::own());
        (wanted.numbers > own.numbers).then(|| {
            let message = format!("the manifest is for procman {wanted} or later, and this is procman {own}");
            Problem::error(version.span(), message).help("install a later one")
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl<'i> FromToml<'i> for Version {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        let span = value.span();
        let text = Text::from_toml(value, problems)?;
        match parse(&text) {
            Some(numbers) => Some(Self { numbers, written: text.into_owned() }),
            None => {
                problems.invalid(span, "is not a version", "write up to three numbers, such as \"0.1\" or \"1.2.3\"")
            }
        }
    }
}

looks_like! { Version: { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+){0,2}$" } }

fn parse(text: &str) -> Option<[u64; 3]> {
    let mut numbers = [0; 3];
    let mut places = numbers.iter_mut();
    for part in text.split('.') {
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *places.next()? = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_up_to_three_numbers() {
        assert_eq!(parse("0.1"), Some([0, 1, 0]));
        assert_eq!(parse("12"), Some([12, 0, 0]));
        assert_eq!(parse("1.2.3"), Some([1, 2, 3]));
        for wrong in ["", ".", "1.", ".1", "1.2.3.4", "v1", "1.x", "1.-2", "+1", "1 ", "99999999999999999999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_a_later_one_is_a_problem() {
        let problem = |text: &str| {
            let version = Version { numbers: parse(text).expect("a version"), written: text.to_owned() };
            Version::problem(&Spanned::new(0..1, version))
        };
        let own = env!("CARGO_PKG_VERSION");
        assert!(problem("0").is_none() && problem("0.0.9").is_none() && problem(own).is_none());
        assert!(problem("999.0").is_some() && problem("0.999").is_some() && problem("0.1.999").is_some());
    }
}
