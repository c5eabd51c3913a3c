//! Room for receiving many datagrams at once.

use std::fmt;
use std::iter;

use super::ReceiveMeta;
use crate::os::{Batch, MAX_BATCH, MAX_DATAGRAM};

/// Buffers for many datagrams, to be received by one call and used again for the next.
///
/// A system that can (Linux from 5.0 on) joins datagrams of equal length from one sender while they
/// wait, up to 64 in one buffer; [`iter`](Self::iter) takes them apart again. This is what makes
/// receiving cheap. It needs buffers of [`LARGEST`](Self::LARGEST) bytes, as those of
/// [`new`](Self::new) are; with smaller ones each buffer takes one datagram.
///
/// The buffers begin on pages, where the kernel copies to them fastest. What was never written to
/// is not in memory: 32 buffers are 2 MiB of addresses, of which a few datagrams touch a few pages.
///
/// # Examples
///
/// ```
/// use minato::net::UdpSocket;
/// use minato::net::udp::{ReceiveBatch, Transmit};
///
/// # pollster::block_on(async {
/// let harbour = UdpSocket::bind("127.0.0.1:0").await?;
/// let ship = UdpSocket::bind("127.0.0.1:0").await?;
///
/// let cargo = vec![7; 3000];
/// let transmit = Transmit::new(harbour.local_addr()?, &cargo).segment_size(1000);
/// ship.send_segments(&transmit).await?;
///
/// let mut batch = ReceiveBatch::new();
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
pub struct ReceiveBatch {
    pub(super) batch: Batch,
}

impl ReceiveBatch {
    /// The size of buffers that have room for any datagram, and for all that a system joins.
    pub const LARGEST: usize = MAX_DATAGRAM;

    /// The most buffers that one call fills.
    pub const MOST: usize = MAX_BATCH;

    /// [`MOST`](Self::MOST) buffers of [`LARGEST`](Self::LARGEST) bytes.
    pub fn new() -> Self {
        Self::with_buffers(Self::MOST, Self::LARGEST)
    }

    /// `count` buffers of `size` bytes. A datagram that is longer than its buffer is cut off, and
    /// its [`truncated`](ReceiveMeta::truncated) is set.
    ///
    /// No buffer is taken to mean one; more than [`MOST`](Self::MOST), or larger ones than
    /// [`LARGEST`](Self::LARGEST), are of no use and are taken to mean these.
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
        self.batch.metas().iter().map(ReceiveMeta::count).sum()
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
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &ReceiveMeta)> {
        self.joined().flat_map(|(bytes, meta)| {
            let empty = bytes.is_empty().then_some(bytes);
            empty.into_iter().chain(bytes.chunks(meta.stride.max(1))).zip(iter::repeat(meta))
        })
    }

    /// Like [`iter`](Self::iter), with bytes that can be changed: to be decrypted in place, say.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &ReceiveMeta)> {
        self.joined_mut().flat_map(|(bytes, meta)| {
            let empty = bytes.is_empty().then_some(&mut [] as &mut [u8]);
            empty.into_iter().chain(bytes.chunks_mut(meta.stride.max(1))).zip(iter::repeat(meta))
        })
    }

    /// The buffers that were filled last, as the system filled them: with one datagram, or with
    /// several that are [`stride`](ReceiveMeta::stride) bytes apart.
    pub fn joined(&self) -> impl Iterator<Item = (&[u8], &ReceiveMeta)> {
        self.batch.iter()
    }

    /// Like [`joined`](Self::joined), with bytes that can be changed.
    pub fn joined_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &ReceiveMeta)> {
        self.batch.iter_mut()
    }
}

impl Default for ReceiveBatch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ReceiveBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveBatch")
            .field("buffers", &self.buffers())
            .field("buffer_size", &self.buffer_size())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
