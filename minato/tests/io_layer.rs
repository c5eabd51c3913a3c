//! The I/O layer over readers and writers that split, wait, fail, lie, or follow a script: the
//! helpers, the by-value futures, the copies, and the pipes in memory.

mod io;
mod owned;
