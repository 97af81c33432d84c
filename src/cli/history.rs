//! `procman history`.

use std::collections::HashMap;
use std::fmt::Write as _;

use clap::Args;
use indexmap::IndexMap;
use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use super::context::{Context, to_stdout};
use super::{Error, SUCCESS, past_run};
use crate::event::{Origin, RunRecord, RunState, RunStatus, Seconds};
use crate::json::to_json;
use crate::record::PastRun;
use crate::report::Styles;
use crate::selection::Selection;
use crate::{sys, text};

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Only so many, the newest
    #[arg(short, long, value_name = "N", value_parser = number)]
    pub(super) newest: Option<usize>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What a run is called whose record cannot be read.
const UNREADABLE: &str = "unreadable";
/// Of what was asked for, so many words are shown.
const MOST_WORDS: usize = 10;

/// A run as `history --json` shows it.
#[derive(Serialize)]
struct ListedRun {
    id: String,
    /// Its folder.
    path: String,
    status: &'static str,
    /// Why its record cannot be read; all that follows is then unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    record: Option<ListedRecord>,
}

#[derive(Serialize)]
struct ListedRecord {
    at: String,
    seconds: Seconds,
    limit: usize,
    selection: Option<Selection>,
    rerun_of: Option<String>,
    /// How many there are, with and without an end.
    jobs: usize,
    counts: IndexMap<&'static str, usize>,
}

/// What is shown of an id is not shorter than this.
const SHORTEST_ID: usize = 8;

/// A line of the table; the last column is as wide as it is.
struct Row {
    id: String,
    at: String,
    time: String,
    status: (&'static str, Style),
    jobs: String,
    asked: String,
}

pub(super) fn history(context: &Context, args: &HistoryArgs) -> Result<u8, Error> {
    let mut folders = past_run::state_folder(context)?.runs()?;
    folders.reverse();
    folders.truncate(args.newest.unwrap_or(usize::MAX));
    if folders.is_empty() && !args.json {
        context.note(past_run::NO_RUN);
        return Ok(SUCCESS);
    }
    // One after the other, so that no record is kept: there may be many, and large ones.
    let runs = folders.into_iter().map(PastRun::read);
    let out = if args.json { json(runs) } else { table(runs, &context.stdout_styles()) };
    to_stdout(out.as_bytes()).map(|()| SUCCESS)
}

fn json(runs: impl Iterator<Item = PastRun>) -> String {
    let listed: Vec<ListedRun> = runs
        .map(|run| ListedRun {
            id: run.folder.id(),
            path: run.folder.path().to_string_lossy().into_owned(),
            status: word(&run),
            error: run.record.as_ref().err().map(ToString::to_string),
            record: run.record.ok().map(listed_record),
        })
        .collect();
    to_json(&listed)
}

fn listed_record(record: RunRecord) -> ListedRecord {
    let counts = record.counts().into_iter().collect();
    let (selection, rerun_of) = record.origin.map(|origin| (origin.selection, origin.rerun_of)).unzip();
    ListedRecord {
        at: record.at,
        seconds: Seconds(record.elapsed),
        limit: record.limit,
        selection,
        rerun_of: rerun_of.flatten(),
        jobs: record.jobs.len(),
        counts,
    }
}

/// What became of a run that began and whose record can be read; of one that is just beginning there is nothing to read.
fn word(run: &PastRun) -> &'static str {
    if run.record.is_err() && run.state != RunState::UnderWay { UNREADABLE } else { run.state.word() }
}

