//! Arrows that lie too close together become one.

use std::collections::BTreeMap;

use super::items::{Arrow, End};
use super::scale::Scale;
use crate::packet::PacketKind;

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
        let kinds: Vec<_> = first.faults.iter().map(|kind| kind.word()).collect();
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
