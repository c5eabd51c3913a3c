//! UDP: sockets, datagrams by value, and datagrams in bulk.

mod bulk;
mod multicast;
mod options;
mod received;
mod recv_batch;
mod recv_dgram;
mod recv_dgrams;
mod send_dgram;
mod send_dgrams;
mod socket;

pub use self::received::Received;
pub use self::recv_batch::RecvBatch;
pub use self::recv_dgram::RecvDgram;
pub use self::recv_dgrams::RecvDgrams;
pub use self::send_dgram::SendDgram;
pub use self::send_dgrams::SendDgrams;
pub use self::socket::UdpSocket;
pub use crate::os::transmit::{Ecn, RecvMeta, Transmit};
