//! What files were like when they were last looked at, so that what changes nothing in them counts for nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A longer file is known by its length, date and inode.
const LONGEST_READ: u64 = 1024 * 1024;
/// Of a project that has more than this in it, files are known by their contents only once they have changed.
const MOST_READ: u64 = 64 * 1024 * 1024;

/// Files by how they were.
#[derive(Debug)]
pub(crate) struct Looks {
    root: PathBuf,
    /// Those that are there.
    known: HashMap<PathBuf, Look>,
    /// Those that have been looked for, whether they are there or not.
    sought: BTreeSet<PathBuf>,
    read: u64,
}

/// In what a file is not as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// It has come or is gone.
    Presence,
    Contents,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    size: u64,
    modified: (i64, i64),
    inode: u64,
    is_executable: bool,
    /// `None` of what has not been read.
    contents: Option<blake3::Hash>,
}

impl Look {
    fn is_same(&self, other: &Self) -> bool {
        let contents = match (self.contents, other.contents) {
            (Some(own), Some(other)) => own == other,
            _ => self.is_unmoved(other),
        };
        contents && self.is_executable == other.is_executable
    }

    fn is_unmoved(&self, other: &Self) -> bool {
        (self.size, self.modified, self.inode) == (other.size, other.modified, other.inode)
    }
}

impl Looks {
    /// None yet; relative paths start here.
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), known: HashMap::new(), sought: BTreeSet::new(), read: 0 }
    }

    /// How many files there are.
    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    /// Whether a file was looked for.
    pub(crate) fn knows(&self, path: &Path) -> bool {
        self.sought.contains(path)
    }

    /// From now on these are the files. Those that are new are as they are now; unless they have changed since then, which
    /// is what is answered.
    pub(crate) fn adopt(&mut self, files: BTreeSet<PathBuf>, since: Option<SystemTime>) -> BTreeSet<PathBuf> {
        self.known.retain(|path, _| files.contains(path));
        let mut changed = BTreeSet::new();
        for path in files.difference(&self.sought) {
            let Some(look) = self.look(path, None, self.read < MOST_READ) else { continue };
            self.read += look.contents.map_or(0, |_| look.size);
            if since.is_some_and(|since| is_since(&self.root.join(path), since)) {
                changed.insert(path.clone());
            }
            self.known.insert(path.clone(), look);
        }
        self.sought = files;
        changed
    }

    /// Looks at all of these files again, which are those there are now; with care at those that somebody has `touched`.
    /// Answers which are not as they were.
    pub(super) fn compare(
        &mut self,
        files: BTreeSet<PathBuf>,
        touched: &HashSet<PathBuf>,
    ) -> BTreeMap<PathBuf, Difference> {
        let all: Vec<PathBuf> = files.union(&self.sought).cloned().collect();
        self.sought = files;
        let mut difference = |path: PathBuf| Some((self.compare_one(&path, touched.contains(&path))?, path));
        all.into_iter().filter_map(|path| difference(path).map(|(how, path)| (path, how))).collect()
    }

    /// The same of one file.
    pub(super) fn compare_one(&mut self, path: &Path, is_touched: bool) -> Option<Difference> {
        let before = self.known.get(path).copied();
        let known = before.filter(|_| !is_touched);
        let now = if self.sought.contains(path) { self.look(path, known, true) } else { None };
        match now {
            Some(now) => self.known.insert(path.to_owned(), now),
            None => self.known.remove(path),
        };
        match (before, now) {
            (Some(before), Some(now)) => (!before.is_same(&now)).then_some(Difference::Contents),
            (None, None) => None,
            _ => Some(Difference::Presence),
        }
    }

    /// From now on this file is among them.
    pub(crate) fn seek(&mut self, path: &Path) {
        if !self.sought.contains(path) {
            self.sought.insert(path.to_owned());
        }
    }

    /// How a file is now; what it holds need not be read if it looks like this. `None` if there is none.
    fn look(&self, path: &Path, known: Option<Look>, is_read: bool) -> Option<Look> {
        let path = self.root.join(path);
        let found = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let mut look = Look {
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            inode: found.ino(),
            is_executable: found.mode() & 0o111 != 0,
            contents: None,
        };
        look.contents = match known {
            Some(known) if known.is_unmoved(&look) => known.contents,
            _ if is_read && look.size <= LONGEST_READ => fs::read(&path).ok().map(|bytes| blake3::hash(&bytes)),
            _ => None,
        };
        Some(look)
    }
}

