//! Where the tasks of a plan's jobs are written, for those who are told that one failed.

use std::sync::Arc;

use crate::job::JobId;

/// A file and a line for each job, or nothing where no manifest is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// The manifest's files, seen from its folder; the manifest itself first.
    files: Vec<Arc<str>>,
    /// For each job, the place of its file among them, and the line, from 1.
    of_jobs: Vec<(u32, u32)>,
}

impl Places {
    /// For so many jobs, whose places are to be set.
    pub(crate) fn new(files: Vec<Arc<str>>, jobs: usize) -> Self {
        Self { files, of_jobs: vec![(0, 0); jobs] }
    }

    pub(crate) fn set(&mut self, job: JobId, file: usize, line: usize) {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.of_jobs[job.index()] = (number(file), number(line));
    }

    /// Of a job by its number: the line, and the file where that is not the manifest itself.
    pub(crate) fn of(&self, job: usize) -> Option<(Option<&Arc<str>>, u32)> {
        let (file, line) = *self.of_jobs.get(job)?;
        let file = usize::try_from(file).ok().filter(|file| *file > 0);
        Some((file.and_then(|file| self.files.get(file)), line))
    }

    /// Those of the jobs that are set in `keep`.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut kept = keep.iter();
        self.of_jobs.retain(|_| kept.next() == Some(&true));
    }
}
