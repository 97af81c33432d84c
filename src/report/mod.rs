//! Showing a run on a terminal: a line for each job that ends, what jobs write, and the summary.
//!
//! What to show is computed from events and their fold, with [`Styles`] that say how; nothing here asks what it is
//! writing to.

mod activity;
mod display;
mod github;
mod live;
mod loan;
mod output;
mod progress;
mod screen;
mod styles;
mod summary;
#[cfg(test)]
mod tests;

pub(crate) use display::Display;
pub(crate) use github::annotations;
pub(crate) use output::{LogsOnDisk, Look, Output, OutputMode, name_width};
pub(crate) use progress::{Lines, Progress};
pub(crate) use screen::{Foresee, Screen, ToScreen};
pub(crate) use styles::Styles;
pub(crate) use summary::{Detail, Summary, Tails};
