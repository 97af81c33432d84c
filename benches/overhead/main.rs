//! What procman costs, beside other runners and beside the least that the same work can cost.
//!
//! `cargo bench --bench overhead [-- [SECTION]... [--quick] [--long]]` prints a table for each section:
//!
//! - `spawn`: thousands of processes that do nothing, at several limits
//! - `startup`: one process
//! - `plan`: a manifest of 100,000 tasks, or of one with as many jobs, read and shown
//! - `fresh`: 10,000 tasks that are up to date; with `--long` 100,000 too, which takes minutes to bring about
//! - `output`: 1 GiB from one job
//! - `prefix`: a million lines, each shown with its job's name
//! - `terminal`: thousands of processes that do nothing, in front of somebody who watches
//! - `kill`: procman killed while a thousand jobs live
//! - `scale`: the cost of a job in short and long runs; with `--long` up to 100,000 jobs
//!
//! Only ratios mean anything: programs are run in turn, and each run is compared with that of the same round, so that
//! what disturbs the machine disturbs both. `--quick` takes less time and is less sure.
//!
//! Everything is written below `TMPDIR`. Where that is an ext4 on which thousands of files have just been removed, by
//! whomever, the creation of logs can cost more than all else for minutes; `TMPDIR=/dev/shm` leaves the disk out.

#![expect(clippy::print_stdout, reason = "a bench prints its tables")]

mod floor;
mod fresh;
mod kill;
mod measure;
mod output;
mod peers;
mod plan;
mod prefix;
mod scale;
mod scratch;
mod spawn;
mod startup;
mod sys;
mod table;
mod terminal;

use std::error::Error;
use std::path::Path;
use std::{env, io, thread};

use scratch::Scratch;

/// How much is measured.
struct Effort {
    quick: bool,
    long: bool,
}

impl Effort {
    /// `full`, or `quick` when less is wanted.
    fn pick(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

type Section = fn(&Scratch, &Effort) -> io::Result<()>;

const SECTIONS: [(&str, Section); 9] = [
    ("spawn", spawn::section),
    ("startup", startup::section),
    ("plan", plan::section),
    ("fresh", fresh::section),
    ("output", output::section),
    ("prefix", prefix::section),
    ("terminal", terminal::section),
    ("kill", kill::section),
    ("scale", scale::section),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        // The floor and the writers are programs of their own, so that they are measured as the others are.
        [floor::MODE, limit, count, folder] => Ok(floor::run(limit.parse()?, count.parse()?, Path::new(folder))?),
        [output::MODE, blocks] => Ok(output::write(blocks.parse()?)?),
        [prefix::MODE, lines, buffer] => Ok(prefix::write(lines.parse()?, buffer.parse()?)?),
        // `cargo bench` adds this; `cargo test --benches` does not, and only wants to see that all compiles.
        _ if words.contains(&"--bench") => bench(&words),
        _ => Ok(()),
    }
}

fn bench(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut effort = Effort { quick: false, long: false };
    let mut chosen = Vec::new();
    for &word in words {
        match word {
            "--bench" => {}
            "--quick" => effort.quick = true,
            "--long" => effort.long = true,
            word if SECTIONS.iter().any(|(name, _)| *name == word) => chosen.push(word),
            word => return Err(format!("`{word}` is neither a section nor --quick nor --long").into()),
        }
    }
    let scratch = Scratch::new()?;
    let (cpus, versions) = (thread::available_parallelism()?, peers::versions().join("; "));
    println!("{cpus} CPUs; {versions}; in {}", env::temp_dir().display());
    for (name, section) in SECTIONS {
        if chosen.is_empty() || chosen.contains(&name) {
            section(&scratch, &effort)?;
        }
    }
    Ok(())
}
