//! Socket options as calls of the system. Their names and values are those of simulated sockets
//! too, and so they come from there.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(crate) use minato_sim::{Membership, OptionName, OptionValue};
pub(crate) use socket2::Socket;
use socket2::{Domain, TcpKeepalive};

use super::{OsSocket, platform};

/// Defines how the system reads and sets each of the options.
macro_rules! options {
    (
        |$socket:ident, $value:ident|;
        $($name:ident: $type:ty = $get:expr, $set:expr;)+
    ) => {
        /// The value of an option of the system's.
        pub(crate) fn get($socket: &Socket, name: OptionName) -> io::Result<OptionValue> {
            match name {
                $(OptionName::$name => $get.map(<$type>::into),)+
            }
        }

        /// Sets an option of the system's.
        pub(crate) fn set(
            $socket: &Socket,
            name: OptionName,
            value: OptionValue,
        ) -> io::Result<()> {
            match name {
                $(OptionName::$name => {
                    let $value: $type = value.try_into()?;
                    $set
                })+
            }
        }
    };
}

options! {
    |socket, value|;
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
    Ttl: u32 = ttl(socket), set_ttl(socket, value);
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
    DontFragment: bool = platform::dont_fragment(socket, is_v6(socket)?),
        platform::set_dont_fragment(socket, is_v6(socket)?, value);
    PassCredentials: bool = platform::passcred(socket), platform::set_passcred(socket, value);
}

fn ttl(socket: &Socket) -> io::Result<u32> {
    if is_v6(socket)? { socket.unicast_hops_v6() } else { socket.ttl_v4() }
}

fn set_ttl(socket: &Socket, ttl: u32) -> io::Result<()> {
    if is_v6(socket)? { socket.set_unicast_hops_v6(ttl) } else { socket.set_ttl_v4(ttl) }
}

pub(super) fn is_v6(socket: &Socket) -> io::Result<bool> {
    Ok(socket.local_addr()?.domain() == Domain::IPV6)
}

impl OsSocket {
    pub(crate) fn option(&self, name: OptionName) -> io::Result<OptionValue> {
        get(&self.socket, name)
    }

    pub(crate) fn set_by_name(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
        set(&self.socket, name, value)
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
