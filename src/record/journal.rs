//! Writing a record.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::StateError;
use super::reserve::Reserve;
use crate::event::{Event, EventKind, FORMAT_VERSION, Fault, Reporter, RunRecord, Seconds};
use crate::{sys, text};

/// How long it may take until the guardian of a procman that has died holds the lock of its record.
pub(crate) const HANDOVER: Duration = Duration::from_millis(100);

/// The open record of a run under way: JSON Lines, one `write` for the events that happen together, so that procman may be
/// killed at any time and loses at most what it was about to write.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    lines: Vec<u8>,
    /// How much has been written.
    length: u64,
    reserve: Reserve,
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
        Ok(Self {
            path: path.to_owned(),
            file,
            lines: Vec::new(),
            length: 0,
            reserve: Reserve::default(),
            broken: false,
        })
    }

    /// Another hold on the record's lock.
    pub(super) fn lock(&self) -> Option<File> {
        self.file.try_clone().ok()
    }

    fn write(&mut self, events: &[Event]) -> io::Result<()> {
        self.lines.clear();
        for event in events {
            serde_json::to_writer(&mut self.lines, event)?;
            self.lines.push(b'\n');
        }
        self.file.write_all(&self.lines)?;
        self.length += self.lines.len() as u64;
        Ok(())
    }

    /// Whether what was written is what its readers will find.
    fn is_in_its_place(&self) -> bool {
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        match (self.file.metadata(), fs::symlink_metadata(&self.path)) {
            (Ok(ours), Ok(theirs)) => identity(ours) == identity(theirs),
            (_, Err(error)) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
            (Err(_), Ok(_)) => true,
        }
    }
}

/// Takes over the lock of a record whose procman has died: as long as it is held, the run is under way for everybody.
/// `None` where there is no lock to be had.
pub(crate) fn take_over(path: &Path) -> Option<File> {
    let file = sys::open_regular(path).ok()?;
    let start = Instant::now();
    // The system closes what procman had open one after the other, and not the record first.
    while file.try_lock().is_err() {
        if start.elapsed() > HANDOVER {
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Some(file)
}

/// Ends the record of a run whose procman has died: takes away the line that it may have been writing, and says what
/// happened. A record that has its end already stays as it is, and so does one that cannot be read or written: whoever
/// calls has nobody to tell.
pub(crate) fn close_record(path: &Path) {
    _ = try_to_close(path);
}

fn try_to_close(path: &Path) -> io::Result<()> {
    let mut file = sys::open_regular_to_write(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let last = bytes[..whole].split_inclusive(|byte| *byte == b'\n').next_back().unwrap_or_default();
    let Ok(last) = serde_json::from_slice::<Event>(last) else { return Ok(()) };
    if matches!(last.kind, EventKind::RunEnded { .. }) {
        return Ok(());
    }
    // The file was written last when that event was, or a little later.
    let since = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    let t = Seconds(last.t.0.saturating_add(since));
    let event = Event { v: FORMAT_VERSION, seq: last.seq + 1, t, kind: EventKind::RunnerDied };
    let line = line(&event)?;
    let whole = whole as u64;
    // First over what was cut and into what was held in reserve, and only then is the rest of both given up: on a full
    // disk others would take it before the line is written.
    file.write_all_at(&line, whole)?;
    file.set_len(whole + line.len() as u64)
}

/// An event as a line of a record.
fn line(event: &Event) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    Ok(line)
}

impl Reporter for Journal {
    fn events(&mut self, events: &[Event], _: &RunRecord) -> Result<(), Fault> {
        if self.broken {
            return Ok(());
        }
        self.write(events).map_err(|error| {
            self.broken = true;
            Fault(StateError::of(&self.path, "written")(error).to_string())
        })?;
        self.reserve.after(events, &self.file, self.length).map_err(|error| {
            let (path, error) = (text::path(&self.path), text::io_error(&error));
            Fault(format!("the record `{path}` has no room to grow: {error}; make some on its disk"))
        })?;
        let is_end = |event: &Event| matches!(event.kind, EventKind::RunEnded { .. });
        if events.iter().any(is_end) && !self.is_in_its_place() {
            let path = text::path(&self.path);
            return Err(Fault(format!("the record `{path}` was removed or replaced while the run was under way")));
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.reserve.release(&self.file, self.length);
    }
}
