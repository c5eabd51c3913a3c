//! Datagrams in bulk, as data: what is sent in segments, and what is known of what was received.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The longest datagram of UDP over IPv4, and so the most bytes that one call may segment.
pub(crate) const MAX_IPV4_DATAGRAM: usize = 65_507;

/// How many segments a call sends where the system names no other number: Linux's limit.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// Explicit Congestion Notification: what a datagram says of congestion on its way.
///
/// A sender that understands it marks its datagrams with [`Ect0`](Self::Ect0) or
/// [`Ect1`](Self::Ect1); a router that would drop one soon marks it with [`Ce`](Self::Ce) instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ecn {
    /// ECT(0): the sender understands the notification.
    Ect0,
    /// ECT(1): the same, of a sender that reacts in smaller steps.
    Ect1,
    /// CE: there was congestion on the way.
    Ce,
}

impl Ecn {
    /// The two bits in the header of the packet.
    pub fn bits(self) -> u8 {
        match self {
            Self::Ect1 => 0b01,
            Self::Ect0 => 0b10,
            Self::Ce => 0b11,
        }
    }

    /// What the lower two of `bits` stand for; `None` for a sender that does not take part.
    pub fn from_bits(bits: u8) -> Option<Self> {
        match bits & 0b11 {
            0b01 => Some(Self::Ect1),
            0b10 => Some(Self::Ect0),
            0b11 => Some(Self::Ce),
            _ => None,
        }
    }
}

/// Datagrams for one target, which one call can send.
///
/// With a segment size, `contents` is cut into datagrams of that many bytes, and the last one
/// may be shorter. Without a segment size it is a single datagram. `T` is what holds the bytes:
/// `&[u8]`, `Vec<u8>`, `Bytes`.
///
/// # Examples
///
/// ```
/// use minato::net::udp::{Ecn, Transmit};
///
/// let target = "192.0.2.7:443".parse().unwrap();
/// let transmit = Transmit::new(target, &[0; 3000][..]).segment_size(1200).ecn(Ecn::Ect0);
/// assert_eq!(transmit.count(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit<T> {
    /// Where to send to. A connected socket needs it, too.
    pub target: SocketAddr,
    /// The bytes of all datagrams, one after the other.
    pub contents: T,
    /// The length of each datagram in bytes, except that the last one may be shorter; `None` for a
    /// single datagram.
    pub segment_size: Option<usize>,
    /// What each datagram says of congestion.
    pub ecn: Option<Ecn>,
    /// Which of the host's addresses to send from, for a socket that is bound to all of them;
    /// `None` lets the system choose. A server answers from the address that it was asked at,
    /// which is [`RecvMeta::to`].
    pub source: Option<IpAddr>,
}

impl<T> Transmit<T> {
    /// One datagram for `target`.
    pub fn new(target: SocketAddr, contents: T) -> Self {
        Self { target, contents, segment_size: None, ecn: None, source: None }
    }

    /// Cuts the contents into datagrams of `bytes` bytes.
    #[must_use]
    pub fn segment_size(mut self, bytes: usize) -> Self {
        self.segment_size = Some(bytes);
        self
    }

    /// Marks each datagram.
    #[must_use]
    pub fn ecn(mut self, ecn: Ecn) -> Self {
        self.ecn = Some(ecn);
        self
    }

    /// Sends from this address of the host.
    #[must_use]
    pub fn source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// The same with other contents.
    fn with<'a>(&self, contents: &'a [u8]) -> Transmit<&'a [u8]> {
        let Self { target, segment_size, ecn, source, .. } = *self;
        Transmit { target, contents, segment_size, ecn, source }
    }
}

impl<T: AsRef<[u8]>> Transmit<T> {
    /// How many datagrams these are. No contents are one empty datagram.
    pub fn count(&self) -> usize {
        match self.segment_size {
            Some(size) => self.contents.as_ref().len().div_ceil(size.max(1)).max(1),
            None => 1,
        }
    }

    /// The same, with the contents borrowed.
    pub fn as_ref(&self) -> Transmit<&[u8]> {
        self.rest(0)
    }

    /// What is left when the first `sent` bytes are taken away.
    pub(crate) fn rest(&self, sent: usize) -> Transmit<&[u8]> {
        self.with(self.contents.as_ref().get(sent..).unwrap_or_default())
    }
}

impl<'a> Transmit<&'a [u8]> {
    /// Takes the first `bytes` bytes away, which were sent.
    pub fn advance(&mut self, bytes: usize) {
        self.contents = self.contents.get(bytes..).unwrap_or_default();
    }

