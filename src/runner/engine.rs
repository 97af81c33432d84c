//! Where the scheduler, the executor and the reporters meet. What is to be done is the scheduler's to say; here it is
//! done, and what procman itself cannot do is turned into a cancel.
//!
//! There is one lock. Whoever has news takes it, steps the scheduler and performs what follows: a slot thread whose
//! process has ended does so itself and goes on with the next attempt at once. A loop in a thread of its own would be
//! simpler to picture, but each end would then wait for two changes of thread, which at a limit of 2 costs a fifth of
//! the jobs that a machine can run. The thread that calls [`run`] keeps the time and takes in cancels.
//!
//! A slot thread is started when there is more work than idle ones; there are never more than the live limit.

mod pause;

use std::borrow::Cow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use super::files::Files;
use super::state::{State, Work};
use crate::event::{
    CancelLevel, CancelReason, EventKind, Fate, Fault, LeftOver, Reporter, RunPlan, RunRecord, RunStatus,
};
use crate::exec::{Executor, FileKeeper, Leash, Notice, scarce};
use crate::plan::Plan;
use crate::schedule::{Action, Attempt, Input, ProcessEnd, ProcessOutcome, Rules, Scheduler, has_succeeded};
use crate::text;

/// A slot thread waits, writes a few lines, and looks for files; what finds those takes some room. Pages that are not
/// touched cost nothing.
const SLOT_STACK: usize = 512 * 1024;

/// How long a run lasts before the executor is told to watch, and then until it is told again; short ones need not pay
/// for it.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// What the thread that keeps the time is told.
#[derive(Debug)]
pub(super) enum Control {
    Cancel {
        reason: CancelReason,
        level: CancelLevel,
    },
    /// The run is to stand still; to be told when it does.
    Pause(SyncSender<()>),
    /// It is to go on, if it stands still.
    Resume,
    /// Something is due earlier than it thinks.
    Rearm,
    /// Every job has ended.
    Done,
}

/// How a run came out.
#[derive(Debug)]
pub(crate) struct RunEnd {
    pub(crate) record: RunRecord,
    /// What procman itself could not do; the first, if several.
    pub(crate) fault: Option<Fault>,
    /// What the run went by, handed back because it takes its time to let go of it: who ends the process next need not.
    pub(crate) went_by: Option<(Arc<Plan>, Option<Files>)>,
}

struct Engine<'a> {
    plan: Arc<Plan>,
    executor: &'a dyn Executor,
    files: Option<&'a dyn FileKeeper>,
    control: Sender<Control>,
    state: Mutex<State<'a>>,
    work_or_end: Condvar,
}

/// Runs a plan to its end. Returns when every job has ended, none of its processes' leaders left.
pub(super) fn run<'a>(
    plan: Arc<Plan>,
    run_plan: RunPlan,
    rules: Rules,
    executor: &'a dyn Executor,
    files: Option<&'a dyn FileKeeper>,
    reporters: Vec<Box<dyn Reporter + 'a>>,
    (control, inbox): (Sender<Control>, Receiver<Control>),
) -> RunEnd {
    let engine = Engine {
        executor,
        files,
        control,
        work_or_end: Condvar::new(),
        state: Mutex::new(State::new(Scheduler::new(Arc::clone(&plan), rules), reporters)),
        plan,
    };
    thread::scope(|scope| {
        let _alarm = Alarm(&engine);
        let mut state = engine.lock();
        let fault = state.emit(Duration::ZERO, [EventKind::RunStarted(Box::new(run_plan))]);
        engine.cancel_for(scope, &mut state, fault.err(), 0);
        engine.step(scope, &mut state, Input::Start, 0);
        drop(state);
        engine.keep_time(scope, &inbox);
        engine.close();
        engine.end();
    });
    let state = engine.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    RunEnd { record: state.record, fault: state.fault, went_by: None }
}

