//! Arrows that lie too close together become one.

use std::collections::BTreeMap;

use super::items::{Arrow, End};
use super::scale::Scale;
use crate::packet::PacketKind;
use crate::strikes::FaultKind;

/// Arrows whose ends are in the same strips of this height are one.
const STRIP: f64 = 9.0;

/// One arrow of the picture, for one or more packets.
#[derive(Debug)]
pub(super) struct Bundle<'a> {
    pub(super) first: &'a Arrow<'a>,
    pub(super) count: usize,
    /// Bytes of the user's in all of them.
    pub(super) len: usize,
}

impl Bundle<'_> {
    /// What stands beside the arrow.
    pub(super) fn label(&self) -> String {
        let Bundle { first, count, len } = self;
        let mut label = match count {
            1 => String::new(),
            count => format!("{count} × "),
        };
        label += match first.kind {
            PacketKind::Syn => "SYN",
            PacketKind::SynAck => "SYN ACK",
            PacketKind::Ack => "ack",
            PacketKind::Data => "data",
            PacketKind::Fin => "FIN",
            PacketKind::Reset => "RESET",
            PacketKind::WindowUpdate => "window",
            PacketKind::Probe => "probe",
            PacketKind::Datagram => "datagram",
            PacketKind::Unreachable => "unreachable",
        };
        if *len > 0 {
            label += &format!(" {}", bytes(*len));
        }
        match first.end {
            End::Corrupted => label += ", changed",
            End::Copy => label += ", copy",
            End::Held => label += ", held",
            End::Refused(why) => label += &format!(", {why}"),
            End::Arrives | End::Lost => {}
        }
        // Of these two "lost" says enough.
        let is_plain = |kind: &FaultKind| matches!(kind, FaultKind::Loss | FaultKind::Lose);
        let named = first.faults.iter().filter(|kind| first.end != End::Lost || !is_plain(kind));
        let kinds: Vec<_> = named.map(FaultKind::word).collect();
        match (first.end, kinds.is_empty()) {
            (End::Lost, true) => label += ", lost",
            (End::Lost, false) => label += &format!(", lost: {}", kinds.join(", ")),
            (_, false) => label += &format!(" ({})", kinds.join(", ")),
            (_, true) => {}
        }
        label
    }
}

/// A number of bytes, short.
fn bytes(len: usize) -> String {
    match len {
        0..10_000 => format!("{len} B"),
        10_000..10_000_000 => format!("{} KB", len / 1_000),
        _ => format!("{} MB", len / 1_000_000),
    }
}

/// The arrows of the picture, in the order in which the first of each is sent.
pub(super) fn bundles<'a>(arrows: &'a [Arrow<'a>], scale: &Scale) -> Vec<Bundle<'a>> {
    let mut places = BTreeMap::new();
    let mut bundles: Vec<Bundle<'a>> = Vec::new();
    for arrow in arrows {
        let strip = |time| (scale.place(time) / STRIP) as u64;
        let Arrow { from, to, sent, arrives, kind, faults, end, .. } = arrow;
        let key = (from, to, strip(*sent), arrives.map(strip), kind, end, faults.bits());
        let place = *places.entry(key).or_insert(bundles.len());
        match bundles.get_mut(place) {
            Some(bundle) => {
                bundle.count += 1;
                bundle.len += arrow.len;
            }
            None => bundles.push(Bundle { first: arrow, count: 1, len: arrow.len }),
        }
    }
    bundles
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::strikes::FaultSet;

    #[test]
    fn a_label_names_what_lost_a_packet_if_that_is_not_said_yet() {
        let label = |end, fault: FaultKind| {
            let faults = FaultSet::from_bits(1 << fault as u32);
            let (kind, sent) = (PacketKind::Ack, Duration::ZERO);
            let arrow =
                Arrow { from: "a", to: Some("b"), sent, arrives: None, kind, len: 0, faults, end };
            Bundle { first: &arrow, count: 1, len: 0 }.label()
        };
        assert_eq!(label(End::Lost, FaultKind::Lose), "ack, lost");
        assert_eq!(label(End::Lost, FaultKind::Loss), "ack, lost");
        assert_eq!(label(End::Lost, FaultKind::Cut), "ack, lost: cut");
        assert_eq!(label(End::Arrives, FaultKind::Slow), "ack (slow)");
    }
}
