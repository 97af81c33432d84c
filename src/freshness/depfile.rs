//! What a compiler says it has read: rules for make, as gcc and clang write them.
//!
//! Knows the syntax. Does not know which of the files there are, nor where their paths start.

/// Why a text is no depfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) what: &'static str,
}

/// What all targets together are made from, in order, as it is written; a name may be there more than once.
///
/// A colon ends the targets only where space follows it: no compiler escapes the others.
pub(super) fn prerequisites(text: &[u8]) -> Result<Vec<Vec<u8>>, SyntaxError> {
    let mut found = Vec::new();
    let mut line = 1;
    // Whether the rule's colon has come, and where a rule began of which it has not.
    let mut after_colon = false;
    let mut unfinished: Option<usize> = None;
    let mut rest = text;
    loop {
        let (token, length) = next(rest);
        match token {
            Token::Name(name) if after_colon => found.push(name),
            Token::Name(name) if name.ends_with(b":") => after_colon = true,
            Token::Name(_) => unfinished = unfinished.or(Some(line)),
            Token::Space => {}
            Token::EndOfLine | Token::End => {
                if let (Some(line), false) = (unfinished, after_colon) {
                    return Err(SyntaxError { line, what: "there is no `:` after the targets" });
                }
                (after_colon, unfinished) = (false, None);
                if matches!(token, Token::End) {
                    return Ok(found);
                }
            }
            Token::Nul => return Err(SyntaxError { line, what: "there is a NUL, which no path can hold" }),
        }
        line += rest[..length].split(|byte| *byte == b'\n').count() - 1;
        rest = &rest[length..];
    }
}

enum Token {
    /// Without its escapes. Of targets, the last has the rule's colon at its end.
    Name(Vec<u8>),
    /// Also the end of a line that goes on on the next one.
    Space,
    /// Also what comes after a `#`.
    EndOfLine,
    End,
    Nul,
}

/// What a text begins with, and how long that is.
fn next(text: &[u8]) -> (Token, usize) {
    match text {
        [] => (Token::End, 0),
        [0, ..] => (Token::Nul, 1),
        [b'\n', ..] => (Token::EndOfLine, 1),
        [b' ' | b'\t' | b'\r', ..] => (Token::Space, 1),
        [b'#', ..] => {
            let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
            (Token::EndOfLine, end)
        }
        [b'\\', b'\n', ..] => (Token::Space, 2),
        [b'\\', b'\r', b'\n', ..] => (Token::Space, 3),
        _ => name(text),
    }
}

