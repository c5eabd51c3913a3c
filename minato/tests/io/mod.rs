//! The I/O helpers' tests, by behaviour.

mod adapters;
mod bounds;
mod buffers;
mod chunking;
mod halves;
mod interrupted;
mod limits;
mod memory;
mod read;
mod script;
mod seek;
mod text;
mod write;
