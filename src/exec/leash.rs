//! The hold that the rest of procman has on an attempt's process, from before it is there until it is reaped.

use std::sync::{Mutex, PoisonError};

use crate::sys::{Pid, Signal, signal_group};

/// Ends a process without ever reaching a stranger: signals are sent only while the process cannot have been reaped.
#[derive(Debug, Default)]
pub(crate) struct Leash(Mutex<Hold>);

#[derive(Debug, Default)]
enum Hold {
    /// Not started yet; it is to get the signal as soon as it is.
    Before(Option<Signal>),
    /// Not reaped yet; whether it was told to end.
    During { pid: Pid, told: bool },
    /// Reaped: the id may be anyone's.
    #[default]
    After,
}

impl Leash {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Hold::Before(None)))
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
        self.with(|hold| {
            let pending = if let Hold::Before(pending) = hold { *pending } else { None };
            *hold = Hold::During { pid, told: pending.is_some() };
            if let Some(signal) = pending {
                send(pid, signal);
            }
        });
    }

    /// Lets go of a process that has ended, and calls `reap`. What is left of the group of one that was told to end is
    /// killed first, while the unreaped leader still keeps the group's id from being reused.
    pub(crate) fn release<T>(&self, reap: impl FnOnce(Pid) -> T) -> Option<T> {
        self.with(|hold| {
            let Hold::During { pid, told } = std::mem::take(hold) else { return None };
            if told {
                signal_group(pid, Signal::KILL);
            }
            Some(reap(pid))
        })
    }

    fn signal(&self, signal: Signal) {
        self.with(|hold| match hold {
            Hold::Before(pending) => *pending = Some(signal),
            Hold::During { pid, told } => {
                *told = true;
                send(*pid, signal);
            }
            Hold::After => {}
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut Hold) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn send(pid: Pid, signal: Signal) {
    signal_group(pid, signal);
    if signal != Signal::KILL {
        signal_group(pid, Signal::CONT);
    }
}
