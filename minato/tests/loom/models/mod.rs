//! The models.

mod cell;
mod park;
mod parked;
mod queue;
mod readiness;
mod watch;
