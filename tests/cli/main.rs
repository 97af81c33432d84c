//! The `procman` command as its users meet it: a folder with a manifest, a command line, and complete expected output.
//!
//! What cannot be the same twice (times, run ids, the folder's path) is replaced before comparing; see `sandbox`.

#![allow(clippy::needless_raw_string_hashes, reason = "that is how snapbox writes expected output")]

mod c_project;
mod clean;
mod commands;
mod completions;
mod confirm;
mod depfile;
mod diagnostics;
mod disk;
mod documents;
mod environment;
mod escape;
mod examples;
mod explain;
mod files;
mod follow;
mod freshness;
mod github;
mod graph;
mod guardian;
mod half_made;
mod history;
mod html;
mod include;
mod inherited;
mod interactive;
mod limits;
mod live;
mod man;
mod matrix;
mod min_version;
mod no_file;
mod output;
mod output_modes;
mod output_on_terminal;
mod outputs;
mod pause;
mod promises;
mod record;
mod report;
mod report_json;
mod report_junit;
mod report_markdown;
mod report_trace;
mod rerun;
mod retries;
mod sandbox;
mod scarcity;
mod schema;
mod show;
mod signals;
mod slow;
mod soak;
mod spawn;
mod state_file;
mod status_signal;
mod summary;
mod templates;
mod terminal;
mod trees;
mod watch;
mod wrapper;
