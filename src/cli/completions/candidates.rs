//! What a word of the command line may become.
//!
//! Options, commands and values that are known beforehand are clap's; tasks, jobs and runs are looked up here. Whatever
//! cannot be read has nothing to offer.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{FromArgMatches, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use indexmap::IndexMap;

use super::super::args::{self, GlobalArgs};
use super::super::context::Context;
use super::super::past_run;
use crate::export::Format;
use crate::manifest::{Manifest, Task};
use crate::record::RunFolder;
use crate::text;

/// What the last of some words may become, each with what it is.
pub(super) fn of(mut words: Vec<OsString>) -> Vec<(String, Option<String>)> {
    let Some(current) = words.last().cloned() else { return Vec::new() };
    let before = words.len() - 1;
    let mut command = args::command();
    let project = Project::of(command.clone(), &words[..before]).map(Arc::new);
    let missing_run = args::missing_run(&command, &words[..before]);
    // It may be a command yet, or a task.
    let is_first = missing_run.is_some_and(|at| at >= before);
    if is_first {
        let run = command.find_subcommand("run").expect("`run` is declared");
        let positionals: Vec<clap::Arg> = run.get_positionals().cloned().collect();
        command = command.args(positionals);
    } else if let Some(at) = missing_run {
        words.insert(at, "run".into());
    }
    let commands: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    if let Some(project) = &project {
        command = with_values(command, project).mut_subcommands(|command| with_values(command, project));
    }
    let index = words.len() - 1;
    let folder = std::env::current_dir().ok();
    let candidates = complete(&mut command, words, index, folder.as_deref()).unwrap_or_default();
    // Options are many, and told apart by how they begin.
    let is_option = |value: &OsStr| value.as_encoded_bytes().starts_with(b"-");
    let candidates = candidates.iter().filter(|candidate| is_option(&current) || !is_option(candidate.get_value()));
    let mut shown: Vec<(String, Option<String>)> = Vec::new();
    for (value, about) in candidates.filter_map(line) {
        // A task that is named like a command is hidden by it, which comes first.
        if !shown.iter().any(|(other, _)| is_first && *other == value) {
            shown.push((value, about));
        }
    }
    if is_first {
        shown.sort_by_key(|(value, _)| commands.contains(value));
    }
    shown
}

/// A candidate for a line of its own; `None` where it does not fit on one.
fn line(candidate: &CompletionCandidate) -> Option<(String, Option<String>)> {
    let value = candidate.get_value().to_str().filter(|value| !value.contains(text::is_unsafe_to_show))?;
    let about = candidate.get_help().map(ToString::to_string);
    let about = about.as_deref().and_then(|about| about.lines().next()).map(|about| text::escape(about.as_bytes()));
    Some((value.to_owned(), about))
}

/// Lets the arguments of a command that name something be looked up.
fn with_values(command: clap::Command, project: &Arc<Project>) -> clap::Command {
    let look_up = |arg: clap::Arg, find: fn(&Project, &str) -> Vec<CompletionCandidate>| {
        let project = Arc::clone(project);
        let find = move |current: &OsStr| current.to_str().map(|current| find(&project, current)).unwrap_or_default();
        arg.add(ArgValueCompleter::new(find))
    };
    command.mut_args(|arg| match arg.get_id().as_str() {
        "tasks" => look_up(arg, Project::tasks),
        "job" => look_up(arg, Project::jobs),
        "run" => look_up(arg, Project::runs),
        "directory" => arg.value_hint(ValueHint::DirPath),
        "report" => arg.add(ArgValueCompleter::new(formats)),
        _ => arg,
    })
}

/// Where names are looked up.
struct Project {
    context: Context,
    manifest: PathBuf,
    /// The run that the words before name.
    run: Option<String>,
}

impl Project {
    /// That which these words are about, where there is one.
    fn of(command: clap::Command, words: &[OsString]) -> Option<Self> {
        let matches = command.ignore_errors(true).try_get_matches_from(words).ok()?;
        let mut global = GlobalArgs::from_arg_matches(&matches).ok()?;
        global.complete(&|name| std::env::var(name).ok()).ok()?;
        let context = Context::new(global).ok()?;
        let run = matches.subcommand().and_then(|(_, matches)| matches.try_get_one::<String>("run").ok()?.cloned());
        Some(Self { manifest: context.manifest_path().ok()?, context, run })
    }

