//! Connecting.

use std::fmt;
use std::future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use futures::{Async, Future, Poll};
use minato::net::TcpSocket;

use super::TcpStream;
use crate::bridge::{FromStd, from_std};
use crate::reactor::Handle;

type Connecting =
    dyn std::future::Future<Output = io::Result<minato::net::TcpStream>> + Send + Sync;

/// A connection that is being made, from [`TcpStream::connect`].
#[must_use = "futures do nothing unless polled"]
pub struct ConnectFuture {
    attempt: Option<FromStd<Pin<Box<Connecting>>>>,
    handle: Handle,
}

impl ConnectFuture {
    /// Begins to connect. An error at once is told by the future.
    pub(super) fn begin(address: &SocketAddr) -> Self {
        let begun = Self::open(address).and_then(|socket| Self::attempt(socket, address));
        Self::of(begun, Handle::default())
    }

    /// Begins to connect a socket that was set up.
    pub(super) fn begin_with(
        stream: std::net::TcpStream,
        address: &SocketAddr,
        handle: &Handle,
    ) -> Self {
        let socket = match handle.named() {
            Some(named) => TcpSocket::from_std_stream_on(named, stream),
            None => Ok(TcpSocket::from_std_stream(stream)),
        };
        Self::of(socket.and_then(|socket| Self::attempt(socket, address)), handle.clone())
    }

    fn open(address: &SocketAddr) -> io::Result<TcpSocket> {
        if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
    }

    fn attempt(socket: TcpSocket, address: &SocketAddr) -> io::Result<Pin<Box<Connecting>>> {
        Ok(Box::pin(socket.begin_connect(*address)?))
    }

    fn of(begun: io::Result<Pin<Box<Connecting>>>, handle: Handle) -> Self {
        let attempt = begun.unwrap_or_else(|error| Box::pin(future::ready(Err(error))));
        Self { attempt: Some(from_std(attempt)), handle }
    }
}

impl Future for ConnectFuture {
    type Item = TcpStream;
    type Error = io::Error;

    fn poll(&mut self) -> Poll<TcpStream, io::Error> {
        let Some(attempt) = &mut self.attempt else { panic!("can't poll TCP stream twice") };
        match attempt.poll() {
            Ok(Async::NotReady) => Ok(Async::NotReady),
            done => {
                self.attempt = None;
                done.map(|ready| ready.map(|stream| TcpStream::on(stream, &self.handle)))
            }
        }
    }
}

impl fmt::Debug for ConnectFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectFuture").finish_non_exhaustive()
    }
}
