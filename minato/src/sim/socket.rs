//! A socket of a simulated host: the verbs of [`OsSocket`](crate::os::OsSocket), as calls into the
//! world. Every error is the one that Linux would give.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::ops::Deref;

use minato_sim::{Host, Kind, Socket, SocketOption};

use crate::os::{Address, Family, Membership, OptionName, OptionValue, Received, Transport};

/// A socket of a simulated host.
pub(crate) struct SimSocket {
    pub(super) socket: Socket,
}

impl From<Socket> for SimSocket {
    fn from(socket: Socket) -> Self {
        Self { socket }
    }
}

/// The verbs that take and give what the world's own do.
impl Deref for SimSocket {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl SimSocket {
    pub(crate) fn open(host: &Host, family: Family, transport: Transport) -> io::Result<Self> {
        let family = match family {
            Family::V4 => minato_sim::Family::V4,
            Family::V6 => minato_sim::Family::V6,
            Family::Unix => return Err(unsupported("a Unix socket")),
        };
        let kind = match transport {
            Transport::Tcp => Kind::Stream,
            Transport::Udp => Kind::Datagram,
            _ => return Err(unsupported("a Unix socket")),
        };
        Ok(host.socket(family, kind)?.into())
    }

    /// The number of its host.
    pub(crate) fn host_number(&self) -> u64 {
        self.socket.host().number()
    }

    /// The family of its addresses, in the library's words.
    pub(super) fn family_here(&self) -> Family {
        match self.socket.family() {
            minato_sim::Family::V4 => Family::V4,
            minato_sim::Family::V6 => Family::V6,
        }
    }

    pub(crate) fn connect(&self, address: &Address) -> io::Result<()> {
        self.socket.connect(ip(address)?)
    }

    pub(crate) fn bind(&self, address: &Address) -> io::Result<()> {
        self.socket.bind(ip(address)?)
    }

    pub(crate) fn accept(&self) -> io::Result<(Self, Address)> {
        let (accepted, from) = self.socket.accept()?;
        Ok((accepted.into(), Address::Ip(from)))
    }

    pub(crate) fn recv_datagram(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<usize> {
        if peek { self.peek(buf) } else { self.recv(buf) }
    }

    pub(crate) fn recv_from(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        let socket = &self.socket;
        let received = if peek { socket.peek_from(buf) } else { socket.recv_from(buf) };
        let (len, truncated, from) = received?;
        Ok((Received { len, truncated }, Address::Ip(from)))
    }

    pub(crate) fn send_to(&self, buf: &[u8], target: &Address) -> io::Result<usize> {
        self.socket.send_to(buf, ip(target)?)
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        self.socket.local_addr().map(Address::Ip)
    }

    pub(crate) fn peer_address(&self) -> io::Result<Address> {
        self.socket.peer_addr().map(Address::Ip)
    }

    pub(crate) fn peer_credentials(&self) -> io::Result<(u32, u32, Option<i32>)> {
        Err(unsupported("the credentials of a peer"))
    }

    pub(crate) fn option(&self, name: OptionName) -> io::Result<OptionValue> {
        use OptionValue::{Address, Flag, Number, Time};
        let options = self.socket.options();
        let v6 = self.socket.family() == minato_sim::Family::V6;
        let of_v6 = [
            OptionName::OnlyV6,
            OptionName::MulticastLoopV6,
            OptionName::MulticastInterfaceV6,
            OptionName::TrafficClassV6,
        ];
        if !v6 && of_v6.contains(&name) {
            // What Linux says when an option of IPv6 is read from an IPv4 socket.
            return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP));
        }
        Ok(match name {
            OptionName::ReuseAddress => Flag(options.reuse_address),
            OptionName::ReusePort => Flag(options.reuse_port),
            OptionName::NoDelay => Flag(options.nodelay),
            OptionName::QuickAck => Flag(options.quickack),
            OptionName::KeepAlive => Flag(options.keepalive),
            OptionName::KeepAliveTime => Time(Some(options.keepalive_idle)),
            OptionName::KeepAliveInterval => Time(Some(options.keepalive_interval)),
            OptionName::KeepAliveRetries => Number(options.keepalive_retries),
            OptionName::Linger => Time(options.linger),
            OptionName::Ttl => Number(options.ttl),
            OptionName::TypeOfServiceV4 => Number(options.type_of_service),
            OptionName::TrafficClassV6 => Number(options.traffic_class),
            OptionName::SendBufferSize => Number(options.send_buffer as u32),
            OptionName::ReceiveBufferSize => Number(options.receive_buffer as u32),
            OptionName::Broadcast => Flag(options.broadcast),
            OptionName::OnlyV6 => Flag(options.only_v6),
            OptionName::MulticastLoopV4 => Flag(options.multicast_loop_v4),
            OptionName::MulticastTtlV4 => Number(options.multicast_ttl_v4),
            OptionName::MulticastLoopV6 => Flag(options.multicast_loop_v6),
            OptionName::MulticastInterfaceV4 => Address(options.multicast_interface_v4),
            OptionName::MulticastInterfaceV6 => Number(options.multicast_interface_v6),
            OptionName::DontFragment => Flag(options.dont_fragment),
            OptionName::PassCredentials => return Err(unsupported("credentials of a sender")),
        })
    }

