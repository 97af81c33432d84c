//! What a job will read, as far as that can be told before anything has run: for people who want to see a plan.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use indexmap::IndexSet;

use crate::files::{FileSet, seen_from};
use crate::glob::PathOrGlob;
use crate::job::{Job, Spliced};
use crate::makers::Makers;

/// Puts the inputs into an argv as they will be when all that comes before has run: the files there are, and those that
/// other jobs say they make.
pub(crate) fn with_inputs(job: &Job, makers: &Makers<'_>, root: &Path) -> Vec<OsString> {
    let mut job = job.clone();
    let files = job.files.take();
    if let Some(inputs) = files.map(|files| files.inputs) {
        let inputs: Vec<OsString> = expected(&inputs, makers, root)
            .iter()
            .map(|path| seen_from(&job.settings.cwd, root, path).into())
            .collect();
        job.splice(Spliced::Inputs, &inputs);
    }
    job.argv
}

fn expected(set: &FileSet, makers: &Makers<'_>, root: &Path) -> Vec<PathBuf> {
    let mut files: IndexSet<PathBuf> = IndexSet::new();
    for named in &set.named {
        let one = FileSet { named: vec![named.clone()], excluded: set.excluded.clone() };
        // What cannot be read now is told of when the job is to run.
        let mut found = one.expand(root).unwrap_or_default();
        makers.for_each(named, set, |path, _| found.push(path.to_owned()));
        if let PathOrGlob::Path(folder) = named {
            // A folder whose files are yet to be made is no file.
            let is_folder = found.iter().any(|path| path != folder && path.starts_with(folder));
            found.retain(|path| !is_folder || path != folder);
        }
        found.sort_unstable();
        files.extend(found);
    }
    files.into_iter().collect()
}
