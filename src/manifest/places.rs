//! The places of tasks, as file and line.

use std::path::Path;
use std::sync::Arc;

use memchr::memchr_iter;

use super::Manifest;
use crate::diagnostic::Source;
use crate::places::Places;

impl Manifest {
    /// Where the tasks of its jobs are written.
    pub(super) fn places(&self) -> Places {
        let shown_root = Path::new(&self.sources.top().path).parent().unwrap_or(Path::new(""));
        // What is included is shown as seen from there.
        let file = |source: &Source| {
            let path = Path::new(&source.path);
            Arc::from(path.strip_prefix(shown_root).unwrap_or(path).to_string_lossy())
        };
        let mut places = Places::new(self.sources.iter().map(file).collect(), self.jobs.len());
        // Most tasks come after the one before.
        let mut latest = Cursor { file: 0, offset: 0, line: 1 };
        for task in self.tasks.values() {
            let (file, offset) = self.sources.place(task.span.start);
            if file != latest.file || offset < latest.offset {
                latest = Cursor { file, offset: 0, line: 1 };
            }
            let text = self.sources.iter().nth(file).map_or("", |source| &source.text);
            let between = text.as_bytes().get(latest.offset..offset).unwrap_or_default();
            latest = Cursor { file, offset, line: latest.line + memchr_iter(b'\n', between).count() };
            for job in self.jobs_of(task) {
                places.set(job, file, latest.line);
            }
        }
        places
    }
}

/// A place in a file, and the line it is in.
#[derive(Clone, Copy)]
struct Cursor {
    file: usize,
    offset: usize,
    line: usize,
}
