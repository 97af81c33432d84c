//! What is in a file: the same as when it was last read, as long as it looks the same, or what reading it says.
//!
//! How a file looks tells of its contents only when it cannot change without looking different. Two changes in one tick
//! of the clock that file systems use leave the same times. So it counts only when that clock had gone on between the
//! file's last change and the moment at which it was opened to be read.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::digest::Digest;
use super::state::Known;
use crate::keyed_hash::{Key, first};
use crate::sys::{self, FileKind, FileStat};
use crate::text;

/// What there is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    File(Digest),
    Folder,
    Missing,
    /// It is something else or cannot be read; with what is wrong.
    Unusable(Box<str>),
}

/// Where files are looked at.
#[derive(Debug)]
pub(super) struct Root<'a> {
    /// What relative paths start at.
    pub(super) folder: &'a File,
    pub(super) key: &'a Key,
    /// Whether nobody waits for the end of a long file any more.
    pub(super) is_stopped: &'a AtomicBool,
}

impl Root<'_> {
    /// What there is at a path, of which this may be known; and what is known then, if that is more.
    pub(super) fn content(&self, path: &Path, known: Option<&Known>) -> (Content, Option<Known>) {
        let stat = match sys::stat_in(self.folder, path) {
            Ok(stat) => stat,
            Err(error) => return (failed(&error), None),
        };
        match known {
            Some(known) if stat.kind == FileKind::Regular && known.stamp == stat.stamp => {
                (Content::File(known.digest), None)
            }
            _ => self.read(path, stat),
        }
    }

    /// Whether there is nothing at a path.
    pub(super) fn is_missing(&self, path: &Path) -> bool {
        matches!(sys::stat_in(self.folder, path).map_err(|error| failed(&error)), Err(Content::Missing))
    }

    fn read(&self, path: &Path, stat: FileStat) -> (Content, Option<Known>) {
        if let Some(content) = other_than_a_file(stat.kind) {
            return (content, None);
        }
        let clock = sys::coarse_now();
        match self.digest(path) {
            Ok(Ok((digest, stat))) => {
                let known = is_past(stat.stamp.changed, clock);
                (Content::File(digest), known.then_some(Known { digest, stamp: stat.stamp, is_saved: false }))
            }
            Ok(Err(content)) => (content, None),
            Err(error) => (failed(&error), None),
        }
    }

    /// The hash of a file and how that looked when it was opened; or what was there instead.
    fn digest(&self, path: &Path) -> io::Result<Result<(Digest, FileStat), Content>> {
        /// At most so much of a file is in memory.
        const BUFFER: u64 = 128 * 1024;
        let (mut file, stat) = sys::open_to_read_in(self.folder, path)?;
        if let Some(content) = other_than_a_file(stat.kind) {
            return Ok(Err(content));
        }
        let mut hasher = blake3::Hasher::new_keyed(self.key);
        // One more than its size, so that its end is seen.
        let size = usize::try_from((stat.stamp.size + 1).min(BUFFER)).unwrap_or(1);
        let mut buffer = vec![0; size];
        loop {
            if self.is_stopped.load(Ordering::Relaxed) {
                return Ok(Err(Content::Unusable("procman was told to end".into())));
            }
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => _ = hasher.update(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Ok((Digest(first(hasher.finalize().as_bytes())), stat)))
    }

    /// The bytes of a file that is read as a whole; or what was there instead.
    pub(super) fn bytes(&self, path: &Path) -> Result<Vec<u8>, Content> {
        let mut bytes = Vec::new();
        let (mut file, stat) = sys::open_to_read_in(self.folder, path).map_err(|error| failed(&error))?;
        match other_than_a_file(stat.kind) {
            Some(content) => return Err(content),
            None => file.read_to_end(&mut bytes).map_err(|error| failed(&error))?,
        };
        Ok(bytes)
    }
}

/// Whether a file that was changed then cannot be changed any more without a later time, once this clock has been read.
pub(super) fn is_past(changed: i64, clock: i64) -> bool {
    /// Where times are whole seconds, or even two.
    const COARSE: i64 = 2_000_000_000;
    let tick = if changed % 1_000_000_000 == 0 { COARSE } else { 0 };
    changed.saturating_add(tick) < clock
}

/// What is at a path that cannot be looked at.
fn failed(error: &io::Error) -> Content {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Content::Missing,
        _ => Content::Unusable(text::io_error(error).into()),
    }
}

fn other_than_a_file(kind: FileKind) -> Option<Content> {
    let what = match kind {
        FileKind::Regular => return None,
        FileKind::Folder => return Some(Content::Folder),
        FileKind::Fifo => "a FIFO",
        FileKind::Socket => "a socket",
        FileKind::Device => "a device",
    };
    Some(Content::Unusable(format!("it is {what}, not a regular file").into()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;

    const KEY: Key = [1; 32];

    struct Place {
        folder: tempfile::TempDir,
        open: File,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            Self { open: File::open(folder.path()).expect("it is there"), folder }
        }

        fn look(&self, known: Option<&Known>) -> (Content, Option<Known>) {
            Root { folder: &self.open, key: &KEY, is_stopped: &AtomicBool::new(false) }.content("file".as_ref(), known)
        }

        fn write(&self, text: &str) {
            fs::write(self.folder.path().join("file"), text).expect("a file");
        }

        /// What is known of the file, as soon as its last change is past.
        fn settled(&self) -> (Content, Known) {
            loop {
                if let (content, Some(known)) = self.look(None) {
                    return (content, known);
                }
            }
        }
    }

    #[test]
    fn a_file_that_looks_the_same_is_not_read_again() {
        let place = Place::new();
        place.write("one");
        let (content, known) = place.settled();
        let other = Known { digest: Digest([0; 16]), ..known };
        assert_eq!(place.look(Some(&known)), (content, None));
        assert_eq!(place.look(Some(&other)), (Content::File(other.digest), None));
    }

    #[test]
    fn no_change_is_missed_however_soon_and_well_hidden() {
        let place = Place::new();
        for round in 0..200 {
            place.write(&format!("{:03}", round % 2));
            let (content, known) = place.look(None);
            place.write(&format!("{:03}", (round + 1) % 2));
            let path = place.folder.path().join("file");
            let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
            File::options().write(true).open(path).and_then(|file| file.set_modified(old)).expect("it is ours");
            assert_ne!(place.look(known.as_ref()).0, content);
        }
    }

    #[test]
    fn what_is_no_file_is_neither_opened_nor_waited_for() {
        let place = Place::new();
        assert_eq!(place.look(None).0, Content::Missing);
        let path = place.folder.path().join("file");
        fs::create_dir(&path).expect("a folder");
        assert_eq!(place.look(None).0, Content::Folder);
        fs::remove_dir(&path).expect("it is empty");
        let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo can be started");
        assert!(made.success());
        assert_eq!(place.look(None).0, Content::Unusable("it is a FIFO, not a regular file".into()));
    }

    #[test]
    fn times_count_when_the_clock_has_gone_on() {
        let second = 1_000_000_000;
        assert!(is_past(5 * second + 1, 5 * second + 2));
        assert!(!is_past(5 * second + 1, 5 * second + 1));
        assert!(!is_past(5 * second, 7 * second));
        assert!(is_past(5 * second, 7 * second + 1));
    }
}
