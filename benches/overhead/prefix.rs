//! Jobs that write many lines, each of which is shown with its job's name: against the same that is not shown.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;

use crate::measure::{Cost, cost, in_turn};
use crate::peers::{Program, Workload};
use crate::{Effort, Scratch, table};

/// The word that makes this bench the writer: `MODE LINES BUFFER`.
pub(crate) const MODE: &str = "__lines";

const JOBS: u32 = 4;
/// As much as C programs write at once to a file; others write each line by itself.
const BLOCK: usize = 4096;

/// What `--output` is.
const MODES: [&str; 4] = ["quiet", "group", "stream", "prefix"];

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let rounds = effort.pick(9, 3);
    let lines = if effort.quick { 200_000 } else { 1_000_000 };
    // In blocks they cost next to nothing, and what is left is to write the file in which they are shown.
    for (buffer, how) in [(0, "line by line"), (BLOCK, "in blocks of 4 KiB")] {
        let rows = in_turn(rounds, &MODES, |mode| {
            let folder = scratch.folder()?;
            let cost = shown(&folder, mode, lines, buffer)?;
            // Few files, but large ones.
            fs::remove_dir_all(&folder)?;
            Ok(cost)
        })?;
        let title = format!(
            "prefix: {lines} lines of {JOBS} jobs, {how}, {rounds} rounds; to reach line by line: <= 1.5 x quiet"
        );
        table::print(&title, &rows, "quiet", &[table::WALL, table::CPU, table::MEMORY]);
    }
    Ok(())
}

fn shown(folder: &Path, mode: &str, lines: u32, buffer: usize) -> io::Result<Cost> {
    let writer = std::env::current_exe()?;
    let argv = format!("['{}', '{MODE}', '{}', '{buffer}']", writer.display(), lines / JOBS);
    let jobs: Vec<String> = (0..JOBS).map(|job| format!("tasks.job{job} = {argv}\n")).collect();
    fs::write(folder.join("procman.toml"), jobs.concat())?;
    let path = folder.join("shown");
    let mut command: Command = Program::Procman.run(folder, Workload::independent(JOBS), JOBS)?;
    command.args(["-q", "-o", mode]).stdout(File::create_new(&path)?);
    let cost = cost(&mut command)?;
    let log = folder.join(".procman/latest/logs/job0.log").metadata()?.len() * u64::from(JOBS);
    let expected = match mode {
        "quiet" => 0,
        "prefix" => log + u64::from(lines) * "job0 | ".len() as u64,
        _ => log,
    };
    let found = path.metadata()?.len();
    if expected == found { Ok(cost) } else { Err(io::Error::other(format!("{mode} has shown {found} bytes"))) }
}

/// Writes that many lines to stdout, such as a test runner's: each by itself, or as many as a buffer holds.
pub(crate) fn write(lines: u32, buffer: usize) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(buffer, io::stdout().lock());
    (0..lines).try_for_each(|line| writeln!(out, "test module::of::some::kind::number_{line} ... ok"))?;
    out.flush()
}
