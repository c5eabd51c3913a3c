//! Runtimes, executors and timers as a program for tokio 0.1 meets them.

#[path = "runtimes/faults.rs"]
mod faults;
#[path = "runtimes/local.rs"]
mod local;
#[path = "runtimes/nested.rs"]
mod nested;
#[path = "runtimes/pooled.rs"]
mod pooled;
#[path = "runtimes/support.rs"]
mod support;
#[path = "runtimes/timers.rs"]
mod timers;
#[path = "runtimes/util.rs"]
mod util;
