//! What a file of the manifest says for all its tasks, over what the file that includes it says for all of its own.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use toml::Spanned;

use super::decode::{Present, Problems};
use super::draft::{Draft, Variables};
use super::env_file::EnvFiles;
use super::include::File;
use super::patterns::Start;
use super::pools::Pools;
use super::raw::{KEYS_OF_ONE_TASK, RawManifest, RawTask};
use super::settings::{lower_inherit, variables};
use super::surroundings::Surroundings;
use super::template::{self, Known};
use crate::diagnostic::Problem;
use crate::job::{Inherit, JobSettings};

/// What holds for the tasks of one file.
#[derive(Debug)]
pub(super) struct Scope<'i> {
    /// What relative paths in the file start at.
    pub(super) folder: PathBuf,
    /// The same, seen from the manifest's own folder.
    start: Start<'i>,
    pub(super) surroundings: Rc<Surroundings<'i>>,
    pub(super) pools: Rc<Pools>,
    /// What a task that says nothing of its own gets.
    pub(super) base: Draft<'i>,
    /// The same, if it is the same for every job.
    pub(super) shared_base: Option<Arc<JobSettings>>,
    /// `env_file` and `env` of this file, over those of the files around it.
    pub(super) variables: Variables<'i>,
    /// The `env` of all `[defaults]`, which lies over a task's `env_file`.
    pub(super) default_env: Variables<'i>,
    /// `vars` of this file, over those of the files around it, and what was asked for over both.
    vars: IndexMap<String, String>,
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
    /// The same, seen from the manifest's own folder.
    start: Start<'i>,
}

impl<'i> Scope<'i> {
    /// That of a file in this folder; `outer` is that of the file that includes it.
    pub(super) fn new(
        file: &mut File<'i>,
        surroundings: &Rc<Surroundings<'i>>,
        pools: &Rc<Pools>,
        outer: Option<&Self>,
        problems: &mut Problems,
    ) -> Self {
        let manifest = &mut file.raw;
        let folder: PathBuf = surroundings.root.join(&file.folder).components().collect();
        let mut this = Self {
            base: Draft::new(JobSettings::in_directory(&folder)),
            shared_base: None,
            start: Start { folder: Rc::from(&*file.folder), surroundings: Rc::clone(surroundings) },
            surroundings: Rc::clone(surroundings),
            pools: Rc::clone(pools),
            vars: outer.map(|outer| outer.vars.clone()).unwrap_or_default(),
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
        this.add_vars(manifest, problems);
        if let Some(inherit) = &manifest.inherit_env {
            this.inherit = lower_inherit(inherit.get_ref(), problems);
        }
        let mut base = this.base.clone();
        base.variables.clone_from(&this.variables);
        base.settings.environment.inherit.clone_from(&this.inherit);
        // What is wrong with them has been said in their own files.
        let known = &mut Problems::default();
        for outer in &this.defaults {
            this.apply(&outer.raw, &outer.folder, &mut base, known);
        }
        if let Some(raw) = read_defaults(manifest, problems) {
            this.apply(&raw, &this.folder, &mut base, problems);
            this.default_env.extend(variables(raw.env.as_ref(), known));
            this.defaults.push(Rc::new(Defaults { raw, folder: this.folder.clone(), start: this.start.clone() }));
        }
        this.shared_base = base.plain().map(Arc::new);
        this.base = base;
        this
    }

    fn add_vars(&mut self, manifest: &mut RawManifest<'i>, problems: &mut Problems) {
        for (name, value) in manifest.vars.take().into_iter().flat_map(Spanned::into_inner) {
            if let Some(problem) = template::name_problem(name.get_ref()) {
                problems.push(Problem::error(name.span(), problem));
            }
            let text = &value.get_ref().0;
            if template::is_one(text) {
                let problem =
                    Problem::error(value.span(), format!("the var `{}` cannot be made of others", name.get_ref()));
                problems.push(problem.help("put them together where they are used"));
            }
            let name = name.into_inner().into_owned();
            let set = self.surroundings.set(&name).map(str::to_owned);
            self.vars.insert(name, set.unwrap_or_else(|| text.to_string()));
        }
    }

    /// What can be named in the strings of a task with this name and these keys of a matrix.
    pub(super) fn known<'a>(&'a self, task: &'a str, keys: &'a [String]) -> Known<'a> {
        let surroundings = &*self.surroundings;
        Known { vars: &self.vars, surroundings, task, keys, portable: surroundings.portable }
    }

    /// The names of the vars it has.
    pub(super) fn var_names(&self) -> impl Iterator<Item = &str> {
        self.vars.keys().map(String::as_str)
    }

    /// The value of a key in the nearest `[defaults]` that have it.
    pub(super) fn default<T>(
        &self,
        key: impl for<'a> Fn(&'a RawTask<'i>) -> Option<&'a Spanned<T>>,
    ) -> Option<&Spanned<T>> {
        self.defaults.iter().rev().find_map(|defaults| key(&defaults.raw))
    }

    /// The value of a key in a task, or else in the nearest `[defaults]` that have it, with what paths in it start at.
    pub(super) fn placed<'a, T>(
        &'a self,
        task: &'a RawTask<'i>,
        key: impl for<'b> Fn(&'b RawTask<'i>) -> Option<&'b Spanned<T>>,
    ) -> Option<(&'a Spanned<T>, Start<'i>)> {
        let own = key(task).map(|value| (value, self.start.clone()));
        let mut defaults = self.defaults.iter().rev();
        own.or_else(|| defaults.find_map(|defaults| Some((key(&defaults.raw)?, defaults.start.clone()))))
    }
}

fn read_defaults<'i>(manifest: &mut RawManifest<'i>, problems: &mut Problems) -> Option<RawTask<'i>> {
    let mut defaults = RawTask::from_table(manifest.defaults.take()?.into_inner().0, problems);
    for key in KEYS_OF_ONE_TASK {
        if let Some(span) = defaults.remove(key) {
            let problem = Problem::error(span, format!("`{key}` cannot be a default"));
            problems.push(problem.help("it is a task's own; write it in the task"));
        }
    }
    Some(defaults)
}

/// A path of a manifest, seen from the folder of the file it is written in.
pub(super) fn resolve_path(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join(text);
    // `.` and `..` stay as written: `..` after a link is not the folder before it.
    path.components().collect()
}
