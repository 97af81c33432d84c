//! From the manifest as written to tasks, jobs and their order.
//!
//! Every task is looked at by itself first, so that the text's tree can go as it is read; then names are resolved, when
//! all are known. Every problem is collected on the way.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::DeTable;

use super::decode::Problems;
use super::include::Files;
use super::jobs::{self, MadeJobs, WaitsFor};
use super::pools::Pools;
use super::raw::{Name, RawTask};
use super::resolve::{Resolved, resolve};
use super::scope::Scope;
use super::surroundings::Surroundings;
use super::syntax::{self, Piece};
use super::template::{self, Filling, Known, Place, Template};
use super::{Parameters, Task, TaskDetails};
use crate::diagnostic::Problem;
use crate::glob::PathOrGlob;
use crate::graph::Graph;
use crate::job::JobMap;
use crate::text;

/// What a manifest means.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) tasks: IndexMap<Arc<str>, Task>,
    /// Another name for a task: its place among the tasks.
    pub(super) aliases: HashMap<Arc<str>, usize>,
    pub(super) jobs: JobMap,
    pub(super) graph: Graph,
    pub(super) groups: Vec<Arc<str>>,
    pub(super) pools: IndexMap<Arc<str>, u32>,
    /// What it was made from beside the files of the manifest, seen from its folder where it lies inside.
    pub(super) sources: Vec<PathOrGlob>,
    /// The vars that are to be set and are not there, each with what it may have been meant to be.
    pub(super) unknown_vars: Vec<(String, Option<String>)>,
}

/// Lowers the tasks of a manifest: each file's own, file after file.
pub(super) fn lower(files: &mut Files<'_>, parameters: &Parameters, problems: &mut Problems) -> Lowered {
    let mut lowering = Lowering { jobs: JobMap::new(), declared: Vec::new() };
    let texts = files.list.iter().map(|file| file.text).collect();
    let surroundings = Rc::new(Surroundings::new(files.root.clone(), texts, parameters));
    let pools = Rc::new(Pools::of(files, problems));
    let mut scopes: Vec<Scope<'_>> = Vec::with_capacity(files.list.len());
    for file in &mut files.list {
        let outer = file.outer.map(|outer| &scopes[outer]);
        let scope = Scope::new(file, &surroundings, &pools, outer, problems);
        let tasks = file.raw.tasks.take().map(Spanned::into_inner).map(|tasks| tasks.0).unwrap_or_default();
        lowering.tasks(tasks, &scope, problems);
        let rest = std::mem::take(&mut file.rest);
        if !rest.is_empty() {
            files.syntax.extend(lowering.rest(&rest, &scope, problems));
        }
        scopes.push(scope);
    }
    if lowering.declared.is_empty() && problems.list.is_empty() && files.are_complete {
        let problem = Problem::error(files.top_end..files.top_end, "there are no tasks");
        problems.push(problem.help("add one under `[tasks]`, such as `hello = [\"echo\", \"hello\"]`"));
    }
    let unknown_vars = unknown_vars(&scopes, parameters);
    let sources = sources(&surroundings, &scopes);
    let Lowering { jobs, declared } = lowering;
    let resolved =
        resolve(&declared, &jobs, &files.root, files.list[0].raw.default.as_ref(), files.are_complete, problems);
    let Resolved { nodes, graph, aliases, groups } = resolved;
    let tasks = declared.into_iter().zip(nodes).map(|(declared, node)| {
        let Declared { name, span, details, made, .. } = declared;
        (name, Task { node, span, details, has_matrix: made.has_matrix })
    });
    Lowered { tasks: tasks.collect(), aliases, jobs, graph, groups, pools: pools.slots(), sources, unknown_vars }
}

/// The files and globs that variables and values come from.
fn sources(surroundings: &Surroundings<'_>, scopes: &[Scope<'_>]) -> Vec<PathOrGlob> {
    let env_files = scopes.first().map(|scope| scope.env_files.paths()).unwrap_or_default();
    let seen = |path: PathBuf| path.strip_prefix(&surroundings.root).map(Path::to_owned).unwrap_or(path);
    surroundings.sources().into_iter().chain(env_files.into_iter().map(seen).map(PathOrGlob::Path)).collect()
}

/// The vars that are to be set and that no file has, each with what it may have been meant to be.
fn unknown_vars(scopes: &[Scope<'_>], parameters: &Parameters) -> Vec<(String, Option<String>)> {
    let known = || scopes.iter().flat_map(Scope::var_names);
    let unknown = parameters.set.keys().filter(|name| known().all(|known| known != **name));
    unknown.map(|name| (name.clone(), text::closest(name, known()).map(str::to_owned))).collect()
}

struct Lowering<'i> {
    jobs: JobMap,
    declared: Vec<Declared<'i>>,
}

/// A task that has been looked at by itself. What it waits for are still names.
pub(super) struct Declared<'i> {
    pub(super) name: Arc<str>,
    pub(super) span: Range<usize>,
    pub(super) is_group: bool,
    pub(super) made: MadeJobs<'i>,
    pub(super) deps: Vec<Name<'i>>,
    pub(super) after: Vec<Name<'i>>,
    pub(super) details: Option<Box<TaskDetails>>,
    pub(super) aliases: Vec<(Arc<str>, Range<usize>)>,
}

