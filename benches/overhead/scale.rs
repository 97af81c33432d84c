//! Whether a job costs the same in a long run as in a short one.

use std::io;

use crate::measure::{Samples, cost, in_turn};
use crate::peers::{Program, Workload};
use crate::{Effort, Scratch, table};

const LIMIT: u32 = 4;

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let mut sizes = if effort.quick { vec![500, 2_000] } else { vec![1_000, 10_000] };
    sizes.extend(effort.long.then_some(100_000));
    let rounds = effort.pick(5, 3);
    // The floor shows what of a difference is the system's.
    for program in [Program::Floor, Program::Procman] {
        let rows = in_turn(rounds, &sizes, |&size| {
            let folder = scratch.folder()?;
            let workload = Workload::independent(size);
            program.write(&folder, workload)?;
            cost(&mut program.run(&folder, workload, LIMIT)?)
        })?;
        let rows: Vec<Samples> = rows.into_iter().zip(&sizes).map(|(row, size)| row.per_job(*size)).collect();
        let title = format!("scale: {program}, each job of so many, limit {LIMIT}, {rounds} rounds; to reach: flat");
        table::print(&title, &rows, &sizes[0].to_string(), &[table::WALL_MS, table::CPU_MS, table::MEMORY]);
    }
    Ok(())
}
