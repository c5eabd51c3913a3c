//! What the loops' servers do with a request, apart from how they wait for it.

use std::io;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use minato_bench::peer::{
    BLOCKING, PageBuffer, PeerCommand, Workload, announce, exit_when_stdin_ends,
};

/// What is done to each request.
#[derive(Clone, Copy)]
pub(crate) struct Serving {
    /// Close after the first.
    pub(crate) once: bool,
    /// A small buffer for each connection, not a large one.
    small: bool,
    /// Sleep at those that ask for it.
    block: Option<Duration>,
}

impl Serving {
    pub(crate) fn of(command: &PeerCommand) -> Serving {
        Serving {
            once: command.workload == Workload::Churn,
            small: command.workload == Workload::Idle,
            block: (command.workload == Workload::Blocked).then(|| command.block()),
        }
    }

    pub(crate) fn buffer(self) -> Buffer {
        if self.small { Buffer::Small(Box::new([0; 64])) } else { Buffer::Page(PageBuffer::new()) }
    }

    /// Does what a request asks for besides its echo.
    pub(crate) fn consider(self, request: &[u8]) {
        if let (Some(block), Some(&BLOCKING)) = (self.block, request.first()) {
            thread::sleep(block);
        }
    }
}

/// The buffer of a connection. It stays where it is when it is moved.
pub(crate) enum Buffer {
    Page(PageBuffer),
    Small(Box<[u8; 64]>),
}

impl Buffer {
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        match self {
            Buffer::Page(pages) => pages,
            Buffer::Small(bytes) => &mut bytes[..],
        }
    }
}

/// Listens, and tells where.
pub(crate) fn listen(command: &PeerCommand) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(command.listen)?;
    // Accepted streams inherit it.
    socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
    exit_when_stdin_ends(|| ())?;
    announce(listener.local_addr()?)?;
    Ok(listener)
}
