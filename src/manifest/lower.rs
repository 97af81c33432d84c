//! From the manifest as written to tasks, jobs and their order.
//!
//! Every task is looked at by itself first, so that the text's tree can go as it is read; then names are resolved, when
//! all are known. Every problem is collected on the way.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::DeTable;

use super::cycle::Cycle;
use super::decode::Problems;
use super::include::Files;
use super::names::Names;
use super::raw::{Name, RawTask};
use super::scope::Scope;
use super::{Task, TaskDetails};
use crate::diagnostic::Problem;
use crate::graph::{Graph, NodeId};
use crate::job::{InvalidJob, Job, JobId, JobMap, JobProblem};

/// What a manifest means.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) tasks: IndexMap<Arc<str>, Task>,
    /// Another name for a task: its place among the tasks.
    pub(super) aliases: HashMap<Arc<str>, usize>,
    pub(super) jobs: JobMap,
    pub(super) graph: Graph,
    pub(super) groups: Vec<Arc<str>>,
}

/// A task whose dependencies are still names.
struct Pending<'i> {
    task: usize,
    deps: Vec<Name<'i>>,
    after: Vec<Name<'i>>,
}

/// Lowers the tasks of a manifest: each file's own, file after file.
pub(super) fn lower(files: &mut Files<'_>, problems: &mut Problems) -> Lowered {
    let mut lowering = Lowering { jobs: JobMap::new(), declared: Vec::new(), pending: Vec::new() };
    let mut scopes: Vec<Scope<'_>> = Vec::with_capacity(files.list.len());
    for file in &mut files.list {
        let outer = file.outer.map(|outer| &scopes[outer]);
        let folder = files.root.join(&file.folder).components().collect();
        let scope = Scope::new(&mut file.raw, folder, outer, problems);
        let tasks = file.raw.tasks.take().map(Spanned::into_inner).map(|tasks| tasks.0).unwrap_or_default();
        lowering.tasks(tasks, &scope, problems);
        scopes.push(scope);
    }
    if lowering.declared.is_empty() && problems.list.is_empty() && files.are_complete {
        let problem = Problem::error(files.top_end..files.top_end, "there are no tasks");
        problems.push(problem.help("add one under `[tasks]`, such as `hello = [\"echo\", \"hello\"]`"));
    }
    lowering.resolve(files.list[0].raw.default.as_ref(), files.are_complete, problems)
}

struct Lowering<'i> {
    jobs: JobMap,
    declared: Vec<Declared>,
    pending: Vec<Pending<'i>>,
}

/// A task that has been looked at by itself.
struct Declared {
    name: Arc<str>,
    span: Range<usize>,
    /// `None` for a group.
    job: Option<JobId>,
    details: Option<Box<TaskDetails>>,
    aliases: Vec<(Arc<str>, Range<usize>)>,
}

