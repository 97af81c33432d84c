//! procman runs jobs in parallel, under one limit, as argv arrays and never through a shell. Each job's output goes
//! straight into files, so it can be of any size and nothing can deadlock on it.
//!
//! Give a [`Runner`] names and argv arrays, and ask for one job's data or all of it:
//!
//! ```
//! let jobs = (0..5).map(|n| (format!("process{n}"), vec!["sleep".to_owned(), format!("0.{n}")]));
//! let results = procman::Runner::new().limit(4).run(jobs)?;
//!
//! for job in results.iter() {
//!     println!("{}: {} after {:?}", job.name(), job.status().word(), job.duration());
//! }
//! let first = results.get("process0").map(|job| job.code());
//! assert_eq!(first, Some(Some(0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The jobs of a checked-in manifest run the same way:
//!
//! ```no_run
//! # use std::path::Path;
//! let manifest = procman::Manifest::load(Path::new("procman.toml"), "procman.toml")?;
//! let plan = manifest.plan(&procman::Selection::default()).map_err(|mut errors| errors.remove(0))?;
//! let results = procman::Runner::new().run_plan(plan)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[doc(hidden)]
pub mod cli;
mod definition;
mod diagnostic;
mod diagram;
pub mod event;
mod exec;
mod expected;
mod export;
mod files;
mod forecast;
mod freshness;
mod glob;
mod graph;
mod guardian;
mod job;
mod json;
mod keyed_hash;
mod log_name;
mod lossless;
mod makers;
mod manifest;
mod places;
mod plan;
mod record;
mod report;
mod rerun;
mod retention;
mod runner;
mod schedule;
mod selection;
mod sys;
mod tail;
mod text;
mod watch;

pub use definition::Definition;
pub use diagnostic::{Label, Problem, Rendering, Severity, Source, Sources};
pub use event::{JobStatus, RunRecord};
pub use job::{
    Backoff, DEFAULT_GRACE, Environment, Inherit, InvalidJob, Job, JobId, JobMap, JobProblem, JobSettings, Leak,
    Retries, Streams,
};
pub use manifest::{Limit, Manifest, ManifestError, Parameters, SelectionError, Task};
pub use plan::{OnFailure, Plan};
pub use runner::{Canceller, JobResult, Results, RunError, Runner};
pub use selection::Selection;
