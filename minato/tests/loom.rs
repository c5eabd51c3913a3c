//! Models that loom runs in every interleaving, within its bound of preemptions.
//!
//! The library is not built for loom as a whole: what is modelled is taken in by its path, and uses
//! loom's atomics and cells through `sync`.
#![cfg(minato_loom)]

#[allow(dead_code, unused_imports, reason = "the models need a part of it")]
#[path = "../src/panics.rs"]
mod panics;
#[allow(dead_code, unused_imports, reason = "the models need a part of it")]
#[path = "../src/sync.rs"]
mod sync;

#[path = "loom/task.rs"]
mod task;
