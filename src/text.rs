//! How values are written for people: escaped, quoted, counted, and as durations.
//!
//! Knows text and nothing of where it goes; what it returns is safe to show on a terminal.

mod output;
mod plain;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(crate) use output::OutputEscaper;
pub(crate) use plain::without_sequences;

/// How many names a list shows.
const MOST_NAMES: usize = 10;

/// Writes `bytes` so that they can neither move a cursor, nor recolor a terminal, nor reorder the text around them:
/// control characters, bidirectional controls and what is not UTF-8 become `\n`, `\t`, `\r`, `\xNN` or `\u{…}`.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c if c.is_ascii_control() => _ = write!(text, "\\x{:02x}", u32::from(c)),
                c if is_unsafe_to_show(c) => _ = write!(text, "\\u{{{:x}}}", u32::from(c)),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Whether a character acts on the terminal or on the order of other characters instead of being seen.
pub(crate) fn is_unsafe_to_show(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A path, escaped.
pub(crate) fn path(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}

/// A path as seen from `base`: relative when it lies inside, whole otherwise.
pub(crate) fn path_from(base: &Path, target: &Path) -> String {
    match target.strip_prefix(base) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => path(inside),
        Err(_) => path(target),
    }
}

/// An argv as one line that a shell would read back as the same arguments; what cannot be shown is written as `$'…'`,
/// as bash and zsh read it.
pub(crate) fn argv<A: AsRef<OsStr>>(argv: &[A]) -> String {
    let mut line = String::new();
    for argument in argv {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&quote(argument.as_ref()));
    }
    line
}

fn quote(argument: &OsStr) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(byte);
    let bytes = argument.as_bytes();
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return argument.to_string_lossy().into_owned();
    }
    if escape(bytes).as_bytes() == bytes {
        return format!("'{}'", argument.to_string_lossy().replace('\'', r"'\''"));
    }
    // Backslashes first: those that the escapes bring are not to be doubled.
    let parts: Vec<String> = bytes.split(|byte| *byte == b'\\').map(escape).collect();
    format!("$'{}'", parts.join(r"\\").replace('\'', r"\'"))
}

/// A duration in the unit a reader wants: `0.042s`, `12.3s`, `4m07s`, `2h05m`.
pub(crate) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = millis / 1000;
    match millis {
        0..10_000 => format!("{seconds}.{:03}s", millis % 1000),
        10_000..60_000 => format!("{seconds}.{}s", millis % 1000 / 100),
        60_000..3_600_000 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A duration at a glance, no more exact than it is of use while it changes: `4.2s`, `42s`, `4m07s`, `2h05m`.
pub(crate) fn rough_duration(duration: Duration) -> String {
    let (seconds, tenths) = (duration.as_secs(), duration.subsec_millis() / 100);
    match seconds {
        0..10 => format!("{seconds}.{tenths}s"),
        10..60 => format!("{seconds}s"),
        _ => self::duration(duration),
    }
}

/// What the system says of an error, without its number and in the middle of a sentence.
pub(crate) fn io_error(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_lowercase(),
        None => text,
    }
}

/// A number of bytes with a binary unit: `512 B`, `1.4 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

/// `1 job`, `2 jobs`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `a, b, c`, and of a long list only how many more there are.
pub(crate) fn names(names: &[impl AsRef<str>]) -> String {
    let mut shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| escape(name.as_ref().as_bytes())).collect();
    if names.len() > MOST_NAMES {
        shown.push(format!("and {} more", names.len() - MOST_NAMES));
    }
    shown.join(", ")
}

/// `text` followed by the spaces that bring it to `width` columns of a terminal.
pub(crate) fn pad(text: &str, width: usize) -> String {
    // A format pads to no more than 65,535 columns, and panics beyond.
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// How many columns of a terminal it takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// How many columns the widest of them takes.
pub(crate) fn widest<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    texts.map(columns).max().unwrap_or(0)
}

/// As much of it as fits into so many columns, the end given up for a `…` if it does not.
pub(crate) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else { return Cow::Borrowed("") };
    Cow::Owned(fitting(text.chars(), room).chain(['…']).collect())
}

