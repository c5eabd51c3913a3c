//! What the simulated network does, told by behaviour.

mod backlog;
mod calls;
mod chaos;
mod choice;
mod clock;
mod common;
mod crash;
mod datagram;
mod determinism;
mod disk;
mod faults;
mod half_close;
mod itself;
mod links;
mod lossy;
mod message;
mod multicast;
mod names;
mod options;
mod ports;
mod properties;
mod readiness;
mod reset;
mod rules;
mod stream;
mod unix;
