//! What draws and records call the things of a world.
//!
//! A name counts only what belongs to it: a connection is the nth between its two hosts, a task the
//! nth of its host. So nothing that others do can change a name, nor what is drawn for it. A host
//! is a number within the world, and its own name ([`String`]) outside, where names are written
//! and read:
//!
//! | | as text | is |
//! |---|---|---|
//! | [`ConnectionName`] | `c0>r1#2` | the third connection that the host `c0` asked `r1` for |
//! | [`PacketName`] | `c0>r1#2>5` | the sixth packet that the client of that connection sends |
//! | | `c0>r1#2<5` | the sixth packet that its server sends |
//! | | `c0>r1~5` | the sixth datagram that `c0` sends to `r1` |
//! | [`SocketName`] | `c0.4` | the fifth socket of the host `c0` |
//! | [`TaskName`] | `c0.4` | the fifth task of the host `c0` |

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::choice::mix;
use crate::hash::hash;

/// A connection: who asked whom, and how many there were from the one to the other before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionName<H = String> {
    /// The host that asked for the connection.
    pub client: H,
    /// The host that was asked.
    pub server: H,
    /// How many connections the client had asked this server for before.
    pub nth: u32,
}

/// A packet between two hosts, or within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PacketName<H = String> {
    /// A packet of a stream.
    OfConnection {
        /// The connection that it belongs to.
        connection: ConnectionName<H>,
        /// Whether the server sends it.
        from_server: bool,
        /// How many packets this end had sent before.
        nth: u64,
    },
    /// A datagram.
    Datagram {
        /// The host that sends it.
        from: H,
        /// The host that it is for.
        to: H,
        /// How many datagrams the one had sent to the other before.
        nth: u64,
    },
}

/// A socket of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketName<H = String> {
    /// The host.
    pub host: H,
    /// How many sockets the host had before.
    pub nth: u64,
}

/// A task of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskName<H = String> {
    /// The host.
    pub host: H,
    /// How many tasks the host had before.
    pub nth: u64,
}

#[allow(dead_code, reason = "for the names in records and plans")]
impl<H> ConnectionName<H> {
    /// The same name with other words for the hosts.
    pub(crate) fn map<T>(self, mut host: impl FnMut(H) -> T) -> ConnectionName<T> {
        ConnectionName { client: host(self.client), server: host(self.server), nth: self.nth }
    }
}

#[allow(dead_code, reason = "for the names in records and plans")]
impl<H> PacketName<H> {
    /// How many packets its sender had sent there before.
    pub fn nth(&self) -> u64 {
        let (PacketName::OfConnection { nth, .. } | PacketName::Datagram { nth, .. }) = self;
        *nth
    }

    /// The same name with other words for the hosts.
    pub(crate) fn map<T>(self, mut host: impl FnMut(H) -> T) -> PacketName<T> {
        match self {
            PacketName::OfConnection { connection, from_server, nth } => {
                PacketName::OfConnection { connection: connection.map(host), from_server, nth }
            }
            PacketName::Datagram { from, to, nth } => {
                PacketName::Datagram { from: host(from), to: host(to), nth }
            }
        }
    }
}

/// Marks the number of a task of a simulated host.
const SIMULATED: u64 = 1 << 63;

/// Below this bit of such a number stands which task of its host it is, and above it the host.
const HOST_SHIFT: u32 = 40;

impl TaskName<u64> {
    /// The name as a number, for a runtime whose tasks have numbers. The numbers below 2^63 are
    /// left to tasks of no simulated host.
    pub fn number(self) -> u64 {
        SIMULATED | (self.host << HOST_SHIFT) | (self.nth & ((1 << HOST_SHIFT) - 1))
    }

    /// The task with this number, if it is one of a simulated host.
    pub fn of_number(number: u64) -> Option<Self> {
        let (host, nth) = ((number & !SIMULATED) >> HOST_SHIFT, number & ((1 << HOST_SHIFT) - 1));
        (number & SIMULATED != 0).then_some(Self { host, nth })
    }
}

/// What stands for a host in draws. It comes from the name of the host, so that a host that is made
/// before changes nothing.
pub(crate) fn key_of_host(name: &str) -> u64 {
    hash(0, name.as_bytes())
}

/// What stands for the nth of something between two hosts, or of one, in draws.
pub(crate) fn key_of(host: u64, other: u64, nth: u64) -> u64 {
    mix(mix(host ^ other.rotate_left(1)) ^ nth)
}

/// Writes the name of a host so that the text around it can be told from it.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

/// What a name is taken apart by, and what a line with several names is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':') || !byte.is_ascii()
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match u8::try_from(character) {
                Ok(byte) if !is_plain(byte) => write!(f, "%{byte:02x}")?,
                _ => write!(f, "{character}")?,
            }
        }
        Ok(())
    }
}

/// The name of a host that [`Escaped`] has written.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut name = pieces.next()?.to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        name.push(char::from(u8::from_str_radix(digits, 16).ok()?));
        name += rest;
    }
    (!name.is_empty()).then_some(name)
}

/// The hosts of `a>b`.
fn hosts(text: &str) -> Option<(String, String)> {
    let (from, to) = text.split_once('>')?;
    Some((unescaped(from)?, unescaped(to)?))
}

