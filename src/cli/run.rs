//! `procman run`.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::iterator::Signals;

use super::args::{RunArgs, SelectionArgs};
use super::context::{Context, to_stdout};
use super::{Error, FAILURE, FAULT, SUCCESS, usage};
use crate::event::{CancelLevel, CancelReason, Reporter, RunStatus};
use crate::manifest::{Manifest, Selection};
use crate::plan::Plan;
use crate::record::StateFolder;
use crate::report::{Detail, Progress, Screen, Summary};
use crate::runner::{Canceller, ControlChannel, Run, RunEnd, available_cpus};
use crate::schedule::Rules;
use crate::sys::Signal;
use crate::text;

/// How long a procman that was told to end waits for somebody to read its last words.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many runs are kept.
const KEEP_RUNS: usize = 20;

pub(super) fn run(context: &Context, args: RunArgs) -> Result<u8, Error> {
    let manifest = context.manifest()?;
    let rules = rules(&manifest, &args);
    let path = manifest.path().to_owned();
    let root = manifest.root().to_owned();
    let plan = plan(manifest, args.selection)?;
    if args.dry_run {
        return dry_run(&plan);
    }
    record_run(context, plan, rules, root, path)
}

fn rules(manifest: &Manifest, args: &RunArgs) -> Rules {
    let limit = args.limit.or(manifest.limit()).map_or_else(available_cpus, |limit| limit.resolve(available_cpus));
    Rules { limit, on_failure: args.on_failure().unwrap_or(manifest.on_failure()), timeout: args.timeout }
}

/// The plan of what was selected; never an empty one.
pub(super) fn plan(manifest: Manifest, args: SelectionArgs) -> Result<Plan, Error> {
    let selection = Selection { names: args.tasks, no_deps: args.no_deps, arguments: args.arguments };
    let plan = manifest.plan(&selection)?;
    if plan.jobs().is_empty() {
        return Err(usage("there is nothing to run: `default` is empty, or every task is `manual` or `private`"));
    }
    Ok(plan)
}

fn dry_run(plan: &Plan) -> Result<u8, Error> {
    let mut out = String::new();
    for (name, job) in plan.topological_order() {
        let words: Vec<_> = job.settings.wrapper.iter().chain(&job.argv).collect();
        _ = writeln!(out, "{}: {}", text::escape(name.as_bytes()), text::argv(&words));
    }
    to_stdout(out.as_bytes()).map(|()| SUCCESS)
}

fn record_run(context: &Context, plan: Plan, rules: Rules, root: PathBuf, path: PathBuf) -> Result<u8, Error> {
    let state = StateFolder::beside(&root);
    let (folder, journal) = state.new_run()?;
    let styles = context.styles();
    let screen = Screen::new(io::stderr()).map_err(|error| no_thread(&error))?;
    let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(journal)];
    if context.quiet == 0 {
        reporters.push(Box::new(Progress::new(screen.sender(), styles.clone(), context.verbose > 0)));
    }
    let control = ControlChannel::new();
    let signals = EndingSignals::watch(control.canceller())?;
    let logs = folder.logs();
    let id = folder.id();
    let end = Run { id, plan, rules, manifest: Some(path), root, logs: logs.clone(), reporters, control }.execute();
    signals.kill_from_now_on();
    if context.quiet < 2 {
        let detail = match (context.quiet, context.verbose) {
            (0, 0) => Detail::Table,
            (0, _) => Detail::Memory,
            _ => Detail::Failures,
        };
        let seen_from = &context.called_in;
        screen.show(Summary { record: &end.record, logs: &logs, seen_from, styles: &styles, detail }.render());
    }
    if let Some(fault) = &end.fault {
        screen.show(context.error_line(&fault.0));
    }
    screen.finish(signals.first().map(|_| PATIENCE));
    signals.die_of_the_first();
    // What cannot be removed now can be after the next run.
    _ = state.remove_old_runs(KEEP_RUNS);
    Ok(exit_code(&end))
}

fn exit_code(end: &RunEnd) -> u8 {
    match end.record.status {
        _ if end.fault.is_some() => FAULT,
        Some(RunStatus::Ok) => SUCCESS,
        Some(RunStatus::Failed | RunStatus::Cancelled) => FAILURE,
        Some(RunStatus::Broken) | None => FAULT,
    }
}

fn no_thread(error: &io::Error) -> Error {
    Error::Fault(format!("a thread cannot be started: {}", text::io_error(error)))
}

/// Turns signals into cancels while a run is under way. The thread that does it is left to end with the process.
struct EndingSignals {
    /// The first that came; 0 for none.
    first: Arc<AtomicI32>,
    /// Whether the run has ended, so that there is nothing to clean up.
    over: Arc<AtomicBool>,
}

impl EndingSignals {
    /// Those that were ignored when procman was started stay ignored.
    fn watch(canceller: Canceller) -> Result<Self, Error> {
        let watched = Signal::ENDING.into_iter().filter(|signal| !signal.is_ignored());
        let fault = |error: io::Error| Error::Fault(format!("signals cannot be handled: {}", text::io_error(&error)));
        let mut signals = Signals::new(watched.map(|signal| signal.0)).map_err(fault)?;
        let this = Self { first: Arc::default(), over: Arc::default() };
        let (first, over) = (Arc::clone(&this.first), Arc::clone(&this.over));
        let watch = move || {
            let mut level = CancelLevel::Terminate;
            for signal in signals.forever() {
                _ = first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                if over.load(Ordering::SeqCst) {
                    _ = signal_hook::low_level::emulate_default_handler(first.load(Ordering::SeqCst));
                }
                canceller.cancel(CancelReason::Signal(Signal(signal).to_string()), level);
                level = CancelLevel::Kill;
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(watch).map_err(|error| no_thread(&error))?;
        Ok(this)
    }

    /// From now on a signal ends procman at once.
    fn kill_from_now_on(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    fn first(&self) -> Option<i32> {
        Some(self.first.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// If a signal came, ends procman by it, as whoever sent it expects.
    fn die_of_the_first(&self) {
        if let Some(first) = self.first() {
            _ = signal_hook::low_level::emulate_default_handler(first);
        }
    }
}
