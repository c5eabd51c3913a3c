//! Bare loops without a runtime, written for the one thing they do: the limit for all others.
//!
//! `epoll` is edge-triggered, registers once and asks no read that is bound to fail; connections
//! have a buffer each, or in `echo-lent` one for all of them. `uring` has one submission and one
//! completion an echo; `splice` relays without copying.

mod connection;
mod epoll;
mod relay;
mod serve;
mod udp;
mod uring;

use std::io;
use std::process::ExitCode;

use minato_bench::kit;
use minato_bench::peer::{PeerCommand, Workload, lacks};

use self::connection::{Borrowing, Owning};

fn main() -> ExitCode {
    PeerCommand::run(&["epoll", "uring", "splice"], run)
}

fn run(command: &PeerCommand) -> io::Result<()> {
    kit::forbid_spin(command);
    let stays = matches!(command.workload, Workload::Echo | Workload::Idle | Workload::Blocked);
    let one = command.workers() == 1;
    match (command.variant.as_str(), command.workload) {
        ("epoll", _) if stays => epoll::run::<Owning>(command),
        ("epoll", Workload::Churn) if one => epoll::run::<Owning>(command),
        ("epoll", Workload::EchoLent) => epoll::run::<Borrowing>(command),
        ("epoll", Workload::Relay) if one => relay::run(command, relay::Way::Copy),
        ("splice", Workload::Relay) if one => relay::run(command, relay::Way::Splice),
        ("epoll", Workload::UdpEcho | Workload::UdpSink) if one => udp::run(command),
        ("uring", _) if one && (stays || command.workload == Workload::Churn) => {
            uring::run(command)
        }
        _ => lacks(&format!("{} for {}", command.workload.name(), command.variant)),
    }
}
