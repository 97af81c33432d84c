//! `procman clean`.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use indexmap::IndexMap;

use super::context::{Context, to_stderr, to_stdout};
use super::{Error, FAULT, SUCCESS, past_run};
use crate::freshness::{forget_state, state_size};
use crate::manifest::Size;
use crate::record::{OldRuns, RunFolder, StateError, StateFolder};
use crate::retention::Retention;
use crate::text;

#[derive(Debug, Args)]
pub(super) struct CleanArgs {
    /// Keep so many runs, whatever the manifest says
    #[arg(long, value_name = "N", value_parser = number)]
    pub(super) keep_runs: Option<usize>,
    /// Keep no run that was started longer ago than this, such as "30d"
    #[arg(long, value_name = "DURATION", value_parser = age)]
    pub(super) max_age: Option<Duration>,
    /// Keep so many of the newest runs as take no more than this, such as "1GB"
    #[arg(long, value_name = "SIZE")]
    pub(super) max_size: Option<Size>,
    /// Remove all runs but those under way
    #[arg(long, conflicts_with_all = ["keep_runs", "max_age", "max_size"])]
    pub(super) all: bool,
    /// Forget what is up to date; on its own, remove no run
    #[arg(long)]
    pub(super) state: bool,
    /// Show what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
}

pub(super) fn clean(context: &Context, args: &CleanArgs) -> Result<u8, Error> {
    let state = past_run::state_folder(context)?;
    let has_limit = args.keep_runs.is_some() || args.max_age.is_some() || args.max_size.is_some();
    let mut faults = Vec::new();
    if !args.state || args.all || has_limit {
        let retention = if args.all { None } else { Some(retention(context, args)?) };
        let runs = state.old_runs(retention.as_ref())?;
        if args.dry_run { show_runs(context, &runs)? } else { faults = remove_runs(context, &state, &runs) }
    }
    if args.state
        && let Err(error) = clean_state(context, &state, args.dry_run)
    {
        faults.push(error);
    }
    for fault in &faults {
        context.error(&fault.to_string());
    }
    Ok(if faults.is_empty() { SUCCESS } else { FAULT })
}

/// What the manifest says of old runs, with what the command line says over it.
fn retention(context: &Context, args: &CleanArgs) -> Result<Retention, Error> {
    let of_manifest = match (args.keep_runs, args.max_age, args.max_size) {
        // Nothing is left for it to say.
        (Some(_), Some(_), Some(_)) => Retention::default(),
        _ => context.manifest(&IndexMap::new())?.retention(),
    };
    Ok(Retention {
        keep_runs: args.keep_runs.unwrap_or(of_manifest.keep_runs),
        max_age: args.max_age.or(of_manifest.max_age),
        max_size: args.max_size.map(|size| size.0).or(of_manifest.max_size),
    })
}

fn show_runs(context: &Context, runs: &OldRuns) -> Result<(), Error> {
    let sizes: Vec<u64> = runs.gone.iter().map(RunFolder::size).collect();
    let mut out = String::new();
    for (run, size) in runs.gone.iter().zip(&sizes) {
        _ = writeln!(out, "{}  {:>10}", run.shown_id(), text::bytes(*size));
    }
    to_stdout(out.as_bytes())?;
    tell(context, runs, "would remove", runs.gone.len(), sizes.iter().sum());
    Ok(())
}

/// Answers what could not be removed.
fn remove_runs(context: &Context, state: &StateFolder, runs: &OldRuns) -> Vec<StateError> {
    let mut faults = Vec::new();
    let (mut removed, mut bytes) = (0, 0);
    for run in &runs.gone {
        let size = run.size();
        match run.remove() {
            Ok(()) => (removed, bytes) = (removed + 1, bytes + size),
            Err(fault) => faults.push(fault),
        }
    }
    faults.extend(state.mend_latest().err());
    tell(context, runs, "removed", removed, bytes);
    faults
}

fn tell(context: &Context, runs: &OldRuns, what: &str, removed: usize, bytes: u64) {
    for run in &runs.under_way {
        context.note(&format!("run {} is under way, and stays", run.shown_id()));
    }
    if context.quiet > 0 {
        return;
    }
    let left = runs.kept + runs.gone.len() - removed;
    let are_left = if left == 1 { "1 run is left".to_owned() } else { format!("{left} runs are left") };
    to_stderr(&if runs.gone.is_empty() {
        format!("there is no run to remove; {are_left}\n")
    } else {
        format!("{what} {}, {}; {are_left}\n", text::count(removed, "run"), text::bytes(bytes))
    });
}

/// Without it no task is up to date.
fn clean_state(context: &Context, state: &StateFolder, dry_run: bool) -> Result<(), StateError> {
    let is_there = if dry_run { state_size(state.path()) > 0 } else { forget_state(state.path())? };
    if context.quiet == 0 {
        let what = if dry_run { "would remove" } else { "removed" };
        to_stderr(&if is_there {
            format!("{what} what is known to be up to date; every task runs again\n")
        } else {
            "there is nothing known to be up to date\n".to_owned()
        });
    }
    Ok(())
}

fn number(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("write a number from 1; `--all` removes every run")
}

fn age(text: &str) -> Result<Duration, &'static str> {
    let age = humantime::parse_duration(text).map_err(|_| "write a number with a unit, such as 12h or 30d")?;
    if age.is_zero() { Err("it would keep the newest run alone; write `--keep-runs 1`") } else { Ok(age) }
}
