//! One file a subject; `mock` has the scripted ends, `drive` the ways to poll.

mod bidirectional;
mod cancel;
mod copy;
mod copy_random;
mod drive;
mod duplex;
mod exchange;
mod futures;
mod lines;
mod mock;
