//! The links of a world: what holds for each, and what each has under way.

use std::collections::BTreeMap;

use super::latency::Latency;
use super::settings::Settings;
use crate::arena::Key;
use crate::host::HostId;
use crate::queue::Occurrence;
use crate::strikes::FaultSet;
use crate::tcp::Side;
use crate::time::SECOND;

/// A packet that a clogged link holds.
#[derive(Debug)]
pub(crate) struct Clogged {
    /// What happens when it arrives.
    pub(crate) what: Occurrence,
    /// Of which flow it is, if it keeps its order there.
    pub(crate) ordered: Option<(Key, Side)>,
    /// Who the event is of.
    pub(crate) entity: u64,
    /// How long it takes once it goes on.
    pub(crate) delay: u64,
    pub(crate) wire_len: usize,
}

/// One direction between two hosts.
#[derive(Debug, Default)]
pub(crate) struct Path {
    /// What was asked for this link itself.
    pub(crate) own: Settings,
    /// What holds.
    pub(crate) settings: Settings,
    /// When the last bit of the last packet has left, if the link has a rate.
    busy_until: u64,
    pub(crate) held: Vec<Clogged>,
}

impl Path {
    /// A packet enters the queue of the link. Returns after how long it has left; `None` if there
    /// was no room. A link at rest takes any packet.
    pub(crate) fn leave(&mut self, now: u64, wire_len: usize) -> Option<u64> {
        let Some(rate) = self.settings.rate else { return Some(0) };
        let waiting = self.busy_until.saturating_sub(now);
        if let (Some(queue), 1..) = (self.settings.queue, waiting) {
            let queued = u128::from(waiting) * u128::from(rate) / u128::from(SECOND);
            if queued + wire_len as u128 > u128::from(queue) {
                return None;
            }
        }
        let takes = (wire_len as u128 * u128::from(SECOND)).div_ceil(u128::from(rate));
        let takes = u64::try_from(takes).unwrap_or(u64::MAX);
        self.busy_until = self.busy_until.max(now).saturating_add(takes);
        Some(self.busy_until - now)
    }
}

/// From whom to whom a link goes; the default of all links goes from nobody to nobody.
pub(crate) type Ends = (Option<HostId>, Option<HostId>);

/// All links. A link has a direction: `(from, to)`.
#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) loopback: Latency,
    /// The latency of links for which nothing was said.
    latency: Latency,
    pub(crate) default: Settings,
    /// The links for which something was said, or that have something under way.
    paths: BTreeMap<(HostId, HostId), Path>,
    /// Whether all links have one latency and nothing else.
    plain: bool,
}

impl Links {
    pub(crate) fn new(loopback: Latency, latency: Latency) -> Self {
        let default = Settings { latency: Some(latency), ..Settings::default() };
        Links { loopback, latency, default, paths: BTreeMap::new(), plain: true }
    }

    /// The latency of all links, if that is all that was said.
    pub(crate) fn plain(&self) -> Option<&Latency> {
        if self.plain { Some(&self.latency) } else { None }
    }

    /// The latency of a link with these settings.
    pub(crate) fn latency_by(&self, settings: &Settings) -> Latency {
        settings.latency.unwrap_or(self.latency)
    }

    /// The delay of a packet to an address that nobody has.
    pub(crate) fn nowhere(&self, draw: u64) -> u64 {
        self.latency.delay(draw)
    }

    /// What holds on a link.
    pub(crate) fn settings(&self, from: HostId, to: HostId) -> &Settings {
        self.paths.get(&(from, to)).map_or(&self.default, |path| &path.settings)
    }

    /// What was asked for a link itself.
    pub(crate) fn own(&self, from: HostId, to: HostId) -> Settings {
        self.paths.get(&(from, to)).map(|path| path.own).unwrap_or_default()
    }

    pub(crate) fn path(&mut self, from: HostId, to: HostId) -> &mut Path {
        let settings = self.default;
        self.paths.entry((from, to)).or_insert_with(|| Path { settings, ..Path::default() })
    }

    /// Changes what was asked for one link.
    pub(crate) fn change(&mut self, from: HostId, to: HostId, own: Settings) {
        let settings = own.or(&self.default);
        let path = self.path(from, to);
        (path.own, path.settings) = (own, settings);
        self.plain = self.plain && own == Settings::default();
    }

    /// Changes what was asked for all links.
    pub(crate) fn change_default(&mut self, default: Settings) {
        self.default = default;
        self.latency = default.latency.unwrap_or(self.latency);
        for path in self.paths.values_mut() {
            path.settings = path.own.or(&default);
        }
        self.plain = default.is_plain() && self.paths.is_empty();
    }

    /// Takes the faults off all links, and returns which those were.
    pub(crate) fn heal(&mut self) -> Vec<(Ends, FaultSet)> {
        let mut healed = vec![((None, None), self.default.faults())];
        for ((from, to), path) in &mut self.paths {
            healed.push(((Some(*from), Some(*to)), path.own.faults()));
            path.own = path.own.healed();
        }
        self.change_default(self.default.healed());
        let bare = |path: &Path| path.own == Settings::default() && path.held.is_empty();
        if self.default.is_plain() && self.paths.values().all(bare) {
            self.paths.clear();
            self.plain = true;
        }
        healed
    }

    /// Takes out what links hold that are not clogged any more, in the order in which it was sent
    /// on each link.
    pub(crate) fn take_freed(&mut self) -> Vec<((HostId, HostId), Clogged)> {
        let mut freed = Vec::new();
        for (link, path) in &mut self.paths {
            if !path.settings.clogged {
                freed.extend(path.held.drain(..).map(|held| (*link, held)));
            }
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_drops_its_tail_and_a_link_at_rest_takes_any_packet() {
        let settings = Settings { rate: Some(1000), queue: Some(1500), ..Settings::default() };
        let mut path = Path { settings, ..Path::default() };
        assert_eq!(path.leave(0, 2000), Some(2 * SECOND), "more than the queue");
        assert_eq!(path.leave(0, 1), None);
        assert_eq!(path.leave(SECOND, 500), Some(SECOND + SECOND / 2));
        assert_eq!(path.leave(SECOND, 1), None);
        assert_eq!(path.leave(10 * SECOND, 1000), Some(SECOND), "it was idle");
    }
}
