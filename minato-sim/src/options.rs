//! Socket options.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// One option with its new value, for [`Socket::set_option`](crate::Socket::set_option).
///
/// Options without a note have the effect that they have on Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketOption {
    /// Lets a bind take an address that only old connections still use.
    ReuseAddress(bool),
    /// Lets several sockets with this option share an address; a draw picks who gets what.
    ReusePort(bool),
    /// Remembered; the simulated network never holds small segments back.
    NoDelay(bool),
    /// Remembered, on by default; the simulated network never holds an acknowledgement back.
    QuickAck(bool),
    /// Whether an idle connection is probed.
    Keepalive(bool),
    /// How long a connection is idle before it is probed; 1 s to 32,767 s.
    KeepaliveIdle(Duration),
    /// The time between two probes; 1 s to 32,767 s.
    KeepaliveInterval(Duration),
    /// How many probes go unanswered before the connection is given up; 1 to 127.
    KeepaliveRetries(u32),
    /// With a zero duration a close resets the connection. A longer one is remembered, in whole
    /// seconds rounded up, at most `i32::MAX`; closing never blocks.
    Linger(Option<Duration>),
    /// Remembered; no simulated path is long enough for it to matter. `u32::MAX` stands for the
    /// default of 64.
    TimeToLive(u32),
    /// Remembered; the simulated network treats all packets alike. Of a stream the two bits that
    /// tell of congestion are left alone, as on Linux.
    TypeOfService(u32),
    /// Remembered, as [`TypeOfService`](Self::TypeOfService). `u32::MAX` stands for the default,
    /// which is 0.
    TrafficClass(u32),
    /// Bytes that a stream queues before a send would block, or the largest datagram. At least 1.
    /// The value is taken as it is, where Linux doubles it.
    SendBuffer(usize),
    /// Bytes that may wait in a stream to be received, at least 1. The value is taken as it is,
    /// where Linux doubles it. For datagrams the value is doubled, as on Linux, and at least 2,304:
    /// it is the [memory](crate::WorldBuilder::datagram_buffer) of the datagrams that wait.
    ReceiveBuffer(usize),
    /// Whether datagrams may be sent to a broadcast address.
    Broadcast(bool),
    /// Whether multicasts over IPv4 also reach members on the own host.
    MulticastLoopV4(bool),
    /// Whether multicasts over IPv6 also reach members on the own host.
    MulticastLoopV6(bool),
    /// With 0, multicasts over IPv4 stay on the own host. `u32::MAX` stands for the default of 1.
    MulticastTtlV4(u32),
    /// With 0, multicasts over IPv6 stay on the own host. `u32::MAX` stands for the default of 1.
    MulticastHopsV6(u32),
    /// Which interface multicasts over IPv4 are sent by: as in [`JoinV4`](Self::JoinV4), but an
    /// unspecified address leaves it to the address that the socket is bound to.
    MulticastInterfaceV4(Ipv4Addr),
    /// Which interface multicasts over IPv6 are sent by: 1 is the loopback, 2 the link, and 0
    /// leaves it to the address that the socket is bound to.
    MulticastInterfaceV6(u32),
    /// Remembered; the simulated network cuts no packet.
    DontFragment(bool),
    /// Keeps an IPv6 socket from IPv4. Only before it is bound.
    OnlyV6(bool),
    /// Joins a group. The interface is named by an address of the own host: one of 127.0.0.0/8 is
    /// the loopback, any other or an unspecified one the link.
    JoinV4(Ipv4Addr, Ipv4Addr),
    /// Leaves a group of an interface.
    LeaveV4(Ipv4Addr, Ipv4Addr),
    /// Joins a group. The index of the interface is 1 for the loopback, 2 or 0 for the link.
    JoinV6(Ipv6Addr, u32),
    /// Leaves a group of an interface.
    LeaveV6(Ipv6Addr, u32),
}

/// The values of all options of a socket, from [`Socket::options`](crate::Socket::options).
///
/// See [`SocketOption`] for what each of them does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// See [`SocketOption::ReuseAddress`].
    pub reuse_address: bool,
    /// See [`SocketOption::ReusePort`].
    pub reuse_port: bool,
    /// See [`SocketOption::NoDelay`].
    pub nodelay: bool,
    /// See [`SocketOption::QuickAck`].
    pub quickack: bool,
    /// See [`SocketOption::Keepalive`].
    pub keepalive: bool,
    /// See [`SocketOption::KeepaliveIdle`].
    pub keepalive_idle: Duration,
    /// See [`SocketOption::KeepaliveInterval`].
    pub keepalive_interval: Duration,
    /// See [`SocketOption::KeepaliveRetries`].
    pub keepalive_retries: u32,
    /// See [`SocketOption::Linger`].
    pub linger: Option<Duration>,
    /// See [`SocketOption::TimeToLive`].
    pub ttl: u32,
    /// See [`SocketOption::TypeOfService`].
    pub type_of_service: u32,
    /// See [`SocketOption::TrafficClass`].
    pub traffic_class: u32,
    /// See [`SocketOption::SendBuffer`].
    pub send_buffer: usize,
    /// See [`SocketOption::ReceiveBuffer`].
    pub receive_buffer: usize,
    /// See [`SocketOption::Broadcast`].
    pub broadcast: bool,
    /// See [`SocketOption::MulticastLoopV4`].
    pub multicast_loop_v4: bool,
    /// See [`SocketOption::MulticastLoopV6`].
    pub multicast_loop_v6: bool,
    /// See [`SocketOption::MulticastTtlV4`].
    pub multicast_ttl_v4: u32,
    /// See [`SocketOption::MulticastHopsV6`].
    pub multicast_hops_v6: u32,
    /// See [`SocketOption::MulticastInterfaceV4`].
    pub multicast_interface_v4: Ipv4Addr,
    /// See [`SocketOption::MulticastInterfaceV6`].
    pub multicast_interface_v6: u32,
    /// See [`SocketOption::DontFragment`].
    pub dont_fragment: bool,
    /// See [`SocketOption::OnlyV6`].
    pub only_v6: bool,
}

impl Options {
    pub(crate) fn new(send_buffer: usize, receive_buffer: usize) -> Self {
        Options {
            reuse_address: false,
            reuse_port: false,
            nodelay: false,
            quickack: true,
            keepalive: false,
            keepalive_idle: Duration::from_secs(7200),
            keepalive_interval: Duration::from_secs(75),
            keepalive_retries: 9,
            linger: None,
            ttl: 64,
            type_of_service: 0,
            traffic_class: 0,
            send_buffer,
            receive_buffer,
            broadcast: false,
            multicast_loop_v4: true,
            multicast_loop_v6: true,
            multicast_ttl_v4: 1,
            multicast_hops_v6: 1,
            multicast_interface_v4: Ipv4Addr::UNSPECIFIED,
            multicast_interface_v6: 0,
            dont_fragment: false,
            only_v6: false,
        }
    }
}
