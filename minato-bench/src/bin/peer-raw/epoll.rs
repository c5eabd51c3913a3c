//! The epoll loop: echo over connections that stay, and churn.

use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use minato_bench::peer::{PageBuffer, PeerCommand};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use rustix::net::{SocketFlags, accept_with};
use slab::Slab;

use crate::connection::Connection;
use crate::serve::{Serving, listen};

const LISTENER: u64 = u64::MAX;
const INBOX: u64 = u64::MAX - 1;

/// Connections from the thread that accepts, when there are several loops.
struct Inbox {
    streams: Receiver<TcpStream>,
    signal: Arc<EventFd>,
}

struct Loop<C> {
    epoll: Epoll,
    serving: Serving,
    connections: Slab<C>,
    /// What connections without a buffer of their own receive into.
    buffer: PageBuffer,
    listener: Option<TcpListener>,
    inbox: Option<Inbox>,
}

/// One loop that also accepts; or as many as there are workers, fed in turn by this thread.
pub(crate) fn run<C: Connection>(command: &PeerCommand) -> io::Result<()> {
    let listener = listen(command)?;
    let serving = Serving::of(command);
    if command.workers() == 1 {
        listener.set_nonblocking(true)?;
        return Loop::<C>::new(serving, Some(listener), None)?.run();
    }
    let mut workers = Vec::new();
    for _ in 0..command.workers() {
        let (sender, streams) = channel();
        let signal = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK)?);
        let inbox = Inbox { streams, signal: signal.clone() };
        thread::spawn(move || Loop::<C>::new(serving, None, Some(inbox))?.run());
        workers.push((sender, signal));
    }
    for (turn, stream) in listener.incoming().enumerate() {
        let (sender, signal) = &workers[turn % workers.len()];
        let stream = stream?;
        stream.set_nonblocking(true)?;
        sender.send(stream).map_err(io::Error::other)?;
        signal.write(1)?;
    }
    Ok(())
}

impl<C: Connection> Loop<C> {
    fn new(
        serving: Serving,
        listener: Option<TcpListener>,
        inbox: Option<Inbox>,
    ) -> io::Result<Loop<C>> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        if let Some(listener) = &listener {
            epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
        }
        if let Some(inbox) = &inbox {
            epoll.add(&*inbox.signal, EpollEvent::new(EpollFlags::EPOLLIN, INBOX))?;
        }
        let (connections, buffer) = (Slab::new(), PageBuffer::new());
        Ok(Loop { epoll, serving, connections, buffer, listener, inbox })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = vec![EpollEvent::empty(); 1024];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => 0,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..count] {
                match event.data() {
                    LISTENER => self.accept()?,
                    INBOX => self.take_in()?,
                    key => self.serve(key as usize),
                }
            }
        }
    }

    /// Accepts one: the listener is level-triggered, so that the last accept is none that fails.
    fn accept(&mut self) -> io::Result<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        // Unlike the standard library's, this makes it non-blocking in the same call.
        match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
            Ok(stream) => self.add(TcpStream::from(stream)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn take_in(&mut self) -> io::Result<()> {
        let mut taken = Vec::new();
        if let Some(inbox) = &self.inbox {
            inbox.signal.read()?;
            taken.extend(inbox.streams.try_iter());
        }
        taken.into_iter().try_for_each(|stream| self.add(stream))
    }

    fn add(&mut self, stream: TcpStream) -> io::Result<()> {
        let mut connection = C::new(stream, self.serving);
        if self.serving.once {
            // The request may be there already: then there is nothing to wait for.
            match connection.serve(self.serving, &mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => return Ok(()),
            }
        }
        let entry = self.connections.vacant_entry();
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
        self.epoll.add(connection.stream(), EpollEvent::new(flags, entry.key() as u64))?;
        entry.insert(connection);
        Ok(())
    }

    /// Serves a connection until it would block, and drops it at its end.
    fn serve(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match connection.serve(self.serving, &mut self.buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(false) => {}
            Ok(true) | Err(_) => drop(self.connections.remove(key)),
        }
    }
}
