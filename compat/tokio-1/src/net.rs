//! Sockets.

pub use minato::net::ToSocketAddrs;
#[cfg(feature = "net")]
pub use minato::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixSocket,
    UnixStream, lookup_host,
};

#[cfg(feature = "net")]
pub mod tcp {
    //! The halves of a TCP connection.

    pub use minato::net::tcp::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
}

#[cfg(feature = "net")]
pub mod unix {
    //! The halves of a Unix connection, addresses, credentials, pipes.

    pub use minato::net::unix::{
        OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, SocketAddr, UCred, WriteHalf, gid_t,
        pid_t, pipe, uid_t,
    };
}
