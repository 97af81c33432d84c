//! What jobs wait for because they read what others make.
//!
//! Knows which files are declared. Does not know which there are.

use std::path::Path;

use crate::files::way;
use crate::glob::normalised;
use crate::graph::Graph;
use crate::job::{JobId, JobMap};
use crate::makers::Makers;

/// Lets each job wait for those that make what it reads, as if it named them.
pub(super) fn add(jobs: &JobMap, root: &Path, makers: &Makers<'_>, graph: &mut Graph) {
    if makers.is_empty() {
        return;
    }
    // Which job last had an edge to each says without a search whether there is one.
    let mut last = vec![None; jobs.len()];
    for id in jobs.ids() {
        let job = jobs.job(id);
        if job.files.is_none() && job.settings.stdin.is_none() {
            continue;
        }
        for on in graph.needs(id.into()).iter().filter_map(|on| graph.job(*on)) {
            last[on.index()] = Some(id);
        }
        let mut add = |maker: JobId| {
            // What a job makes itself is not among what it reads, though a glob may fit it.
            if maker != id && last[maker.index()].replace(id) != Some(id) {
                graph.add_file_need(id.into(), maker.into());
            }
        };
        for_each(jobs, root, makers, id, |_, maker| add(maker));
    }
}

/// Calls `each` with all who make something that a job reads, and with what that is; once for each such thing. Where the job
/// makes it itself, it is among them.
pub(crate) fn for_each(
    jobs: &JobMap,
    root: &Path,
    makers: &Makers<'_>,
    id: JobId,
    mut each: impl FnMut(FileReason, JobId),
) {
    if let Some(maker) = maker_of_stdin(jobs, root, makers, id) {
        each(FileReason::Stdin, maker);
    }
    let Some(files) = &jobs.job(id).files else { return };
    for (at, named) in files.inputs.named.iter().enumerate() {
        makers.for_each(named, &files.inputs, |_, maker| each(FileReason::Input(at), maker));
    }
}

/// The job that makes what a job has as its stdin.
fn maker_of_stdin(jobs: &JobMap, root: &Path, makers: &Makers<'_>, job: JobId) -> Option<JobId> {
    let stdin = normalised(root, jobs.job(job).settings.stdin.as_ref()?);
    // What lies outside may be declared either way.
    let maker = stdin.strip_prefix(root).map_or_else(|_| makers.maker_of(&stdin), |inside| makers.maker_of(inside));
    maker.or_else(|| makers.maker_of(&way(root, &stdin)))
}

/// For which of its files a job waits for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileReason {
    /// The input with this place among those of its task.
    Input(usize),
    Stdin,
}

/// Why a job waits for another one that it does not name.
pub(super) fn reason(jobs: &JobMap, root: &Path, makers: &Makers<'_>, job: JobId, on: JobId) -> Option<FileReason> {
    let mut first = None;
    for_each(jobs, root, makers, job, |reason, maker| {
        if maker == on {
            first.get_or_insert(reason);
        }
    });
    first
}
