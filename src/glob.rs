//! Paths with wildcards: which paths they fit, and which files there are that they do.
//!
//! `*` and `?` stay within a name, `**` goes through folders, `[…]` and `{…,…}` are as in a shell, and `\` takes from the
//! next character what it means. A name that begins with a dot is fitted only by a pattern in which some name does.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::WalkDir;

const SPECIAL: [char; 4] = ['*', '?', '[', '{'];

/// A pattern with at least one wildcard.
#[derive(Debug)]
pub(crate) struct Glob {
    /// The folders before the first wildcard, normalised.
    base: PathBuf,
    /// These folders and all that stands before the first wildcard.
    beginning: PathBuf,
    /// What follows the folders.
    rest: globset::Glob,
    /// Fits it. Making one takes long, and many a glob is never asked.
    matcher: OnceLock<GlobMatcher>,
    /// How many names deep that can be; `None` for any number.
    depth: Option<usize>,
    fits_hidden: bool,
}

/// A path as it is, or a glob.
#[derive(Debug, Clone)]
pub(crate) enum PathOrGlob {
    Path(PathBuf),
    Glob(Arc<Glob>),
}

impl PathOrGlob {
    /// What `text` names, seen from `folder`. The error says what is wrong with it as a glob.
    pub(crate) fn parse(folder: &Path, text: &str) -> Result<Self, String> {
        let Some(special) = first_special(text) else { return Ok(Self::Path(normalised(folder, unescape(text)))) };
        let start = text[..special].rfind('/').map_or(0, |slash| slash + 1);
        let (base, rest) = (normalised(folder, unescape(&text[..start])), &text[start..]);
        let beginning = base.join(unescape(&text[start..special]));
        let names = rest.split('/').filter(|name| !name.is_empty());
        let depth = (!rest.contains("**") && !rest.contains('{')).then(|| names.clone().count());
        if let Some(name) = names.clone().find(|name| matches!(*name, "." | "..")) {
            return Err(format!("behind a wildcard, `{name}` is the name of no file"));
        }
        let fits_hidden = names.clone().any(|name| name.starts_with('.'));
        let glob = GlobBuilder::new(rest).literal_separator(true).backslash_escape(true).build();
        // The first line of the text repeats the pattern.
        let glob = glob.map_err(|error| error.kind().to_string())?;
        Ok(Self::Glob(Arc::new(Glob { base, beginning, rest: glob, matcher: OnceLock::new(), depth, fits_hidden })))
    }

    /// As one could write it where relative paths start.
    pub(crate) fn pattern(&self) -> PathBuf {
        match self {
            Self::Path(path) if path.as_os_str().is_empty() => PathBuf::from("."),
            Self::Path(path) => path.to_str().map_or_else(|| path.clone(), |path| escape(path).into()),
            Self::Glob(glob) => glob.pattern(),
        }
    }

    /// The same to be shown, with what is filled in later as it is written.
    pub(crate) fn shown(&self) -> String {
        // Two braces are what is left open, and mean nothing in a pattern.
        self.pattern().to_string_lossy().replace(r"\{\{", "{{").replace(r"\}\}", "}}")
    }
}

impl Glob {
    /// The folder in which, or below which, everything lies that it fits.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// The bytes that all paths begin with that it fits.
    pub(crate) fn beginning(&self) -> &[u8] {
        self.beginning.as_os_str().as_bytes()
    }

    /// As one could write it where relative paths start.
    pub(crate) fn pattern(&self) -> PathBuf {
        let base = self.base.to_str().map_or_else(|| self.base.clone(), |base| escape(base).into());
        base.join(self.rest.glob())
    }

    /// Whether it is written as another one is, and so fits what that fits.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.base == other.base && self.rest.glob() == other.rest.glob()
    }

    fn matcher(&self) -> &GlobMatcher {
        self.matcher.get_or_init(|| self.rest.compile_matcher())
    }

    /// Whether it fits a normalised path.
    pub(crate) fn fits(&self, path: &Path) -> bool {
        path.strip_prefix(&self.base).is_ok_and(|rest| {
            // As a path, the manifest's own folder is empty, and what is absolute or leads up seems to lie below it.
            let may_fit = |name: Component<'_>| match name {
                Component::Normal(name) => self.fits_hidden || !name.as_encoded_bytes().starts_with(b"."),
                _ => false,
            };
            // To `*` nothing at all is a name, too.
            let is_below = !rest.as_os_str().is_empty();
            is_below && rest.components().all(may_fit) && self.matcher().is_match(rest)
        })
    }

    /// The files it fits, sorted by their bytes; none where its folder is not there. `root` is what relative paths start
    /// at, and stays in front of none of them. Links to folders are not followed.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read.
    pub(crate) fn expand(&self, root: &Path) -> io::Result<Vec<PathBuf>> {
        let may_fit = |name: &OsStr| self.fits_hidden || !name.as_encoded_bytes().starts_with(b".");
        walk(root, &self.base, self.depth.unwrap_or(usize::MAX), may_fit, |below| self.matcher().is_match(below))
    }

    /// The folders in which files may lie that it fits: its own, whether that is there or not, and those below.
    pub(crate) fn folders(&self, root: &Path) -> Vec<PathBuf> {
        let may_fit = |name: &OsStr| self.fits_hidden || !name.as_encoded_bytes().starts_with(b".");
        folders(root, &self.base, self.depth.map_or(usize::MAX, |depth| depth.saturating_sub(1)), may_fit)
    }
}

