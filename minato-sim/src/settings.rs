//! Setting socket options.

use std::io;
use std::time::Duration;

use crate::arena::Key;
use crate::errno::{self, fail};
use crate::options::SocketOption;
use crate::socket::{Family, Kind};
use crate::state::State;
use crate::tcp::Role;
use crate::udp::Interface;

/// The smallest receive buffer of a datagram socket, as on Linux.
const MIN_DATAGRAM_BUFFER: usize = 2304;

impl State {
    pub(crate) fn set_option(&mut self, key: Key, option: SocketOption) -> io::Result<()> {
        let stream = self.socket(key).kind == Kind::Stream;
        let v6 = self.socket(key).family == Family::V6;
        let bound = self.socket(key).bound.is_some();
        // The kernel keeps a byte, and on a stream two of its bits to itself.
        let service = if stream { 0xfc } else { 0xff };
        let options = &mut self.socket_mut(key).options;
        match option {
            SocketOption::ReuseAddress(value) => options.reuse_address = value,
            SocketOption::ReusePort(value) => options.reuse_port = value,
            SocketOption::Broadcast(value) => options.broadcast = value,
            SocketOption::Linger(value) => options.linger = value.map(linger).transpose()?,
            SocketOption::Keepalive(value) => options.keepalive = value,
            SocketOption::NoDelay(_)
            | SocketOption::QuickAck(_)
            | SocketOption::KeepaliveIdle(_)
            | SocketOption::KeepaliveInterval(_)
            | SocketOption::KeepaliveRetries(_)
                if !stream =>
            {
                return fail(errno::EOPNOTSUPP);
            }
            SocketOption::NoDelay(value) => options.nodelay = value,
            SocketOption::QuickAck(value) => options.quickack = value,
            SocketOption::KeepaliveIdle(value) => options.keepalive_idle = seconds(value)?,
            SocketOption::KeepaliveInterval(value) => options.keepalive_interval = seconds(value)?,
            SocketOption::KeepaliveRetries(value @ 1..=127) => options.keepalive_retries = value,
            SocketOption::KeepaliveRetries(_) => return fail(errno::EINVAL),
            SocketOption::TimeToLive(value) => options.ttl = hops(value, u32::from(!v6), 64)?,
            SocketOption::TypeOfService(value) => options.type_of_service = value & service,
            SocketOption::SendBuffer(bytes) => self.set_send_buffer(key, bytes.max(1)),
            SocketOption::ReceiveBuffer(bytes) if stream => {
                self.set_receive_buffer(key, bytes.max(1));
            }
            SocketOption::ReceiveBuffer(bytes) => {
                options.receive_buffer = bytes.saturating_mul(2).max(MIN_DATAGRAM_BUFFER);
            }
            SocketOption::MulticastLoopV4(value) => options.multicast_loop_v4 = value,
            SocketOption::MulticastTtlV4(value) => options.multicast_ttl_v4 = hops(value, 0, 1)?,
            SocketOption::DontFragment(value) => options.dont_fragment = value,
            SocketOption::MulticastLoopV6(_)
            | SocketOption::MulticastHopsV6(_)
            | SocketOption::MulticastInterfaceV6(_)
            | SocketOption::TrafficClass(_)
            | SocketOption::OnlyV6(_)
            | SocketOption::JoinV6(..)
            | SocketOption::LeaveV6(..)
                if !v6 =>
            {
                return fail(errno::ENOPROTOOPT);
            }
            SocketOption::OnlyV6(_) if bound => return fail(errno::EINVAL),
            SocketOption::OnlyV6(value) => options.only_v6 = value,
            SocketOption::TrafficClass(value) => {
                options.traffic_class = hops(value, 0, 0)? & service;
            }
            SocketOption::MulticastLoopV6(value) => options.multicast_loop_v6 = value,
            SocketOption::MulticastHopsV6(value) => options.multicast_hops_v6 = hops(value, 0, 1)?,
            SocketOption::MulticastInterfaceV4(_)
            | SocketOption::MulticastInterfaceV6(_)
            | SocketOption::JoinV4(..)
            | SocketOption::LeaveV4(..)
            | SocketOption::JoinV6(..)
            | SocketOption::LeaveV6(..) => return self.set_multicast(key, option),
        }
        self.arm_keepalive_of_socket(key);
        Ok(())
    }

    /// Joins or leaves a group, or chooses the interface of multicasts, as `option` says.
    fn set_multicast(&mut self, key: Key, option: SocketOption) -> io::Result<()> {
        match option {
            SocketOption::MulticastInterfaceV4(address) => {
                if self.interface_of(key, address.into()).is_none() {
                    return fail(errno::EADDRNOTAVAIL);
                }
                self.socket_mut(key).options.multicast_interface_v4 = address;
                Ok(())
            }
            SocketOption::MulticastInterfaceV6(index) => {
                if Interface::from_index(index).is_none() {
                    return fail(errno::ENODEV);
                }
                self.socket_mut(key).options.multicast_interface_v6 = index;
                Ok(())
            }
            SocketOption::JoinV4(group, interface) => {
                let interface = self.interface_of(key, interface.into());
                self.join(key, group.into(), interface)
            }
            SocketOption::LeaveV4(group, interface) => {
                let interface = self.interface_of(key, interface.into());
                self.leave(key, group.into(), interface)
            }
            SocketOption::JoinV6(group, index) => {
                self.join(key, group.into(), Interface::from_index(index))
            }
            SocketOption::LeaveV6(group, index) => {
                self.leave(key, group.into(), Interface::from_index(index))
            }
            _ => Ok(()),
        }
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
}

/// Whole seconds from 1 to 32,767, as the kernel keeps them.
fn seconds(value: Duration) -> io::Result<Duration> {
    match value.as_secs() {
        whole @ 1..=32_767 => Ok(Duration::from_secs(whole)),
        _ => fail(errno::EINVAL),
    }
}

/// Whole seconds, as the kernel keeps them, rounded up. Rounded down, half a second would become 0,
/// which means a reset.
pub(crate) fn linger(value: Duration) -> io::Result<Duration> {
    let seconds = value.as_secs().saturating_add(u64::from(value.subsec_nanos() > 0));
    match i32::try_from(seconds) {
        Ok(_) => Ok(Duration::from_secs(seconds)),
        Err(_) => fail(errno::EINVAL),
    }
}

/// A number of hops from `least` to 255. `u32::MAX`, which is -1 in the system's call, stands for
/// the default.
fn hops(value: u32, least: u32, default: u32) -> io::Result<u32> {
    match value {
        u32::MAX => Ok(default),
        _ if (least..=255).contains(&value) => Ok(value),
        _ => fail(errno::EINVAL),
    }
}
