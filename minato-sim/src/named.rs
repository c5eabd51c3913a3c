//! Socket options by name: reading and setting what a name and a value at hand stand for.
//!
//! A program that has sockets of the system beside those of a world speaks of both in these words,
//! and so they are more than a world has.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::errno::{self, fail};
use crate::options::SocketOption;
use crate::socket::{Family, Socket};
use crate::unix::has_option;

/// An option that can be read and set. [`SocketOption`] says what each of them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are named as those of `SocketOption`")]
pub enum OptionName {
    OnlyV6,
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
    MulticastLoopV4,
    MulticastTtlV4,
    MulticastLoopV6,
    MulticastInterfaceV4,
    MulticastInterfaceV6,
    DontFragment,
    /// Whether messages tell who sent them: only of Unix sockets, and of none of a world.
    PassCredentials,
}

/// Says what each name is among the options of a socket.
macro_rules! options_by_name {
    (
        |$options:ident, $value:ident| without $absent:ident;
        $($name:ident: $type:ty = $get:expr, $set:expr;)+
    ) => {
        impl OptionName {
            /// All of them. Which families a socket serves comes before what depends on it.
            pub const ALL: [Self; 23] = [$(Self::$name,)+ Self::$absent];
        }

        impl Socket {
            /// The value of the option of that name.
            ///
            /// # Errors
            /// `EOPNOTSUPP` for an option of IPv6, read from an IPv4 socket, and for one of the
            /// internet's, read from a Unix socket; `Unsupported` for what
            /// no simulated socket has.
            pub fn option(&self, name: OptionName) -> io::Result<OptionValue> {
                let $options = self.options();
                let absent = match self.family() {
                    Family::V4 => name.is_of_v6(),
                    Family::V6 => false,
                    Family::Unix => !has_option(name),
                };
                if absent {
                    return fail(errno::EOPNOTSUPP);
                }
                match name {
                    $(OptionName::$name => {
                        let value: $type = $get;
                        Ok(value.into())
                    })+
                    OptionName::$absent => Err(unsupported(name)),
                }
            }

            /// Sets the option of that name.
            ///
            /// # Errors
            /// As [`set_option`](Self::set_option); `InvalidInput` for a value of another kind,
            /// `Unsupported` for what no simulated socket has.
            pub fn set_by_name(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
                self.set_option(match name {
                    $(OptionName::$name => {
                        let $value: $type = value.try_into()?;
                        $set
                    })+
                    OptionName::$absent => return Err(unsupported(name)),
                })
            }
        }
    };
}

options_by_name! {
    |options, value| without PassCredentials;
    OnlyV6: bool = options.only_v6, SocketOption::OnlyV6(value);
    ReuseAddress: bool = options.reuse_address, SocketOption::ReuseAddress(value);
    ReusePort: bool = options.reuse_port, SocketOption::ReusePort(value);
    NoDelay: bool = options.nodelay, SocketOption::NoDelay(value);
    QuickAck: bool = options.quickack, SocketOption::QuickAck(value);
    KeepAlive: bool = options.keepalive, SocketOption::Keepalive(value);
    KeepAliveTime: Option<Duration> = Some(options.keepalive_idle),
        SocketOption::KeepaliveIdle(value.unwrap_or_default());
    KeepAliveInterval: Option<Duration> = Some(options.keepalive_interval),
        SocketOption::KeepaliveInterval(value.unwrap_or_default());
    KeepAliveRetries: u32 = options.keepalive_retries, SocketOption::KeepaliveRetries(value);
    Linger: Option<Duration> = options.linger, SocketOption::Linger(value);
    Ttl: u32 = options.ttl, SocketOption::TimeToLive(value);
    TypeOfServiceV4: u32 = options.type_of_service, SocketOption::TypeOfService(value);
    TrafficClassV6: u32 = options.traffic_class, SocketOption::TrafficClass(value);
    SendBufferSize: u32 = options.send_buffer as u32, SocketOption::SendBuffer(value as usize);
    ReceiveBufferSize: u32 = options.receive_buffer as u32,
        SocketOption::ReceiveBuffer(value as usize);
    Broadcast: bool = options.broadcast, SocketOption::Broadcast(value);
    MulticastLoopV4: bool = options.multicast_loop_v4, SocketOption::MulticastLoopV4(value);
    MulticastTtlV4: u32 = options.multicast_ttl_v4, SocketOption::MulticastTtlV4(value);
    MulticastLoopV6: bool = options.multicast_loop_v6, SocketOption::MulticastLoopV6(value);
    MulticastInterfaceV4: Ipv4Addr = options.multicast_interface_v4,
        SocketOption::MulticastInterfaceV4(value);
    MulticastInterfaceV6: u32 = options.multicast_interface_v6,
        SocketOption::MulticastInterfaceV6(value);
    DontFragment: bool = options.dont_fragment, SocketOption::DontFragment(value);
}

impl OptionName {
    /// Whether it is the size of a buffer, which Linux doubles as it is set.
    pub fn is_size(self) -> bool {
        matches!(self, Self::SendBufferSize | Self::ReceiveBufferSize)
    }

    /// Whether Linux refuses to read it from an IPv4 socket.
    fn is_of_v6(self) -> bool {
        matches!(
            self,
            Self::OnlyV6
                | Self::MulticastLoopV6
                | Self::MulticastInterfaceV6
                | Self::TrafficClassV6
        )
    }
}

/// The value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// On or off.
    Flag(bool),
    /// A number, of which the option tells the unit.
    Number(u32),
    /// A time; `None` where it is off.
    Time(Option<Duration>),
    /// An address, which names an interface.
    Address(Ipv4Addr),
}

impl OptionValue {
    /// How long a close lingers. A system counts whole seconds, and none of them resets the
    /// connection: so a part of a second counts as one.
    ///
    /// # Errors
    /// `InvalidInput` for more than `i32::MAX` seconds.
    pub fn linger(time: Option<Duration>) -> io::Result<Self> {
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
    ///
    /// # Errors
    /// `InvalidInput` for less than a second.
    pub fn keepalive(time: Duration) -> io::Result<Self> {
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

/// Joining or leaving a multicast group: the group, and the interface as [`SocketOption`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are those of `SocketOption`")]
pub enum Membership {
    JoinV4(Ipv4Addr, Ipv4Addr),
    LeaveV4(Ipv4Addr, Ipv4Addr),
    JoinV6(Ipv6Addr, u32),
    LeaveV6(Ipv6Addr, u32),
}

impl Socket {
    /// Joins or leaves a group.
    ///
    /// # Errors
    /// As [`set_option`](Self::set_option).
    pub fn change_membership(&self, change: Membership) -> io::Result<()> {
        self.set_option(match change {
            Membership::JoinV4(group, interface) => SocketOption::JoinV4(group, interface),
            Membership::LeaveV4(group, interface) => SocketOption::LeaveV4(group, interface),
            Membership::JoinV6(group, interface) => SocketOption::JoinV6(group, interface),
            Membership::LeaveV6(group, interface) => SocketOption::LeaveV6(group, interface),
        })
    }
}

fn unsupported(name: OptionName) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("the option {name:?} cannot be had on the sim engine"),
    )
}