impl<'i> Lowering<'i> {
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
        let task = self.declared.len();
        let deps = take_names(raw.deps.take(), scope.default(|raw| raw.deps.as_ref()));
        let own_after = raw.after.as_ref().map(Spanned::span);
        let after = take_names(raw.after.take(), scope.default(|raw| raw.after.as_ref()));
        // Without `argv` it is a group, unless there was one that could not be read.
        let is_group = raw.argv.is_none() && is_whole;
        let declared_name: Arc<str> = Arc::from(&**name.get_ref());
        let mut job = None;
        if is_group {
            check_group(name, &raw, &deps, own_after, problems);
        } else {
            let settings = scope.settings(&raw, problems);
            let words = raw.argv.take().into_iter().flat_map(|argv| argv.into_inner().0);
            let argv: Vec<_> = words.map(|word| word.into_owned().into()).collect();
            // An argv that could not be read has been reported as such.
            if !argv.is_empty() {
                match self.jobs.insert(Arc::clone(&declared_name), Job::new(argv, settings)) {
                    Ok(id) => job = Some(id),
                    // Names are compared when all are known.
                    Err(InvalidJob { problem: JobProblem::DuplicateName, .. }) => {}
                    Err(error) => problems.push(Problem::error(name.span(), error.to_string())),
                }
            }
        }
        self.declared.push(Declared {
            name: declared_name,
            span: name.span(),
            job,
            details: details(&raw, scope),
            aliases: aliases(raw.aliases.take(), problems),
        });
        let after = if is_group { Vec::new() } else { after };
        if !deps.is_empty() || !after.is_empty() {
            self.pending.push(Pending { task, deps, after });
        }
    }

    fn resolve(
        self,
        default: Option<&Spanned<Vec<Name<'i>>>>,
        names_are_complete: bool,
        problems: &mut Problems,
    ) -> Lowered {
        let mut names = Names::default();
        for (task, declared) in self.declared.iter().enumerate() {
            names.add_task(task, &declared.name, declared.span.clone(), problems);
        }
        for (task, declared) in self.declared.iter().enumerate() {
            for (alias, span) in &declared.aliases {
                names.add_alias(task, alias, span.clone(), problems);
            }
        }
        names.check_likeness(problems);
        let mut graph = Graph::new(self.jobs.len());
        let mut groups = Vec::new();
        let mut nodes = Vec::with_capacity(self.declared.len());
        for declared in &self.declared {
            nodes.push(declared.job.map_or_else(|| graph.add_join(), NodeId::from));
            groups.extend(declared.job.is_none().then(|| Arc::clone(&declared.name)));
        }
        if names_are_complete {
            self.add_edges(&names, &nodes, &mut graph, problems);
            self.report_cycles(&nodes, &graph, &names, problems);
            for name in default.into_iter().flat_map(Spanned::get_ref) {
                self.check_default(name, &names, problems);
            }
        }
        let tasks = self.declared.into_iter().zip(nodes).map(|(declared, node)| {
            let Declared { name, span, details, .. } = declared;
            (name, Task { node, span, details })
        });
        Lowered { tasks: tasks.collect(), aliases: names.into_aliases(), jobs: self.jobs, graph, groups }
    }

    fn add_edges(&self, names: &Names, nodes: &[NodeId], graph: &mut Graph, problems: &mut Problems) {
        // A name that is repeated is one edge; which task last had an edge to each says so without a search.
        let mut last_need = vec![usize::MAX; nodes.len()];
        let mut last_after = vec![usize::MAX; nodes.len()];
        for pending in &self.pending {
            let (task, node) = (pending.task, nodes[pending.task]);
            for on in pending.deps.iter().filter_map(|name| names.resolve(name, problems)) {
                if std::mem::replace(&mut last_need[on], task) != task {
                    graph.add_need(node, nodes[on]);
                }
            }
            for on in pending.after.iter().filter_map(|name| names.resolve(name, problems)) {
                if std::mem::replace(&mut last_after[on], task) != task {
                    graph.add_after(node, nodes[on]);
                }
            }
        }
    }

    /// A cycle is shown as its path, and each edge of it at the place where it is written.
    fn report_cycles(&self, nodes: &[NodeId], graph: &Graph, names: &Names, problems: &mut Problems) {
        let cycles = graph.cycles();
        if cycles.is_empty() {
            return;
        }
        let tasks: HashMap<NodeId, usize> = nodes.iter().enumerate().map(|(task, node)| (*node, task)).collect();
        for mut cycle in cycles {
            // Begin with the task that is written first.
            let first = (0..cycle.len()).min_by_key(|at| tasks[&cycle[*at]]).unwrap_or(0);
            cycle.rotate_left(first);
            let cycle: Vec<usize> = cycle.iter().map(|node| tasks[node]).collect();
            let is_one = cycle.len() == 1;
            let told = Cycle {
                what: if is_one { "a task waits for itself" } else { "tasks wait for each other in a cycle" },
                names: cycle.iter().map(|task| &*self.declared[*task].name).collect(),
                verb: "waits for",
                help: if is_one { "remove it" } else { "remove one of these dependencies" },
            };
            let edge = |at: usize| self.edge_span(cycle[at], cycle[(at + 1) % cycle.len()], names);
            problems.list.extend(told.problem(edge));
        }
    }

    fn edge_span(&self, task: usize, on: usize, names: &Names) -> Option<Range<usize>> {
        let at = self.pending.binary_search_by_key(&task, |pending| pending.task).ok()?;
        let pending = &self.pending[at];
        let mut edges = pending.deps.iter().chain(&pending.after);
        edges.find(|name| names.get(name.get_ref()) == Some(on)).map(Spanned::span)
    }

    fn check_default(&self, name: &Name<'_>, names: &Names, problems: &mut Problems) {
        let text = &**name.get_ref();
        let is_pattern = text.contains(['*', '?']) || text.starts_with("tag:");
        if is_pattern && names.get(text).is_none() {
            return;
        }
        if let Some(task) = names.resolve(name, problems) {
            let private = self.declared[task].details.as_ref().is_some_and(|details| details.private);
            if private {
                let message = format!("`{text}` is private: it runs only as a dependency");
                problems.push(Problem::error(name.span(), message));
            }
        }
    }
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
    let mut useless = raw.process_keys();
    useless.extend(after.map(|span| ("after", span)));
    for (key, span) in useless {
        let message = format!("`{key}` has no effect on `{text}`, which has no `argv` and so no process of its own");
        problems.push(Problem::error(span, message).help("give it an `argv`, or set this on the tasks it stands for"));
    }
}
