//! A manifest as large as they get, read and shown, with nothing started.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::measure::{cost, in_turn};
use crate::peers::{Program, Workload, installed};
use crate::{Effort, Scratch, table};

const TASKS: u32 = 100_000;
const LAST: &str = "t99999";

/// As many jobs, of one task. The others have no such thing; they get theirs written out, and without files.
const CELLS: &str = r#"
[tasks.t]
argv = ["/bin/true", "src/{{n}}.c"]
matrix = { n = { range = [1, 100_000] } }
inputs = ["src/{{n}}.c"]
outputs = ["out/{{n}}.o"]
"#;

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let rounds = effort.pick(9, 3);
    let programs = installed(&[Program::Procman, Program::Make, Program::Ninja]);
    for (form, chain) in [("independent, in short form", 1), ("in chains of 10, in long form", 10)] {
        let folder = written(scratch, &programs, chain)?;
        // Asked for one task, make reads the file and looks at nothing else: the hardest to beat.
        for (asked, tasks) in [("all", &[][..]), ("the last one", &[LAST])] {
            compare(&programs, &folder, tasks, rounds, &format!("{asked} of {TASKS} tasks, {form}"))?;
        }
    }
    let folder = written(scratch, &programs, 1)?;
    fs::write(folder.join("procman.toml"), CELLS)?;
    compare(&programs, &folder, &[], rounds, &format!("{TASKS} jobs of one matrix, with a file read and a file made"))
}

/// A folder with what each program reads.
fn written(scratch: &Scratch, programs: &[Program], chain: u32) -> io::Result<PathBuf> {
    let folder = scratch.folder()?;
    programs.iter().try_for_each(|program| program.write(&folder, Workload { tasks: TASKS, chain }))?;
    Ok(folder)
}

fn compare(programs: &[Program], folder: &Path, tasks: &[&str], rounds: usize, what: &str) -> io::Result<()> {
    let rows = in_turn(rounds, programs, |program| cost(&mut program.plan(folder, tasks)?))?;
    let title = format!("plan: {what}, {rounds} rounds; procman to reach: <= make in both");
    table::print(&title, &rows, "make", &[table::WALL_MS, table::MEMORY]);
    Ok(())
}
