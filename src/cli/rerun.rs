//! `procman rerun`.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;

use super::context::{Context, to_stderr};
use super::options::RunOptions;
use super::outlook::EarlierState;
use super::run::{Prepared, guardian};
use super::{Error, SUCCESS, past_run, usage};
use crate::event::{EarlierJob, Origin, RunRecord};
use crate::plan::Plan;
use crate::record::{HANDOVER, RunFolder, StateFolder};
use crate::rerun::{Again, choose, ends};
use crate::text;

#[derive(Debug, Args)]
pub(super) struct RerunArgs {
    /// The run: its id, the beginning or the end of it; otherwise the latest
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Only what did not succeed or has changed since, with all that needs it
    #[arg(long, conflicts_with = "unfinished")]
    pub(super) failed: bool,
    /// Only what has no end or has changed since, with all that needs it
    #[arg(long)]
    pub(super) unfinished: bool,
    #[command(flatten)]
    pub(super) options: RunOptions,
}

/// How long a run is given to end, or a runner that was killed to be gone.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn rerun(context: &Context, args: &RerunArgs) -> Result<u8, Error> {
    let guardian = guardian(context, &args.options);
    let run = past_run::find(context, args.run.as_deref())?;
    let id = run.shown_id();
    let record = final_record(context, &run)?;
    let Some(origin) = &record.origin else {
        return Err(usage(format!("the record of run {id} does not say which manifest it was of")));
    };
    let path = manifest_path(context, &run, origin)?;
    let earlier = EarlierState::of(&path);
    let manifest = context.manifest_at(&path, &origin.selection.set, false)?;
    let prepared = Prepared::new(context, manifest, origin.selection.clone(), &args.options);
    let mut prepared = prepared.map_err(|error| match error {
        Error::Usage(problem) => usage(format!("run {id} cannot be made again: {problem}")),
        other => other,
    })?;
    note_what_is_gone(context, &id, &record, &prepared.plan);
    let again = match (args.failed, args.unfinished) {
        (true, _) => Again::Failed,
        (_, true) => Again::Unfinished,
        _ => Again::All,
    };
    let key = StateFolder::beside(&prepared.root).key()?;
    let choice = choose(&prepared.plan, &prepared.definitions(&key), &record, again);
    let all = prepared.plan.jobs().len();
    if all == 0 {
        return Ok(SUCCESS);
    }
    if choice.earlier.len() == all {
        nothing_to_run(context, &id, &choice.earlier, again);
        return Ok(SUCCESS);
    }
    if again != Again::All {
        context.note(&format!("run {id} again: {} of {}", all - choice.earlier.len(), text::count(all, "job")));
    }
    prepared.plan = prepared.plan.restricted_to(&choice.run);
    prepared.origin.rerun_of = Some(run.id());
    prepared.origin.earlier = choice.earlier;
    prepared.run(context, &args.options, earlier, guardian)
}

/// A record to which nothing will be added: its run has ended, or its runner has died and what it left is gone.
fn final_record(context: &Context, run: &RunFolder) -> Result<RunRecord, Error> {
    let is_over = || {
        if !run.is_under_way_after(PATIENCE) {
            return Ok(());
        }
        let id = run.shown_id();
        Err(usage(format!("run {id} is still under way; what is left of it is known when it has ended")))
    };
    is_over()?;
    let record = past_run::read(context, run)?;
    if record.status.is_some() || record.runner_died {
        return Ok(record);
    }
    // The runner may have died a moment ago, and its guardian be about to take over.
    thread::sleep(HANDOVER);
    is_over()?;
    past_run::read(context, run)
}

/// The manifest that a run was of. It lies where the run's state does, even if both have been moved since.
fn manifest_path(context: &Context, run: &RunFolder, origin: &Origin) -> Result<PathBuf, Error> {
    let path = context.manifest_path()?;
    let recorded = PathBuf::from(&origin.manifest);
    let name = recorded.file_name().unwrap_or_default();
    // A record replaces what is not UTF-8.
    if path.file_name().is_some_and(|own| own.to_string_lossy() == name.to_string_lossy()) {
        return Ok(path);
    }
    let Some(file) = &context.file else { return Ok(path.with_file_name(name)) };
    let (given, recorded) = (text::path(file), text::path(&file.with_file_name(name)));
    Err(usage(format!("run {} is of `{recorded}`, and not of `{given}`; give `-f {recorded}`", run.shown_id())))
}

/// Jobs that went by another name, or are no longer selected.
fn note_what_is_gone(context: &Context, id: &str, record: &RunRecord, plan: &Plan) {
    let gone: Vec<_> = ends(record).map(|(name, ..)| name).filter(|name| plan.jobs().get(name).is_none()).collect();
    if gone.is_empty() {
        return;
    }
    let jobs = text::count(gone.len(), "job");
    let are = if gone.len() == 1 { "is" } else { "are" };
    context.note(&format!("{jobs} of run {id} {are} no longer there to run: {}", text::names(&gone)));
}

fn nothing_to_run(context: &Context, id: &str, ended: &[EarlierJob], again: Again) {
    if context.quiet > 1 {
        return;
    }
    let jobs = ended.len();
    let (all, have) = if jobs == 1 { ("the 1 job".to_owned(), "has") } else { (format!("all {jobs} jobs"), "have") };
    let done = if again == Again::Unfinished { "ended" } else { "succeeded" };
    let without_success = ended.iter().filter(|job| !job.status.satisfies_dependents()).count();
    let next = match without_success {
        0 => String::new(),
        number => format!("; `--failed` runs the {number} without success"),
    };
    to_stderr(&format!("nothing to run again: {all} of run {id} {have} {done}{next}\n"));
}
