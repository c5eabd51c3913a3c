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

impl TryFrom<OptionValue> for bool {
    type Error = io::Error;

    fn try_from(value: OptionValue) -> io::Result<Self> {
        value.flag()
    }
}

impl TryFrom<OptionValue> for u32 {
    type Error = io::Error;

    fn try_from(value: OptionValue) -> io::Result<Self> {
        value.number()
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
