//! How many jobs may run at once, such as `4` or `"50%"`.

use toml::Spanned;
use toml::de::DeValue;

use super::decode::{FromToml, Problems};
use super::schema::looks_like;

/// How many jobs may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many.
    Count(usize),
    /// So many for every hundred CPUs, rounded up.
    Percent(usize),
}

impl Limit {
    /// The number of jobs on a machine with so many CPUs, which are counted only if it matters; at least 1.
    pub fn resolve(self, cpus: impl FnOnce() -> usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => cpus().saturating_mul(percent).div_ceil(100).max(1),
        }
    }
}

impl std::str::FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, limit): (_, fn(usize) -> Self) = match text.strip_suffix('%') {
            Some(digits) => (digits, Self::Percent),
            None => (text, Self::Count),
        };
        let digits_only = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.parse() {
            Ok(0) => Err("must be at least 1"),
            _ if digits.starts_with('-') => Err("must be at least 1"),
            Ok(number) if digits_only => Ok(limit(number)),
            _ => Err("must be a number of jobs, or a percentage of the CPUs such as \"50%\""),
        }
    }
}

impl FromToml<'_> for Limit {
    type Schema = LimitSchema;

    fn from_toml(value: Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::Integer(_) => i64::from_toml(value.clone(), problems)?.to_string(),
            DeValue::String(text) if text.ends_with('%') => text.clone().into_owned(),
            DeValue::String(text) if text.parse::<Self>().is_ok() => {
                let help = format!("write it without quotes: {text}");
                return problems.mismatch(&value, "an integer or a percentage such as \"50%\"", Some(help));
            }
            DeValue::String(_) => String::new(),
            _ => return problems.mismatch(&value, "an integer or a percentage such as \"50%\"", None),
        };
        match text.parse() {
            Ok(limit) => Some(limit),
            Err(what) => problems.invalid(value.span(), what, ""),
        }
    }
}

/// What a [`Limit`] looks like; apart, since that is known outside.
pub(super) struct LimitSchema;

looks_like! { LimitSchema: {
    "type": ["integer", "string"],
    "minimum": 1,
    "pattern": "^0*[1-9][0-9]*%$",
    "examples": [4, "50%"],
} }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_up_and_never_reach_zero() {
        let resolve = |text: &str, cpus| text.parse::<Limit>().map(|limit| limit.resolve(|| cpus));
        assert_eq!(resolve("4", 2), Ok(4));
        assert_eq!(resolve("50%", 3), Ok(2));
        assert_eq!(resolve("1%", 2), Ok(1));
        assert_eq!(resolve("250%", 2), Ok(5));
        for wrong in ["0", "0%", "", "%", "-1", "+1", "1.5", "many"] {
            assert!(resolve(wrong, 2).is_err(), "{wrong}");
        }
    }
}
