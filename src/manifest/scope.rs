//! What a file of the manifest says for all its tasks, over what the file that includes it says for all of its own.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use toml::Spanned;

use super::decode::{Problems, Text};
use super::env_file::EnvFiles;
use super::raw::{RawManifest, RawTask};
use super::settings::{lower_inherit, variables};
use crate::diagnostic::Problem;
use crate::job::{Inherit, JobSettings};

/// What holds for the tasks of one file.
#[derive(Debug)]
pub(super) struct Scope<'i> {
    /// What relative paths in the file start at.
    pub(super) folder: PathBuf,
    /// What a task that says nothing of its own gets.
    pub(super) base: Arc<JobSettings>,
    /// `env_file` and `env` of this file, over those of the files around it.
    pub(super) variables: IndexMap<String, String>,
    /// The `env` of all `[defaults]`, which lies over a task's `env_file`.
    pub(super) default_env: IndexMap<String, String>,
    pub(super) env_files: Rc<EnvFiles>,
    inherit: Inherit,
    /// This file's, and before them those of the files around it, the outermost first.
    defaults: Vec<Rc<Defaults<'i>>>,
}

/// The `[defaults]` of a file.
#[derive(Debug)]
struct Defaults<'i> {
    raw: RawTask<'i>,
    /// What relative paths in them start at.
    folder: PathBuf,
}

impl<'i> Scope<'i> {
    /// That of a file in this folder; `outer` is that of the file that includes it.
    pub(super) fn new(
        manifest: &mut RawManifest<'i>,
        folder: PathBuf,
        outer: Option<&Self>,
        problems: &mut Problems,
    ) -> Self {
        let mut this = Self {
            base: Arc::new(JobSettings::in_directory(&folder)),
            variables: outer.map(|outer| outer.variables.clone()).unwrap_or_default(),
            default_env: outer.map(|outer| outer.default_env.clone()).unwrap_or_default(),
            env_files: outer.map(|outer| Rc::clone(&outer.env_files)).unwrap_or_default(),
            inherit: outer.map(|outer| outer.inherit.clone()).unwrap_or_default(),
            defaults: outer.map(|outer| outer.defaults.clone()).unwrap_or_default(),
            folder,
        };
        let files = manifest.env_file.as_ref().map(Spanned::get_ref);
        let from_files = this.env_files.variables(files.into_iter().flatten(), &this.folder, problems);
        this.variables.extend(from_files);
        this.variables.extend(variables(manifest.env.as_ref(), problems));
        if let Some(inherit) = &manifest.inherit_env {
            this.inherit = lower_inherit(inherit.get_ref(), problems);
        }
        let mut base = JobSettings::in_directory(&this.folder);
        base.environment.set.clone_from(&this.variables);
        base.environment.inherit.clone_from(&this.inherit);
        // What is wrong with them has been said in their own files.
        let known = &mut Problems::default();
        for outer in &this.defaults {
            this.apply(&outer.raw, &outer.folder, &mut base, known);
        }
        if let Some(raw) = read_defaults(manifest, problems) {
            this.apply(&raw, &this.folder, &mut base, problems);
            this.default_env.extend(variables(raw.env.as_ref(), known));
            this.defaults.push(Rc::new(Defaults { raw, folder: this.folder.clone() }));
        }
        this.base = Arc::new(base);
        this
    }

    /// The value of a key in the nearest `[defaults]` that have it.
    pub(super) fn default<T>(
        &self,
        key: impl for<'a> Fn(&'a RawTask<'i>) -> Option<&'a Spanned<T>>,
    ) -> Option<&Spanned<T>> {
        self.defaults.iter().rev().find_map(|defaults| key(&defaults.raw))
    }
}

fn read_defaults<'i>(manifest: &mut RawManifest<'i>, problems: &mut Problems) -> Option<RawTask<'i>> {
    let mut defaults = RawTask::from_table(manifest.defaults.take()?.into_inner().0, problems);
    let own = [
        ("argv", defaults.argv.take().map(|value| value.span())),
        ("description", defaults.description.take().map(|value| value.span())),
        ("aliases", defaults.aliases.take().map(|value| value.span())),
    ];
    for (key, span) in own {
        if let Some(span) = span {
            let problem = Problem::error(span, format!("`{key}` cannot be a default"));
            problems.push(problem.help("it is a task's own; write it in the task"));
        }
    }
    Some(defaults)
}

/// A path of a manifest, seen from the folder of the file it is written in.
pub(super) fn resolve_path(folder: &Path, text: &Text<'_>) -> PathBuf {
    let path = folder.join(&**text);
    // `.` and `..` stay as written: `..` after a link is not the folder before it.
    path.components().collect()
}
