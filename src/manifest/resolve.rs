//! From names to order: which task or job each name stands for, and what waits for what.
//!
//! Knows all tasks, each of which has been looked at by itself. Does not know what their jobs do.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;

use super::cycle::Cycle;
use super::decode::Problems;
use super::file_edges::{self, FileReason};
use super::lower::Declared;
use super::names::Names;
use super::raw::Name;
use crate::diagnostic::Problem;
use crate::glob::PathOrGlob;
use crate::graph::{EdgeKind, Graph, NodeId};
use crate::job::{JobId, JobMap};
use crate::makers::{MadeTwice, Makers};
use crate::text;

/// Tasks and jobs in their order.
pub(super) struct Resolved {
    /// What each task is in the graph.
    pub(super) nodes: Vec<NodeId>,
    pub(super) graph: Graph,
    /// Another name for a task: its place among the tasks.
    pub(super) aliases: HashMap<Arc<str>, usize>,
    /// The names of the graph's joins, in order.
    pub(super) groups: Vec<Arc<str>>,
}

/// Resolves the names in all tasks and those of `default`. Where some tasks may be missing, whoever names them is not to
/// blame.
pub(super) fn resolve(
    declared: &[Declared<'_>],
    jobs: &JobMap,
    root: &Path,
    default: Option<&Spanned<Vec<Name<'_>>>>,
    names_are_complete: bool,
    problems: &mut Problems,
) -> Resolved {
    let mut names = Names::default();
    for (task, declared) in declared.iter().enumerate() {
        names.add_task(task, &declared.name, declared.span.clone(), problems);
    }
    for (task, declared) in declared.iter().enumerate() {
        for (alias, span) in &declared.aliases {
            names.add_alias(task, alias, span.clone(), problems);
        }
    }
    check_names_of_cells(declared, jobs, &names, problems);
    names.check_likeness(problems);
    let mut graph = Graph::new(jobs.len());
    let mut groups = Vec::new();
    let mut nodes = Vec::with_capacity(declared.len());
    for task in declared {
        let job = task.made.jobs().next().filter(|_| !task.made.has_matrix);
        let node = job.map_or_else(|| graph.add_join(), NodeId::from);
        nodes.push(node);
        if job.is_none() {
            groups.push(Arc::clone(&task.name));
            task.made.jobs().for_each(|cell| graph.add_need(node, cell.into()));
        }
    }
    let makers = Makers::of(jobs);
    let twice = makers.made_twice(jobs);
    let mut resolver = Resolver { declared, jobs, root, names, nodes, graph, makers };
    resolver.report_made_twice(twice, problems);
    if names_are_complete {
        resolver.add_edges(problems);
        file_edges::add(jobs, root, &resolver.makers, &mut resolver.graph);
        resolver.report_cycles(problems);
        for name in default.into_iter().flat_map(Spanned::get_ref) {
            resolver.check_default(name, problems);
        }
    }
    let Resolver { names, nodes, graph, .. } = resolver;
    Resolved { nodes, graph, aliases: names.into_aliases(), groups }
}

/// What has a name of its own cannot have that of a matrix's job too.
fn check_names_of_cells(declared: &[Declared<'_>], jobs: &JobMap, names: &Names, problems: &mut Problems) {
    // Hardly ever is there a name that could be one.
    if !names.any(|name| name.ends_with(']')) {
        return;
    }
    for task in declared.iter().filter(|task| task.made.has_matrix) {
        for name in task.made.jobs().map(|cell| jobs.name(cell)) {
            if let Some(span) = names.span(name) {
                let problem = Problem::error(span, format!("`{name}` is the name of a job of `{}` too", task.name));
                problems.push(problem.and(task.span.clone(), "this task's matrix makes it").help("rename one"));
            }
        }
    }
}

struct Resolver<'a, 'i> {
    declared: &'a [Declared<'i>],
    jobs: &'a JobMap,
    root: &'a Path,
    names: Names,
    nodes: Vec<NodeId>,
    graph: Graph,
    makers: Makers<'a>,
}

impl Resolver<'_, '_> {
    /// The task or the cell of one that is named; notes a problem where there is none.
    fn node(&self, name: &Name<'_>, problems: &mut Problems) -> Option<NodeId> {
        let text = &**name.get_ref();
        if let Some(task) = self.names.get(text) {
            return Some(self.nodes[task]);
        }
        if let Some(cell) = self.jobs.id(text) {
            return Some(cell.into());
        }
        let task = text.split_once('[').and_then(|(task, _)| self.names.get(task)).map(|task| &self.declared[task]);
        match task.filter(|task| task.made.has_matrix) {
            // Whoever names a job of what could not be read is not to blame.
            Some(task) if !task.made.is_whole => {}
            Some(task) => {
                let cells: Vec<&str> = task.made.jobs().map(|cell| &**self.jobs.name(cell)).collect();
                let help = match problems.suggest(text, cells.iter().copied()) {
                    Some(meant) => meant,
                    None if cells.is_empty() => "it has none: nothing was found for its matrix".to_owned(),
                    None => format!("its jobs are {}", text::names(&cells)),
                };
                let message = format!("task `{}` has no job `{text}`", task.name);
                problems.push(Problem::error(name.span(), message).help(help));
            }
            None => _ = self.names.resolve(name, problems),
        }
        None
    }

    fn add_edges(&mut self, problems: &mut Problems) {
        // A name that is repeated is one edge; which node last had an edge to each says so without a search.
        let count = self.graph.nodes().count();
        let mut last = [vec![None; count], vec![None; count]];
        let mut add = |graph: &mut Graph, node: NodeId, on: NodeId, kind: EdgeKind| {
            let last = &mut last[usize::from(kind == EdgeKind::After)][on.index()];
            if last.replace(node) == Some(node) {
                return;
            }
            match kind {
                EdgeKind::Needs => graph.add_need(node, on),
                EdgeKind::After => graph.add_after(node, on),
            }
        };
        for (task, declared) in self.declared.iter().enumerate() {
            let names = |names: &[Name<'_>], problems: &mut Problems| -> Vec<NodeId> {
                names.iter().filter_map(|name| self.node(name, problems)).collect()
            };
            let (deps, after) = (names(&declared.deps, problems), names(&declared.after, problems));
            let before = problems.list.len();
            let mut own = declared.made.own_edges.iter().peekable();
            let alone = [self.nodes[task]].into_iter().filter(|_| declared.is_group);
            for node in alone.chain(declared.made.jobs().map(NodeId::from)) {
                for on in &deps {
                    add(&mut self.graph, node, *on, EdgeKind::Needs);
                }
                for on in &after {
                    add(&mut self.graph, node, *on, EdgeKind::After);
                }
                while let Some(edge) = own.next_if(|edge| NodeId::from(edge.job) == node) {
                    // One cell's problem is most often that of all.
                    let on = if problems.list.len() == before { self.node(&edge.on, problems) } else { None };
                    if let Some(on) = on {
                        add(&mut self.graph, node, on, edge.kind);
                    }
                }
            }
        }
    }

    /// A cycle is shown as its path, and each edge of it at the place where it is written.
    fn report_cycles(&self, problems: &mut Problems) {
        let cycles = self.graph.cycles();
        if cycles.is_empty() {
            return;
        }
        let mut tasks: HashMap<NodeId, usize> =
            self.nodes.iter().enumerate().map(|(task, node)| (*node, task)).collect();
        for (task, declared) in self.declared.iter().enumerate() {
            tasks.extend(declared.made.jobs().map(|job| (NodeId::from(job), task)));
        }
        for mut cycle in cycles {
            // Begin with the task that is written first, and where a task has several nodes on the way, with the first.
            let first = (0..cycle.len()).min_by_key(|at| tasks[&cycle[*at]]).unwrap_or(0);
            cycle.rotate_left(first);
            let same = cycle.iter().rev().take_while(|node| tasks[*node] == tasks[&cycle[0]]).count();
            let length = cycle.len();
            cycle.rotate_right(same % length);
            let steps: Vec<&[NodeId]> = cycle.chunk_by(|a, b| tasks[a] == tasks[b]).collect();
            let is_one = steps.len() == 1;
            let told = Cycle {
                what: if is_one { "a task waits for itself" } else { "tasks wait for each other in a cycle" },
                names: steps.iter().map(|step| &*self.declared[tasks[&step[0]]].name).collect(),
                verb: "waits for",
                help: if is_one { "remove it" } else { "remove one of these dependencies" },
            };
            let edge = |at: usize| {
                let next = steps[(at + 1) % steps.len()];
                let from = steps[at].last()?;
                self.edge_span(tasks[from], *from, tasks[&next[0]], next[0])
            };
            problems.list.extend(told.problem(edge));
        }
    }

    /// Where it is written that a node of one task waits for one of another.
    fn edge_span(&self, task: usize, node: NodeId, on_task: usize, on: NodeId) -> Option<Range<usize>> {
        let declared = &self.declared[task];
        let is_named = |name: &Name<'_>| {
            let cell = self.jobs.id(name.get_ref()).map(NodeId::from);
            self.names.get(name.get_ref()) == Some(on_task) || cell == Some(on)
        };
        let own = declared.made.own_edges.iter().filter(|edge| NodeId::from(edge.job) == node).map(|edge| &edge.on);
        let mut names = declared.deps.iter().chain(&declared.after).chain(own);
        names.find(|name| is_named(name)).map(Spanned::span).or_else(|| {
            let (job, maker) = (self.graph.job(node)?, self.graph.job(on)?);
            let spans = &declared.made.file_spans;
            match file_edges::reason(self.jobs, self.root, &self.makers, job, maker)? {
                FileReason::Input(at) => spans.inputs.get(at).cloned(),
                FileReason::Stdin => spans.stdin.clone(),
            }
        })
    }

    /// Files that two jobs make. Two tasks, or the jobs of one task, most often share them all for one reason.
    fn report_made_twice(&self, twice: Vec<MadeTwice<'_>>, problems: &mut Problems) {
        let mut told = HashSet::new();
        for MadeTwice { path, first, second } in twice {
            let (span, other) = (self.output_span(second, path), self.output_span(first, path));
            if !told.insert((span.start, other.start)) {
                continue;
            }
            let (path, name) = (text::path(path), |job: JobId| text::escape(self.jobs.name(job).as_bytes()));
            let message = format!("`{path}` is an output of both `{}` and `{}`", name(first), name(second));
            let problem = Problem::error(span.clone(), message);
            problems.push(if span == other {
                problem.help("let it say which of the jobs makes it: put what differs between them into the path")
            } else {
                let problem = problem.and(other, "the other is here");
                problem.help("let one of them make it, and let the other read it or make another")
            });
        }
    }

    /// Where it is written that a job makes a file.
    fn output_span(&self, job: JobId, path: &Path) -> Range<usize> {
        let task = self.declared.partition_point(|declared| declared.made.ids.end <= job.0);
        let declared = &self.declared[task];
        let files = self.jobs.job(job).files.iter();
        let mut outputs = files.flat_map(|files| &files.outputs.named);
        let at = outputs.position(|output| names(output, path));
        let span = at.and_then(|at| declared.made.file_spans.outputs.get(at));
        span.unwrap_or(&declared.span).clone()
    }

    fn check_default(&self, name: &Name<'_>, problems: &mut Problems) {
        let text = &**name.get_ref();
        let is_pattern = text.contains(['*', '?']) || text.starts_with("tag:");
        let (task, cell) = (self.names.get(text), self.jobs.id(text));
        if task.is_none() && (is_pattern || cell.is_some()) {
            return;
        }
        match task {
            None => _ = self.node(name, problems),
            Some(task) if self.declared[task].details.as_ref().is_some_and(|details| details.private) => {
                let message = format!("`{text}` is private: it runs only as a dependency");
                problems.push(Problem::error(name.span(), message));
            }
            Some(_) => {}
        }
    }
}

/// Whether an output is this path, or more than it.
fn names(output: &PathOrGlob, path: &Path) -> bool {
    match output {
        PathOrGlob::Path(own) => path.starts_with(own),
        PathOrGlob::Glob(glob) => glob.fits(path),
    }
}
