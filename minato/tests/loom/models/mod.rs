//! The models.

mod cell;
mod park;
mod queue;
mod readiness;
