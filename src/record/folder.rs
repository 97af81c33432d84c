//! `.procman`: the state folder beside a manifest, and the run folders in it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use std::{error, fmt, thread};

use super::{Journal, key};
use crate::definition::Key;
use crate::{sys, text};

const STATE_FOLDER: &str = ".procman";
const EVENTS: &str = "events.jsonl";
const LOGS: &str = "logs";
const LATEST: &str = "latest";
/// How many characters of an id are random.
const RANDOM: usize = 8;

/// The state folder of one manifest.
#[derive(Debug)]
pub(crate) struct StateFolder {
    path: PathBuf,
}

/// The folder of one run.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    /// Of a run of this process: while it is held, nobody takes the run for an old one.
    _lock: Option<File>,
}

/// A file of procman's own that could not be made or used.
#[derive(Debug)]
pub(crate) struct StateError {
    pub(crate) path: PathBuf,
    /// What was to be done with it, as in "cannot be created".
    pub(crate) action: &'static str,
    pub(crate) error: io::Error,
}

impl StateError {
    pub(super) fn of(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self { path: path.to_owned(), action, error }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be {}: {}", text::path(&self.path), self.action, text::io_error(&self.error))
    }
}

impl error::Error for StateError {}

impl StateFolder {
    /// The state folder beside a manifest, whether it is there or not.
    pub(crate) fn beside(root: &Path) -> Self {
        Self { path: root.join(STATE_FOLDER) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a folder for a new run, and points `latest` at it.
    pub(crate) fn new_run(&self) -> Result<(RunFolder, Journal), StateError> {
        let runs = self.runs_path();
        // Names sort by time of start; the random end keeps apart those of one millisecond, on any machine.
        let folder = tempfile::Builder::new()
            .prefix(&format!("{}-", timestamp(SystemTime::now())))
            .rand_bytes(RANDOM)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&runs)
            .map_err(StateError::of(&runs, "given a new run"))?;
        let logs = folder.path().join(LOGS);
        create_folder(&logs)?;
        let path = folder.path().to_owned();
        let journal = Journal::create(&path.join(EVENTS))?;
        let run = RunFolder { path, _lock: journal.lock() };
        self.point_latest_at(&run)?;
        // Until here a failure removes it again.
        _ = folder.keep();
        Ok((run, journal))
    }

    /// Makes it, where it is not there, and keeps others out of it; before a run.
    pub(crate) fn prepare(&self) -> Result<(), StateError> {
        create_folder(&self.path)?;
        if let Ok(folder) = sys::open_folder(&self.path) {
            make_private(&folder).map_err(StateError::of(&self.path, "closed to others"))?;
        }
        create_folder(&self.runs_path())?;
        self.ignore_in_git()
    }

    fn ignore_in_git(&self) -> Result<(), StateError> {
        let ignore = self.path.join(".gitignore");
        if ignore.symlink_metadata().is_ok() {
            return Ok(());
        }
        put_new(&self.path, &ignore, b"*\n").map(drop).map_err(StateError::of(&ignore, "written"))
    }

    /// Replaces the link as a whole, so that a reader finds the old one or the new one.
    fn point_latest_at(&self, run: &RunFolder) -> Result<(), StateError> {
        let latest = self.path.join(LATEST);
        let new = self.path.join(format!(".latest-{}", run.id()));
        let set = symlink(Path::new("runs").join(run.id()), &new).and_then(|()| fs::rename(&new, &latest));
        set.map_err(|error| {
            _ = fs::remove_file(&new);
            StateError::of(&latest, "set")(error)
        })
    }

    /// What definitions of jobs are hashed with; made when there is none yet.
    pub(crate) fn key(&self) -> Result<Key, StateError> {
        match self.existing_key()? {
            Some(key) => Ok(key),
            None => key::make(&self.path),
        }
    }

    /// The same, if there is one; nothing is written.
    pub(crate) fn existing_key(&self) -> Result<Option<Key>, StateError> {
        key::read_if_there(&self.path)
    }

    /// All runs, the oldest first.
    pub(crate) fn runs(&self) -> Result<Vec<RunFolder>, StateError> {
        let path = self.runs_path();
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(StateError::of(&path, "read"))?,
        };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut runs: Vec<RunFolder> = paths.map(RunFolder::at).filter(|run| run.events().is_file()).collect();
        runs.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(runs)
    }

