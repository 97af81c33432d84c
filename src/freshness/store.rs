//! The state file on disk, which several procmans may use at once.
//!
//! Lines are added at its end under a lock, all of one job by one write. Now and then it is replaced by a shorter one
//! that says the same. Knows nothing of what the lines say but whether their format is ours.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::lines::{self, Line, VERSION};
use super::state::State;
use crate::record::StateError;
use crate::sys;

pub(super) const STATE: &str = "state.jsonl";
const LOCK: &str = "state.lock";

/// A first line is not longer than this.
const LONGEST_VERSION: usize = 256;

/// Others hold the lock for as long as a write takes. One that was stopped while it did may hold it for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// A file with more lines than this is replaced when most of them are of no use.
const FEW_LINES: usize = 1000;

/// The state file, to be added to.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    /// Opened at the first use, so that who only reads leaves no trace.
    lock: Option<File>,
    /// No lock can be had, and it is not waited for again.
    is_without_lock: bool,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    /// Where it ended after our last write: as long as it does, it ends with a whole line.
    end: u64,
}

/// How long the state file of this folder is, in bytes; 0 when there is none.
pub(crate) fn size(folder: &Path) -> u64 {
    folder.join(STATE).metadata().map_or(0, |found| found.len())
}

/// What is in the state file of this folder; nothing when there is none.
pub(crate) fn read(folder: &Path) -> Result<State, StateError> {
    /// Large files are read in few calls.
    const BUFFER: usize = 256 * 1024;
    let path = folder.join(STATE);
    let file = match sys::open_regular(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
        opened => opened.map_err(failed(&path, "read"))?,
    };
    State::read(BufReader::with_capacity(BUFFER, file)).map_err(failed(&path, "read"))
}

impl Store {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), lock: None, is_without_lock: false, opened: None }
    }

    /// Adds whole lines at the end.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), StateError> {
        let path = self.folder.join(STATE);
        self.lock()?;
        let written = self.append_locked(&path, lines);
        self.unlock();
        if written.is_err() {
            self.opened = None;
        }
        written.map_err(failed(&path, "written"))
    }

    fn append_locked(&mut self, path: &Path, lines: &[u8]) -> io::Result<()> {
        let opened = match self.opened.take() {
            Some(opened) if is_at(&opened.file, path) => opened,
            _ => Opened { file: self.open(path)?, end: 0 },
        };
        let opened = self.opened.insert(opened);
        let length = opened.file.metadata()?.len();
        let mut text = Vec::new();
        if length == 0 {
            Line::version().write(&mut text);
        } else if length != opened.end && !ends_in_newline(&opened.file, length)? {
            text.push(b'\n');
        }
        text.extend_from_slice(lines);
        opened.file.write_all(&text)?;
        opened.end = length + text.len() as u64;
        Ok(())
    }

    /// Opens the file, after a new beginning where it is of another version.
    fn open(&self, path: &Path) -> io::Result<File> {
        let file = sys::open_regular_to_append(path)?;
        let mut start = [0; LONGEST_VERSION];
        let length = file.read_at(&mut start, 0)?;
        let line = start[..length].split(|byte| *byte == b'\n').next().unwrap_or_default();
        if length == 0 || lines::parse(line).is_some_and(|line| line.v == Some(VERSION)) {
            return Ok(file);
        }
        self.replace(path, b"")?;
        sys::open_regular_to_append(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error).map(drop)
    }

    /// Puts a shorter file in the place of one of so many lines when that is worth it.
    pub(super) fn compact(&mut self, lines: usize, live_lines: usize) -> Result<(), StateError> {
        if lines <= FEW_LINES || lines <= 2 * live_lines {
            return Ok(());
        }
        // Without the lock, what others add in the meantime would be lost.
        if !self.lock()? {
            return Ok(());
        }
        let path = self.folder.join(STATE);
        let replaced = read(&self.folder).and_then(|mut state| {
            let mut bytes = Vec::new();
            state.write(&mut bytes);
            self.replace(&path, &bytes).map_err(failed(&path, "replaced"))
        });
        self.unlock();
        replaced
    }

    /// Waits for the lock, but not for ever: without it, of lines that several add at the same time some may be lost,
    /// and then a job runs once more. Answers whether it is held.
    pub(super) fn lock(&mut self) -> Result<bool, StateError> {
        if self.is_without_lock {
            return Ok(false);
        }
        let path = self.folder.join(LOCK);
        let file = match self.lock.take() {
            Some(file) => file,
            None => sys::open_regular_to_append(&path).map_err(failed(&path, "opened"))?,
        };
        let file = self.lock.insert(file);
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(true),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(_) => {
                    self.is_without_lock = true;
                    return Ok(false);
                }
            }
        }
    }

    pub(super) fn unlock(&self) {
        if let Some(lock) = &self.lock {
            _ = lock.unlock();
        }
    }
}

