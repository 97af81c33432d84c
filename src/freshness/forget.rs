//! Forgetting all that is known of what jobs read and made.

use std::path::Path;
use std::{fs, io};

use super::store::{STATE, Store, failed};
use crate::record::StateError;

/// Removes the state file of this folder, under its lock: whoever has it open finds that it is gone, and makes a new one.
/// Answers whether there was one.
pub(crate) fn forget_state(folder: &Path) -> Result<bool, StateError> {
    let path = folder.join(STATE);
    if path.symlink_metadata().is_err() {
        return Ok(false);
    }
    let mut store = Store::in_folder(folder);
    if !store.lock()? {
        let error = io::Error::other("another procman is at it, or was stopped while it was");
        return Err(failed(&path, "removed")(error));
    }
    let removed = fs::remove_file(&path);
    store.unlock();
    removed.map(|()| true).map_err(failed(&path, "removed"))
}