/// A folder, whether it is there or not, and those below it, so many names deep, whose names and those of the folders
/// around them count. Links to folders are not followed, and what cannot be read is passed over.
fn folders(root: &Path, folder: &Path, depth: usize, counts: impl Fn(&OsStr) -> bool) -> Vec<PathBuf> {
    let start = root.join(folder);
    let walk = WalkDir::new(&start).max_depth(depth).into_iter();
    let is_meant = |entry: &walkdir::DirEntry| entry.file_type().is_dir() && counts(entry.file_name());
    let all = walk.filter_entry(|entry| entry.depth() == 0 || is_meant(entry)).flatten();
    let below = all.filter(|entry| entry.depth() > 0);
    let below = below.filter_map(|entry| entry.path().strip_prefix(&start).map(|below| folder.join(below)).ok());
    std::iter::once(folder.to_owned()).chain(below).collect()
}

/// A folder, whether it is there or not, and all folders below it; but for what git and procman keep of their own.
pub(crate) fn folders_below(root: &Path, folder: &Path) -> Vec<PathBuf> {
    folders(root, folder, usize::MAX, |name| name != ".git" && name != ".procman")
}

/// The files in a folder and below it, so many names deep, sorted by their bytes: those that are meant, by their paths in
/// it, whose names and those of the folders around them count.
fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    counts: impl Fn(&OsStr) -> bool,
    is_meant: impl Fn(&Path) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let start = root.join(folder);
    let walk = WalkDir::new(&start).min_depth(1).max_depth(depth).into_iter();
    let mut found = Vec::new();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || counts(entry.file_name())) {
        let entry = match entry.map_err(io::Error::from) {
            Ok(entry) => entry,
            // It may have been removed since its folder was listed.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(error),
        };
        let Ok(below) = entry.path().strip_prefix(&start) else { continue };
        if is_meant(below) && is_file(&entry) {
            found.push(folder.join(below));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The files in a folder and all folders below it, sorted; but for what git and procman keep of their own.
pub(crate) fn files_below(root: &Path, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let counts = |name: &OsStr| name != ".git" && name != ".procman";
    walk(root, folder, usize::MAX, counts, |_| true)
}

/// Also what a link leads to, if that is a file.
fn is_file(entry: &walkdir::DirEntry) -> bool {
    let kind = entry.file_type();
    kind.is_file() || kind.is_symlink() && entry.path().is_file()
}

/// A text that means itself in a pattern, also where `!` has a meaning.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if r"*?[]{}\".contains(c) || at == 0 && c == '!' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

/// The place of the first wildcard.
fn first_special(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            c if SPECIAL.contains(&c) => return Some(at),
            _ => {}
        }
    }
    None
}

