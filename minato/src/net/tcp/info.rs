//! What the system knows of a TCP connection.

use std::time::Duration;

/// What the system knows of a TCP connection, from [`TcpStream::info`](super::TcpStream::info):
/// Linux's `TCP_INFO`, whose names it has.
///
/// Segments are the packets of TCP, at most [`snd_mss`](Self::snd_mss) bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpInfo {
    /// The smoothed time from a segment to its acknowledgement.
    pub rtt: Duration,
    /// How much that time varies.
    pub rttvar: Duration,
    /// The shortest such time of late.
    pub min_rtt: Duration,
    /// After how long an unacknowledged segment is sent again.
    pub rto: Duration,
    /// How many bytes a segment that is sent has at most.
    pub snd_mss: u32,
    /// How many segments may be under way: the congestion window.
    pub snd_cwnd: u32,
    /// How many segments are sent and not acknowledged.
    pub unacked: u32,
    /// How many of those are taken for lost.
    pub lost: u32,
    /// How many segments were sent again since the connection stands.
    pub total_retrans: u32,
    /// How many bytes were sent, those that were sent again included.
    pub bytes_sent: u64,
    /// How many of those were sent again.
    pub bytes_retrans: u64,
    /// How many bytes the peer has acknowledged.
    pub bytes_acked: u64,
    /// How many bytes were received.
    pub bytes_received: u64,
    /// How many bytes the program has written that are not sent yet.
    pub notsent_bytes: u32,
    /// How many segments with data have arrived at the peer.
    pub delivered: u32,
    /// How fast data has arrived there of late, in bytes a second.
    pub delivery_rate: u64,
}

impl TcpInfo {
    /// Reads the kernel's `tcp_info` (`include/uapi/linux/tcp.h`) from its words of 32 bits: eight
    /// numbers of one byte, and then numbers of one or two words.
    pub(super) fn from_words(words: &[u32; Self::WORDS]) -> Self {
        let micros = |at: usize| Duration::from_micros(words[at].into());
        let wide = |at: usize| {
            let (one, two) = (u64::from(words[at]), u64::from(words[at + 1]));
            if cfg!(target_endian = "little") { two << 32 | one } else { one << 32 | two }
        };
        Self {
            rto: micros(2),
            snd_mss: words[4],
            unacked: words[6],
            lost: words[8],
            rtt: micros(17),
            rttvar: micros(18),
            snd_cwnd: words[20],
            total_retrans: words[25],
            bytes_acked: wide(30),
            bytes_received: wide(32),
            notsent_bytes: words[36],
            min_rtt: micros(37),
            delivery_rate: wide(40),
            delivered: words[48],
            bytes_sent: wide(50),
            bytes_retrans: wide(52),
        }
    }

    /// As many as there are up to the last one that is read; Linux has them from 4.19 on.
    pub(super) const WORDS: usize = 54;
}
