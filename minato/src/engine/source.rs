//! What an engine registers.

use minato_sim::Kind;

use super::Foreign;
use crate::os::{Address, RawDescriptor, Transport, describe};
use crate::sim::SimSocket;
use crate::sync::Arc;

/// What an engine registers. It must stay open until it is deregistered.
pub(crate) enum Source {
    /// A socket of the operating system, or an event queue.
    Os(RawDescriptor),
    /// A descriptor that somebody else owns.
    Foreign(Foreign),
    /// A socket of a simulated host.
    Sim(Arc<SimSocket>),
}

impl Source {
    /// A copy to look at, as long as this one is registered.
    pub(crate) fn shown(&self) -> Self {
        match self {
            Self::Os(descriptor) => Self::Os(*descriptor),
            Self::Foreign(foreign) => Self::Os(foreign.descriptor()),
            Self::Sim(socket) => Self::Sim(socket.clone()),
        }
    }

    /// What it is, its own address and its peer's, where it has them.
    pub(crate) fn describe(&self) -> (Transport, Option<Address>, Option<Address>) {
        match self {
            Self::Os(descriptor) => describe(*descriptor),
            Self::Foreign(foreign) => describe(foreign.descriptor()),
            Self::Sim(socket) => {
                let (local, peer) = (socket.local_address().ok(), socket.peer_address().ok());
                match socket.kind() {
                    Kind::Stream => (Transport::Tcp, local, peer),
                    Kind::Datagram => (Transport::Udp, local, peer),
                }
            }
        }
    }

    /// The number of its descriptor, if it has one.
    pub(crate) fn number(&self) -> Option<RawDescriptor> {
        match self {
            Self::Os(descriptor) => Some(*descriptor),
            Self::Foreign(foreign) => Some(foreign.descriptor()),
            Self::Sim(_) => None,
        }
    }
}
