//! procman as a library: five sleepers given as a map, at most four at once, then one job's data and all of it.
//!
//! `cargo run --example embed`

#![expect(clippy::print_stdout, reason = "it is a program that prints")]

use std::error::Error;
use std::path::Path;
use std::process::Command;

use indexmap::IndexMap;
use procman::Runner;

fn main() -> Result<(), Box<dyn Error>> {
    let sleeper = build_sleeper()?;
    let jobs: IndexMap<String, Vec<String>> = (0..5)
        .map(|n| (format!("process{n}"), [&*sleeper, "0.2..1.5", "0.2", &n.to_string()].map(str::to_owned).to_vec()))
        .collect();

    let results = Runner::new().limit(4).run(jobs)?;

    if let Some(job) = results.get("process0") {
        println!("process0: code {:?}, {:?}", job.code(), String::from_utf8_lossy(&job.stdout()?).trim_end());
    }
    for job in results.iter() {
        let (stdout, stderr) = (job.stdout()?, job.stderr()?);
        println!(
            "{}: {} in {:.2?}, {} bytes on stdout, {} on stderr",
            job.name(),
            job.status().word(),
            job.duration(),
            stdout.len(),
            stderr.len(),
        );
    }
    assert!(results.get("process5").is_none(), "there is no such job");
    Ok(())
}

/// The path of the other example, built.
fn build_sleeper() -> Result<String, Box<dyn Error>> {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--example", "sleeper"]).status()?;
    assert!(built.success(), "the sleeper can be built");
    // This example lies beside it.
    let folder = std::env::current_exe()?.parent().map(Path::to_owned).ok_or("an example lies in a folder")?;
    Ok(folder.join("sleeper").to_string_lossy().into_owned())
}
