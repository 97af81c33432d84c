//! Which job makes which file, as far as that is declared. Does not know which files there are.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

use crate::files::FileSet;
use crate::glob::{Glob, PathOrGlob};
use crate::job::{JobId, JobMap};

/// The outputs of jobs, to be looked up by what others read.
#[derive(Debug, Default)]
pub(crate) struct Makers<'j> {
    /// Normalised paths are the same when their bytes are, and bytes are quicker to compare.
    by_path: HashMap<&'j OsStr, JobId>,
    /// Every folder above an output.
    folders: HashSet<&'j OsStr>,
    /// By the folder in which everything lies that they fit.
    globs: HashMap<&'j OsStr, Vec<(&'j Glob, JobId)>>,
    /// All paths, so that those of one folder lie side by side; most manifests never need it.
    sorted: OnceLock<Vec<(&'j Path, JobId)>>,
}

/// Two jobs that make one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MadeTwice<'j> {
    pub(crate) path: &'j Path,
    pub(crate) first: JobId,
    pub(crate) second: JobId,
}

impl<'j> Makers<'j> {
    /// Of all jobs. Where two declare the same output, the first is its maker, and both are told of.
    pub(crate) fn of(jobs: &'j JobMap) -> (Self, Vec<MadeTwice<'j>>) {
        let mut makers = Self::default();
        let mut twice = Vec::new();
        for id in jobs.ids() {
            let Some(files) = &jobs.job(id).files else { continue };
            for output in &files.outputs.named {
                match output {
                    PathOrGlob::Glob(glob) => {
                        makers.globs.entry(glob.base().as_os_str()).or_default().push((glob, id));
                    }
                    PathOrGlob::Path(path) => {
                        let first = *makers.by_path.entry(path.as_os_str()).or_insert(id);
                        if first != id {
                            twice.push(MadeTwice { path, first, second: id });
                        }
                        for folder in path.ancestors().skip(1) {
                            if !makers.folders.insert(folder.as_os_str()) {
                                // Those above it are in already.
                                break;
                            }
                        }
                    }
                }
            }
        }
        (makers, twice)
    }

    /// Whether no job makes anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_path.is_empty() && self.globs.is_empty()
    }

    /// The job that makes a file, as such or as one of many in a folder or of a glob.
    pub(crate) fn maker_of(&self, path: &Path) -> Option<JobId> {
        let places = || path.ancestors().map(Path::as_os_str);
        let made = places().find_map(|place| self.by_path.get(place)).copied();
        made.or_else(|| {
            let mut globs = places().filter_map(|place| self.globs.get(place)).flatten();
            globs.find(|(glob, _)| glob.fits(path)).map(|(_, maker)| *maker)
        })
    }

    /// Calls `each` with every file that is named, by itself or as one of many, and that a job makes, and with that job.
    /// Where both sides are globs, nobody can tell.
    pub(crate) fn for_each(&self, named: &PathOrGlob, set: &FileSet, mut each: impl FnMut(&Path, JobId)) {
        let (folder, glob) = match named {
            PathOrGlob::Path(path) => {
                self.maker_of(path).into_iter().for_each(|maker| each(path, maker));
                // It may be the folder in which the outputs lie.
                if !self.folders.contains(path.as_os_str()) {
                    return;
                }
                (&**path, None)
            }
            PathOrGlob::Glob(glob) => (glob.base(), Some(glob)),
        };
        let sorted = self.sorted.get_or_init(|| {
            let mut sorted: Vec<_> = self.by_path.iter().map(|(path, maker)| (Path::new(*path), *maker)).collect();
            sorted.sort_unstable();
            sorted
        });
        let start = sorted.partition_point(|(path, _)| *path < folder);
        for (path, maker) in sorted[start..].iter().take_while(|(path, _)| path.starts_with(folder)) {
            if glob.is_none_or(|glob| glob.fits(path)) && !set.excludes(path) {
                each(path, *maker);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::files::JobFiles;
    use crate::job::{Job, JobSettings};

    fn parse(text: &str) -> PathOrGlob {
        PathOrGlob::parse(Path::new(""), text).expect("a pattern")
    }

    fn jobs(outputs: &[&[&str]]) -> JobMap {
        let mut jobs = JobMap::new();
        let settings = Arc::new(JobSettings::in_directory("/"));
        for (number, outputs) in outputs.iter().enumerate() {
            let mut job = Job::new(vec!["true".into()], Arc::clone(&settings));
            let outputs = FileSet { named: outputs.iter().map(|text| parse(text)).collect(), excluded: Vec::new() };
            job.files = Some(Box::new(JobFiles { outputs, ..JobFiles::default() }));
            jobs.insert(format!("job{number}"), job).expect("a job");
        }
        jobs
    }

    fn makers(jobs: &JobMap, named: &str, excluded: &[&str]) -> Vec<u32> {
        let set = FileSet { named: Vec::new(), excluded: excluded.iter().map(|text| parse(text)).collect() };
        let mut found = Vec::new();
        Makers::of(jobs).0.for_each(&parse(named), &set, |_, maker| found.push(maker.0));
        found
    }

    #[test]
    fn files_are_found_by_path_folder_and_glob() {
        let jobs = jobs(&[&["obj/a.o"], &["obj/b.o", "obj/sub/c.o"], &["doc"], &["dist/*.tar"], &["obj.o"]]);
        assert_eq!(makers(&jobs, "obj/b.o", &[]), [1]);
        assert_eq!(makers(&jobs, "obj/d.o", &[]), [0; 0]);
        assert_eq!(makers(&jobs, "obj/*.o", &[]), [0, 1]);
        assert_eq!(makers(&jobs, "obj/**", &["obj/sub"]), [0, 1]);
        assert_eq!(makers(&jobs, "obj", &[]), [0, 1, 1]);
        assert_eq!(makers(&jobs, "doc/index.html", &[]), [2]);
        assert_eq!(makers(&jobs, "dist/a.tar", &[]), [3]);
        assert_eq!(makers(&jobs, "**/*.o", &["obj"]), [4]);
    }

    #[test]
    fn what_is_made_twice_is_told() {
        let jobs = jobs(&[&["a", "a"], &["b"], &["./x/../a"]]);
        let twice = Makers::of(&jobs).1;
        assert_eq!(twice, [MadeTwice { path: Path::new("a"), first: JobId(0), second: JobId(2) }]);
    }
}
