//! Amounts of bytes, such as `"1.5G"`.

use std::str::FromStr;

use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Problems};
use super::schema::looks_like;

/// How a size is written.
const HELP: &str =
    "write a number with a unit: K, M, G or T, each 1024 times the one before, such as \"512M\" or \"1.5G\"";

/// The letters of the units; each is 1024 times the one before it, and the first 1024 bytes.
const UNITS: &str = "KMGT";

/// So many bytes, more than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse(text) {
            Some(0) => Err("must be more than nothing"),
            Some(bytes) => Ok(Self(bytes)),
            None => Err(HELP),
        }
    }
}

impl FromToml<'_> for Size {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) => match parse(text) {
                Some(0) => problems.invalid(value.span(), "must be more than nothing", ""),
                Some(bytes) => Some(Self(bytes)),
                None => problems.invalid(value.span(), "is not a size", HELP),
            },
            DeValue::Integer(number) => {
                let help = format!("write it with a unit: \"{number}M\"");
                problems.mismatch(&value, "a size such as \"2G\"", Some(help))
            }
            _ => problems.mismatch(&value, "a size such as \"2G\"", None),
        }
    }
}

looks_like! { Size: {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)? *[KMGTkmgt]([Ii]?[Bb])?$",
    "examples": ["512M", "1.5G"],
} }

/// `K`, `KB` and `KiB` are all 1024 bytes, as memory is counted everywhere.
fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start_matches(' ').to_ascii_uppercase();
    let mut letters = unit.chars();
    let power = UNITS.find(letters.next()?)? + 1;
    if !matches!(letters.as_str(), "" | "B" | "IB") {
        return None;
    }
    if !number.starts_with(|c: char| c.is_ascii_digit()) || !number.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "powers of two are exact")]
    let unit = 1024u64.pow(u32::try_from(power).ok()?) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative, and no machine has more"
    )]
    let bytes = (number * unit).round() as u64;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024_however_they_are_written() {
        for (text, bytes) in [
            ("1K", 1 << 10),
            ("512M", 512 << 20),
            ("2G", 2 << 30),
            ("2GB", 2 << 30),
            ("2GiB", 2 << 30),
            ("2 gib", 2 << 30),
            ("1.5G", 3 << 29),
            ("0.5K", 512),
            ("3T", 3 << 40),
            ("0G", 0),
            ("99999999999999999999T", u64::MAX),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_none() {
        for text in [
            "", "G", "12", "12B", "-1G", "+1G", "1e3G", ".5G", "5.G", "1.2.3G", "1,5G", "1Gb/s", "1GG", "1iG", "1E",
            "G1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
