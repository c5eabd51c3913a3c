//! Temporary.
#[path = "runtime/simulation/scenario.rs"]
mod scenario;
#[path = "runtime/simulation/sweep.rs"]
mod sweep;
