//! The floor: the least that running processes in parallel with a log each can cost.
//!
//! Slot threads take one number after another, and each time create a log, start a process and wait for it. There is no
//! manifest, no order, no record, nothing shown, and nobody who could end a run early.

use std::ffi::CString;
use std::fs::OpenOptions;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, io, thread};

use crate::sys;

/// The word that makes this bench the floor: `MODE LIMIT COUNT FOLDER`.
pub(crate) const MODE: &str = "__floor";

/// Runs `count` processes, at most `limit` at once, with their logs in `folder`.
pub(crate) fn run(limit: usize, count: usize, folder: &Path) -> io::Result<()> {
    let environment: Vec<CString> = env::vars_os()
        .map(|(name, value)| CString::new([name.into_vec(), value.into_vec()].join(&b'=')))
        .collect::<Result<_, _>>()?;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let slot = || slot(&next, count, folder, &environment);
        let slots: Vec<_> = (0..limit).map(|_| scope.spawn(slot)).collect();
        slots.into_iter().try_for_each(|slot| slot.join().expect("a slot does not panic"))
    })
}

fn slot(next: &AtomicUsize, count: usize, folder: &Path, environment: &[CString]) -> io::Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        let path = folder.join(format!("t{number}.log"));
        let log = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        let pid = sys::spawn(c"/bin/true", environment, log.as_fd())?;
        drop(log);
        sys::wait(pid)?;
    }
}
