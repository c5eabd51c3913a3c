//! Unix sockets: listeners, connections, datagrams and frames.

mod connect;
mod credentials;
mod datagram;
mod dgram;
mod framed;
mod listener;
#[cfg(feature = "mio-06")]
mod ready;
mod stream;

pub use self::connect::ConnectFuture;
pub use self::credentials::UCred;
pub use self::datagram::UnixDatagram;
pub use self::dgram::{RecvDgram, SendDgram};
pub use self::framed::UnixDatagramFramed;
pub use self::listener::{Incoming, UnixListener};
pub use self::stream::UnixStream;
