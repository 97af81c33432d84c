//! From TOML values to Rust values, with every problem collected.
//!
//! Serde stops at the first thing that does not fit; here a value that does not fit becomes a problem with its span,
//! and the next one is looked at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use indexmap::IndexMap;
use schemars::JsonSchema;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Problem;
use crate::text;

/// A string that lies in the manifest's text, unless escapes had to be resolved.
pub(super) type Text<'i> = Cow<'i, str>;

/// Beyond this many problems, looking for what may have been meant is given up.
const MOST_SUGGESTIONS: usize = 100;

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) list: Vec<Problem>,
    /// The key whose value is being decoded, and the place within its array, for messages.
    key: Cow<'static, str>,
    index: Option<usize>,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// "did you mean", if anything is like what was written.
    pub(super) fn suggest<'a>(&self, written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.list.len() > MOST_SUGGESTIONS {
            return None;
        }
        text::closest(written, candidates).map(|name| format!("did you mean `{name}`?"))
    }

    /// Decodes the value of a key; `None` once its problems have been noted.
    pub(super) fn decode<'i, T: FromToml<'i>>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        value: Spanned<DeValue<'i>>,
    ) -> Option<Spanned<T>> {
        let outer = (std::mem::replace(&mut self.key, key.into()), self.index.take());
        let span = value.span();
        let decoded = T::from_toml(value, self);
        (self.key, self.index) = outer;
        decoded.map(|decoded| Spanned::new(span, decoded))
    }

    /// Notes that the value of the current key is not what it should be. Answers `None`, for the caller to return.
    pub(super) fn mismatch<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        expected: &str,
        help: Option<String>,
    ) -> Option<T> {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let message = format!("{} must be {expected}, not {found}", self.place());
        let mut problem = Problem::error(value.span(), message);
        problem.help = help;
        self.push(problem);
        None
    }

    /// Notes a value of the right type that cannot be. Answers `None`, for the caller to return.
    pub(super) fn invalid<T>(&mut self, span: Range<usize>, what: &str, help: &str) -> Option<T> {
        let problem = Problem::error(span, format!("{} {what}", self.place()));
        self.push(if help.is_empty() { problem } else { problem.help(help) });
        None
    }

    fn place(&self) -> String {
        match self.index {
            Some(index) => format!("`{}[{index}]`", self.key),
            None => format!("`{}`", self.key),
        }
    }
}

/// A type that a value of a manifest can be.
pub(super) trait FromToml<'i>: Sized {
    /// What its values look like: nothing that [`FromToml::from_toml`] takes may be refused.
    type Schema: JsonSchema;

    /// The value, or `None` once its problems have been noted.
    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self>;
}

impl<'i> FromToml<'i> for Text<'i> {
    type Schema = String;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(_) => {}
            DeValue::Integer(number) => {
                let help = format!("write it as a string: \"{number}\"");
                return problems.mismatch(&value, "a string", Some(help));
            }
            DeValue::Boolean(flag) => {
                let help = format!("write it as a string: \"{flag}\"");
                return problems.mismatch(&value, "a string", Some(help));
            }
            DeValue::Float(number) => {
                let help = format!("write it as a string: \"{number}\"");
                return problems.mismatch(&value, "a string", Some(help));
            }
            _ => return problems.mismatch(&value, "a string", None),
        }
        let span = value.span();
        match value.into_inner() {
            DeValue::String(text) if text.contains('\0') => {
                problems.invalid(span, "has a NUL character in it, which no process and no file name can have", "")
            }
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }
}

impl<'i> FromToml<'i> for bool {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            DeValue::String(text) if matches!(&**text, "true" | "false") => {
                let help = format!("write it without quotes: {text}");
                problems.mismatch(&value, "true or false", Some(help))
            }
            _ => problems.mismatch(&value, "true or false", None),
        }
    }
}

impl<'i> FromToml<'i> for i64 {
    type Schema = Self;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Some(number),
                Err(_) => problems.invalid(value.span(), "is too large", ""),
            },
            DeValue::String(text) if text.parse::<i64>().is_ok() => {
                let help = format!("write it without quotes: {text}");
                problems.mismatch(&value, "an integer", Some(help))
            }
            _ => problems.mismatch(&value, "an integer", None),
        }
    }
}

impl<'i, T: FromToml<'i>> FromToml<'i> for Spanned<T> {
    type Schema = T::Schema;

    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        let span = value.span();
        T::from_toml(value, problems).map(|decoded| Spanned::new(span, decoded))
    }
}

