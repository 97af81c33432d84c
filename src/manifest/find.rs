//! Finding the manifest, and reading a file of it.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::sys;

/// The manifest's name.
pub(crate) const FILE_NAME: &str = "procman.toml";

/// The manifest in a folder or the nearest one above it. A folder of another user in which everyone may write is passed
/// over: whatever lies there may have been put there for us to run.
pub(crate) fn find(from: &Path) -> io::Result<Found> {
    let mut passed_over = None;
    for folder in from.ancestors() {
        let candidate = folder.join(FILE_NAME);
        match fs::metadata(&candidate) {
            Ok(_) if is_open_to_strangers(folder)? => passed_over = passed_over.or(Some(candidate)),
            Ok(_) => return Ok(Found::Manifest(candidate)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(passed_over.map_or(Found::Nothing, Found::PassedOver))
}

/// What is in a file, which has to be a regular one: nobody may ever write into a FIFO.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    sys::open_named(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a search comes to.
#[derive(Debug)]
pub(crate) enum Found {
    Manifest(PathBuf),
    /// There is only one, or more, that is not to be trusted; the nearest.
    PassedOver(PathBuf),
    Nothing,
}

fn is_open_to_strangers(folder: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(folder)?;
    Ok(metadata.uid() != sys::current_user() && metadata.mode() & 0o002 != 0)
}
