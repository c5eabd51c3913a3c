//! Room for receiving many datagrams at once.

use std::fmt;
use std::iter;

use super::RecvMeta;
use crate::os::{Batch, MAX_BATCH, MAX_DATAGRAM};

/// Buffers for many datagrams, to be received by one call and used again for the next.
///
/// A system that can (Linux from 5.0 on) joins datagrams of equal length from one sender while they
/// wait, up to 64 in one buffer; [`iter`](Self::iter) takes them apart again. This is what makes
/// receiving cheap. It needs buffers of [`MAX_BUFFER_SIZE`](Self::MAX_BUFFER_SIZE) bytes, as those
/// of [`new`](Self::new) are; with smaller ones each buffer takes one datagram.
///
/// The buffers begin on pages, where the kernel copies to them fastest. What was never written to
/// is not in memory: 32 buffers are 2 MiB of addresses, of which a few datagrams touch a few pages.
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
pub struct RecvBatch {
    pub(super) batch: Batch,
}

impl RecvBatch {
    /// The size of buffers that have room for any datagram, and for all that a system joins.
    pub const MAX_BUFFER_SIZE: usize = MAX_DATAGRAM;

    /// How many buffers one call fills at most.
    pub const MAX_BUFFERS: usize = MAX_BATCH;

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
        Self { batch: Batch::new(count, size) }
    }

    /// How many buffers there are.
    pub fn buffers(&self) -> usize {
        self.batch.buffers()
    }

    /// The size of each buffer in bytes.
    pub fn buffer_size(&self) -> usize {
        self.batch.size()
    }

    /// How many datagrams were received last.
    pub fn len(&self) -> usize {
        self.batch.metas().iter().map(RecvMeta::count).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.batch.filled() == 0
    }

    /// Forgets what was received.
    pub fn clear(&mut self) {
        self.batch.clear();
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

    /// The buffers that were filled last, as the system filled them: with one datagram, or with
    /// several that are [`stride`](RecvMeta::stride) bytes apart.
    pub fn joined(&self) -> impl Iterator<Item = (&[u8], &RecvMeta)> {
        self.batch.iter()
    }

    /// Like [`joined`](Self::joined), with bytes that can be changed.
    pub fn joined_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &RecvMeta)> {
        self.batch.iter_mut()
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