pub(super) fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> StateError {
    move |error| StateError { path: path.to_owned(), action, error }
}

/// Whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    let (ours, there) = (file.metadata().map(identity), fs::symlink_metadata(path).map(identity));
    matches!((ours, there), (Ok(ours), Ok(there)) if ours == there)
}

fn ends_in_newline(file: &File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::freshness::digest::{Digest, Mark};
    use crate::freshness::lines::{Seen, SettingsLine};
    use crate::lossless::Lossless;
    use crate::sys::Stamp;

    fn job(name: &str, argv: u8) -> Vec<u8> {
        let mut line = Vec::new();
        let (settings, argv) = (Some(Mark([1; 8])), Some(Mark([argv; 8])));
        Line { job: Some(name.as_bytes().into()), settings, argv, ..Line::default() }.write(&mut line);
        line
    }

    fn jobs(folder: &Path) -> Vec<(String, Mark)> {
        let state = read(folder).expect("it can be read");
        let name = |number| String::from_utf8_lossy(state.names.name(number)).into_owned();
        let numbers = 0..u32::try_from(state.names.len()).expect("few");
        numbers.filter_map(|number| Some((name(number), state.record(number)?.argv))).collect()
    }

    fn expected(jobs: &[(&str, u8)]) -> Vec<(String, Mark)> {
        jobs.iter().map(|(name, argv)| ((*name).to_owned(), Mark([*argv; 8]))).collect()
    }

    #[test]
    fn several_add_to_one_file_and_the_last_line_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        assert_eq!(jobs(path), expected(&[]));
        let (mut one, mut other) = (Store::in_folder(path), Store::in_folder(path));
        one.append(&job("a", 1)).expect("it is written");
        other.append(&job("b", 2)).expect("it is written");
        one.append(&job("a", 3)).expect("it is written");
        assert_eq!(jobs(path), expected(&[("a", 3), ("b", 2)]));
        let text = fs::read_to_string(path.join(STATE)).expect("it is there");
        assert!(text.starts_with("{\"v\":1}\n{\"job\":\"a\","), "{text}");
        let mode = fs::metadata(path.join(STATE)).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn whoever_had_a_file_open_that_was_replaced_goes_on_with_the_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut one, mut other) = (Store::in_folder(folder.path()), Store::in_folder(folder.path()));
        one.append(&job("a", 1)).expect("it is written");
        for _ in 0..FEW_LINES {
            other.append(&job("b", 2)).expect("it is written");
        }
        other.compact(FEW_LINES + 2, 3).expect("it is replaced");
        let text = fs::read_to_string(folder.path().join(STATE)).expect("it is there");
        assert_eq!(text.lines().count(), 3);
        one.append(&job("c", 3)).expect("it is written");
        other.append(&job("a", 4)).expect("it is written");
        assert_eq!(jobs(folder.path()), expected(&[("a", 4), ("b", 2), ("c", 3)]));
    }

    #[test]
    fn a_line_that_was_cut_spoils_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut one, mut other) = (Store::in_folder(folder.path()), Store::in_folder(folder.path()));
        one.append(&job("a", 1)).expect("it is written");
        let path = folder.path().join(STATE);
        let mut bytes = fs::read(&path).expect("it is there");
        bytes.extend_from_slice(b"{\"job\":\"b");
        fs::write(&path, bytes).expect("it is written");
        one.append(&job("c", 3)).expect("it is written");
        other.append(&job("d", 4)).expect("it is written");
        assert_eq!(jobs(folder.path()), expected(&[("a", 1), ("c", 3), ("d", 4)]));
    }

    #[test]
    fn a_file_of_another_version_is_begun_anew() {
        for other in ["{\"v\":2}\n{\"job\":\"a\"}\n", "{\"v\"", "no JSON\n"] {
            let folder = tempfile::tempdir().expect("a folder");
            fs::write(folder.path().join(STATE), other).expect("it is written");
            assert_eq!(jobs(folder.path()), expected(&[]));
            Store::in_folder(folder.path()).append(&job("a", 1)).expect("it is written");
            assert_eq!(jobs(folder.path()), expected(&[("a", 1)]));
        }
    }

    #[test]
    fn what_is_no_file_is_neither_read_nor_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("target");
        fs::write(&target, "mine").expect("it is written");
        std::os::unix::fs::symlink(&target, folder.path().join(STATE)).expect("a link");
        let error = read(folder.path()).expect_err("it is a link").to_string();
        assert!(
            error.ends_with("state.jsonl` cannot be read: it is a symbolic link, which is not followed"),
            "{error}"
        );
        assert!(Store::in_folder(folder.path()).append(&job("a", 1)).is_err());
        assert_eq!(fs::read_to_string(target).expect("it is there"), "mine");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_can_be_read(lines in prop::collection::vec(line(), 0..8), cut in any::<prop::sample::Index>()) {
            let mut whole = b"{\"v\":1}\n".to_vec();
            whole.extend(lines.concat());
            let cut = cut.index(whole.len() + 1);
            let mut state = State::read(&whole[..cut]).expect("memory can be read");
            // What is whole before the cut counts, and nothing of the rest.
            let end = whole[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let before = State::read(&whole[..end]).expect("memory can be read");
            let is_whole_but_for_its_end = lines::parse(&whole[end..cut]).is_some();
            prop_assert!(is_whole_but_for_its_end || facts(&state) == facts(&before));
            // What is written is read as what it was.
            let mut written = Vec::new();
            let count = state.write(&mut written);
            prop_assert_eq!(written.split(|byte| *byte == b'\n').count() - 1, count);
            prop_assert_eq!(facts(&State::read(&*written).expect("memory can be read")), facts(&state));
        }
    }

    /// All that can be of use.
    fn facts(state: &State) -> Vec<String> {
        let mut facts = Vec::new();
        for name in 0..u32::try_from(state.names.len()).expect("few") {
            let Some(record) = state.record(name) else { continue };
            let file = |(file, digest): &(u32, Digest)| {
                let known = state.known(*file).filter(|known| known.digest == *digest);
                format!("{:?} {digest} {:?}", state.path(*file), known.map(|known| known.stamp))
            };
            let files = |list: &[_]| list.iter().map(file).collect::<Vec<_>>();
            let made = |digest| {
                let made = state.group(digest)?.iter().map(|(name, digest)| (state.names.name(*name), *digest));
                Some(made.collect::<Vec<_>>())
            };
            let dep =
                |(name, digest): &(u32, Option<Digest>)| (state.names.name(*name), *digest, digest.and_then(made));
            facts.push(format!(
                "{:?} {:?} {} {:?} {:?} {:?} {:?}",
                state.names.name(name),
                state.settings(record.settings),
                record.argv,
                files(record.inputs()),
                record.found().map(files),
                files(record.outputs()),
                record.deps.iter().map(dep).collect::<Vec<_>>()
            ));
        }
        facts.sort_unstable();
        facts
    }

    /// A line of ours, or of nobody's.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let name =
            || prop_oneof![prop::sample::select(vec![&b"a"[..], b"b/\xFF", b"\"\n", b""]).prop_map(<[u8]>::to_vec)];
        let digest = || (0..3u8).prop_map(|byte| Digest([byte; 16]));
        let stamp = prop::option::of(any::<(u64, i64, i64, u64)>());
        let seen = (name(), digest(), stamp);
        let seen = seen.prop_map(|(path, digest, stamp)| Seen {
            path: Lossless(path.into()),
            digest,
            stamp: stamp.map(|(size, modified, changed, inode)| Stamp { size, modified, changed, inode }),
        });
        let files = prop::collection::vec(seen.clone(), 0..3);
        let written = |line: &Line<'_>| {
            let mut text = Vec::new();
            line.write(&mut text);
            text
        };
        let of_file = seen.prop_map(move |seen| written(&Line { file: Some(seen), ..Line::default() }));
        let lists = (files.clone(), files.clone(), prop::option::of(files));
        let of_job = (name(), lists).prop_map(move |(job, (inputs, outputs, found))| {
            let deps = inputs.iter().map(|seen| (seen.path.clone(), seen.stamp.map(|_| seen.digest))).collect();
            let (settings, argv) = (Some(Mark([1; 8])), Some(Mark([2; 8])));
            let job = Some((&*job).into());
            written(&Line { job, settings, argv, inputs, found, deps, outputs, ..Line::default() })
        });
        let of_group = (digest(), name()).prop_map(move |(group, job)| {
            let made = vec![((&*job).into(), group)];
            written(&Line { group: Some(group), made, ..Line::default() })
        });
        let of_settings = name().prop_map(move |cwd| {
            let are = SettingsLine {
                cwd: (&*cwd).into(),
                wrapper: Mark([2; 8]),
                stdin: None,
                inherit: true,
                env: [("A".to_owned(), Some(Mark([3; 8]))), ("B".to_owned(), None)].into(),
            };
            written(&Line { settings: Some(Mark([1; 8])), are: Some(Box::new(are)), ..Line::default() })
        });
        let noise = prop::collection::vec(any::<u8>(), 0..20);
        prop_oneof![of_file, of_job, of_group, of_settings, noise]
    }
}
