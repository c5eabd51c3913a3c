//! The headers of IP, TCP, UDP and ICMP.

use std::net::IpAddr;

use super::super::event::What;
use crate::packet::PacketKind;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// By how many bits windows are shifted, as the first two packets of a connection agree.
const WINDOW_SCALE: u8 = 7;

/// The most bytes of a stream in one packet: what fits beside the headers of IP and TCP.
const MAX_SEGMENT: usize = 65_535 - 20 - 20;

/// A packet in a file.
pub(super) struct Captured {
    pub(super) bytes: Vec<u8>,
    /// How long it was in truth.
    pub(super) len: usize,
}

/// Makes the packets of an event.
pub(super) struct Builder<'a> {
    what: What<'a>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(what: What<'a>) -> Self {
        Builder { what }
    }

    /// The packets of the event: one, or several for a long segment.
    pub(super) fn packets(&self) -> Vec<Captured> {
        let What::Packet { kind, len, payload, .. } = self.what else { return Vec::new() };
        if !kind.is_stream() {
            return self.packet(0, len, payload).into_iter().collect();
        }
        let starts = (0..len.max(1)).step_by(MAX_SEGMENT);
        let piece = |start: usize| {
            let end = (start + MAX_SEGMENT).min(len);
            let captured = payload.len();
            self.packet(start, end - start, &payload[start.min(captured)..end.min(captured)])
        };
        starts.filter_map(piece).collect()
    }

    /// The packet with `len` bytes from `start` on, of which `payload` is known.
    fn packet(&self, start: usize, len: usize, payload: &[u8]) -> Option<Captured> {
        let What::Packet { source, destination, kind, ecn, name, .. } = self.what else {
            return None;
        };
        let (source, destination) = (source.ip(), destination.ip());
        let (protocol, mut body) = match (kind, source) {
            (PacketKind::Datagram, _) => (UDP, self.udp(len)?),
            (PacketKind::Unreachable, IpAddr::V4(_)) => (ICMP, self.unreachable()?),
            (PacketKind::Unreachable, IpAddr::V6(_)) => (ICMP_V6, self.unreachable()?),
            _ => (TCP, self.tcp(start)?),
        };
        let total = body.len() + len;
        body.extend_from_slice(payload);
        // The place of the checksum.
        let place = match protocol {
            TCP => 16,
            UDP => 6,
            _ => 2,
        };
        let pseudo = if protocol == ICMP {
            Vec::new()
        } else {
            pseudo_header(source, destination, protocol, total)
        };
        let sum = match checksum(&[&pseudo, &body]) {
            0 if protocol == UDP => 0xffff,
            sum => sum,
        };
        body[place..place + 2].copy_from_slice(&sum.to_be_bytes());
        let mut bytes = ip(source, destination, protocol, total, (ecn, name.nth() as u16))?;
        let len = bytes.len() + total;
        bytes.append(&mut body);
        Some(Captured { bytes, len })
    }

    fn tcp(&self, start: usize) -> Option<Vec<u8>> {
        let What::Packet { source, destination, kind, sequence, acknowledgement, window, .. } =
            self.what
        else {
            return None;
        };
        let flags = match kind {
            PacketKind::Syn => SYN,
            PacketKind::SynAck => SYN | ACK,
            PacketKind::Data => PSH | ACK,
            PacketKind::Fin => FIN | ACK,
            PacketKind::Reset => RST | ACK,
            _ => ACK,
        };
        let opens = flags & SYN != 0;
        // The largest segment, and the scale of windows.
        let segment = (MAX_SEGMENT as u16).to_be_bytes();
        let options = [2, 4, segment[0], segment[1], 1, 3, 3, WINDOW_SCALE];
        let options: &[u8] = if opens { &options } else { &[] };
        let window = match window {
            _ if kind == PacketKind::Reset => 0,
            window if opens => window,
            // A window that is not empty must not look so.
            window => window.div_ceil(1 << WINDOW_SCALE),
        };
        let mut header = Vec::with_capacity(20 + options.len());
        header.extend(source.port().to_be_bytes());
        header.extend(destination.port().to_be_bytes());
        header.extend((sequence as u32).wrapping_add(start as u32).to_be_bytes());
        let has_acknowledgement = if flags & ACK == 0 { 0 } else { acknowledgement };
        header.extend((has_acknowledgement as u32).to_be_bytes());
        header.push(((20 + options.len()) as u8 / 4) << 4);
        header.push(flags);
        header.extend(u16::try_from(window).unwrap_or(u16::MAX).to_be_bytes());
        // The checksum, and no urgent data.
        header.extend([0; 4]);
        header.extend(options);
        Some(header)
    }

    fn udp(&self, len: usize) -> Option<Vec<u8>> {
        let What::Packet { source, destination, .. } = self.what else { return None };
        Some(udp_header(source.port(), destination.port(), len))
    }

    /// The answer to a datagram, which has the datagram's headers in it.
    fn unreachable(&self) -> Option<Vec<u8>> {
        let What::Packet { source, destination, .. } = self.what else { return None };
        // Destination unreachable, by its port.
        let kind = if source.is_ipv4() { [3, 3] } else { [1, 4] };
        let mut message = vec![kind[0], kind[1], 0, 0, 0, 0, 0, 0];
        let answered = udp_header(destination.port(), source.port(), 0);
        let len = answered.len();
        message.extend(ip(destination.ip(), source.ip(), UDP, len, (0, 0))?);
        message.extend(answered);
        Some(message)
    }
}

fn udp_header(source: u16, destination: u16, len: usize) -> Vec<u8> {
    [source, destination, (8 + len) as u16, 0].into_iter().flat_map(u16::to_be_bytes).collect()
}

/// The header of IP before `len` bytes; `None` for addresses of two families.
fn ip(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    len: usize,
    (ecn, id): (u8, u16),
) -> Option<Vec<u8>> {
    let lives = if destination.is_multicast() { 1 } else { 64 };
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = vec![0x45, ecn & 3];
            header.extend(((20 + len) as u16).to_be_bytes());
            header.extend(id.to_be_bytes());
            // It is not to be split.
            header.extend([0x40, 0, lives, protocol, 0, 0]);
            header.extend(source.octets());
            header.extend(destination.octets());
            let sum = checksum(&[&header]);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            Some(header)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut header = vec![0x60, (ecn & 3) << 4, 0, 0];
            header.extend((len as u16).to_be_bytes());
            header.extend([protocol, lives]);
            header.extend(source.octets());
            header.extend(destination.octets());
            Some(header)
        }
        _ => None,
    }
}

/// What checksums cover of the header of IP.
fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, len: usize) -> Vec<u8> {
    let mut header = Vec::new();
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            header.extend(source.octets());
            header.extend(destination.octets());
            header.extend([0, protocol]);
            header.extend((len as u16).to_be_bytes());
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            header.extend(source.octets());
            header.extend(destination.octets());
            header.extend((len as u32).to_be_bytes());
            header.extend([0, 0, 0, protocol]);
        }
        _ => {}
    }
    header
}

/// The checksum of the Internet: the complement of the sum of all words, with their carries. All
/// parts but the last have even lengths.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            let word = [pair[0], pair.get(1).copied().unwrap_or(0)];
            sum += u32::from(u16::from_be_bytes(word));
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn the_checksum_is_that_of_the_internet() {
        // The example of RFC 1071, and a header whose checksum is known.
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        let header = [
            0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,
            0xc7,
        ];
        assert_eq!(checksum(&[&header]), 0xb861);
        assert_eq!(checksum(&[&[0, 0], &[1]]), !0x0100);
    }
}