impl<'i, T: FromToml<'i>> FromToml<'i> for Vec<T> {
    type Schema = Vec<T::Schema>;

    /// Elements that do not fit are left out, their problems noted.
    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(_) => {}
            DeValue::String(text) => {
                let help = format!("write `{} = [{}]`", problems.key, toml_string(text));
                return problems.mismatch(&value, "an array of strings", Some(help));
            }
            _ => return problems.mismatch(&value, "an array of strings", None),
        }
        let DeValue::Array(elements) = value.into_inner() else { return None };
        let decode = |(index, element)| {
            problems.index = Some(index);
            T::from_toml(element, problems)
        };
        let decoded = elements.into_iter().enumerate().filter_map(decode).collect();
        problems.index = None;
        Some(decoded)
    }
}

impl<'i, T: FromToml<'i>> FromToml<'i> for IndexMap<Spanned<Text<'i>>, T> {
    type Schema = BTreeMap<String, T::Schema>;

    /// Values that do not fit are left out, their problems noted.
    fn from_toml(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<Self> {
        let table = table(value, problems)?;
        let decode = |(key, value): (Spanned<Text<'i>>, Spanned<DeValue<'i>>)| {
            let decoded = problems.decode(key.get_ref().clone().into_owned(), value)?;
            Some((key, decoded.into_inner()))
        };
        Some(table.into_iter().filter_map(decode).collect())
    }
}

/// The table that a value must be.
pub(super) fn table<'i>(value: Spanned<DeValue<'i>>, problems: &mut Problems) -> Option<DeTable<'i>> {
    if !value.get_ref().is_table() {
        return problems.mismatch(&value, "a table", None);
    }
    match value.into_inner() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// A string as TOML writes it.
pub(super) fn toml_string(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => _ = write!(out, "\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What a table has.
pub(super) trait Present {
    /// Its keys, each with the place of its value.
    fn present(&self) -> Vec<(&'static str, Range<usize>)>;

    /// Takes the value of a key away; answers where it was.
    fn remove(&mut self, key: &str) -> Option<Range<usize>>;
}

/// Declares a table of the manifest: a struct with an optional, spanned field for each key, its decoding and its schema.
/// The keys a user may write are the fields' names and nothing else, and an editor shows what is said of them here.
///
/// `#[default(…)]` is what holds where a key is left out. What is checked only when all is known has no type of its own: what
/// its values look like then stands behind `as`.
macro_rules! raw_table {
    ($(#[$attribute:meta])* $name:ident { $(
        $(#[doc = $doc:literal])+ $(#[default($default:tt)])? $field:ident: $type:ty $(as $schema:ty)?,
    )* }) => {
        $(#[$attribute])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'i> {
            $($(#[doc = $doc])+ pub(super) $field: Option<::toml::Spanned<$type>>,)*
            /// Also where no value lies in the manifest's text.
            _text: ::std::marker::PhantomData<&'i str>,
        }

        impl $crate::manifest::decode::Present for $name<'_> {
            fn present(&self) -> Vec<(&'static str, ::std::ops::Range<usize>)> {
                let keys = [$((stringify!($field), self.$field.as_ref().map(::toml::Spanned::span))),*];
                keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect()
            }

            fn remove(&mut self, key: &str) -> Option<::std::ops::Range<usize>> {
                match key {
                    $(stringify!($field) => self.$field.take().map(|value| value.span()),)*
                    _ => None,
                }
            }
        }

        impl<'i> ::schemars::JsonSchema for $name<'i> {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let mut properties = ::serde_json::Map::new();
                $(
                    let mut schema = generator.subschema_for::<$crate::manifest::decode::schema_of!('i, $type $(, $schema)?)>();
                    schema.insert("description".to_owned(), $crate::manifest::schema::description(&[$($doc),+]).into());
                    $(schema.insert("default".to_owned(), ::serde_json::json!($default));)?
                    properties.insert(stringify!($field).to_owned(), schema.into());
                )*
                ::schemars::json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
            }
        }

        impl<'i> $name<'i> {
            /// Every key, in the order in which they are documented.
            pub(super) const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Decodes a table; `wrong_key` makes the problem of a key that is none of [`Self::KEYS`].
            pub(super) fn decode(
                table: ::toml::de::DeTable<'i>,
                problems: &mut $crate::manifest::decode::Problems,
                wrong_key: impl Fn(&::toml::Spanned<$crate::manifest::decode::Text<'i>>, &$crate::manifest::decode::Problems) -> $crate::diagnostic::Problem,
            ) -> Self {
                let mut this = Self::default();
                for (key, value) in table {
                    match &**key.get_ref() {
                        $(stringify!($field) => this.$field = problems.decode(stringify!($field), value),)*
                        _ => {
                            let problem = wrong_key(&key, problems);
                            problems.push(problem);
                        }
                    }
                }
                this
            }
        }
    };
}
pub(super) use raw_table;

/// What the values of a key look like: as its type has it, unless something else is said.
macro_rules! schema_of {
    ($i:lifetime, $type:ty) => {
        <$type as $crate::manifest::decode::FromToml<$i>>::Schema
    };
    ($i:lifetime, $type:ty, $schema:ty) => {
        $schema
    };
}
pub(super) use schema_of;
