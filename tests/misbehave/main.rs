//! A program for the tests that does what jobs should not: `misbehave ACTION…` performs its actions from left to right,
//! and ends well when they are over. `misbehave ignore TERM ready file wait` ignores TERM, says in `file` that it is
//! ready, and waits for ever. [`action::Action`] lists them all.
//!
//! Nothing here waits for a time: a test knows by a file how far this program is, and by a file it lets it go on.

#![no_main]
#![expect(unsafe_code, reason = "to misbehave is to make system calls that no careful program makes")]
#![expect(clippy::print_stderr, reason = "it is a program that prints")]

mod action;
mod family;
mod perform;
mod report;
mod shell;
mod signal;
mod terminal;

/// The code of a `misbehave` that could not do what it was asked to.
const TROUBLE: i32 = 70;

/// In place of Rust's own `main`, which ignores SIGPIPE before anything can look at it, and hands that on.
#[unsafe(no_mangle)]
extern "C" fn main() -> libc::c_int {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let performed = action::parse(&words).and_then(|actions| perform::all(&actions));
    performed.map_or_else(
        |problem| {
            eprintln!("misbehave: {problem}");
            TROUBLE
        },
        |()| 0,
    )
}
