//! The key of a state folder: random bytes that no record holds.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::StateError;
use crate::definition::Key;

const NAME: &str = "key";

/// The key in this folder; a new one where there is none.
pub(super) fn read_or_make(folder: &Path) -> Result<Key, StateError> {
    let path = folder.join(NAME);
    match read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(folder, &path).map_err(StateError::of(&path, "made")),
        result => result.map_err(StateError::of(&path, "used")),
    }
}

fn read(path: &Path) -> io::Result<Key> {
    let invalid = |_| io::Error::new(ErrorKind::InvalidData, "it is not a file of 32 bytes; remove it for a new one");
    // Not to be opened: nobody may ever write to a FIFO.
    if !path.symlink_metadata()?.is_file() {
        return Err(invalid(Vec::new()));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut bytes)?;
    bytes.try_into().map_err(invalid)
}

/// Of several runs that make one at the same time, the first that is done wins, and all use its key.
fn make(folder: &Path, path: &Path) -> io::Result<Key> {
    let mut key = Key::default();
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    // Readable by its owner alone, as tempfile makes it.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error.error),
    }
}
