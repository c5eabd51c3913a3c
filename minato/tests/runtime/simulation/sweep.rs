//! Sweeps: finding, replaying and shrinking; and what a sweep itself refuses.
