//! Runs that have been made: finding one by what the user calls it, and reading its record.

use std::path::Path;

use super::context::Context;
use super::{Error, usage};
use crate::event::RunRecord;
use crate::record::{ReadError, RunFolder, StateFolder, read_record};
use crate::text;

/// That nothing has been run here.
pub(super) const NO_RUN: &str = "there is no run yet; `procman run` makes one";
/// What stands for the run that is the latest.
pub(super) const LATEST: &str = "latest";

/// The state folder of the manifest.
pub(super) fn state_folder(context: &Context) -> Result<StateFolder, Error> {
    let manifest = context.manifest_path()?;
    Ok(StateFolder::beside(manifest.parent().unwrap_or(Path::new("/"))))
}

/// The run with this id, or with the only one that begins or ends so; none given, or `latest`: the latest.
pub(super) fn find(context: &Context, id: Option<&str>) -> Result<RunFolder, Error> {
    let state = state_folder(context)?;
    let Some(id) = id.filter(|id| *id != LATEST) else {
        return state.latest().ok_or_else(|| usage(NO_RUN));
    };
    let shown = text::escape(id.as_bytes());
    let mut runs = state.runs()?;
    if let Some(at) = runs.iter().position(|run| run.id() == id) {
        return Ok(runs.swap_remove(at));
    }
    runs.retain(|run| run.id().starts_with(id) || run.id().ends_with(id));
    match (runs.pop(), runs.len()) {
        (Some(run), 0) => Ok(run),
        (None, _) => Err(usage(format!("there is no run `{shown}`; `procman history` lists those there are"))),
        (Some(_), more) => {
            Err(usage(format!("`{shown}` is the beginning or the end of {} runs; give more of it", more + 1)))
        }
    }
}

/// The record of a run, as far as it goes.
pub(super) fn read(context: &Context, run: &RunFolder) -> Result<RunRecord, Error> {
    read_record(&run.events()).map_err(|error| unreadable(context, run, &error))
}

/// That there is no record to go by.
pub(super) fn unreadable(context: &Context, run: &RunFolder, error: &ReadError) -> Error {
    let path = context.show(&run.events());
    usage(format!("the record `{path}` cannot be read: {error}"))
}
