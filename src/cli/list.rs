//! `procman list`.

use std::fmt::Write as _;

use clap::Args;
use owo_colors::OwoColorize;
use serde::Serialize;

use super::context::{Context, to_stdout};
use super::options::SetArgs;
use super::{Error, SUCCESS};
use crate::json::to_json;
use crate::manifest::{Manifest, Task};
use crate::report::Styles;
use crate::text;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only these: names, aliases, globs (`*`, `?`) and `tag:NAME`
    #[arg(value_name = "TASK")]
    pub(super) tasks: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) set: SetArgs,
}

/// A task as `list --json` shows it.
#[derive(Serialize)]
struct ListedTask<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    tags: &'a [String],
    aliases: &'a [String],
    private: bool,
    manual: bool,
    group: bool,
    /// How many it stands for; none for a group.
    jobs: usize,
}

pub(super) fn list(context: &Context, args: &ListArgs) -> Result<u8, Error> {
    let manifest = context.manifest(&args.set.vars())?;
    let tasks = if args.tasks.is_empty() { manifest.tasks().collect() } else { manifest.selected(&args.tasks)? };
    let out = if args.json { json(&manifest, &tasks) } else { table(&manifest, &tasks, &context.stdout_styles()) };
    to_stdout(out.as_bytes()).map(|()| SUCCESS)
}

fn json(manifest: &Manifest, tasks: &[(&str, &Task)]) -> String {
    let tasks: Vec<ListedTask<'_>> = tasks
        .iter()
        .map(|(name, task)| ListedTask {
            name,
            description: task.description(),
            tags: task.tags(),
            aliases: task.aliases(),
            private: task.is_private(),
            manual: task.is_manual(),
            group: manifest.is_group(task),
            jobs: manifest.jobs_of_task(task).count(),
        })
        .collect();
    to_json(&tasks)
}

fn table(manifest: &Manifest, tasks: &[(&str, &Task)], styles: &Styles) -> String {
    let shown: Vec<(&str, &Task)> = tasks.iter().copied().filter(|(_, task)| !task.is_private()).collect();
    let name = |name: &str| text::escape(name.as_bytes());
    let width = shown.iter().map(|(task, _)| text::columns(&name(task))).max().unwrap_or(0);
    let mut out = String::new();
    let mut section = |heading: Option<&str>, tasks: &mut dyn Iterator<Item = &(&str, &Task)>| {
        let lines: Vec<String> = tasks
            .map(|(task, entry)| {
                let about = about(manifest, entry, styles);
                format!("{}  {about}\n", text::pad(&name(task), width).style(styles.name))
            })
            .collect();
        if lines.is_empty() {
            return;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        if let Some(heading) = heading {
            let heading = format!("tag:{}", text::escape(heading.as_bytes()));
            _ = writeln!(out, "{}", heading.style(styles.quiet));
        }
        out.extend(lines);
    };
    section(None, &mut shown.iter().filter(|(_, task)| task.tags().is_empty()));
    let mut tags: Vec<&str> = Vec::new();
    for tag in shown.iter().flat_map(|(_, task)| task.tags()) {
        if !tags.contains(&tag.as_str()) {
            tags.push(tag);
        }
    }
    for tag in tags {
        section(Some(tag), &mut shown.iter().filter(|(_, task)| task.tags().iter().any(|own| own == tag)));
    }
    out
}

/// A task's description, or else what it runs, and what is special about it.
fn about(manifest: &Manifest, task: &Task, styles: &Styles) -> String {
    let mut notes = Vec::new();
    if task.is_manual() {
        notes.push("manual".to_owned());
    }
    if !task.aliases().is_empty() {
        let aliases: Vec<String> = task.aliases().iter().map(|alias| text::escape(alias.as_bytes())).collect();
        let noun = if aliases.len() == 1 { "alias" } else { "aliases" };
        notes.push(format!("{noun} {}", aliases.join(", ")));
    }
    let first = manifest.jobs_of_task(task).next();
    let about = match (task.description(), first) {
        (Some(description), _) => text::escape(description.as_bytes()),
        (None, Some(job)) => text::argv(&job.argv_as_written()).style(styles.quiet).to_string(),
        (None, None) if task.has_matrix() => "no jobs".style(styles.quiet).to_string(),
        (None, None) => "a group".style(styles.quiet).to_string(),
    };
    let jobs = manifest.jobs_of_task(task).count();
    if task.has_matrix() && jobs > 0 {
        notes.insert(0, text::count(jobs, "job"));
    }
    if notes.is_empty() { about } else { format!("{about} ({})", notes.join("; ")) }
}