fn connection(text: &str) -> Option<ConnectionName> {
    let (between, nth) = text.split_once('#')?;
    let (client, server) = hosts(between)?;
    Some(ConnectionName { client, server, nth: nth.parse().ok()? })
}

fn packet(text: &str) -> Option<PacketName> {
    if let Some((between, nth)) = text.split_once('~') {
        let (from, to) = hosts(between)?;
        return Some(PacketName::Datagram { from, to, nth: nth.parse().ok()? });
    }
    let start = text.find('#')?;
    let at = start + text[start..].find(['<', '>'])?;
    let connection = connection(&text[..at])?;
    let from_server = text[at..].starts_with('<');
    Some(PacketName::OfConnection { connection, from_server, nth: text[at + 1..].parse().ok()? })
}

fn of_host(text: &str) -> Option<(String, u64)> {
    let (host, nth) = text.rsplit_once('.')?;
    Some((unescaped(host)?, nth.parse().ok()?))
}

impl<H: AsRef<str>> fmt::Display for ConnectionName<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}>{}#{}",
            Escaped(self.client.as_ref()),
            Escaped(self.server.as_ref()),
            self.nth
        )
    }
}

impl<H: AsRef<str>> fmt::Display for PacketName<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PacketName::OfConnection { connection, from_server, nth } => {
                write!(f, "{connection}{}{nth}", if *from_server { '<' } else { '>' })
            }
            PacketName::Datagram { from, to, nth } => {
                write!(f, "{}>{}~{nth}", Escaped(from.as_ref()), Escaped(to.as_ref()))
            }
        }
    }
}

impl<H: AsRef<str>> fmt::Display for SocketName<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Escaped(self.host.as_ref()), self.nth)
    }
}

impl<H: AsRef<str>> fmt::Display for TaskName<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Escaped(self.host.as_ref()), self.nth)
    }
}

/// Gives the names their way from text.
macro_rules! from_text {
    ($($type:ident, $what:literal, $form:literal, $parse:expr;)+) => {
        $(impl FromStr for $type {
            type Err = io::Error;

            fn from_str(text: &str) -> io::Result<Self> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text).ok_or_else(|| {
                    let why = format!("'{text}' names no {}, as '{}' does", $what, $form);
                    io::Error::new(io::ErrorKind::InvalidInput, why)
                })
            }
        })+
    };
}

from_text! {
    ConnectionName, "connection", "client>server#0", connection;
    PacketName, "packet", "client>server#0>3", packet;
    SocketName, "socket", "host.0", |text| of_host(text).map(|(host, nth)| Self { host, nth });
    TaskName, "task", "host.0", |text| of_host(text).map(|(host, nth)| Self { host, nth });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names with everything that the forms use, and with nothing of it.
    const HOSTS: [&str; 7] = ["a", "r1", "a>b", "x#1~2<3", "50%", "with a space", "hôte.7:80"];

    #[test]
    fn names_are_read_as_they_were_written() {
        for client in HOSTS {
            for server in HOSTS {
                let hosts = || (client.to_owned(), server.to_owned());
                let (client, server) = hosts();
                let connection = ConnectionName { client, server, nth: 7 };
                assert_eq!(connection.to_string().parse::<ConnectionName>().unwrap(), connection);
                for from_server in [false, true] {
                    let connection = connection.clone();
                    let packet = PacketName::OfConnection { connection, from_server, nth: 9 };
                    assert_eq!(packet.to_string().parse::<PacketName>().unwrap(), packet);
                    assert!(!packet.to_string().contains(char::is_whitespace));
                }
                let (from, to) = hosts();
                let datagram = PacketName::Datagram { from, to, nth: u64::MAX };
                assert_eq!(datagram.to_string().parse::<PacketName>().unwrap(), datagram);
            }
            let task = TaskName { host: client.to_owned(), nth: 3 };
            assert_eq!(task.to_string().parse::<TaskName>().unwrap(), task);
        }
    }

    #[test]
    fn the_forms_are_those_of_the_table() {
        let connection =
            ConnectionName { client: "c0".to_owned(), server: "r1".to_owned(), nth: 2 };
        assert_eq!(connection.to_string(), "c0>r1#2");
        let packet = |from_server| {
            let connection = connection.clone();
            PacketName::OfConnection { connection, from_server, nth: 5 }.to_string()
        };
        assert_eq!((packet(false), packet(true)), ("c0>r1#2>5".into(), "c0>r1#2<5".into()));
    }

    #[test]
    fn what_is_no_name_is_told() {
        for text in
            ["", "a", "a>b", "a>b#", "a>b#1", "a>b#1>", "a>b~-1", ">b#1>2", "a%4>b~1", "a%zz>b~1"]
        {
            let error = text.parse::<PacketName>().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(&format!("'{text}' names no packet")), "{error}");
        }
        assert!("a".parse::<TaskName>().is_err());
    }

    #[test]
    fn a_task_has_a_number_and_its_number_has_the_task() {
        for (host, nth) in [(0, 0), (1, 3), (400_000, 1 << 39)] {
            let name = TaskName { host, nth };
            assert_eq!(TaskName::of_number(name.number()), Some(name));
        }
        assert_eq!(TaskName::of_number(7), None);
    }
}
