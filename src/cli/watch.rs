//! `procman run --watch`: runs, and runs again when something has changed.
//!
//! Each run is a procman of its own, which this one starts, and which so reads the manifest anew, has a guardian and a
//! record, and deals with the terminal and with signals as any other does. Both are in one process group. This one only
//! watches, and says through a pipe when a run is to end; if it is killed, the pipe closes, and the run ends itself.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, PipeWriter, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::context::{Context, to_stderr};
use super::run::RunArgs;
use super::signals::{CHANGED, all_for_procman, die_of};
use super::{Error, FAULT, no_pipe, no_thread, usage};
use crate::freshness::{found_files, read_state};
use crate::glob::{PathOrGlob, normalised};
use crate::manifest::{Manifest, ManifestError};
use crate::plan::Plan;
use crate::record::StateFolder;
use crate::selection::Selection;
use crate::sys::{self, Signal};
use crate::text;
use crate::watch::{Action, Input, Machine, Observer, OnBusy, Scope, Touched, WatchError};

/// A change is looked at when nothing more has changed for so long: most come as several at once.
const QUIET: Duration = Duration::from_millis(100);
/// But not later than this.
const LONGEST_QUIET: Duration = Duration::from_secs(2);

/// How often the manifest is read anew because other folders were found to count while it was read.
const MOST_ROUNDS: usize = 3;

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Run, and run again whenever something has changed that the tasks are made from
    #[arg(short, long)]
    pub(super) watch: bool,
    /// When something changes during a run: end it and begin anew (cancel), or let it end first (finish)
    #[arg(long, value_name = "HOW", hide_possible_values = true)]
    pub(super) watch_on_busy: Option<OnBusyChoice>,
}

/// What `--watch-on-busy` can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnBusyChoice(OnBusy);

impl ValueEnum for OnBusyChoice {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(OnBusy::Cancel), Self(OnBusy::Finish)]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self.0 {
            OnBusy::Cancel => "cancel",
            OnBusy::Finish => "finish",
        }))
    }
}

impl From<WatchError> for Error {
    fn from(error: WatchError) -> Self {
        Self::Fault(error.0)
    }
}

/// What the threads tell.
enum Message {
    Touched(Touched),
    Ended(ExitStatus),
    Signal(Signal),
}

pub(super) fn watch(context: &Context, args: RunArgs) -> Result<u8, Error> {
    if args.options.dry_run {
        return Err(usage("`--dry-run` starts nothing, so there is nothing to do again; leave it or `--watch` out"));
    }
    let on_busy = args.watch.watch_on_busy.map_or(OnBusy::Cancel, |choice| choice.0);
    let manifest = context.manifest_path()?;
    let (sender, inbox) = mpsc::channel();
    // Signals first: what is blocked is blocked for all threads that follow.
    let is_running = listen(sender.clone())?;
    let root = std::path::absolute(&manifest).unwrap_or_else(|_| manifest.clone());
    let root = root.parent().unwrap_or(Path::new("/")).to_owned();
    let tell = sender.clone();
    let observer = Observer::new(&root, move |touched| _ = tell.send(Message::Touched(touched)))?;
    let program = std::env::current_exe()
        .map_err(|error| Error::Fault(format!("procman cannot be found: {}", text::io_error(&error))))?;
    let reports = args.options.report.iter().filter_map(|wanted| seen_from(&root, &wanted.path(context))).collect();
    let mut watch = Watch {
        context,
        manifest,
        root,
        selection: args.selection.into(),
        reports,
        program,
        observer,
        definitions: Vec::new(),
        has_depfiles: false,
        sender,
        inbox,
        is_running,
        run: None,
        restless_until: None,
        inputs: VecDeque::new(),
    };
    watch.refuse_what_cannot_be()?;
    watch.read(None)?;
    let mut machine = Machine::new(on_busy);
    watch.start()?;
    loop {
        let input = watch.next()?;
        let Some(action) = machine.step(input) else { continue };
        match action {
            Action::Start(changed) => watch.start_again(&changed)?,
            Action::Cancel => watch.say(CHANGED),
            Action::Tell(signal) => watch.tell(signal),
            Action::Wait(restless) => watch.show_what_is_waited_for(&restless),
            Action::Die(signal) => {
                die_of(signal);
                return Ok(FAULT);
            }
        }
    }
}

/// A path as files are named that count; `None` if it lies elsewhere.
fn seen_from(root: &Path, path: &Path) -> Option<PathBuf> {
    normalised(root, path).strip_prefix(normalised(root, "")).map(Path::to_owned).ok()
}

