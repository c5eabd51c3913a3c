//! The I/O helpers' tests, by behaviour.

mod adapters;
mod bounds;
mod buffers;
mod chunking;
mod halves;
mod memory;
mod read;
mod script;
mod text;
mod write;
