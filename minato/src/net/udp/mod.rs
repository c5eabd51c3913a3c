//! UDP: sockets, and datagrams by value.

mod multicast;
mod options;
mod received;
mod recv_dgram;
mod send_dgram;
mod socket;

pub use self::received::Received;
pub use self::recv_dgram::RecvDgram;
pub use self::send_dgram::SendDgram;
pub use self::socket::UdpSocket;
