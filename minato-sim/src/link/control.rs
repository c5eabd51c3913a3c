//! Links as users see them: one line for each fault.

use std::fmt;
use std::io;
use std::time::Duration;

use super::latency::Latency;
use super::rule::Rule;
use super::settings::{Chance, Flap, Settings, invalid, positive};
use crate::host::{Host, HostId};
use crate::name::{ConnectionName, PacketName};
use crate::packet::{MIN_MTU_V4, Packet, Verdict};
use crate::record::Stage;
use crate::state::State;
use crate::strikes::{FaultSet, Strikes};
use crate::time::nanos;
use crate::world::World;

/// One direction between two hosts, or the default of all links. It is cheap to clone.
///
/// Made by [`World::link`] and [`World::links`]. What is set on a link itself comes before the
/// default. A link is cut or clogged if it is so itself or by default. Nothing of this concerns
/// what a host sends to itself.
///
/// ```
/// use minato_sim::{FaultKind, Family, Kind, World};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let world = World::new(1);
/// let (a, b) = (world.host("a"), world.host("b"));
/// world.links().loss(0.01)?;
/// world.link("a", "b")?.loss(1.0)?.latency(Duration::from_millis(5))?;
///
/// let socket = a.socket(Family::V4, Kind::Datagram)?;
/// socket.send_to(b"never arrives", (b.ip(), 7000).into())?;
/// assert_eq!(world.strikes().get(FaultKind::Loss), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    world: World,
    /// From and to; the default of all links without.
    ends: Option<(HostId, HostId)>,
}

