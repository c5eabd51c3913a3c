//! The options of a UDP socket.

use super::UdpSocket;
use crate::net::options::socket_options;

socket_options!(
    UdpSocket: broadcast, ttl, send_buffer_size, recv_buffer_size, multicast_loop_v4,
    multicast_ttl_v4, multicast_loop_v6
);
