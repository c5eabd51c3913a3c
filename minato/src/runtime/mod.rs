//! The runtime: who runs tasks.

pub mod picker;