fn table(runs: impl Iterator<Item = PastRun>, styles: &Styles) -> String {
    let mut rows: Vec<Row> = runs.map(|run| row(&run, styles)).collect();
    shorten_ids(&mut rows);
    let width = |heading, cell: fn(&Row) -> &str| text::widest(rows.iter().map(cell).chain([heading]));
    let (id, at) = (width("run", |row| &row.id), width("started (local)", |row| &row.at));
    let (status, asked) = (width("status", |row| row.status.0), width("asked for", |row| &row.asked));
    let pad = text::pad;
    let heading = format!(
        "{}  {}  {:>8}  {}  {}  jobs",
        pad("run", id),
        pad("started (local)", at),
        "time",
        pad("status", status),
        pad("asked for", asked)
    );
    let mut out = format!("{}\n", heading.style(styles.quiet));
    for row in &rows {
        let line = format!(
            "{}  {}  {:>8}  {}  {}  {}",
            pad(&row.id, id).style(styles.name),
            pad(&row.at, at),
            row.time,
            pad(row.status.0, status).style(row.status.1),
            pad(&row.asked, asked),
            row.jobs
        );
        _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// The time that an id begins with has a column of its own, and the end of an id is as good as all of it where no other run
/// has the same.
fn shorten_ids(rows: &mut [Row]) {
    let end = |id: &str| id.rsplit('-').next().unwrap_or_default().to_owned();
    let mut uses: HashMap<String, usize> = HashMap::new();
    for row in rows.iter() {
        *uses.entry(end(&row.id)).or_default() += 1;
    }
    for row in rows {
        let end = end(&row.id);
        if uses[&end] == 1 && end.len() >= SHORTEST_ID {
            row.id = end;
        }
    }
}

fn row(run: &PastRun, styles: &Styles) -> Row {
    let style = match run.state {
        RunState::Ended(RunStatus::Ok) => styles.good,
        RunState::Ended(RunStatus::Failed | RunStatus::Broken) | RunState::Died => styles.bad,
        RunState::Ended(RunStatus::Cancelled) | RunState::UnderWay => styles.warning,
    };
    let (id, status) = (run.folder.shown_id(), (word(run), style));
    let none = || "-".to_owned();
    match &run.record {
        Ok(record) => Row {
            id,
            at: local(&record.at),
            time: text::duration(record.elapsed),
            status,
            jobs: jobs(record),
            asked: record.origin.as_ref().map(asked).filter(|asked| !asked.is_empty()).unwrap_or_else(none),
        },
        Err(_) if run.state == RunState::UnderWay => {
            Row { id, at: none(), time: none(), status, jobs: none(), asked: none() }
        }
        Err(error) => Row { id, at: none(), time: none(), status, jobs: format!("({error})"), asked: none() },
    }
}

/// `3: 2 ok, 1 failed`.
fn jobs(record: &RunRecord) -> String {
    let mut counts: Vec<String> = record.counts().iter().map(|(word, count)| format!("{count} {word}")).collect();
    let without_end = record.jobs.values().filter(|job| job.status.is_none()).count();
    if without_end > 0 {
        counts.push(format!("{without_end} without an end"));
    }
    format!("{}: {}", record.jobs.len(), counts.join(", "))
}

/// What stood on the command line, as far as it chose jobs.
fn asked(origin: &Origin) -> String {
    let Selection { names, no_deps, set, arguments } = &origin.selection;
    let mut words: Vec<std::ffi::OsString> = names.iter().map(Into::into).collect();
    words.extend(no_deps.then(|| "--no-deps".into()));
    words.extend(set.iter().flat_map(|(name, value)| ["--set".into(), format!("{name}={value}").into()]));
    if !arguments.is_empty() {
        words.push("--".into());
        words.extend_from_slice(arguments);
    }
    let mut asked = text::argv(&words[..words.len().min(MOST_WORDS)]);
    if words.len() > MOST_WORDS {
        _ = write!(asked, " and {} more", words.len() - MOST_WORDS);
    }
    if let Some(id) = &origin.rerun_of {
        // The end of an id is as good as all of it.
        let end = id.rsplit('-').next().unwrap_or(id);
        let space = if asked.is_empty() { "" } else { " " };
        _ = write!(asked, "{space}(rerun of {})", text::escape(end.as_bytes()));
    }
    asked
}

fn number(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("write a number from 1")
}

/// A time of a record, in the time zone of the user: `2026-11-22 15:25:28`.
fn local(at: &str) -> String {
    match humantime::parse_rfc3339(at).ok().and_then(sys::local_time) {
        Some([year, month, day, hour, minute, second]) => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        None => text::escape(at.as_bytes()),
    }
}
