//! TCP: listeners and connections.

mod connect;
mod incoming;
mod listener;
#[cfg(feature = "mio-06")]
mod ready;
mod stream;

pub use self::connect::ConnectFuture;
pub use self::incoming::Incoming;
pub use self::listener::TcpListener;
pub use self::stream::TcpStream;
