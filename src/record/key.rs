//! The key of a state folder: random bytes that no record holds.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::StateError;
use super::folder::put_new;
use crate::definition::Key;
use crate::sys;

const NAME: &str = "key";

/// The key in this folder.
pub(super) fn read_if_there(folder: &Path) -> Result<Option<Key>, StateError> {
    let path = folder.join(NAME);
    match read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        result => result.map(Some).map_err(StateError::of(&path, "used")),
    }
}

fn read(path: &Path) -> io::Result<Key> {
    let invalid = |_| io::Error::new(ErrorKind::InvalidData, "it is not a file of 32 bytes; remove it for a new one");
    // Whatever else lies there, the advice is the same.
    if !path.symlink_metadata()?.is_file() {
        return Err(invalid(Vec::new()));
    }
    let mut bytes = Vec::new();
    sys::open_regular(path)?.take(64).read_to_end(&mut bytes)?;
    bytes.try_into().map_err(invalid)
}

/// A new key in this folder. Of several runs that make one at the same time, the first that is done wins, and all use its
/// key.
pub(super) fn make(folder: &Path) -> Result<Key, StateError> {
    let path = folder.join(NAME);
    let make = || {
        let mut key = Key::default();
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        if put_new(folder, &path, &key)? { Ok(key) } else { read(&path) }
    };
    make().map_err(StateError::of(&path, "made"))
}
