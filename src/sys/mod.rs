//! The operating system, and the only `unsafe` code of the crate.
//!
//! Knows processes, signals, descriptors and users by their numbers. Does not know jobs, limits, manifests or where
//! anything is written: every function here is one system call, or the few that only make sense together.

#![expect(unsafe_code, reason = "system calls that no safe wrapper among our dependencies offers")]

mod board;
mod clock;
mod files;
mod fork;
mod limits;
mod memory;
mod orphans;
mod processes;
mod signal;
mod spawn;
mod stat;
mod terminal;
mod wait;
mod watch;

use std::io;

pub(crate) use board::Board;
pub(crate) use clock::local_time;
pub(crate) use files::{
    allocate, create_in, current_user, free_space, inherited_pipe, is_executable, let_through,
    mark_descriptors_close_on_exec, open_folder, open_named, open_regular, open_regular_to_append,
    open_regular_to_write, remove_in, standard_descriptors,
};
pub(crate) use fork::{fork_apart, is_called_apart, wait_for_close};
pub(crate) use limits::argument_space;
pub(crate) use memory::available_memory;
pub(crate) use orphans::Orphans;
pub(crate) use processes::{
    Process, add_descendants, children_in_own_group, environment_of, kin_of, process, processes, settled_environment_of,
};
pub(crate) use signal::{DefaultSignals, Signal, normalize_inherited_signals, signal_group, signal_process};
pub(crate) use spawn::{Command, Place, spawn};
pub(crate) use stat::{FileKind, FileStat, Stamp, coarse_now, open_to_read_in, stat_in};
pub(crate) use terminal::{Terminal, ask_own_group_to_stop, is_in_foreground, window_size};
pub(crate) use wait::{Change, Exit, Pid, Usage, group_lives, reap, wait_for_change};
pub(crate) use watch::SignalWatch;

/// Calls again what a signal has interrupted; -1 is an error.
fn retry_interrupted(mut call: impl FnMut() -> libc::c_int) -> io::Result<libc::c_int> {
    loop {
        let answer = call();
        if answer != -1 {
            return Ok(answer);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
