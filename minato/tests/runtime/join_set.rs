//! Sets of tasks.
