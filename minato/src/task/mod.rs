//! Tasks: what runs.

mod blocking;
