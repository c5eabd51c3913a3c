//! What an engine registers.

use minato_sim::Kind;

use super::{Foreign, Readiness};
use crate::os::{Address, RawDescriptor, Transport, describe};
use crate::sim::SimSocket;
use crate::sync::Arc;

/// What an engine registers. It must stay open until it is deregistered.
pub(crate) enum Source {
    /// A socket of the operating system, or an event queue.
    Os(RawDescriptor),
    /// A UDP socket of the operating system. It is registered for input alone: each datagram that
    /// leaves it makes room, and would be an event. A rearm asks for room as well.
    Datagrams(RawDescriptor),
    /// A descriptor that somebody else owns.
    Foreign(Foreign),
    /// A socket of a simulated host.
    Sim(Arc<SimSocket>),
}

impl Source {
    /// A copy to look at, as long as this one is registered.
    pub(crate) fn shown(&self) -> Self {
        match self {
            Self::Os(descriptor) | Self::Datagrams(descriptor) => Self::Os(*descriptor),
            Self::Foreign(foreign) => Self::Os(foreign.descriptor()),
            Self::Sim(socket) => Self::Sim(socket.clone()),
        }
    }

    /// What it is, its own address and its peer's, where it has them.
    pub(crate) fn describe(&self) -> (Transport, Option<Address>, Option<Address>) {
        match self {
            Self::Os(descriptor) | Self::Datagrams(descriptor) => describe(*descriptor),
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

    /// What no event tells of before it is rearmed. Until an operation finds it missing, it is
    /// taken for granted.
    pub(crate) fn untold(&self) -> Readiness {
        match self {
            Self::Datagrams(_) => Readiness::WRITABLE,
            _ => Readiness::EMPTY,
        }
    }

    /// The number of its descriptor, if it has one.
    pub(crate) fn number(&self) -> Option<RawDescriptor> {
        match self {
            Self::Os(descriptor) | Self::Datagrams(descriptor) => Some(*descriptor),
            Self::Foreign(foreign) => Some(foreign.descriptor()),
            Self::Sim(_) => None,
        }
    }
}
