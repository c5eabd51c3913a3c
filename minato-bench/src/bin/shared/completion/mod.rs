//! The peers on io_uring, whose runtime owns the buffer during a read: monoio and compio compile
//! the same servers, each with its own [`crate::rt`].
//!
//! Their results differ in form alone, a tuple here and a struct there: `parts` makes tuples of
//! both. Several workers are a runtime a thread, which is how both are meant to be used; a server
//! then has a listener or socket a thread.
//!
//! Reads and writes own their buffer: a `BytesMut`, so that it can begin on a page boundary.

mod echo;
pub(crate) mod host;
pub(crate) mod udp;

use std::io;

use minato_bench::kit;
use minato_bench::peer::{self, PeerCommand, Spent, Workload};

use self::host::{Host, serve};
use crate::drive::operate;
use crate::relay::relay;

/// Does what the command line asks.
pub(crate) fn run(command: &PeerCommand) -> io::Result<()> {
    kit::forbid_spin(command);
    match command.workload {
        Workload::Echo => serve(command, echo::echo),
        Workload::EchoLent => crate::serve_lent(command),
        Workload::Churn => serve(command, echo::once),
        Workload::Idle => serve(command, echo::idle),
        Workload::Blocked => {
            let block = command.block();
            serve(command, move |stream| echo::blocked(stream, block))
        }
        Workload::Relay => {
            let target = command.target()?;
            serve(command, move |stream| relay(stream, target))
        }
        Workload::UdpEcho | Workload::UdpSink => udp::serve(command),
        Workload::TimerInsertCancel if command.workers() > 1 => {
            peer::drive(command, |count| drive_apart(command, count))
        }
        _ => {
            kit::forbid_workers(command);
            let mut host = Host::new(command)?;
            peer::drive(command, |count| host.run(operate(command.clone(), count)))
        }
    }
}

/// A runtime a worker, each with its share of the operations.
fn drive_apart(command: &PeerCommand, count: u64) -> io::Result<Spent> {
    let share = count / command.workers() as u64;
    let (these, those) = (command.clone(), command.clone());
    let set_up = move || Host::new(&these);
    let work = move |mut host: Host| host.run(operate(those.clone(), share)).map(drop);
    kit::at_once(command.workers(), set_up, work)
}
