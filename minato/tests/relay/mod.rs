//! What goes between two sockets, or from a file to one, without passing user memory: the same
//! bytes, ends and errors as by copying.

mod breaks;
mod ends;
mod files;
mod limits;
mod streams;
mod wire;
