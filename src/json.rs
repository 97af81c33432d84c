//! Data as JSON that is safe to show.

use std::fmt::Write as _;

use serde::Serialize;

use crate::text;

/// Data as JSON for people and programs: what would act on a terminal is written as `\u` escapes, which mean the same.
pub(crate) fn to_json(data: &impl Serialize) -> String {
    let mut out = escape(&serde_json::to_string_pretty(data).expect("plain data is serializable"));
    out.push('\n');
    out
}

/// The same in one line, without its end.
pub(crate) fn to_json_line(data: &impl Serialize) -> String {
    escape(&serde_json::to_string(data).expect("plain data is serializable"))
}

fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside of strings there is nothing of the kind but the newlines.
        if c != '\n' && text::is_unsafe_to_show(c) {
            _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}
