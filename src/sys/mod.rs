//! The operating system, and the only `unsafe` code of the crate.
//!
//! Knows processes, signals, descriptors and users by their numbers. Does not know jobs, limits, manifests or where
//! anything is written: every function here is one system call, or the few that only make sense together.

#![expect(unsafe_code, reason = "system calls that no safe wrapper among our dependencies offers")]

mod files;
mod signal;
mod spawn;
mod wait;

pub(crate) use files::{current_user, is_executable, mark_descriptors_close_on_exec};
pub(crate) use signal::{DefaultSignals, Signal, normalize_inherited_signals, signal_group};
pub(crate) use spawn::{Command, spawn};
pub(crate) use wait::{Exit, Pid, group_has_others, reap, wait_for_exit};
