//! The cell of a task, and where one parks. The same code runs in the models of `tests/loom.rs`,
//! which take it in without these tests; therefore they stand apart.

mod cell;
mod cross;
mod kit;
mod parked;
mod state;