/// The same with the middle given up: the names of a matrix's jobs differ at the end.
pub(crate) fn cut_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else { return Cow::Borrowed("") };
    let end: Vec<char> = fitting(text.chars().rev(), room - room / 2).collect();
    Cow::Owned(fitting(text.chars(), room / 2).chain(['…']).chain(end.into_iter().rev()).collect())
}

/// As many of the first as fit into so many columns.
fn fitting(chars: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    chars.scan(columns, |room, c| {
        *room = room.checked_sub(c.width().unwrap_or(0))?;
        Some(c)
    })
}

/// The candidate that is most like what was written, if any is like it.
pub(crate) fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(written, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that act on a terminal, whole or broken, and pieces that do not.
    pub(super) fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..8),
            any::<char>().prop_map(|c| c.to_string().into_bytes()),
            prop::sample::select(vec![
                &b"\x1b["[..],
                b"\x1b[0;1m",
                b"\x1b[2J",
                b"\x1b]0;",
                b"\xc2\x9b",
                b"\xc2",
                b"\r\n",
                b"\r",
                b"\xe2\x80\xae",
                b"\x7f",
                b"\\"
            ])
            .prop_map(<[u8]>::to_vec),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Two texts may look the same, as a newline and the two characters `\n` do: backslashes are left as they are,
        /// so that what has been escaped can be handed on and escaped again.
        #[test]
        fn nothing_escaped_acts_and_escaping_it_again_changes_nothing(bytes in pieces()) {
            let text = escape(&bytes);
            prop_assert!(!text.contains(is_unsafe_to_show), "{:?}", text);
            prop_assert_eq!(escape(text.as_bytes()), text);
        }
    }

    #[test]
    fn what_is_padded_is_as_wide_as_it_has_to_be() {
        for width in [0, 2, 3, 70_000] {
            assert_eq!(columns(&pad("日", width)), width.max(2));
        }
    }

    #[test]
    fn what_is_too_long_is_cut_at_its_end_or_in_its_middle() {
        let cuts = |text, columns| (cut(text, columns).into_owned(), cut_middle(text, columns).into_owned());
        let both = |end: &str, middle: &str| (end.to_owned(), middle.to_owned());
        assert_eq!(cuts("short", 5), both("short", "short"));
        assert_eq!(cuts("thumbnail[src=photos/a.jpg]", 16), both("thumbnail[src=p…", "thumbna…s/a.jpg]"));
        assert_eq!(cuts("日本語日本語", 8), both("日本語…", "日…本語"));
        assert_eq!(cuts("日本語", 1), both("…", "…"));
        assert_eq!(cuts("日本語", 0), both("", ""));
    }

    #[test]
    fn escapes_what_acts_instead_of_being_seen() {
        assert_eq!(escape(b"plain \xc3\xa9"), "plain é");
        assert_eq!(escape(b"\x1b[31m\x07\x7f"), "\\x1b[31m\\x07\\x7f");
        assert_eq!(escape("a\u{202e}b\u{9b}".as_bytes()), "a\\u{202e}b\\u{9b}");
        assert_eq!(escape(b"\xff\xfe ok\n"), "\\xff\\xfe ok\\n");
    }

    #[test]
    fn quotes_only_what_a_shell_would_read_otherwise() {
        assert_eq!(argv(&["cargo", "build", "--profile=x"]), "cargo build --profile=x");
        assert_eq!(argv(&["echo", "", "a b", "it's", "$HOME"]), r"echo '' 'a b' 'it'\''s' '$HOME'");
        assert_eq!(argv(&["printf", "a\nb"]), r"printf $'a\nb'");
        assert_eq!(argv(&["{a,b}", "it's \\ \t"]), r"'{a,b}' $'it\'s \\ \t'");
    }

    #[test]
    fn durations_keep_three_significant_places() {
        let cases = [(0, "0.000s"), (42, "0.042s"), (9_999, "9.999s"), (12_345, "12.3s"), (247_000, "4m07s")];
        for (millis, text) in cases {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(duration(Duration::from_secs(7_500)), "2h05m");
    }

    #[test]
    fn the_closest_name_is_offered_only_when_it_is_close() {
        assert_eq!(closest("depends", ["deps", "argv", "cwd"]), Some("deps"));
        assert_eq!(closest("xyz", ["deps", "argv", "cwd"]), None);
    }
}
