//! Freshness.

mod digest;
mod lines;
mod names;
mod state;
mod store;
#[cfg(test)]
