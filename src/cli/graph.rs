//! `procman graph`.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use indexmap::IndexMap;

use super::context::{Context, stdout_result};
use super::options::SelectionArgs;
use super::{Error, SUCCESS, past_run, run};
use crate::diagram::{By, Described, Diagram};
use crate::json::to_json;
use crate::manifest::Manifest;
use crate::selection::Selection;

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// How: text, dot (for Graphviz), mermaid or json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true, hide_default_value = true)]
    pub(super) format: Format,
    /// Draw each job of a matrix by itself (job), and not all of a task as one (task)
    #[arg(long, value_name = "WHAT", default_value = "task", hide_possible_values = true, hide_default_value = true)]
    pub(super) by: By,
    /// Mark how each job ended in the last run
    #[arg(long)]
    pub(super) last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Dot,
    Mermaid,
    Json,
}

impl ValueEnum for By {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Task, Self::Job]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Task => "task",
            Self::Job => "job",
        }))
    }
}

pub(super) fn graph(context: &Context, args: GraphArgs) -> Result<u8, Error> {
    let selection: Selection = args.selection.into();
    // What may be checked in is the same on any machine; a record knows jobs by their names on this one.
    let portable = args.format != Format::Text && !args.last;
    let manifest = context.manifest_at(&context.manifest_path()?, &selection.set, portable)?;
    let mut diagram = diagram(context, manifest, &selection, args.by)?;
    if args.last {
        diagram.mark(&past_run::read(context, &past_run::find(context, None)?)?);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Text => diagram.write_tree(&context.stdout_styles(), &mut out),
        Format::Dot => diagram.write_dot(&mut out),
        Format::Mermaid => diagram.write_mermaid(&mut out),
        Format::Json => out.write_all(to_json(&diagram.as_data()).as_bytes()),
    };
    stdout_result(written.and_then(|()| out.flush())).map(|()| SUCCESS)
}

fn diagram(context: &Context, manifest: Manifest, selection: &Selection, by: By) -> Result<Diagram, Error> {
    let tasks: IndexMap<Arc<str>, Described> = manifest
        .tasks()
        .map(|(name, task)| {
            let description = task.description().map(Arc::from);
            (Arc::from(name), Described { description, has_matrix: task.has_matrix() })
        })
        .collect();
    let named_groups = manifest.named_groups(&selection.names)?;
    let root = manifest.root().to_owned();
    let plan = run::plan(context, manifest, selection)?;
    Ok(Diagram::of(&plan, &root, &named_groups, &tasks, by))
}
