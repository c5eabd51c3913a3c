//! Room for many datagrams: buffers that start on pages, and what is known of their contents.

use std::fmt;
use std::io::{self, IoSliceMut};
use std::iter;
use std::net::SocketAddr;

use super::transmit::{Ecn, RecvMeta};

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
        let metas = vec![quinn_udp::RecvMeta::default(); count].into_boxed_slice();
        let received = Vec::with_capacity(count);
        Self { memory, start, pitch, size, metas, received, offered: count }
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
        self.received.is_empty()
    }

    /// Forgets what was received.
    pub fn clear(&mut self) {
        self.received.clear();
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
            _ => self.offer::<{ Self::MAX_BUFFERS }>(verb)?,
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
        let (bytes, _) = self.joined().next()?;
        Some((bytes, self.metas[0]))
    }

    /// The buffers that were filled last, as the system filled them: with one datagram, or with
    /// several that are [`stride`](RecvMeta::stride) bytes apart.
    pub fn joined(&self) -> impl Iterator<Item = (&[u8], &RecvMeta)> {
        let pieces = self.memory[self.start..].chunks_exact(self.pitch);
        pieces.zip(&self.received).map(|(piece, meta)| (&piece[..meta.len], meta))
    }

    /// Like [`joined`](Self::joined), with bytes that can be changed.
    pub fn joined_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &RecvMeta)> {
        let pieces = self.memory[self.start..].chunks_exact_mut(self.pitch);
        pieces.zip(&self.received).map(|(piece, meta)| (&mut piece[..meta.len], meta))
    }
}

impl Default for RecvBatch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RecvBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvBatch")
            .field("buffers", &self.buffers())
            .field("buffer_size", &self.buffer_size())
            .field("len", &self.len())
            .finish_non_exhaustive()
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
