//! Starting a process with `posix_spawn`, which shares memory with its parent until the exec and so costs the same
//! whatever the parent's size. `std::process` falls back to `fork` for some of what is set here, and its fork path runs
//! a script without `#!` through a shell.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::{DefaultSignals, Pid, Terminal};

/// All that a new process gets from us; everything else it has from the kernel.
#[derive(Debug)]
pub(crate) struct Command<'a> {
    /// An absolute path: nothing is looked up.
    pub(crate) program: &'a CStr,
    /// With the name the program is called by in front.
    pub(crate) argv: &'a [CString],
    /// `NAME=value` each: first the block that jobs share, then what is this attempt's own.
    pub(crate) environment: [&'a [CString]; 2],
    pub(crate) cwd: &'a CStr,
    pub(crate) default_signals: DefaultSignals,
    pub(crate) place: Place<'a>,
    /// `None` for `/dev/null`.
    pub(crate) stdin: Option<BorrowedFd<'a>>,
    pub(crate) stdout: BorrowedFd<'a>,
    pub(crate) stderr: BorrowedFd<'a>,
}

/// Where a new process stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In a session of its own, which no terminal controls.
    OwnSession,
    /// In a group of its own, in the foreground of this terminal.
    Foreground(&'a Terminal),
}

/// Starts the process, with an empty signal mask. The error is that of the step that failed, the exec included.
pub(crate) fn spawn(command: &Command<'_>) -> io::Result<Pid> {
    let argv = pointers([command.argv]);
    let environment = pointers(command.environment);
    let actions = FileActions::new(command)?;
    let attributes = Attributes::new(&command.default_signals, command.place)?;
    let mut pid = 0;
    // SAFETY: both arrays end in null and point into strings that outlive the call; the two objects are initialized.
    check(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            command.program.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            argv.as_ptr(),
            environment.as_ptr(),
        )
    })?;
    if let (Place::Foreground(terminal), None) = (command.place, add_take_foreground()) {
        // The new process could not take it by itself. One that could may have given it on by now.
        terminal.give_to(Pid(pid));
    }
    Ok(Pid(pid))
}

fn pointers<const N: usize>(parts: [&[CString]; N]) -> Vec<*mut libc::c_char> {
    let strings = parts.into_iter().flatten().map(|string| string.as_ptr().cast_mut());
    strings.chain([ptr::null_mut()]).collect()
}

/// The `posix_spawn` family returns its error instead of setting `errno`.
fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

struct FileActions(libc::posix_spawn_file_actions_t);

impl FileActions {
    fn new(command: &Command<'_>) -> io::Result<Self> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: initialized by the call, and wrapped only when that succeeded.
        let mut this = unsafe {
            check(libc::posix_spawn_file_actions_init(raw.as_mut_ptr()))?;
            Self(raw.assume_init())
        };
        let actions = &raw mut this.0;
        // SAFETY: `actions` is initialized; paths and descriptors outlive the spawn, and paths are copied by the call.
        unsafe {
            check(match command.stdin {
                Some(stdin) => libc::posix_spawn_file_actions_adddup2(actions, stdin.as_raw_fd(), 0),
                None => libc::posix_spawn_file_actions_addopen(actions, 0, c"/dev/null".as_ptr(), libc::O_RDONLY, 0),
            })?;
            check(libc::posix_spawn_file_actions_adddup2(actions, command.stdout.as_raw_fd(), 1))?;
            check(libc::posix_spawn_file_actions_adddup2(actions, command.stderr.as_raw_fd(), 2))?;
            check(libc::posix_spawn_file_actions_addchdir_np(actions, command.cwd.as_ptr()))?;
            if let (Place::Foreground(terminal), Some(add)) = (command.place, add_take_foreground()) {
                check(add(actions, terminal.as_fd().as_raw_fd()))?;
            }
        }
        Ok(this)
    }
}

type AddTakeForeground = unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, libc::c_int) -> libc::c_int;

/// glibc 2.35 lets the new process take the terminal's foreground before it becomes the program, so that there is no
/// moment in which that runs without it. Looked up, since older systems do not have it.
fn add_take_foreground() -> Option<AddTakeForeground> {
    // SAFETY: the name is a C string, and a function of that name has that signature.
    unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, c"posix_spawn_file_actions_addtcsetpgrp_np".as_ptr());
        std::mem::transmute::<*mut libc::c_void, Option<AddTakeForeground>>(found)
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: initialized in `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new(default_signals: &DefaultSignals, place: Place<'_>) -> io::Result<Self> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: initialized by the call, and wrapped only when that succeeded.
        let mut this = unsafe {
            check(libc::posix_spawnattr_init(raw.as_mut_ptr()))?;
            Self(raw.assume_init())
        };
        let attributes = &raw mut this.0;
        #[expect(clippy::cast_possible_truncation, reason = "the flags are defined to fit a short")]
        let signal_flags = (libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF) as libc::c_short;
        let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the set is emptied before its first use; the setters copy it.
        unsafe {
            libc::sigemptyset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(attributes, signals.as_ptr()))?;
            check(libc::posix_spawnattr_setsigdefault(attributes, &raw const default_signals.0))?;
            let place = match place {
                Place::OwnSession => OWN_SESSION,
                // A group of 0, which is what the attributes begin with, is one of its own.
                Place::Foreground(_) => OWN_GROUP,
            };
            check(libc::posix_spawnattr_setflags(attributes, signal_flags | place))?;
        }
        Ok(this)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the flag is defined to fit a short")]
const OWN_GROUP: libc::c_short = libc::POSIX_SPAWN_SETPGROUP as libc::c_short;
#[cfg(target_os = "linux")]
const OWN_SESSION: libc::c_short = libc::POSIX_SPAWN_SETSID;
/// `<spawn.h>` of macOS 10.15; not in the `libc` crate.
#[cfg(target_os = "macos")]
const OWN_SESSION: libc::c_short = 0x0400;

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialized in `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}
