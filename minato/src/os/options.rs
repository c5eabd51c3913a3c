//! Socket options as data, and as calls of the system.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use socket2::{Socket, TcpKeepalive};

use super::{OsSocket, platform};

/// An option that can be read and set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionName {
    ReuseAddress,
    ReusePort,
    NoDelay,
    QuickAck,
    KeepAlive,
    KeepAliveTime,
    KeepAliveInterval,
    KeepAliveRetries,
    Linger,
    Ttl,
    TypeOfServiceV4,
    TrafficClassV6,
    SendBufferSize,
    ReceiveBufferSize,
    Broadcast,
    OnlyV6,
    MulticastLoopV4,
    MulticastTtlV4,
    MulticastLoopV6,
}

impl OptionName {
    /// All of them. Which families a socket serves comes before what depends on it.
    pub(crate) const ALL: [Self; 19] = [
        Self::OnlyV6,
        Self::ReuseAddress,
        Self::ReusePort,
        Self::NoDelay,
        Self::QuickAck,
        Self::KeepAlive,
        Self::KeepAliveTime,
        Self::KeepAliveInterval,
        Self::KeepAliveRetries,
        Self::Linger,
        Self::Ttl,
        Self::TypeOfServiceV4,
        Self::TrafficClassV6,
        Self::SendBufferSize,
        Self::ReceiveBufferSize,
        Self::Broadcast,
        Self::MulticastLoopV4,
        Self::MulticastTtlV4,
        Self::MulticastLoopV6,
    ];

    /// Whether it is the size of a buffer.
    pub(crate) fn is_size(self) -> bool {
        matches!(self, Self::SendBufferSize | Self::ReceiveBufferSize)
    }

    /// What was asked for when this is the value. Linux doubles sizes.
    pub(crate) fn as_asked(self, value: OptionValue) -> OptionValue {
        match value {
            OptionValue::Number(size) if self.is_size() && cfg!(target_os = "linux") => {
                OptionValue::Number(size / 2)
            }
            value => value,
        }
    }
}

/// The value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionValue {
    Flag(bool),
    Number(u32),
    Time(Option<Duration>),
}

impl OptionValue {
    /// How long a close lingers. A system counts whole seconds, and none of them resets the
    /// connection: so a part of a second counts as one.
    pub(crate) fn linger(time: Option<Duration>) -> io::Result<Self> {
        let Some(time) = time else { return Ok(Self::Time(None)) };
        let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
        if i32::try_from(seconds).is_err() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("a linger of {time:?} is more than the {} s that it can be", i32::MAX),
            ));
        }
        Ok(Self::Time(Some(Duration::from_secs(seconds))))
    }

    /// A time of keepalive probes, in whole seconds as systems count it.
    pub(crate) fn keepalive(time: Duration) -> io::Result<Self> {
        if time < Duration::from_secs(1) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("a keepalive time of {time:?} is less than a second"),
            ));
        }
        Ok(Self::Time(Some(Duration::from_secs(time.as_secs()))))
    }
}

/// Gives the types of values the ways into an [`OptionValue`] and out of it.
macro_rules! values {
    ($($kind:ident($type:ty), $wanted:literal;)+) => {
        $(impl TryFrom<OptionValue> for $type {
            type Error = io::Error;

            fn try_from(value: OptionValue) -> io::Result<Self> {
                match value {
                    OptionValue::$kind(value) => Ok(value),
                    other => Err(io::Error::new(
                        io::ErrorKind::InvalidInput,
                        format!("this socket option takes {}, not {other:?}", $wanted),
                    )),
                }
            }
        }

        impl From<$type> for OptionValue {
            fn from(value: $type) -> Self {
                Self::$kind(value)
            }
        })+
    };
}

values! {
    Flag(bool), "a flag";
    Number(u32), "a number";
    Time(Option<Duration>), "a time";
}

/// Joining or leaving a multicast group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    JoinV4(Ipv4Addr, Ipv4Addr),
    LeaveV4(Ipv4Addr, Ipv4Addr),
    JoinV6(Ipv6Addr, u32),
    LeaveV6(Ipv6Addr, u32),
}

