//! procman killed while a thousand jobs live: how long until none does.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use crate::measure::{Cost, in_turn};
use crate::{Effort, Scratch, table};

const JOBS: usize = 1_000;
/// What each job runs: nothing else on the machine does.
const TASK: [&str; 2] = ["sleep", "86399"];

/// What procman is told by.
const SIGNALS: [&str; 2] = ["KILL", "TERM"];

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let rounds = effort.pick(10, 3);
    let rows = in_turn(rounds, &SIGNALS, |signal| {
        let folder = scratch.folder()?;
        let jobs: Vec<String> = (0..JOBS).map(|n| format!("t{n} = {TASK:?}\n")).collect();
        fs::write(folder.join("procman.toml"), format!("limit = {JOBS}\n[tasks]\n{}", jobs.concat()))?;
        kill(&folder, signal)
    })?;
    let title = format!("kill: {JOBS} live jobs, until none is left, {rounds} rounds; to reach: KILL <= 1000 ms");
    table::print(&title, &rows, "TERM", &[table::WALL_MS]);
    Ok(())
}

fn kill(folder: &Path, signal: &str) -> io::Result<Cost> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_procman"));
    let mut procman = command.arg("-qq").current_dir(folder).stderr(Stdio::null()).spawn()?;
    let live = loop {
        let live = living(&everybody());
        if live.len() == JOBS {
            break live;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let start = Instant::now();
    Command::new("kill").args(["-s", signal, &procman.id().to_string()]).status()?;
    while !living(&live).is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    let wall = start.elapsed().as_secs_f64();
    procman.wait()?;
    Ok(Cost { wall, cpu: 0.0, memory: 0.0 })
}

/// The ids of all processes.
fn everybody() -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Those among them that live and are jobs. A zombie has no command line.
fn living(pids: &[String]) -> Vec<String> {
    let line = TASK.join("\0") + "\0";
    let is_job = |pid: &&String| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|found| found == line);
    pids.iter().filter(is_job).cloned().collect()
}
