//! Rules: functions of the user's that decide what happens to a packet.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::decide::{Fate, Way};
use crate::choice::{draw, site};
use crate::host::HostId;
use crate::name::PacketName;
use crate::packet::{Flow, Outgoing, Packet, PacketKind, Payload, Verdict};
use crate::state::State;
use crate::strikes::FaultKind;
use crate::time::nanos;
use crate::world::World;

const GARBLE: u64 = site("garble by rule");

type Call = Mutex<dyn FnMut(&Packet<'_>) -> Verdict + Send>;

/// Keeps a [rule](World::rule) in force. Dropping it ends the rule.
#[must_use = "a rule ends when this is dropped"]
pub struct Rule {
    world: World,
    call: Arc<Call>,
}

impl Rule {
    /// Keeps the rule in force as long as there is the world.
    ///
    /// ```
    /// use minato_sim::{Verdict, World};
    ///
    /// let world = World::new(1);
    /// world.rule(|packet| if packet.is_syn() { Verdict::Drop } else { Verdict::Pass }).keep();
    /// ```
    pub fn keep(self) {
        self.world.lock().rules.permanent.push(self.call.clone());
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").finish_non_exhaustive()
    }
}

thread_local! {
    /// The world whose rule this thread is in, by the address of its [`Asking`]; 0 if it is in
    /// none.
    static ASKING: Cell<usize> = const { Cell::new(0) };
}

/// Names a world. A call into the world from one of its rules would wait for itself, and is found
/// by this name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking(Arc<()>);

impl Asking {
    /// Whether this thread is in a rule of the world.
    pub(crate) fn is_here(&self) -> bool {
        ASKING.get() == self.address()
    }

    /// The thread is in a rule of the world until the result is dropped, also by a panic.
    fn begin(&self) -> Asked {
        Asked { outer: ASKING.replace(self.address()) }
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

/// See [`Asking::begin`]. A rule may go through another world, which has rules, too.
struct Asked {
    outer: usize,
}

impl Drop for Asked {
    fn drop(&mut self) {
        ASKING.set(self.outer);
    }
}

/// The rules of a world, in the order in which they were made, and the packets that are to be lost.
#[derive(Default)]
pub(crate) struct Rules {
    all: Vec<Weak<Call>>,
    permanent: Vec<Arc<Call>>,
    losing: BTreeSet<PacketName<HostId>>,
    pub(crate) asking: Asking,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rules, losing) = (self.all.len(), &self.losing);
        f.debug_struct("Rules").field("rules", &rules).field("losing", losing).finish()
    }
}

impl Rules {
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.losing.is_empty()
    }

    pub(crate) fn add(
        &mut self,
        world: World,
        rule: impl FnMut(&Packet<'_>) -> Verdict + Send + 'static,
    ) -> Rule {
        let call: Arc<Call> = Arc::new(Mutex::new(rule));
        self.all.push(Arc::downgrade(&call));
        Rule { world, call }
    }

    /// Takes the rules out of force until [`resume`](Rules::resume).
    pub(crate) fn suspend(&mut self) -> Rules {
        let asking = self.asking.clone();
        std::mem::replace(self, Rules { asking, ..Rules::default() })
    }

    pub(crate) fn resume(&mut self, suspended: Rules) {
        *self = suspended;
    }

    pub(crate) fn lose(&mut self, packet: PacketName<HostId>) {
        self.losing.insert(packet);
    }
}

impl State {
    /// What the rules say of a packet; `None` if it is lost.
    pub(super) fn ask_rules(&mut self, packet: &Outgoing<'_>) -> Option<Way> {
        let mut way = Way::new(Fate::Arrives(self.now));
        if self.rules.is_empty() {
            return Some(way);
        }
        if packet.to.is_some() && self.rules.losing.remove(&packet.name) {
            self.strike_packet(FaultKind::Lose);
            return None;
        }
        self.rules.all.retain(|rule| rule.strong_count() > 0);
        for index in 0..self.rules.all.len() {
            let verdict = self.verdict(index, packet);
            if verdict == Verdict::Pass {
                continue;
            }
            self.strike_packet(FaultKind::Rule);
            match verdict {
                Verdict::Pass => {}
                Verdict::Drop => return None,
                Verdict::Delay(by) => way = self.after(way, nanos(by)),
                Verdict::Duplicate(by) => way.again = Some(nanos(by)),
                Verdict::Corrupt => {
                    if packet.kind != PacketKind::Datagram || packet.payload.len() == 0 {
                        return None;
                    }
                    let seed = self.choices.seed;
                    way.garbled = Some(draw(seed, GARBLE, packet.entity, packet.nth));
                }
                Verdict::Reset => {
                    if let Flow::Connection { key, .. } = packet.flow {
                        self.reset_on_the_way(key);
                    }
                    return None;
                }
            }
        }
        Some(way)
    }

    /// What the rule at `index` says.
    fn verdict(&self, index: usize, outgoing: &Outgoing<'_>) -> Verdict {
        let Some(rule) = self.rules.all[index].upgrade() else { return Verdict::Pass };
        let gathered;
        let payload = match (outgoing.payload, outgoing.flow) {
            (Payload::Bytes(bytes), _) => bytes,
            (Payload::Unsent(len), Flow::Connection { key, from }) => {
                gathered = self.connection(key).flow_from(from).copy_unsent(len);
                &gathered
            }
            _ => &[],
        };
        let packet = Packet { state: self, outgoing, payload };
        let _asked = self.rules.asking.begin();
        let mut call = rule.lock().unwrap_or_else(PoisonError::into_inner);
        call(&packet)
    }
}
