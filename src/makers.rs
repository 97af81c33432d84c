//! Which job makes which file, as far as that is declared. Does not know which files there are.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
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
    /// By what everything begins with that they fit.
    globs: HashMap<&'j [u8], Vec<(&'j Glob, JobId)>>,
    /// How long that is: one number for many globs that are written alike.
    lengths: BTreeSet<usize>,
    /// Every folder above an output.
    folders: HashSet<&'j OsStr>,
    /// All of them, so that those of one folder lie side by side; most manifests never need it.
    sorted: OnceLock<Vec<Output<'j>>>,
}

/// A path, or a glob with its folder.
#[derive(Debug, Clone, Copy)]
struct Output<'j> {
    path: &'j Path,
    /// The path, or what all begins with that the glob fits.
    beginning: &'j [u8],
    glob: Option<&'j Glob>,
    maker: JobId,
}

/// Two jobs that make one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MadeTwice<'j> {
    pub(crate) path: &'j Path,
    pub(crate) first: JobId,
    pub(crate) second: JobId,
}

impl<'j> Makers<'j> {
    /// Of all jobs. Where two declare the same output, the first is its maker.
    pub(crate) fn of(jobs: &'j JobMap) -> Self {
        let mut makers = Self::default();
        for id in jobs.ids() {
            let Some(files) = &jobs.job(id).files else { continue };
            for output in &files.outputs.named {
                match output {
                    PathOrGlob::Glob(glob) => {
                        makers.globs.entry(glob.beginning()).or_default().push((glob, id));
                        makers.lengths.insert(glob.beginning().len());
                        makers.add_folders(glob.base().ancestors());
                    }
                    PathOrGlob::Path(path) => {
                        makers.by_path.entry(path.as_os_str()).or_insert(id);
                        makers.add_folders(path.ancestors().skip(1));
                    }
                }
            }
        }
        makers
    }

    /// Files that one job makes and that another makes too: as such, or in a folder or by a glob that it declares.
    pub(crate) fn made_twice(&self, jobs: &'j JobMap) -> Vec<MadeTwice<'j>> {
        let mut twice = Vec::new();
        // Most outputs lie beside the one before.
        let mut latest: Option<(&Path, Option<JobId>)> = None;
        for id in jobs.ids() {
            let Some(files) = &jobs.job(id).files else { continue };
            for path in files.outputs.paths() {
                let Some(folder) = path.parent() else { continue };
                let whole = match latest {
                    Some((before, whole)) if before == folder => whole,
                    _ => self.maker_by_path(folder),
                };
                latest = Some((folder, whole));
                let itself = self.by_path.get(path.as_os_str()).copied();
                let mut others = itself.into_iter().chain(whole).chain(self.makers_by_glob(path));
                if let Some(other) = others.find(|maker| *maker != id) {
                    twice.push(MadeTwice { path, first: other, second: id });
                }
            }
        }
        twice
    }

    /// Adds folders, each in the one after it.
    fn add_folders(&mut self, mut folders: impl Iterator<Item = &'j Path>) {
        // Those above one that is in already are in, too.
        while folders.next().is_some_and(|folder| self.folders.insert(folder.as_os_str())) {}
    }

    /// Whether no job makes anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_path.is_empty() && self.globs.is_empty()
    }

    /// The job that makes a file, as such or as one of many in a folder or of a glob.
    pub(crate) fn maker_of(&self, path: &Path) -> Option<JobId> {
        self.maker_by_path(path).or_else(|| self.makers_by_glob(path).next())
    }

    fn makers_by_glob(&self, path: &Path) -> impl Iterator<Item = JobId> {
        let bytes = path.as_os_str().as_bytes();
        let beginnings = self.lengths.iter().rev().filter_map(|length| bytes.get(..*length));
        let globs = beginnings.filter_map(|beginning| self.globs.get(beginning)).flatten();
        globs.filter(|(glob, _)| glob.fits(path)).map(|(_, maker)| *maker)
    }

    fn maker_by_path(&self, path: &Path) -> Option<JobId> {
        path.ancestors().find_map(|path| self.by_path.get(path.as_os_str())).copied()
    }

    /// Calls `each` with every job that makes what is named, by itself or as one of many, and with the file where it is
    /// known which. Of two different globs nobody can tell.
    pub(crate) fn for_each(&self, named: &PathOrGlob, set: &FileSet, mut each: impl FnMut(Option<&Path>, JobId)) {
        let (folder, beginning, glob) = match named {
            PathOrGlob::Path(path) => {
                self.maker_of(path).into_iter().for_each(|maker| each(Some(path), maker));
                (&**path, path.as_os_str().as_bytes(), None)
            }
            PathOrGlob::Glob(glob) => {
                // All that it fits lies in a folder that a job makes.
                self.maker_by_path(glob.base()).into_iter().for_each(|maker| each(None, maker));
                (glob.base(), glob.beginning(), Some(&**glob))
            }
        };
        if !self.folders.contains(folder.as_os_str()) {
            return;
        }
        let sorted = self.sorted.get_or_init(|| self.sorted());
        let start = sorted.partition_point(|output| compare(output.beginning, beginning) == Ordering::Less);
        for output in sorted[start..].iter().take_while(|output| output.beginning.starts_with(beginning)) {
            let is_meant = match (glob, output.glob) {
                (None, _) => output.path.starts_with(folder),
                (Some(glob), None) => glob.fits(output.path),
                (Some(glob), Some(other)) => glob.is_same(other),
            };
            if is_meant && !set.excludes(output.path) {
                each(output.glob.is_none().then_some(output.path), output.maker);
            }
        }
    }

