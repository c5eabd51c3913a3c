//! A connection that asks and checks the answers.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::time::Duration;

use crate::peer::BLOCKING;

/// Bytes that are sent or received in one call.
pub(super) const CHUNK: usize = 64 * 1024;

/// How long connecting, and the first answer, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bytes of a request, repeated far enough that any stretch of [`CHUNK`] bytes of a stream of
/// requests is a slice of it.
pub(super) struct Pattern {
    bytes: Vec<u8>,
    size: usize,
}

impl Pattern {
    /// Requests of `size` bytes that begin with `first`.
    fn beginning_with(first: u8, size: usize) -> Rc<Pattern> {
        let byte = |at: usize| match at % size {
            0 => first,
            at => (at % 251) as u8,
        };
        Rc::new(Pattern { bytes: (0..size + CHUNK).map(byte).collect(), size })
    }

    /// Requests that are just echoed.
    pub(super) fn plain(size: usize) -> Rc<Pattern> {
        Pattern::beginning_with(1, size)
    }

    /// Requests that block their worker first.
    pub(super) fn blocking(size: usize) -> Rc<Pattern> {
        Pattern::beginning_with(BLOCKING, size)
    }

    /// Up to [`CHUNK`] bytes of a stream of requests from `offset` in a request on.
    fn from(&self, offset: usize, length: usize) -> &[u8] {
        &self.bytes[offset..offset + length.min(CHUNK)]
    }
}

/// A connection and the requests that are under way on it.
pub(super) struct Connection {
    stream: TcpStream,
    pattern: Rc<Pattern>,
    /// Bytes that are asked for and not yet sent.
    unsent: usize,
    /// Where in a request the next byte is that is sent, and the next that is received.
    sending: usize,
    receiving: usize,
    /// When each request that is under way was meant to be sent, oldest first.
    waiting: VecDeque<u64>,
}

impl Connection {
    /// Connects, and sees one request answered, so that the server has surely accepted.
    pub(super) fn open(address: SocketAddr, pattern: Rc<Pattern>) -> io::Result<Connection> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&pattern.bytes[..pattern.size])?;
        let mut answer = vec![0; pattern.size];
        stream.read_exact(&mut answer)?;
        if answer != pattern.bytes[..pattern.size] {
            return Err(differs());
        }
        stream.set_nonblocking(true)?;
        let (unsent, sending, receiving) = (0, 0, 0);
        Ok(Connection { stream, pattern, unsent, sending, receiving, waiting: VecDeque::new() })
    }

    /// Takes on a request. It is sent by [`Connection::flush`].
    pub(super) fn ask(&mut self, intended: u64) {
        self.unsent += self.pattern.size;
        self.waiting.push_back(intended);
    }

    /// Sends what can be sent now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.unsent > 0 {
            match self.stream.write(self.pattern.from(self.sending, self.unsent)) {
                Ok(sent) => {
                    self.unsent -= sent;
                    self.sending = (self.sending + sent) % self.pattern.size;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Receives what is there, and tells of each request that is answered when it was meant to be
    /// sent.
    pub(super) fn receive(
        &mut self,
        scratch: &mut [u8],
        mut answered: impl FnMut(u64),
    ) -> io::Result<()> {
        loop {
            let received = match self.stream.read(scratch) {
                Ok(0) => {
                    return Err(io::Error::new(
                        ErrorKind::UnexpectedEof,
                        "the server closed a connection",
                    ));
                }
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if scratch[..received] != *self.pattern.from(self.receiving, received) {
                return Err(differs());
            }
            let total = self.receiving + received;
            self.receiving = total % self.pattern.size;
            for _ in 0..total / self.pattern.size {
                answered(self.waiting.pop_front().ok_or_else(differs)?);
            }
            if received < scratch.len() {
                return Ok(());
            }
        }
    }

    /// When each request that is not answered was meant to be sent.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().copied()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

pub(super) fn differs() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the answer differs from the request")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_stretch_of_a_stream_is_a_slice() {
        for size in [1, 3, 64, 1000, 100_000] {
            let pattern = Pattern::plain(size);
            let one = pattern.bytes[..size].to_vec();
            for offset in [0, size / 2, size - 1] {
                let stretch = pattern.from(offset, usize::MAX);
                assert_eq!(stretch.len(), CHUNK);
                assert!(stretch.iter().enumerate().all(|(at, b)| *b == one[(offset + at) % size]));
            }
        }
    }

    #[test]
    fn only_blocking_requests_begin_with_the_blocking_byte() {
        assert_eq!(Pattern::blocking(64).from(0, 64)[0], BLOCKING);
        let plain = Pattern::plain(1000);
        assert!(!plain.from(0, 1000).contains(&BLOCKING));
    }
}
