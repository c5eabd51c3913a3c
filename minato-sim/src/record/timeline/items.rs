//! What the picture shows: arrows, faults and flags, taken from the events.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::Record;
use super::super::event::{Event, Fate, Stage, What};
use crate::packet::PacketKind;
use crate::strikes::FaultSet;

/// A packet.
#[derive(Clone, Debug)]
pub(super) struct Arrow<'a> {
    pub(super) from: &'a str,
    /// Nobody, if no host has the address.
    pub(super) to: Option<&'a str>,
    pub(super) sent: Duration,
    pub(super) arrives: Option<Duration>,
    pub(super) kind: PacketKind,
    pub(super) len: usize,
    pub(super) faults: FaultSet,
    pub(super) end: End<'a>,
}

/// How an arrow ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End<'a> {
    Arrives,
    Corrupted,
    Copy,
    /// A clogged link holds it still.
    Held,
    /// It is lost on its way.
    Lost,
    /// It is lost where it arrives, for this reason.
    Refused(&'a str),
}

/// A fault, as long as it lasts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span<'a> {
    pub(super) fault: &'a str,
    pub(super) host: Option<&'a str>,
    pub(super) other: Option<&'a str>,
    /// Whether it is on the way back, too.
    pub(super) both_ways: bool,
    /// Since and until when; `None` if that is not in the record.
    pub(super) begins: Option<Duration>,
    pub(super) ends: Option<Duration>,
}

/// Something that has happened at one time.
#[derive(Clone, Debug)]
pub(super) struct Flag<'a> {
    pub(super) at: Duration,
    pub(super) host: Option<&'a str>,
    pub(super) text: String,
    pub(super) sort: Sort,
}

/// What a flag is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Mark,
    Line,
    Strike,
}

/// All that is in the picture.
#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    pub(super) arrows: Vec<Arrow<'a>>,
    pub(super) spans: Vec<Span<'a>>,
    pub(super) flags: Vec<Flag<'a>>,
}

impl<'a> Items<'a> {
    /// Gathers what happens in a record.
    pub(super) fn new(record: &'a Record) -> Self {
        let mut items = Items::default();
        let mut arrows = BTreeMap::new();
        for event in record.events() {
            match event.what {
                What::Packet { .. } => {
                    arrows.extend(arrow(&event).map(|arrow| (event.nth, arrow)));
                }
                What::Release { packet, arrives } => {
                    if let Some(arrow) = arrows.get_mut(&packet) {
                        arrow.arrives = Some(arrives);
                        arrow.end = End::Arrives;
                    }
                }
                What::Arrival { packet, lost: Some(why), .. } => {
                    if let Some(arrow) = arrows.get_mut(&packet) {
                        arrow.end = End::Refused(why);
                    }
                }
                What::Fault { .. } => items.fault(&event),
                What::Mark { host, name } => {
                    items.flag(event.at, host, name.to_owned(), Sort::Mark);
                }
                What::Line { host, text } => {
                    items.flag(event.at, host, text.to_owned(), Sort::Line);
                }
                _ => {}
            }
        }
        items.arrows = arrows.into_values().collect();
        items.join_both_ways();
        items
    }

    fn flag(&mut self, at: Duration, host: Option<&'a str>, text: String, sort: Sort) {
        self.flags.push(Flag { at, host, text, sort });
    }

    fn fault(&mut self, event: &Event<'a>) {
        let What::Fault { fault, stage, host, other, .. } = event.what else { return };
        let is_this = |span: &&mut Span<'a>| {
            (span.fault, span.host, span.other, span.ends) == (fault, host, other, None)
        };
        match stage {
            Stage::Strikes => self.flag(event.at, host, fault.to_owned(), Sort::Strike),
            Stage::Begins => {
                let (begins, ends) = (Some(event.at), None);
                self.spans.push(Span { fault, host, other, both_ways: false, begins, ends });
            }
            Stage::Ends => match self.spans.iter_mut().rev().find(is_this) {
                Some(span) => span.ends = Some(event.at),
                // Its beginning was not kept. Nothing ends when all is healed that was healthy.
                None if host.is_some() => {
                    let (begins, ends) = (None, Some(event.at));
                    self.spans.push(Span { fault, host, other, both_ways: false, begins, ends });
                }
                None => {}
            },
        }
    }

    /// Two faults that are one: there and back at the same time.
    fn join_both_ways(&mut self) {
        let mut joined: Vec<Span<'a>> = Vec::new();
        for span in self.spans.drain(..) {
            let back = joined.iter_mut().find(|one| {
                one.other.is_some()
                    && (one.fault, one.host, one.other) == (span.fault, span.other, span.host)
                    && (one.begins, one.ends) == (span.begins, span.ends)
            });
            match back {
                Some(back) => back.both_ways = true,
                None => joined.push(span),
            }
        }
        self.spans = joined;
    }

    /// Leaves out what has nothing to do with the times from `from` to `to`.
    pub(super) fn limit(&mut self, from: Duration, to: Duration) {
        self.arrows.retain(|arrow| arrow.sent <= to && arrow.arrives.unwrap_or(arrow.sent) >= from);
        self.flags.retain(|flag| (from..=to).contains(&flag.at));
        self.spans.retain(|span| {
            span.begins.is_none_or(|at| at <= to) && span.ends.is_none_or(|at| at >= from)
        });
        for span in &mut self.spans {
            span.begins = span.begins.filter(|at| *at >= from);
            span.ends = span.ends.filter(|at| *at <= to);
        }
    }

    /// The hosts that something happens to.
    pub(super) fn concerns(&self, host: &str) -> bool {
        let is_it = |other: &Option<&str>| *other == Some(host);
        self.arrows.iter().any(|arrow| arrow.from == host || is_it(&arrow.to))
            || self.spans.iter().any(|span| is_it(&span.host) || is_it(&span.other))
            || self.flags.iter().any(|flag| is_it(&flag.host))
    }

    /// All times that need a place.
    pub(super) fn times(&self) -> Vec<Duration> {
        let arrows = self.arrows.iter().flat_map(|arrow| [Some(arrow.sent), arrow.arrives]);
        let spans = self.spans.iter().flat_map(|span| [span.begins, span.ends]);
        let flags = self.flags.iter().map(|flag| Some(flag.at));
        arrows.chain(spans).chain(flags).flatten().collect()
    }

    /// How long packets are on their way.
    pub(super) fn flights(&self) -> Vec<Duration> {
        let flight = |arrow: &Arrow<'_>| arrow.arrives.map(|at| at.saturating_sub(arrow.sent));
        self.arrows.iter().filter(|arrow| arrow.to != Some(arrow.from)).filter_map(flight).collect()
    }
}

fn arrow<'a>(event: &Event<'a>) -> Option<Arrow<'a>> {
    let What::Packet { from, to, kind, len, fate, faults, .. } = event.what else { return None };
    let end = match fate {
        Fate::Arrives(_) => End::Arrives,
        Fate::Corrupted(_) => End::Corrupted,
        Fate::Copy(_) => End::Copy,
        Fate::Held => End::Held,
        Fate::Lost => End::Lost,
    };
    let (sent, arrives) = (event.at, fate.arrives());
    Some(Arrow { from, to, sent, arrives, kind, len, faults, end })
}
