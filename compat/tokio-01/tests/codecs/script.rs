//! A socket whose every answer is written down beforehand.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use futures::{Async, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// What a call of `read` or `write` comes to.
pub(crate) enum Answer {
    /// These bytes are read; or at least so many are written, and these are the first.
    Bytes(Vec<u8>),
    /// There is nothing to be read, or no room to write.
    Block,
    Fail(io::ErrorKind),
}

/// Bytes that are read or written at once.
pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Answer {
    Answer::Bytes(bytes.as_ref().to_vec())
}

/// A socket that gives its answers in order. After the last one a read finds the end, and a write
/// no more room for ever.
#[derive(Default)]
pub(crate) struct Script {
    reads: VecDeque<Answer>,
    writes: VecDeque<Answer>,
    pub(crate) log: Vec<&'static str>,
}

impl Script {
    pub(crate) fn reading(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { reads: answers.into_iter().collect(), ..Self::default() }
    }

    pub(crate) fn writing(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { writes: answers.into_iter().collect(), ..Self::default() }
    }

    /// Whether everything was read and written.
    pub(crate) fn is_done(&self) -> bool {
        self.reads.is_empty() && self.writes.is_empty()
    }
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "an empty buffer would look like the end");
        match self.reads.pop_front() {
            Some(Answer::Bytes(bytes)) => {
                buf[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            Some(Answer::Block) => Err(io::ErrorKind::WouldBlock.into()),
            Some(Answer::Fail(kind)) => Err(kind.into()),
            None => Ok(0),
        }
    }
}

impl AsyncRead for Script {}

impl Write for Script {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.writes.pop_front() {
            Some(Answer::Bytes(bytes)) => {
                assert_eq!(buf[..bytes.len()], bytes);
                self.log.push("write");
                Ok(bytes.len())
            }
            Some(Answer::Block) => Err(io::ErrorKind::WouldBlock.into()),
            Some(Answer::Fail(kind)) => Err(kind.into()),
            None => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log.push("flush");
        Ok(())
    }
}

impl AsyncWrite for Script {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        self.log.push("shutdown");
        Ok(Async::Ready(()))
    }
}
