//! The files of a manifest, as they are written.
//!
//! Knows which there are and where each lies. Does not know what they mean.

use std::path::{Path, PathBuf};

use super::decode::Problems;
use super::raw::RawManifest;
use super::syntax;
use crate::diagnostic::{Problem, Source};

/// A file of the manifest.
#[derive(Debug)]
pub(super) struct File<'i> {
    pub(super) raw: RawManifest<'i>,
    /// What its relative paths start at; absolute.
    pub(super) folder: PathBuf,
    /// The place among the files of the one that includes it; the manifest itself has none.
    pub(super) outer: Option<usize>,
}

/// The files of a manifest.
#[derive(Debug)]
pub(super) struct Files<'i> {
    /// The manifest itself first.
    pub(super) list: Vec<File<'i>>,
    /// Where the text of the manifest itself ends.
    pub(super) top_end: usize,
    /// What is no TOML.
    pub(super) syntax: Vec<Problem>,
    /// Whether all there is could be read: otherwise some tasks may be missing, and whoever names them is not to blame.
    pub(super) are_complete: bool,
}

impl<'i> Files<'i> {
    /// Reads a manifest that lies in this folder.
    pub(super) fn read(top: &'i Source, folder: &Path, problems: &mut Problems) -> Self {
        let (document, syntax) = syntax::parse(&top.text);
        let raw = RawManifest::from_document(document, problems);
        let file = File { raw, folder: folder.to_owned(), outer: None };
        Self { list: vec![file], top_end: top.text.len(), are_complete: syntax.is_empty(), syntax }
    }
}
