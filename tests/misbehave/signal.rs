//! Signals: their names, what happens on them, and dying of one.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use signal_hook::low_level::{register, signal_name};

/// One more than the highest number of a signal.
const HIGHEST: i32 = 65;

/// The number of a signal such as `TERM`; the error is a text.
pub(crate) fn number(name: &str) -> Result<i32, String> {
    let named = |number: &i32| self::name(*number).strip_prefix("SIG") == Some(name);
    (1..HIGHEST).find(named).ok_or_else(|| format!("`{name}` is no signal"))
}

/// The numbers of signals such as `INT,TERM`, or of `ALL`.
pub(crate) fn numbers(names: &str) -> Result<Vec<i32>, String> {
    if names == "ALL" { Ok((1..HIGHEST).collect()) } else { names.split(',').map(number).collect() }
}

/// As in `SIGTERM`.
pub(crate) fn name(number: i32) -> String {
    signal_name(number).map_or_else(|| format!("signal-{number}"), str::to_owned)
}

/// Adds a line to the file for each of these signals that comes. It is written before whatever else this program does,
/// so somebody who knows what came after a signal knows that the line is there.
pub(crate) fn note(path: &Path, signals: &[i32]) -> io::Result<()> {
    for signal in signals {
        let path = CString::new(path.as_os_str().as_bytes())?;
        let line = name(*signal) + "\n";
        let write = move || {
            // SAFETY: all three may be called in a handler, and the strings are as long as they say.
            unsafe {
                let file = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND, 0o600);
                libc::write(file, line.as_ptr().cast(), line.len());
                libc::close(file);
            }
        };
        // SAFETY: the handler takes no memory and no lock.
        unsafe { register(*signal, write) }?;
    }
    Ok(())
}

pub(crate) fn ignore(signals: &[i32]) -> io::Result<()> {
    set(signals, libc::SIG_IGN)
}

pub(crate) fn make_default(signals: &[i32]) -> io::Result<()> {
    set(signals, libc::SIG_DFL)
}

fn set(signals: &[i32], disposition: libc::sighandler_t) -> io::Result<()> {
    for signal in signals {
        // SAFETY: neither of the two dispositions runs any code.
        if unsafe { libc::signal(*signal, disposition) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Of `ALL`, the kernel leaves out those that cannot be blocked.
pub(crate) fn block(signals: &[i32]) -> io::Result<()> {
    change_mask(libc::SIG_BLOCK, signals)
}

fn change_mask(how: libc::c_int, signals: &[i32]) -> io::Result<()> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is emptied before it is used; a number that is no signal changes nothing.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        check(libc::sigprocmask(how, set.as_ptr(), std::ptr::null_mut())).map(drop)
    }
}

/// Those that are blocked now.
pub(crate) fn blocked() -> Vec<i32> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: without a new mask the call only fills in the one that is.
    let set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_BLOCK, std::ptr::null(), set.as_mut_ptr());
        set.assume_init()
    };
    // SAFETY: the set is initialized.
    (1..HIGHEST).filter(|signal| unsafe { libc::sigismember(&raw const set, *signal) } == 1).collect()
}

/// Those that are ignored now.
pub(crate) fn ignored() -> Vec<i32> {
    let is_ignored = |signal: &i32| {
        let mut action = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: without a new action the call only fills in the one that is, which is read when that worked.
        unsafe {
            libc::sigaction(*signal, std::ptr::null(), action.as_mut_ptr()) == 0
                && action.assume_init().sa_sigaction == libc::SIG_IGN
        }
    };
    (1..HIGHEST).filter(is_ignored).collect()
}

pub(crate) fn raise(signal: i32) -> io::Result<()> {
    // SAFETY: a signal to this process, which is what was asked for.
    check(unsafe { libc::raise(signal) }).map(drop)
}

/// Ends by the signal, whatever was set for it.
pub(crate) fn die(signal: i32) -> io::Result<()> {
    // KILL cannot be set, and need not be.
    _ = make_default(&[signal]);
    change_mask(libc::SIG_UNBLOCK, &[signal])?;
    raise(signal)?;
    Err(io::Error::other("still alive"))
}

/// The error of a call that answers -1.
pub(crate) fn check(answer: libc::c_int) -> io::Result<libc::c_int> {
    if answer == -1 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}
