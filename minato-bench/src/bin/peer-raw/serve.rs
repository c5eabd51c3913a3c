//! What the loops' servers do with a request, apart from how they wait for it.

use std::io;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use minato_bench::kit;
use minato_bench::peer::{BLOCKING, PageBuffer, PeerCommand, Workload};

/// What is done to each request.
#[derive(Clone, Copy)]
pub(crate) struct Serving {
    /// Close after the first.
    pub(crate) once: bool,
    /// The size of a connection's buffer, if it is a small one.
    small: Option<usize>,
    /// Sleep at those that ask for it.
    block: Option<Duration>,
}

impl Serving {
    pub(crate) fn of(command: &PeerCommand) -> Serving {
        Serving {
            once: command.workload == Workload::Churn,
            small: match command.workload {
                Workload::Idle => Some(kit::IDLE_BUFFER),
                Workload::Churn => Some(kit::CHURN_BUFFER),
                _ => None,
            },
            block: (command.workload == Workload::Blocked).then(|| command.block()),
        }
    }

    pub(crate) fn buffer(self) -> Buffer {
        match self.small {
            Some(size) => Buffer::Small(vec![0; size].into_boxed_slice()),
            None => Buffer::Page(PageBuffer::new()),
        }
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
    Small(Box<[u8]>),
}

impl Buffer {
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        match self {
            Buffer::Page(pages) => pages,
            Buffer::Small(bytes) => bytes,
        }
    }
}

/// Listens, and returns the address. Accepted streams inherit `TCP_NODELAY`, as with all peers.
pub(crate) fn listen(command: &PeerCommand) -> io::Result<TcpListener> {
    kit::one(kit::open_tcp(command, 1)?)
}
