//! A job that writes a great deal: its log against a plain file, and what procman needs for it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::measure::{Cost, cost, in_turn};
use crate::peers::{Program, Workload};
use crate::{Effort, Scratch, table};

/// The word that makes this bench the writer: `MODE BLOCKS`.
pub(crate) const MODE: &str = "__write";

/// Small, so that the writer stays below procman: of a process and its children only the largest peak is known.
const BLOCK: usize = 64 * 1024;
const BLOCKS_PER_GIB: u32 = 16 * 1024;

const DIRECT: &str = "writer > file";
const LOGGED: &str = "procman";
const SILENT: &str = "procman, nothing written";

pub(crate) fn section(scratch: &Scratch, effort: &Effort) -> io::Result<()> {
    let rounds = effort.pick(15, 5);
    let blocks = if effort.quick { BLOCKS_PER_GIB / 4 } else { BLOCKS_PER_GIB };
    let rows = in_turn(rounds, &[DIRECT, LOGGED, SILENT], |&name| {
        let folder = scratch.folder()?;
        let blocks = if name == SILENT { 0 } else { blocks };
        let cost = if name == DIRECT { direct(&folder, blocks) } else { logged(&folder, blocks) }?;
        // Few files, but large ones.
        fs::remove_dir_all(&folder)?;
        Ok(cost)
    })?;
    let title = format!(
        "output: {} MiB from one job, {rounds} rounds; procman to reach: 1.0 x writer > file",
        blocks / (BLOCKS_PER_GIB / 1024)
    );
    let [direct, logged, silent] = [0, 1, 2].map(|row: usize| rows[row].spread(|cost| cost.memory).median);
    table::print(&title, &rows[..2], DIRECT, &[table::WALL, table::CPU]);
    println!("memory: {:.2} MiB more than for a job that writes nothing; to reach: < 1", logged - silent);
    if direct >= silent {
        println!("        (not a valid measure: the writer is larger than procman, and only the larger one shows)");
    }
    Ok(())
}

fn direct(folder: &Path, blocks: u32) -> io::Result<Cost> {
    let path = folder.join("output");
    let mut command = Command::new(std::env::current_exe()?);
    command.args([MODE, &blocks.to_string()]).env_clear().stdin(Stdio::null()).stdout(File::create_new(&path)?);
    let cost = cost(&mut command)?;
    check(&path, blocks)?;
    Ok(cost)
}

fn logged(folder: &Path, blocks: u32) -> io::Result<Cost> {
    let writer = std::env::current_exe()?;
    let argv = format!("['{}', '{MODE}', '{blocks}']", writer.display());
    fs::write(folder.join("procman.toml"), format!("tasks.writer = {argv}\n"))?;
    let cost = cost(&mut Program::Procman.run(folder, Workload::independent(1), 1)?)?;
    check(&folder.join(".procman/latest/logs/writer.log"), blocks)?;
    Ok(cost)
}

/// Writes that many blocks to stdout, past the buffer that the standard library has there.
pub(crate) fn write(blocks: u32) -> io::Result<()> {
    let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut block = pattern();
    (0..blocks).try_for_each(|number| {
        stamp(&mut block, number);
        out.write_all(&block)
    })
}

/// Fails unless the file is what [`write`] writes, and nothing else.
fn check(path: &Path, blocks: u32) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut expected = pattern();
    let mut found = vec![0; BLOCK];
    for number in 0..blocks {
        stamp(&mut expected, number);
        file.read_exact(&mut found)?;
        if found != expected {
            return Err(io::Error::other(format!("block {number} of {} is not what was written", path.display())));
        }
    }
    match file.read(&mut found)? {
        0 => Ok(()),
        _ => Err(io::Error::other(format!("{} is longer than what was written", path.display()))),
    }
}

/// Has a period that no block size is a multiple of, so that a shift shows.
fn pattern() -> Vec<u8> {
    (0..=250).cycle().take(BLOCK).collect()
}

/// Numbers a block, so that one that is missing, doubled or out of place shows.
fn stamp(block: &mut [u8], number: u32) {
    block[..4].copy_from_slice(&number.to_le_bytes());
}
