//! The peers whose sockets wait for readiness, and read into a buffer of the caller's: minato,
//! tokio and smol compile the same servers, each with its own [`crate::rt`].
//!
//! For minato and tokio that is the crate itself: `use minato as rt`, `use tokio as rt`. So they
//! share their runtime ([`crate::host`]), relay and blocking calls, too.

mod echo;
mod udp;

use std::io;

use minato_bench::peer::{self, PeerCommand, Workload};

use crate::drive::operate;
use crate::host::Host;
use crate::relay::relay;

/// Does what the command line asks, in a runtime made for it.
pub(crate) fn run(command: &PeerCommand) -> io::Result<()> {
    let host = Host::new(command)?;
    match command.workload {
        Workload::Echo => host.serve(command, echo::echo),
        Workload::EchoLent => crate::serve_lent(&host, command),
        Workload::Churn => host.serve(command, echo::once),
        Workload::Idle => host.serve(command, echo::idle),
        Workload::Blocked => {
            let block = command.block();
            host.serve(command, move |stream| echo::blocked(stream, block))
        }
        Workload::Relay => {
            let target = command.target()?;
            host.serve(command, move |stream| relay(stream, target))
        }
        Workload::UdpEcho | Workload::UdpSink => udp::serve(&host, command),
        _ => peer::drive(command, |count| {
            let beside = command.workload == Workload::WakeBesideBlocked;
            let _blocker = beside.then(|| host.block_a_worker()).transpose()?;
            host.run(operate(command.clone(), count))?
        }),
    }
}
