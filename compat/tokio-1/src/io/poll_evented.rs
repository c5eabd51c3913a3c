//! A descriptor in a reactor, as tokio's `process` wants it.

use std::any::TypeId;
use std::io::{self, IoSlice, Read, Write};
use std::ops::Deref;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, Waker, ready};

use minato::io::{Interest, ReadBuf};
use minato::net::async_fd::{AsyncFd, AsyncFdReadyGuard};
use mio::unix::pipe;

use crate::orphans;

/// A pipe, or the descriptor that tells the end of a child.
#[derive(Debug)]
pub(crate) struct PollEvented<E> {
    // It comes first, so that it is dropped first.
    registration: Registration,
    inner: E,
}

impl<E: AsRawFd + 'static> PollEvented<E> {
    pub(crate) fn new_with_interest(inner: E, interest: Interest) -> io::Result<Self> {
        orphans::reap();
        let number = Number(inner.as_raw_fd());
        // SAFETY: `inner` keeps its descriptor to its end, which comes after the registration's.
        let descriptor = unsafe { AsyncFd::register_with_interest(number, interest)? };
        let pipes = [TypeId::of::<pipe::Sender>(), TypeId::of::<pipe::Receiver>()];
        let is_child = !pipes.contains(&TypeId::of::<E>());
        Ok(Self { registration: Registration { descriptor, is_child }, inner })
    }
}

impl<E> PollEvented<E> {
    pub(crate) fn registration(&self) -> &Registration {
        &self.registration
    }

    /// tokio moves to another runtime here. What Minato has registered outlives runtimes.
    pub(crate) fn reregister(&mut self, _: Interest) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn into_inner(self) -> io::Result<E> {
        Ok(self.inner)
    }

    /// # Safety
    ///
    /// `E` does not look at what it reads into, and tells the truth about how much it read.
    pub(crate) unsafe fn poll_read<'a>(
        &'a self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>
    where
        &'a E: Read,
    {
        // SAFETY: the caller vouches for `E`.
        let room = unsafe { &mut *(buf.unfilled_mut() as *mut [_] as *mut [u8]) };
        let (registration, mut inner) = (&self.registration.descriptor, &self.inner);
        let count = loop {
            let mut guard = ready!(registration.poll_read_ready(cx))?;
            if let Ok(count) = guard.try_io(|_| inner.read(room)) {
                break count?;
            }
        };
        // SAFETY: so many bytes were read.
        unsafe { buf.assume_init(count) };
        buf.advance(count);
        Poll::Ready(Ok(()))
    }

    pub(crate) fn poll_write<'a>(
        &'a self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>>
    where
        &'a E: Write,
    {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    pub(crate) fn poll_write_vectored<'a>(
        &'a self,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>
    where
        &'a E: Write,
    {
        let mut inner = &self.inner;
        loop {
            let mut guard = ready!(self.registration.descriptor.poll_write_ready(cx))?;
            if let Ok(count) = guard.try_io(|_| inner.write_vectored(bytes)) {
                return Poll::Ready(count);
            }
        }
    }
}

impl<E> Deref for PollEvented<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.inner
    }
}

#[derive(Debug)]
pub(crate) struct Registration {
    descriptor: AsyncFd<Number>,
    is_child: bool,
}

impl Registration {
    pub(crate) fn poll_read_ready(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'_, Number>>> {
        self.descriptor.poll_read_ready(cx)
    }

    pub(crate) fn clear_readiness(&self, mut event: AsyncFdReadyGuard<'_, Number>) {
        event.clear_ready();
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.is_child
            && self.poll_read_ready(&mut Context::from_waker(Waker::noop())).is_pending()
        {
            // SAFETY: the owner of the descriptor is dropped after this.
            orphans::watch(unsafe { BorrowedFd::borrow_raw(self.descriptor.as_raw_fd()) });
        }
    }
}

#[derive(Debug)]
pub(crate) struct Number(RawFd);

impl AsRawFd for Number {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}