fn name(text: &[u8]) -> (Token, usize) {
    let mut name = Vec::new();
    let mut at = 0;
    loop {
        match &text[at..] {
            [] | [b' ' | b'\t' | b'\r' | b'\n' | 0, ..] => return (Token::Name(name), at),
            [b'$', b'$', ..] => {
                name.push(b'$');
                at += 2;
            }
            [b'\\', ..] => {
                let count = text[at..].iter().take_while(|byte| **byte == b'\\').count();
                let after = &text[at + count..];
                // Backslashes are doubled, and mean anything, only before what has a meaning itself.
                let (kept, taken) = match after {
                    [b'\n', ..] | [b'\r', b'\n', ..] => (count - 1, None),
                    [c @ (b' ' | b'\t'), ..] => (count / 2, (count % 2 == 1).then_some(*c)),
                    [b':', b' ' | b'\t' | b'\r' | b'\n', ..] | [b':'] => (count, None),
                    [c @ (b'#' | b':'), ..] => (count - 1, Some(*c)),
                    _ => (count, None),
                };
                name.extend(std::iter::repeat_n(b'\\', kept));
                name.extend(taken);
                at += count + usize::from(taken.is_some());
                match after {
                    // The last of them continues the line.
                    [b'\n', ..] | [b'\r', b'\n', ..] => return (Token::Name(name), at - 1),
                    [b' ' | b'\t', ..] if taken.is_none() => return (Token::Name(name), at),
                    _ => {}
                }
            }
            [byte, ..] => {
                name.push(*byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<String> {
        let found = prerequisites(text.as_bytes()).expect("it is a depfile");
        found.into_iter().map(|name| String::from_utf8(name).expect("UTF-8")).collect()
    }

    #[test]
    fn what_gcc_and_clang_write_is_read() {
        assert_eq!(read("a.o: a.c a.h\n"), ["a.c", "a.h"]);
        assert_eq!(read("a.o: a.c \\\n  sub/a.h \\\n  b.h\n"), ["a.c", "sub/a.h", "b.h"]);
        assert_eq!(read("a.o: a.c \\\r\n  a.h\r\n\r\na.h:\r\n"), ["a.c", "a.h"]);
        assert_eq!(read("a.o a.d: a.c\n\na.h:\n\nb.h:\n"), ["a.c"]);
        assert_eq!(read("a.o : a.c"), ["a.c"]);
        assert_eq!(read("a.o:\\\n a.c\n"), ["a.c"]);
        assert_eq!(
            read(r"a\ b.o: a\ b.c c\#d$$e.h \\server\x.h a\\\ b two\\ names"),
            ["a b.c", r"c#d$e.h", r"\\server\x.h", r"a\ b", r"two\", "names"]
        );
        assert_eq!(read("a:b.o: a:b.c C\\:d.h end:\n"), ["a:b.c", "C:d.h", "end:"]);
        assert_eq!(read("# made by rustc\na: a.rs\n\n# env-dep:HOME\n"), ["a.rs"]);
        assert_eq!(read(""), [""; 0]);
    }

    #[test]
    fn what_is_no_depfile_says_where() {
        let error = |text: &str| prerequisites(text.as_bytes()).expect_err("it is none");
        let no_colon = |line| SyntaxError { line, what: "there is no `:` after the targets" };
        assert_eq!(error("a.o: a.c\n\nb.o \\\n c.o\n"), no_colon(3));
        assert_eq!(error("a.c"), no_colon(1));
        assert_eq!(error("a.o:a.c b.c"), no_colon(1));
        let nul = SyntaxError { line: 2, what: "there is a NUL, which no path can hold" };
        assert_eq!(error("a.o: a.c \\\n a\0b"), nul);
    }

    /// As gcc does it, which is the only one to do it for all names.
    fn escape(name: &str) -> String {
        let mut out = String::new();
        for (at, c) in name.char_indices() {
            let backslashes = name[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
            match c {
                ' ' | '\t' => out.extend(std::iter::repeat_n('\\', backslashes + 1)),
                '$' => out.push('$'),
                '#' | ':' => out.push('\\'),
                _ => {}
            }
            out.push(c);
        }
        let backslashes = name.bytes().rev().take_while(|byte| *byte == b'\\').count();
        out.extend(std::iter::repeat_n('\\', backslashes));
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_escaped_name_is_read_as_it_was(
            names in prop::collection::vec(r"[ab#$\\\t ./]{0,6}[ab#$\\\t /]", 1..4),
            ends in prop::sample::select(vec![" ", "  ", " \\\n ", " \\\r\n\t"]),
        ) {
            let escaped: Vec<String> = names.iter().map(|name| escape(name)).collect();
            let text = format!("{}:{ends}{} \n", escape("a b.o"), escaped.join(ends));
            prop_assert_eq!(read(&text), names);
        }

        #[test]
        fn any_text_is_a_depfile_or_says_why_not(text in "[a:#$ \\\\\t\r\n\0]{0,20}") {
            match prerequisites(text.as_bytes()) {
                Ok(found) => prop_assert!(found.iter().all(|name| !name.is_empty())),
                Err(error) => prop_assert!((1..=text.split('\n').count()).contains(&error.line)),
            }
        }
    }
}
