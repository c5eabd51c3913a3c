//! The traits for reading and writing, and the futures by value: what they do with readers and
//! writers that block, fail and fall short wherever the test wants it.

mod by_value;
mod copy;
mod lines;
mod script;
mod split;
mod traits;
