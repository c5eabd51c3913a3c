//! The packets of a host as a file of libpcap, which tshark and Wireshark open.
//!
//! The file has what a capture on the host would have seen: every packet when it leaves, also one
//! that is lost on its way, and every packet when it arrives. A packet within the host is there
//! once. Times are those of the world.

mod headers;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use self::headers::Builder;
use super::event::{Fate, What};
use super::{Event, Record};

/// The file begins with this number: libpcap, with times in nanoseconds.
const MAGIC: u32 = 0xa1b2_3c4d;
const VERSION: [u16; 2] = [2, 4];
/// Each packet begins with the header of IP.
const LINK_TYPE_RAW: u32 = 101;
const LARGEST_PACKET: u32 = 65_535;

impl Record {
    /// The packets that a host has sent and received, as the bytes of a file that tshark opens.
    ///
    /// Headers are those that TCP, UDP and IP would have, with their numbers, windows and
    /// checksums. Payload is there as far as the world [captures](crate::WorldBuilder::capture) it.
    /// What is left out counts as zeros in checksums, which tshark does not check then. A segment
    /// that is longer than a packet of IP can be is there in several.
    ///
    /// # Errors
    /// `InvalidInput` if there is no such host.
    ///
    /// ```
    /// use minato_sim::{Family, Kind, World};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let world = World::builder().capture(usize::MAX).build();
    /// let (a, b) = (world.host("a"), world.host("b"));
    /// let socket = a.socket(Family::V4, Kind::Datagram)?;
    /// socket.send_to(b"ahoy", (b.ip(), 7000).into())?;
    /// let file = world.record().pcap("a")?;
    /// assert!(file.ends_with(b"ahoy"));
    /// // std::fs::write("a.pcap", file)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pcap(&self, host: &str) -> io::Result<Vec<u8>> {
        if !self.hosts().any(|name| name == host) {
            let text = format!("no host of the record is called '{host}'");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut file = Vec::new();
        file.extend(MAGIC.to_le_bytes());
        file.extend(VERSION.iter().flat_map(|part| part.to_le_bytes()));
        // The zone of the times and how exact they are: always 0.
        file.extend([0; 8]);
        file.extend(LARGEST_PACKET.to_le_bytes());
        file.extend(LINK_TYPE_RAW.to_le_bytes());
        for ((at, _), event) in self.seen_by(host) {
            for packet in Builder::new(event.what).packets() {
                let seconds = u32::try_from(at.as_secs()).unwrap_or(u32::MAX);
                file.extend(seconds.to_le_bytes());
                file.extend(at.subsec_nanos().to_le_bytes());
                file.extend((packet.bytes.len() as u32).to_le_bytes());
                file.extend((packet.len as u32).to_le_bytes());
                file.extend(packet.bytes);
            }
        }
        Ok(file)
    }

    /// The packets that a host sees, by their times. Of those of one instant what is sent first
    /// comes first.
    fn seen_by<'a>(&'a self, host: &str) -> BTreeMap<(Duration, u64), Event<'a>> {
        let mut seen = BTreeMap::new();
        // Those that were not taken where they arrived are looked for at their arrival.
        let mut arrivals = BTreeMap::new();
        for event in self.events() {
            match event.what {
                What::Packet { from, to, fate, .. } => {
                    // A copy is made on the way.
                    if from == host && !matches!(fate, Fate::Copy(_)) {
                        seen.insert((event.at, event.nth), event);
                    } else if to == Some(host) {
                        arrivals.insert(event.nth, (fate.arrives(), event));
                    }
                }
                What::Release { packet, arrives } => {
                    if let Some((at, _)) = arrivals.get_mut(&packet) {
                        *at = Some(arrives);
                    }
                }
                What::Arrival { packet, lost: Some(_), .. } => {
                    arrivals.remove(&packet);
                }
                _ => {}
            }
        }
        let now = self.now();
        for (nth, (at, event)) in arrivals {
            if let Some(at) = at.filter(|at| *at <= now) {
                seen.insert((at, nth), event);
            }
        }
        seen
    }
}
