//! Many short jobs on a terminal, with somebody who reads what is shown, against the same with nobody to show it to.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::measure::{Cost, cost, in_turn};
use crate::peers::{Program, Workload};
use crate::{Effort, Scratch, table};

const LIMIT: u32 = 2;
const UNSEEN: &str = "to /dev/null";
const SEEN: &str = "on a terminal";

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let workload = Workload::independent(if effort.quick { 500 } else { 5_000 });
    let rounds = effort.pick(7, 3);
    let rows = in_turn(rounds, &[UNSEEN, SEEN], |name| {
        let folder = scratch.folder()?;
        Program::Procman.write(&folder, workload)?;
        let mut command = Program::Procman.run(&folder, workload, LIMIT)?;
        if *name == UNSEEN { cost(&mut command) } else { seen(command) }
    })?;
    let title = format!("terminal: {} x /bin/true, limit {LIMIT}, {rounds} rounds; to reach: 1.0", workload.tasks);
    table::print(&title, &rows, UNSEEN, &[table::WALL, table::CPU]);
    Ok(())
}

fn seen(mut command: std::process::Command) -> io::Result<Cost> {
    let (mut person, programs) = pair()?;
    command.env("TERM", "xterm").env_remove("CI").stdout(programs.try_clone()?).stderr(programs);
    let reader = thread::spawn(move || {
        let mut part = vec![0; 64 * 1024];
        // Without programs Linux answers with an error.
        while person.read(&mut part).is_ok_and(|read| read > 0) {}
    });
    let cost = cost(&mut command);
    // With it go the last descriptors of the programs' side.
    drop(command);
    reader.join().map_err(|_| io::Error::other("the reader has panicked"))?;
    cost
}

/// Both sides of a new terminal.
fn pair() -> io::Result<(File, OwnedFd)> {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    let name = ptsname(&person, Vec::new())?;
    let programs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    Ok((File::from(person), programs))
}
