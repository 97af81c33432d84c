//! `procman man`.

use std::io::{self, Write};

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::context::to_stdout;
use super::{Error, SUCCESS, args, environment};

/// What procman is, in paragraphs.
const DESCRIPTION: [&str; 3] = [
    "procman runs the tasks of a manifest, procman.toml, in parallel and under one limit. A task is a program with its \
     arguments, each apart; no shell reads them. Each job's output goes into a log file of its own, each run leaves a record, \
     and a summary says what happened and where to look.",
    "The manifest is looked for in the current folder and those above it. `procman init` writes one that explains every key, \
     and `procman check` says everything that is wrong with one.",
    "Names may be tasks, aliases, single jobs of a matrix such as test[os=linux], globs with * and ?, and tag:NAME. None named: \
     those of `default`, or else all that are not `manual`.",
];

const COMMANDS: [&str; 1] = [
    "`run` may be left out, and its options are those above. A task that is named like a command is reached by `procman run NAME`.",
];

const EXIT_STATUS: [(&str, &str); 5] = [
    ("0", "All is as it should be."),
    ("1", "A job failed."),
    ("2", "The command line or the manifest is wrong, and nothing was started."),
    ("3", "procman could not do its own work, such as writing the record."),
    (
        "by a signal",
        "After INT, TERM, HUP or QUIT it cleans up and dies of that signal, which a shell shows as 128 + N.",
    ),
];

/// Variables that procman reads, beside those of its options.
const READ: [(&str, &str); 7] = [
    ("NO_COLOR", "Set to anything: no colors, whatever else is set."),
    ("CLICOLOR_FORCE, FORCE_COLOR", "Set to anything but 0: colors, also where it is no terminal."),
    ("TERM", "dumb: no colors, and no lines at the bottom of the terminal."),
    ("CI", "Set to anything but false: no lines at the bottom of the terminal."),
    (
        "GITHUB_ACTIONS",
        "true: what jobs write stands between marks, so that no line of it is taken for a command; `--output group` folds it; and \
         failed jobs are annotated.",
    ),
    ("GITHUB_STEP_SUMMARY", "A file to which the run is added as Markdown."),
    ("GITHUB_WORKSPACE", "The folder that the files of annotations are named from."),
];

/// Variables that every job gets.
const SET: [(&str, &str); 7] = [
    ("PROCMAN", "1"),
    ("PROCMAN_RUN_ID", "The id of the run."),
    ("PROCMAN_TASK, PROCMAN_JOB", "The names of the task and of the job; they differ where there is a matrix."),
    ("PROCMAN_ATTEMPT", "Which attempt it is, from 1."),
    ("PROCMAN_ROOT", "The folder of the manifest."),
    ("PROCMAN_SLOT", "Which of the places under the limit it has, from 0."),
    ("the manifest's own", "As `env`, `env_file`, `env_remove` and `inherit_env` say."),
];

const FILES: [(&str, &str); 6] = [
    ("procman.toml", "The manifest."),
    (".procman/runs/ID/events.jsonl", "The record of a run: one event a line."),
    (
        ".procman/runs/ID/logs/JOB.log",
        "What a job wrote; of a second attempt JOB~2.log, of split streams JOB~out.log and JOB~err.log.",
    ),
    (".procman/latest", "A link to the newest run."),
    (".procman/state.jsonl", "What jobs read and made when they last succeeded. Without it all run again."),
    (".procman/key", "Random bytes that the definitions of jobs in records, and that state, are hashed with."),
];

pub(super) fn man() -> Result<u8, Error> {
    to_stdout(page().as_bytes()).map(|()| SUCCESS)
}

