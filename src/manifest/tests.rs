//! Whatever a manifest holds, reading it and showing what is wrong with it ends well.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Problem;
use crate::diagnostic::Rendering;
use crate::selection::Selection;
use crate::text::is_unsafe_to_show;

const EXAMPLE: &str = include_str!("../../procman.toml.example");

/// What is put into the example: what TOML is made of, what it is not, and what must not reach a terminal.
const SCRAPS: [&[u8]; 34] = [
    b"",
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"\"",
    b"'",
    b"\"\"\"",
    b"'''",
    b"\\",
    b"\\u202e",
    b"\\u0000",
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b"=",
    b",",
    b".",
    b"#",
    b"-1",
    b"99999999999999999999",
    b"1e400",
    b"1979-05-27",
    b"\"5m\"",
    b"[tasks.hello]\n",
    b"deps = [\"full\"]\n",
    "é\u{301}".as_bytes(),
    "\u{202e}\u{9b}".as_bytes(),
    "\u{feff}".as_bytes(),
    b"\0\x1b[2J\x7f",
    b"\xff",
    b"\xc3",
];

/// A change of a manifest: as much of it as `length` from `at` on becomes something else.
#[derive(Debug, Clone)]
struct Change {
    at: usize,
    length: usize,
    /// One of the scraps, or a piece of the example itself.
    piece: Result<usize, (usize, usize)>,
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        let piece = prop_oneof![(0..SCRAPS.len()).prop_map(Ok), (0..EXAMPLE.len(), 0..200_usize).prop_map(Err),];
        (0..EXAMPLE.len(), prop_oneof![Just(0), 0..4_usize, 0..300_usize], piece).prop_map(|(at, length, piece)| Self {
            at,
            length,
            piece,
        })
    }

    fn apply(&self, text: &mut Vec<u8>) {
        let start = self.at.min(text.len());
        let end = (start + self.length).min(text.len());
        let piece = match self.piece {
            Ok(scrap) => SCRAPS[scrap],
            Err((from, length)) => &EXAMPLE.as_bytes()[from..(from + length).min(EXAMPLE.len())],
        };
        text.splice(start..end, piece.iter().copied());
    }
}

/// Reads a manifest of these bytes, and one that includes it; selects what it runs, and renders what is wrong with it.
fn read_and_show(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(FILE_NAME);
    fs::write(&path, bytes).expect("a file");
    load_and_show(&path);
    fs::write(folder.path().join("included.toml"), bytes).expect("a file");
    fs::write(&path, "include = ['included.toml']\n[tasks]\n'thé' = ['true']").expect("a file");
    load_and_show(&path);
}

fn load_and_show(path: &Path) {
    match Manifest::load(path, FILE_NAME) {
        Ok(manifest) => {
            for (name, task) in manifest.tasks() {
                assert!(manifest.sources().text(&task.span()).is_some(), "{name}: {:?}", task.span());
            }
            _ = manifest.plan(&Selection::default());
        }
        Err(ManifestError::Invalid { sources, problems }) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                show(&sources, problem);
            }
        }
        Err(error) => panic!("{error}"),
    }
}

fn show(sources: &Sources, problem: &Problem) {
    for label in &problem.labels {
        assert!(sources.text(&label.span).is_some(), "outside the text or inside a character: {problem:?}");
    }
    let shown = Rendering::new(sources, false).render(problem);
    let acts = |c: char| c != '\n' && is_unsafe_to_show(c);
    assert!(!shown.contains(acts), "{:?} in {shown:?} of {problem:?}", shown.chars().find(|c| acts(*c)));
    Rendering::new(sources, true).render(problem);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_can_be_read_and_what_is_wrong_shown(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_and_show(&bytes);
    }

    #[test]
    fn any_text_can_be_read_and_what_is_wrong_shown(text in "(?s).{0,200}") {
        read_and_show(text.as_bytes());
    }

    #[test]
    fn any_change_of_the_example_can_be_read_and_what_is_wrong_shown(
        changes in prop::collection::vec(Change::any(), 1..6),
    ) {
        let mut text = EXAMPLE.as_bytes().to_vec();
        for change in &changes {
            change.apply(&mut text);
        }
        read_and_show(&text);
    }
}
