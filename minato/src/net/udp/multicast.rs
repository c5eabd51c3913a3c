//! Joining and leaving multicast groups.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::UdpSocket;
use crate::os::Membership;

impl UdpSocket {
    /// Receives what is sent to the group `multiaddr`, on the interface with the address
    /// `interface`; with `0.0.0.0` the system chooses one.
    ///
    /// # Errors
    ///
    /// The system's: not a multicast address, no such interface, a member already.
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.change_membership(Membership::JoinV4(multiaddr, interface))
    }

    /// Receives what is sent to the group `multiaddr`, on the interface with the index
    /// `interface`; with 0 the system chooses one.
    ///
    /// # Errors
    ///
    /// As [`join_multicast_v4`](Self::join_multicast_v4).
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.change_membership(Membership::JoinV6(*multiaddr, interface))
    }

    /// Leaves a group that [`join_multicast_v4`](Self::join_multicast_v4) joined.
    ///
    /// # Errors
    ///
    /// The system's: not a member.
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.change_membership(Membership::LeaveV4(multiaddr, interface))
    }

    /// Leaves a group that [`join_multicast_v6`](Self::join_multicast_v6) joined.
    ///
    /// # Errors
    ///
    /// The system's: not a member.
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.change_membership(Membership::LeaveV6(*multiaddr, interface))
    }
}
