//! Datagrams that the kernel joined (GRO), queued for receives that take one at a time.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;

use super::Received;
use super::batch::{Fill, MAX_DATAGRAM, RecvBatch};
use super::transmit::RecvMeta;

/// The datagrams of one call of the kernel that were not given out yet.
#[derive(Default)]
pub(crate) struct GroQueue {
    /// One buffer; made when it is first needed.
    batch: Option<Box<RecvBatch>>,
    /// How many of its datagrams are left.
    left: usize,
    /// Where the first of them starts.
    at: usize,
}

impl GroQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Has `receive` fill the buffer anew.
    pub(crate) fn refill(&mut self, receive: impl Fill) -> io::Result<()> {
        let batch =
            self.batch.get_or_insert_with(|| Box::new(RecvBatch::with_buffers(1, MAX_DATAGRAM)));
        (self.left, self.at) = (0, 0);
        batch.fill(1, receive)?;
        self.left = batch.len();
        Ok(())
    }

    /// Copies the first datagram, and takes it out unless `peek`. There must be one.
    pub(crate) fn copy(
        &mut self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> (Received, SocketAddr) {
        let (all, meta) = self.all();
        let datagram = &all[..all.len().min(meta.stride)];
        for (to, from) in buf.iter_mut().zip(datagram) {
            to.write(*from);
        }
        let len = buf.len().min(datagram.len());
        let received = Received { len, truncated: len < datagram.len() };
        if !peek {
            self.take_one(meta.stride);
        }
        (received, meta.from)
    }

    /// Moves what is left to `buffers`, as much of it as fits: all to the first, if it has room for
    /// what a system joins, else one datagram to each. Returns how many were filled.
    pub(crate) fn drain_into(
        &mut self,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
        joined: bool,
    ) -> usize {
        let mut filled = 0;
        for (buffer, of_buffer) in buffers.iter_mut().zip(metas) {
            if self.is_empty() {
                break;
            }
            let (all, meta) = self.all();
            let bytes = if joined { all } else { &all[..all.len().min(meta.stride)] };
            let len = bytes.len().min(buffer.len());
            buffer[..len].copy_from_slice(&bytes[..len]);
            let truncated = len == buffer.len();
            *of_buffer = RecvMeta { len, stride: meta.stride.min(len), truncated, ..meta };
            if joined {
                self.left = 0;
            } else {
                self.take_one(meta.stride);
            }
            filled += 1;
        }
        filled
    }

    /// The bytes of all datagrams that are left, and what is known of them.
    fn all(&self) -> (&[u8], RecvMeta) {
        match self.batch.as_ref().and_then(|batch| batch.joined().next()) {
            Some((all, meta)) => (&all[self.at..], *meta),
            None => unreachable!("it is asked only when there is something left"),
        }
    }

    fn take_one(&mut self, stride: usize) {
        self.left -= 1;
        self.at += stride;
    }
}
