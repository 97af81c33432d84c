//! What tasks ask before they run.

use std::collections::HashMap;
use std::io::{self, IsTerminal};

use owo_colors::OwoColorize;

use super::context::{Context, to_stderr};
use super::{Error, usage};
use crate::plan::Plan;
use crate::schedule::Prospect;
use crate::text;

/// Asks what the tasks ask whose jobs may run, each task once, and notes those that are refused.
pub(super) fn confirm(context: &Context, plan: &Plan, prospects: &mut Vec<Prospect>) -> Result<(), Error> {
    let mut answers = HashMap::new();
    for id in plan.jobs.ids() {
        let job = plan.jobs.job(id);
        let prospect = prospects.get(id.index()).copied().unwrap_or_default();
        let may_run = job.settings.runs_here() && matches!(prospect, Prospect::Run | Prospect::Check);
        let Some(question) = job.settings.confirm.as_ref().filter(|_| may_run) else { continue };
        let task = job.task.as_ref().unwrap_or(plan.jobs.name(id));
        let yes = match answers.get(task) {
            Some(yes) => *yes,
            None => ask(context, task, question)?,
        };
        answers.insert(task, yes);
        if !yes {
            prospects.resize(plan.jobs.len(), Prospect::default());
            prospects[id.index()] = Prospect::Refused;
        }
    }
    if !answers.is_empty() {
        // Files may have changed while the user was thinking.
        let known = prospects.iter_mut().filter(|prospect| **prospect == Prospect::UpToDate);
        known.for_each(|prospect| *prospect = Prospect::Check);
    }
    Ok(())
}

/// Asks one question at the terminal. No answer is no.
fn ask(context: &Context, task: &str, question: &str) -> Result<bool, Error> {
    let task = text::escape(task.as_bytes());
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(usage(format!(
            "`{task}` asks before it runs, and there is no terminal to ask at; start procman at one, or say yes with `--yes`"
        )));
    }
    let name = task.style(context.styles().name);
    to_stderr(&format!("{name}: {} [y/N] ", text::escape(question.as_bytes())));
    let mut answer = String::new();
    let is_answered = io::stdin().read_line(&mut answer).is_ok_and(|length| length > 0);
    if !is_answered {
        to_stderr("\n");
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
