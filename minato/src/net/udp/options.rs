//! The options of a UDP socket.

use std::io;

use super::UdpSocket;
use crate::engine::{OptionName, OptionValue};

impl UdpSocket {
    fn flag(&self, name: OptionName) -> io::Result<bool> {
        self.socket.option(name)?.flag()
    }

    fn set_flag(&self, name: OptionName, value: bool) -> io::Result<()> {
        self.socket.set_option(name, OptionValue::Flag(value))
    }

    fn number(&self, name: OptionName) -> io::Result<u32> {
        self.socket.option(name)?.number()
    }

    fn set_number(&self, name: OptionName, value: u32) -> io::Result<()> {
        self.socket.set_option(name, OptionValue::Number(value))
    }

    /// Whether datagrams may be sent to broadcast addresses.
    ///
    /// # Errors
    ///
    /// The system's, as for every option here.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.flag(OptionName::Broadcast)
    }

    /// Lets datagrams be sent to broadcast addresses; off by default.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.set_flag(OptionName::Broadcast, broadcast)
    }

    /// The time to live of outgoing datagrams (for IPv6, their hop limit).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.number(OptionName::Ttl)
    }

    /// Sets the time to live of outgoing datagrams (for IPv6, their hop limit).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.set_number(OptionName::Ttl, ttl)
    }

    /// The size of the send buffer in bytes.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        self.number(OptionName::SendBufferSize)
    }

    /// Sets the size of the send buffer in bytes; Linux doubles it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
        self.set_number(OptionName::SendBufferSize, size)
    }

    /// The size of the receive buffer in bytes. Datagrams that find it full are lost.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        self.number(OptionName::ReceiveBufferSize)
    }

    /// Sets the size of the receive buffer in bytes; Linux doubles it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
        self.set_number(OptionName::ReceiveBufferSize, size)
    }

    /// Whether IPv4 multicasts come back to this host.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.flag(OptionName::MulticastLoopV4)
    }

    /// Sets whether IPv4 multicasts come back to this host; on by default.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_loop_v4(&self, back: bool) -> io::Result<()> {
        self.set_flag(OptionName::MulticastLoopV4, back)
    }

    /// The time to live of outgoing IPv4 multicasts.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.number(OptionName::MulticastTtlV4)
    }

    /// Sets the time to live of outgoing IPv4 multicasts; 1 by default, which is the local network.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.set_number(OptionName::MulticastTtlV4, ttl)
    }

    /// Whether IPv6 multicasts come back to this host.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.flag(OptionName::MulticastLoopV6)
    }

    /// Sets whether IPv6 multicasts come back to this host; on by default.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_loop_v6(&self, back: bool) -> io::Result<()> {
        self.set_flag(OptionName::MulticastLoopV6, back)
    }
}