impl Link {
    /// The link in the other direction. The default of all links is its own.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b")); world.link("a",
    /// "b")?.latency(Duration::from_millis(5))?.back().latency(Duration::from_millis(80))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn back(&self) -> Link {
        Link { world: self.world.clone(), ends: self.ends.map(|(from, to)| (to, from)) }
    }

    /// How long packets take from now on: always the same, a range, or a [`Latency`].
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// let ms = Duration::from_millis;
    /// let link = world.link("a", "b")?;
    /// link.latency(ms(10))?;
    /// link.latency(ms(10)..=ms(30))?;
    /// link.latency(Latency::normal(ms(20), ms(4)))?;
    ///
    /// link.latency(ms(10))?;
    /// sender.send_to(b"x", to)?;
    /// assert_eq!(world.next_event(), Some(ms(10)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for an empty range.
    pub fn latency(&self, latency: impl Into<Latency>) -> io::Result<Link> {
        let latency = latency.into();
        latency.check()?;
        self.set(|settings| settings.latency = Some(latency))
    }

    /// Adds `more` to how long each packet takes. Zero ends that.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// let ms = Duration::from_millis;
    /// let link = world.link("a", "b")?.latency(ms(10))?.slow(ms(200))?;
    /// sender.send_to(b"x", to)?;
    /// assert_eq!(world.next_event(), Some(ms(210)));
    /// link.slow(Duration::ZERO)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None so far.
    pub fn slow(&self, more: Duration) -> io::Result<Link> {
        self.set(|settings| settings.slow = Some(nanos(more)))
    }

    /// Loses packets with this probability. A stream sends their bytes again, 0.2 s later at the
    /// earliest. Zero ends it.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.loss(1.0)?;
    /// sender.send_to(b"x", to)?;
    /// assert_eq!(world.next_event(), None);
    /// assert_eq!(world.strikes().get(FaultKind::Loss), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for what is not a probability from 0 to 1.
    pub fn loss(&self, probability: f64) -> io::Result<Link> {
        let chance = Chance::new("loss", probability)?;
        self.set(|settings| settings.loss = Some(chance))
    }

    /// Delivers packets twice with this probability, the copy by another draw of the latency later.
    /// A datagram is received twice. A stream ignores copies.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.duplicate(1.0)?;
    /// sender.send_to(b"x", to)?;
    /// while world.advance(None) {}
    /// assert!(receiver.recv(&mut buffer).is_ok() && receiver.recv(&mut buffer).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for what is not a probability from 0 to 1.
    pub fn duplicate(&self, probability: f64) -> io::Result<Link> {
        let chance = Chance::new("duplication", probability)?;
        self.set(|settings| settings.duplicate = Some(chance))
    }

    /// Holds packets back for `by`, with this probability. Datagrams that are sent later overtake
    /// them. What a stream sends later arrives, and then waits for them in the receiver's kernel.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// let ms = Duration::from_millis;
    /// world.link("a", "b")?.latency(ms(1))?.reorder(1.0, ms(20))?;
    /// sender.send_to(b"late", to)?;
    /// world.link("a", "b")?.reorder(0.0, ms(20))?;
    /// sender.send_to(b"early bird", to)?;
    /// while world.advance(None) {}
    /// assert_eq!(receiver.recv(&mut buffer)?, 10, "it has overtaken");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for what is not a probability from 0 to 1, and if `by` is zero.
    pub fn reorder(&self, probability: f64, by: Duration) -> io::Result<Link> {
        let chance = Chance::new("reordering", probability)?;
        let by = positive("the time by which packets are reordered", by)?;
        self.set(|settings| settings.reorder = Some((chance, by)))
    }

    /// Changes packets on their way, with this probability. Their checksums fail, so they are lost.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.corrupt(1.0)?;
    /// sender.send_to(b"x", to)?;
    /// assert_eq!(world.next_event(), None);
    /// assert_eq!(world.strikes().get(FaultKind::Corrupt), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for what is not a probability from 0 to 1.
    pub fn corrupt(&self, probability: f64) -> io::Result<Link> {
        let chance = Chance::new("corruption", probability)?;
        self.set(|settings| settings.corrupt = Some(chance))
    }

    /// Changes packets on their way, with this probability, so that the checksums of datagrams do
    /// not tell: one to four of their bytes arrive changed. Packets of streams are lost.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.corrupt_unnoticed(1.0)?;
    /// sender.send_to(b"x", to)?;
    /// while world.advance(None) {}
    /// let mut byte = [0];
    /// receiver.recv_vectored(&mut [std::io::IoSliceMut::new(&mut byte)])?;
    /// assert_ne!(byte, *b"x");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for what is not a probability from 0 to 1.
    pub fn corrupt_unnoticed(&self, probability: f64) -> io::Result<Link> {
        let chance = Chance::new("unnoticed corruption", probability)?;
        self.set(|settings| settings.garble = Some(chance))
    }

    /// Lets this many bytes through in a second, headers included. Packets wait for each other in a
    /// queue, which has no limit unless it is [set](Link::queue).
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.latency(Duration::ZERO)?.rate(1000)?;
    /// // With its headers it has 100 bytes.
    /// sender.send_to(&[0; 72], to)?;
    /// assert_eq!(world.next_event(), Some(Duration::from_millis(100)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for zero; [`cut`](Link::cut) is for that.
    pub fn rate(&self, bytes_per_second: u64) -> io::Result<Link> {
        if bytes_per_second == 0 {
            return invalid("a rate of 0 bytes a second lets nothing through: cut the link".into());
        }
        self.set(|settings| settings.rate = Some(bytes_per_second))
    }

    /// How many bytes may wait before a link that has a [rate](Link::rate), with those that are
    /// just being sent. A packet that finds no room is lost; one that finds the link at rest is
    /// sent, however long it is.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.rate(1000)?.queue(250)?;
    /// for _ in 0..10 {
    ///     sender.send_to(&[0; 72], to)?;
    /// }
    /// // One is being sent and one waits; with a third there would be 300 bytes.
    /// assert_eq!(world.strikes().get(FaultKind::Queue), 8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None so far.
    pub fn queue(&self, bytes: u64) -> io::Result<Link> {
        self.set(|settings| settings.queue = Some(bytes))
    }

    /// The largest packet that the link carries, with the header of IP. A stream fits its packets
    /// to it. A datagram that is larger goes in pieces, and is lost if one of them is; with
    /// [`DontFragment`](crate::SocketOption::DontFragment) a send gives `EMSGSIZE`. A packet of
    /// IPv6 may always have 1280 bytes, as the protocol demands of links.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.mtu(1500)?;
    /// sender.send_to(&[0; 4000], to)?;
    /// assert_eq!(world.strikes().get(FaultKind::Mtu), 1, "it goes in three pieces");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for less than 68 bytes, which every link of IPv4 carries.
    pub fn mtu(&self, bytes: usize) -> io::Result<Link> {
        if bytes < MIN_MTU_V4 {
            return invalid(format!("an MTU is at least {MIN_MTU_V4} bytes, not {bytes}"));
        }
        self.set(|settings| settings.mtu = Some(bytes))
    }

    /// Lets the link be up and down in turns, up first. While it is down packets are lost.
    /// [`mend`](Link::mend) ends it.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// let ms = Duration::from_millis;
    /// world.link("a", "b")?.flap(ms(30), ms(10))?;
    /// world.advance(Some(ms(35)));
    /// sender.send_to(b"x", to)?;
    /// assert_eq!(world.next_event(), None);
    /// world.advance(Some(ms(45)));
    /// sender.send_to(b"x", to)?;
    /// assert!(world.next_event().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` if one of the times is zero.
    pub fn flap(&self, up: Duration, down: Duration) -> io::Result<Link> {
        let up = positive("the time that a flapping link is up", up)?;
        let down = positive("the time that a flapping link is down", down)?;
        let since = self.world.lock().now;
        self.set(|settings| settings.flap = Some(Flap { since, up, down }))
    }

    /// Cuts the link in this direction. Packets under way still arrive; packets sent from now on
    /// are lost. A stream sends lost bytes again until the link is mended. After 15 minutes it
    /// fails with `ETIMEDOUT`.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.cut();
    /// sender.send_to(b"x", to)?;
    /// assert_eq!(world.next_event(), None);
    /// assert_eq!(world.strikes().get(FaultKind::Cut), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cut(&self) {
        self.change(|settings| settings.cut = true);
    }

    /// Ends [`cut`](Link::cut) and [`flap`](Link::flap). Nobody tells the senders, as nobody does
    /// on Linux: they try again when their timers say so, which is after about as long as the link
    /// was down, and after two minutes at most. [`World::heal_all`] tells them.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.cut();
    /// world.link("a", "b")?.mend();
    /// sender.send_to(b"x", to)?;
    /// assert!(world.next_event().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn mend(&self) {
        self.change(|settings| {
            settings.cut = false;
            settings.flap = None;
        });
    }

    /// Holds all packets that are sent from now on.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.clog();
    /// sender.send_to(b"x", to)?;
    /// assert_eq!(world.next_event(), None);
    /// world.advance(Some(Duration::from_secs(60)));
    /// world.link("a", "b")?.unclog();
    /// assert!(world.next_event() > Some(Duration::from_secs(60)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn clog(&self) {
        self.change(|settings| settings.clogged = true);
    }

    /// Ends [`clog`](Link::clog): what the link holds goes on, in the order in which it was sent.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.links().clog();
    /// sender.send_to(b"x", to)?;
    /// world.links().unclog();
    /// while world.advance(None) {}
    /// assert_eq!(receiver.recv(&mut buffer)?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn unclog(&self) {
        self.change(|settings| settings.clogged = false);
    }

    /// Takes back all that was set on this link itself, so that the default holds.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.link("a", "b")?.loss(1.0)?.reset_to_default();
    /// sender.send_to(b"x", to)?;
    /// assert!(world.next_event().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_to_default(&self) {
        self.change(|settings| *settings = Settings::default());
    }

    /// What was set on it.
    pub(crate) fn own(&self) -> Settings {
        let state = self.world.lock();
        self.ends.map_or(state.links.default, |(from, to)| state.links.own(from, to))
    }

    fn set(&self, set: impl FnOnce(&mut Settings)) -> io::Result<Link> {
        self.change(set);
        Ok(self.clone())
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Settings)) {
        let mut state = self.world.lock();
        match self.ends {
            Some((from, to)) => {
                let before = state.links.own(from, to);
                let mut own = before;
                change(&mut own);
                state.links.change(from, to, own);
                state.note_faults((Some(from), Some(to)), before.faults(), own.faults());
            }
            None => {
                let before = state.links.default;
                let mut default = before;
                change(&mut default);
                state.links.change_default(default);
                state.note_faults((None, None), before.faults(), default.faults());
            }
        }
        state.release_freed();
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.world.lock();
        let mut link = f.debug_struct("Link");
        match self.ends {
            Some((from, to)) => {
                link.field("from", &state.host(from).name).field("to", &state.host(to).name);
                link.field("settings", state.links.settings(from, to))
            }
            None => link.field("default", &state.links.default),
        };
        link.finish()
    }
}

