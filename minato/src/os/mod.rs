//! The socket verbs as system calls of the operating system.
//!
//! Each verb is one call through socket2; nothing here waits, and every error is the kernel's own.

pub(crate) mod batch;
pub(crate) mod gro;
pub(crate) mod gso;
pub(crate) mod options;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "portable.rs")]
pub(crate) mod platform;
#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod portable;
pub(crate) mod transmit;
pub(crate) mod udp;

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use crate::engine::{Address, Family, Membership, OptionName, OptionValue, Received, Transport};

pub(crate) fn open(family: Family, transport: Transport) -> io::Result<Socket> {
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
        Family::Unix => Domain::UNIX,
    };
    let (kind, protocol) = match transport {
        Transport::Tcp => (Type::STREAM, Some(Protocol::TCP)),
        Transport::Udp => (Type::DGRAM, Some(Protocol::UDP)),
        Transport::UnixStream => (Type::STREAM, None),
        Transport::UnixDatagram => (Type::DGRAM, None),
        Transport::Other => return Err(io::ErrorKind::InvalidInput.into()),
    };
    platform::socket(domain, kind, protocol)
}

/// Two Unix sockets that are connected to each other.
pub(crate) fn pair(transport: Transport) -> io::Result<(Socket, Socket)> {
    match transport {
        Transport::UnixStream => platform::pair(Type::STREAM),
        Transport::UnixDatagram => platform::pair(Type::DGRAM),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

pub(crate) fn connect(socket: &Socket, address: &Address) -> io::Result<()> {
    socket.connect(&to_sock_addr(address)?)
}

pub(crate) fn bind(socket: &Socket, address: &Address) -> io::Result<()> {
    match address {
        Address::Unix(unnamed) if unnamed.is_unnamed() => platform::bind_unnamed(socket),
        _ => socket.bind(&to_sock_addr(address)?),
    }
}

pub(crate) fn accept(socket: &Socket) -> io::Result<(Socket, Address)> {
    let (accepted, from) = platform::accept(socket)?;
    Ok((accepted, to_address(&from)?))
}

#[inline(always)]
pub(crate) fn recv(socket: &Socket, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    platform::recv(socket, buf)
}

pub(crate) fn peek(socket: &Socket, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    socket.peek(buf)
}

pub(crate) fn recv_vectored(socket: &Socket, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let mut reader = socket;
    reader.read_vectored(bufs)
}

#[inline(always)]
pub(crate) fn send(socket: &Socket, buf: &[u8]) -> io::Result<usize> {
    platform::send(socket, buf)
}

pub(crate) fn send_vectored(socket: &Socket, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.send_vectored_with_flags(bufs, platform::SEND_FLAGS)
}

pub(crate) fn recv_from(
    socket: &Socket,
    buf: &mut [MaybeUninit<u8>],
    peek: bool,
) -> io::Result<(Received, Address)> {
    let (len, truncated, from) = platform::receive_datagram(socket, buf, peek)?;
    Ok((Received { len, truncated }, to_address(&from)?))
}

/// Like [`recv_from`], on a socket of the internet.
#[inline]
pub(crate) fn recv_from_ip(
    socket: &Socket,
    buf: &mut [MaybeUninit<u8>],
    peek: bool,
) -> io::Result<(Received, Address)> {
    let (len, truncated, from) = platform::receive_ip(socket, buf, peek)?;
    Ok((Received { len, truncated }, Address::Ip(from)))
}

#[inline]
pub(crate) fn send_to(socket: &Socket, buf: &[u8], target: &Address) -> io::Result<usize> {
    match target {
        Address::Ip(target) => platform::send_ip(socket, buf, target),
        Address::Unix(target) => {
            socket.send_to_with_flags(buf, &to_unix_sock_addr(target)?, platform::SEND_FLAGS)
        }
    }
}

pub(crate) fn shutdown(socket: &Socket, how: Shutdown) -> io::Result<()> {
    socket.shutdown(how)
}

pub(crate) fn local_address(socket: &Socket) -> io::Result<Address> {
    to_address(&socket.local_addr()?)
}

pub(crate) fn peer_address(socket: &Socket) -> io::Result<Address> {
    to_address(&socket.peer_addr()?)
}

pub(crate) fn option(socket: &Socket, name: OptionName) -> io::Result<OptionValue> {
    use OptionValue::{Flag, Number, Time};
    let size = |size: io::Result<usize>| size.map(|size| Number(size as u32));
    match name {
        OptionName::ReuseAddress => socket.reuse_address().map(Flag),
        OptionName::ReusePort => socket.reuse_port().map(Flag),
        OptionName::NoDelay => socket.tcp_nodelay().map(Flag),
        OptionName::KeepAlive => socket.keepalive().map(Flag),
        OptionName::KeepAliveTime => socket.tcp_keepalive_time().map(|time| Time(Some(time))),
        OptionName::KeepAliveInterval => {
            socket.tcp_keepalive_interval().map(|interval| Time(Some(interval)))
        }
        OptionName::KeepAliveRetries => socket.tcp_keepalive_retries().map(Number),
        OptionName::Linger => socket.linger().map(Time),
        OptionName::Ttl if is_v6(socket)? => socket.unicast_hops_v6().map(Number),
        OptionName::Ttl => socket.ttl_v4().map(Number),
        OptionName::SendBufferSize => size(socket.send_buffer_size()),
        OptionName::ReceiveBufferSize => size(socket.recv_buffer_size()),
        OptionName::Broadcast => socket.broadcast().map(Flag),
        OptionName::OnlyV6 => socket.only_v6().map(Flag),
        OptionName::MulticastLoopV4 => socket.multicast_loop_v4().map(Flag),
        OptionName::MulticastTtlV4 => socket.multicast_ttl_v4().map(Number),
        OptionName::MulticastLoopV6 => socket.multicast_loop_v6().map(Flag),
    }
}

pub(crate) fn set_option(socket: &Socket, name: OptionName, value: OptionValue) -> io::Result<()> {
    let time = |value: OptionValue| value.time().map(Option::unwrap_or_default);
    match name {
        OptionName::ReuseAddress => socket.set_reuse_address(value.flag()?),
        OptionName::ReusePort => socket.set_reuse_port(value.flag()?),
        OptionName::NoDelay => socket.set_tcp_nodelay(value.flag()?),
        OptionName::KeepAlive => socket.set_keepalive(value.flag()?),
        OptionName::KeepAliveTime => keep_alive(socket, |k| Ok(k.with_time(time(value)?))),
        OptionName::KeepAliveInterval => keep_alive(socket, |k| Ok(k.with_interval(time(value)?))),
        OptionName::KeepAliveRetries => keep_alive(socket, |k| Ok(k.with_retries(value.number()?))),
        OptionName::Linger => socket.set_linger(value.time()?),
        OptionName::Ttl if is_v6(socket)? => socket.set_unicast_hops_v6(value.number()?),
        OptionName::Ttl => socket.set_ttl_v4(value.number()?),
        OptionName::SendBufferSize => socket.set_send_buffer_size(value.number()? as usize),
        OptionName::ReceiveBufferSize => socket.set_recv_buffer_size(value.number()? as usize),
        OptionName::Broadcast => socket.set_broadcast(value.flag()?),
        OptionName::OnlyV6 => socket.set_only_v6(value.flag()?),
        OptionName::MulticastLoopV4 => socket.set_multicast_loop_v4(value.flag()?),
        OptionName::MulticastTtlV4 => socket.set_multicast_ttl_v4(value.number()?),
        OptionName::MulticastLoopV6 => socket.set_multicast_loop_v6(value.flag()?),
    }
}

pub(crate) fn change_membership(socket: &Socket, change: Membership) -> io::Result<()> {
    match change {
        Membership::JoinV4(group, interface) => socket.join_multicast_v4(&group, &interface),
        Membership::LeaveV4(group, interface) => socket.leave_multicast_v4(&group, &interface),
        Membership::JoinV6(group, interface) => socket.join_multicast_v6(&group, interface),
        Membership::LeaveV6(group, interface) => socket.leave_multicast_v6(&group, interface),
    }
}

/// Which transport a descriptor from elsewhere carries; an error if it is no socket.
pub(crate) fn transport(socket: &Socket) -> io::Result<Transport> {
    let domain = socket.local_addr()?.domain();
    Ok(match (socket.r#type()?, domain) {
        (Type::STREAM, Domain::IPV4 | Domain::IPV6) => Transport::Tcp,
        (Type::DGRAM, Domain::IPV4 | Domain::IPV6) => Transport::Udp,
        (Type::STREAM, Domain::UNIX) => Transport::UnixStream,
        (Type::DGRAM, Domain::UNIX) => Transport::UnixDatagram,
        _ => Transport::Other,
    })
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

pub(crate) fn is_v6(socket: &Socket) -> io::Result<bool> {
    Ok(socket.local_addr()?.domain() == Domain::IPV6)
}

#[inline]
fn to_sock_addr(address: &Address) -> io::Result<SockAddr> {
    match address {
        Address::Ip(address) => Ok(SockAddr::from(*address)),
        Address::Unix(address) => to_unix_sock_addr(address),
    }
}

fn to_unix_sock_addr(address: &SocketAddr) -> io::Result<SockAddr> {
    match (address.as_pathname(), platform::abstract_name(address)) {
        (Some(path), _) => SockAddr::unix(path),
        (None, Some(name)) => SockAddr::unix(name),
        (None, None) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "an unnamed Unix socket address cannot be reached",
        )),
    }
}

#[inline]
fn to_address(address: &SockAddr) -> io::Result<Address> {
    match address.as_socket() {
        Some(address) => Ok(Address::Ip(address)),
        None => to_unix_address(address),
    }
}

fn to_unix_address(address: &SockAddr) -> io::Result<Address> {
    // The kernel gives no address at all for the unnamed sender of a datagram.
    if !address.is_unix() && address.len() != 0 {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("socket address family {} is neither IP nor Unix", address.family()),
        ));
    }
    let unix = match (address.as_pathname(), address.as_abstract_namespace()) {
        (Some(path), _) => SocketAddr::from_pathname(path)?,
        (None, Some(name)) => platform::abstract_address(name)?,
        (None, None) => return Address::unnamed(),
    };
    Ok(Address::Unix(Box::new(unix)))
}
