//! A descriptor in a reactor as tokio's `process` has it.

use std::io::{self, Read, Write};
use std::ops::Deref;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};

use minato::io::{Interest, ReadBuf};
use minato::net::async_fd::{AsyncFd, AsyncFdReadyGuard};

/// A registered `E`. Minato's sockets need no runtime, and neither do these.
#[derive(Debug)]
pub(crate) struct PollEvented<E: AsRawFd>(Registration<E>);

impl<E: AsRawFd> PollEvented<E> {
    pub(crate) fn new_with_interest(inner: E, interest: Interest) -> io::Result<Self> {
        // SAFETY: these are pipes and process descriptors, which own one descriptor each, keep it
        // to their end and give out no way to replace it.
        let registered = unsafe { AsyncFd::register_with_interest(inner, interest) };
        Ok(Self(Registration(registered.map_err(|e| e.into_parts().1)?)))
    }

    pub(crate) fn registration(&self) -> &Registration<E> {
        &self.0
    }

    /// tokio would meet a new runtime here. Minato's registrations outlive runtimes.
    pub(crate) fn reregister(&mut self, _: Interest) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn into_inner(self) -> io::Result<E> {
        Ok(self.0.0.into_inner())
    }

    /// # Safety
    ///
    /// `E` must not look at what it reads into, and fill as many bytes as it says.
    pub(crate) unsafe fn poll_read<'a>(
        &'a self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>
    where
        &'a E: Read,
    {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            // SAFETY: the caller vouches for it.
            let read = guard.try_io(|inner| unsafe {
                let room = buf.unfilled_mut() as *mut [_] as *mut [u8];
                let count = (&mut inner.get_ref()).read(&mut *room)?;
                buf.assume_init(count);
                Ok(count)
            });
            if let Ok(count) = read {
                buf.advance(count?);
                return Poll::Ready(Ok(()));
            }
        }
    }

    pub(crate) fn poll_write<'a>(
        &'a self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>>
    where
        &'a E: Write,
    {
        self.poll_write_with(cx, |mut inner| inner.write(bytes))
    }

    pub(crate) fn poll_write_vectored<'a>(
        &'a self,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>>
    where
        &'a E: Write,
    {
        self.poll_write_with(cx, |mut inner| inner.write_vectored(bytes))
    }

    fn poll_write_with<'a>(
        &'a self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&'a E) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.0.poll_write_ready(cx))?;
            if let Ok(written) = guard.try_io(|inner| write(inner.get_ref())) {
                return Poll::Ready(written);
            }
        }
    }
}

impl<E: AsRawFd> Deref for PollEvented<E> {
    type Target = E;

    fn deref(&self) -> &E {
        self.0.0.get_ref()
    }
}

#[derive(Debug)]
pub(crate) struct Registration<E: AsRawFd>(AsyncFd<E>);

impl<E: AsRawFd> Registration<E> {
    pub(crate) fn poll_read_ready(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'_, E>>> {
        self.0.poll_read_ready(cx)
    }

    pub(crate) fn clear_readiness(&self, mut event: AsyncFdReadyGuard<'_, E>) {
        event.clear_ready();
    }
}
