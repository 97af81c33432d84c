//! What a job reads and makes, as it is declared: paths and globs. Does not know what is in the files.
//!
//! Paths are relative to the manifest's folder where they lie inside of it or beside it, and normalised, so that one file
//! has one path.

use std::io;
use std::path::{Path, PathBuf};

use crate::glob::{PathOrGlob, files_below};

/// By what a job is known to be up to date.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobFiles {
    pub(crate) inputs: FileSet,
    pub(crate) outputs: FileSet,
    /// A file in which a compiler writes what else it has read.
    pub(crate) depfile: Option<PathBuf>,
}

impl JobFiles {
    /// The folders in which outputs and the depfile are to be; of what a glob fits, the one that all have in common.
    pub(crate) fn folders_of_what_is_made(&self) -> impl Iterator<Item = &Path> {
        let outputs = self.outputs.named.iter().filter_map(|named| match named {
            PathOrGlob::Path(path) => path.parent(),
            PathOrGlob::Glob(glob) => Some(glob.base()),
        });
        let depfile = self.depfile.as_deref().and_then(Path::parent);
        outputs.chain(depfile).filter(|folder| !folder.as_os_str().is_empty())
    }
}

impl JobFiles {
    /// The inputs that have to be there: those named by their paths, less what is taken away and what the job makes.
    pub(crate) fn needed(&self) -> impl Iterator<Item = &Path> {
        self.inputs.paths().filter(|path| !self.inputs.excludes(path) && !self.outputs.contains(path))
    }
}

/// Files named by paths and globs, less some.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileSet {
    /// As they are written, in order.
    pub(crate) named: Vec<PathOrGlob>,
    /// What is taken away, whatever names it. A folder takes everything in it away.
    pub(crate) excluded: Vec<PathOrGlob>,
}

impl FileSet {
    /// Whether nothing is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The paths that are named as such: no globs.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.named.iter().filter_map(|named| match named {
            PathOrGlob::Path(path) => Some(&**path),
            PathOrGlob::Glob(_) => None,
        })
    }

    /// Whether a path is named, by itself, by a folder above it or by a glob, and not taken away.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        let names = |named: &PathOrGlob| match named {
            PathOrGlob::Path(named) => path.starts_with(named),
            PathOrGlob::Glob(glob) => glob.fits(path),
        };
        self.named.iter().any(names) && !self.excludes(path)
    }

    /// Whether a path is taken away.
    pub(crate) fn excludes(&self, path: &Path) -> bool {
        self.excluded.iter().any(|excluded| match excluded {
            PathOrGlob::Path(folder) => path.starts_with(folder),
            PathOrGlob::Glob(glob) => path.ancestors().any(|path| glob.fits(path)),
        })
    }

    /// The files there are, in the order in which they are named, none twice. A path that is no folder is among them
    /// whether there is such a file or not; of a folder, it is all files in it and below.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read; with its path.
    pub(crate) fn expand(&self, root: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
        // By far the most jobs name a file or two.
        if let ([PathOrGlob::Path(path)], []) = (&*self.named, &*self.excluded)
            && !root.join(path).is_dir()
        {
            return Ok(vec![path.clone()]);
        }
        let mut seen = std::collections::HashSet::new();
        let mut files = Vec::new();
        for named in &self.named {
            let found = match named {
                PathOrGlob::Path(path) if root.join(path).is_dir() => {
                    files_below(root, path).map_err(|error| (path.clone(), error))?
                }
                PathOrGlob::Path(path) => vec![path.clone()],
                PathOrGlob::Glob(glob) => glob.expand(root).map_err(|error| (glob.base().to_owned(), error))?,
            };
            for path in found {
                if !self.excludes(&path) && seen.insert(path.clone()) {
                    files.push(path);
                }
            }
        }
        Ok(files)
    }
}

/// A path as it is written in `folder`, an absolute one; the path starts at `root` unless it is absolute.
pub(crate) fn seen_from(folder: &Path, root: &Path, path: &Path) -> PathBuf {
    if folder == root || path.is_absolute() { path.to_owned() } else { way(folder, &root.join(path)) }
}

/// From a folder to a file, both absolute: up, and down again.
pub(crate) fn way(folder: &Path, path: &Path) -> PathBuf {
    let common = folder.ancestors().find(|common| path.starts_with(common)).unwrap_or(Path::new("/"));
    let up = folder.strip_prefix(common).map_or(0, |rest| rest.components().count());
    let down = path.strip_prefix(common).unwrap_or(path);
    std::iter::repeat_n(Path::new(".."), up).chain([down]).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn set(texts: &[&str]) -> FileSet {
        let parse = |text: &str| PathOrGlob::parse(Path::new(""), text).expect("a pattern");
        let (excluded, named): (Vec<&str>, Vec<&str>) = texts.iter().partition(|text| text.starts_with('!'));
        FileSet {
            named: named.into_iter().map(parse).collect(),
            excluded: excluded.into_iter().map(|text| parse(&text[1..])).collect(),
        }
    }

    #[test]
    fn paths_lead_from_any_folder() {
        let seen = |folder: &str, path: &str| seen_from(Path::new(folder), Path::new("/a/b"), Path::new(path));
        assert_eq!(seen("/a/b", "src/x.c"), Path::new("src/x.c"));
        assert_eq!(seen("/a/b/src", "src/x.c"), Path::new("x.c"));
        assert_eq!(seen("/a/b/obj/y", "src/x.c"), Path::new("../../src/x.c"));
        assert_eq!(seen("/c", "src/x.c"), Path::new("../a/b/src/x.c"));
        assert_eq!(seen("/c", "/usr/x.c"), Path::new("/usr/x.c"));
    }

    #[test]
    fn what_is_named_comes_in_its_order_less_what_is_excluded() {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["src/b.c", "src/a.c", "src/gen/c.c", "main.c"] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().expect("it has one")).expect("a folder");
            fs::write(file, "").expect("a file");
        }
        let expand = |texts: &[&str]| set(texts).expand(folder.path()).expect("it can be read");
        let paths = |texts: &[&str]| texts.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(expand(&["none.c"]), paths(&["none.c"]));
        assert_eq!(expand(&["main.c", "src", "main.c"]), paths(&["main.c", "src/a.c", "src/b.c", "src/gen/c.c"]));
        assert_eq!(expand(&["src/**/*.c", "!src/gen"]), paths(&["src/a.c", "src/b.c"]));
        assert_eq!(expand(&["src/**", "!**/[ac].c"]), paths(&["src/b.c"]));
        assert_eq!(expand(&["src/*.c", "main.c", "!main.c"]), paths(&["src/a.c", "src/b.c"]));
    }

    #[test]
    fn what_is_contained_need_not_be_there() {
        let set = set(&["main.c", "src", "out/*.o", "!src/gen"]);
        let contained = ["main.c", "src/a.c", "src/sub/a.c", "out/a.o"];
        assert!(contained.iter().all(|path| set.contains(path.as_ref())));
        let others = ["main.cc", "src.c", "src/gen/a.c", "out/sub/a.o", "out"];
        assert!(!others.iter().any(|path| set.contains(path.as_ref())));
    }
}