    /// Tasks; their aliases and tags once something is typed, and the jobs of a matrix behind a bracket.
    fn tasks(&self, current: &str) -> Vec<CompletionCandidate> {
        let parameters = self.context.parameters(&IndexMap::new(), false);
        let Ok(manifest) = Manifest::load_with(&self.manifest, "", &parameters) else { return Vec::new() };
        let open: Vec<(&str, &Task)> = manifest.tasks().filter(|(_, task)| !task.is_private()).collect();
        if let Some((name, _)) = current.split_once('[') {
            let task = manifest.task(name).filter(|(_, task)| !task.is_private() && task.has_matrix());
            let of_task = |job: &crate::job::Job| task.is_some_and(|(name, _)| job.task.as_deref() == Some(name));
            let jobs = manifest.jobs().iter().filter(|(name, job)| name.starts_with(current) && of_task(job));
            return jobs.map(|(name, _)| CompletionCandidate::new(name)).collect();
        }
        let mut all: Vec<(String, String)> =
            open.iter().map(|(name, task)| ((*name).to_owned(), about(&manifest, task))).collect();
        if !current.is_empty() {
            let aliases = open.iter().flat_map(|(name, task)| task.aliases().iter().map(move |alias| (alias, name)));
            all.extend(aliases.map(|(alias, name)| (alias.clone(), format!("alias of {name}"))));
            let mut tags: Vec<&String> = open.iter().flat_map(|(_, task)| task.tags()).collect();
            tags.sort_unstable();
            tags.dedup();
            all.extend(tags.into_iter().map(|tag| (format!("tag:{tag}"), format!("all tasks with the tag {tag}"))));
        }
        let fitting = all.into_iter().filter(|(value, _)| value.starts_with(current));
        fitting.map(|(value, about)| candidate(value, about)).collect()
    }

    /// The jobs of a run, with how they ended.
    fn jobs(&self, current: &str) -> Vec<CompletionCandidate> {
        let run = past_run::find(&self.context, self.run.as_deref());
        let Ok(record) = run.and_then(|run| past_run::read(&self.context, &run)) else { return Vec::new() };
        let jobs = record.jobs.iter().filter(|(name, _)| name.starts_with(current));
        jobs.map(|(name, job)| candidate(name.to_string(), record.word_of(job).to_owned())).collect()
    }

    /// The runs that there are, the newest first, behind the word for that.
    fn runs(&self, current: &str) -> Vec<CompletionCandidate> {
        let runs = past_run::state_folder(&self.context).and_then(|state| Ok(state.runs()?)).unwrap_or_default();
        let latest = runs.last().map(|_| past_run::LATEST.to_owned());
        let ids = latest.into_iter().chain(runs.iter().rev().map(RunFolder::id)).filter(|id| id.starts_with(current));
        ids.enumerate().map(|(place, id)| CompletionCandidate::new(id).display_order(Some(place))).collect()
    }
}

/// What reports there can be, each in want of a file.
fn formats(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_str().unwrap_or_default();
    let all = Format::ALL.iter().map(|format| format!("{}=", format.word()));
    all.filter(|value| value.starts_with(current))
        .enumerate()
        .map(|(place, value)| CompletionCandidate::new(value).display_order(Some(place)))
        .collect()
}

fn candidate(value: String, about: String) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(about.into()))
}

/// What a task is for, or else what it runs.
fn about(manifest: &Manifest, task: &Task) -> String {
    let mut about = match (task.description(), manifest.jobs_of_task(task).next()) {
        (Some(description), _) => description.lines().next().unwrap_or_default().to_owned(),
        (None, Some(job)) => text::argv(&job.argv_as_written()),
        (None, None) if task.has_matrix() => "no jobs".to_owned(),
        (None, None) => "a group".to_owned(),
    };
    if task.is_manual() {
        about.push_str(" (manual)");
    }
    about
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Somebody is in the middle of typing it.
        #[test]
        fn whatever_stands_on_the_line_has_an_answer(
            words in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(vec![
                        "", "-", "--", "-C", "-f", "-qC", "--file=", "--set", "--fail-fast", "--fail-fast=", "-j", "-j4", "--limit",
                        "--run", "run", "logs", "rerun", "list", "graph", "--format", "check", "tests", "t[", "[", "tag:", "-h", "--help",
                        "completions", "é", "\u{202e}",
                    ]).prop_map(OsString::from),
                    any::<Vec<u8>>().prop_map(std::os::unix::ffi::OsStringExt::from_vec),
                ],
                0..6,
            ),
        ) {
            let mut line = vec![OsString::from("procman")];
            line.extend(words);
            for (value, about) in of(line) {
                prop_assert!(!value.contains(text::is_unsafe_to_show), "{:?}", value);
                prop_assert!(!about.is_some_and(|about| about.contains(text::is_unsafe_to_show)));
            }
        }
    }
}
