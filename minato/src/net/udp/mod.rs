//! UDP: sockets, datagrams by value, and datagrams in bulk.

mod bulk;
mod by_value;
mod multicast;
mod received;
mod socket;

pub use self::by_value::{RecvDgram, RecvDgrams, SendDgram, SendDgrams};
pub use self::received::Received;
pub use self::socket::UdpSocket;
pub use crate::os::RecvBatch;
pub use crate::os::transmit::{Ecn, RecvMeta, Transmit};
