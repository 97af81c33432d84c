//! `procman plan`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde::{Serialize, Serializer};

use super::context::{Context, to_stdout};
use super::options::SelectionArgs;
use super::shown_job::Details;
use super::{Error, SUCCESS, run};
use crate::event::{PlannedGroup, PlannedJob};
use crate::exec::{Environments, find_program};
use crate::job::Job;
use crate::json::to_json;
use crate::plan::Plan;
use crate::selection::Selection;
use crate::text;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Add the path of each program, as found on this machine
    #[arg(long)]
    pub(super) resolve: bool,
}

/// What `plan --json` prints: nothing in it depends on the machine, unless programs are resolved.
#[derive(Serialize)]
struct ShownPlan<'a> {
    /// The names of the variables that are set for every job.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env: Vec<Arc<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Arc<PlannedGroup>>,
    jobs: ShownJobs<'a>,
}

/// One after the other: all at once would take several times the memory of the plan.
struct ShownJobs<'a> {
    plan: &'a Plan,
    root: &'a Path,
    resolve: bool,
}

impl Serialize for ShownJobs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let jobs = planned(self.plan, self.root, self.resolve);
        serializer.collect_seq(jobs.map(|(planned, job, program)| {
            let details = Details::of(job, self.root);
            ShownJob { planned, details, program }
        }))
    }
}

#[derive(Serialize)]
struct ShownJob<'a> {
    #[serde(flatten)]
    planned: PlannedJob,
    #[serde(flatten)]
    details: Details<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<Program>,
}

/// A program looked up on this machine.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Program {
    Found(String),
    Missing(String),
}

pub(super) fn plan(context: &Context, args: PlanArgs) -> Result<u8, Error> {
    let selection: Selection = args.selection.into();
    // What is made to be checked in is the same on any machine.
    let portable = args.json && !args.resolve;
    let manifest = context.manifest_at(&context.manifest_path()?, &selection.set, portable)?;
    let root = manifest.root().to_owned();
    let plan = run::plan(context, manifest, &selection)?;
    let out = if args.json { json(&plan, &root, args.resolve) } else { lines(&plan, &root, args.resolve) };
    to_stdout(out.as_bytes()).map(|()| SUCCESS)
}

/// Each job, and its program where it is to be looked up.
fn planned<'a>(
    plan: &'a Plan,
    root: &'a Path,
    resolve: bool,
) -> impl Iterator<Item = (PlannedJob, &'a Job, Option<Program>)> {
    let mut environments = Environments::of_this_process();
    plan.planned_jobs(root).zip(plan.jobs().iter()).map(move |(planned, (_, job))| {
        let program = resolve.then(|| self::resolve(job, &mut environments));
        (planned, job, program)
    })
}

fn resolve(job: &Job, environments: &mut Environments) -> Program {
    let program = job.settings.wrapper.first().unwrap_or(&job.argv[0]);
    let block = environments.block(&job.settings);
    match find_program(program, &job.settings.cwd, block.path.as_deref()) {
        Ok(path) => Program::Found(text::path(&path)),
        Err(problem) => Program::Missing(problem),
    }
}

fn json(plan: &Plan, root: &Path, resolve: bool) -> String {
    let jobs = ShownJobs { plan, root, resolve };
    to_json(&ShownPlan { env: plan.common_variables(), groups: plan.planned_groups(), jobs })
}

fn lines(plan: &Plan, root: &Path, resolve: bool) -> String {
    let mut out = String::new();
    for (job, _, program) in planned(plan, root, resolve) {
        _ = writeln!(out, "{}: {}", text::escape(job.name.as_bytes()), text::argv(&job.argv));
        for (what, names) in [("needs", &job.deps), ("after", &job.after)] {
            if !names.is_empty() {
                let names: Vec<String> = names.iter().map(|name| text::escape(name.as_bytes())).collect();
                _ = writeln!(out, "    {what}: {}", names.join(", "));
            }
        }
        if &*job.cwd != "." {
            _ = writeln!(out, "    cwd: {}", text::escape(job.cwd.as_bytes()));
        }
        match program {
            Some(Program::Found(path)) => _ = writeln!(out, "    program: {path}"),
            Some(Program::Missing(problem)) => _ = writeln!(out, "    program: {problem}"),
            None => {}
        }
    }
    for group in plan.planned_groups() {
        let names: Vec<String> = group.deps.iter().map(|name| text::escape(name.as_bytes())).collect();
        _ = writeln!(out, "{} = {}", text::escape(group.name.as_bytes()), names.join(", "));
    }
    out
}