    /// The first datagrams: at most `max`, and not more than one call may send.
    pub(crate) fn first(&self, max: usize) -> Transmit<&'a [u8]> {
        let mut first = *self;
        let Some(size) = self.segment_size else { return first };
        let segments = max.min(MAX_IPV4_DATAGRAM / size.max(1)).max(1);
        let len = size.saturating_mul(segments).min(self.contents.len());
        first.contents = &self.contents[..len];
        first
    }

    /// Refuses what no system could do, by name.
    pub(crate) fn check(&self) -> io::Result<()> {
        let wrong = |what: String| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if self.segment_size == Some(0) {
            return wrong("datagrams cannot be sent in segments of 0 bytes".to_owned());
        }
        match self.source {
            Some(source) if source.is_ipv4() != self.target.is_ipv4() => {
                wrong(format!("{} cannot be reached from {source}, of another family", self.target))
            }
            _ => Ok(()),
        }
    }
}

/// What is known of the datagrams in one buffer of a batch. They came one after the other, from
/// the same sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecvMeta {
    /// Who sent them.
    pub from: SocketAddr,
    /// The address that they were sent to, if the system reports it: one of this host's, or that
    /// of a group.
    pub to: Option<IpAddr>,
    /// The index of the interface that they came by, if the system reports it.
    pub interface: Option<u32>,
    /// What they say of congestion; `None` if their sender does not take part.
    pub ecn: Option<Ecn>,
    /// How many bytes are in the buffer, those of all its datagrams.
    pub len: usize,
    /// The length of each datagram in bytes, except that the last one may be shorter. The same as
    /// [`len`](Self::len) if there is one.
    pub stride: usize,
    /// Whether the datagram was longer than the buffer; the rest of it is lost. In a buffer of the
    /// caller's ([`recv_batch_into`]), whether it was filled to the last byte: one byte more than
    /// the longest datagram that is expected tells the two apart.
    ///
    /// [`recv_batch_into`]: crate::net::UdpSocket::recv_batch_into
    pub truncated: bool,
}

/// Of no datagram: to be overwritten.
impl Default for RecvMeta {
    fn default() -> Self {
        let from = (Ipv4Addr::UNSPECIFIED, 0).into();
        let (to, interface, ecn) = (None, None, None);
        Self { from, to, interface, ecn, len: 0, stride: 0, truncated: false }
    }
}

impl RecvMeta {
    /// How many datagrams are in the buffer. An empty one is one.
    pub fn count(&self) -> usize {
        self.len.div_ceil(self.stride.max(1)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transmit(len: usize) -> Transmit<Vec<u8>> {
        Transmit::new("127.0.0.1:9".parse().unwrap(), vec![0; len])
    }

    #[test]
    fn a_call_takes_whole_segments_as_far_as_it_may() {
        let first = |len, size, most| {
            let transmit = transmit(len).segment_size(size);
            transmit.as_ref().first(most).contents.len()
        };
        assert_eq!(first(10_000, 1200, 64), 10_000);
        assert_eq!(first(10_000, 1200, 3), 3600);
        assert_eq!(first(10_000, 1200, 1), 1200);
        assert_eq!(first(200_000, 1200, 64), 54 * 1200);
        assert_eq!(first(200_000, 64, 64), 64 * 64);
        assert_eq!(first(200_000, 40_000, 64), 40_000);
        assert_eq!(first(200_000, 100_000, 64), 100_000, "the system says that it is too long");
        assert_eq!(first(5, 1200, 64), 5);
        assert_eq!(first(0, 1200, 64), 0);
        assert_eq!(first(10, usize::MAX, 64), 10);
        assert_eq!(transmit(70_000).as_ref().first(1).contents.len(), 70_000);
    }

    #[test]
    fn datagrams_are_counted() {
        assert_eq!(transmit(0).count(), 1);
        assert_eq!(transmit(5000).count(), 1);
        assert_eq!(transmit(0).segment_size(10).count(), 1);
        assert_eq!(transmit(10).segment_size(10).count(), 1);
        assert_eq!(transmit(11).segment_size(10).count(), 2);
        assert_eq!(transmit(11).segment_size(0).count(), 11);
    }

    #[test]
    fn what_was_sent_is_taken_away() {
        let owned = transmit(30).segment_size(10);
        assert_eq!(owned.rest(20).contents.len(), 10);
        assert_eq!(owned.rest(99).contents.len(), 0);
        let mut borrowed = owned.as_ref();
        borrowed.advance(20);
        assert_eq!((borrowed.contents.len(), borrowed.segment_size), (10, Some(10)));
        borrowed.advance(99);
        assert_eq!(borrowed.contents.len(), 0);
    }

    #[test]
    fn the_bits_of_ecn_come_back() {
        for bits in 0..4 {
            assert_eq!(Ecn::from_bits(bits).map_or(0, Ecn::bits), bits);
            assert_eq!(Ecn::from_bits(bits | 0b1111_1100), Ecn::from_bits(bits));
        }
    }
}