impl<'a> Engine<'a> {
    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_time<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, inbox: &Receiver<Control>) {
        let mut watch_at = WATCH_EVERY;
        loop {
            let pause = {
                let mut state = self.lock();
                state.armed = state.scheduler.next_wake();
                let due = state.armed.map_or(watch_at, |armed| armed.min(watch_at));
                state.clock.until(due)
            };
            let message = match pause {
                Some(pause) => inbox.recv_timeout(pause),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let input = match message {
                Ok(Control::Cancel { reason, level }) => Input::Cancel { reason, level },
                Ok(Control::Pause(stands_still)) => {
                    self.pause(scope);
                    // Whoever asked may have had no time to wait.
                    _ = stands_still.send(());
                    continue;
                }
                Ok(Control::Resume) => {
                    self.resume(scope);
                    continue;
                }
                Ok(Control::Rearm) => continue,
                Err(RecvTimeoutError::Timeout) if watch_at <= self.lock().clock.now() => {
                    self.executor.watch();
                    // One that was told to stop may not have done so yet when the run went on.
                    self.lock().wake_the_unborn();
                    watch_at = self.lock().clock.now() + WATCH_EVERY;
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => Input::Wake,
                Ok(Control::Done) | Err(RecvTimeoutError::Disconnected) => return,
            };
            self.step(scope, &mut self.lock(), input, 0);
        }
    }

    /// Every job has ended: removes what is left, looks for what was to be left, and writes the last event.
    fn close(&self) {
        let leash = Leash::default();
        if self.lock().scheduler.cancel_level() == Some(CancelLevel::Kill) {
            leash.kill();
        }
        let leftovers = self.executor.sweep(&leash);
        let logs = self.executor.check_logs();
        let mut state = self.lock();
        let now = state.clock.now();
        let Some(mut last) = state.last_event.take() else { return };
        let mut fault = unkillable("the run", &leftovers);
        if !leftovers.is_empty() {
            fault = state.emit(now, [EventKind::LeftBehind { processes: leftovers }]).err().or(fault);
        }
        // A fault that is known already says enough.
        if let (Err(log), None, None) = (logs, &state.fault, &fault) {
            let gone = Fault(log.to_string());
            let reason = CancelReason::Fault(gone.0.clone());
            let cancel = EventKind::CancelRequested { reason, level: CancelLevel::NoNew };
            fault = state.emit(now, [cancel]).err().or(Some(gone));
        }
        if fault.is_some() {
            last = EventKind::RunEnded { status: RunStatus::Broken };
        }
        let fault = state.emit(now, [last]).err().or(fault);
        state.fault = state.fault.take().or(fault);
    }

    /// The life of a slot thread: one attempt or check after another.
    fn slot<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let _alarm = Alarm(self);
        let mut state = self.lock();
        state.idle -= 1;
        loop {
            let may_start = !state.clock.is_stopped() && !state.ended;
            let next = if may_start { state.queue.pop_front() } else { None };
            if let Some(work) = next {
                drop(state);
                let (input, fault) = match work {
                    Work::Attempt(attempt, leash) => {
                        let (end, fault) = self.attempt(scope, attempt, &leash);
                        state = self.lock();
                        state.leashes.remove(&attempt.job);
                        (Input::Ended { job: attempt.job, end }, fault)
                    }
                    Work::Check(job) => {
                        let fresh = self.files.is_some_and(|files| files.check(job));
                        state = self.lock();
                        (Input::Checked { job, fresh }, None)
                    }
                };
                self.cancel_for(scope, &mut state, fault, 1);
                self.step(scope, &mut state, input, 1);
            } else if state.ended || state.has_too_many_threads() {
                state.threads -= 1;
                return;
            } else {
                state.idle += 1;
                state = self.work_or_end.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }

    /// Carries an attempt out. Answers what became of it, and what of that is procman's to answer for.
    fn attempt<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        attempt: Attempt,
        leash: &Leash,
    ) -> (ProcessEnd, Option<Fault>) {
        let (name, job) = (self.plan.jobs.name(attempt.job), self.plan.jobs.job(attempt.job));
        let prepared = match self.files.map(|files| files.prepare(attempt.job, attempt.number)) {
            None => Cow::Borrowed(job),
            Some(Ok(job)) => job,
            Some(Err(why)) => return (ProcessEnd::without_process(ProcessOutcome::SpawnFailed(why)), None),
        };
        let notify = |notice| self.notice(scope, attempt, notice);
        match self.executor.run(name, &prepared, attempt, leash, &notify) {
            Ok(mut end) => {
                let incomplete = || end.log_incomplete.then(|| Fault(self.executor.incomplete().to_string()));
                let fault = unkillable(name, &end.leftovers).or_else(incomplete);
                let settled = match self.files {
                    Some(files) if has_succeeded(&job.settings, &end) => files.settle(attempt.job, &mut end),
                    Some(files) if end.outcome.is_of_the_job() => files.failed(attempt.job),
                    _ => Ok(()),
                };
                (end, fault.or(settled.err()))
            }
            Err(log) => (ProcessEnd::without_process(ProcessOutcome::Refused), Some(Fault(log.to_string()))),
        }
    }

    /// Tells what happens to an attempt on its way.
    fn notice<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, attempt: Attempt, notice: Notice) {
        let (job, attempt) = (self.plan.jobs.name(attempt.job).clone(), attempt.number);
        let kind = match notice {
            Notice::Stopped(signal) => EventKind::AttemptStopped { job, attempt, signal },
            Notice::Continued => EventKind::AttemptContinued { job, attempt },
        };
        let mut state = self.lock();
        let now = state.clock.now();
        let fault = state.emit(now, [kind]).err();
        self.cancel_for(scope, &mut state, fault, 0);
    }

    /// Steps the scheduler and performs what follows. `free` is 1 when the calling thread will take work next.
    fn step<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, state: &mut State<'a>, input: Input, free: usize) {
        let now = state.clock.now();
        let mut actions = Vec::new();
        let mut fault = None;
        let mut unstarted = Vec::new();
        // What follows each other is told at once: it costs one `write`.
        let mut told = Vec::new();
        state.look_at_memory();
        state.scheduler.step(now, input, &mut actions);
        match (state.scheduler.cancel_level(), self.files) {
            (Some(CancelLevel::Kill), Some(files)) => files.stop(),
            (Some(CancelLevel::Terminate), Some(files)) => files.stop_checks(),
            _ => {}
        }
        for action in actions {
            if let Action::Emit(kind) = action {
                match kind {
                    EventKind::RunEnded { .. } => state.last_event = Some(kind),
                    _ => told.push(kind),
                }
                continue;
            }
            fault = state.emit(now, told.drain(..)).err().or(fault);
            // Nothing starts whose start is not in the record.
            let may_start = fault.is_none() && state.fault.is_none();
            match action {
                Action::Emit(_) => {}
                Action::Spawn(attempt) if may_start => {
                    let leash = Arc::new(Leash::default());
                    state.leashes.insert(attempt.job, Arc::clone(&leash));
                    state.queue.push_back(Work::Attempt(attempt, leash));
                }
                Action::Spawn(Attempt { job, .. }) => {
                    unstarted.push(Input::Ended { job, end: ProcessEnd::without_process(ProcessOutcome::Refused) });
                }
                Action::Check(job) if may_start => state.queue.push_back(Work::Check(job)),
                Action::Check(job) => unstarted.push(Input::Checked { job, fresh: false }),
                Action::Terminate(job) => state.leash(job, Leash::terminate),
                Action::Kill(job) => state.leash(job, Leash::kill),
            }
        }
        fault = state.emit(now, told).err().or(fault);
        unstarted.extend(self.staff(scope, state, free));
        if state.has_too_many_threads() {
            self.work_or_end.notify_all();
        }
        if state.last_event.is_some() {
            self.tell(Control::Done);
        } else if state.scheduler.next_wake().is_some_and(|due| state.armed.is_none_or(|armed| due < armed)) {
            self.tell(Control::Rearm);
        }
        self.cancel_for(scope, state, fault, free);
        for input in unstarted {
            self.step(scope, state, input, free);
        }
    }

    /// Ends the run early when procman could not do its own work: what runs goes on, nothing new starts.
    fn cancel_for<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        state: &mut State<'a>,
        fault: Option<Fault>,
        free: usize,
    ) {
        let Some(fault) = fault else { return };
        let reason = CancelReason::Fault(fault.0.clone());
        if state.fault.is_none() {
            state.fault = Some(fault);
            self.step(scope, state, Input::Cancel { reason, level: CancelLevel::NoNew }, free);
        }
    }

    /// Sees to it that all that is queued has a thread coming for it. That for which none can be started is taken out of
    /// the queue again; the answer is what became of it.
    fn staff<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, state: &mut State<'a>, free: usize) -> Vec<Input> {
        for _ in 0..state.queue.len().saturating_sub(free).min(state.idle) {
            self.work_or_end.notify_one();
        }
        while state.idle + free < state.queue.len() {
            let name = format!("slot-{}", state.threads);
            let thread = thread::Builder::new().name(name).stack_size(SLOT_STACK);
            if let Err(error) = thread.spawn_scoped(scope, || self.slot(scope)) {
                let what = "no thread can be started";
                let reason = scarce(what, &error).unwrap_or_else(|| what.to_owned());
                let stranded = state.queue.split_off(state.idle + free);
                return stranded.iter().map(|work| state.strand(work, &reason)).collect();
            }
            state.threads += 1;
            state.idle += 1;
        }
        Vec::new()
    }

    /// Lets the slot threads go.
    fn end(&self) {
        self.lock().ended = true;
        self.work_or_end.notify_all();
    }

    fn tell(&self, message: Control) {
        // The time keeper is gone only when the run has ended, and then there is nothing to tell.
        _ = self.control.send(message);
    }
}

/// The fault of processes that could not be ended.
fn unkillable(of: &str, leftovers: &[LeftOver]) -> Option<Fault> {
    let names: Vec<String> =
        leftovers.iter().filter(|process| process.fate == Fate::Unkillable).map(LeftOver::to_string).collect();
    let of = text::escape(of.as_bytes());
    (!names.is_empty()).then(|| {
        Fault(format!("processes of {of} cannot be ended and live on: {}; who may end them must", names.join(", ")))
    })
}

/// Goes off when a thread of the engine panics: no job is left running, no thread waiting, and the panic goes on.
struct Alarm<'e, 'a>(&'e Engine<'a>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // First the end, so that no attempt follows one that is killed.
            self.0.end();
            self.0.lock().leashes.values().for_each(|leash| leash.kill());
            self.0.tell(Control::Done);
        }
    }
}
