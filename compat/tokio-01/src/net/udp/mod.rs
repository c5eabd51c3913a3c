//! UDP: sockets, datagrams by value, and frames.

mod framed;
mod options;
#[cfg(feature = "mio-06")]
mod ready;
mod recv_dgram;
mod send_dgram;
mod socket;

pub use self::framed::UdpFramed;
pub use self::recv_dgram::{Parts, RecvDgram};
pub use self::send_dgram::SendDgram;
pub use self::socket::UdpSocket;