/// `path` seen from `folder`, without `.` and, as far as the text alone can tell, without `..`: two ways to write one
/// path become one.
pub(crate) fn normalised(folder: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in folder.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match normal.components().next_back() {
                Some(Component::Normal(_)) => _ = normal.pop(),
                Some(Component::RootDir) => {}
                _ => normal.push(".."),
            },
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn glob(folder: &str, text: &str) -> Arc<Glob> {
        match PathOrGlob::parse(Path::new(folder), text).expect("a pattern") {
            PathOrGlob::Glob(glob) => glob,
            PathOrGlob::Path(path) => panic!("{path:?} is a path"),
        }
    }

    fn path(folder: &str, text: &str) -> PathBuf {
        match PathOrGlob::parse(Path::new(folder), text).expect("a path") {
            PathOrGlob::Path(path) => path,
            PathOrGlob::Glob(glob) => panic!("{glob:?} is a glob"),
        }
    }

    fn fits(text: &str, candidate: &str) -> bool {
        glob("", text).fits(Path::new(candidate))
    }

    #[test]
    fn wildcards_stay_within_names() {
        assert!(fits("src/*.c", "src/a.c"));
        assert!(!fits("src/*.c", "src/sub/a.c"));
        assert!(fits("src/**/*.c", "src/a.c"));
        assert!(fits("src/**/*.c", "src/sub/sub/a.c"));
        assert!(fits("src/**", "src/sub/a"));
        assert!(fits("**", "a"));
        assert!(fits("a.{c,h}", "a.h"));
        assert!(fits("[ab]?", "bx"));
        assert!(!fits("src/*", "src"));
    }

    #[test]
    fn hidden_names_have_to_be_meant() {
        assert!(!fits("**", ".git/config"));
        assert!(!fits("src/*", "src/.a.swp"));
        assert!(fits("src/.*", "src/.a.swp"));
        assert!(fits(".github/**", ".github/a/b"));
        assert!(fits("**/.cache/*", "a/.cache/b"));
    }

    #[test]
    fn what_lies_elsewhere_is_in_no_folder_of_ours() {
        for elsewhere in ["/tmp/a.o", "../a.o", "../.a.o", "/a.o"] {
            assert!(!fits("**/*.o", elsewhere), "{elsewhere}");
            assert!(!fits("**/.*.o", elsewhere), "{elsewhere}");
            assert!(!fits("{**,.x}/*.o", elsewhere), "{elsewhere}");
        }
        assert!(glob("..", "*.o").fits(Path::new("../a.o")));
        assert!(!glob("..", "**/.*").fits(Path::new("../../.a")));
        assert!(glob("/tmp", "**/*.o").fits(Path::new("/tmp/a/b.o")));
    }

    #[test]
    fn one_path_has_one_form() {
        assert_eq!(path("", "./src//a.c"), Path::new("src/a.c"));
        assert_eq!(path("", "src/../a.c"), Path::new("a.c"));
        assert_eq!(path("sub", "../../a.c"), Path::new("../a.c"));
        assert_eq!(path("sub", "/usr/../a.c"), Path::new("/a.c"));
        assert_eq!(path("sub", r"a\[1\]"), Path::new("sub/a[1]"));
        assert_eq!(path("", "."), Path::new(""));
    }

    #[test]
    fn folders_before_the_first_wildcard_are_no_pattern() {
        let glob = glob("odd [x]", "../b/*.c");
        assert_eq!(glob.base(), Path::new("b"));
        assert!(glob.fits(Path::new("b/a.c")));
        assert!(self::glob("odd [x]", "*.c").fits(Path::new("odd [x]/a.c")));
    }

    #[test]
    fn a_pattern_is_shown_as_it_could_be_written() {
        let pattern = |folder: &str, text: &str| {
            PathOrGlob::parse(Path::new(folder), text).expect("a pattern").pattern().display().to_string()
        };
        assert_eq!(pattern("sub", "./a.c"), "sub/a.c");
        assert_eq!(pattern("", "."), ".");
        assert_eq!(pattern("odd [x]", "../b/{a,b}.c"), "b/{a,b}.c");
        assert_eq!(pattern("odd [x]", "*.c"), r"odd \[x\]/*.c");
        assert_eq!(pattern("", r"\!a\*.c"), r"\!a\*.c");
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let error = PathOrGlob::parse(Path::new(""), "a[b").expect_err("it is not closed");
        assert_eq!(error, "unclosed character class; missing ']'");
        let error = PathOrGlob::parse(Path::new(""), "a/*/../b").expect_err("nothing has that name");
        assert_eq!(error, "behind a wildcard, `..` is the name of no file");
    }

    #[test]
    fn files_are_found_in_order_and_folders_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["b/2.c", "b/10.c", "a/x/1.c", "a/1.h", ".hidden/1.c", "b/.1.c"] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().expect("it has one")).expect("a folder");
            fs::write(file, "").expect("a file");
        }
        fs::create_dir(folder.path().join("b/folder.c")).expect("a folder");
        let found = |text: &str| glob("", text).expand(folder.path()).expect("it can be read");
        assert_eq!(found("b/*.c"), [Path::new("b/10.c"), Path::new("b/2.c")]);
        assert_eq!(found("**/1.*"), [Path::new("a/1.h"), Path::new("a/x/1.c")]);
        assert!(found("none/*").is_empty());
        let below = files_below(folder.path(), Path::new("a")).expect("it can be read");
        assert_eq!(below, [Path::new("a/1.h"), Path::new("a/x/1.c")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_escaped_text_means_itself(text in r"[ab*?\[\]{}\\!]{1,8}") {
            prop_assert_eq!(path("", &escape(&text)), Path::new(&text));
            let glob = glob("", &format!("{}*", escape(&text)));
            let longer = format!("{text}c");
            prop_assert!(glob.fits(Path::new(&longer)));
        }
    }
}
