//! Room for many datagrams: buffers that start on pages, and what is known of their contents.

use std::io::{self, IoSliceMut};
use std::iter;

use super::transmit::RecvMeta;

/// Room for the longest datagram, and for all that a system joins to one.
pub(crate) const MAX_DATAGRAM: usize = 65_535;

/// Copies into memory 1 to 31 bytes past a page boundary are up to 75 % slower, and the allocator
/// puts large blocks exactly there.
const PAGE: usize = 4096;

/// Buffers for many datagrams, to be received by one call and used again for the next.
///
/// A system that can (Linux from 5.0 on) joins datagrams of equal length from one sender while they
/// wait, up to 64 in one buffer; [`iter`](Self::iter) takes them apart again. This is what makes
/// receiving cheap. It needs buffers of [`MAX_BUFFER_SIZE`](Self::MAX_BUFFER_SIZE) bytes, as those
/// of [`new`](Self::new) are; with smaller ones each buffer takes one datagram.
///
/// The buffers begin on pages, where the kernel copies to them fastest. What was never written to
/// is not in memory: 32 buffers are 2 MiB of addresses, and a few datagrams touch a few pages.
///
/// # Examples
///
/// ```
/// use minato::net::UdpSocket;
/// use minato::net::udp::{RecvBatch, Transmit};
///
/// # pollster::block_on(async {
/// let harbour = UdpSocket::bind("127.0.0.1:0").await?;
/// let ship = UdpSocket::bind("127.0.0.1:0").await?;
///
/// let cargo = vec![7; 3000];
/// let transmit = Transmit::new(harbour.local_addr()?, &cargo).segment_size(1000);
/// ship.send_batch(&transmit).await?;
///
/// let mut batch = RecvBatch::new();
/// let mut received = 0;
/// while received < 3 {
///     harbour.recv_batch(&mut batch).await?;
///     for (datagram, meta) in batch.iter() {
///         assert_eq!(datagram, [7; 1000]);
///         assert_eq!(meta.from, ship.local_addr()?);
///         received += 1;
///     }
/// }
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
// Each buffer has one byte more than its size. A datagram that fills this byte is too long: not
// every system reports that, and neither does quinn-udp.
pub struct RecvBatch {
    memory: Box<[u8]>,
    /// Where the first buffer starts.
    start: usize,
    /// From the start of one buffer to the start of the next.
    pitch: usize,
    size: usize,
    /// What is known of each buffer, as far as they are filled.
    metas: Box<[RecvMeta]>,
    filled: usize,
}

