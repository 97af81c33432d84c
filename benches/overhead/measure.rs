//! Measuring whole processes: what one run costs, and how the runs of several programs compare.

use std::io;
use std::process::Command;
use std::time::Instant;

use crate::sys;

/// What one run of a program cost, its descendants included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// In seconds.
    pub(crate) wall: f64,
    /// In seconds, of user and system time.
    pub(crate) cpu: f64,
    /// The largest resident set of any one of its processes, in MiB.
    pub(crate) memory: f64,
}

/// The runs of one program.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) name: String,
    pub(crate) costs: Vec<Cost>,
}

/// A median between the extremes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn cost(command: &mut Command) -> io::Result<Cost> {
    let start = Instant::now();
    let child = command.spawn()?;
    // Not `child.wait()`, which says nothing of what it used.
    let ended = sys::wait(child.id().cast_signed())?;
    let wall = start.elapsed().as_secs_f64();
    if !ended.status.success() {
        return Err(io::Error::other(format!("{command:?} ended with {}", ended.status)));
    }
    Ok(Cost { wall, cpu: ended.cpu.as_secs_f64(), memory: f64::from(ended.peak_kib) / 1024.0 })
}

/// Measures each contestant once in every round, every other round backwards: what comes after a run that has left
/// its caches warm, or a disk busy, should not always be the same. Only what `trial` answers counts, not its own time.
pub(crate) fn in_turn<C: ToString>(
    rounds: usize,
    contestants: &[C],
    mut trial: impl FnMut(&C) -> io::Result<Cost>,
) -> io::Result<Vec<Samples>> {
    let empty = |contestant: &C| Samples { name: contestant.to_string(), costs: Vec::with_capacity(rounds) };
    let mut all: Vec<Samples> = contestants.iter().map(empty).collect();
    for round in 0..rounds {
        for place in 0..contestants.len() {
            let at = if round % 2 == 0 { place } else { contestants.len() - 1 - place };
            all[at].costs.push(trial(&contestants[at])?);
        }
    }
    Ok(all)
}

impl Samples {
    pub(crate) fn spread(&self, of: fn(&Cost) -> f64) -> Spread {
        Spread::of(self.costs.iter().map(of).collect())
    }

    /// The ratios to `base`, each to the run of the same round.
    pub(crate) fn ratio(&self, base: &Self, of: fn(&Cost) -> f64) -> Spread {
        Spread::of(self.costs.iter().zip(&base.costs).map(|(cost, base)| of(cost) / of(base)).collect())
    }

    /// The same for one of the `jobs` that each run consisted of; memory is not a job's.
    pub(crate) fn per_job(mut self, jobs: u32) -> Self {
        for cost in &mut self.costs {
            cost.wall /= f64::from(jobs);
            cost.cpu /= f64::from(jobs);
        }
        self
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        Self { low: values[0], median: f64::midpoint(values[last / 2], values[last.div_ceil(2)]), high: values[last] }
    }
}
