//! Runtimes as a user meets them: block_on, tasks and their handles, panics, shutdown, threads.

mod kit;

#[path = "runtime/at_rest.rs"]
mod at_rest;
#[path = "runtime/block_on.rs"]
mod block_on;
#[path = "runtime/blocking.rs"]
mod blocking;
#[path = "runtime/builder.rs"]
mod builder;
#[path = "runtime/coop.rs"]
mod coop;
#[path = "runtime/enter.rs"]
mod enter;
#[path = "runtime/fairness.rs"]
mod fairness;
#[path = "runtime/forks.rs"]
mod forks;
#[path = "runtime/id.rs"]
mod id;
#[path = "runtime/inspect/mod.rs"]
mod inspect;
#[path = "runtime/intervals.rs"]
mod intervals;
#[path = "runtime/join.rs"]
mod join;
#[path = "runtime/join_set.rs"]
mod join_set;
#[path = "runtime/local.rs"]
mod local;
#[path = "runtime/local_key.rs"]
mod local_key;
#[path = "runtime/local_set/mod.rs"]
mod local_set;
#[path = "runtime/memory.rs"]
mod memory;
#[path = "runtime/nested.rs"]
mod nested;
#[path = "runtime/panics.rs"]
mod panics;
#[path = "runtime/parks.rs"]
mod parks;
#[path = "runtime/places.rs"]
mod places;
#[path = "runtime/process.rs"]
mod process;
#[path = "runtime/shutdown.rs"]
mod shutdown;
#[path = "runtime/signals.rs"]
mod signals;
#[path = "runtime/simulated.rs"]
mod simulated;
#[path = "runtime/simulation/mod.rs"]
mod simulation;
#[path = "runtime/threads.rs"]
mod threads;
