//! Showing a run on a terminal: a line for each job that ends, and the summary.
//!
//! What to show is computed from events and their fold, with [`Styles`] that say how; nothing here asks what it is
//! writing to.

mod progress;
mod screen;
mod styles;
mod summary;
mod tail;

pub(crate) use progress::Progress;
pub(crate) use screen::Screen;
pub(crate) use styles::Styles;
pub(crate) use summary::{Detail, Summary};
