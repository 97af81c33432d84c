//! What an attempt leaves behind: processes that outlive its leader.
//!
//! Where procman adopts orphans, whatever a leader leaves becomes procman's child at the moment the leader ends, even a
//! daemon, so one look at the list of adopted children says that nothing was left. Elsewhere only those are seen that
//! stay in the leader's session or group.

use std::collections::HashSet;
use std::ffi::CString;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Leash;
use crate::event::{Fate, LeftOver};
use crate::job::Leak;
use crate::sys::{self, Board, Orphans, Pid, Process, Signal};

/// How long a process may take to end by itself after its leader before it counts as left behind.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long what is left behind may take to end after TERM, if the job's `grace` is not shorter.
const LONGEST_GRACE: Duration = Duration::from_secs(1);
/// How long a killed process may take to be gone before it counts as one that cannot be killed.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How long the guardian of a procman that was a job has for what that left, which only the guardian can tell.
const GUARDIANS_TIME: Duration = Duration::from_secs(1);
/// How often processes are looked for: at first, and at most.
const LOOKS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];
/// How often one looks again when something may have escaped a look.
const LOOKS_AGAIN: usize = 20;
/// How often the adopted are looked at between two looks at all processes, to get ahead of one that forks on and on.
const QUICK_LOOKS: usize = 500;

/// How procman sees to processes that are not its own children.
#[derive(Debug, Default)]
pub(crate) struct Household {
    /// Those that it adopts; `None` where it does not.
    pub(crate) orphans: Option<Orphans>,
    /// What its guardian knows, if it has one.
    pub(crate) board: Option<&'static Board>,
    /// Those that could not be ended, and were told of.
    given_up: Mutex<HashSet<Pid>>,
}

impl Household {
    pub(crate) fn new(orphans: Option<Orphans>, board: Option<&'static Board>) -> Self {
        Self { orphans, board, given_up: Mutex::default() }
    }

    /// Tells the guardian that a job has the terminal from now on, or that none has.
    pub(crate) fn lend_terminal(&self, lent: bool) {
        if let Some(board) = self.board {
            board.set_terminal_lent(lent);
        }
    }

    /// Of `all` processes, those that are to be left alone: each that was named, its session, and their descendants;
    /// and those with which nothing can be done.
    fn spared(&self, all: &[Process]) -> HashSet<Pid> {
        let named = self.board.map(Board::spared).unwrap_or_default();
        &sys::kin_of(&named, all) | &*self.given_up()
    }

    fn given_up(&self) -> MutexGuard<'_, HashSet<Pid>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what is left of the run when all its attempts have ended, and could be laid to none of them.
    pub(crate) fn sweep(&self, leash: &Leash) -> Vec<LeftOver> {
        if self.orphans.is_none() {
            return Vec::new();
        }
        let left = Family { household: self, of: Of::Run };
        left.clear(leash, None, Leak::Kill, LONGEST_GRACE)
    }
}

/// Processes that are dealt with together.
#[derive(Debug)]
pub(crate) struct Family<'a> {
    pub(crate) household: &'a Household,
    pub(crate) of: Of<'a>,
}

/// What a process belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of<'a> {
    /// An attempt, by its leader, and by what is in the environment of each, unless it threw that away.
    Attempt { leader: Pid, marks: &'a [CString] },
    /// The run, once it has no attempt left.
    Run,
}

