//! Watching: which files a run is made from, when one of them has changed, and what to do about it.
//!
//! Knows plans, files and what the system tells of folders. Does not know how a run is made or ended: whoever watches
//! is told what to do by the [`Machine`].

mod folders;
mod index;
mod looks;
mod machine;
mod observer;
mod open_folder;
mod scope;

pub(crate) use folders::{Touched, WatchError};
pub(crate) use machine::{Action, Input, Machine, OnBusy};
pub(crate) use observer::Observer;
pub(crate) use scope::Scope;
