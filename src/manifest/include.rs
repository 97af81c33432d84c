//! The files of a manifest, as they are written: the manifest itself, what it includes, and what that includes.
//!
//! Knows which there are, where each lies and which keys only the first may have. Does not know what they mean.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use typed_arena::Arena;

use super::cycle::Cycle;
use super::decode::Problems;
use super::find;
use super::raw::{Name, RawManifest};
use super::syntax::{self, Piece};
use crate::diagnostic::{Problem, Source, Sources};
use crate::glob::PathOrGlob;
use crate::text;

/// The keys that speak of a whole run, and not of the tasks in a file.
const KEYS_OF_THE_TOP: [&str; 5] = ["min_version", "limit", "default", "on_failure", "log"];

/// A file of the manifest.
#[derive(Debug)]
pub(super) struct File<'i> {
    pub(super) raw: RawManifest<'i>,
    /// What its relative paths start at, seen from the manifest's own folder.
    pub(super) folder: PathBuf,
    /// The place among the files of the one that includes it; the manifest itself has none.
    pub(super) outer: Option<usize>,
    /// Its path as the user would write it.
    shown: &'i str,
    /// What it holds, and the place at which that starts.
    pub(super) text: Piece<'i>,
    /// What of it, all of it tasks, has not been parsed yet.
    pub(super) rest: Vec<Piece<'i>>,
    /// Where it is included.
    included_at: Range<usize>,
}

/// The files of a manifest.
pub(super) struct Files<'i> {
    /// The manifest itself first, then what it includes, in order; what an included file includes follows that file.
    pub(super) list: Vec<File<'i>>,
    /// The manifest's own folder, absolute.
    pub(super) root: PathBuf,
    /// The same as the user would write it.
    shown_root: PathBuf,
    /// Where the text of the manifest itself ends.
    pub(super) top_end: usize,
    /// What is no TOML, and no text.
    pub(super) syntax: Vec<Problem>,
    /// Whether all there is could be read: otherwise some tasks may be missing, and whoever names them is not to blame.
    pub(super) are_complete: bool,
    /// What was asked for by `include`, whether it is there or not.
    pub(super) asked_for: Vec<PathOrGlob>,
    /// Of all their paths and bytes; of those of the manifest itself alone where it includes nothing.
    pub(super) hash: blake3::Hash,
    /// Whether long ones are parsed piece by piece.
    in_pieces: bool,
    /// Holds their texts, in the same order.
    texts: &'i Arena<Source>,
    /// Where the text of the next one starts.
    next_start: usize,
    /// The place of each by its path without links.
    places: HashMap<PathBuf, usize>,
}

/// A file that is to be included.
struct Include {
    /// The place of the file that asks for it, and where it does.
    outer: usize,
    at: Range<usize>,
    /// Seen from the manifest's own folder.
    path: PathBuf,
    is_from_glob: bool,
}

impl<'i> Files<'i> {
    /// The manifest at `path`, which is absolute, and all that it includes. `hash` is that of its bytes.
    pub(super) fn read(
        texts: &'i Arena<Source>,
        manifest: Source,
        path: &Path,
        hash: blake3::Hash,
        in_pieces: bool,
        problems: &mut Problems,
    ) -> Self {
        let folder = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
        let mut this = Self {
            list: Vec::new(),
            root: folder(path),
            shown_root: folder(Path::new(&manifest.path)),
            top_end: manifest.text.len(),
            syntax: Vec::new(),
            are_complete: true,
            asked_for: Vec::new(),
            hash,
            in_pieces,
            texts,
            next_start: 0,
            places: HashMap::new(),
        };
        // A manifest that is parsed need not be there.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        this.places.insert(real, 0);
        this.add(manifest, None, None, problems);
        // Without recursion: there may be as many as there is memory for.
        let mut open = this.included_by(0, problems);
        while let Some(include) = open.pop() {
            if this.include(&include, problems) {
                open.extend(this.included_by(this.list.len() - 1, problems));
            }
        }
        this
    }

    /// Adds a file with this text, which may be none.
    fn add(&mut self, source: Source, not_a_text: Option<Problem>, include: Option<&Include>, problems: &mut Problems) {
        let source: &'i Source = self.texts.alloc(source);
        let start = self.next_start;
        self.next_start = Sources::next_start(start, &source.text);
        let pieces = if self.in_pieces { syntax::pieces(&source.text) } else { vec![(0, &*source.text)] };
        let first = pieces[0].1;
        let (mut document, mut syntax) = match not_a_text {
            None => syntax::parse(first, start),
            Some(problem) => (DeTable::new(), vec![problem.moved(start)]),
        };
        self.are_complete &= syntax.is_empty();
        self.syntax.append(&mut syntax);
        if let Some(manifest) = self.list.first() {
            refuse_keys_of_the_top(&mut document, manifest.shown, problems);
        }
        self.list.push(File {
            raw: RawManifest::from_document(document, problems),
            folder: include.and_then(|include| include.path.parent()).map(Path::to_owned).unwrap_or_default(),
            outer: include.map(|include| include.outer),
            shown: &source.path,
            text: (start, &source.text),
            rest: pieces[1..].iter().map(|(at, piece)| (start + at, *piece)).collect(),
            included_at: include.map(|include| include.at.clone()).unwrap_or_default(),
        });
    }

