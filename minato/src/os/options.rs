//! Socket options as data: a name and a value, which each engine matches on.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// An option that can be read and set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionName {
    ReuseAddress,
    ReusePort,
    NoDelay,
    KeepAlive,
    KeepAliveTime,
    KeepAliveInterval,
    KeepAliveRetries,
    Linger,
    Ttl,
    SendBufferSize,
    ReceiveBufferSize,
    Broadcast,
    OnlyV6,
    MulticastLoopV4,
    MulticastTtlV4,
    MulticastLoopV6,
}

/// The value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionValue {
    Flag(bool),
    Number(u32),
    Time(Option<Duration>),
}

impl OptionValue {
    pub(crate) fn flag(self) -> io::Result<bool> {
        match self {
            Self::Flag(flag) => Ok(flag),
            other => Err(other.mismatch("a flag")),
        }
    }

    pub(crate) fn number(self) -> io::Result<u32> {
        match self {
            Self::Number(number) => Ok(number),
            other => Err(other.mismatch("a number")),
        }
    }

    pub(crate) fn time(self) -> io::Result<Option<Duration>> {
        match self {
            Self::Time(time) => Ok(time),
            other => Err(other.mismatch("a time")),
        }
    }

    fn mismatch(self, wanted: &str) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("this socket option takes {wanted}, not {self:?}"),
        )
    }
}

/// Joining or leaving a multicast group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    JoinV4(Ipv4Addr, Ipv4Addr),
    LeaveV4(Ipv4Addr, Ipv4Addr),
    JoinV6(Ipv6Addr, u32),
    LeaveV6(Ipv6Addr, u32),
}
