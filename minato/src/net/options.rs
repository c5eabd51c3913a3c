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
            $($crate::net::options::option_method! { $method })+
        }
    };
}

/// The two methods of an option, by the name of the first.
macro_rules! option_method {
    (reuseaddr) => {
        $crate::net::options::option_method! {
            ReuseAddress Flag bool, reuseaddr set_reuseaddr,
            "Whether the address may be bound while old connections of it linger.",
            "Lets the address be bound while old connections of it linger."
        }
    };
    (reuseport) => {
        $crate::net::options::option_method! {
            ReusePort Flag bool, reuseport set_reuseport,
            "Whether several sockets may be bound to the address.",
            "Lets several sockets be bound to the address; connections are spread over them."
        }
    };
    (keepalive) => {
        $crate::net::options::option_method! {
            KeepAlive Flag bool, keepalive set_keepalive,
            "Whether idle connections are probed.",
            "Sets whether idle connections are probed, at the system's default times."
        }
    };
    (nodelay) => {
        $crate::net::options::option_method! {
            NoDelay Flag bool, nodelay set_nodelay,
            "Whether small segments are sent at once.",
            "Sets whether small segments are sent at once (`TCP_NODELAY`); off by default."
        }
    };
    (ttl) => {
        $crate::net::options::option_method! {
            Ttl Number u32, ttl set_ttl,
            "The time to live of outgoing packets (for IPv6, their hop limit).",
            "Sets the time to live of outgoing packets (for IPv6, their hop limit)."
        }
    };
    (send_buffer_size) => {
        $crate::net::options::option_method! {
            SendBufferSize Number u32, send_buffer_size set_send_buffer_size,
            "The size of the send buffer in bytes.",
            "Sets the size of the send buffer in bytes; Linux doubles it."
        }
    };
    (recv_buffer_size) => {
        $crate::net::options::option_method! {
            ReceiveBufferSize Number u32, recv_buffer_size set_recv_buffer_size,
            "The size of the receive buffer in bytes.",
            "Sets the size of the receive buffer in bytes; Linux doubles it."
        }
    };
    (only_v6) => {
        $crate::net::options::option_method! {
            OnlyV6 Flag bool, only_v6 set_only_v6,
            "Whether an IPv6 socket keeps to IPv6; an error on an IPv4 socket.",
            "Sets whether an IPv6 socket keeps to IPv6; only before it is bound."
        }
    };
    (broadcast) => {
        $crate::net::options::option_method! {
            Broadcast Flag bool, broadcast set_broadcast,
            "Whether datagrams may be sent to broadcast addresses.",
            "Lets datagrams be sent to broadcast addresses; off by default."
        }
    };
    (multicast_loop_v4) => {
        $crate::net::options::option_method! {
            MulticastLoopV4 Flag bool, multicast_loop_v4 set_multicast_loop_v4,
            "Whether IPv4 multicasts come back to this host.",
            "Sets whether IPv4 multicasts come back to this host; on by default."
        }
    };
    (multicast_ttl_v4) => {
        $crate::net::options::option_method! {
            MulticastTtlV4 Number u32, multicast_ttl_v4 set_multicast_ttl_v4,
            "The time to live of outgoing IPv4 multicasts.",
            "Sets the time to live of outgoing IPv4 multicasts; 1 by default: the local network."
        }
    };
    (multicast_loop_v6) => {
        $crate::net::options::option_method! {
            MulticastLoopV6 Flag bool, multicast_loop_v6 set_multicast_loop_v6,
            "Whether IPv6 multicasts come back to this host.",
            "Sets whether IPv6 multicasts come back to this host; on by default."
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
            self.socket.option($crate::os::OptionName::Linger)?.time()
        }

        /// Sets how long a close waits for bytes that were not sent. With a zero duration a close
        /// throws them away and resets the connection. Any other makes the *close block* on most
        /// systems, and is best left alone; it counts in whole seconds, rounded up.
        ///
        /// # Errors
        ///
        /// `InvalidInput` for more than 2³¹ - 1 seconds; else the system's.
        pub fn set_linger(&self, linger: Option<std::time::Duration>) -> std::io::Result<()> {
            let linger = $crate::os::OptionValue::linger(linger)?;
            self.socket.set_option($crate::os::OptionName::Linger, linger)
        }
    };
    (
        $option:ident $kind:ident $value:ty, $get:ident $set:ident,
        $get_doc:literal, $set_doc:literal
    ) => {
        #[doc = $get_doc]
        ///
        /// # Errors
        ///
        /// The system's.
        pub fn $get(&self) -> std::io::Result<$value> {
            self.socket.option($crate::os::OptionName::$option)?.try_into()
        }

        #[doc = $set_doc]
        ///
        /// # Errors
        ///
        /// The system's.
        pub fn $set(&self, value: $value) -> std::io::Result<()> {
            let value = $crate::os::OptionValue::$kind(value);
            self.socket.set_option($crate::os::OptionName::$option, value)
        }
    };
}

pub(super) use {option_method, socket_options};

/// Has a connection probed at the times of `keepalive`.
pub(super) fn set_keepalive_times(socket: &Socket, keepalive: &TcpKeepalive) -> io::Result<()> {
    if let Some(time) = keepalive.time() {
        socket.set_option(OptionName::KeepAliveTime, OptionValue::keepalive(time)?)?;
    }
    if let Some(interval) = keepalive.interval() {
        socket.set_option(OptionName::KeepAliveInterval, OptionValue::keepalive(interval)?)?;
    }
    if let Some(retries) = keepalive.retries() {
        socket.set_option(OptionName::KeepAliveRetries, OptionValue::Number(retries))?;
    }
    socket.set_option(OptionName::KeepAlive, OptionValue::Flag(true))
}
