//! What a job will read, as far as that can be told before anything has run: for people who want to see a plan.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use indexmap::IndexSet;

use crate::files::{FileSet, JobFiles, seen_from};
use crate::glob::PathOrGlob;
use crate::job::{Job, Spliced};
use crate::makers::Makers;

/// Puts the inputs into an argv as they will be when all that comes before has run: the files there are, and those that
/// other jobs say they make.
pub(crate) fn with_inputs(job: &Job, makers: &Makers<'_>, root: &Path) -> Vec<OsString> {
    let mut job = job.clone();
    if let Some(files) = job.files.take() {
        let inputs = expected(&files, makers, root);
        let inputs: Vec<OsString> = inputs.iter().map(|path| seen_from(&job.settings.cwd, root, path).into()).collect();
        job.splice(Spliced::Inputs, &inputs);
    }
    job.argv
}

fn expected(files: &JobFiles, makers: &Makers<'_>, root: &Path) -> Vec<PathBuf> {
    let JobFiles { inputs, outputs, .. } = files;
    let mut all: IndexSet<PathBuf> = IndexSet::new();
    for named in &inputs.named {
        let one = FileSet { named: vec![named.clone()], excluded: inputs.excluded.clone() };
        // What cannot be read now is told of when the job is to run.
        let mut found = one.expand(root).unwrap_or_default();
        makers.for_each(named, inputs, |path, _| found.extend(path.map(Path::to_owned)));
        if let PathOrGlob::Path(folder) = named {
            // A folder whose files are yet to be made is no file.
            let is_folder = found.iter().any(|path| path != folder && path.starts_with(folder));
            found.retain(|path| !is_folder || path != folder);
        }
        // What the job makes itself is not meant, though a glob may fit it.
        found.retain(|path| !outputs.contains(path));
        found.sort_unstable();
        all.extend(found);
    }
    all.into_iter().collect()
}
