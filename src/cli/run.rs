//! `procman run`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::confirm::confirm;
use super::context::{Context, to_stdout};
use super::options::{RunOptions, SelectionArgs};
use super::outlook::{EarlierState, Outlook};
use super::report::Reports;
use super::screen::{RunScreen, foresee};
use super::signals::{self, Signals};
use super::watch::{self, WatchArgs};
use super::{Error, FAILURE, FAULT, SUCCESS, github, no_pipe, usage};
use crate::definition::{Definition, Key, definitions};
use crate::event::{CancelReason, Origin, Reporter, RunRecord, RunStatus};
use crate::exec::Household;
use crate::export::Report;
use crate::guardian::Guardian;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::record::{RunFolder, StateFolder};
use crate::report::Progress;
use crate::retention::Retention;
use crate::runner::{ControlChannel, Files, Run, RunEnd, available_cpus, fresh_seed};
use crate::schedule::Rules;
use crate::selection::Selection;
use crate::sys::{Board, Orphans, Signal, Terminal};
use crate::text;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) options: RunOptions,
    #[command(flatten)]
    pub(super) watch: WatchArgs,
}

/// How long a procman that was told to end waits for somebody to read its last words.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(context: &Context, args: RunArgs) -> Result<u8, Error> {
    if args.watch.watch && context.watcher.is_none() {
        return watch::watch(context, args);
    }
    let guardian = guardian(context, &args.options);
    let selection: Selection = args.selection.into();
    let path = context.manifest_path()?;
    let earlier = EarlierState::of(&path);
    let manifest = context.manifest_at(&path, &selection.set, false)?;
    Prepared::new(context, manifest, selection, &args.options)?.run(context, &args.options, earlier, guardian)
}

/// A run that could begin.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    /// The manifest's folder.
    pub(super) root: PathBuf,
    pub(super) origin: Origin,
    rules: Rules,
    retention: Retention,
}

impl Prepared {
    pub(super) fn new(
        context: &Context,
        manifest: Manifest,
        selection: Selection,
        options: &RunOptions,
    ) -> Result<Self, Error> {
        let origin = Origin {
            manifest: manifest.path().to_string_lossy().into_owned(),
            manifest_hash: Some(manifest.hash()),
            selection,
            rerun_of: None,
            earlier: Vec::new(),
        };
        let rules = rules(&manifest, options);
        let (root, retention) = (manifest.root().to_owned(), manifest.retention());
        Ok(Self { plan: plan(context, manifest, &origin.selection)?, root, origin, rules, retention })
    }

    /// What each job of the plan is.
    pub(super) fn definitions(&self, key: &Key) -> Vec<Definition> {
        definitions(self.plan.jobs(), &self.root, key)
    }

    pub(super) fn run(
        self,
        context: &Context,
        options: &RunOptions,
        earlier: EarlierState,
        guardian: Option<Guardian>,
    ) -> Result<u8, Error> {
        // Without a name, all are meant.
        let all = self.origin.selection.names.is_empty();
        let forced = self.plan.named.iter().map(|named| options.force && (all || *named)).collect();
        if options.dry_run {
            dry_run(self, forced, earlier)
        } else if self.plan.jobs().is_empty() {
            Ok(SUCCESS)
        } else {
            record_run(context, self, options, forced, earlier, guardian)
        }
    }
}

/// The guardian of the run to come. It is made first of all: later there is more to copy, and threads.
pub(super) fn guardian(context: &Context, options: &RunOptions) -> Option<Guardian> {
    if options.dry_run {
        return None;
    }
    let started = Guardian::start();
    if let Err(error) = &started {
        let error = text::io_error(error);
        context.warn(&format!("no guardian can be started: {error}; if procman is killed, its jobs will live on"));
    }
    started.ok()
}

fn rules(manifest: &Manifest, options: &RunOptions) -> Rules {
    let limit = options.limit.or(manifest.limit()).map_or_else(available_cpus, |limit| limit.resolve(available_cpus));
    Rules {
        limit,
        on_failure: options.on_failure().unwrap_or(manifest.on_failure()),
        timeout: options.timeout,
        seed: options.seed.unwrap_or_else(fresh_seed),
        prospects: Vec::new(),
    }
}

