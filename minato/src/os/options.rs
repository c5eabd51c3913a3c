//! Socket options as data, and as calls of the system.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use socket2::{Socket, TcpKeepalive};

use super::{OsSocket, platform};

/// Defines the options, and how the system reads and sets each of them.
macro_rules! options {
    (
        $(#[$doc:meta])+
        pub(crate) $keyword:ident $names:ident of |$os:ident, $socket:ident, $value:ident|;
        $($name:ident: $type:ty = $get:expr, $set:expr;)+
    ) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) $keyword $names {
            $($name),+
        }

        impl $names {
            /// All of them. Which families a socket serves comes before what depends on it.
            pub(crate) const ALL: [Self; 23] = [$(Self::$name),+];
        }

        impl OsSocket {
            pub(crate) fn option(&self, name: $names) -> io::Result<OptionValue> {
                let ($os, $socket) = (self, &self.socket);
                match name {
                    $($names::$name => $get.map(<$type>::into),)+
                }
            }

            pub(crate) fn set_option(&self, name: $names, value: OptionValue) -> io::Result<()> {
                let ($os, $socket) = (self, &self.socket);
                match name {
                    $($names::$name => {
                        let $value: $type = value.try_into()?;
                        $set
                    })+
                }
            }
        }
    };
}

options! {
    /// An option that can be read and set.
    pub(crate) enum OptionName of |os, socket, value|;
    OnlyV6: bool = socket.only_v6(), socket.set_only_v6(value);
    ReuseAddress: bool = socket.reuse_address(), socket.set_reuse_address(value);
    ReusePort: bool = socket.reuse_port(), socket.set_reuse_port(value);
    NoDelay: bool = socket.tcp_nodelay(), socket.set_tcp_nodelay(value);
    QuickAck: bool = platform::quickack(socket), platform::set_quickack(socket, value);
    KeepAlive: bool = socket.keepalive(), socket.set_keepalive(value);
    KeepAliveTime: Option<Duration> = socket.tcp_keepalive_time().map(Some),
        keep_alive(socket, |times| times.with_time(value.unwrap_or_default()));
    KeepAliveInterval: Option<Duration> = socket.tcp_keepalive_interval().map(Some),
        keep_alive(socket, |times| times.with_interval(value.unwrap_or_default()));
    KeepAliveRetries: u32 = socket.tcp_keepalive_retries(),
        keep_alive(socket, |times| times.with_retries(value));
    Linger: Option<Duration> = socket.linger(), socket.set_linger(value);
    Ttl: u32 = os.ttl(), os.set_ttl(value);
    TypeOfServiceV4: u32 = socket.tos_v4(), socket.set_tos_v4(value);
    TrafficClassV6: u32 = socket.tclass_v6(), socket.set_tclass_v6(value);
    SendBufferSize: u32 = socket.send_buffer_size().map(|size| size as u32),
        socket.set_send_buffer_size(value as usize);
    ReceiveBufferSize: u32 = socket.recv_buffer_size().map(|size| size as u32),
        socket.set_recv_buffer_size(value as usize);
    Broadcast: bool = socket.broadcast(), socket.set_broadcast(value);
    MulticastLoopV4: bool = socket.multicast_loop_v4(), socket.set_multicast_loop_v4(value);
    MulticastTtlV4: u32 = socket.multicast_ttl_v4(), socket.set_multicast_ttl_v4(value);
    MulticastLoopV6: bool = socket.multicast_loop_v6(), socket.set_multicast_loop_v6(value);
    MulticastInterfaceV4: Ipv4Addr = socket.multicast_if_v4(), socket.set_multicast_if_v4(&value);
    MulticastInterfaceV6: u32 = socket.multicast_if_v6(), socket.set_multicast_if_v6(value);
    DontFragment: bool = platform::dont_fragment(socket, os.is_v6()?),
        platform::set_dont_fragment(socket, os.is_v6()?, value);
    PassCredentials: bool = platform::passcred(socket), platform::set_passcred(socket, value);
}

impl OptionName {
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
    Address(Ipv4Addr),
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
    Address(Ipv4Addr), "an address";
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
    fn ttl(&self) -> io::Result<u32> {
        if self.is_v6()? { self.socket.unicast_hops_v6() } else { self.socket.ttl_v4() }
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self.is_v6()? {
            true => self.socket.set_unicast_hops_v6(ttl),
            false => self.socket.set_ttl_v4(ttl),
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
    change: impl FnOnce(TcpKeepalive) -> TcpKeepalive,
) -> io::Result<()> {
    let on = socket.keepalive()?;
    let changed = socket.set_tcp_keepalive(&change(TcpKeepalive::new()));
    // Also after a value that the system refused.
    socket.set_keepalive(on)?;
    changed
}
