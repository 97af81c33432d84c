//! The guardian: a process that outlives procman, however that dies, and then ends what procman has left.
//!
//! It is a copy of procman made before there is anything to copy, and it sleeps on a pipe whose other end only procman
//! holds. The system closes that end when procman dies, also by KILL or for want of memory. What it has to know by then
//! procman has written into memory that they share, so guarding a job costs no system call. It knows processes by their
//! leaders, their sessions and their environment; it does not know jobs.

use std::collections::HashSet;
use std::io::{self, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::record::{close_record, take_over};
use crate::sys::{self, Board, Pid, Process, Signal, Terminal};

/// How long it looks for processes that end and are still there.
const LAST_WAIT: Duration = Duration::from_secs(10);
/// How long another guardian has to do the same.
const GUARDIANS_TIME: Duration = Duration::from_secs(1);
/// How long it waits before it looks again.
const PAUSE: Duration = Duration::from_millis(10);
/// How often in a row it must find nobody: a process that was being started at one look has its environment at the
/// next.
const EMPTY_LOOKS: usize = 3;

/// procman's hold on its guardian.
#[derive(Debug)]
pub(crate) struct Guardian {
    pid: Pid,
    board: &'static Board,
    /// Never written to: that it is open is what it says.
    _alive: PipeWriter,
}

impl Guardian {
    /// Starts the guardian, which must be done before any thread is started.
    pub(crate) fn start() -> io::Result<Self> {
        let board = Board::new()?;
        let (end_of_procman, alive) = io::pipe()?;
        // Opened while procman's terminal can be opened by this name; a session of its own has none.
        let terminal = Terminal::open().ok();
        let kept: Vec<BorrowedFd<'_>> = terminal.iter().map(Terminal::as_fd).chain([end_of_procman.as_fd()]).collect();
        let pid = sys::fork_apart(&kept, || {
            sys::wait_for_close(&end_of_procman);
            if let Some((run, record)) = board.run() {
                // At once: a shell is about to ask for the next command.
                terminal.iter().filter(|_| board.is_drawn()).for_each(Terminal::erase_from_cursor);
                let _lock = take_over(&record);
                end_what_is_left(board, &run);
                // Without such a job the modes are those of whoever has the terminal now.
                terminal.iter().filter(|_| board.is_terminal_lent()).for_each(Terminal::restore);
                close_record(&record);
            }
        })?;
        Ok(Self { pid, board, _alive: alive })
    }

    /// Says which run there is to guard.
    pub(crate) fn guard(&self, run: &str, record: &Path) {
        self.board.arm(run, record);
    }

    /// Where it reads what it has to know.
    pub(crate) fn board(&self) -> &'static Board {
        self.board
    }
}

impl Drop for Guardian {
    /// Sends it away, since nothing is left to guard; unless procman fails, which is what the guardian is for.
    fn drop(&mut self) {
        if !thread::panicking() {
            _ = sys::signal_process(self.pid, Signal::KILL);
            _ = sys::reap(self.pid);
        }
    }
}

/// Kills the processes of the run until none can be found.
fn end_what_is_left(board: &Board, run: &[u8]) {
    let leaders: HashSet<Pid> = board.leaders().into_iter().collect();
    let mark = [b"PROCMAN_RUN_ID=", run].concat();
    let start = Instant::now();
    let mut empty_looks = 0;
    while empty_looks < EMPTY_LOOKS && start.elapsed() < LAST_WAIT {
        let found = left(board, &leaders, &mark);
        empty_looks = if found.is_empty() { empty_looks + 1 } else { 0 };
        for process in found {
            // The guardian of a procman that was a job knows of jobs that nobody else can tell.
            if sys::is_called_apart(&process) && start.elapsed() < GUARDIANS_TIME {
                continue;
            }
            // What is another user's stays; there is nobody left to tell.
            _ = sys::signal_process(process.pid, Signal::KILL);
        }
        thread::sleep(PAUSE);
    }
}

/// The processes of the run: those of its leaders' sessions and groups, those that have its mark in their environment,
/// and their descendants, but for those to be left alone.
fn left(board: &Board, leaders: &HashSet<Pid>, mark: &[u8]) -> Vec<Process> {
    let all = sys::processes();
    let belongs = |process: &&Process| {
        leaders.contains(&process.session) || leaders.contains(&process.group) || is_marked(process.pid, mark)
    };
    let mut found: Vec<Process> = all.iter().filter(belongs).cloned().collect();
    sys::add_descendants(&mut found, &all);
    let spared = sys::kin_of(&board.spared(), &all);
    found.retain(|process| !spared.contains(&process.pid) && process.pid != Pid::of_this_process());
    found
}

fn is_marked(pid: Pid, mark: &[u8]) -> bool {
    sys::environment_of(pid).split(|byte| *byte == 0).any(|variable| variable == mark)
}
