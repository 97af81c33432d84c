//! Runs that have been made, and what became of each.

use super::folder::RunFolder;
use super::reader::{ReadError, read_record};
use crate::event::{RunRecord, RunStatus};

/// What has become of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunState {
    Ended(RunStatus),
    UnderWay,
    /// procman did not live to end it.
    Died,
}

impl RunState {
    /// The one word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ended(status) => status.word(),
            Self::UnderWay => "under-way",
            Self::Died => "died",
        }
    }
}

/// A run as it is now.
#[derive(Debug)]
pub(crate) struct PastRun {
    pub(crate) folder: RunFolder,
    pub(crate) state: RunState,
    /// Of a run under way with the time that has gone by until now; `runner_died` says of any other whether it has.
    pub(crate) record: Result<RunRecord, ReadError>,
}

impl PastRun {
    pub(crate) fn read(folder: RunFolder) -> Self {
        // In this order: a runner that lets go in between has written its end before.
        let is_under_way = folder.is_under_way();
        let mut record = read_record(&folder.events());
        let state = match record.as_ref().ok().and_then(|record| record.status) {
            Some(status) => RunState::Ended(status),
            // What its guardian had to say may be said before it lets go.
            None if is_under_way && !record.as_ref().is_ok_and(|record| record.runner_died) => RunState::UnderWay,
            None => RunState::Died,
        };
        if let Ok(record) = &mut record {
            match state {
                RunState::Ended(_) => {}
                RunState::UnderWay => record.elapsed = record.elapsed.saturating_add(folder.since_last_event()),
                RunState::Died => record.runner_died = true,
            }
        }
        Self { folder, state, record }
    }
}
