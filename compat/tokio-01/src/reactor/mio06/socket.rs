//! The readiness of our own sockets in the words of mio 0.6.

use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;

use futures::Poll;
use mio::unix::EventedFd;
use mio::{Evented, PollOpt, Ready, Token};

use super::poll_evented::PollEvented2;
use crate::reactor::Handle;

/// A socket's place in a nest, made when its readiness is first asked for. What the socket itself
/// waits for is registered apart from it.
pub(crate) struct SocketEvents {
    handle: Handle,
    events: OnceLock<PollEvented2<Descriptor>>,
}

impl SocketEvents {
    pub(crate) fn on(handle: &Handle) -> Self {
        Self { handle: handle.clone(), events: OnceLock::new() }
    }

    fn events(&self, descriptor: RawFd) -> io::Result<&PollEvented2<Descriptor>> {
        let events = self.events.get_or_init(|| PollEvented2::new(Descriptor(descriptor)));
        events.register_with(&self.handle)?;
        Ok(events)
    }

    pub(crate) fn poll_read_ready(&self, socket: RawFd, mask: Ready) -> Poll<Ready, io::Error> {
        self.events(socket)?.poll_read_ready(mask)
    }

    pub(crate) fn poll_write_ready(&self, socket: RawFd) -> Poll<Ready, io::Error> {
        self.events(socket)?.poll_write_ready()
    }

    /// Reading would block.
    pub(crate) fn would_block_reading(&self) {
        if let Some(events) = self.events.get() {
            events.forget_readable(Ready::readable());
        }
    }

    /// Writing would block.
    pub(crate) fn would_block_writing(&self) {
        if let Some(events) = self.events.get() {
            events.forget_writable();
        }
    }
}

/// The descriptor of a socket, which owns this and outlives it.
struct Descriptor(RawFd);

impl Evented for Descriptor {
    fn register(
        &self,
        poll: &mio::Poll,
        token: Token,
        interest: Ready,
        opts: PollOpt,
    ) -> io::Result<()> {
        EventedFd(&self.0).register(poll, token, interest, opts)
    }

    fn reregister(
        &self,
        poll: &mio::Poll,
        token: Token,
        interest: Ready,
        opts: PollOpt,
    ) -> io::Result<()> {
        EventedFd(&self.0).reregister(poll, token, interest, opts)
    }

    fn deregister(&self, poll: &mio::Poll) -> io::Result<()> {
        EventedFd(&self.0).deregister(poll)
    }
}
