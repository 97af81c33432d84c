//! What stays on disk: a folder for each run, with its events and its logs.
//!
//! Knows files and the format of events. Does not know how a run is made or how one looks on a screen.

mod cleanup;
mod durations;
mod folder;
mod history;
mod journal;
mod key;
mod reader;
mod reserve;

pub(crate) use cleanup::OldRuns;
pub(crate) use folder::{RunFolder, StateError, StateFolder};
pub(crate) use history::PastRun;
pub(crate) use journal::{HANDOVER, Journal, close_record, take_over};
pub(crate) use reader::{GrowingRecord, ReadError, read_record};
