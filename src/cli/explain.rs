//! `procman explain`.

use std::fmt::Write as _;

use super::context::{Context, to_stdout};
use super::options::SelectionArgs;
use super::outlook::{EarlierState, Outlook};
use super::{Error, SUCCESS, run};
use crate::freshness::Verdict;
use crate::selection::Selection;
use crate::text;

pub(super) fn explain(context: &Context, args: SelectionArgs) -> Result<u8, Error> {
    let selection: Selection = args.into();
    let path = context.manifest_path()?;
    let earlier = EarlierState::of(&path);
    let manifest = context.manifest_at(&path, &selection.set, false)?;
    let root = manifest.root().to_owned();
    let plan = run::plan(context, manifest, &selection)?;
    let forced = vec![false; plan.jobs().len()];
    let outlook = Outlook::without_writing(plan, &root, forced, earlier)?;
    to_stdout(explanations(&outlook).as_bytes()).map(|()| SUCCESS)
}

/// Of the jobs that were asked for.
fn explanations(outlook: &Outlook) -> String {
    let plan = &outlook.plan;
    let mut out = String::new();
    for job in plan.jobs.ids().filter(|job| plan.named[job.index()]) {
        let name = text::escape(plan.jobs.name(job).as_bytes());
        if let Some(skip) = outlook.skip(job) {
            _ = writeln!(out, "{name} is skipped: {skip}");
            continue;
        }
        match outlook.verdict(job) {
            Verdict::Always => {
                _ = writeln!(out, "{name} always runs: it has neither `inputs` nor `outputs`");
            }
            Verdict::UpToDate => _ = writeln!(out, "{name} is up to date"),
            Verdict::Unsure(before) => {
                let before = text::escape(plan.jobs.name(*before).as_bytes());
                _ = writeln!(out, "{name} is up to date, unless `{before}`, which runs first, changes something");
            }
            Verdict::Stale(reasons) => {
                _ = writeln!(out, "{name} would run:");
                for reason in reasons {
                    _ = writeln!(out, "    {reason}");
                }
            }
        }
    }
    out
}
