//! The hold that the rest of procman has on an attempt's process, from before it is there until it is reaped.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sys::{Pid, Signal, group_has_others, signal_group};

/// How often the group of an ended leader is looked at: at first, and at most.
const LOOKS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

/// Ends a process without ever reaching a stranger: signals are sent only while the process cannot have been reaped.
#[derive(Debug)]
pub(crate) struct Leash {
    hold: Mutex<Hold>,
    killed: Condvar,
}

#[derive(Debug, Clone, Copy)]
enum Hold {
    /// Not started yet; it is to get the signal as soon as it is.
    Before(Option<Signal>),
    /// Not reaped yet; what it was told last.
    During { pid: Pid, told: Option<Signal> },
    /// Reaped: the id may be anyone's.
    After,
}

impl Leash {
    pub(crate) fn new() -> Self {
        Self { hold: Mutex::new(Hold::Before(None)), killed: Condvar::new() }
    }

    /// TERM to the whole group, and CONT, so that a stopped process gets to see it.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// KILL to the whole group.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Takes hold of the process just started.
    pub(crate) fn attach(&self, pid: Pid) {
        let mut hold = self.lock();
        let told = if let Hold::Before(pending) = *hold { pending } else { None };
        *hold = Hold::During { pid, told };
        if let Some(signal) = told {
            send(pid, signal);
        }
    }

    /// Lets go of a process that has ended, and calls `reap`. If it was told to end, the rest of its group has been told
    /// too and gets the same time: the leader stays unreaped, which keeps the group's id from being reused, until the
    /// others are gone or the kill comes.
    pub(crate) fn release<T>(&self, pid: Pid, reap: impl FnOnce(Pid) -> T) -> T {
        let mut hold = self.lock();
        let mut pause = LOOKS[0];
        while matches!(*hold, Hold::During { told: Some(signal), .. } if signal != Signal::KILL)
            && group_has_others(pid)
        {
            hold = self.killed.wait_timeout(hold, pause).unwrap_or_else(PoisonError::into_inner).0;
            pause = (pause * 2).min(LOOKS[1]);
        }
        if matches!(*hold, Hold::During { told: Some(_), .. }) {
            // Nobody is left where that can be seen; where it cannot, the group ends with its leader.
            signal_group(pid, Signal::KILL);
        }
        *hold = Hold::After;
        reap(pid)
    }

    /// Lets go of a process that somebody else has reaped: its id may be anyone's.
    pub(crate) fn lose(&self) {
        *self.lock() = Hold::After;
    }

    fn signal(&self, signal: Signal) {
        let mut hold = self.lock();
        match &mut *hold {
            Hold::Before(pending) => *pending = Some(signal),
            Hold::During { pid, told } => {
                *told = Some(signal);
                send(*pid, signal);
            }
            Hold::After => {}
        }
        self.killed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(pid: Pid, signal: Signal) {
    signal_group(pid, signal);
    if signal != Signal::KILL {
        signal_group(pid, Signal::CONT);
    }
}
