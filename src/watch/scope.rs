//! Which files count: what the manifest is made from, what the jobs of a run read, and, where some do not say what they
//! read, the whole folder.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use super::index::Index;
use super::open_folder::{self, is_kept_apart, is_temporary};
use crate::files::{FileSet, JobFiles};
use crate::glob::PathOrGlob;
use crate::job::Job;
use crate::plan::Plan;

/// What counts for one run. Paths are seen from the manifest's folder where they lie inside.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    root: PathBuf,
    /// The manifest and what it is made from.
    definitions: Index,
    inputs: Index,
    /// What jobs make, and the reports of a run.
    outputs: Index,
    /// What jobs read and make whose inputs and outputs may have files in common.
    rewriting: Vec<(FileSet, FileSet)>,
    /// Whether all in the folder counts, as some job does not say what it reads.
    is_open: bool,
}

/// Of the parents of some files, what git does not ignore in them.
pub(crate) type Listings = HashMap<PathBuf, BTreeSet<PathBuf>>;

impl Scope {
    /// Of a manifest in this folder that is made from these.
    pub(crate) fn new(root: &Path, definitions: &[PathOrGlob]) -> Self {
        let mut this = Self { root: root.to_owned(), ..Self::default() };
        for definition in definitions {
            this.definitions.add(definition);
        }
        this
    }

    /// With what these jobs read; `found` are the files that their depfiles name.
    #[must_use]
    pub(crate) fn with_jobs(mut self, plan: &Plan, found: Vec<PathBuf>) -> Self {
        for (_, job) in plan.jobs.iter().filter(|(_, job)| job.settings.runs_here()) {
            self.add_job(job);
        }
        for path in found {
            self.inputs.add(&PathOrGlob::Path(path));
        }
        self
    }

    /// With what counted before in place of what is not known now.
    #[must_use]
    pub(crate) fn with_jobs_of(mut self, before: Self) -> Self {
        let Self { inputs, outputs, rewriting, is_open, .. } = before;
        (self.inputs, self.outputs, self.rewriting, self.is_open) = (inputs, outputs, rewriting, is_open);
        self
    }

    /// With files that procman itself writes for a run.
    #[must_use]
    pub(crate) fn with_reports(mut self, reports: &[PathBuf]) -> Self {
        for report in reports {
            self.outputs.add(&PathOrGlob::Path(report.clone()));
        }
        self
    }

    fn add_job(&mut self, job: &Job) {
        let none = JobFiles::default();
        let files = job.files.as_deref().unwrap_or(&none);
        let stdin = job.settings.stdin.as_deref();
        let stdin = stdin.map(|path| path.strip_prefix(&self.root).unwrap_or(path).to_owned());
        self.is_open |=
            files.inputs.is_empty() && files.outputs.is_empty() && files.depfile.is_none() && stdin.is_none();
        self.inputs.add_set(&files.inputs);
        if let Some(path) = stdin {
            self.inputs.add(&PathOrGlob::Path(path));
        }
        self.outputs.add_set(&files.outputs);
        files.depfile.iter().for_each(|path| self.outputs.add(&PathOrGlob::Path(path.clone())));
        if may_overlap(&files.inputs, &files.outputs) {
            self.rewriting.push((files.inputs.clone(), files.outputs.clone()));
        }
    }

    /// Whether a change of this file may be one of the manifest.
    pub(crate) fn defines(&self, path: &Path) -> bool {
        self.definitions.contains(path)
    }

    /// Whether only that the file is there counts, and not what is in it.
    pub(crate) fn counts_by_name(&self, path: &Path) -> bool {
        self.is_made(path) && !self.definitions.names(path) && self.definitions.contains(path)
    }

    /// Whether a file may count, whatever git ignores.
    pub(crate) fn may_count(&self, path: &Path) -> bool {
        if path.starts_with(".procman") {
            return false;
        }
        if self.definitions.names(path) {
            return true;
        }
        if is_temporary(path) {
            return self.inputs.names(path);
        }
        self.definitions.contains(path)
            || !self.is_made(path) && (self.inputs.contains(path) || self.is_open && is_inside(path))
    }

