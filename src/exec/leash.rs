//! The hold that the rest of procman has on an attempt's process, from before it is there until it is reaped.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::{Pid, Signal, Terminal, signal_group};

/// Ends, stops and continues a process without ever reaching a stranger: signals are sent only while the process cannot
/// have been reaped.
#[derive(Debug, Default)]
pub(crate) struct Leash {
    hold: Mutex<Hold>,
    /// Something was told.
    told: Condvar,
}

#[derive(Debug, Default)]
struct Hold {
    process: Stage,
    /// What it was told last about its end, or is to be told as soon as it is there.
    ending: Option<Signal>,
    /// Since when the run stands still, if it does.
    stopped: Option<Instant>,
    /// How long it has stood still before that.
    stood: Duration,
    /// Of a process in the foreground of this terminal.
    terminal: Option<Arc<Terminal>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    NotStarted,
    /// Its process may be there already, and is in no hand.
    Starting,
    Running(Pid),
    /// A zombie, which keeps its id and that of its group from being given away.
    Ended(Pid),
    /// The id may be anyone's.
    Reaped,
}

impl Leash {
    /// TERM to the whole group, and CONT, so that a stopped process gets to see it.
    pub(crate) fn terminate(&self) {
        self.tell(Signal::TERM);
    }

    /// KILL to the whole group.
    pub(crate) fn kill(&self) {
        self.tell(Signal::KILL);
    }

    /// Stops the whole group, until it is continued.
    pub(crate) fn stop(&self) {
        let mut hold = self.lock();
        hold.stopped.get_or_insert_with(Instant::now);
        hold.send(Signal::STOP);
    }

    /// A process is about to be started; waits until the run goes on, if it stands still.
    pub(crate) fn begin(&self) {
        let stands_still = |hold: &mut Hold| hold.stopped.is_some() && hold.ending.is_none();
        let hold = self.told.wait_while(self.lock(), stands_still);
        hold.unwrap_or_else(PoisonError::into_inner).process = Stage::Starting;
    }

    /// There is no process after all.
    pub(crate) fn abandon(&self) {
        self.lock().process = Stage::NotStarted;
        self.told.notify_all();
    }

    /// Waits, at most so long, until a process that is being started is in hand. Answers whether none is any more.
    pub(crate) fn wait_for_start(&self, most: Duration) -> bool {
        let is_starting = |hold: &mut Hold| hold.process == Stage::Starting;
        let waited = self.told.wait_timeout_while(self.lock(), most, is_starting);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Continues the whole group.
    pub(crate) fn cont(&self) {
        let mut hold = self.lock();
        if let Some(since) = hold.stopped.take() {
            hold.stood += since.elapsed();
        }
        if let (Stage::Running(pid), Some(terminal)) = (hold.process, &hold.terminal)
            && terminal.is_ours()
        {
            terminal.give_to(pid);
        }
        hold.send(Signal::CONT);
        self.told.notify_all();
    }

    /// Takes hold of the process just started, in the foreground of `terminal` or of none, and tells it what it has
    /// missed.
    pub(crate) fn attach(&self, pid: Pid, terminal: Option<Arc<Terminal>>) {
        let mut hold = self.lock();
        hold.process = Stage::Running(pid);
        hold.terminal = terminal;
        if hold.stopped.is_some() {
            hold.send(Signal::STOP);
        }
        if let Some(signal) = hold.ending {
            hold.end(signal);
        }
        self.told.notify_all();
    }

    /// The process that was taken hold of, until it is reaped.
    pub(crate) fn process(&self) -> Option<Pid> {
        match self.lock().process {
            Stage::Running(pid) | Stage::Ended(pid) => Some(pid),
            Stage::NotStarted | Stage::Starting | Stage::Reaped => None,
        }
    }

    /// Whether the process has been stopped because the run stands still.
    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped.is_some()
    }

    /// Now, on a clock that stands while the run does.
    pub(crate) fn now(&self) -> Instant {
        let hold = self.lock();
        let now = hold.stopped.unwrap_or_else(Instant::now);
        now.checked_sub(hold.stood).unwrap_or(now)
    }

    /// The process has ended; answers what it had been told by then.
    pub(crate) fn ended(&self) -> Option<Signal> {
        let mut hold = self.lock();
        if let Stage::Running(pid) = hold.process {
            hold.process = Stage::Ended(pid);
        }
        hold.ending
    }

    /// What the process has been told about its end.
    pub(crate) fn ending(&self) -> Option<Signal> {
        self.lock().ending
    }

    /// Waits for so long, or until something is told.
    pub(crate) fn wait(&self, pause: Duration) {
        let hold = self.lock();
        drop(self.told.wait_timeout(hold, pause).unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits before another try at a start, but not once somebody ends the attempt. Answers whether nobody has.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let hold = self.told.wait_timeout_while(self.lock(), time, |hold| hold.ending.is_none());
        hold.unwrap_or_else(PoisonError::into_inner).0.ending.is_none()
    }

    /// Lets go of the process, and calls `reap`, if it has not been reaped by somebody else: then its id may be
    /// anyone's already.
    pub(crate) fn release<T>(&self, reap: impl FnOnce() -> T) -> T {
        let mut hold = self.lock();
        hold.process = Stage::Reaped;
        reap()
    }

    fn tell(&self, signal: Signal) {
        let mut hold = self.lock();
        hold.ending = Some(signal);
        hold.end(signal);
        self.told.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    fn end(&self, signal: Signal) {
        self.send(signal);
        if signal != Signal::KILL {
            self.send(Signal::CONT);
        }
    }

    fn send(&self, signal: Signal) {
        if let Stage::Running(pid) | Stage::Ended(pid) = self.process {
            signal_group(pid, signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_pause_lasts_until_somebody_ends_the_attempt() {
        let leash = Leash::default();
        assert!(leash.pause(Duration::from_millis(1)), "nobody has");
        thread::scope(|scope| {
            let pause = scope.spawn(|| leash.pause(LONG));
            leash.terminate();
            assert!(!pause.join().expect("a pause does not panic"));
        });
        assert!(!leash.pause(LONG), "somebody had before");
    }

    #[test]
    fn what_is_being_started_is_waited_for_until_it_is_in_hand_or_is_not() {
        let leash = Leash::default();
        assert!(leash.wait_for_start(LONG), "nothing is");
        leash.begin();
        assert!(!leash.wait_for_start(Duration::ZERO));
        thread::scope(|scope| {
            let wait = scope.spawn(|| leash.wait_for_start(LONG));
            leash.abandon();
            assert!(wait.join().expect("a wait does not panic"));
        });
    }

    #[test]
    fn nothing_is_started_while_the_run_stands_still() {
        let leash = Leash::default();
        leash.stop();
        thread::scope(|scope| {
            let begin = scope.spawn(|| leash.begin());
            assert!(leash.wait_for_start(Duration::ZERO), "it has not begun");
            leash.cont();
            begin.join().expect("a wait does not panic");
        });
        assert!(!leash.wait_for_start(Duration::ZERO), "it has begun");
    }
}
