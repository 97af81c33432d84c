//! Doing what is written, one small function for each action that has no file of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::Duration;

use crate::action::Action;
use crate::{family, report, shell, signal, terminal};

/// Performs all, from left to right; the error is a text.
pub(crate) fn all(actions: &[Action]) -> Result<(), String> {
    actions.iter().try_for_each(|action| perform(action).map_err(|error| format!("{action:?}: {error}")))
}

fn perform(action: &Action) -> io::Result<()> {
    match action {
        Action::Ready(path) => write_whole(path, &format!("{}\n", process::id())),
        Action::Until(path) => until(|| path.exists()),
        Action::Wait => {
            wait();
            Ok(())
        }
        Action::Orphan => orphan(),
        Action::Hold(path) => hold(path),
        Action::Note(path, signals) => signal::note(path, signals),
        Action::Ignore(signals) => signal::ignore(signals),
        Action::Block(signals) => signal::block(signals),
        Action::Report(path) => write_whole(path, &report::text()),
        Action::Background(actions) => family::in_child(|| all(actions)).map(drop),
        Action::Daemon(actions) => family::in_daemon(|| all(actions)),
        Action::Session => rustix::process::setsid().map(drop).map_err(io::Error::from),
        Action::Silent => silence(),
        Action::Forget(actions) => family::forget(actions),
        Action::Headless(actions) => family::headless(actions.clone()),
        Action::Refork(count) => family::refork(*count),
        Action::User(id) => family::become_user(*id),
        Action::Spam(count) => spam(*count),
        Action::Stop => signal::raise(libc::SIGSTOP),
        Action::Exit(code) => process::exit(*code),
        Action::Die(number) => signal::die(*number),
        Action::Exec(argv) => family::exec(argv),
        Action::TakeTerminal => terminal::take(),
        Action::Shell(changes, argv) => shell::run(changes, argv),
        Action::ReadTerminal(path) => write_whole(path, &terminal::outcome(terminal::read)),
        Action::SetTerminal(path) => write_whole(path, &terminal::outcome(terminal::set)),
        Action::GrabTerminal(path) => write_whole(path, &terminal::outcome(terminal::grab)),
    }
}

/// Whoever sees the file sees all of it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let new = PathBuf::from(format!("{}.{}", path.display(), process::id()));
    fs::write(&new, text)?;
    fs::rename(new, path)
}

/// Fails when the folder is gone, and with it everybody who could make it happen.
fn until(mut happened: impl FnMut() -> bool) -> io::Result<()> {
    while !happened() {
        if is_removed() {
            return Err(io::Error::other("the folder is gone"));
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// There may be thousands that wait, so each looks up rarely; a signal reaches it at once.
fn wait() {
    while !is_removed() {
        thread::sleep(Duration::from_secs(1));
    }
}

fn orphan() -> io::Result<()> {
    let parent = rustix::process::getppid();
    until(|| rustix::process::getppid() != parent)
}

/// Whether the current folder has been removed; one that may not be looked at has not.
pub(crate) fn is_removed() -> bool {
    fs::metadata(".").is_ok_and(|found| found.nlink() == 0)
}

/// The lock belongs to the open file, which every child shares, and lasts until the last of them has ended. So it is
/// never closed, not even by an exec.
fn hold(path: &Path) -> io::Result<()> {
    let file = File::create(path)?;
    file.lock()?;
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
    std::mem::forget(file);
    Ok(())
}

fn silence() -> io::Result<()> {
    let nowhere = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nowhere)?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(())
}

fn spam(count: usize) -> io::Result<()> {
    let lines = "spam\n".repeat(10_000);
    let mut out = io::stdout().lock();
    let mut left = count;
    while left > 0 {
        let part = left.min(lines.len());
        out.write_all(&lines.as_bytes()[..part])?;
        left -= part;
    }
    out.flush()
}