    pub(crate) fn set_option(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
        let time = |value| Option::try_from(value).map(Option::unwrap_or_default);
        self.socket.set_option(match name {
            OptionName::ReuseAddress => SocketOption::ReuseAddress(value.try_into()?),
            OptionName::ReusePort => SocketOption::ReusePort(value.try_into()?),
            OptionName::NoDelay => SocketOption::NoDelay(value.try_into()?),
            OptionName::QuickAck => SocketOption::QuickAck(value.try_into()?),
            OptionName::KeepAlive => SocketOption::Keepalive(value.try_into()?),
            OptionName::KeepAliveTime => SocketOption::KeepaliveIdle(time(value)?),
            OptionName::KeepAliveInterval => SocketOption::KeepaliveInterval(time(value)?),
            OptionName::KeepAliveRetries => SocketOption::KeepaliveRetries(value.try_into()?),
            OptionName::Linger => SocketOption::Linger(value.try_into()?),
            OptionName::Ttl => SocketOption::TimeToLive(value.try_into()?),
            OptionName::TypeOfServiceV4 => SocketOption::TypeOfService(value.try_into()?),
            OptionName::TrafficClassV6 => SocketOption::TrafficClass(value.try_into()?),
            OptionName::SendBufferSize => SocketOption::SendBuffer(u32::try_from(value)? as usize),
            OptionName::ReceiveBufferSize => {
                SocketOption::ReceiveBuffer(u32::try_from(value)? as usize)
            }
            OptionName::Broadcast => SocketOption::Broadcast(value.try_into()?),
            OptionName::OnlyV6 => SocketOption::OnlyV6(value.try_into()?),
            OptionName::MulticastLoopV4 => SocketOption::MulticastLoopV4(value.try_into()?),
            OptionName::MulticastTtlV4 => SocketOption::MulticastTtlV4(value.try_into()?),
            OptionName::MulticastLoopV6 => SocketOption::MulticastLoopV6(value.try_into()?),
            OptionName::MulticastInterfaceV4 => {
                SocketOption::MulticastInterfaceV4(value.try_into()?)
            }
            OptionName::MulticastInterfaceV6 => {
                SocketOption::MulticastInterfaceV6(value.try_into()?)
            }
            OptionName::DontFragment => SocketOption::DontFragment(value.try_into()?),
            OptionName::PassCredentials => return Err(unsupported("credentials of a sender")),
        })
    }

    /// The network interface that it is bound to; a simulated host has none to choose from.
    pub(crate) fn device(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    pub(crate) fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        match interface {
            None | Some([]) => Ok(()),
            Some(_) => Err(unsupported("a socket bound to a device (SO_BINDTODEVICE)")),
        }
    }

    pub(crate) fn change_membership(&self, change: Membership) -> io::Result<()> {
        self.socket.set_option(match change {
            Membership::JoinV4(group, interface) => SocketOption::JoinV4(group, interface),
            Membership::LeaveV4(group, interface) => SocketOption::LeaveV4(group, interface),
            Membership::JoinV6(group, interface) => SocketOption::JoinV6(group, interface),
            Membership::LeaveV6(group, interface) => SocketOption::LeaveV6(group, interface),
        })
    }
}

fn ip(address: &Address) -> io::Result<SocketAddr> {
    match address {
        Address::Ip(address) => Ok(*address),
        Address::Unix(_) => Err(unsupported("a Unix address")),
    }
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} cannot be had on the sim engine, which has TCP and UDP"),
    )
}
