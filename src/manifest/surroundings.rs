//! What is the same for all strings of a manifest, wherever they stand: its folder, its texts, what the user sets.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::Parameters;
use super::written::place_in_string;
use crate::glob::{self, PathOrGlob, normalised};

/// How the manifest's folder is written where it is left open.
const OPEN_ROOT: &str = "{{root}}";

/// What is around the strings of a manifest.
#[derive(Debug)]
pub(super) struct Surroundings<'i> {
    /// The manifest's own folder, absolute.
    pub(super) root: PathBuf,
    pub(super) invocation_dir: PathBuf,
    /// Whether to leave what depends on the machine as it is written.
    pub(super) portable: bool,
    /// Values for vars, over those that the manifest gives them.
    set: IndexMap<String, String>,
    /// The texts of all files, each with the place at which it starts.
    texts: Vec<(usize, &'i str)>,
    /// The ways in which a path may begin with the manifest's folder.
    forms_of_root: Vec<String>,
    /// The files and globs that values come from.
    sources: RefCell<Vec<PathOrGlob>>,
}

impl<'i> Surroundings<'i> {
    pub(super) fn new(root: PathBuf, texts: Vec<(usize, &'i str)>, parameters: &Parameters) -> Self {
        let here = || std::env::current_dir().unwrap_or_else(|_| root.clone());
        let written = root.to_str().map(|root| root.trim_end_matches('/')).into_iter();
        let open = parameters.portable.then_some(OPEN_ROOT).into_iter();
        Self {
            invocation_dir: parameters.invocation_dir.clone().unwrap_or_else(here),
            portable: parameters.portable,
            set: parameters.set.clone(),
            texts,
            forms_of_root: written.chain(open).flat_map(|form| [form.to_owned(), glob::escape(form)]).collect(),
            sources: RefCell::default(),
            root,
        }
    }

    /// The value that a var is to have, whatever the manifest says.
    pub(super) fn set(&self, var: &str) -> Option<&str> {
        self.set.get(var).map(String::as_str)
    }

    /// The rest of a path, or of a pattern, that begins with the manifest's folder: the same, seen from there.
    pub(super) fn seen_from_root<'t>(&self, path: &'t str) -> Option<&'t str> {
        let rest = self.forms_of_root.iter().filter_map(|form| path.strip_prefix(&**form));
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/')).map(|rest| rest.trim_start_matches('/')).next()
    }

    /// A path that was found on this machine, as it is on any other.
    pub(super) fn as_portable(&self, found: String) -> String {
        match self.seen_from_root(&found) {
            Some(rest) if self.portable && Path::new(&found).is_absolute() => format!("{OPEN_ROOT}/{rest}"),
            _ => found,
        }
    }

    /// Takes note that values come from the files that this pattern, or this path, fits; `folder` is what it starts at.
    pub(super) fn note_source(&self, folder: &Path, text: &str, is_pattern: bool) {
        let folder = folder.strip_prefix(&self.root).unwrap_or(folder);
        let (folder, rest) = self.seen_from_root(text).map_or((folder, text), |rest| (Path::new(""), rest));
        let source = if is_pattern {
            PathOrGlob::parse(folder, rest).ok()
        } else {
            Some(PathOrGlob::Path(normalised(folder, rest)))
        };
        self.sources.borrow_mut().extend(source);
    }

    /// All that was noted.
    pub(super) fn sources(&self) -> Vec<PathOrGlob> {
        self.sources.take()
    }

    /// The place of a part of a string, whose own place is that with its quotes.
    pub(super) fn place(&self, string: Range<usize>, part: Range<usize>) -> Range<usize> {
        let file = self.texts.partition_point(|(start, _)| *start <= string.start);
        let Some((start, text)) = file.checked_sub(1).and_then(|file| self.texts.get(file)) else { return string };
        let place = place_in_string(text, string.start - start..string.end - start, part);
        place.start + start..place.end + start
    }
}