impl World {
    /// The link from one host to another, in this direction.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// world.link("a", "b")?.loss(0.01)?.latency(Duration::from_millis(5))?;
    /// let error = world.link("a", "nobody").unwrap_err();
    /// assert_eq!(error.to_string(), "no host is named 'nobody'; there are: a, b");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` if no host has one of the names, or if both are the same; the error names it.
    pub fn link(&self, from: &str, to: &str) -> io::Result<Link> {
        let ends = {
            let state = self.lock();
            (state.known_host(from)?, state.known_host(to)?)
        };
        if ends.0 == ends.1 {
            return invalid(format!("the host '{from}' has no link to itself"));
        }
        Ok(Link { world: self.clone(), ends: Some(ends) })
    }

    /// The default of all links between hosts.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// world.links().latency(Duration::from_millis(5)..=Duration::from_millis(50))?.loss(0.01)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn links(&self) -> Link {
        Link { world: self.clone(), ends: None }
    }

    /// How long packets take between two hosts from now on, in both directions.
    pub fn set_link_latency(&self, a: &Host, b: &Host, min: Duration, max: Duration) {
        for link in self.both_ways(a, b) {
            link.change(|settings| settings.latency = Some(Latency::uniform(min, max)));
        }
    }

    /// [Cuts](Link::cut) the link between two hosts in both directions.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.partition(&a, &b);
    /// sender.send_to(b"x", to)?;
    /// world.heal(&a, &b);
    /// while world.advance(None) {}
    /// assert!(receiver.recv(&mut buffer).is_err(), "a datagram is lost for good");
    /// # Ok(())
    /// # }
    /// ```
    pub fn partition(&self, a: &Host, b: &Host) {
        self.both_ways(a, b).iter().for_each(Link::cut);
    }

    /// Ends a partition, as [`Link::mend`] does in both directions.
    pub fn heal(&self, a: &Host, b: &Host) {
        self.both_ways(a, b).iter().for_each(Link::mend);
    }

    fn both_ways(&self, a: &Host, b: &Host) -> [Link; 2] {
        let there = Link { world: self.clone(), ends: Some((a.id, b.id)) };
        let back = there.back();
        [there, back]
    }

    /// Takes the faults off all links, and lets senders try at once what they would otherwise try
    /// when their timers say so. Latencies, rates, queues and MTUs stay, and so do
    /// [rules](World::rule).
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.links().loss(1.0)?.clog();
    /// world.link("a", "b")?.cut();
    /// world.heal_all();
    /// sender.send_to(b"x", to)?;
    /// assert!(world.next_event().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn heal_all(&self) {
        let mut state = self.lock();
        for (hosts, faults) in state.links.heal() {
            state.note_faults(hosts, faults, FaultSet::default());
        }
        state.release_freed();
        let now = state.now;
        state.queue.hurry(now);
        state.note_fault(Stage::Ends, "all faults of links", (None, None), 0);
    }

    /// Resets all connections between two hosts, as something on the way between them would: both
    /// ends get a reset, after all that is under way to them. Returns how many connections there
    /// were.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// let listener = b.socket(Family::V4, Kind::Stream)?;
    /// listener.bind("0.0.0.0:7000".parse().unwrap())?;
    /// listener.listen(1)?;
    /// let client = a.socket(Family::V4, Kind::Stream)?;
    /// client.connect((b.ip(), 7000).into()).ok();
    /// while world.advance(None) {}
    ///
    /// assert_eq!(world.reset(&a, &b), 1);
    /// while world.advance(None) {}
    /// let error = client.recv(&mut [std::mem::MaybeUninit::new(0)]).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset(&self, a: &Host, b: &Host) -> usize {
        self.lock().reset_between(a.id, b.id)
    }

    /// Resets one connection, as [`reset`](World::reset) does all of two hosts. Returns whether
    /// there is one of this name.
    ///
    /// ```
    /// # use minato_sim::{Family, Kind, World};
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// let client = a.socket(Family::V4, Kind::Stream)?;
    /// client.connect((b.ip(), 7000).into()).ok();
    /// // The first connection that `a` asked `b` for.
    /// assert!(world.reset_connection(&"a>b#0".parse()?));
    /// assert!(!world.reset_connection(&"a>b#1".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_connection(&self, name: &ConnectionName) -> bool {
        let mut state = self.lock();
        let (client, server) = (state.host_by_name(&name.client), state.host_by_name(&name.server));
        let (Some(client), Some(server)) = (client, server) else { return false };
        let name = ConnectionName { client, server, nth: name.nth };
        let found = state.connections.iter().find(|(_, connection)| connection.name == name);
        let found = found.map(|(key, _)| key);
        found.is_some_and(|key| state.reset_on_the_way(key))
    }

    /// Asks `rule` of every packet that is sent from now on, until what is returned here is
    /// dropped. It sees a packet before its link does. If there are several rules, each is asked in
    /// the order in which they were made, until one says that the packet is lost.
    ///
    /// A rule may look at the packet, and use and change what it has captured. It may not use the
    /// world, its hosts, links or sockets, nor drop a socket, because the world waits for it.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// use minato_sim::{PacketKind, Verdict};
    ///
    /// // The first two datagrams for the port 7000 are lost.
    /// let mut count = 0;
    /// let rule = world.rule(move |packet| {
    ///     if packet.kind() == PacketKind::Datagram && packet.destination().port() == 7000 {
    ///         count += 1;
    ///         if count <= 2 {
    ///             return Verdict::Drop;
    ///         }
    ///     }
    ///     Verdict::Pass
    /// });
    /// for text in ["one", "two", "three"] {
    ///     sender.send_to(text.as_bytes(), to)?;
    /// }
    /// while world.advance(None) {}
    /// assert_eq!(receiver.recv(&mut buffer)?, 5);
    /// drop(rule);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// What sends a packet panics if the rule panics, or uses the world; the message says so.
    pub fn rule(&self, rule: impl FnMut(&Packet<'_>) -> Verdict + Send + 'static) -> Rule {
        self.lock().rules.add(self.clone(), rule)
    }

    /// Loses the one packet of this name, if it is ever sent.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// let second = "a>b~1".parse()?;
    /// world.lose(&second)?;
    /// for text in ["one", "two", "three"] {
    ///     sender.send_to(text.as_bytes(), to)?;
    ///     while world.advance(None) {}
    /// }
    /// assert_eq!(receiver.recv(&mut buffer)?, 3);
    /// assert_eq!(receiver.recv(&mut buffer)?, 5, "that is the third");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` if it names a host that there is not.
    pub fn lose(&self, packet: &PacketName) -> io::Result<()> {
        let mut state = self.lock();
        let id = state.numbered(packet)?;
        state.rules.lose(id);
        Ok(())
    }

    /// How often each kind of fault has hit a packet or a call so far.
    ///
    /// ```
    /// # use minato_sim::{FaultKind, Family, Kind, Latency, World};
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// # let world = World::new(1);
    /// # let (a, b) = (world.host("a"), world.host("b"));
    /// # let receiver = b.socket(Family::V4, Kind::Datagram)?;
    /// # receiver.bind("0.0.0.0:7000".parse().unwrap())?;
    /// # let sender = a.socket(Family::V4, Kind::Datagram)?;
    /// # let to = (b.ip(), 7000).into();
    /// # let mut buffer = [std::mem::MaybeUninit::new(0); 9000];
    /// world.links().loss(1.0)?;
    /// sender.send_to(b"x", to)?;
    /// let strikes = world.strikes();
    /// assert_eq!(strikes.get(FaultKind::Loss), 1);
    /// assert_eq!(strikes.to_string(), "loss 1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn strikes(&self) -> Strikes {
        self.lock().strikes.clone()
    }
}

