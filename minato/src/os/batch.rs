//! Room for many datagrams: buffers that start on pages, and what is known of their contents.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;

use super::transmit::{Ecn, RecvMeta};

/// The most buffers that one call fills.
pub(crate) const MAX_BATCH: usize = quinn_udp::BATCH_SIZE;

/// Room for the longest datagram, and for all that a system joins to one.
pub(crate) const MAX_DATAGRAM: usize = 65_535;

/// Copies into memory 1 to 31 bytes past a page boundary are up to 75 % slower, and the allocator
/// puts large blocks exactly there.
const PAGE: usize = 4096;

/// Buffers of one size, and how many of them are filled.
///
/// Each buffer has one byte more than its size. A datagram that fills this byte is too long: not
/// every system reports that, and neither does quinn-udp.
pub(crate) struct Batch {
    memory: Box<[u8]>,
    /// Where the first buffer starts.
    start: usize,
    /// From the start of one buffer to the start of the next.
    pitch: usize,
    size: usize,
    /// One for each buffer, in quinn-udp's form, so that the system's verb writes them in place.
    metas: Box<[quinn_udp::RecvMeta]>,
    /// The same as [`RecvMeta`], for each filled buffer.
    received: Vec<RecvMeta>,
    /// How many buffers the next call is offered: each costs, and most calls fill few.
    offered: usize,
}

/// A call is offered at least this many buffers, if the batch has them.
const MIN_OFFERED: usize = 4;

/// Up to this many buffers, the list that a call gets is a short one.
const FEW_OFFERED: usize = 8;

impl Batch {
    /// `count` buffers of `size` bytes, each within what is of use.
    pub(crate) fn new(count: usize, size: usize) -> Self {
        let count = count.clamp(1, MAX_BATCH);
        let size = size.min(MAX_DATAGRAM);
        let pitch = (size + 1).next_multiple_of(PAGE);
        // Zeroed memory is the system's own until it is written to.
        let memory = vec![0; count * pitch + PAGE].into_boxed_slice();
        let start = memory.as_ptr().align_offset(PAGE).min(PAGE);
        let metas = vec![quinn_udp::RecvMeta::default(); count].into_boxed_slice();
        let received = Vec::with_capacity(count);
        Self { memory, start, pitch, size, metas, received, offered: count }
    }

    pub(crate) fn buffers(&self) -> usize {
        self.metas.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// How many buffers are filled.
    pub(crate) fn filled(&self) -> usize {
        self.received.len()
    }

    pub(crate) fn clear(&mut self) {
        self.received.clear();
    }

    /// Whether each buffer has room for all that a system joins.
    pub(crate) fn takes_joined(&self) -> bool {
        self.size >= MAX_DATAGRAM
    }

    /// Lets `verb` fill buffers from the first on; it returns how many it filled.
    pub(crate) fn fill(
        &mut self,
        verb: impl FnOnce(&mut [IoSliceMut<'_>], &mut [quinn_udp::RecvMeta]) -> io::Result<usize>,
    ) -> io::Result<()> {
        self.clear();
        let filled = match self.offered {
            ..=FEW_OFFERED => self.offer::<FEW_OFFERED>(verb)?,
            _ => self.offer::<MAX_BATCH>(verb)?,
        };
        self.received.extend(self.metas[..filled].iter().map(|meta| receive_meta(meta, self.size)));
        // Twice what this one filled.
        let count = self.metas.len();
        self.offered = (2 * filled).clamp(MIN_OFFERED.min(count), count);
        Ok(())
    }

    /// Offers up to `N` buffers to `verb`.
    fn offer<const N: usize>(
        &mut self,
        verb: impl FnOnce(&mut [IoSliceMut<'_>], &mut [quinn_udp::RecvMeta]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let len = self.size + 1;
        let pieces = self.memory[self.start..].chunks_exact_mut(self.pitch);
        let mut pieces = pieces.take(self.offered);
        let mut slices: [IoSliceMut<'_>; N] = std::array::from_fn(|_| {
            IoSliceMut::new(pieces.next().map_or(&mut [], |piece| &mut piece[..len]))
        });
        verb(&mut slices[..self.offered], &mut self.metas)
    }

    /// What is known of the datagrams in each filled buffer.
    pub(crate) fn metas(&self) -> &[RecvMeta] {
        &self.received
    }

    /// The first filled buffer, and what is known of it in quinn-udp's words.
    pub(crate) fn first(&self) -> Option<(&[u8], quinn_udp::RecvMeta)> {
        let (bytes, _) = self.iter().next()?;
        Some((bytes, self.metas[0]))
    }

    /// The filled buffers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &RecvMeta)> {
        let pieces = self.memory[self.start..].chunks_exact(self.pitch);
        pieces.zip(&self.received).map(|(piece, meta)| (&piece[..meta.len], meta))
    }

    /// The filled buffers, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &RecvMeta)> {
        let pieces = self.memory[self.start..].chunks_exact_mut(self.pitch);
        pieces.zip(&self.received).map(|(piece, meta)| (&mut piece[..meta.len], meta))
    }
}

/// What quinn-udp reports of a buffer that has room for `size` bytes.
fn receive_meta(meta: &quinn_udp::RecvMeta, size: usize) -> RecvMeta {
    let len = meta.len.min(size);
    RecvMeta {
        from: meta.addr,
        to: meta.dst_ip,
        interface: meta.interface_index,
        ecn: meta.ecn.and_then(|ecn| Ecn::from_bits(ecn as u8)),
        len,
        stride: if meta.stride == 0 { len } else { meta.stride.min(len) },
        truncated: meta.len > size,
    }
}

/// What is known of a datagram, in the form that a batch keeps it in.
pub(crate) fn meta(from: SocketAddr, len: usize) -> quinn_udp::RecvMeta {
    let mut meta = quinn_udp::RecvMeta::default();
    (meta.addr, meta.len, meta.stride) = (from, len, len);
    meta
}
