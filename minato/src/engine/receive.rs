//! Receiving into buffers that count what was written to them.

use std::io;

use bytes::BufMut;

use super::{Address, Received, Source};

impl Source {
    /// Receives into the free room of `buf`, or only looks if `peek`.
    #[inline(always)]
    pub(crate) fn recv_buf<B: BufMut>(&self, buf: &mut B, peek: bool) -> io::Result<usize> {
        // SAFETY: the verbs of a source only ever write initialized bytes into a buffer.
        let free = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
        let len = if peek { self.peek(free)? } else { self.recv(free)? };
        // SAFETY: the verb has written that many bytes at the front of the free room.
        unsafe { buf.advance_mut(len) };
        Ok(len)
    }

    /// Receives a datagram and its sender into the free room of `buf`, or only looks if `peek`.
    pub(crate) fn recv_buf_from<B: BufMut>(
        &self,
        buf: &mut B,
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        // SAFETY: as in `recv_buf`.
        let free = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
        let (received, from) = self.recv_from(free, peek)?;
        // SAFETY: as in `recv_buf`; the length is that in the buffer, not that of the datagram.
        unsafe { buf.advance_mut(received.len) };
        Ok((received, from))
    }
}
