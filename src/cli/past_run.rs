//! Runs that have been made: finding one by what the user calls it, and reading its record.

use std::path::Path;

use super::context::Context;
use super::{Error, usage};
use crate::event::RunRecord;
use crate::record::{RunFolder, StateFolder, read_record};
use crate::text;

/// The run with this id, or with the only one that begins so; none given: the latest.
pub(super) fn find(context: &Context, id: Option<&str>) -> Result<RunFolder, Error> {
    let manifest = context.manifest_path()?;
    let state = StateFolder::beside(manifest.parent().unwrap_or(Path::new("/")));
    let Some(id) = id else {
        return state.latest().ok_or_else(|| usage("there is no run yet; `procman run` makes one"));
    };
    let mut runs = state.runs()?;
    let mut fitting = runs.iter().enumerate().filter(|(_, run)| run.id().starts_with(id));
    match (fitting.next().map(|(at, _)| at), fitting.count()) {
        (Some(at), 0) => Ok(runs.swap_remove(at)),
        (None, _) => Err(usage(format!("there is no run `{}`", text::escape(id.as_bytes())))),
        (Some(_), more) => Err(usage(format!(
            "`{}` is the beginning of {} runs; give more of it",
            text::escape(id.as_bytes()),
            more + 1
        ))),
    }
}

/// The record of a run, as far as it goes.
pub(super) fn read(context: &Context, run: &RunFolder) -> Result<RunRecord, Error> {
    read_record(&run.events()).map_err(|error| {
        let path = context.show(&run.events());
        usage(format!("the record `{path}` cannot be read: {error}"))
    })
}