/// Listens to signals. One that comes while no run is under way ends procman at once.
fn listen(sender: Sender<Message>) -> Result<Arc<AtomicBool>, Error> {
    // A stop needs no care: a run under way hears of it itself.
    let signals = all_for_procman(false)?;
    let is_running = Arc::<AtomicBool>::default();
    let is_told = Arc::clone(&is_running);
    let listen = move || {
        while let Ok(signal) = signals.next() {
            if signal == Signal::CONT {
                continue;
            }
            if !is_told.load(Ordering::SeqCst) && Signal::ENDING.contains(&signal) {
                die_of(signal);
            }
            _ = sender.send(Message::Signal(signal));
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(|error| no_thread(&error))?;
    Ok(is_running)
}

struct Watch<'c> {
    context: &'c Context,
    manifest: PathBuf,
    /// Its folder.
    root: PathBuf,
    selection: Selection,
    /// What each run writes for others to read, seen from the manifest's folder.
    reports: Vec<PathBuf>,
    /// procman itself.
    program: PathBuf,
    observer: Observer,
    /// What the manifest was made from when it was last read.
    definitions: Vec<PathOrGlob>,
    /// Whether what the jobs read is known only after they have run.
    has_depfiles: bool,
    sender: Sender<Message>,
    inbox: Receiver<Message>,
    /// Whether a run is under way, for the thread that hears signals.
    is_running: Arc<AtomicBool>,
    /// The run under way: how to speak to it, and when it began.
    run: Option<(PipeWriter, SystemTime)>,
    /// While files are being changed: since when, and until when at least.
    restless_until: Option<(Instant, Instant)>,
    /// What has happened and has not been told yet.
    inputs: VecDeque<Input>,
}

impl Watch<'_> {
    /// A slip of the command line is no reason to wait, and neither is a manifest that is not there; one that has problems
    /// is about to be corrected.
    fn refuse_what_cannot_be(&self) -> Result<(), Error> {
        match self.load(&mut Vec::new()) {
            Ok(manifest) => manifest.plan(&self.selection).map(drop).map_err(Error::from),
            Err(ManifestError::Invalid { .. }) => Ok(()),
            Err(_) => self.context.manifest_at(&self.manifest, &self.selection.set, false).map(drop),
        }
    }

    fn load(&self, made_from: &mut Vec<PathOrGlob>) -> Result<Manifest, ManifestError> {
        let parameters = self.context.parameters(&self.selection.set, false);
        Manifest::load_from(&self.manifest, &self.context.show(&self.manifest), &parameters, made_from)
    }

    /// Finds out what counts, and watches it. Answers what has changed since the time given that did not count before.
    fn read(&mut self, since: Option<SystemTime>) -> Result<BTreeSet<PathBuf>, Error> {
        let mut changed = BTreeSet::new();
        for _ in 0..MOST_ROUNDS {
            let scope = self.scope();
            let (new, is_any_new) = self.observer.set_scope(scope, since)?;
            changed.extend(new);
            // What was read before anybody watched it may have changed since.
            if !is_any_new {
                break;
            }
        }
        Ok(changed)
    }

    /// What counts now. While there is no telling what the jobs read, it is what it was.
    fn scope(&mut self) -> Scope {
        let mut definitions = vec![PathOrGlob::Path(self.manifest.file_name().unwrap_or_default().into())];
        let mut made_from = Vec::new();
        let manifest = self.load(&mut made_from).ok();
        definitions.append(&mut made_from);
        let Some(plan) = manifest.and_then(|manifest| manifest.plan(&self.selection).ok()) else {
            definitions.extend(self.definitions.iter().cloned());
            let before = self.observer.take_scope();
            return Scope::new(&self.root, &definitions).with_jobs_of(before).with_reports(&self.reports);
        };
        let found = self.found(&plan);
        let scope = Scope::new(&self.root, &definitions).with_jobs(&plan, found).with_reports(&self.reports);
        self.definitions = definitions;
        scope
    }

    /// What compilers have read, as far as that is known.
    fn found(&mut self, plan: &Plan) -> Vec<PathBuf> {
        let has_depfile = |job: &crate::job::Job| job.files.as_ref().is_some_and(|files| files.depfile.is_some());
        self.has_depfiles = plan.jobs.iter().any(|(_, job)| has_depfile(job));
        if !self.has_depfiles {
            return Vec::new();
        }
        // A run says what is wrong with it.
        let state = read_state(StateFolder::beside(&self.root).path());
        state.map(|state| found_files(plan, &state)).unwrap_or_default()
    }

    fn start_again(&mut self, changed: &BTreeSet<PathBuf>) -> Result<(), Error> {
        self.note(&self.changed_line(changed));
        if changed.iter().any(|path| self.observer.scope().defines(path)) {
            self.read(None)?;
        }
        self.start()
    }

    /// Starts a run: this procman with this command line, which learns through a pipe that it is one.
    fn start(&mut self) -> Result<(), Error> {
        let (to_read, to_write) = io::pipe().map_err(|error| no_pipe(&error))?;
        sys::let_through(&to_read).map_err(|error| no_pipe(&error))?;
        let mut arguments = std::env::args_os();
        let mut command = Command::new(&self.program);
        command.arg0(arguments.next().unwrap_or_else(|| "procman".into()));
        command.arg(format!("--watched-by={}", to_read.as_raw_fd()));
        if self.context.file.is_none() {
            // Should it be gone for a moment, no other is meant.
            command.arg("--file").arg(&self.manifest);
        }
        self.is_running.store(true, Ordering::SeqCst);
        let began = SystemTime::now();
        let program = text::path(&self.program);
        let failed =
            |error: io::Error| Error::Fault(format!("`{program}` cannot be started: {}", text::io_error(&error)));
        let mut child = command.args(arguments).spawn().map_err(failed)?;
        let sender = self.sender.clone();
        let wait = move || {
            if let Ok(status) = child.wait() {
                _ = sender.send(Message::Ended(status));
            }
        };
        thread::Builder::new().name("run".to_owned()).spawn(wait).map_err(|error| no_thread(&error))?;
        self.run = Some((to_write, began));
        Ok(())
    }

    fn tell(&mut self, signal: Signal) {
        self.say(u8::try_from(signal.0).unwrap_or(CHANGED));
    }

    /// Says something to the run under way; one that has just ended hears nothing.
    fn say(&mut self, word: u8) {
        if let Some((run, _)) = &mut self.run {
            _ = run.write_all(&[word]);
        }
    }

    /// Waits until something happens.
    fn next(&mut self) -> Result<Input, Error> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return Ok(input);
            }
            let message = match &self.restless_until {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some((_, end)) => self.inbox.recv_timeout(end.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Touched(touched)) => {
                    if self.observer.hint(touched) {
                        let now = Instant::now();
                        let first = self.restless_until.map_or(now, |(first, _)| first);
                        self.restless_until = Some((first, (first + LONGEST_QUIET).min(now + QUIET)));
                    }
                }
                // What runs now only the run can tell.
                Ok(Message::Signal(signal)) if Signal::ASKING.contains(&signal) => self.tell(signal),
                Ok(Message::Signal(signal)) => return Ok(Input::Signal(signal)),
                Ok(Message::Ended(status)) => self.ended(status)?,
                Err(RecvTimeoutError::Timeout) => {
                    self.restless_until = None;
                    let changed = self.observer.look()?;
                    self.queue_change(changed);
                }
                // Both ends are ours.
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Fault("nobody watches".to_owned())),
            }
        }
    }

    fn queue_change(&mut self, paths: BTreeSet<PathBuf>) {
        let spoils = paths.iter().any(|path| !self.observer.scope().is_rewritten(path));
        if !paths.is_empty() {
            self.inputs.push_back(Input::Changed { paths, spoils });
        }
    }

    /// All that changed before a run's end is found before that is told.
    fn ended(&mut self, status: ExitStatus) -> Result<(), Error> {
        self.is_running.store(false, Ordering::SeqCst);
        let began = self.run.take().map(|(_, began)| began);
        self.restless_until = None;
        let mut changed = self.observer.look_at_all()?;
        if self.has_depfiles {
            changed.extend(self.read(began)?);
        }
        self.queue_change(changed);
        let died_of = status.signal().map(Signal);
        let told = died_of.filter(|signal| Signal::ENDING.contains(signal));
        if let (Some(signal), None) = (died_of, told) {
            self.context.error(&format!("the run was ended by {signal}"));
        }
        self.inputs.push_back(Input::Ended(told));
        Ok(())
    }

    fn show_what_is_waited_for(&self, restless: &BTreeSet<PathBuf>) {
        if !restless.is_empty() {
            let names: Vec<String> = restless.iter().map(|path| self.show(path)).collect();
            let change = if names.len() == 1 { "changes" } else { "change" };
            self.note(&format!(
                "note: {} {change} during every run, and starts no other; what a task makes belongs into its `outputs`\n",
                text::names(&names)
            ));
        }
        self.note(&format!("watching {}; Ctrl-C ends\n", text::count(self.observer.count(), "file")));
    }

    fn changed_line(&self, changed: &BTreeSet<PathBuf>) -> String {
        let first = changed.first().map(|path| self.show(path)).unwrap_or_default();
        match changed.len() {
            0 | 1 => format!("changed: {first}\n"),
            number => format!("changed: {first} (+{} more)\n", number - 1),
        }
    }

    fn show(&self, path: &Path) -> String {
        self.context.show(&normalised(&self.root, path))
    }

    fn note(&self, text: &str) {
        if self.context.quiet == 0 {
            to_stderr(text);
        }
    }
}
