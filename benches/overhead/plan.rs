//! A manifest as large as they get, read and shown, with nothing started.

use std::io;

use crate::measure::{cost, in_turn};
use crate::peers::{Program, Workload, installed};
use crate::{Effort, Scratch, table};

const TASKS: u32 = 100_000;
const LAST: &str = "t99999";

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let rounds = effort.pick(9, 3);
    let programs = installed(&[Program::Procman, Program::Make, Program::Ninja]);
    for (form, chain) in [("independent, in short form", 1), ("in chains of 10, in long form", 10)] {
        let workload = Workload { tasks: TASKS, chain };
        let folder = scratch.folder()?;
        programs.iter().try_for_each(|program| program.write(&folder, workload))?;
        // Asked for one task, make reads the file and looks at nothing else: the hardest to beat.
        for (asked, tasks) in [("all", &[][..]), ("the last one", &[LAST])] {
            let rows = in_turn(rounds, &programs, |program| cost(&mut program.plan(&folder, tasks)?))?;
            let title =
                format!("plan: {asked} of {TASKS} tasks, {form}, {rounds} rounds; procman to reach: <= make in both");
            table::print(&title, &rows, "make", &[table::WALL_MS, table::MEMORY]);
        }
    }
    Ok(())
}
