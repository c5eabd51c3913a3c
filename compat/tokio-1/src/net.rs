//! Sockets.

pub use minato::net::ToSocketAddrs;
#[cfg(feature = "net")]
pub use minato::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
    lookup_host,
};

#[cfg(feature = "net")]
pub mod tcp {
    //! The halves of a TCP connection.

    pub use minato::net::tcp::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
    pub type ReuniteError = minato::net::ReuniteError<super::TcpStream>;
}

#[cfg(feature = "net")]
pub mod unix {
    //! The halves of a Unix connection, addresses, credentials.

    pub use minato::net::unix::{
        OwnedReadHalf, OwnedWriteHalf, ReadHalf, SocketAddr, UCred, WriteHalf,
    };
    pub type ReuniteError = minato::net::ReuniteError<super::UnixStream>;
}
