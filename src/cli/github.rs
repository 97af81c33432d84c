//! What is done for GitHub and its like, as the environment says: annotations, and the summary of a step.

use std::env::var_os;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::event::{Origin, PlannedJob, RunRecord};
use crate::export::{MOST_MARKDOWN, Report, markdown};
use crate::report::annotations;
use crate::text;

/// Less than this is no summary; so much of what a step may write is left to those after procman.
const ROOM: usize = 1024;

/// Whether GitHub takes lines of the output for commands.
pub(super) fn reads_commands() -> bool {
    var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// An annotation for each failed job, at the line of the manifest that its task begins in; nothing where nobody reads
/// them.
pub(super) fn annotate(record: &RunRecord, logs: &Path, root: &Path) -> String {
    if !reads_commands() {
        return String::new();
    }
    let prefix = in_workspace(root);
    let manifest = record.origin.as_ref().map(manifest_name).unwrap_or_default();
    let path_of = |job: &PlannedJob| {
        let file = job.file.as_deref().unwrap_or(&manifest);
        prefix.join(file).to_string_lossy().into_owned()
    };
    annotations(record, logs, path_of)
}

fn manifest_name(origin: &Origin) -> String {
    Path::new(&origin.manifest).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folder as seen from the repository's, where it lies inside of that; otherwise none, so that files are seen from it.
fn in_workspace(root: &Path) -> PathBuf {
    let Some(workspace) = given("GITHUB_WORKSPACE") else { return PathBuf::new() };
    let inside = |root: &Path, workspace: &Path| root.strip_prefix(workspace).map(Path::to_owned).ok();
    let real = || inside(&fs::canonicalize(root).ok()?, &fs::canonicalize(&workspace).ok()?);
    inside(root, Path::new(&workspace)).or_else(real).unwrap_or_default()
}

/// Adds the run to the summary of the step, where there is one. Answers what went wrong; a text for the user.
pub(super) fn summarize(report: &Report<'_>) -> Option<String> {
    let path = PathBuf::from(given("GITHUB_STEP_SUMMARY")?);
    let problem = |error| {
        let error = text::io_error(&error);
        format!("the step's summary `{}` cannot be written: {error}", text::path(&path))
    };
    append(&path, report).map_err(problem).err()
}

fn append(path: &Path, report: &Report<'_>) -> io::Result<()> {
    // Whoever opens a FIFO waits for a reader.
    let written = match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is no file")),
        Ok(found) => usize::try_from(found.len()).unwrap_or(usize::MAX),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    // A summary that is too long is not shown at all.
    let room = MOST_MARKDOWN.saturating_sub(written).saturating_sub(ROOM);
    if room < ROOM {
        return Err(io::Error::other("it is full"));
    }
    let document = format!("{}\n", markdown(report, room));
    OpenOptions::new().append(true).create(true).open(path)?.write_all(document.as_bytes())
}

/// A variable that says something.
fn given(name: &str) -> Option<OsString> {
    var_os(name).filter(|value| !value.is_empty())
}
