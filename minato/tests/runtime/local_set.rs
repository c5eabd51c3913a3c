//! Sets of local tasks.
