//! Readiness in the words of mio 0.6.

use std::io;
use std::os::fd::AsRawFd;

use futures::Poll;
use mio::Ready;

use super::TcpStream;

impl TcpStream {
    /// Whether the connection is ready for a bit of `mask`, or hung up. Not ready means that the
    /// current task will be notified. With the feature `mio-06` only.
    ///
    /// # Errors
    ///
    /// When the reactor has ended.
    ///
    /// # Panics
    ///
    /// When `mask` is for writing; and outside a task, when it would have to wait.
    pub fn poll_read_ready(&self, mask: Ready) -> Poll<Ready, io::Error> {
        self.waits.events.poll_read_ready(self.inner.as_raw_fd(), mask)
    }

    /// Whether the connection is ready for writing, or hung up. Not ready means that the current
    /// task will be notified. With the feature `mio-06` only.
    ///
    /// # Errors
    ///
    /// When the reactor has ended.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_write_ready(&self) -> Poll<Ready, io::Error> {
        self.waits.events.poll_write_ready(self.inner.as_raw_fd())
    }
}
