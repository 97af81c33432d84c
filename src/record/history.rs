//! Runs that have been made, and what became of each.

use super::folder::RunFolder;
use super::reader::{ReadError, read_record};
use crate::event::{RunRecord, RunState};

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
        let state = match &mut record {
            Ok(record) => {
                // What its guardian had to say may be said before it lets go.
                record.runner_died |= record.status.is_none() && !is_under_way;
                record.state()
            }
            Err(_) if is_under_way => RunState::UnderWay,
            Err(_) => RunState::Died,
        };
        if let (RunState::UnderWay, Ok(record)) = (state, &mut record) {
            record.elapsed = record.elapsed.saturating_add(folder.since_last_event());
        }
        Self { folder, state, record }
    }
}
