//! One object as a reader and a writer.

use std::io::{self, Read, Write};

use bytes::{Buf, BufMut};
use futures::sync::{BiLock, BiLockGuard};
use futures::{Async, Poll, try_ready};

use super::{AsyncRead, AsyncWrite};

/// Splits `both` into halves that can be used by two tasks; see [`AsyncRead::split`].
pub(super) fn split<T: AsyncRead + AsyncWrite>(both: T) -> (ReadHalf<T>, WriteHalf<T>) {
    let (read, write) = BiLock::new(both);
    (ReadHalf { both: read }, WriteHalf { both: write })
}

/// The reading half of what was [split](AsyncRead::split).
///
/// The halves share a lock. While one is at work the other is not ready, and is notified after.
#[derive(Debug)]
pub struct ReadHalf<T> {
    both: BiLock<T>,
}

/// The writing half of what was [split](AsyncRead::split).
///
/// The halves share a lock. While one is at work the other is not ready, and is notified after.
#[derive(Debug)]
pub struct WriteHalf<T> {
    both: BiLock<T>,
}

impl<T: AsyncRead + AsyncWrite> ReadHalf<T> {
    /// Puts the halves together again.
    ///
    /// # Panics
    ///
    /// When `w` is not the other half of this one.
    pub fn unsplit(self, w: WriteHalf<T>) -> T {
        match self.both.reunite(w.both) {
            Ok(both) => both,
            Err(_) => panic!("Unrelated `WriteHalf` passed to `ReadHalf::unsplit`."),
        }
    }
}

impl<T: AsyncRead + AsyncWrite> WriteHalf<T> {
    /// Puts the halves together again.
    ///
    /// # Panics
    ///
    /// When `r` is not the other half of this one.
    pub fn unsplit(self, r: ReadHalf<T>) -> T {
        match self.both.reunite(r.both) {
            Ok(both) => both,
            Err(_) => panic!("Unrelated `ReadHalf` passed to `WriteHalf::unsplit`."),
        }
    }
}

/// The object, if the other half is not at work.
fn lock<T>(both: &BiLock<T>) -> Poll<BiLockGuard<'_, T>, io::Error> {
    Ok(both.poll_lock())
}

/// The same in std's words.
fn lock_now<T>(both: &BiLock<T>) -> io::Result<BiLockGuard<'_, T>> {
    match both.poll_lock() {
        Async::Ready(both) => Ok(both),
        Async::NotReady => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl<T: AsyncRead> Read for ReadHalf<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        lock_now(&self.both)?.read(buf)
    }
}

impl<T: AsyncRead> AsyncRead for ReadHalf<T> {
    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<usize, io::Error> {
        try_ready!(lock(&self.both)).poll_read(buf)
    }

    fn read_buf<B: BufMut>(&mut self, buf: &mut B) -> Poll<usize, io::Error> {
        AsyncRead::read_buf(&mut *try_ready!(lock(&self.both)), buf)
    }
}

impl<T: AsyncWrite> Write for WriteHalf<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        lock_now(&self.both)?.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        lock_now(&self.both)?.flush()
    }
}

impl<T: AsyncWrite> AsyncWrite for WriteHalf<T> {
    fn poll_write(&mut self, buf: &[u8]) -> Poll<usize, io::Error> {
        try_ready!(lock(&self.both)).poll_write(buf)
    }

    fn poll_flush(&mut self) -> Poll<(), io::Error> {
        try_ready!(lock(&self.both)).poll_flush()
    }

    fn shutdown(&mut self) -> Poll<(), io::Error> {
        try_ready!(lock(&self.both)).shutdown()
    }

    fn write_buf<B: Buf>(&mut self, buf: &mut B) -> Poll<usize, io::Error> {
        try_ready!(lock(&self.both)).write_buf(buf)
    }
}
