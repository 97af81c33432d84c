//! A plan as it is drawn: tasks, or each of their jobs, and what each waits for.
//!
//! Knows the plan, and how its jobs ended in some run. [`tree`], [`dot`], [`mermaid`] and [`json`] draw it; none of them
//! knows where it goes.

mod build;
mod dot;
mod json;
mod mermaid;
mod tree;

use std::sync::Arc;

use crate::event::{JobRecord, JobStatus, RunRecord};
use crate::text;

pub(crate) use build::Described;

/// Nodes in the manifest's order, and edges in the order of the nodes that they go from.
#[derive(Debug)]
pub(crate) struct Diagram {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Where each node's edges start among all; one more entry than nodes.
    starts: Vec<usize>,
}

/// What one node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// A task, with all the jobs of its matrix.
    Task,
    /// A job. Whoever waits for all jobs of a matrix waits for a node that stands for them.
    Job,
}

#[derive(Debug)]
struct Node {
    name: Arc<str>,
    kind: Kind,
    description: Option<Arc<str>>,
    /// The names of the jobs that it is drawn as, by which a record knows them.
    jobs: Vec<Arc<str>>,
    /// How many of these ended with each word, in the order in which counts are listed.
    ends: Vec<(&'static str, usize)>,
    outcome: Option<Outcome>,
}

#[derive(Debug)]
enum Kind {
    Job {
        /// The task whose matrix it is a cell of.
        task: Option<Arc<str>>,
    },
    /// All the jobs of a task with a matrix that are in the plan; how many they are.
    Matrix(usize),
    Group,
}

/// From who waits to what it waits for.
#[derive(Debug)]
struct Edge {
    to: usize,
    kind: EdgeKind,
    /// What of that is read, as it is declared.
    files: Vec<String>,
}

/// The weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EdgeKind {
    /// It must only have ended.
    After,
    /// It makes a file that is read.
    File,
    /// It must have succeeded.
    Needs,
}

/// How jobs ended, as far as a color can say; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Good,
    Skipped,
    Doubtful,
    Bad,
}

/// What is said of a job that was started and whose end is in no record: it runs, or procman was killed.
const UNFINISHED: &str = "unfinished";

impl Diagram {
    fn edges_of(&self, node: usize) -> &[Edge] {
        &self.edges[self.starts[node]..self.starts[node + 1]]
    }

    /// Marks each node with how its jobs ended in this run; those that were not in it stay as they are.
    pub(crate) fn mark(&mut self, run: &RunRecord) {
        let words: Vec<&'static str> = JobStatus::WORDS.into_iter().chain([UNFINISHED]).collect();
        for node in &mut self.nodes {
            let mut counts = vec![0; words.len()];
            for job in node.jobs.iter().filter_map(|name| run.jobs.get(name)) {
                let Some((word, outcome)) = end(job) else { continue };
                node.outcome = node.outcome.max(Some(outcome));
                counts[words.iter().position(|known| *known == word).unwrap_or(words.len() - 1)] += 1;
            }
            node.ends = words.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect();
        }
    }
}

/// How a job ended; `None` if it was never started.
fn end(job: &JobRecord) -> Option<(&'static str, Outcome)> {
    match &job.status {
        Some(status) => Some((status.word(), Outcome::of(status))),
        None if job.attempts.is_empty() => None,
        None => Some((UNFINISHED, Outcome::Doubtful)),
    }
}

impl Outcome {
    fn of(status: &JobStatus) -> Self {
        match status {
            JobStatus::Ok | JobStatus::UpToDate => Self::Good,
            JobStatus::Skipped { .. } => Self::Skipped,
            status if status.is_failure() => Self::Bad,
            _ => Self::Doubtful,
        }
    }
}

impl Node {
    /// How its jobs ended, for people: `ok`, or `3 ok`, `1 failed`.
    fn ends(&self) -> impl Iterator<Item = (&'static str, String)> {
        let is_one = matches!(self.kind, Kind::Job { .. });
        let shown = move |word: &str, count| if is_one { word.to_owned() } else { format!("{count} {word}") };
        self.ends.iter().map(move |(word, count)| (*word, shown(word, *count)))
    }

    /// What is written into its picture: its name, what it is, and how its jobs ended.
    fn lines(&self) -> Vec<String> {
        let ends: Vec<String> = self.ends().map(|(_, end)| end).collect();
        let ends = Some(ends.join(", ")).filter(|ends| !ends.is_empty());
        [Some(text::escape(self.name.as_bytes())), self.what(), ends].into_iter().flatten().collect()
    }

    /// What it is, unless it is a job.
    fn what(&self) -> Option<String> {
        match self.kind {
            Kind::Job { .. } => None,
            Kind::Matrix(0) => Some("no jobs".to_owned()),
            Kind::Matrix(jobs) => Some(text::count(jobs, "job")),
            Kind::Group => Some("group".to_owned()),
        }
    }
}

impl Edge {
    /// What it is for, in few words.
    fn files(&self) -> Option<String> {
        match self.files.as_slice() {
            [] => None,
            [file] => Some(text::escape(file.as_bytes())),
            files => Some(text::count(files.len(), "file")),
        }
    }
}