/// Whether a file has changed at this time or later.
fn is_since(path: &Path, since: SystemTime) -> bool {
    fs::metadata(path).and_then(|found| found.modified()).is_ok_and(|modified| modified >= since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> BTreeSet<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn place(files: &[&str]) -> (tempfile::TempDir, Looks) {
        let place = tempfile::tempdir().expect("a folder");
        for file in files {
            write(&place, file, "text");
        }
        let looks = Looks::new(place.path());
        (place, looks)
    }

    fn write(place: &tempfile::TempDir, file: &str, text: impl AsRef<[u8]>) {
        fs::write(place.path().join(file), text).expect("a file");
    }

    fn changed(looks: &mut Looks, files: BTreeSet<PathBuf>, touched: &[&str]) -> String {
        let changed = looks.compare(files, &touched.iter().map(PathBuf::from).collect());
        changed.iter().map(|(path, how)| format!("{} {how:?}", path.display())).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn contents_count_and_neither_dates_nor_inodes_do() {
        let (place, mut looks) = place(&["a", "b", "c"]);
        let all = || paths(&["a", "b", "c", "later"]);
        assert_eq!(looks.adopt(all(), None), paths(&[]));
        assert_eq!(looks.count(), 3);
        write(&place, "a", "text");
        write(&place, "new", "text");
        fs::rename(place.path().join("new"), place.path().join("b")).expect("a file");
        assert_eq!(changed(&mut looks, all(), &["a", "b"]), "");
        write(&place, "a", "more");
        fs::remove_file(place.path().join("b")).expect("a file");
        write(&place, "later", "");
        assert_eq!(changed(&mut looks, all(), &["a"]), "a Contents, b Presence, later Presence");
        assert_eq!(changed(&mut looks, all(), &["a", "b", "later"]), "");
    }

    /// Two changes in one tick of the clock of file systems look the same.
    #[test]
    fn what_was_touched_is_read_however_it_looks() {
        let (place, mut looks) = place(&["a"]);
        looks.adopt(paths(&["a"]), None);
        let date = fs::metadata(place.path().join("a")).and_then(|found| found.modified()).expect("it has one");
        write(&place, "a", "TEXT");
        let file = fs::File::options().write(true).open(place.path().join("a"));
        file.and_then(|file| file.set_modified(date)).expect("it is ours");
        assert_eq!(looks.compare_one(Path::new("a"), false), None);
        assert_eq!(looks.compare_one(Path::new("a"), true), Some(Difference::Contents));
    }

    #[test]
    fn long_files_are_known_by_their_dates() {
        let (place, mut looks) = place(&["a"]);
        let long = vec![0; 1024 * 1024 + 1];
        write(&place, "a", &long);
        looks.adopt(paths(&["a"]), None);
        assert_eq!(looks.compare_one(Path::new("a"), true), None);
        let file = fs::File::options().write(true).open(place.path().join("a"));
        file.and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH)).expect("it is ours");
        assert_eq!(looks.compare_one(Path::new("a"), true), Some(Difference::Contents));
    }

    #[test]
    fn what_is_no_longer_sought_is_gone_and_what_is_new_may_have_changed_already() {
        let (_place, mut looks) = place(&["a", "b"]);
        looks.adopt(paths(&["a"]), None);
        let long_ago = Some(SystemTime::UNIX_EPOCH);
        assert_eq!(looks.adopt(paths(&["a", "b"]), long_ago), paths(&["b"]));
        assert_eq!(changed(&mut looks, paths(&["b"]), &[]), "a Presence");
        assert!(!looks.knows(Path::new("a")) && looks.knows(Path::new("b")));
    }

    #[test]
    fn a_program_that_can_be_executed_now_has_changed() {
        use std::os::unix::fs::PermissionsExt;
        let (place, mut looks) = place(&["a"]);
        looks.adopt(paths(&["a"]), None);
        fs::set_permissions(place.path().join("a"), fs::Permissions::from_mode(0o755)).expect("it is ours");
        assert_eq!(looks.compare_one(Path::new("a"), false), Some(Difference::Contents));
    }
}
