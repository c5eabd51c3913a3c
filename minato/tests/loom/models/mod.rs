//! The models.

mod cell;
mod finished;
mod local_queue;
mod park;
mod parked;
mod queue;
mod readiness;
mod watch;
