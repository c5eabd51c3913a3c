//! The by-value futures, the copies, and the pipes in memory, against readers and writers that
//! follow a script.

mod owned;
