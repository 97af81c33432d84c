//! The programs that are compared: the file that tells each what to do, and the command that makes it do so.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::floor;

/// What every task runs.
const TASK: &str = "/bin/true";

type WriteFile = fn(&mut dyn Write, Workload) -> io::Result<()>;

/// Tasks to run, called `t0`, `t1` and so on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) tasks: u32,
    /// How many tasks form a chain, in which each depends on the one before it; 1 for independent tasks.
    pub(crate) chain: u32,
}

impl Workload {
    pub(crate) fn independent(tasks: u32) -> Self {
        Self { tasks, chain: 1 }
    }

    /// Each task, and the one it depends on.
    fn edges(self) -> impl Iterator<Item = (u32, Option<u32>)> {
        (0..self.tasks).map(move |task| (task, (task % self.chain != 0).then(|| task - 1)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Floor,
    Procman,
    Make,
    Ninja,
    Xargs,
    Just,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Floor => "floor",
            Self::Procman => "procman",
            Self::Make => "make",
            Self::Ninja => "ninja",
            Self::Xargs => "xargs",
            Self::Just => "just",
        })
    }
}

impl Program {
    /// The first line that it says of its version; `None` when it is not installed.
    fn version(self) -> Option<String> {
        let output = Command::new(self.to_string()).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next()?;
        // ninja says nothing but a number.
        Some(if line.contains(char::is_alphabetic) { line.to_owned() } else { format!("{self} {line}") })
    }

    fn is_installed(self) -> bool {
        matches!(self, Self::Floor | Self::Procman) || self.version().is_some()
    }

    /// Writes what the program reads. Line by line: a child's peak memory starts at what its parent has.
    pub(crate) fn write(self, folder: &Path, workload: Workload) -> io::Result<()> {
        let (name, write): (_, WriteFile) = match self {
            Self::Floor => return Ok(()),
            Self::Procman => ("procman.toml", manifest),
            Self::Make => ("Makefile", makefile),
            Self::Ninja => ("build.ninja", ninja_file),
            Self::Xargs => ("arguments", arguments),
            Self::Just => ("justfile", justfile),
        };
        let mut file = BufWriter::new(File::create(folder.join(name))?);
        write(&mut file, workload)?;
        file.flush()
    }

    /// The command that runs the workload written to `folder`.
    pub(crate) fn run(self, folder: &Path, workload: Workload, limit: u32) -> io::Result<Command> {
        let limit = limit.to_string();
        let mut command = self.command(folder)?;
        match self {
            Self::Floor => command.args([floor::MODE, &limit, &workload.tasks.to_string(), "."]),
            Self::Procman => command.args(["run", "--limit", &limit]),
            Self::Make | Self::Ninja => command.args(["-j", &limit]),
            Self::Xargs => command.args(["-P", &limit, "-n", "1", TASK]).stdin(File::open(folder.join("arguments"))?),
            Self::Just => &mut command,
        };
        Ok(command)
    }

    /// The command that shows what would run for some of the tasks, or for all; for those programs that can.
    pub(crate) fn plan(self, folder: &Path, tasks: &[&str]) -> io::Result<Command> {
        let mut command = self.command(folder)?;
        command.arg(if self == Self::Procman { "plan" } else { "-n" }).args(tasks);
        Ok(command)
    }

    fn command(self, folder: &Path) -> io::Result<Command> {
        let mut command = match self {
            Self::Floor => Command::new(std::env::current_exe()?),
            Self::Procman => Command::new(env!("CARGO_BIN_EXE_procman")),
            _ => Command::new(self.to_string()),
        };
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // What cargo sets, LD_LIBRARY_PATH above all, makes every process of every program slower to start.
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        Ok(command)
    }
}

/// Those of the programs that are here; says which are not.
pub(crate) fn installed(programs: &[Program]) -> Vec<Program> {
    let (here, missing): (Vec<_>, Vec<_>) = programs.iter().partition(|program| program.is_installed());
    for program in missing {
        println!("{program} is not installed, and left out");
    }
    here
}

/// The versions of what procman is compared with.
pub(crate) fn versions() -> Vec<String> {
    [Program::Make, Program::Ninja, Program::Xargs, Program::Just].into_iter().filter_map(Program::version).collect()
}

/// The short form where it is enough.
fn manifest(out: &mut dyn Write, workload: Workload) -> io::Result<()> {
    if workload.chain == 1 {
        writeln!(out, "[tasks]")?;
    }
    for (task, needed) in workload.edges() {
        if workload.chain == 1 {
            writeln!(out, r#"t{task} = ["{TASK}"]"#)?;
        } else {
            writeln!(out, "[tasks.t{task}]\nargv = [\"{TASK}\"]")?;
            if let Some(needed) = needed {
                writeln!(out, "deps = [\"t{needed}\"]")?;
            }
        }
    }
    Ok(())
}

fn makefile(out: &mut dyn Write, workload: Workload) -> io::Result<()> {
    for head in ["all:", ".PHONY: all"] {
        write!(out, "{head}")?;
        for task in 0..workload.tasks {
            write!(out, " t{task}")?;
        }
        writeln!(out)?;
    }
    for (task, needed) in workload.edges() {
        write!(out, "t{task}:")?;
        if let Some(needed) = needed {
            write!(out, " t{needed}")?;
        }
        writeln!(out, "\n\t{TASK}")?;
    }
    Ok(())
}

fn ninja_file(out: &mut dyn Write, workload: Workload) -> io::Result<()> {
    writeln!(out, "rule task\n  command = {TASK}")?;
    for (task, needed) in workload.edges() {
        write!(out, "build t{task}: task")?;
        if let Some(needed) = needed {
            write!(out, " t{needed}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn arguments(out: &mut dyn Write, workload: Workload) -> io::Result<()> {
    (0..workload.tasks).try_for_each(|task| writeln!(out, "t{task}"))
}

/// Its first recipe is the one that is run.
fn justfile(out: &mut dyn Write, _: Workload) -> io::Result<()> {
    writeln!(out, "t0:\n    {TASK}")
}
