//! Tasks of one input and one output each, all of them up to date: what it costs to find out that there is nothing to do.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::measure::{cost, in_turn};
use crate::peers::{Program, Workload, installed};
use crate::{Effort, Scratch, table};

/// What each task would run. It is taken away when all are up to date, so that whoever runs one fails.
const TASK: &str = "./true";

/// So many at once while they are brought up to date.
const LIMIT: u32 = 4;

/// From here on make takes minutes: it looks a target up among all that stand under `all`.
const TOO_MANY_FOR_MAKE: u32 = 50_000;

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let mut sizes = vec![if effort.quick { 1_000 } else { 10_000 }];
    sizes.extend(effort.long.then_some(100_000));
    let rounds = effort.pick(9, 3);
    let forms = [("tasks", false), ("jobs of one matrix", true)];
    for (size, (what, is_matrix)) in sizes.into_iter().flat_map(|size| forms.map(|form| (size, form))) {
        let workload = Workload::independent(size);
        let mut programs = installed(&[Program::Procman, Program::Ninja, Program::Make]);
        programs.retain(|program| size < TOO_MANY_FOR_MAKE || *program != Program::Make);
        let folder = scratch.folder()?;
        prepare(&folder, &programs, workload, is_matrix)?;
        let rows = in_turn(rounds, &programs, |program| cost(&mut program.run(&folder, workload, LIMIT)?))?;
        let title = format!("fresh: {size} {what} that are up to date, {rounds} rounds; procman to reach: <= ninja");
        table::print(&title, &rows, "ninja", &[table::WALL_MS, table::CPU_MS, table::MEMORY]);
    }
    Ok(())
}

/// Has each program run all tasks once, and once more to see that nothing is left to do.
fn prepare(folder: &Path, programs: &[Program], workload: Workload, is_matrix: bool) -> io::Result<()> {
    for kind in ["in", "out"] {
        fs::create_dir(folder.join(kind))?;
        (0..workload.tasks).try_for_each(|task| fs::write(folder.join(format!("{kind}/{task}")), task.to_string()))?;
    }
    programs.iter().try_for_each(|program| write(*program, folder, workload.tasks))?;
    if is_matrix {
        // The others have no such thing; they have theirs written out.
        fs::write(folder.join("procman.toml"), matrix(workload.tasks))?;
    }
    symlink("/bin/true", folder.join(TASK))?;
    for program in programs {
        cost(&mut program.run(folder, workload, LIMIT)?)?;
    }
    fs::remove_file(folder.join(TASK))?;
    for program in programs {
        cost(&mut program.run(folder, workload, LIMIT)?)?;
    }
    Ok(())
}

fn matrix(tasks: u32) -> String {
    let last = tasks - 1;
    format!(
        "[tasks.t]\nmatrix = {{ n = {{ range = [0, {last}] }} }}\nargv = ['{TASK}']\n\
         inputs = ['in/{{{{n}}}}']\noutputs = ['out/{{{{n}}}}']\n"
    )
}

/// Writes what the program reads, line by line as [`Program::write`] does.
fn write(program: Program, folder: &Path, tasks: u32) -> io::Result<()> {
    let create = |name| File::create(folder.join(name)).map(BufWriter::new);
    let mut out = match program {
        Program::Ninja => create("build.ninja")?,
        Program::Make => create("Makefile")?,
        _ => create("procman.toml")?,
    };
    match program {
        Program::Ninja => writeln!(out, "rule task\n  command = {TASK}")?,
        Program::Make => {
            write!(out, "all:")?;
            (0..tasks).try_for_each(|task| write!(out, " out/{task}"))?;
            writeln!(out)?;
        }
        _ => {}
    }
    for task in 0..tasks {
        match program {
            Program::Ninja => writeln!(out, "build out/{task}: task in/{task}")?,
            Program::Make => writeln!(out, "out/{task}: in/{task}\n\t{TASK}")?,
            _ => writeln!(out, "[tasks.t{task}]\nargv = ['{TASK}']\ninputs = ['in/{task}']\noutputs = ['out/{task}']")?,
        }
    }
    out.flush()
}
