//! Setting socket options.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::arena::Key;
use crate::errno::{self, fail};
use crate::options::SocketOption;
use crate::socket::{Family, Kind};
use crate::state::State;
use crate::tcp::Role;

/// Groups that a socket may join, as on Linux.
const MAX_MEMBERSHIPS: usize = 20;

impl State {
    pub(crate) fn set_option(&mut self, key: Key, option: SocketOption) -> io::Result<()> {
        let stream = self.socket(key).kind == Kind::Stream;
        let v6 = self.socket(key).family == Family::V6;
        let bound = self.socket(key).bound.is_some();
        let options = &mut self.socket_mut(key).options;
        match option {
            SocketOption::ReuseAddress(value) => options.reuse_address = value,
            SocketOption::ReusePort(value) => options.reuse_port = value,
            SocketOption::Broadcast(value) => options.broadcast = value,
            SocketOption::Linger(value) => options.linger = value,
            SocketOption::Keepalive(value) => options.keepalive = value,
            SocketOption::NoDelay(_)
            | SocketOption::KeepaliveIdle(_)
            | SocketOption::KeepaliveInterval(_)
            | SocketOption::KeepaliveRetries(_)
                if !stream =>
            {
                return fail(errno::EOPNOTSUPP);
            }
            SocketOption::NoDelay(value) => options.nodelay = value,
            SocketOption::KeepaliveIdle(value) => options.keepalive_idle = seconds(value)?,
            SocketOption::KeepaliveInterval(value) => options.keepalive_interval = seconds(value)?,
            SocketOption::KeepaliveRetries(value @ 1..=127) => options.keepalive_retries = value,
            SocketOption::TimeToLive(value @ 1..=255) => options.ttl = value,
            SocketOption::KeepaliveRetries(_) | SocketOption::TimeToLive(_) => {
                return fail(errno::EINVAL);
            }
            SocketOption::SendBuffer(bytes) => self.set_send_buffer(key, bytes.max(1)),
            SocketOption::ReceiveBuffer(bytes) => self.set_receive_buffer(key, bytes.max(1)),
            SocketOption::MulticastLoopV4(value) => options.multicast_loop_v4 = value,
            SocketOption::MulticastTtlV4(value @ 0..=255) => options.multicast_ttl_v4 = value,
            SocketOption::MulticastTtlV4(_) => return fail(errno::EINVAL),
            SocketOption::MulticastLoopV6(_)
            | SocketOption::MulticastHopsV6(_)
            | SocketOption::OnlyV6(_)
            | SocketOption::JoinV6(..)
            | SocketOption::LeaveV6(..)
                if !v6 =>
            {
                return fail(errno::ENOPROTOOPT);
            }
            SocketOption::OnlyV6(_) if bound => return fail(errno::EINVAL),
            SocketOption::OnlyV6(value) => options.only_v6 = value,
            SocketOption::MulticastLoopV6(value) => options.multicast_loop_v6 = value,
            SocketOption::MulticastHopsV6(value @ 0..=255) => options.multicast_hops_v6 = value,
            SocketOption::MulticastHopsV6(_) => return fail(errno::EINVAL),
            SocketOption::JoinV4(group, interface) => {
                return self.join(key, group.into(), interface.into());
            }
            SocketOption::LeaveV4(group, _) => return self.leave(key, group.into()),
            SocketOption::JoinV6(group, _) => {
                return self.join(key, group.into(), std::net::Ipv6Addr::UNSPECIFIED.into());
            }
            SocketOption::LeaveV6(group, _) => return self.leave(key, group.into()),
        }
        self.arm_keepalive_of_socket(key);
        Ok(())
    }

    fn set_send_buffer(&mut self, key: Key, bytes: usize) {
        self.socket_mut(key).options.send_buffer = bytes;
        if let Role::Connected(connection, side) = self.socket(key).role {
            self.connection_mut(connection).flow_from_mut(side).send_buffer = bytes;
            self.check_space(connection, side);
        }
    }

    fn set_receive_buffer(&mut self, key: Key, bytes: usize) {
        self.socket_mut(key).options.receive_buffer = bytes;
        if let Role::Connected(connection, side) = self.socket(key).role {
            self.connection_mut(connection).flow_to_mut(side).receive_buffer = bytes;
            self.offer_window(connection, side);
        }
    }

    fn join(&mut self, key: Key, group: IpAddr, interface: IpAddr) -> io::Result<()> {
        if !group.is_multicast() {
            return fail(errno::EINVAL);
        }
        if !self.is_own_interface(key, interface) {
            return fail(errno::ENODEV);
        }
        let groups = &mut self.socket_mut(key).mailbox.groups;
        if groups.contains(&group) {
            return fail(errno::EADDRINUSE);
        }
        if groups.len() >= MAX_MEMBERSHIPS {
            return fail(errno::ENOBUFS);
        }
        groups.push(group);
        Ok(())
    }

    fn leave(&mut self, key: Key, group: IpAddr) -> io::Result<()> {
        let groups = &mut self.socket_mut(key).mailbox.groups;
        match groups.iter().position(|member| *member == group) {
            Some(found) => {
                groups.remove(found);
                Ok(())
            }
            None => fail(errno::EADDRNOTAVAIL),
        }
    }
}

/// Whole seconds from 1 to 32,767, as the kernel keeps them.
fn seconds(value: Duration) -> io::Result<Duration> {
    match value.as_secs() {
        whole @ 1..=32_767 => Ok(Duration::from_secs(whole)),
        _ => fail(errno::EINVAL),
    }
}