impl OsSocket {
    pub(crate) fn option(&self, name: OptionName) -> io::Result<OptionValue> {
        use OptionValue::{Flag, Number, Time};
        let socket = &self.socket;
        let size = |size: io::Result<usize>| size.map(|size| Number(size as u32));
        match name {
            OptionName::ReuseAddress => socket.reuse_address().map(Flag),
            OptionName::ReusePort => socket.reuse_port().map(Flag),
            OptionName::NoDelay => socket.tcp_nodelay().map(Flag),
            OptionName::QuickAck => platform::quickack(socket).map(Flag),
            OptionName::KeepAlive => socket.keepalive().map(Flag),
            OptionName::KeepAliveTime => socket.tcp_keepalive_time().map(|time| Time(Some(time))),
            OptionName::KeepAliveInterval => {
                socket.tcp_keepalive_interval().map(|interval| Time(Some(interval)))
            }
            OptionName::KeepAliveRetries => socket.tcp_keepalive_retries().map(Number),
            OptionName::Linger => socket.linger().map(Time),
            OptionName::Ttl if self.is_v6()? => socket.unicast_hops_v6().map(Number),
            OptionName::Ttl => socket.ttl_v4().map(Number),
            OptionName::TypeOfServiceV4 => socket.tos_v4().map(Number),
            OptionName::TrafficClassV6 => socket.tclass_v6().map(Number),
            OptionName::SendBufferSize => size(socket.send_buffer_size()),
            OptionName::ReceiveBufferSize => size(socket.recv_buffer_size()),
            OptionName::Broadcast => socket.broadcast().map(Flag),
            OptionName::OnlyV6 => socket.only_v6().map(Flag),
            OptionName::MulticastLoopV4 => socket.multicast_loop_v4().map(Flag),
            OptionName::MulticastTtlV4 => socket.multicast_ttl_v4().map(Number),
            OptionName::MulticastLoopV6 => socket.multicast_loop_v6().map(Flag),
        }
    }

    pub(crate) fn set_option(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
        let socket = &self.socket;
        let time = |value| Option::try_from(value).map(Option::unwrap_or_default);
        match name {
            OptionName::ReuseAddress => socket.set_reuse_address(value.try_into()?),
            OptionName::ReusePort => socket.set_reuse_port(value.try_into()?),
            OptionName::NoDelay => socket.set_tcp_nodelay(value.try_into()?),
            OptionName::QuickAck => platform::set_quickack(socket, value.try_into()?),
            OptionName::KeepAlive => socket.set_keepalive(value.try_into()?),
            OptionName::KeepAliveTime => keep_alive(socket, |k| Ok(k.with_time(time(value)?))),
            OptionName::KeepAliveInterval => {
                keep_alive(socket, |k| Ok(k.with_interval(time(value)?)))
            }
            OptionName::KeepAliveRetries => {
                keep_alive(socket, |k| Ok(k.with_retries(value.try_into()?)))
            }
            OptionName::Linger => socket.set_linger(value.try_into()?),
            OptionName::Ttl if self.is_v6()? => socket.set_unicast_hops_v6(value.try_into()?),
            OptionName::Ttl => socket.set_ttl_v4(value.try_into()?),
            OptionName::TypeOfServiceV4 => socket.set_tos_v4(value.try_into()?),
            OptionName::TrafficClassV6 => socket.set_tclass_v6(value.try_into()?),
            OptionName::SendBufferSize => {
                socket.set_send_buffer_size(u32::try_from(value)? as usize)
            }
            OptionName::ReceiveBufferSize => {
                socket.set_recv_buffer_size(u32::try_from(value)? as usize)
            }
            OptionName::Broadcast => socket.set_broadcast(value.try_into()?),
            OptionName::OnlyV6 => socket.set_only_v6(value.try_into()?),
            OptionName::MulticastLoopV4 => socket.set_multicast_loop_v4(value.try_into()?),
            OptionName::MulticastTtlV4 => socket.set_multicast_ttl_v4(value.try_into()?),
            OptionName::MulticastLoopV6 => socket.set_multicast_loop_v6(value.try_into()?),
        }
    }

    /// The network interface that the socket is bound to.
    pub(crate) fn device(&self) -> io::Result<Option<Vec<u8>>> {
        platform::device(&self.socket)
    }

    pub(crate) fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        platform::bind_device(&self.socket, interface)
    }

    pub(crate) fn change_membership(&self, change: Membership) -> io::Result<()> {
        let socket = &self.socket;
        match change {
            Membership::JoinV4(group, interface) => socket.join_multicast_v4(&group, &interface),
            Membership::LeaveV4(group, interface) => socket.leave_multicast_v4(&group, &interface),
            Membership::JoinV6(group, interface) => socket.join_multicast_v6(&group, interface),
            Membership::LeaveV6(group, interface) => socket.leave_multicast_v6(&group, interface),
        }
    }
}

/// Setting a keep-alive time turns keep-alive on, which the setting of a time alone must not.
fn keep_alive(
    socket: &Socket,
    change: impl FnOnce(TcpKeepalive) -> io::Result<TcpKeepalive>,
) -> io::Result<()> {
    let on = socket.keepalive()?;
    let changed = socket.set_tcp_keepalive(&change(TcpKeepalive::new())?);
    // Also after a value that the system refused.
    socket.set_keepalive(on)?;
    changed
}
