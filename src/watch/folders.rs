//! What the system tells of folders.
//!
//! It is taken for a hint to look again, and nothing more: which of several events have come, and in which order, makes no
//! difference. Each folder is watched by itself, by its path without links, as the system knows it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode};
use notify::{Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::text;

/// What may have changed.
#[derive(Debug)]
pub(crate) enum Touched {
    /// What lies at these paths, which have no links in them.
    Paths(Vec<PathBuf>),
    /// Anything: there was more than the system remembers.
    Anything,
}

/// Why folders cannot be watched; a text for the user.
#[derive(Debug)]
pub(crate) struct WatchError(pub(crate) String);

/// The folders that are watched.
pub(crate) struct Folders {
    watcher: RecommendedWatcher,
    root: PathBuf,
    /// As the system knows them, each with what it is called here: through a link, it may have several names.
    names: HashMap<PathBuf, Vec<PathBuf>>,
    /// What links to files lead to, each with the links.
    links: HashMap<PathBuf, Vec<PathBuf>>,
}

impl Folders {
    /// None yet. `tell` is called by a thread of its own. Relative paths start at `root`.
    pub(crate) fn new(root: &Path, tell: impl Fn(Touched) + Send + 'static) -> Result<Self, WatchError> {
        let handle = move |event: notify::Result<Event>| {
            if let Some(touched) = touched(event) {
                tell(touched);
            }
        };
        let watcher = RecommendedWatcher::new(handle, Config::default()).map_err(|error| explain(&error, 0))?;
        Ok(Self { watcher, root: root.to_owned(), names: HashMap::new(), links: HashMap::new() })
    }

    /// Watches these folders, as far as they are there, and no others; and what those of these files lead to that are
    /// links. Answers whether any is new.
    pub(crate) fn watch(&mut self, folders: &BTreeSet<PathBuf>, files: &BTreeSet<PathBuf>) -> Result<bool, WatchError> {
        let mut names: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
        for folder in folders {
            if let Some(real) = fs::canonicalize(self.root.join(folder)).ok().filter(|real| real.is_dir()) {
                names.entry(real).or_default().push(folder.clone());
            }
        }
        self.links.clear();
        for file in files {
            let path = self.root.join(file);
            let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
            if let Some(real) = is_link.then(|| fs::canonicalize(path).ok()).flatten() {
                names.entry(real.parent().unwrap_or(Path::new("/")).to_owned()).or_default();
                self.links.entry(real).or_default().push(file.clone());
            }
        }
        let gone: Vec<PathBuf> = self.names.keys().filter(|real| !names.contains_key(*real)).cloned().collect();
        for real in gone {
            self.names.remove(&real);
            // What has been removed is not watched any more anyway.
            _ = self.watcher.unwatch(&real);
        }
        let new: Vec<&PathBuf> = names.keys().filter(|real| !self.names.contains_key(*real)).collect();
        for real in &new {
            match self.watcher.watch(real, RecursiveMode::NonRecursive) {
                // It may have been removed since.
                Err(error) if !is_gone(&error) => return Err(explain(&error, names.len())),
                _ => {}
            }
        }
        let is_any_new = !new.is_empty();
        self.names = names;
        Ok(is_any_new)
    }

    /// Takes note that something may have come to lie in the place of a folder that is watched, or of one around it.
    pub(crate) fn forget(&mut self, real: &Path) {
        let gone: Vec<PathBuf> = self.names.keys().filter(|watched| watched.starts_with(real)).cloned().collect();
        for real in gone {
            self.names.remove(&real);
            _ = self.watcher.unwatch(&real);
        }
    }

    /// Whether a folder is watched.
    pub(crate) fn is_watched(&self, real: &Path) -> bool {
        self.names.contains_key(real)
    }

    /// What a file is called here that the system knows by this path.
    pub(crate) fn names_of(&self, real: &Path) -> Vec<PathBuf> {
        let links = self.links.get(real).into_iter().flatten().cloned();
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else { return links.collect() };
        self.names.get(folder).into_iter().flatten().map(|folder| folder.join(name)).chain(links).collect()
    }
}

fn touched(event: notify::Result<Event>) -> Option<Touched> {
    match event {
        Ok(event) if event.need_rescan() => Some(Touched::Anything),
        Ok(Event { kind: EventKind::Access(kind), .. }) if kind != AccessKind::Close(AccessMode::Write) => None,
        Ok(event) => Some(Touched::Paths(event.paths)),
        Err(_) => Some(Touched::Anything),
    }
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        _ => false,
    }
}

/// Which limit of the system was met, and what to do about it.
fn explain(error: &notify::Error, folders: usize) -> WatchError {
    let io = match &error.kind {
        ErrorKind::Io(error) => Some(error),
        _ => None,
    };
    WatchError(match (&error.kind, io.and_then(io::Error::raw_os_error)) {
        (ErrorKind::MaxFilesWatch, _) => format!(
            "{} cannot be watched: the system lets this user watch no more; raise `fs.inotify.max_user_watches` \
             with sysctl, or name fewer files in `inputs`",
            text::count(folders, "folder")
        ),
        (_, Some(libc::EMFILE)) => {
            "files cannot be watched: too many programs of this user do so, or this one has too \
                                    many files open; end some, raise `fs.inotify.max_user_instances` with sysctl, or \
                                    `ulimit -n`"
                .to_owned()
        }
        (kind, _) => {
            let what = io.map_or_else(|| text::escape(format!("{kind:?}").as_bytes()), text::io_error);
            let path = error.paths.first().map(|path| format!("`{}`", text::path(path)));
            format!("{} cannot be watched: {what}", path.unwrap_or_else(|| "files".to_owned()))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_system_is_named_with_what_to_do() {
        let WatchError(text) = explain(&notify::Error::new(ErrorKind::MaxFilesWatch), 8_193);
        assert!(text.starts_with("8193 folders cannot be watched: "), "{text}");
        assert!(text.contains("raise `fs.inotify.max_user_watches`"), "{text}");
        let WatchError(text) = explain(&notify::Error::io(io::Error::from_raw_os_error(libc::EMFILE)), 0);
        assert!(text.contains("`fs.inotify.max_user_instances`"), "{text}");
        let denied = notify::Error::io(io::Error::from_raw_os_error(libc::EACCES)).add_path("/a".into());
        assert_eq!(explain(&denied, 3).0, "`/a` cannot be watched: permission denied");
    }
}
