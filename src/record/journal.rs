//! Writing a record.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::StateError;
use crate::event::{Event, Fault, Reporter, RunRecord};

/// The open record of a run under way: JSON Lines, one `write` for each event, so that procman may be killed at any
/// time and loses at most the line it was about to write.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    line: Vec<u8>,
    /// After a write has failed the record is left as it is: a gap would be worse than an early end.
    broken: bool,
}

impl Journal {
    /// A new record; its lock says that its writer lives.
    pub(super) fn create(path: &Path) -> Result<Self, StateError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(StateError::of(path, "created"))?;
        // Where locks do not exist the run goes on without: only the removal of old runs looks at it.
        _ = file.try_lock();
        Ok(Self { path: path.to_owned(), file, line: Vec::new(), broken: false })
    }

    /// Another hold on the record's lock.
    pub(super) fn lock(&self) -> Option<File> {
        self.file.try_clone().ok()
    }

    fn write(&mut self, event: &Event) -> std::io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line)
    }
}

impl Reporter for Journal {
    fn event(&mut self, event: &Event, _: &RunRecord) -> Result<(), Fault> {
        if self.broken {
            return Ok(());
        }
        self.write(event).map_err(|error| {
            self.broken = true;
            Fault(StateError::of(&self.path, "written")(error).to_string())
        })
    }
}
