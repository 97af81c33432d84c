//! Text that is data, on its way into a page.

use std::fmt::{self, Display};

use crate::text;

/// Text as it may stand between tags and inside of quoted attributes: what would be markup is a reference, and what
/// acts instead of being seen is escaped as on a terminal.
pub(super) struct Html<'a>(pub(super) &'a str);

/// The same with its newlines and tabs as they are, as in an element that keeps them.
pub(super) struct Lines<'a>(pub(super) &'a str);

impl Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        without_markup(f, &text::escape(self.0.as_bytes()))
    }
}

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(['\n', '\t']) {
            let kept = part.ends_with(['\n', '\t']);
            let (text, kept) = part.split_at(part.len() - usize::from(kept));
            without_markup(f, &text::escape(text.as_bytes()))?;
            f.write_str(kept)?;
        }
        Ok(())
    }
}

fn without_markup(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let reference = match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        };
        f.write_str(&rest[..at])?;
        f.write_str(reference)?;
        rest = &rest[at + 1..];
    }
    f.write_str(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_becomes_references_and_what_acts_is_escaped() {
        let hostile = "</script><!-- \"a\" 'b' & \u{2028}\n\t\x1b[2J";
        let same = "&lt;/script&gt;&lt;!-- &quot;a&quot; &#39;b&#39; &amp; \\u{2028}";
        assert_eq!(Html(hostile).to_string(), format!("{same}\\n\\t\\x1b[2J"));
        assert_eq!(Lines(hostile).to_string(), format!("{same}\n\t\\x1b[2J"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_ends_a_text_or_a_quoted_attribute(text in "[a&<>\"'\n\u{202e}\\PC]{0,40}") {
            for shown in [Html(&text).to_string(), Lines(&text).to_string()] {
                prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{}", shown);
                let acts = |c: char| text::is_unsafe_to_show(c) && !"\n\t".contains(c);
                prop_assert!(!shown.contains(acts), "{}", shown);
                let mut references = shown.split('&').skip(1);
                prop_assert!(references.all(|rest| rest.find(';').is_some_and(|end| end <= 4)), "{}", shown);
            }
        }
    }
}
