//! Children, daemons and other lives: forks, execs and users.
//!
//! This program has one thread, but for the last of a headless one, so a child may do whatever its parent may.

use std::ffi::CString;
use std::io;
use std::process;
use std::ptr;

use rustix::process::{Pid, setsid};

use crate::action::Action;
use crate::signal::check;
use crate::{TROUBLE, perform};

/// Performs `life` in a child, which ends after it, and goes on at once.
pub(crate) fn in_child(life: impl FnOnce() -> Result<(), String>) -> io::Result<Pid> {
    // SAFETY: there is one thread, so nothing that the child needs can be locked by another.
    let pid = check(unsafe { libc::fork() })?;
    Pid::from_raw(pid).map_or_else(
        || {
            let code = life().map_or_else(
                |problem| {
                    eprintln!("misbehave: {problem}");
                    TROUBLE
                },
                |()| 0,
            );
            process::exit(code)
        },
        Ok,
    )
}

/// As daemons do it: two forks, with the new session between them, so that the last can never get a terminal.
pub(crate) fn in_daemon(life: impl FnOnce() -> Result<(), String>) -> io::Result<()> {
    let between = in_child(|| {
        let daemon = || perform::all(&[Action::Silent]).and_then(|()| life());
        setsid().map_err(io::Error::from).and_then(|_| in_child(daemon)).map(drop).map_err(|error| error.to_string())
    })?;
    rustix::process::waitpid(Some(between), rustix::process::WaitOptions::empty())?;
    Ok(())
}

/// Is its own child, in a session of its own, again and again; whoever looks for it finds that it was here just now. It
/// ends with the folder that it is in.
pub(crate) fn refork(count: u32) -> io::Result<()> {
    for _ in 0..count {
        // SAFETY: as in `in_child`.
        if check(unsafe { libc::fork() })? > 0 || perform::is_removed() {
            process::exit(0);
        }
        setsid()?;
    }
    Ok(())
}

/// Goes on in another thread, and ends with it. The system shows the process as a zombie from then on.
pub(crate) fn headless(actions: Vec<Action>) -> io::Result<()> {
    std::thread::spawn(move || {
        let done = perform::all(&actions);
        process::exit(if done.is_ok() { 0 } else { TROUBLE })
    });
    // SAFETY: ends this thread alone, whose stack nobody else refers to.
    check(unsafe { libc::syscall(libc::SYS_exit, 0) }.try_into().unwrap_or(-1)).map(drop)
}

/// Becomes another program, with signals as they are now: unlike the standard library, which changes that of SIGPIPE.
pub(crate) fn exec(argv: &[String]) -> io::Result<()> {
    let argv = c_strings(argv)?;
    let Some(program) = argv.first() else { return Err(io::Error::other("a program is missing")) };
    let argv = pointers(&argv);
    // SAFETY: the strings outlive the call, and the array ends in null.
    check(unsafe { libc::execvp(program.as_ptr(), argv.as_ptr()) }).map(drop)
}

/// Becomes itself, without any variable.
pub(crate) fn forget(actions: &[String]) -> io::Result<()> {
    let itself = std::env::current_exe()?.display().to_string();
    let argv = c_strings(&[&[itself], actions].concat())?;
    let (argv, environment) = (pointers(&argv), pointers(&[]));
    // SAFETY: as in `exec`, and the first of `argv` is there.
    check(unsafe { libc::execve(argv[0], argv.as_ptr(), environment.as_ptr()) }).map(drop)
}

/// Groups first: afterwards it is nobody who may change them.
pub(crate) fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: the list of groups is empty, and the others are numbers.
    unsafe {
        check(libc::setgroups(0, ptr::null()))?;
        check(libc::setgid(id))?;
        check(libc::setuid(id)).map(drop)
    }
}

fn c_strings(words: &[String]) -> io::Result<Vec<CString>> {
    words.iter().map(|word| CString::new(word.as_str()).map_err(io::Error::other)).collect()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}