    /// Whether a file counts. `listings` is what has been found out for others at the same time.
    pub(crate) fn counts(&self, path: &Path, listings: &mut Listings) -> bool {
        if !self.may_count(path) || self.definitions.contains(path) || self.inputs.contains(path) {
            return self.may_count(path);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let list = || open_folder::files_in(&self.root, folder);
        listings.entry(folder.to_owned()).or_insert_with(list).contains(path)
    }

    /// Whether a file or a glob that is named lies below this folder, or in it.
    pub(crate) fn leads_on(&self, folder: &Path) -> bool {
        self.definitions.is_below(folder) || self.inputs.is_below(folder)
    }

    /// The files that count and are there, and those that are named and may come.
    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        self.definitions.expand(&self.root, &mut files);
        self.inputs.expand(&self.root, &mut files);
        if self.is_open {
            files.extend(open_folder::walk(&self.root).0);
        }
        files.retain(|path| self.may_count(path));
        files
    }

    /// The folders in which files may come or change that count, and those around them that may be made or replaced.
    pub(crate) fn folders(&self) -> BTreeSet<PathBuf> {
        let mut folders = BTreeSet::new();
        self.definitions.folders(&self.root, &mut folders);
        self.inputs.folders(&self.root, &mut folders);
        if self.is_open {
            folders.extend(open_folder::walk(&self.root).1);
        }
        let around: Vec<PathBuf> = folders.iter().flat_map(|folder| self.around(folder)).map(Path::to_owned).collect();
        folders.extend(around);
        folders
    }

    /// The folders above one: those in the manifest's, or else as many as it takes to find one that is there.
    fn around<'p>(&self, folder: &'p Path) -> impl Iterator<Item = &'p Path> {
        let is_elsewhere = folder.is_absolute();
        let is_there = self.root.join(folder).is_dir();
        let mut above = folder.ancestors().skip(1);
        let mut is_enough = is_elsewhere && is_there;
        std::iter::from_fn(move || {
            let next = above.next().filter(|_| !is_enough)?;
            is_enough = is_elsewhere && next.is_dir();
            Some(next)
        })
    }

    /// Whether a job makes of a file what it is to be: it counts, and whoever changes it during a run may be that job.
    pub(crate) fn is_rewritten(&self, path: &Path) -> bool {
        self.rewriting.iter().any(|(inputs, outputs)| inputs.contains(path) && outputs.contains(path))
    }

    /// Whether a job makes it, and does not read it before.
    fn is_made(&self, path: &Path) -> bool {
        self.outputs.contains(path) && !self.is_rewritten(path)
    }
}

/// Whether a path lies in the manifest's folder, and not in what git or procman keep of their own.
fn is_inside(path: &Path) -> bool {
    path.components().all(|name| matches!(name, Component::Normal(_))) && !is_kept_apart(path)
}

/// Whether a file may be in both: one names what the other does, or what it contains.
fn may_overlap(inputs: &FileSet, outputs: &FileSet) -> bool {
    let meets = |input: &PathOrGlob, output: &PathOrGlob| match (input, output) {
        (PathOrGlob::Path(input), PathOrGlob::Path(output)) => input.starts_with(output) || output.starts_with(input),
        (PathOrGlob::Path(path), PathOrGlob::Glob(glob)) | (PathOrGlob::Glob(glob), PathOrGlob::Path(path)) => {
            path.starts_with(glob.base()) || glob.base().starts_with(path)
        }
        (PathOrGlob::Glob(input), PathOrGlob::Glob(output)) => {
            input.base().starts_with(output.base()) || output.base().starts_with(input.base())
        }
    };
    inputs.named.iter().any(|input| outputs.named.iter().any(|output| meets(input, output)))
}