/// All of it on one page.
fn page() -> String {
    let command = args::command();
    let man = Man::new(command.clone()).manual("User Commands");
    // It begins with what the others are stripped of.
    let mut page = written(|out| man.render_title(out));
    page += &rendered(|out| man.render_name_section(out));
    page += &rendered(|out| man.render_synopsis_section(out));
    page += &section("DESCRIPTION", |roff| paragraphs(roff, &DESCRIPTION));
    page += &rendered(|out| man.render_options_section(out));
    page += &section("COMMANDS", |roff| paragraphs(roff, &COMMANDS));
    for subcommand in command.get_subcommands() {
        page += &of_subcommand(subcommand, &command);
    }
    page += &section("EXIT STATUS", |roff| list(roff, &EXIT_STATUS));
    page += &section("ENVIRONMENT", |roff| {
        let text = format!(
            "Options that are not on the command line are read from {}. Those that take no value are 1, true, 0 or false. The \
             command line goes before them, and they go before the manifest.",
            environment::names().join(", ")
        );
        paragraphs(roff, &[&text]);
        list(roff, &READ);
        paragraphs(roff, &["Every job gets these:"]);
        list(roff, &SET);
    });
    page += &section("FILES", |roff| list(roff, &FILES));
    with_bold_words(&page)
}

/// A subcommand: how it is called, what it does, and its options, less those that stand above.
fn of_subcommand(subcommand: &clap::Command, whole: &clap::Command) -> String {
    let is_above = |arg: &clap::Arg| {
        whole.get_arguments().any(|above| above.get_id() == arg.get_id() && above.get_help() == arg.get_help())
    };
    let (shared, own): (Vec<_>, Vec<_>) = subcommand.get_arguments().partition(|arg| is_above(arg));
    let mut roff = Roff::new();
    let usage = subcommand.clone().bin_name(format!("procman {}", subcommand.get_name())).render_usage().to_string();
    roff.control("SS", []).text([roman(usage.trim_start_matches("Usage: "))]);
    let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
    paragraphs(&mut roff, &[&format!("{about}.")]);
    let mut text = roff.to_roff();
    if !own.is_empty() {
        let plain = clap::Command::new("procman").disable_help_flag(true).args(own);
        let options = rendered(|out| Man::new(plain).render_options_section(out));
        text.extend(options.lines().filter(|line| !line.starts_with(".SH")).flat_map(|line| [line, "\n"]));
    }
    if !shared.is_empty() && subcommand.get_name() != "run" {
        let mut roff = Roff::new();
        let names: Vec<String> = shared.iter().filter_map(|arg| Some(format!("`--{}`", arg.get_long()?))).collect();
        paragraphs(&mut roff, &[&format!("As above: {}.", names.join(", "))]);
        text += &roff.to_roff();
    }
    text
}

fn section(heading: &str, write: impl FnOnce(&mut Roff)) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    write(&mut roff);
    roff.to_roff()
}

fn paragraphs(roff: &mut Roff, paragraphs: &[&str]) {
    for paragraph in paragraphs {
        roff.control("PP", []).text([roman(*paragraph)]);
    }
}

fn list(roff: &mut Roff, entries: &[(&str, &str)]) {
    for (term, text) in entries {
        roff.control("TP", []).text([bold(*term)]).text([roman(*text)]);
    }
}

/// A part of the page that is clap's, without the definitions that stand before each.
fn rendered(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let text = written(write);
    let lines = text.lines().filter(|line| !line.starts_with(".ie ") && !line.starts_with(".el "));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory can be written");
    String::from_utf8_lossy(&out).into_owned()
}

/// Words between backquotes in bold, as a page of a manual has them.
fn with_bold_words(page: &str) -> String {
    let mut out = String::new();
    for line in page.lines() {
        let parts: Vec<&str> = line.split('`').collect();
        if parts.len().is_multiple_of(2) {
            out.push_str(line);
        } else {
            for (at, part) in parts.iter().enumerate() {
                out.push_str(match at {
                    0 => "",
                    at if at % 2 == 1 => r"\fB",
                    _ => r"\fR",
                });
                out.push_str(part);
            }
        }
        out.push('\n');
    }
    out
}
