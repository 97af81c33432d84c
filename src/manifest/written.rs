//! Where in a manifest's text a part of a string stands: some characters of it are written as several.
//!
//! Knows how TOML writes strings. Does not know what is in them.

use std::ops::Range;

/// What an escaped end of a line takes with it.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// Where a part of a string's value is written: `string` is the place of the string with its quotes.
pub(super) fn place_in_string(source: &str, string: Range<usize>, part: Range<usize>) -> Range<usize> {
    let Some(written) = source.get(string.clone()) else { return string };
    let Some(quote) = written.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return string };
    let is_multiline = written.len() >= 6 && written.bytes().take(3).all(|byte| char::from(byte) == quote);
    let quotes = if is_multiline { 3 } else { 1 };
    // The first end of a line does not count.
    let rest = &written[quotes..];
    let newline = ["\r\n", "\n"].into_iter().find(|newline| is_multiline && rest.starts_with(newline));
    let mut at = quotes + newline.map_or(0, str::len);
    let end = written.len().saturating_sub(quotes);
    let (mut value, mut start) = (0, None);
    while at < end && value < part.end {
        if value >= part.start {
            start.get_or_insert(at);
        }
        let (length, meaning) = written_char(&written[at..end], quote == '"', is_multiline);
        at += length;
        value += meaning;
    }
    string.start + start.unwrap_or(at)..string.start + at
}

/// The length of a character as it is written, and of what it means.
fn written_char(written: &str, escapes: bool, is_multiline: bool) -> (usize, usize) {
    let first = written.chars().next().map_or(1, char::len_utf8);
    let Some(escape) = written.strip_prefix('\\').filter(|_| escapes) else { return (first, first) };
    let hex = |digits: usize| {
        let code = escape.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        (digits + 2, code.and_then(char::from_u32).map_or(1, char::len_utf8))
    };
    match escape.chars().next() {
        Some('x') => hex(2),
        Some('u') => hex(4),
        Some('U') => hex(8),
        // The end of the line and all blanks that follow mean nothing.
        Some(c) if is_multiline && BLANKS.contains(&c) => (written.len() - escape.trim_start_matches(BLANKS).len(), 0),
        Some(c) => (1 + c.len_utf8(), 1),
        None => (1, 1),
    }
}
