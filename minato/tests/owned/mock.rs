//! A reader and a writer that follow a script, and both as one stream.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use minato::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

/// What a reader does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Gives these bytes, in several reads if need be. Never empty.
    Bytes(Vec<u8>),
    /// Fills whatever buffer it is given.
    Fill,
    /// Is pending once, and wakes.
    Pending,
    /// Is pending for ever, and wakes nobody.
    Stall,
    Error(ErrorKind),
}

/// A reader that follows its steps, then is at its end.
#[derive(Debug, Default)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    /// The room that each read was given.
    pub(crate) rooms: Vec<usize>,
    /// How far behind a cache line each read into an empty buffer began.
    pub(crate) misaligned: Vec<usize>,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), ..Self::default() }
    }

    /// The given texts, with one pending poll before each.
    pub(crate) fn texts(texts: &[&str]) -> Self {
        Self::new(texts.iter().flat_map(|text| [Step::Pending, bytes(text)]))
    }

    /// Everything that was not read yet.
    pub(crate) fn remaining(&self) -> Vec<u8> {
        let bytes = self.steps.iter().filter_map(|step| match step {
            Step::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        bytes.collect::<Vec<_>>().concat()
    }

    pub(crate) fn reads(&self) -> usize {
        self.rooms.len()
    }
}

pub(crate) fn bytes(text: &str) -> Step {
    Step::Bytes(text.as_bytes().to_vec())
}

impl AsyncRead for Script {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.rooms.push(buf.remaining());
        this.misaligned.push(buf.initialized().as_ptr() as usize % 64);
        match this.steps.pop_front() {
            None => {}
            Some(Step::Bytes(mut bytes)) => {
                let count = bytes.len().min(buf.remaining());
                let rest = bytes.split_off(count);
                buf.put_slice(&bytes);
                if !rest.is_empty() {
                    this.steps.push_front(Step::Bytes(rest));
                }
            }
            Some(Step::Fill) => {
                let room = buf.remaining();
                buf.put_slice(&vec![b'x'; room]);
            }
            Some(Step::Pending) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Stall) => {
                this.steps.push_front(Step::Stall);
                return Poll::Pending;
            }
            Some(Step::Error(kind)) => return Poll::Ready(Err(kind.into())),
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Script {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        match this.steps.front() {
            None => return Poll::Ready(Ok(&[])),
            Some(Step::Bytes(_)) => {}
            Some(Step::Fill) => panic!("a buffer of one's own has no room to fill"),
            Some(Step::Stall) => return Poll::Pending,
            Some(Step::Pending) => {
                this.steps.pop_front();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Error(kind)) => {
                let error = (*kind).into();
                this.steps.pop_front();
                return Poll::Ready(Err(error));
            }
        }
        let Some(Step::Bytes(bytes)) = this.steps.front() else { unreachable!() };
        Poll::Ready(Ok(bytes))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        if amount == 0 {
            return;
        }
        let Some(Step::Bytes(bytes)) = this.steps.front_mut() else { panic!("nothing to consume") };
        bytes.drain(..amount);
        if bytes.is_empty() {
            this.steps.pop_front();
        }
    }
}

/// What a writer does next.
#[derive(Clone, Debug)]
pub(crate) enum Take {
    /// Takes at most so many bytes, at least 1 being asked of it.
    UpTo(usize),
    /// Claims to have taken so many bytes, whatever it was given.
    Claim(usize),
    Pending,
    Stall,
    Error(ErrorKind),
}

/// What a test sees of a writer.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    takes: VecDeque<Take>,
    flush_pending: usize,
    pub(crate) taken: Vec<u8>,
    /// How many of the taken bytes were flushed.
    pub(crate) flushed: usize,
    pub(crate) flushes: usize,
    pub(crate) shutdowns: usize,
}

impl Seen {
    /// What has got through: the bytes that were also flushed.
    pub(crate) fn visible(&self) -> &[u8] {
        &self.taken[..self.flushed]
    }
}

/// A writer that follows its steps, then takes everything. It holds all back until it is flushed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sink {
    seen: Arc<Mutex<Seen>>,
}

impl Sink {
    pub(crate) fn new(takes: impl IntoIterator<Item = Take>) -> Self {
        let seen = Seen { takes: takes.into_iter().collect(), ..Seen::default() };
        Self { seen: Arc::new(Mutex::new(seen)) }
    }

    /// One whose next flushes are pending `count` times before they are done.
    pub(crate) fn slow_to_flush(count: usize) -> Self {
        let sink = Self::default();
        sink.seen().flush_pending = count;
        sink
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

impl AsyncWrite for Sink {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut seen = self.seen();
        let count = match seen.takes.pop_front() {
            None => buf.len(),
            Some(Take::UpTo(count)) => count.min(buf.len()),
            Some(Take::Claim(count)) => return Poll::Ready(Ok(count)),
            Some(Take::Pending) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Take::Stall) => {
                seen.takes.push_front(Take::Stall);
                return Poll::Pending;
            }
            Some(Take::Error(kind)) => return Poll::Ready(Err(kind.into())),
        };
        seen.taken.extend_from_slice(&buf[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut seen = self.seen();
        if seen.flush_pending > 0 {
            seen.flush_pending -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        seen.flushed = seen.taken.len();
        seen.flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut seen = self.seen();
        seen.flushed = seen.taken.len();
        seen.shutdowns += 1;
        Poll::Ready(Ok(()))
    }
}

/// A script to read from and a sink to write to, as one stream.
#[derive(Debug, Default)]
pub(crate) struct Both {
    pub(crate) script: Script,
    pub(crate) sink: Sink,
}

impl AsyncRead for Both {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.script).poll_read(cx, buf)
    }
}

impl AsyncWrite for Both {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.sink).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sink).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sink).poll_shutdown(cx)
    }
}
