//! The timers' tests, by behaviour.

mod eager;
mod endless;
mod everywhere;
mod forbidden;
mod interval;
mod many;
mod paused;
mod reset;
mod runtimes;
mod simulated;
mod timeout;
mod types;
mod waking;
mod watched;
