//! The methods that read and set socket options, as one table: `socket_options!` gives a type those
//! that it lists.

use std::io;

use super::socket::Socket;
use super::tcp::TcpKeepalive;
use crate::os::{OptionName, OptionValue};

/// Gives `$type`, which has a field `socket: Socket`, the methods of the options that follow.
macro_rules! socket_options {
    ($type:ident: $($method:ident),+) => {
        impl $type {
            $($crate::net::options::option_methods! { $method })+
        }
    };
}

/// Defines `option_methods!`, which expands to the methods of an option, by the name of the first:
/// those of each row, and those that are unlike any other.
macro_rules! option_table {
    (
        $(
            $(#[$get_doc:meta])+ $get:ident: $value:ty = $option:ident,
            $(#[$set_doc:meta])+ $set:ident;
        )+
    ) => {
        macro_rules! option_methods {
            $(($get) => {
                $(#[$get_doc])+
                ///
                /// # Errors
                ///
                /// The system's.
                pub fn $get(&self) -> std::io::Result<$value> {
                    self.socket.option($crate::os::OptionName::$option)?.try_into()
                }

                $(#[$set_doc])+
                ///
                /// # Errors
                ///
                /// The system's.
                pub fn $set(&self, value: $value) -> std::io::Result<()> {
                    self.socket.set_by_name($crate::os::OptionName::$option, value.into())
                }
            };)+
            (device) => {
                /// The name of the network interface that the socket is bound to
                /// (`SO_BINDTODEVICE`).
                ///
                /// # Errors
                ///
                /// The system's; `Unsupported` on systems other than Linux.
                pub fn device(&self) -> std::io::Result<Option<Vec<u8>>> {
                    self.socket.device()
                }

                /// Binds the socket to the network interface of this name, so that only its packets
                /// are received; `None` or an empty name frees it.
                ///
                /// # Errors
                ///
                /// The system's: there is no such interface, or it may not be chosen. `Unsupported`
                /// on systems other than Linux, and for a name on a simulated runtime.
                pub fn bind_device(&self, interface: Option<&[u8]>) -> std::io::Result<()> {
                    self.socket.bind_device(interface)
                }
            };
            (linger) => {
                /// How long a close waits for bytes that were not sent; see
                /// [`set_linger`](Self::set_linger).
                ///
                /// # Errors
                ///
                /// The system's.
                pub fn linger(&self) -> std::io::Result<Option<std::time::Duration>> {
                    self.socket.option($crate::os::OptionName::Linger)?.try_into()
                }

                /// Sets how long a close waits for bytes that were not sent. With a zero duration a
                /// close throws them away and resets the connection. Any other makes the *close
                /// block* on most systems, and is best left alone; it counts in whole seconds,
                /// rounded up.
                ///
                /// # Errors
                ///
                /// `InvalidInput` for more than 2³¹ - 1 seconds; else the system's.
                pub fn set_linger(
                    &self,
                    linger: Option<std::time::Duration>,
                ) -> std::io::Result<()> {
                    let linger = $crate::os::OptionValue::linger(linger)?;
                    self.socket.set_by_name($crate::os::OptionName::Linger, linger)
                }

                /// Has a close throw bytes away that were not sent, and reset the connection. It is
                /// the one [linger](Self::set_linger) that never makes a close block.
                ///
                /// # Errors
                ///
                /// The system's.
                pub fn set_zero_linger(&self) -> std::io::Result<()> {
                    self.set_linger(Some(std::time::Duration::ZERO))
                }
            };
        }
    };
}

option_table! {
    /// Whether the address may be bound while old connections of it linger.
    reuseaddr: bool = ReuseAddress,
    /// Lets the address be bound while old connections of it linger.
    set_reuseaddr;
    /// Whether several sockets may be bound to the address.
    reuseport: bool = ReusePort,
    /// Lets several sockets be bound to the address; connections are spread over them.
    set_reuseport;
    /// Whether idle connections are probed.
    keepalive: bool = KeepAlive,
    /// Sets whether idle connections are probed, at the system's default times.
    set_keepalive;
    /// Whether small segments are sent at once.
    nodelay: bool = NoDelay,
    /// Sets whether small segments are sent at once (`TCP_NODELAY`); off by default.
    set_nodelay;
    /// Whether what was received is acknowledged at once (`TCP_QUICKACK`).
    quickack: bool = QuickAck,
    /// Sets whether what was received is acknowledged at once. The system may change it
    /// back with the next packets.
    set_quickack;
    /// The type of service in the header of outgoing IPv4 packets (`IP_TOS`).
    tos_v4: u32 = TypeOfServiceV4,
    /// Sets the type of service in the header of outgoing IPv4 packets. Of a stream, the
    /// system keeps the lowest two bits to itself.
    set_tos_v4;
    #[deprecated = "the name for IPv4 is `tos_v4`"]
    #[doc(hidden)]
    /// See [`tos_v4`](Self::tos_v4).
    tos: u32 = TypeOfServiceV4,
    #[deprecated = "the name for IPv4 is `set_tos_v4`"]
    #[doc(hidden)]
    /// See [`set_tos_v4`](Self::set_tos_v4).
    set_tos;
    /// The traffic class in the header of outgoing IPv6 packets (`IPV6_TCLASS`); an error
    /// on an IPv4 socket.
    tclass_v6: u32 = TrafficClassV6,
    /// Sets the traffic class in the header of outgoing IPv6 packets. Of a stream, the
    /// system keeps the lowest two bits to itself.
    set_tclass_v6;
    /// The time to live of outgoing packets (for IPv6, their hop limit).
    ttl: u32 = Ttl,
    /// Sets the time to live of outgoing packets (for IPv6, their hop limit).
    set_ttl;
    /// The size of the send buffer in bytes.
    send_buffer_size: u32 = SendBufferSize,
    /// Sets the size of the send buffer in bytes; Linux doubles it.
    set_send_buffer_size;
    /// The size of the receive buffer in bytes.
    recv_buffer_size: u32 = ReceiveBufferSize,
    /// Sets the size of the receive buffer in bytes; Linux doubles it.
    set_recv_buffer_size;
    /// Whether an IPv6 socket keeps to IPv6; an error on an IPv4 socket.
    only_v6: bool = OnlyV6,
    /// Sets whether an IPv6 socket keeps to IPv6; only before it is bound.
    set_only_v6;
    /// Whether datagrams may be sent to broadcast addresses.
    broadcast: bool = Broadcast,
    /// Lets datagrams be sent to broadcast addresses; off by default.
    set_broadcast;
    /// Whether IPv4 multicasts come back to this host.
    multicast_loop_v4: bool = MulticastLoopV4,
    /// Sets whether IPv4 multicasts come back to this host; on by default.
    set_multicast_loop_v4;
    /// The time to live of outgoing IPv4 multicasts.
    multicast_ttl_v4: u32 = MulticastTtlV4,
    /// Sets the time to live of outgoing IPv4 multicasts; 1 by default: the local network.
    set_multicast_ttl_v4;
    /// Whether IPv6 multicasts come back to this host.
    multicast_loop_v6: bool = MulticastLoopV6,
    /// Sets whether IPv6 multicasts come back to this host; on by default.
    set_multicast_loop_v6;
    /// The address of the interface that IPv4 multicasts are sent by; `0.0.0.0` if the system
    /// chooses.
    multicast_if_v4: std::net::Ipv4Addr = MulticastInterfaceV4,
    /// Sends IPv4 multicasts by the interface that has this address. With `0.0.0.0` the system
    /// chooses.
    set_multicast_if_v4;
    /// The index of the interface that IPv6 multicasts are sent by; 0 if the system chooses. An
    /// error on an IPv4 socket.
    multicast_if_v6: u32 = MulticastInterfaceV6,
    /// Sends IPv6 multicasts by the interface of this index. With 0 the system chooses. An error on
    /// an IPv4 socket.
    set_multicast_if_v6;
    /// Whether packets are sent whole or not at all.
    dont_fragment: bool = DontFragment,
    /// Sends packets whole or not at all (`IP_MTU_DISCOVER`, `IPV6_MTU_DISCOVER`): one that is too
    /// long for the interface is an error (`EMSGSIZE`), and routers do not cut it. Off by default;
    /// `Unsupported` on other systems than Linux.
    set_dont_fragment;
    /// Whether what is received brings the credentials of its sender.
    passcred: bool = PassCredentials,
    /// Has what is received bring the credentials of its sender (`SO_PASSCRED`), which
    /// [`recv_with_fds`](Self::recv_with_fds) gives. The system knows them, so no sender can claim
    /// to be somebody else.
    set_passcred;
}

pub(super) use {option_methods, socket_options};

/// Has a connection probed at the times of `keepalive`.
pub(super) fn set_keepalive_times(socket: &Socket, keepalive: &TcpKeepalive) -> io::Result<()> {
    if let Some(time) = keepalive.time() {
        socket.set_by_name(OptionName::KeepAliveTime, OptionValue::keepalive(time)?)?;
    }
    if let Some(interval) = keepalive.interval() {
        socket.set_by_name(OptionName::KeepAliveInterval, OptionValue::keepalive(interval)?)?;
    }
    if let Some(retries) = keepalive.retries() {
        socket.set_by_name(OptionName::KeepAliveRetries, OptionValue::Number(retries))?;
    }
    socket.set_by_name(OptionName::KeepAlive, OptionValue::Flag(true))
}
