//! One process that does nothing: what it costs that there is a runner at all.

use std::io;

use crate::measure::{cost, in_turn};
use crate::peers::{Program, Workload, installed};
use crate::{Effort, Scratch, table};

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let workload = Workload::independent(1);
    let rounds = effort.pick(200, 20);
    let programs = installed(&[Program::Procman, Program::Make, Program::Ninja, Program::Just]);
    // The same folder for all runs, as where people work: procman removes an old run after each.
    let folder = scratch.folder()?;
    programs.iter().try_for_each(|program| program.write(&folder, workload))?;
    let rows = in_turn(rounds, &programs, |program| cost(&mut program.run(&folder, workload, 1)?))?;
    let title = format!("startup: one /bin/true, {rounds} rounds; procman to reach: <= make");
    table::print(&title, &rows, "make", &[table::WALL_MS, table::CPU_MS]);
    Ok(())
}
