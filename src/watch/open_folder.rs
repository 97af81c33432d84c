//! A folder all of which counts, but for what `.gitignore` names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::export::TEMPORARY;

/// The files and the folders in a folder and below it that git would not ignore, seen from there.
pub(super) fn walk(root: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    for entry in walker(root).build().flatten().filter(|entry| entry.depth() > 0) {
        let Ok(path) = entry.path().strip_prefix(root) else { continue };
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        if is_folder { &mut folders } else { &mut files }.push(path.to_owned());
    }
    (files, folders)
}

/// The same of the files in one folder of these, and not below it.
pub(super) fn files_in(root: &Path, folder: &Path) -> BTreeSet<PathBuf> {
    let entries = walker(&root.join(folder)).max_depth(Some(1)).build().flatten();
    let files = entries.filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()));
    files.map(|entry| folder.join(entry.file_name())).collect()
}

/// Without links to folders. Hidden files count, and `.gitignore` does outside of a repository too.
fn walker(folder: &Path) -> WalkBuilder {
    let mut builder = WalkBuilder::new(folder);
    builder.hidden(false).ignore(false).require_git(false);
    builder.filter_entry(|entry: &DirEntry| !is_kept_apart(Path::new(entry.file_name())));
    builder
}

/// Whether a path lies in what git or procman keep of their own.
pub(super) fn is_kept_apart(path: &Path) -> bool {
    path.components().any(|name| matches!(name.as_os_str().as_encoded_bytes(), b".git" | b".procman"))
}

/// Whether an editor, or procman for a report, makes files of this name for itself while it saves or holds another one.
pub(super) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let begins = |beginning: &[u8]| name.starts_with(beginning);
    let ends = |end: &[u8]| name.ends_with(end);
    // vim, whose swap files end in `.swp`, and before that in `.swo` and so on; emacs; kate; GNOME; JetBrains; macOS.
    let is_swap =
        begins(b".") && name.len() > 5 && matches!(&name[name.len() - 4..], [b'.', b's', b'w' | b'v', b'a'..=b'z']);
    is_swap
        || name == b"4913"
        || ends(b"~")
        || begins(b".#")
        || begins(b"#") && ends(b"#")
        || ends(b".kate-swp")
        || begins(b".goutputstream-")
        || ends(b"___jb_tmp___")
        || ends(b"___jb_old___")
        || name == b".DS_Store"
        || begins(TEMPORARY.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_git_ignores_is_left_out_wherever_it_is_said() {
        let place = tempfile::tempdir().expect("a folder");
        let root = place.path();
        for (file, text) in [
            (".gitignore", "target/\n*.log\n"),
            ("sub/.gitignore", "!kept.log\nlocal\n"),
            ("target/deep/a", ""),
            ("sub/kept.log", ""),
            ("sub/other.log", ""),
            ("sub/local", ""),
            ("sub/a", ""),
            (".hidden", ""),
            (".git/HEAD", ""),
            (".procman/latest", ""),
        ] {
            let file = root.join(file);
            fs::create_dir_all(file.parent().expect("it has one")).expect("a folder");
            fs::write(file, text).expect("a file");
        }
        let sorted = |paths: &mut Vec<PathBuf>| paths.sort();
        let (mut files, mut folders) = walk(root);
        sorted(&mut files);
        sorted(&mut folders);
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(files, paths(&[".gitignore", ".hidden", "sub/.gitignore", "sub/a", "sub/kept.log"]));
        assert_eq!(folders, paths(&["", "sub"]));
        // One folder by itself is no other.
        let both = [files_in(root, Path::new("")), files_in(root, Path::new("sub"))];
        assert_eq!(both.into_iter().flatten().collect::<Vec<_>>(), files);
    }

    #[test]
    fn temporary_files_are_known() {
        for name in [
            ".a.c.swp",
            ".a.c.swo",
            ".a.swx",
            "4913",
            "a.c~",
            "#a.c#",
            ".#a.c",
            "x/.DS_Store",
            "a___jb_tmp___",
            ".procman-1kXz9Q",
        ] {
            assert!(is_temporary(name.as_ref()), "{name}");
        }
        for name in ["a.swp.c", "swp", ".swp", "4914", "a#", "#a", ".env", "~a", "a.swift", ".procmanrc"] {
            assert!(!is_temporary(name.as_ref()), "{name}");
        }
    }
}
