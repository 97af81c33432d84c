//! Jobs that are checked, run and checked again.

mod cases;
mod property;
mod world;
