//! How the I/O helpers behave over readers and writers that split, wait, fail and lie.

mod io;
