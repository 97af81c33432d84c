//! What a process has inherited, in words.

use std::fmt::Write;
use std::os::fd::BorrowedFd;

use crate::signal;

/// Descriptors above this are not looked for.
const HIGHEST_DESCRIPTOR: i32 = 1024;

/// Three lines: `blocked:`, `ignored:` and `descriptors:`, each with its names or numbers.
pub(crate) fn text() -> String {
    let names = |signals: Vec<i32>| signals.into_iter().map(signal::name);
    let open = (0..HIGHEST_DESCRIPTOR).filter(|fd| is_open(*fd)).map(|fd| fd.to_string());
    line("blocked", names(signal::blocked())) + &line("ignored", names(signal::ignored())) + &line("descriptors", open)
}

fn is_open(fd: i32) -> bool {
    // SAFETY: the descriptor is only asked for its flags, which of one that is not open is an error and no more.
    rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(fd) }).is_ok()
}

fn line(title: &str, words: impl Iterator<Item = String>) -> String {
    let mut line = format!("{title}:");
    for word in words {
        _ = write!(line, " {word}");
    }
    line + "\n"
}