/// The plan of what was selected. It is empty only where the matrices of all that was selected are, which is said.
pub(super) fn plan(context: &Context, manifest: Manifest, selection: &Selection) -> Result<Plan, Error> {
    let empty: Vec<String> = manifest.empty_matrices(&selection.names)?.into_iter().map(str::to_owned).collect();
    let plan = manifest.plan(selection)?;
    if plan.jobs().is_empty() {
        if empty.is_empty() {
            let problem = "there is nothing to run: `default` is empty, or every task is `manual` or `private`";
            return Err(usage(problem));
        }
        let matrix = if empty.len() == 1 { "matrix" } else { "matrices" };
        context.note(&format!("nothing to run: nothing was found for the {matrix} of {}", text::names(&empty)));
    }
    Ok(plan)
}

fn dry_run(prepared: Prepared, forced: Vec<bool>, earlier: EarlierState) -> Result<u8, Error> {
    let Prepared { plan, root, .. } = prepared;
    let outlook = Outlook::without_writing(plan, &root, forced, earlier)?;
    to_stdout(outlook.lines(&root).as_bytes()).map(|()| SUCCESS)
}

fn record_run(
    context: &Context,
    prepared: Prepared,
    options: &RunOptions,
    forced: Vec<bool>,
    earlier: EarlierState,
    guardian: Option<Guardian>,
) -> Result<u8, Error> {
    let terminal = terminal_for(&prepared.plan)?;
    let reports = Reports::prepare(context, &options.report)?;
    let state = StateFolder::beside(&prepared.root);
    state.prepare()?;
    let (root, retention) = (prepared.root.clone(), prepared.retention);
    let decided = prepared.decide(context, options, &state.key()?, forced, earlier)?;
    let (folder, journal) = state.new_run()?;
    let control = ControlChannel::new();
    let signals = watch_signals(context, &control)?;
    let board = guardian.as_ref().map(Guardian::board);
    let (screen, progress) = decided.screen(context, options, &folder, board)?;
    signals.tell_status_by(screen.sender());
    let reporters: Vec<Box<dyn Reporter>> = vec![Box::new(journal), Box::new(progress)];
    let household = household(board);
    if let Some(guardian) = &guardian {
        guardian.guard(&folder.id(), &folder.events());
    }
    let end = decided.run(&folder, reporters, control, household, terminal).execute();
    signals.kill_from_now_on();
    drop(guardian);
    let report = Report { record: &end.record, logs: &folder.logs(), root: &root };
    let deadly = signals.first().or_else(|| interrupt(&end));
    let code = finish(context, screen, &end, &report, &reports, deadly.map(|_| PATIENCE));
    if let Some(signal) = deadly {
        signals::die_of(signal);
    }
    // What cannot be removed now can be after the next run.
    _ = state.remove_old_runs(&retention);
    // The process ends here, and takes all with it at once.
    std::mem::forget(end);
    code
}

/// A run of which is known what it will do.
struct Decided {
    plan: Arc<Plan>,
    files: Option<Files>,
    rules: Rules,
    origin: Origin,
    definitions: Vec<Definition>,
    root: PathBuf,
}

impl Prepared {
    /// Looks for what is up to date, and asks the user what tasks want to know.
    fn decide(
        self,
        context: &Context,
        options: &RunOptions,
        key: &Key,
        forced: Vec<bool>,
        earlier: EarlierState,
    ) -> Result<Decided, Error> {
        let definitions = self.definitions(key);
        let Self { plan, root, origin, mut rules, .. } = self;
        let outlook = Outlook::of(plan, &root, key, forced, earlier)?;
        let plan = Arc::clone(&outlook.plan);
        let (prospects, files) = outlook.prospects();
        rules.prospects = prospects;
        if !options.yes {
            confirm(context, &plan, &mut rules.prospects)?;
        }
        Ok(Decided { plan, files, rules, origin, definitions, root })
    }
}

