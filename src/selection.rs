//! What a user asks to be run, as data: given on a command line, kept in a record, and asked for again from there.

use std::ffi::OsString;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What is to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Names, aliases, globs (`*` and `?`) and `tag:NAME`; none for the manifest's `default`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Without what they need.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_deps: bool,
    /// Values for vars, over those of the manifest.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub set: IndexMap<String, String>,
    /// What comes in for `{{args}}` in the named tasks, or else at the end of the argv of the one that is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "arguments")]
    pub arguments: Vec<OsString>,
}

impl Selection {
    /// Whether it asks for nothing but the manifest's `default`.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Each argument as text, or as its bytes where it is not UTF-8: what is read must be what was given.
mod arguments {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::lossless::Lossless;

    pub(super) fn serialize<S: Serializer>(arguments: &[OsString], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(arguments.iter().map(|argument| Lossless::from(argument.as_bytes())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OsString>, D::Error> {
        let arguments = Vec::<Lossless<'_>>::deserialize(deserializer)?;
        Ok(arguments.into_iter().map(|argument| OsString::from_vec(argument.0.into_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn what_is_kept_is_what_was_given() {
        let arguments = vec!["--é".into(), OsString::from_vec(b"a\xFF\n".to_vec()), OsString::new()];
        let set = IndexMap::from([("a".to_owned(), "b=c".to_owned())]);
        let selection = Selection { names: vec!["tag:x".into()], no_deps: true, set, arguments };
        let text = serde_json::to_string(&selection).expect("plain data is serializable");
        assert_eq!(text, r#"{"names":["tag:x"],"no_deps":true,"set":{"a":"b=c"},"arguments":["--é",[97,255,10],""]}"#);
        assert_eq!(serde_json::from_str::<Selection>(&text).expect("it was written so"), selection);
    }

    #[test]
    fn what_is_not_asked_for_is_not_there() {
        assert_eq!(serde_json::to_string(&Selection::default()).expect("plain data is serializable"), "{}");
        assert!(serde_json::from_str::<Selection>("{}").expect("nothing is needed").is_default());
    }
}