impl<'i> Lowering<'i> {
    /// Lowers tasks that have not been parsed yet, piece by piece, while another thread parses the next. Answers what is
    /// no TOML.
    fn rest(&mut self, rest: &[Piece<'i>], scope: &Scope<'i>, problems: &mut Problems) -> Vec<Problem> {
        let mut syntax = Vec::new();
        thread::scope(|threads| {
            let (sender, parsed) = mpsc::sync_channel(2);
            threads.spawn(move || {
                for piece in rest {
                    if sender.send(syntax::tasks(*piece)).is_err() {
                        return;
                    }
                }
            });
            for (tasks, wrong) in parsed {
                syntax.extend(wrong);
                self.tasks(tasks, scope, problems);
            }
        });
        syntax
    }

    fn tasks(&mut self, tasks: DeTable<'i>, scope: &Scope<'i>, problems: &mut Problems) {
        for (name, value) in tasks {
            let before = problems.list.len();
            let raw = RawTask::from_value(name.get_ref(), value, problems);
            let is_whole = problems.list.len() == before;
            self.task(&name, raw, scope, is_whole, problems);
        }
    }

    fn task(
        &mut self,
        name: &Name<'i>,
        mut raw: RawTask<'i>,
        scope: &Scope<'i>,
        is_whole: bool,
        problems: &mut Problems,
    ) {
        if let Some(problem) = super::names::problem(name) {
            problems.push(problem);
        }
        let deps = take_names(raw.deps.take(), scope.default(|raw| raw.deps.as_ref()));
        let own_after = raw.after.as_ref().map(Spanned::span);
        let after = take_names(raw.after.take(), scope.default(|raw| raw.after.as_ref()));
        // Without `argv` it is a group, unless there was one that could not be read.
        let is_group = raw.argv.is_none() && is_whole;
        let mut declared = Declared {
            name: Arc::from(&**name.get_ref()),
            span: name.span(),
            is_group,
            made: MadeJobs::none(&self.jobs),
            details: details(&raw, scope),
            aliases: aliases(raw.aliases.take(), problems),
            deps,
            after: if is_group { Vec::new() } else { after },
        };
        if is_group {
            check_group(name, &raw, &declared.deps, own_after, problems);
            declared.deps = deps_of_group(&declared, scope, problems);
        } else {
            let waits_for = WaitsFor { deps: &declared.deps, after: &declared.after };
            declared.made = jobs::make(&declared.name, name, &raw, waits_for, scope, &mut self.jobs, problems);
            declared.deps.retain(|dep| !template::is_one(dep.get_ref()));
            declared.after.retain(|on| !template::is_one(on.get_ref()));
        }
        self.declared.push(declared);
    }
}

/// What a group waits for, with the values in the names.
fn deps_of_group<'i>(group: &Declared<'i>, scope: &Scope<'i>, problems: &mut Problems) -> Vec<Name<'i>> {
    let known = Known { portable: false, ..scope.known(&group.name, &[]) };
    let filling = Filling { values: &[], job: &group.name };
    let fill = |name: &Name<'i>| {
        let template = Template::read(name, Place::Text, known, problems)?;
        Some(Spanned::new(name.span(), template.fill(filling, Place::Text).into()))
    };
    group.deps.iter().filter_map(fill).collect()
}

fn take_names<'i>(own: Option<Spanned<Vec<Name<'i>>>>, default: Option<&Spanned<Vec<Name<'i>>>>) -> Vec<Name<'i>> {
    own.map(Spanned::into_inner).or_else(|| default.map(|names| names.get_ref().clone())).unwrap_or_default()
}

fn aliases(raw: Option<Spanned<Vec<Name<'_>>>>, problems: &mut Problems) -> Vec<(Arc<str>, Range<usize>)> {
    let mut valid = raw.map(Spanned::into_inner).unwrap_or_default();
    valid.retain(|alias| match super::names::problem(alias) {
        None => true,
        Some(problem) => {
            problems.push(problem);
            false
        }
    });
    valid.into_iter().map(|alias| (Arc::from(&**alias.get_ref()), alias.span())).collect()
}

/// `None` for the many tasks that say nothing beyond what to run.
fn details(raw: &RawTask<'_>, scope: &Scope<'_>) -> Option<Box<TaskDetails>> {
    let is_set = |flag: Option<&Spanned<bool>>| flag.is_some_and(|flag| *flag.get_ref());
    let tags = raw.tags.as_ref().or_else(|| scope.default(|raw| raw.tags.as_ref()));
    let details = TaskDetails {
        description: raw.description.as_ref().map(|text| text.get_ref().clone().into_owned()),
        tags: tags.map(|tags| owned(tags.get_ref())).unwrap_or_default(),
        aliases: raw.aliases.as_ref().map(|aliases| owned(aliases.get_ref())).unwrap_or_default(),
        private: is_set(raw.private.as_ref().or_else(|| scope.default(|raw| raw.private.as_ref()))),
        manual: is_set(raw.manual.as_ref().or_else(|| scope.default(|raw| raw.manual.as_ref()))),
    };
    (details != TaskDetails::default()).then(|| Box::new(details))
}

fn owned(names: &[Name<'_>]) -> Vec<String> {
    names.iter().map(|name| name.get_ref().clone().into_owned()).collect()
}

/// A group is a name for its dependencies: it needs some, and what is said of a process says nothing here.
fn check_group(
    name: &Name<'_>,
    raw: &RawTask<'_>,
    deps: &[Name<'_>],
    after: Option<Range<usize>>,
    problems: &mut Problems,
) {
    let text = name.get_ref();
    if deps.is_empty() {
        let message = format!("task `{text}` has neither `argv` nor `deps`: there is nothing to do");
        problems.push(Problem::error(name.span(), message).help("give it `argv`, or `deps` to make it a group"));
        return;
    }
    let mut useless = raw.job_keys();
    useless.extend(after.map(|span| ("after", span)));
    for (key, span) in useless {
        let message = format!("`{key}` has no effect on `{text}`, which has no `argv` and so no process of its own");
        problems.push(Problem::error(span, message).help("give it an `argv`, or set this on the tasks it stands for"));
    }
}
