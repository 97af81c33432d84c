//! Disk space that a record holds ahead of its end, so that a disk that fills up does not cut it short.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::event::{Event, EventKind};
use crate::sys;

/// Room for what is not counted below: cancels, texts of errors, the names of processes left behind, the end of the run
/// or of procman.
const SPARE: u64 = 8 * 1024;
/// How much is asked for beyond what is needed: at first, as most runs are short, and whenever it is used up.
const AHEAD: [u64; 2] = [8 * 1024, 64 * 1024];
/// Not more than this is left to the record at the end. To give it back may take longer than a short run: where freed
/// space is discarded at once, as on ext4 without a journal, it takes up to some milliseconds.
const LEFT: u64 = 32 * 1024;
/// Room for the end of an attempt, and for that of a job, beside its name.
const ATTEMPT_END: u64 = 200;
const JOB_END: u64 = 100;

/// What is held for one record. There is always room for the ends of all that runs and of all jobs; as that is used up,
/// more is asked for.
#[derive(Debug, Default)]
pub(super) struct Reserve {
    /// Up to here the file has its space.
    until: u64,
    /// What has not ended yet will need so much.
    owed: u64,
    /// Not all file systems can do this; and on a full disk there is nothing more to ask for.
    given_up: bool,
}

impl Reserve {
    /// Takes in events that have just been written to `file`, which is now `length` bytes long. An error is that of a
    /// full disk, told once.
    pub(super) fn after(&mut self, events: &[Event], file: &File, length: u64) -> io::Result<()> {
        for event in events {
            self.count(&event.kind);
        }
        let needed = self.owed + SPARE;
        if self.given_up || self.until >= length + needed {
            return Ok(());
        }
        let wanted = needed + AHEAD[usize::from(self.until > 0)];
        match sys::allocate(file, length, wanted) {
            Ok(()) => {
                self.until = length + wanted;
                Ok(())
            }
            Err(error) => {
                self.given_up = true;
                let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
                if is_full { Err(error) } else { Ok(()) }
            }
        }
    }

    /// Keeps what is owed in step.
    fn count(&mut self, event: &EventKind) {
        match event {
            EventKind::RunStarted(plan) => self.owed = plan.jobs.iter().map(|job| job_end(&job.name)).sum(),
            EventKind::AttemptStarted { job, .. } => self.owed += attempt_end(job),
            EventKind::AttemptEnded { job, .. } | EventKind::AttemptDeferred { job, .. } => {
                self.owed = self.owed.saturating_sub(attempt_end(job));
            }
            EventKind::JobEnded { job, .. } => self.owed = self.owed.saturating_sub(job_end(job)),
            _ => {}
        }
    }

    /// Gives back what was not used of a record of this length; that this fails is nothing for a run to end badly for.
    pub(super) fn release(&mut self, file: &File, length: u64) {
        if self.until > length + LEFT {
            self.until = 0;
            // Its size is asked for, because somebody else may have added to it.
            _ = file.metadata().and_then(|found| file.set_len(found.len()));
        }
    }
}

fn attempt_end(job: &Arc<str>) -> u64 {
    ATTEMPT_END + job.len() as u64
}

fn job_end(job: &Arc<str>) -> u64 {
    JOB_END + job.len() as u64
}
