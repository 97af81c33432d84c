//! What jobs wait for because they read what others make.
//!
//! Knows which files are declared. Does not know which there are.

use std::path::Path;

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
        if let Some(stdin) = &job.settings.stdin {
            makers.maker_of(normalised(root, stdin).strip_prefix(root).unwrap_or(stdin)).into_iter().for_each(&mut add);
        }
        if let Some(files) = &job.files {
            for named in &files.inputs.named {
                makers.for_each(named, &files.inputs, |_, maker| add(maker));
            }
        }
    }
}

/// The input because of which a job of the task waits for another one: its place among the inputs.
pub(super) fn reason(jobs: &JobMap, makers: &Makers<'_>, job: JobId, on: JobId) -> Option<usize> {
    let inputs = &jobs.job(job).files.as_ref()?.inputs;
    let is_made_by = |named| {
        let mut found = false;
        makers.for_each(named, inputs, |_, maker| found |= maker == on);
        found
    };
    inputs.named.iter().position(is_made_by)
}
