//! Many sets of files as one, to be asked whether a path is in any of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::open_folder::is_kept_apart;
use crate::files::FileSet;
use crate::glob::{Glob, PathOrGlob, files_below, folders_below};

/// Files and folders by their paths, globs, and sets that take files out again. Paths are seen from the manifest's folder.
#[derive(Debug, Default)]
pub(super) struct Index {
    paths: HashSet<PathBuf>,
    globs: HashMap<PathBuf, Arc<Glob>>,
    /// Each by itself, as what one takes out another may have.
    less: Vec<FileSet>,
}

impl Index {
    pub(super) fn add(&mut self, named: &PathOrGlob) {
        match named {
            PathOrGlob::Path(path) => _ = self.paths.insert(path.clone()),
            PathOrGlob::Glob(glob) => _ = self.globs.entry(glob.pattern()).or_insert_with(|| Arc::clone(glob)),
        }
    }

    pub(super) fn add_set(&mut self, set: &FileSet) {
        if set.excluded.is_empty() {
            set.named.iter().for_each(|named| self.add(named));
        } else {
            self.less.push(set.clone());
        }
    }

    /// Whether a path is in it: as such, below a folder, or because a glob fits it.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.names(path)
            || path.ancestors().skip(1).any(|folder| self.paths.contains(folder) && is_ordinary_below(folder, path))
            || self.globs.values().any(|glob| glob.fits(path))
            || self.less.iter().any(|set| set.contains(path))
    }

    /// Whether a path is in it as such.
    pub(super) fn names(&self, path: &Path) -> bool {
        self.paths.contains(path)
    }

    /// The files there are, and those that are named by their paths whether they are there or not. Of what cannot be read
    /// there are none: a run says so itself.
    pub(super) fn expand(&self, root: &Path, into: &mut BTreeSet<PathBuf>) {
        for path in &self.paths {
            if root.join(path).is_dir() {
                into.extend(files_below(root, path).unwrap_or_default());
            } else {
                into.insert(path.clone());
            }
        }
        into.extend(self.globs.values().flat_map(|glob| glob.expand(root).unwrap_or_default()));
        into.extend(self.less.iter().flat_map(|set| set.expand(root).unwrap_or_default()));
    }

    /// Whether anything named in it lies below a folder, or is that.
    pub(super) fn is_below(&self, folder: &Path) -> bool {
        let (paths, globs) = self.all_named();
        paths.iter().any(|path| path.starts_with(folder)) || globs.iter().any(|glob| glob.base().starts_with(folder))
    }

    fn all_named(&self) -> (Vec<&PathBuf>, Vec<&Arc<Glob>>) {
        let excluding = self.less.iter().flat_map(|set| &set.named);
        let (mut paths, mut globs): (Vec<&PathBuf>, Vec<&Arc<Glob>>) =
            (self.paths.iter().collect(), self.globs.values().collect());
        for named in excluding {
            match named {
                PathOrGlob::Path(path) => paths.push(path),
                PathOrGlob::Glob(glob) => globs.push(glob),
            }
        }
        (paths, globs)
    }

    /// The folders in which they lie or could lie.
    pub(super) fn folders(&self, root: &Path, into: &mut BTreeSet<PathBuf>) {
        let (paths, globs) = self.all_named();
        for path in paths {
            into.extend(path.parent().map(Path::to_owned));
            if root.join(path).is_dir() {
                into.extend(folders_below(root, path));
            }
        }
        into.extend(globs.into_iter().flat_map(|glob| glob.folders(root)));
    }
}

/// Whether none of the folders between is one that a folder does not stand for.
fn is_ordinary_below(folder: &Path, path: &Path) -> bool {
    !is_kept_apart(path.strip_prefix(folder).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(sets: &[&[&str]]) -> Index {
        let mut index = Index::default();
        for texts in sets {
            let parse = |text: &str| PathOrGlob::parse(Path::new(""), text).expect("a pattern");
            let (excluded, named): (Vec<&str>, Vec<&str>) = texts.iter().partition(|text| text.starts_with('!'));
            index.add_set(&FileSet {
                named: named.into_iter().map(parse).collect(),
                excluded: excluded.into_iter().map(|text| parse(&text[1..])).collect(),
            });
        }
        index
    }

    #[test]
    fn what_any_of_the_sets_has_is_in_it() {
        let index = index(&[&["main.c", "src"], &["data/*.csv", "!data/x.csv"], &["*.toml"], &[".git/HEAD"]]);
        for path in ["main.c", "src/a.c", "src/sub/a.c", "data/a.csv", "a.toml", ".git/HEAD"] {
            assert!(index.contains(path.as_ref()), "{path}");
        }
        for path in ["main.cc", "src.c", "src/.git/HEAD", "src/x/.procman/state.jsonl", "data/x.csv", ".git/index"] {
            assert!(!index.contains(path.as_ref()), "{path}");
        }
    }

    #[test]
    fn a_whole_folder_may_be_the_manifests_own() {
        let index = index(&[&["."]]);
        assert!(index.contains("a/b".as_ref()));
        assert!(!index.contains(".procman/latest".as_ref()));
    }

    #[test]
    fn files_and_folders_are_found() {
        let place = tempfile::tempdir().expect("a folder");
        for file in ["src/deep/a.c", "src/.hidden/a.c", "data/sub/1.csv", "data/2.csv"] {
            let file = place.path().join(file);
            std::fs::create_dir_all(file.parent().expect("it has one")).expect("a folder");
            std::fs::write(file, "").expect("a file");
        }
        let index = index(&[&["src/**/*.c", "!src/x"], &["data"], &["none/*.c", "gone/x.c"]]);
        let paths = |found: BTreeSet<PathBuf>| found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        index.expand(place.path(), &mut files);
        assert_eq!(paths(files), ["data/2.csv", "data/sub/1.csv", "gone/x.c", "src/deep/a.c"]);
        index.folders(place.path(), &mut folders);
        assert_eq!(paths(folders), ["", "data", "data/sub", "gone", "none", "src", "src/deep"]);
    }
}