impl State {
    /// The host of a name that somebody wrote down.
    pub(crate) fn known_host(&self, name: &str) -> io::Result<HostId> {
        self.host_by_name(name).map_or_else(
            || {
                let names: Vec<&str> = self.hosts.iter().map(|host| host.name.as_str()).collect();
                let names = if names.is_empty() { "none".into() } else { names.join(", ") };
                invalid(format!("no host is named '{name}'; there are: {names}"))
            },
            Ok,
        )
    }

    /// What links held that hold nothing any more goes on.
    fn release_freed(&mut self) {
        for ((from, to), held) in self.links.take_freed() {
            // A full queue drops nothing of it: it was let in before.
            let left = self.links.path(from, to).leave(self.now, held.wire_len).unwrap_or(0);
            let mut at = self.now.saturating_add(left).saturating_add(held.delay);
            if let Some((key, side)) = held.ordered {
                at = self.in_order(key, side, at);
            }
            self.note_release(&held.what, at);
            self.schedule(at, held.entity, held.what);
        }
    }

    fn reset_between(&mut self, a: HostId, b: HostId) -> usize {
        let ends = |connection: &crate::tcp::Connection| {
            let [client, server] = &connection.ends;
            [(client.host, server.host), (server.host, client.host)].contains(&(a, b))
        };
        let found: Vec<_> =
            self.connections.iter().filter(|(_, c)| ends(c)).map(|(k, _)| k).collect();
        found.into_iter().filter(|key| self.reset_on_the_way(*key)).count()
    }
}
