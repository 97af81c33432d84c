//! The processes of this machine, as `/proc` shows them. On a system without it nothing is seen.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::Pid;

/// A process at the moment it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) parent: Pid,
    pub(crate) group: Pid,
    pub(crate) session: Pid,
    /// The first 15 bytes of its program's name, or what it calls itself; anything may be in it.
    pub(crate) name: String,
    /// Stopped by a signal.
    pub(crate) stopped: bool,
}

/// All that live; a zombie does not.
pub(crate) fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| process(Pid(pid))).collect()
}

/// The process of this id, if it lives.
pub(crate) fn process(pid: Pid) -> Option<Process> {
    parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(pid: Pid, stat: &[u8]) -> Option<Process> {
    // The name, in parentheses, may hold anything; the other fields stand behind its last one.
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let name_start = stat.iter().position(|byte| *byte == b'(')? + 1;
    let name = String::from_utf8_lossy(stat.get(name_start..name_end)?).into_owned();
    let fields: Vec<&str> = std::str::from_utf8(&stat[name_end + 1..]).ok()?.split_ascii_whitespace().collect();
    let [state, parent, group, session, _, _, flags, ..] = fields[..] else { return None };
    let id = |text: &str| text.parse().ok().map(Pid);
    // What is about to end has no memory any more, and so nothing by which one could tell whose it is. As long as it has
    // other threads, a process that has lost its first is neither.
    let is_ending = matches!(state, "Z" | "X") || flags.parse().is_ok_and(|flags: u32| flags & PF_EXITING != 0);
    if is_ending && fields.get(THREADS).is_none_or(|threads| matches!(*threads, "0" | "1")) {
        return None;
    }
    let (parent, group, session) = (id(parent)?, id(group)?, id(session)?);
    Some(Process { pid, parent, group, session, name, stopped: state == "T" })
}

/// `include/linux/sched.h`: on its way to its end.
const PF_EXITING: u32 = 0x4;
/// The place of the number of threads behind the name; proc(5) calls it field 20.
const THREADS: usize = 17;

/// The children of this process that live, and have not left its process group.
pub(crate) fn children_in_own_group() -> Vec<Process> {
    let Some(me) = process(Pid::of_this_process()) else { return Vec::new() };
    let mut all = processes();
    all.retain(|process| process.parent == me.pid && process.group == me.group);
    all
}

/// The environment that a process was started with, `NAME=value` strings that end in NUL each; empty if it cannot be
/// read, as that of another user's process, and while the process becomes another program.
pub(crate) fn environment_of(pid: Pid) -> Vec<u8> {
    let environment = read_whole(Path::new(&format!("/proc/{pid}/environ"))).unwrap_or_default();
    if !environment.is_empty() {
        return environment;
    }
    // A main thread that has ended has none, but another thread may.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let environments = threads.filter_map(|thread| read_whole(&thread.path().join("environ")).ok());
    environments.max_by_key(Vec::len).unwrap_or_default()
}

/// Reads a file of the kernel's in one piece, if it is not huge: what belongs to a process is cut off where that ends or
/// becomes another program between two reads.
fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = vec![0; 128 * 1024];
    let length = file.read(&mut bytes)?;
    bytes.truncate(length);
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same, but of a process that is about to become another program it waits until it has. `None` if it has ended.
pub(crate) fn settled_environment_of(pid: Pid) -> Option<Vec<u8>> {
    for _ in 0..EXEC_LOOKS {
        let environment = environment_of(pid);
        if !environment.is_empty() {
            return process(pid).map(|_| environment);
        }
        // In the middle of an exec there is neither environment nor arguments.
        if fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|arguments| !arguments.is_empty()) {
            // Between the two looks that exec may have come to its end.
            return Some(environment_of(pid));
        }
        process(pid)?;
        thread::sleep(EXEC_PAUSE);
    }
    Some(Vec::new())
}

/// How often and how far apart a process is looked at that is about to become a program.
const EXEC_LOOKS: usize = 100;
const EXEC_PAUSE: Duration = Duration::from_micros(200);

/// Adds to `found` all descendants of those in it.
pub(crate) fn add_descendants(found: &mut Vec<Process>, all: &[Process]) {
    let mut children: HashMap<Pid, Vec<&Process>> = HashMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(process);
    }
    let mut known: HashSet<Pid> = found.iter().map(|process| process.pid).collect();
    let mut at = 0;
    while let Some(parent) = found.get(at).map(|process| process.pid) {
        let new = children.get(&parent).into_iter().flatten().filter(|child| known.insert(child.pid));
        found.extend(new.map(|child| Process::clone(child)));
        at += 1;
    }
}

/// Of `all` processes, those named, those of their sessions, and the descendants of these. A session that somebody else
/// leads is not theirs: what was on a terminal shares one with its user's shell.
pub(crate) fn kin_of(named: &[Pid], all: &[Process]) -> HashSet<Pid> {
    if named.is_empty() {
        return HashSet::new();
    }
    let is_named = |it: &&Process| named.contains(&it.pid);
    let mut sessions: HashSet<Pid> = all.iter().filter(is_named).map(|it| it.session).collect();
    for stranger in all.iter().filter(|it| !is_named(it)) {
        sessions.remove(&stranger.pid);
    }
    let is_kin = |it: &&Process| is_named(it) || sessions.contains(&it.session);
    let mut kin: Vec<Process> = all.iter().filter(is_kin).cloned().collect();
    add_descendants(&mut kin, all);
    kin.into_iter().map(|process| process.pid).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_among_those_that_live() {
        let me = Pid::of_this_process();
        let found = processes().into_iter().find(|process| process.pid == me).expect("this process lives");
        assert_eq!(Some(&found), process(me).as_ref());
        assert!(!found.stopped);
        assert!(environment_of(me).split(|byte| *byte == 0).any(|variable| variable.starts_with(b"PATH=")));
    }

    #[test]
    fn whatever_a_process_is_called_its_fields_are_found_and_one_that_ends_does_not_live() {
        let stat = |name: &str, state: &str, flags: u32, threads: u32| {
            let between = "0 ".repeat(10);
            format!("7 ({name}) {state} 1 2 3 0 -1 {flags} {between}{threads} 0 99\n").into_bytes()
        };
        let found = |state, flags, threads| parse(Pid(7), &stat("x) Z 8 9 (", state, flags, threads));
        let living = found("S", 0, 1).expect("it lives");
        assert_eq!((living.name.as_str(), living.parent, living.session), ("x) Z 8 9 (", Pid(1), Pid(3)));
        assert!(found("T", 0, 1).is_some_and(|process| process.stopped));
        assert_eq!([found("Z", 0, 1), found("X", 0, 0), found("R", 4, 1)], [None, None, None]);
        assert!(found("Z", 4, 2).is_some(), "its other threads go on");
        assert_eq!(parse(Pid(7), b""), None);
    }

    #[test]
    fn descendants_are_found_through_any_number_of_parents() {
        let process = |pid, parent| Process {
            pid: Pid(pid),
            parent: Pid(parent),
            group: Pid(pid),
            session: Pid(pid),
            name: String::new(),
            stopped: false,
        };
        let all = [process(5, 4), process(4, 3), process(3, 2), process(9, 1), process(6, 3)];
        let mut found = vec![process(3, 2)];
        add_descendants(&mut found, &all);
        let mut pids: Vec<i32> = found.iter().map(|process| process.pid.0).collect();
        pids.sort_unstable();
        assert_eq!(pids, [3, 4, 5, 6]);
    }
}