    /// The run that `latest` points at. If nothing of that could be written, because the disk was full, the one before it.
    pub(crate) fn latest(&self) -> Option<RunFolder> {
        let target = fs::read_link(self.path.join(LATEST)).ok()?;
        // Only the name counts, so that a planted link leads nowhere else.
        let path = self.runs_path().join(target.file_name()?);
        let latest = Some(RunFolder::at(path)).filter(|run| run.events().is_file())?;
        let has_begun =
            |run: &RunFolder| run.is_under_way() || run.events().metadata().is_ok_and(|found| found.len() > 0);
        if has_begun(&latest) {
            return Some(latest);
        }
        Some(self.runs().ok()?.into_iter().rev().find(has_begun).unwrap_or(latest))
    }

    /// Has `latest` point at a run that is there, or at none, after runs have been removed.
    pub(crate) fn mend_latest(&self) -> Result<(), StateError> {
        let latest = self.path.join(LATEST);
        if !latest.is_symlink() || self.latest().is_some() {
            return Ok(());
        }
        match self.runs()?.last() {
            Some(run) => self.point_latest_at(run),
            None => fs::remove_file(&latest).map_err(StateError::of(&latest, "removed")),
        }
    }

    pub(super) fn runs_path(&self) -> PathBuf {
        self.path.join("runs")
    }
}

impl RunFolder {
    fn at(path: PathBuf) -> Self {
        Self { path, _lock: None }
    }

    /// The run's id, which is the folder's name.
    pub(crate) fn id(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// When it started, as its name says; a folder that is called otherwise was not made by procman.
    pub(super) fn started(&self) -> Option<SystemTime> {
        let id = self.id();
        let (time, random) = id.rsplit_once('-').filter(|(_, random)| random.len() == RANDOM)?;
        let (date, time) = time.split_once('-')?;
        let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
        let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
        let is_plain = random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let time = humantime::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"));
        time.ok().filter(|_| is_plain)
    }

    /// The id for people to read: whoever can make a folder can name it as he likes.
    pub(crate) fn shown_id(&self) -> String {
        text::escape(self.id().as_bytes())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }

    pub(crate) fn events(&self) -> PathBuf {
        self.path.join(EVENTS)
    }

    /// Whether its runner lives: it holds a lock that dies with it.
    pub(crate) fn is_under_way(&self) -> bool {
        let locked = sys::open_regular(&self.events()).map(|file| file.try_lock_shared());
        matches!(locked, Ok(Err(TryLockError::WouldBlock)))
    }

    /// How long nothing has happened in it: what happens is written at once.
    pub(super) fn since_last_event(&self) -> Duration {
        let changed = self.events().symlink_metadata().and_then(|found| found.modified());
        changed.ok().and_then(|changed| changed.elapsed().ok()).unwrap_or_default()
    }

    /// Whether its runner lives still after so long. A child of a killed one may hold what it held until it has become
    /// another program, or until it has cleaned up.
    pub(crate) fn is_under_way_after(&self, patience: Duration) -> bool {
        let start = Instant::now();
        while self.is_under_way() {
            if start.elapsed() >= patience {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

fn create_folder(path: &Path) -> Result<(), StateError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created.map_err(StateError::of(path, "created")),
    }
}

/// Puts a new file into a folder as a whole, so that of two runs at once none finds half of it. Readable by its owner
/// alone, as tempfile makes it. Answers whether it did: there may be one already.
pub(super) fn put_new(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// Takes from others what rights they have in a folder of ours. A link in its place was not opened: where it leads is
/// the user's business.
fn make_private(folder: &File) -> io::Result<()> {
    let found = folder.metadata()?;
    let mode = found.permissions().mode();
    if found.uid() == sys::current_user() && mode & 0o077 != 0 {
        folder.set_permissions(fs::Permissions::from_mode(mode & 0o7700))?;
    }
    Ok(())
}

/// `20261122-141305.042`, UTC.
fn timestamp(time: SystemTime) -> String {
    let text = humantime::format_rfc3339_millis(time).to_string();
    text.chars().filter(|c| !"-:Z".contains(*c)).map(|c| if c == 'T' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_runs_name_says_when_it_started() {
        let started = |name: &str| RunFolder::at(Path::new("/runs").join(name)).started();
        let time = UNIX_EPOCH + Duration::from_millis(1_795_361_128_639);
        assert_eq!(started(&format!("{}-kNEFFCZ0", timestamp(time))), Some(time));
        for name in ["mine", "", "é-é-é", "20261122-152528.639", "20261122-152528.639-", "20261122-152528.639-kNEF CZ0"]
        {
            assert_eq!(started(name), None, "{name}");
        }
        for name in ["20261122-152528.639-kNEFFCZ0.old", "20261322-152528.639-kNEFFCZ0", "2026é122-152528.639-kNEFFCZ0"]
        {
            assert_eq!(started(name), None, "{name}");
        }
    }
}