    fn sorted(&self) -> Vec<Output<'j>> {
        let paths = self.by_path.iter().map(|(path, maker)| Output {
            path: Path::new(*path),
            beginning: path.as_bytes(),
            glob: None,
            maker: *maker,
        });
        let globs = self.globs.iter().flat_map(|(beginning, globs)| {
            let output = |(glob, maker): &(&'j Glob, JobId)| (*glob, *maker);
            globs.iter().map(output).map(|(glob, maker)| Output {
                path: glob.base(),
                beginning,
                glob: Some(glob),
                maker,
            })
        });
        let mut sorted: Vec<_> = paths.chain(globs).collect();
        sorted.sort_unstable_by(|a, b| compare(a.beginning, b.beginning).then(a.maker.cmp(&b.maker)));
        sorted
    }
}

/// As paths are compared, name by name, only quicker: of normalised paths, in which no byte is lower than a slash is here.
/// Those that begin alike lie side by side.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    // What they have in common is most often much.
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let next = |path: &[u8]| path.get(same).map(|byte| if *byte == b'/' { 0 } else { *byte });
    next(a).cmp(&next(b))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::files::JobFiles;
    use crate::glob::normalised;
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
        Makers::of(jobs).for_each(&parse(named), &set, |_, maker| found.push(maker.0));
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn paths_are_compared_as_the_standard_library_does(a in "[ab!/]{0,6}", b in "[ab!/]{0,6}") {
            let (a, b) = (normalised(Path::new(""), a), normalised(Path::new(""), b));
            prop_assume!(a.is_absolute() == b.is_absolute());
            prop_assert_eq!(compare(a.as_os_str().as_bytes(), b.as_os_str().as_bytes()), a.cmp(&b));
        }

        #[test]
        fn who_is_found_is_who_makes_it(
            outputs in prop::collection::vec("(a|b|a/|b/){0,2}[ab*]", 1..6),
            text in "(a|b|a/|b/){0,2}[ab*]",
        ) {
            let lists: Vec<[&str; 1]> = outputs.iter().map(|output| [&**output]).collect();
            let jobs = jobs(&lists.iter().map(|list| &list[..]).collect::<Vec<_>>());
            let found = makers(&jobs, &text, &[]);
            let named = parse(&text);
            // Whether an output is of what is named, and whether it surely is the maker: of a file there is only one.
            let relation = |output: &PathOrGlob| match (output, &named) {
                (PathOrGlob::Path(made), PathOrGlob::Path(named)) => {
                    (made.starts_with(named) || named.starts_with(made), made.starts_with(named) && made != named)
                }
                (PathOrGlob::Path(made), PathOrGlob::Glob(named)) => {
                    (named.fits(made) || named.base().starts_with(made), named.fits(made))
                }
                (PathOrGlob::Glob(made), PathOrGlob::Path(named)) => {
                    (made.fits(named) || made.base().starts_with(named), made.base().starts_with(named))
                }
                (PathOrGlob::Glob(made), PathOrGlob::Glob(named)) => (made.is_same(named), made.is_same(named)),
            };
            let mut has_maker = false;
            for (at, output) in outputs.iter().enumerate() {
                let (makes_it, surely) = relation(&parse(output));
                has_maker |= makes_it;
                let is_found = found.iter().any(|found| *found as usize == at);
                prop_assert!(makes_it || !is_found, "{} does not make {}", output, text);
                let is_another = outputs[..at].contains(output);
                prop_assert!(is_found || is_another || !surely, "{} makes {}", output, text);
            }
            prop_assert_eq!(found.is_empty(), !has_maker);
        }
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
    fn what_lies_in_a_folder_is_found_from_both_sides() {
        let jobs = jobs(&[&["doc"], &["dist/*.tar"], &["gen/deep/*.h"], &["../out/*"]]);
        assert_eq!(makers(&jobs, "doc/*.html", &[]), [0]);
        assert_eq!(makers(&jobs, "doc/sub/**", &[]), [0]);
        assert_eq!(makers(&jobs, "dist", &[]), [1]);
        assert_eq!(makers(&jobs, "dist/./*.tar", &[]), [1]);
        assert_eq!(makers(&jobs, "dist/*", &[]), [0; 0]);
        assert_eq!(makers(&jobs, "gen", &[]), [2]);
        assert_eq!(makers(&jobs, "gen", &["gen/deep"]), [0; 0]);
        assert_eq!(makers(&jobs, "gen/deep/a.h", &[]), [2]);
        assert_eq!(makers(&jobs, "../out", &[]), [3]);
        assert_eq!(makers(&jobs, "..", &[]), [3]);
    }

    #[test]
    fn what_is_made_twice_is_told() {
        let jobs = jobs(&[&["a", "a"], &["b"], &["./x/../a"]]);
        let twice = Makers::of(&jobs).made_twice(&jobs);
        assert_eq!(twice, [MadeTwice { path: Path::new("a"), first: JobId(0), second: JobId(2) }]);
    }
}
