//! A look at all jobs before anything runs, in several threads, which writes nothing.

use std::collections::HashMap;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::contents::{Content, Root};
use super::deps::{Groups, Made};
use super::look::{Eyes, Sight};
use super::reason::Reason;
use super::state::{FileId, Known, State};
use super::{Freshness, Verdict};
use crate::graph::NodeId;
use crate::job::JobId;
use crate::keyed_hash::KeyedHash;
use crate::makers::Makers;

/// Jobs are looked at in pieces of so many, so that no thread is idle while another has much left.
const PIECE: usize = 512;

/// What a survey came to.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) verdicts: Vec<Verdict>,
    /// Inputs named by their paths that are not there.
    pub(super) missing: Vec<(JobId, PathBuf)>,
    /// What had to be read.
    pub(super) learned: Vec<(PathBuf, Known)>,
}

/// What a job's own files and settings say.
#[derive(Debug, Default, Clone)]
enum Own {
    /// It has neither inputs nor outputs, or it is not run here and nobody looks for them.
    #[default]
    Nothing,
    Reasons(Vec<Reason>),
}

/// Looks at each file once, however many jobs have it.
struct Once<'a> {
    root: Root<'a>,
    root_path: &'a Path,
    state: &'a State,
    /// By file, whether it is as it is known to be.
    is_as_known: Vec<AtomicU8>,
    /// What had to be read.
    read: Mutex<HashMap<PathBuf, (Content, Option<Known>)>>,
}

const UNSEEN: u8 = 0;
const AS_KNOWN: u8 = 1;
const READ: u8 = 2;

impl Once<'_> {
    fn mark(&self, file: FileId) -> Option<&AtomicU8> {
        self.is_as_known.get(file as usize)
    }

    fn known_content(&self, file: FileId) -> Content {
        self.look(self.state.path(file), Some(file))
    }

    fn look(&self, path: &Path, file: Option<FileId>) -> Content {
        let mark = file.and_then(|file| self.mark(file));
        let known = file.and_then(|file| self.state.known(file));
        match (mark.map_or(READ, |mark| mark.load(Ordering::Relaxed)), known) {
            (AS_KNOWN, Some(known)) => return Content::File(known.digest),
            (READ, _) => {
                if let Some((content, _)) = self.read().get(path) {
                    return content.clone();
                }
            }
            _ => {}
        }
        let (content, learned) = self.root.content(path, known);
        let is_as_known = learned.is_none() && known.is_some_and(|known| content == Content::File(known.digest));
        if let Some(mark) = mark {
            mark.store(if is_as_known { AS_KNOWN } else { READ }, Ordering::Relaxed);
        }
        if !is_as_known && matches!(content, Content::File(_)) {
            self.read().insert(path.to_owned(), (content.clone(), learned));
        }
        content
    }

    fn read(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Content, Option<Known>)>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Eyes for Once<'_> {
    fn root(&self) -> &Path {
        self.root_path
    }

    fn content(&self, path: &Path, guess: Option<FileId>) -> Content {
        let guess = guess.filter(|guess| self.state.files.name(*guess) == path.as_os_str().as_bytes());
        self.look(path, guess.or_else(|| self.state.file(path)))
    }
}

/// Looks at all jobs.
pub(super) fn survey(freshness: &Freshness, state: &State, forced: &[bool]) -> Survey {
    let eyes = Once {
        root: freshness.contents(),
        root_path: &freshness.root,
        state,
        is_as_known: std::iter::repeat_with(|| AtomicU8::new(UNSEEN)).take(state.files.len()).collect(),
        read: Mutex::default(),
    };
    let (own, missing) = look_at_all(freshness, &eyes, forced);
    let verdicts = judge(freshness, state, forced, own);
    let read = eyes.read.into_inner().unwrap_or_else(PoisonError::into_inner);
    let learned = read.into_iter().filter_map(|(path, (_, known))| Some((path, known?))).collect();
    Survey { verdicts, missing, learned }
}

type Missing = Vec<(JobId, PathBuf)>;

