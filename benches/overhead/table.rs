//! Tables of medians, and of ratios to one of the rows.

use std::fmt::Write as _;

use crate::measure::{Cost, Samples, Spread};

/// Something of a run to show.
pub(crate) struct Measure {
    heading: &'static str,
    decimals: usize,
    of: fn(&Cost) -> f64,
}

pub(crate) const WALL: Measure = Measure { heading: "wall s", decimals: 3, of: |cost| cost.wall };
pub(crate) const WALL_MS: Measure = Measure { heading: "wall ms", decimals: 3, of: |cost| cost.wall * 1e3 };
pub(crate) const CPU: Measure = Measure { heading: "CPU s", decimals: 3, of: |cost| cost.cpu };
pub(crate) const CPU_MS: Measure = Measure { heading: "CPU ms", decimals: 3, of: |cost| cost.cpu * 1e3 };
pub(crate) const MEMORY: Measure = Measure { heading: "peak MiB", decimals: 1, of: |cost| cost.memory };

/// Prints a row for each of `rows`. For each measure: its median; the median, the lowest and the highest of its ratios
/// to the row that is called `base`; and the ratio of the lowest values, which says most where what disturbs comes in
/// bursts, and only ever adds.
pub(crate) fn print(title: &str, rows: &[Samples], base: &str, measures: &[Measure]) {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let base_row = rows.iter().find(|row| row.name == base);
    let ratio_heading = format!("x {base}");
    let mut out = format!("\n{title}\n{:width$}", "");
    for measure in measures {
        _ = write!(out, "  {:>9}  {ratio_heading:<19} {:>6}", measure.heading, "lowest");
    }
    for row in rows {
        _ = write!(out, "\n{:width$}", row.name);
        for measure in measures {
            let median = row.spread(measure.of).median;
            let ratios = base_row.map_or_else(String::new, |base| ratios(row, base, measure.of));
            _ = write!(out, "  {median:>9.*}  {ratios:<26}", measure.decimals);
        }
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    println!("{}", lines.join("\n"));
}

fn ratios(row: &Samples, base: &Samples, of: fn(&Cost) -> f64) -> String {
    let Spread { low, median, high } = row.ratio(base, of);
    let text = format!("{median:.3} ({low:.2}-{high:.2})");
    format!("{text:<19} {:>6.3}", row.spread(of).low / base.spread(of).low)
}