    /// What a file asks for, the last first.
    fn included_by(&mut self, outer: usize, problems: &mut Problems) -> Vec<Include> {
        let mut includes = Vec::new();
        let Some(names) = self.list[outer].raw.include.take() else { return includes };
        for name in names.get_ref() {
            if name.get_ref().is_empty() {
                self.fail(name, "the path is empty", problems);
                continue;
            }
            let include = |path, is_from_glob| Include { outer, at: name.span(), path, is_from_glob };
            let parsed = PathOrGlob::parse(&self.list[outer].folder, name.get_ref());
            self.asked_for.extend(parsed.clone());
            match parsed {
                Ok(PathOrGlob::Path(path)) => includes.push(include(path, false)),
                Ok(PathOrGlob::Glob(glob)) => match glob.expand(&self.root) {
                    Ok(paths) => includes.extend(paths.into_iter().map(|path| include(path, true))),
                    Err(error) => {
                        let why = format!("a folder cannot be read: {}", text::io_error(&error));
                        self.fail(name, &why, problems);
                    }
                },
                Err(why) => self.fail(name, &why, problems),
            }
        }
        includes.reverse();
        includes
    }

    fn fail(&mut self, name: &Name<'_>, why: &str, problems: &mut Problems) {
        self.are_complete = false;
        problems.push(Problem::error(name.span(), format!("`{}` cannot be included: {why}", name.get_ref())));
    }

    /// Adds a file, unless it cannot be read or is there already. Answers whether it did.
    fn include(&mut self, include: &Include, problems: &mut Problems) -> bool {
        let path = self.root.join(&include.path);
        let found = fs::canonicalize(&path).and_then(|real| match self.places.get(&real) {
            Some(place) => Ok(Err(*place)),
            None => find::read(&path).map(|bytes| Ok((real, bytes))),
        });
        let shown = self.shown_root.join(&include.path).to_string_lossy().into_owned();
        match found {
            Ok(Ok((real, bytes))) => {
                self.places.insert(real, self.list.len());
                self.hash = hash_with(&self.hash, &include.path, &bytes);
                let (text, problem) = syntax::text(bytes);
                self.add(Source { path: shown, text }, problem, Some(include), problems);
                true
            }
            // A glob that fits all files of a folder is meant for the others.
            Ok(Err(place)) if include.is_from_glob && place == include.outer => false,
            Ok(Err(place)) => {
                problems.list.extend(self.loop_problem(place, include).or_else(|| Some(self.twice(place, include))));
                false
            }
            Err(error) => {
                self.are_complete = false;
                problems.push(unreadable(include, &shown, &error));
                false
            }
        }
    }

    /// That the file at this place is being included by itself; `None` if it is not.
    fn loop_problem(&self, place: usize, include: &Include) -> Option<Problem> {
        let mut files = vec![include.outer];
        while files[files.len() - 1] != place {
            files.push(self.list[files[files.len() - 1]].outer?);
        }
        files.reverse();
        let cycle = Cycle {
            what: if files.len() == 1 { "a file includes itself" } else { "files include each other in a loop" },
            names: files.iter().map(|file| self.list[*file].shown).collect(),
            verb: "includes",
            help: if files.len() == 1 { "remove it" } else { "remove one of these includes" },
        };
        let edge = |at: usize| files.get(at + 1).map_or(&include.at, |next| &self.list[*next].included_at).clone();
        cycle.problem(|at| Some(edge(at)))
    }

    fn twice(&self, place: usize, include: &Include) -> Problem {
        let first = &self.list[place];
        Problem::error(include.at.clone(), format!("`{}` is included twice", first.shown))
            .and(first.included_at.clone(), "the first time here")
            .help("leave one of the two out; every file can name its tasks")
    }
}

fn refuse_keys_of_the_top(document: &mut DeTable<'_>, manifest: &str, problems: &mut Problems) {
    for key in KEYS_OF_THE_TOP {
        if let Some((place, _)) = document.remove_entry(key) {
            let problem = Problem::error(place.span(), format!("`{key}` belongs to the top file alone"));
            problems.push(problem.help(format!("write it in `{manifest}`")));
        }
    }
}

fn unreadable(include: &Include, shown: &str, error: &io::Error) -> Problem {
    let problem = |why: &str| Problem::error(include.at.clone(), format!("`{shown}` cannot be included: {why}"));
    match error.kind() {
        io::ErrorKind::NotFound => {
            problem("there is no such file").help("a file that is named must be there; a glob may match nothing")
        }
        io::ErrorKind::IsADirectory => {
            problem("it is a folder").help("to include the files in it, write `/*.toml` after it")
        }
        _ => problem(&text::io_error(error)),
    }
}

/// The hash of some files and of one more.
fn hash_with(hash: &blake3::Hash, path: &Path, bytes: &[u8]) -> blake3::Hash {
    let path = path.as_os_str().as_bytes();
    let mut hasher = blake3::Hasher::new();
    hasher.update(hash.as_bytes()).update(&(path.len() as u64).to_le_bytes()).update(path).update(bytes);
    hasher.finalize()
}