fn look_at_all(freshness: &Freshness, eyes: &Once<'_>, forced: &[bool]) -> (Vec<Own>, Missing) {
    let mut own = vec![Own::default(); freshness.plan.jobs.len()];
    let pieces: Vec<_> = own.chunks_mut(PIECE).enumerate().map(|(at, piece)| (at * PIECE, piece)).collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(pieces.len());
    let pieces = Mutex::new(pieces.into_iter());
    let work = || {
        let mut hash = KeyedHash::new(&freshness.key);
        let mut missing = Vec::new();
        loop {
            let piece = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((first, piece)) = piece else { return missing };
            for (own, job) in piece.iter_mut().zip(first..) {
                let Ok(job) = u32::try_from(job).map(JobId) else { continue };
                let is_forced = forced.get(job.index()).copied().unwrap_or(false);
                *own = look_at(freshness, eyes, &mut hash, job, is_forced, &mut missing);
            }
        }
    };
    let missing = thread::scope(|scope| {
        // A thread that cannot be had leaves its work to the others.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut missing = work();
        for other in others {
            missing.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        missing
    });
    (own, missing)
}

fn look_at(
    freshness: &Freshness,
    eyes: &Once<'_>,
    hash: &mut KeyedHash<'_>,
    job: JobId,
    is_forced: bool,
    missing: &mut Missing,
) -> Own {
    let runs_here = freshness.plan.jobs.job(job).settings.runs_here();
    let Some(files) = freshness.files(job).filter(|_| runs_here) else { return Own::Nothing };
    let record = eyes.state.record(freshness.names.of(job));
    let Some(record) = record.filter(|_| !is_forced) else {
        let gone = files.needed().filter(|path| eyes.root.is_missing(path));
        missing.extend(gone.map(|path| (job, path.to_owned())));
        return Own::Reasons(vec![if is_forced { Reason::Forced } else { Reason::NeverSucceeded }]);
    };
    let mut sight = Sight::of_inputs(files, freshness.stdin(job), Some(record), eyes);
    sight.look_at_outputs(files, record, eyes);
    if files.depfile.is_some() {
        let found = record.found().unwrap_or_default();
        sight.found = found.iter().map(|(file, _)| eyes.known_content(*file)).collect();
    }
    let declared = &sight.inputs[..sight.declared];
    let gone = declared.iter().filter(|(_, content)| *content == Content::Missing);
    missing.extend(gone.map(|(path, _)| (job, path.to_path_buf())));
    let mut reasons = freshness.definition_changes(eyes.state, hash, job, record);
    reasons.extend(sight.changes(eyes.state, record, files, freshness.order_counts(job)));
    Own::Reasons(reasons)
}

/// What becomes of each job, from what it says itself and from those it waits for.
fn judge(freshness: &Freshness, state: &State, forced: &[bool], own: Vec<Own>) -> Vec<Verdict> {
    let plan = &*freshness.plan;
    let nothing_yet = HashMap::new();
    let mut judge = Judge {
        made: freshness.made(state, &nothing_yet),
        groups: Groups::new(),
        blocked: vec![None; plan.graph.nodes().count()],
        is_judged: vec![false; plan.jobs.len()],
        makers: None,
    };
    let mut own: Vec<Option<Own>> = own.into_iter().map(Some).collect();
    let mut verdicts = vec![Verdict::UpToDate; plan.jobs.len()];
    for node in freshness.order() {
        let mut waits_for = plan.graph.needs(node).iter().chain(plan.graph.after(node));
        let blocked = waits_for.find_map(|before| judge.blocked[before.index()]);
        let Some(job) = plan.graph.job(node) else {
            judge.blocked[node.index()] = blocked;
            continue;
        };
        let is_forced = forced.get(job.index()).copied().unwrap_or(false);
        let own = own[job.index()].take().unwrap_or_default();
        let verdict = judge.verdict(job, own, is_forced, blocked);
        judge.is_judged[job.index()] = true;
        let runs_here = plan.jobs.job(job).settings.runs_here();
        judge.blocked[node.index()] = match &verdict {
            Verdict::UpToDate => None,
            Verdict::Unsure(because) => Some(*because),
            Verdict::Always | Verdict::Stale(_) => runs_here.then_some(job),
        };
        verdicts[job.index()] = verdict;
    }
    verdicts
}

struct Judge<'a> {
    made: Made<'a>,
    groups: Groups,
    /// By node: a job that would run and that it waits for, or the job itself.
    blocked: Vec<Option<JobId>>,
    is_judged: Vec<bool>,
    /// Made when it is asked for.
    makers: Option<Makers<'a>>,
}

impl Judge<'_> {
    fn verdict(&mut self, job: JobId, own: Own, is_forced: bool, blocked: Option<JobId>) -> Verdict {
        let Own::Reasons(mut reasons) = own else { return Verdict::Always };
        let mut unsure = blocked;
        if !is_forced {
            // A file may come to be again what it was when the job that makes it has run.
            reasons.retain(|reason| match reason {
                Reason::Input(path, _) => match self.unsettled_maker(path, job) {
                    None => true,
                    Some(maker) => {
                        unsure = unsure.or(Some(maker));
                        false
                    }
                },
                _ => true,
            });
            let record = self.made.state.record(self.made.names.of(job)).cloned();
            let is_settled = |node: NodeId| self.blocked[node.index()].is_none();
            let dependencies = self.made.by_dependencies(job, record.as_deref(), &mut self.groups, is_settled);
            reasons.extend(dependencies.reasons);
        }
        match unsure {
            _ if !reasons.is_empty() => Verdict::Stale(reasons),
            Some(because) => Verdict::Unsure(because),
            None => Verdict::UpToDate,
        }
    }

    /// Another job that makes a file and that would run, as far as can be told yet.
    fn unsettled_maker(&mut self, path: &Path, job: JobId) -> Option<JobId> {
        let makers = self.makers.get_or_insert_with(|| Makers::of(&self.made.plan.jobs));
        let is_unsettled = |maker: &JobId| self.blocked[maker.index()].is_some() || !self.is_judged[maker.index()];
        makers.maker_of(path).filter(|maker| *maker != job && is_unsettled(maker))
    }
}
