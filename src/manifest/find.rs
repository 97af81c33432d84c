//! Finding the manifest.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::sys;

/// The manifest's name.
pub(crate) const FILE_NAME: &str = "procman.toml";

/// The manifest in a folder or the nearest one above it. A folder of another user in which everyone may write is passed
/// over: whatever lies there may have been put there for us to run.
pub(crate) fn find(from: &Path) -> io::Result<Option<PathBuf>> {
    for folder in from.ancestors() {
        let candidate = folder.join(FILE_NAME);
        match fs::metadata(&candidate) {
            Ok(_) if is_open_to_strangers(folder)? => {}
            Ok(_) => return Ok(Some(candidate)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn is_open_to_strangers(folder: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(folder)?;
    Ok(metadata.uid() != sys::current_user() && metadata.mode() & 0o002 != 0)
}
