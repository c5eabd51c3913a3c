//! What stands in for `splice` and `sendfile` where they are not: nothing, so bytes are copied.

use std::io;
use std::os::fd::BorrowedFd;

/// A pipe that cannot be opened.
#[derive(Debug)]
pub(crate) enum Pipe {}

impl Pipe {
    pub(crate) fn open() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn held(&self) -> usize {
        match *self {}
    }

    pub(crate) fn fill(&mut self, _from: BorrowedFd<'_>) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn drain(&mut self, _to: BorrowedFd<'_>) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn take(&mut self) -> io::Result<Vec<u8>> {
        match *self {}
    }
}

/// Whether the calls of this file raise no signal: there are none.
pub(crate) fn is_broken_pipe_ignored() -> bool {
    true
}

pub(crate) fn send_file(
    _to: BorrowedFd<'_>,
    _file: BorrowedFd<'_>,
    _offset: u64,
    _len: usize,
) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
