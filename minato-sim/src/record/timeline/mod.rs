//! A run as a picture: hosts as lanes, time downwards, packets as arrows, faults marked.
//!
//! `items.rs` takes from the events what is to be seen, `scale.rs` gives each time its place, and
//! `bundle.rs` draws what lies too close together as one. `draw.rs` makes SVG of it.

mod bundle;
mod draw;
mod items;
mod scale;

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use self::draw::Picture;
use self::items::Items;
use super::Record;

impl Record {
    /// A picture of what has happened in a range of time, as SVG.
    ///
    /// Each host is a lane, and time goes downwards. A packet is an arrow from its sending to its
    /// arrival; one that is lost ends in a cross. Arrows that would lie on each other are one, with
    /// their number. A host that is down has no lane, and one that is paused a hatched one. A fault
    /// between two hosts is a bar between their lanes. Marks and notes are flags. Pauses in which
    /// nothing happens are cut short. The picture follows the light or dark colours that its viewer
    /// prefers.
    ///
    /// ```
    /// use minato_sim::{Family, Kind, World};
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let world = World::new(1);
    /// let (a, b) = (world.host("a"), world.host("b"));
    /// let socket = a.socket(Family::V4, Kind::Datagram)?;
    /// socket.send_to(b"ahoy", (b.ip(), 7000).into())?;
    /// while world.advance(None) {}
    /// let all = world.record().timeline(..);
    /// let first = world.record().timeline(..Duration::from_millis(500));
    /// assert!(all.starts_with("<svg") && first.contains("datagram"));
    /// // std::fs::write("run.svg", all)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeline(&self, times: impl RangeBounds<Duration>) -> String {
        let from = match times.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(from) => from.saturating_add(Duration::from_nanos(1)),
            Bound::Unbounded => Duration::ZERO,
        };
        let to = match times.end_bound() {
            Bound::Included(to) => *to,
            Bound::Excluded(to) => to.saturating_sub(Duration::from_nanos(1)),
            Bound::Unbounded => Duration::MAX,
        };
        let mut items = Items::new(self);
        items.limit(from, to);
        let hosts = self.hosts().filter(|host| items.concerns(host)).collect();
        let title =
            format!("{} events in {:?}, trace {:016x}", self.count(), self.now(), self.hash(),);
        Picture::new(hosts, &items).draw(&title)
    }
}
