//! Thousands of processes that do nothing: what is left is what running them costs.

use std::io;

use crate::measure::{cost, in_turn};
use crate::peers::{Program, Workload, installed};
use crate::{Effort, Scratch, table};

const LIMITS: [u32; 3] = [2, 4, 8];

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let workload = Workload::independent(if effort.quick { 500 } else { 5_000 });
    let rounds = effort.pick(7, 3);
    let programs = installed(&[Program::Floor, Program::Procman, Program::Make, Program::Ninja, Program::Xargs]);
    for limit in LIMITS {
        let rows = in_turn(rounds, &programs, |program| {
            let folder = scratch.folder()?;
            program.write(&folder, workload)?;
            cost(&mut program.run(&folder, workload, limit)?)
        })?;
        let title = format!(
            "spawn: {} x /bin/true, limit {limit}, {rounds} rounds; procman to reach: <= 1.05 x floor, below make",
            workload.tasks
        );
        table::print(&title, &rows, "floor", &[table::WALL, table::CPU]);
    }
    Ok(())
}