impl Family<'_> {
    /// Deals with what the leader, which has ended and was told `told` by then, has left behind.
    pub(crate) fn clear(&self, leash: &Leash, told: Option<Signal>, leak: Leak, grace: Duration) -> Vec<LeftOver> {
        let found = self.living();
        if found.is_nobody() {
            return Vec::new();
        }
        if told.is_some() {
            // That they go is what was asked for; only that one does not is worth telling.
            self.end(leash, found, None);
            let all = self.remove(leash, Vec::new());
            return all.into_iter().filter(|process| process.fate == Fate::Unkillable).collect();
        }
        let found = self.outlast(leash, PATIENCE);
        if found.is_nobody() {
            return Vec::new();
        }
        if leak == Leak::Ignore {
            return self.spare(&found.seen);
        }
        let deadline = leash.now() + grace.min(LONGEST_GRACE);
        let all = self.end(leash, found, Some(deadline));
        self.remove(leash, all)
    }

    /// Those that live. Without adoption one has to look at all processes to know.
    fn living(&self) -> Living {
        // While one looks, a process may have a child and end. That it did shows, and then one has to look again.
        match (0..LOOKS_AGAIN).find_map(|_| self.look()) {
            Some(seen) => Living { seen, all_seen: true },
            None => Living { seen: Vec::new(), all_seen: false },
        }
    }

    /// Those that live, unless something escaped the look.
    fn look(&self) -> Option<Vec<Process>> {
        let adopted = match &self.household.orphans {
            None => Vec::new(),
            Some(orphans) => match orphans.living() {
                adopted if adopted.is_empty() => return Some(Vec::new()),
                adopted => adopted,
            },
        };
        let all = sys::processes();
        let seen: HashSet<Pid> = all.iter().map(|process| process.pid).collect();
        if !adopted.iter().all(|pid| seen.contains(pid)) {
            return None;
        }
        let spared = self.household.spared(&all);
        let mut found = Vec::new();
        for process in all.iter().filter(|process| !spared.contains(&process.pid)) {
            if self.has(process, &adopted)? {
                found.push(process.clone());
            }
        }
        sys::add_descendants(&mut found, &all);
        found.retain(|process| !spared.contains(&process.pid) && !self.is_led_by(process.pid));
        Some(found)
    }

    /// Whether a process is one of these; `None` if it ended before that could be told.
    fn has(&self, process: &Process, adopted: &[Pid]) -> Option<bool> {
        if let Of::Attempt { leader, .. } = self.of
            && (process.session == leader || process.group == leader)
        {
            return Some(true);
        }
        if adopted.contains(&process.pid) { self.is_marked(process.pid) } else { Some(false) }
    }

    /// Whether an adopted process says of itself that it is one of these; `None` if it has ended.
    fn is_marked(&self, pid: Pid) -> Option<bool> {
        let Of::Attempt { marks, .. } = self.of else { return Some(true) };
        let environment = sys::settled_environment_of(pid)?;
        let has = |mark: &CString| environment.split(|byte| *byte == 0).any(|variable| variable == mark.to_bytes());
        Some(marks.iter().all(has))
    }

    fn is_led_by(&self, pid: Pid) -> bool {
        matches!(self.of, Of::Attempt { leader, .. } if leader == pid)
    }

    /// Waits until nobody is left, but for so long at most; answers who is.
    fn outlast(&self, leash: &Leash, patience: Duration) -> Living {
        let until = leash.now() + patience;
        let mut pause = LOOKS[0];
        loop {
            let found = self.living();
            if found.is_nobody() || leash.ending().is_some() || leash.now() >= until {
                return found;
            }
            leash.wait(pause);
            pause = (pause * 2).min(LOOKS[1]);
        }
    }

    /// Tells everybody to end who has not been told with the leader's group, and waits until nobody is left, or until
    /// the deadline, or until the kill comes. Answers all that were told.
    fn end(&self, leash: &Leash, mut found: Living, deadline: Option<Instant>) -> Vec<Process> {
        let mut told: Vec<Process> = Vec::new();
        let mut pause = LOOKS[0];
        let is_over =
            || leash.ending() == Some(Signal::KILL) || deadline.is_some_and(|deadline| leash.now() >= deadline);
        while !found.is_nobody() && !is_over() {
            for process in found.seen {
                if told.iter().any(|known| known.pid == process.pid) {
                    continue;
                }
                // The leader's group has been told, unless the leader ended by itself.
                if deadline.is_some() || !self.is_led_by(process.group) {
                    tell_to_end(process.pid);
                }
                told.push(process);
            }
            leash.wait(pause);
            pause = (pause * 2).min(LOOKS[1]);
            found = self.living();
        }
        told
    }

    /// Kills everybody who is left, until nobody is. Answers what became of those `told` to end and of the others.
    fn remove(&self, leash: &Leash, told: Vec<Process>) -> Vec<LeftOver> {
        let start = leash.now();
        let has_passed = |time| leash.now() >= start + time;
        let mut seen = told;
        let mut pause = LOOKS[0];
        let stay = loop {
            let guardians_too = has_passed(GUARDIANS_TIME);
            self.kill_adopted(&mut seen, guardians_too);
            let found = self.look();
            let mut may_any_end = false;
            for process in found.iter().flatten() {
                let killed = kill(process, guardians_too);
                may_any_end |= !killed.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
                if !seen.iter().any(|known| known.pid == process.pid) {
                    seen.push(process.clone());
                    pause = LOOKS[0];
                }
            }
            if found.is_some() && !may_any_end || has_passed(LAST_WAIT) {
                break found.unwrap_or_default();
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LOOKS[1]);
        };
        self.household.given_up().extend(stay.iter().map(|process| process.pid));
        let stays = |process: &Process| stay.iter().any(|left| left.pid == process.pid);
        let fate = |process: &Process| if stays(process) { Fate::Unkillable } else { Fate::Removed };
        seen.iter().map(|process| left_over(process, fate(process))).collect()
    }

    /// Kills the adopted of this family as fast as they come, and adds them to those that were `seen`: while one of
    /// them forks on and on, no other look may have seen any. That one itself is added once.
    fn kill_adopted(&self, seen: &mut Vec<Process>, guardians_too: bool) {
        let Some(orphans) = &self.household.orphans else { return };
        // Whoever is to be left alone can only be told from all processes.
        if self.household.board.is_some_and(|board| !board.spared().is_empty()) {
            return;
        }
        for _ in 0..QUICK_LOOKS {
            let mut any = false;
            for pid in orphans.living().into_iter().filter(|pid| self.is_marked(*pid) == Some(true)) {
                let Some(process) = sys::process(pid) else {
                    // It has just ended, and what it has had is here instead.
                    any = true;
                    continue;
                };
                any |= kill(&process, guardians_too).is_ok();
                if seen.iter().all(|known| known.name != process.name) {
                    seen.push(process);
                }
            }
            if !any {
                return;
            }
        }
    }

    fn spare(&self, found: &[Process]) -> Vec<LeftOver> {
        if let Some(board) = self.household.board {
            for process in found {
                board.spare(process.pid);
            }
        }
        found.iter().map(|process| left_over(process, Fate::Spared)).collect()
    }
}

/// What a look has found.
#[derive(Debug)]
struct Living {
    seen: Vec<Process>,
    /// Whether nobody can have escaped.
    all_seen: bool,
}

impl Living {
    fn is_nobody(&self) -> bool {
        self.seen.is_empty() && self.all_seen
    }
}

fn tell_to_end(pid: Pid) {
    for signal in [Signal::TERM, Signal::CONT] {
        _ = sys::signal_process(pid, signal);
    }
}

/// Kills a process; the guardian of another procman only when its time is over.
fn kill(process: &Process, guardians_too: bool) -> io::Result<()> {
    if sys::is_called_apart(process) && !guardians_too {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    sys::signal_process(process.pid, Signal::KILL)
}

fn left_over(process: &Process, fate: Fate) -> LeftOver {
    LeftOver { pid: process.pid.0.unsigned_abs(), name: process.name.clone(), fate }
}