/// A verb that fills buffers from the first on, and tells of each; returns how many it filled.
pub(crate) trait Fill:
    FnOnce(&mut [IoSliceMut<'_>], &mut [RecvMeta]) -> io::Result<usize>
{
}

impl<F: FnOnce(&mut [IoSliceMut<'_>], &mut [RecvMeta]) -> io::Result<usize>> Fill for F {}

/// Up to this many buffers, the list that a call gets is a short one.
pub(crate) const FEW_BUFFERS: usize = 8;

impl RecvBatch {
    /// The size of buffers that have room for any datagram, and for all that a system joins.
    pub const MAX_BUFFER_SIZE: usize = MAX_DATAGRAM;

    /// How many buffers one call fills at most.
    pub const MAX_BUFFERS: usize = quinn_udp::BATCH_SIZE;

    /// [`MAX_BUFFERS`](Self::MAX_BUFFERS) buffers of [`MAX_BUFFER_SIZE`](Self::MAX_BUFFER_SIZE)
    /// bytes.
    pub fn new() -> Self {
        Self::with_buffers(Self::MAX_BUFFERS, Self::MAX_BUFFER_SIZE)
    }

    /// `count` buffers of `size` bytes. A datagram that is longer than its buffer is cut off, and
    /// its [`truncated`](RecvMeta::truncated) is set.
    ///
    /// A count of 0 means 1. More buffers than [`MAX_BUFFERS`](Self::MAX_BUFFERS), and larger ones
    /// than [`MAX_BUFFER_SIZE`](Self::MAX_BUFFER_SIZE), are of no use: the counts are limited to
    /// these.
    pub fn with_buffers(count: usize, size: usize) -> Self {
        let count = count.clamp(1, Self::MAX_BUFFERS);
        let size = size.min(MAX_DATAGRAM);
        let pitch = (size + 1).next_multiple_of(PAGE);
        // Zeroed memory is the system's own until it is written to.
        let memory = vec![0; count * pitch + PAGE].into_boxed_slice();
        let start = memory.as_ptr().align_offset(PAGE).min(PAGE);
        let metas = vec![RecvMeta::default(); count].into_boxed_slice();
        Self { memory, start, pitch, size, metas, filled: 0 }
    }

    /// How many buffers there are.
    pub fn buffers(&self) -> usize {
        self.metas.len()
    }

    /// The size of each buffer in bytes.
    pub fn buffer_size(&self) -> usize {
        self.size
    }

    /// How many datagrams were received last.
    pub fn len(&self) -> usize {
        self.metas().iter().map(RecvMeta::count).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Forgets what was received.
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// The datagrams that were received last, in the order in which they came, each with what is
    /// known of those in its buffer.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &RecvMeta)> {
        self.joined().flat_map(|(bytes, meta)| {
            let empty = bytes.is_empty().then_some(bytes);
            empty.into_iter().chain(bytes.chunks(meta.stride.max(1))).zip(iter::repeat(meta))
        })
    }

    /// Like [`iter`](Self::iter), with bytes that can be changed: to be decrypted in place, say.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &RecvMeta)> {
        self.joined_mut().flat_map(|(bytes, meta)| {
            let empty = bytes.is_empty().then_some(&mut [] as &mut [u8]);
            empty.into_iter().chain(bytes.chunks_mut(meta.stride.max(1))).zip(iter::repeat(meta))
        })
    }

    /// Lets `verb` fill up to `most` buffers: each costs, and most calls fill few.
    pub(crate) fn fill(&mut self, most: usize, verb: impl Fill) -> io::Result<()> {
        self.clear();
        let offered = self.buffers().min(most);
        self.filled = match offered {
            ..=FEW_BUFFERS => self.offer::<FEW_BUFFERS>(offered, verb)?,
            _ => self.offer::<{ Self::MAX_BUFFERS }>(offered, verb)?,
        };
        for meta in &mut self.metas[..self.filled] {
            meta.truncated = meta.len > self.size;
            meta.len = meta.len.min(self.size);
            meta.stride = meta.stride.min(meta.len);
        }
        Ok(())
    }

    /// Offers `count` buffers to `verb`, up to `N`.
    fn offer<const N: usize>(&mut self, count: usize, verb: impl Fill) -> io::Result<usize> {
        let len = self.size + 1;
        let pieces = self.memory[self.start..].chunks_exact_mut(self.pitch);
        let mut pieces = pieces.take(count);
        let mut slices: [IoSliceMut<'_>; N] = std::array::from_fn(|_| {
            IoSliceMut::new(pieces.next().map_or(&mut [], |piece| &mut piece[..len]))
        });
        verb(&mut slices[..count], &mut self.metas)
    }

    /// What is known of the datagrams in each filled buffer.
    pub(crate) fn metas(&self) -> &[RecvMeta] {
        &self.metas[..self.filled]
    }

    /// The buffers that were filled last, as the system filled them: with one datagram, or with
    /// several that are [`stride`](RecvMeta::stride) bytes apart.
    pub fn joined(&self) -> impl Iterator<Item = (&[u8], &RecvMeta)> {
        let pieces = self.memory[self.start..].chunks_exact(self.pitch);
        pieces.zip(self.metas()).map(|(piece, meta)| (&piece[..meta.len], meta))
    }

    /// Like [`joined`](Self::joined), with bytes that can be changed.
    pub fn joined_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &RecvMeta)> {
        let pieces = self.memory[self.start..].chunks_exact_mut(self.pitch);
        let metas = &self.metas[..self.filled];
        pieces.zip(metas).map(|(piece, meta)| (&mut piece[..meta.len], meta))
    }
}

impl Default for RecvBatch {
    fn default() -> Self {
        Self::new()
    }
}

crate::debug::opaque!(
    RecvBatch, |it| buffers: it.buffers(), buffer_size: it.buffer_size(), len: it.len()
);
