//! Which jobs of a plan make a file, going by what they declare.

use std::collections::HashMap;
use std::path::Path;

use crate::files::FileSet;
use crate::glob::PathOrGlob;
use crate::job::JobId;
use crate::plan::Plan;

/// The outputs of all jobs, by where they are.
#[derive(Debug)]
pub(super) struct Makers<'p> {
    plan: &'p Plan,
    /// By a path, or by the folder in which everything is that a glob fits.
    by_place: HashMap<&'p Path, Vec<JobId>>,
}

impl<'p> Makers<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut by_place: HashMap<&Path, Vec<JobId>> = HashMap::new();
        for (job, outputs) in outputs(plan) {
            for named in &outputs.named {
                let place = match named {
                    PathOrGlob::Path(path) => path,
                    PathOrGlob::Glob(glob) => glob.base(),
                };
                by_place.entry(place).or_default().push(job);
            }
        }
        Self { plan, by_place }
    }

    /// The jobs that make a file; one may be there twice.
    pub(super) fn of(&self, path: &Path) -> impl Iterator<Item = JobId> {
        let places = path.ancestors().filter_map(|place| self.by_place.get(place));
        places.flatten().copied().filter(move |job| {
            let files = self.plan.jobs.job(*job).files.as_ref();
            files.is_some_and(|files| files.outputs.contains(path))
        })
    }
}

/// The jobs that make something.
pub(super) fn outputs(plan: &Plan) -> impl Iterator<Item = (JobId, &FileSet)> {
    let files = plan.jobs.ids().filter_map(|job| Some((job, plan.jobs.job(job).files.as_ref()?)));
    files.map(|(job, files)| (job, &files.outputs)).filter(|(_, outputs)| !outputs.is_empty())
}
