//! Connecting: the one wait between a socket and a stream.

use std::io;
use std::panic::Location;

use super::TcpStream;
use crate::engine::Interest;
use crate::net::ToSocketAddrs;
use crate::net::address::first_ok;
use crate::net::io::Waitable;
use crate::net::socket::Socket;
use crate::os::{Address, Family, Transport};
use crate::reactor::Handle;

/// Connects to the first of the addresses that answers.
pub(super) async fn connect_any(
    address: impl ToSocketAddrs,
    handle: Option<Handle>,
    place: &'static Location<'static>,
) -> io::Result<TcpStream> {
    let handle = handle.as_ref();
    first_ok(address, place, |address| async move {
        let socket = Socket::open(handle, Family::from(&address), Transport::Tcp)?.made_at(place);
        connect(&socket, &Address::Ip(address)).await?;
        Ok(TcpStream::from_socket(socket))
    })
    .await
}

/// Connects `socket`, and waits until the connection stands.
///
/// The socket is registered only after the attempt has begun: one that is not connecting reports
/// that it is closed.
pub(crate) async fn connect(socket: &Socket, address: &Address) -> io::Result<()> {
    match begin(socket, address)? {
        Begun::Connected => Ok(()),
        Begun::InProgress => finish(socket).await,
    }
}

/// How an attempt to connect began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    Connected,
    InProgress,
}

/// Begins to connect `socket`.
pub(super) fn begin(socket: &Socket, address: &Address) -> io::Result<Begun> {
    match socket.connect(address) {
        Ok(()) => Ok(Begun::Connected),
        Err(error) if is_in_progress(&error) => Ok(Begun::InProgress),
        Err(error) => Err(error),
    }
}

/// Waits for an attempt that is in progress.
pub(super) async fn finish(socket: &Socket) -> io::Result<()> {
    loop {
        socket.ready(Interest::WRITABLE).await?;
        if let Some(error) = socket.take_error()? {
            return Err(error);
        }
        match socket.peer_address() {
            Ok(_) => return Ok(()),
            // A wake for nothing: the attempt still goes on.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                let unfinished = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                _ = socket.try_io(Interest::WRITABLE, unfinished);
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}
