//! What all peer binaries share, so that they differ in their runtime alone.
//!
//! # The command line
//!
//! There is one binary a family in `src/bin/`: `peer-raw`, `peer-minato`, `peer-tokio`,
//! `peer-smol`, `peer-monoio`, `peer-compio`. All are called the same way, and [`PeerCommand`]
//! parses it for all of them:
//!
//! ```text
//! peer-FAMILY VARIANT WORKLOAD [--workers N] [--size B] [--count N] [--on-demand] [--spin]
//!                              [--batch] [--target ADDR] [--listen ADDR] [--block-ms N]
//! ```
//!
//! A *variant* is a way to configure the runtime: `current` and `multi` of tokio and minato,
//! `default` and `defer` of compio, `epoll` and `uring` of the bare loops. The single-threaded
//! variants refuse `--workers` above 1 with [`lacks`].
//!
//! # Servers
//!
//! A server binds to `--listen`, calls [`exit_when_stdin_ends`], then [`announce`]s its address
//! (the line `listening ADDR` on standard output) and serves until its standard input ends. Then
//! the process exits with 0 at once: no runtime is taken down, so that this costs the same for
//! everybody. (A sink, which has something to tell before, uses [`exit_when_stdin_ends_after`].)
//! All server streams have `TCP_NODELAY` set by the server, each connection is a task of its own,
//! and the end or an error of one connection ends that one only.
//!
//! * `echo` writes back what it reads, with one [`PageBuffer`] a connection.
//! * `echo-lent` is `echo` without a buffer of each connection: one is lent for each read, and what
//!   the client does not take at once is copied away, or keeps it.
//! * `churn` accepts, reads once into a small buffer, writes that back, closes.
//! * `idle` is `echo` with a buffer of 64 bytes, so that what is seen is the runtime's own memory.
//! * `blocked` is `echo`; but a read whose first byte is [`BLOCKING`] first sleeps its thread for
//!   `--block-ms`.
//! * `relay` connects to `--target` for each connection and copies both ways, with the runtime's
//!   own copy where it has one.
//! * `udp-echo` sends each datagram back to where it came from.
//! * `udp-sink` receives and counts datagrams; it tells `received N` when its input ends
//!   ([`report_received`]). One that is the [`QUESTION`] is not counted, and is answered with the
//!   count so far, eight bytes with the lowest first.
//!
//! With `--batch`, the two UDP servers use the fastest bulk receive and send that the peer offers
//! (GRO, GSO, several messages a call); a datagram counts as one, however many came at once.
//! Without, they receive and send one by one.
//!
//! # Workloads that drive themselves
//!
//! They do `--count` operations under a [`Stopwatch`], print
//! `operations N nanoseconds T cpu C` (C is the process's CPU time in nanoseconds), and exit with
//! 0. The runtime is up before the watch starts. With `--on-demand` they do N operations for each
//! line `go N` of standard input instead, and answer `done N C` ([`drive()`]).
//!
//! * `spawn-join`: a task spawns one that returns a number, and awaits it; one after the other.
//! * `yield`: one task goes once through the runtime's `yield_now`.
//! * `wake-across`: a task is woken by a plain thread, answers it, and waits again: one round trip.
//! * `wake-beside-blocked`: the same, while another task blocks one of the `--workers` (two, unless
//!   told) from the first round trip to the last.
//! * `wake-many-to-one`: one message of `--workers` plain threads (four, unless told) to one task's
//!   unbounded queue.
//! * `timer-insert-cancel`: a timer of 10 s or more is polled once and dropped; `--workers` tasks
//!   do so at once.
//! * `timer-expire`: a timer that is awaited to its end; all are polled first. They end from 1 ms
//!   on, 2,000 in each millisecond, or more if that would take until after 50 ms.
//! * `timer-reset`: one of 1,000 timers that wait is set to a later time.
//! * `block-in-place`: a task says that its thread may block, and then yields: so each time the
//!   thread is a worker that has to hand over.
//! * `nested-block-on`: such a task waits, in `block_on`, for a task that it spawns.
//!   `nested-block-on-direct` does so without `block_in_place`, which only minato permits.
//!
//! # What a peer lacks
//!
//! A peer without a workload, or without `--batch`, `--spin` or `--workers` where they are asked
//! for, ends by [`lacks`]: exit code 3 and a line on standard error. The tables then show `-`.

mod buffer;
mod command;
mod drive;
mod server;
mod stopwatch;

pub use self::buffer::{BUFFER, PageBuffer};
pub(crate) use self::command::raise_file_limit;
pub use self::command::{LACKS, PeerCommand, Workload, lacks};
pub use self::drive::drive;
pub use self::server::{
    BLOCKING, QUESTION, announce, exit_when_stdin_ends, exit_when_stdin_ends_after, report_received,
};
pub use self::stopwatch::{Spent, Stopwatch};