impl Decided {
    fn screen(
        &self,
        context: &Context,
        options: &RunOptions,
        folder: &RunFolder,
        board: Option<&'static Board>,
    ) -> Result<(RunScreen, Progress), Error> {
        let foresee = foresee(&self.plan, self.rules.limit, StateFolder::beside(&self.root), folder.id());
        RunScreen::new(context, options.output.unwrap_or_default(), &self.plan, &folder.logs(), board, foresee)
    }

    fn run<'a>(
        self,
        folder: &RunFolder,
        reporters: Vec<Box<dyn Reporter + 'a>>,
        control: ControlChannel,
        household: Household,
        terminal: Option<Arc<Terminal>>,
    ) -> Run<'a> {
        let Self { plan, files, rules, origin, definitions, root } = self;
        let (id, logs, origin) = (folder.id(), folder.logs(), Some(origin));
        Run { id, plan, files, rules, origin, definitions, root, logs, reporters, control, household, terminal }
    }
}

/// Signals are handled from now on, and so is what a procman says that watches for this run.
fn watch_signals(context: &Context, control: &ControlChannel) -> Result<Signals, Error> {
    let signals = Signals::watch(control.canceller())?;
    if let Some(watcher) = &context.watcher {
        signals.obey(watcher.try_clone().map_err(|error| no_pipe(&error))?)?;
    }
    Ok(signals)
}

/// Writes what is to be written of a run that has ended, and shows how it did. Answers the exit code.
fn finish(
    context: &Context,
    screen: RunScreen,
    end: &RunEnd,
    report: &Report<'_>,
    reports: &Reports,
    patience: Option<Duration>,
) -> Result<u8, Error> {
    let mut faults: Vec<String> = end.fault.iter().map(|fault| fault.0.clone()).collect();
    faults.extend(reports.write(context, report));
    if context.quiet < 2 {
        screen.show(github::annotate(report.record, report.logs, report.root));
    }
    let warning = github::summarize(report).map(|problem| context.warning_line(&problem));
    let lines: Vec<String> = faults.iter().map(|fault| context.error_line(fault)).chain(warning).collect();
    screen.end(context, report.record, &lines, patience)?;
    Ok(exit_code(report.record, &faults))
}

/// The terminal, if the plan has a job that needs it.
fn terminal_for(plan: &Plan) -> Result<Option<Arc<Terminal>>, Error> {
    let Some((name, _)) = plan.jobs().iter().find(|(_, job)| job.settings.interactive) else { return Ok(None) };
    let refused = |why: &str| Err(usage(format!("`{}` is interactive, and {why}", text::escape(name.as_bytes()))));
    if !io::stdin().is_terminal() {
        return refused("procman's stdin is no terminal; start procman at a terminal, with nothing piped into it");
    }
    match Terminal::open() {
        Ok(terminal) if terminal.is_ours() => Ok(Some(Arc::new(terminal))),
        Ok(_) => refused("procman runs in the terminal's background; start it without `&`"),
        Err(_) => refused("no terminal controls procman; start it from a shell at a terminal"),
    }
}

/// procman adopts what its jobs leave, where the system lets it.
fn household(board: Option<&'static Board>) -> Household {
    let orphans = Orphans::adopt().ok();
    Household::new(orphans, board)
}

/// The signal by which the user ended an interactive job, which procman then dies of too.
fn interrupt(end: &RunEnd) -> Option<Signal> {
    matches!(end.record.cancel, Some(CancelReason::Signal(_))).then_some(Signal::INT)
}

fn exit_code(record: &RunRecord, faults: &[String]) -> u8 {
    match record.status {
        _ if !faults.is_empty() => FAULT,
        Some(RunStatus::Ok) => SUCCESS,
        Some(RunStatus::Failed | RunStatus::Cancelled) => FAILURE,
        Some(RunStatus::Broken) | None => FAULT,
    }
}
