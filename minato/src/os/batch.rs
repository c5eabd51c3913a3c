//! Room for many datagrams: buffers that begin on pages, and what is known of what is in them.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;

use quinn_udp::RecvMeta;

use super::transmit::{Ecn, ReceiveMeta};

/// The most buffers that one call fills.
pub(crate) const MOST_BUFFERS_OF_BATCH: usize = quinn_udp::BATCH_SIZE;

/// Room for the longest datagram, and for all that a system joins to one.
pub(crate) const LARGEST_BUFFER: usize = 65_535;

/// The kernel copies slowly to what begins a few bytes behind the begin of a page, as large
/// allocations do.
const PAGE: usize = 4096;

/// Buffers of one size, and how many of them are filled.
///
/// Each has one byte more than it says, by which a datagram that is too long is recognized: not
/// every system, nor quinn-udp, tells otherwise.
pub(crate) struct Batch {
    memory: Box<[u8]>,
    /// Where the first buffer begins.
    start: usize,
    /// From the begin of one buffer to that of the next.
    pitch: usize,
    size: usize,
    /// One for each buffer, in quinn-udp's form, so that the system's verb writes them in place.
    metas: Box<[RecvMeta]>,
    /// The same in our words, for each filled buffer.
    told: Vec<ReceiveMeta>,
    /// How many buffers the next call is offered: each costs, and most calls fill few.
    offered: usize,
}

/// The fewest buffers that a call is offered, if there are so many.
const FEWEST_OFFERED: usize = 4;

/// What counts as few: for these no list of the full length is written.
const FEW_OFFERED: usize = 8;

impl Batch {
    /// `count` buffers of `size` bytes, each within what is of use.
    pub(crate) fn new(count: usize, size: usize) -> Self {
        let count = count.clamp(1, MOST_BUFFERS_OF_BATCH);
        let size = size.min(LARGEST_BUFFER);
        let pitch = (size + 1).next_multiple_of(PAGE);
        // Zeroed memory is the system's own until it is written to.
        let memory = vec![0; count * pitch + PAGE].into_boxed_slice();
        let start = memory.as_ptr().align_offset(PAGE).min(PAGE);
        let metas = vec![RecvMeta::default(); count].into_boxed_slice();
        let told = Vec::with_capacity(count);
        Self { memory, start, pitch, size, metas, told, offered: count }
    }

    pub(crate) fn buffers(&self) -> usize {
        self.metas.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// How many buffers are filled.
    pub(crate) fn filled(&self) -> usize {
        self.told.len()
    }

    pub(crate) fn clear(&mut self) {
        self.told.clear();
    }

    /// Whether each buffer has room for all that a system joins.
    pub(crate) fn takes_joined(&self) -> bool {
        self.size >= LARGEST_BUFFER
    }

    /// Lets `verb` fill buffers from the first on; it returns how many it filled.
    pub(crate) fn fill(
        &mut self,
        verb: impl FnOnce(&mut [IoSliceMut<'_>], &mut [RecvMeta]) -> io::Result<usize>,
    ) -> io::Result<()> {
        self.clear();
        let filled = match self.offered {
            ..=FEW_OFFERED => self.offer::<FEW_OFFERED>(verb)?,
            _ => self.offer::<MOST_BUFFERS_OF_BATCH>(verb)?,
        };
        self.told.extend(self.metas[..filled].iter().map(|meta| told(meta, self.size)));
        // Twice what this one filled.
        let count = self.metas.len();
        self.offered = (2 * filled).clamp(FEWEST_OFFERED.min(count), count);
        Ok(())
    }

    /// Offers up to `N` buffers to `verb`.
    fn offer<const N: usize>(
        &mut self,
        verb: impl FnOnce(&mut [IoSliceMut<'_>], &mut [RecvMeta]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let len = self.size + 1;
        let pieces = self.memory[self.start..].chunks_exact_mut(self.pitch);
        let mut pieces = pieces.take(self.offered);
        let mut slices: [IoSliceMut<'_>; N] = std::array::from_fn(|_| {
            IoSliceMut::new(pieces.next().map_or(&mut [], |piece| &mut piece[..len]))
        });
        verb(&mut slices[..self.offered], &mut self.metas)
    }

    /// What is known of what is in each filled buffer.
    pub(crate) fn told(&self) -> &[ReceiveMeta] {
        &self.told
    }

    /// The first filled buffer, and what is known of it in quinn-udp's words.
    pub(crate) fn first(&self) -> Option<(&[u8], RecvMeta)> {
        let (bytes, _) = self.iter().next()?;
        Some((bytes, self.metas[0]))
    }

    /// The filled buffers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &ReceiveMeta)> {
        let pieces = self.memory[self.start..].chunks_exact(self.pitch);
        pieces.zip(&self.told).map(|(piece, told)| (&piece[..told.len], told))
    }

    /// The filled buffers, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &ReceiveMeta)> {
        let pieces = self.memory[self.start..].chunks_exact_mut(self.pitch);
        pieces.zip(&self.told).map(|(piece, told)| (&mut piece[..told.len], told))
    }
}

/// What quinn-udp tells of a buffer that has room for `size` bytes.
fn told(meta: &RecvMeta, size: usize) -> ReceiveMeta {
    let len = meta.len.min(size);
    ReceiveMeta {
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
pub(crate) fn meta(from: SocketAddr, len: usize) -> RecvMeta {
    let mut meta = RecvMeta::default();
    (meta.addr, meta.len, meta.stride) = (from, len, len);
    meta
}
