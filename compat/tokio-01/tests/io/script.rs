//! A reader and writer that does as it is told.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use futures::executor::{Notify, Spawn, spawn};
use futures::{Async, Future, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// What the next call of a [`Script`] does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reading gives these bytes, writing takes as many.
    Bytes(&'static [u8]),
    /// It would block.
    Block,
    /// It fails.
    Fail(ErrorKind),
}

/// A reader and writer that goes by a list. At the end of it, reading is at the end, and writing
/// takes everything.
#[derive(Debug, Default)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    pub(crate) written: Vec<u8>,
    /// How many bytes had been written at each flush.
    pub(crate) flushes: Vec<usize>,
    pub(crate) is_shut_down: bool,
}

impl Script {
    pub(crate) fn new(steps: &[Step]) -> Self {
        Self { steps: steps.iter().cloned().collect(), ..Self::default() }
    }
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.steps.pop_front() {
            None => Ok(0),
            Some(Step::Block) => Err(ErrorKind::WouldBlock.into()),
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Bytes(bytes)) => {
                let len = bytes.len().min(buf.len());
                buf[..len].copy_from_slice(&bytes[..len]);
                if len < bytes.len() {
                    self.steps.push_front(Step::Bytes(&bytes[len..]));
                }
                Ok(len)
            }
        }
    }
}

impl AsyncRead for Script {}

impl Write for Script {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = match self.steps.pop_front() {
            None => buf.len(),
            Some(Step::Block) => return Err(ErrorKind::WouldBlock.into()),
            Some(Step::Fail(kind)) => return Err(kind.into()),
            Some(Step::Bytes(bytes)) => bytes.len().min(buf.len()),
        };
        self.written.extend_from_slice(&buf[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes.push(self.written.len());
        Ok(())
    }
}

impl AsyncWrite for Script {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        self.is_shut_down = true;
        Ok(Async::Ready(()))
    }
}

/// Notifies nobody: these tests poll when they like.
pub(crate) struct Nobody;

impl Notify for Nobody {
    fn notify(&self, _: usize) {}
}

pub(crate) static NOBODY: Nobody = Nobody;

/// A future that is polled by hand.
pub(crate) struct ByHand<F>(Spawn<F>);

impl<F: Future> ByHand<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(spawn(future))
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Item, F::Error> {
        self.0.poll_future_notify(&&NOBODY, 0)
    }

    /// Polls it until it is done, however often it is not ready.
    pub(crate) fn finish(&mut self) -> Result<F::Item, F::Error> {
        loop {
            if let Async::Ready(value) = self.poll()? {
                return Ok(value);
            }
        }
    }

    pub(crate) fn into_inner(self) -> F {
        self.0.into_inner()
    }
}
