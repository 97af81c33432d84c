//! `procman check`.

use std::collections::HashMap;
use std::path::Path;

use clap::Args;

use super::context::{Context, to_stderr};
use super::options::SetArgs;
use super::{Error, SUCCESS, USAGE, args};
use crate::diagnostic::{Problem, Severity, sort};
use crate::exec::{Environments, find_program};
use crate::job::Job;
use crate::makers::Makers;
use crate::manifest::{Manifest, Task};
use crate::text;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Look for programs of these only: names, aliases, globs (`*`, `?`) and `tag:NAME`
    #[arg(value_name = "TASK")]
    pub(super) tasks: Vec<String>,
    /// Take warnings for errors
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) set: SetArgs,
}

pub(super) fn check(context: &Context, args: &CheckArgs) -> Result<u8, Error> {
    let manifest = context.manifest(&args.set.vars())?;
    let tasks = if args.tasks.is_empty() { manifest.tasks().collect() } else { manifest.selected(&args.tasks)? };
    let mut problems = hidden_names(&manifest);
    problems.extend(missing_programs(&manifest, &tasks));
    problems.extend(empty_matrices(&manifest, &tasks));
    problems.extend(missing_inputs(&manifest, &tasks));
    if args.strict {
        for problem in &mut problems {
            problem.severity = Severity::Error;
        }
    }
    sort(&mut problems);
    context.problems(manifest.sources(), &problems);
    if context.quiet == 0 {
        let path = text::escape(manifest.sources().top().path.as_bytes());
        let tasks = text::count(manifest.tasks().len(), "task");
        let what = if args.strict { "problem" } else { "warning" };
        let found = if problems.is_empty() { "no problems".to_owned() } else { text::count(problems.len(), what) };
        to_stderr(&format!("{path}: {tasks}, {found}\n"));
    }
    Ok(if args.strict && !problems.is_empty() { USAGE } else { SUCCESS })
}

/// Tasks that cannot be reached without `run`, because a subcommand has their name or alias.
fn hidden_names(manifest: &Manifest) -> Vec<Problem> {
    let command = args::command();
    let mut problems = Vec::new();
    for (name, task) in manifest.tasks().filter(|(_, task)| !task.is_private()) {
        let names = std::iter::once(name).chain(task.aliases().iter().map(String::as_str));
        for hidden in names.filter(|name| command.find_subcommand(name).is_some()) {
            let what = if hidden == name { "this task" } else { "an alias of this task" };
            problems.push(
                Problem::warning(task.span(), format!("the subcommand `{hidden}` hides {what}"))
                    .help(format!("`procman run {hidden}` reaches it")),
            );
        }
    }
    problems
}

/// Tasks whose program is not on their PATH. One with a `/` may yet be made by another task.
fn missing_programs(manifest: &Manifest, tasks: &[(&str, &Task)]) -> Vec<Problem> {
    let mut environments = Environments::of_this_process();
    let mut known: HashMap<_, Option<String>> = HashMap::new();
    let mut problems = Vec::new();
    let jobs = tasks.iter().flat_map(|(_, task)| manifest.jobs_of_task(task).map(move |job| (task, job)));
    for (task, Job { argv, settings, .. }) in jobs.filter(|(_, job)| job.settings.runs_here()) {
        let program = settings.wrapper.first().unwrap_or(&argv[0]);
        let path = environments.block(settings).path.clone();
        let key = (program.clone(), settings.cwd.clone(), path.clone());
        let problem = known.entry(key).or_insert_with(|| {
            // The directory, too, may yet be made by another task.
            let cwd = if settings.cwd.is_dir() { &settings.cwd } else { manifest.root() };
            find_program(program, cwd, path.as_deref()).err()
        });
        if let Some(text) = problem {
            problems.push(Problem::warning(task.span(), text.clone()));
        }
    }
    problems
}

/// Tasks without a job, which may be meant so, or come of a slip in a glob.
fn empty_matrices(manifest: &Manifest, tasks: &[(&str, &Task)]) -> Vec<Problem> {
    let is_empty = |task: &Task| task.has_matrix() && manifest.jobs_of_task(task).next().is_none();
    let empty = tasks.iter().filter(|(_, task)| is_empty(task));
    empty.map(|(_, task)| Problem::warning(task.span(), "nothing was found for the matrix: there is no job")).collect()
}

/// Tasks that read a file by its name which is not there and which nobody makes: they would stop a run before it starts.
fn missing_inputs(manifest: &Manifest, tasks: &[(&str, &Task)]) -> Vec<Problem> {
    let makers = Makers::of(manifest.jobs());
    let is_missing = |path: &&Path| makers.maker_of(path).is_none() && !manifest.root().join(path).exists();
    let mut problems = Vec::new();
    for (_, task) in tasks {
        let jobs = manifest.jobs_of_task(task).filter(|job| job.settings.runs_here());
        let mut missing = jobs.filter_map(|job| job.files.as_ref()?.needed().find(is_missing));
        if let Some(path) = missing.next() {
            let message = format!("the input `{}` is not there, and no task makes it", text::path(path));
            problems.push(Problem::warning(task.span(), message));
        }
    }
    problems
}
