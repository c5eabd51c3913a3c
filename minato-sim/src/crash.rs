//! Hosts that stop and go on: crash, restart, pause and resume.
//!
//! Each is a *request*: [`Host`] notes it, and it is carried out before the next task is polled. So
//! it does the same from outside of the hosts, from another host's task, and from a task of the
//! host itself. What concerns the kernel of the host is done here. The tasks are the business of
//! the simulation that polls them, which learns of each request by [`World::take_request`].
//!
//! A crash is a power failure. The kernel of the host forgets its sockets at once and tells nobody:
//!
//! | what comes | while the host is down | after the restart |
//! |---|---|---|
//! | a first packet of a connection | silence; it is sent again | a listener answers, or a reset |
//! | anything of an old connection | silence; it is sent again | a reset |
//! | a datagram | silence | as on any host |
//!
//! Packets that the host sent before its crash still arrive.

use std::fmt;
use std::io;

use crate::arena::Key;
use crate::host::{Host, HostId, HostState};
use crate::queue::{Occurrence, Step};
use crate::record::Stage;
use crate::state::{SocketState, State};
use crate::strikes::FaultKind;
use crate::tcp::{Owner, Phase, Side};
use crate::time::SECOND;
use crate::unix::UnixNames;
use crate::world::World;

/// What a host is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Nothing has run on it yet.
    #[default]
    Unused,
    /// Its kernel and its program run.
    Running,
    /// Its kernel runs, and its program stands still.
    Paused,
    /// It has crashed, and was not started since.
    Down,
}

impl fmt::Display for Condition {
    /// What can be said of the host: "runs", "is paused".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::Unused => "has never run anything",
            Condition::Running => "runs",
            Condition::Paused => "is paused",
            Condition::Down => "is down",
        })
    }
}

/// What is asked of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// See [`Host::crash`].
    Crash,
    /// See [`Host::restart`]. The program of a host is started for the first time in the same way.
    Start,
    /// See [`Host::pause`].
    Pause,
    /// See [`Host::resume`].
    Resume,
    /// See [`Host::set_drift`]. Its clock runs so already; what is due by it is to be found anew.
    Skew,
}

impl Action {
    fn done(self) -> &'static str {
        match self {
            Action::Crash => "crashed",
            Action::Start => "restarted",
            Action::Pause => "paused",
            Action::Resume => "resumed",
            Action::Skew => "skewed",
        }
    }
}

/// Whether a host runs, and what a simulation has for it.
#[derive(Debug, Default)]
pub(crate) struct Life {
    condition: Condition,
    /// The condition after all requests that wait.
    requested: Condition,
    /// A simulation polls its tasks.
    is_stepped: bool,
    /// The simulation can start it anew.
    has_program: bool,
    /// How often it has crashed.
    pub(crate) crashes: u64,
}

impl Life {
    /// Something runs on the host.
    pub(crate) fn note_use(&mut self) {
        if self.condition == Condition::Unused {
            self.condition = Condition::Running;
            self.requested = Condition::Running;
        }
    }

    /// The condition after `action`, or why it cannot be.
    fn after(&self, action: Action) -> Result<Condition, String> {
        use Condition::{Down, Paused, Running};
        match (action, self.requested) {
            (Action::Crash, Running | Paused) => Ok(Down),
            (Action::Start, Down) if self.has_program => Ok(Running),
            (Action::Start, Down) => Err("has no program to start".to_owned()),
            (Action::Pause, Running) if self.is_stepped => Ok(Paused),
            (Action::Pause, Running) => Err("is in no simulation that polls its tasks".to_owned()),
            (Action::Resume, Paused) => Ok(Running),
            (_, requested) => Err(requested.to_string()),
        }
    }
}

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    host: HostId,
    action: Action,
    /// The world's part was done.
    is_done: bool,
}

impl Host {
    /// Stops the host at once, as a power failure does.
    ///
    /// Before the next task is polled, its kernel forgets all its sockets and tells nobody, and
    /// then its tasks are dropped. Their destructors may use their sockets: every call fails with
    /// `ENETDOWN`, and nothing is sent. The host keeps its name and addresses, its clock, the
    /// faults that were asked for, and what its disks have.
    ///
    /// While the host is down, what is sent to it is lost. After a [restart](Self::restart) its
    /// kernel answers packets of connections it does not know with a reset.
    ///
    /// # Errors
    /// `InvalidInput` if the host is down, or has never run anything. The text names it.
    ///
    /// ```
    /// use minato_sim::{Condition, World};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let world = World::new(1);
    /// let host = world.host("harbour");
    /// let error = host.crash().unwrap_err().to_string();
    /// assert_eq!(error, "host harbour cannot be crashed: it has never run anything");
    ///
    /// let _socket = host.socket(minato_sim::Family::V4, minato_sim::Kind::Stream)?;
    /// host.crash()?;
    /// world.advance(None);
    /// assert_eq!(host.condition(), Condition::Down);
    /// assert_eq!(world.open_sockets(), 0);
    /// let error = host.crash().unwrap_err().to_string();
    /// assert_eq!(error, "host harbour cannot be crashed: it is down");
    /// # Ok(())
    /// # }
    /// ```
    pub fn crash(&self) -> io::Result<()> {
        self.request(Action::Crash)
    }

    /// Starts the host anew after a [crash](Self::crash): its kernel answers again, and the
    /// simulation makes its program anew.
    ///
    /// # Errors
    /// `InvalidInput` if the host is not down, or has no program. The text names it and says what
    /// it is doing.
    pub fn restart(&self) -> io::Result<()> {
        self.request(Action::Start)
    }

    /// Stops the tasks of the host, until it is [resumed](Self::resume). Its kernel goes on: it
    /// acknowledges what arrives, takes connections into the backlog, and keeps datagrams.
    ///
    /// # Errors
    /// `InvalidInput` if the host does not run, or no simulation polls its tasks. The text names it
    /// and says what it is doing.
    pub fn pause(&self) -> io::Result<()> {
        self.request(Action::Pause)
    }

    /// Lets the tasks of a [paused](Self::pause) host go on. Timers that were due meanwhile fire.
    ///
    /// # Errors
    /// `InvalidInput` if the host is not paused. The text names it and says what it is doing.
    pub fn resume(&self) -> io::Result<()> {
        self.request(Action::Resume)
    }

    /// What the host is doing. A request counts once it was carried out.
    pub fn condition(&self) -> Condition {
        self.world.lock().host(self.id).life.condition
    }

    /// What the host will be doing when all requests are carried out.
    pub(crate) fn requested(&self) -> Condition {
        self.world.lock().host(self.id).life.requested
    }

    /// How often the host has crashed.
    pub fn crashes(&self) -> u64 {
        self.world.lock().host(self.id).life.crashes
    }

    fn request(&self, action: Action) -> io::Result<()> {
        let mut state = self.world.lock();
        let host = state.host_mut(self.id);
        match host.life.after(action) {
            Ok(requested) => host.life.requested = requested,
            Err(why) => {
                let text = format!("host {} cannot be {}: it {why}", host.name, action.done());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        }
        state.ask(self.id, action);
        Ok(())
    }

    /// A simulation that polls the tasks of this host wants to add one.
    ///
    /// # Errors
    /// `InvalidInput` if the host is down.
    #[doc(hidden)]
    pub fn note_spawn(&self) -> io::Result<()> {
        let mut state = self.world.lock();
        let HostState { life, name, .. } = state.host_mut(self.id);
        if life.condition == Condition::Down {
            return Err(invalid(format!("host {name} cannot run a task: it is down")));
        }
        life.is_stepped = true;
        life.note_use();
        Ok(())
    }

    /// A simulation has a program for this host, which it will be asked to start.
    ///
    /// # Errors
    /// `InvalidInput` if the host is down, or has a program.
    #[doc(hidden)]
    pub fn note_program(&self) -> io::Result<()> {
        self.note_spawn()?;
        let mut state = self.world.lock();
        let HostState { life, name, .. } = state.host_mut(self.id);
        if std::mem::replace(&mut life.has_program, true) {
            return Err(invalid(format!("host {name} cannot have two programs")));
        }
        state.ask(self.id, Action::Start);
        Ok(())
    }
}

pub(crate) fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

impl World {
    /// The hosts that are paused or down, one a line, for reports.
    #[doc(hidden)]
    pub fn describe_stopped(&self) -> String {
        let state = self.lock();
        let stopped = state
            .hosts
            .iter()
            .filter(|host| matches!(host.life.condition, Condition::Paused | Condition::Down));
        stopped.map(|host| format!("\nhost {} {}", host.name, host.life.condition)).collect()
    }

    /// The next request for one of the hosts. What it means for the kernel of the
    /// host is done; the caller does what it means for the tasks.
    #[doc(hidden)]
    pub fn take_request(&self) -> Option<(Host, Action)> {
        let mut state = self.lock();
        let Waiting { host, action, is_done } = state.requests.pop_front()?;
        if !is_done {
            state.carry_out(host, action);
        }
        Some((Host { world: self.clone(), id: host }, action))
    }
}

impl State {
    /// The clock of a host runs at another speed from now on.
    pub(crate) fn note_drift(&mut self, host: HostId) {
        self.strike(FaultKind::Skew, (Some(host), None));
        if self.host(host).life.is_stepped {
            self.ask(host, Action::Skew);
        }
    }

    fn ask(&mut self, host: HostId, action: Action) {
        self.requests.push_back(Waiting { host, action, is_done: false });
        self.notify(host);
    }

    /// Carries out the crashes that were asked for first, before the clock moves. For a host that
    /// no simulation steps that is all there is to do.
    pub(crate) fn carry_out_crashes(&mut self) {
        let is_crash = |waiting: &&Waiting| waiting.action == Action::Crash;
        let count = self.requests.iter().take_while(is_crash).count();
        for index in 0..count {
            let waiting = &mut self.requests[index];
            let (host, is_done) = (waiting.host, std::mem::replace(&mut waiting.is_done, true));
            if !is_done {
                self.carry_out(host, Action::Crash);
            }
        }
        let host_is_stepped = |state: &Self, host: HostId| state.host(host).life.is_stepped;
        while let Some(first) = self.requests.front()
            && first.is_done
            && !host_is_stepped(self, first.host)
        {
            self.requests.pop_front();
        }
    }

    fn carry_out(&mut self, host: HostId, action: Action) {
        let (stage, kind) = match action {
            Action::Crash => (Stage::Begins, FaultKind::Crash),
            Action::Start if self.is_down(host) => (Stage::Ends, FaultKind::Crash),
            Action::Pause => (Stage::Begins, FaultKind::Pause),
            Action::Resume => (Stage::Ends, FaultKind::Pause),
            Action::Start | Action::Skew => return,
        };
        self.note_fault(stage, kind.word(), (Some(host), None), 0);
        if stage == Stage::Begins {
            self.strike(kind, (Some(host), None));
        }
        let crashed = action == Action::Crash;
        let host_state = self.host_mut(host);
        host_state.broken.clear();
        host_state.life.crashes += u64::from(crashed);
        host_state.life.condition = match action {
            Action::Crash => Condition::Down,
            Action::Pause => Condition::Paused,
            _ => Condition::Running,
        };
        if crashed {
            self.crash_disks(host);
            self.cut_off(host);
        }
    }

    /// Whether the host has crashed and was not started since.
    pub(crate) fn is_down(&self, host: HostId) -> bool {
        self.host(host).life.condition == Condition::Down
    }

    /// The kernel of a host forgets everything, and tells nobody.
    fn cut_off(&mut self, host: HostId) {
        let of_host = |(key, socket): (Key, &SocketState)| (socket.host == host).then_some(key);
        let sockets: Vec<Key> = self.sockets.iter().filter_map(of_host).collect();
        for key in sockets {
            let Some(socket) = self.sockets.remove(key) else { continue };
            for group in socket.datagrams.groups {
                self.forget_member(group, host);
            }
            self.host_mut(host).broken.extend(socket.registration);
        }
        self.notify(host);
        let connections: Vec<Key> = self.connections.iter().map(|(key, _)| key).collect();
        for key in connections {
            for side in [Side::Client, Side::Server] {
                if self.connection(key).end(side).host == host {
                    self.vanish(key, side);
                }
            }
            self.forget_if_over(key);
        }
        self.queue.retain(|what| match what {
            Occurrence::Datagram { packet } => !packet.stays_within(host),
            _ => true,
        });
        let state = self.host_mut(host);
        state.ports.clear();
        state.unix = UnixNames::default();
        state.ready.clear();
        state.stale = 0;
        state.descriptors = 0;
    }

    /// One end of a connection is gone without a word.
    fn vanish(&mut self, key: Key, side: Side) {
        let connection = self.connection_mut(key);
        let is_internal = connection.ends[0].host == connection.ends[1].host;
        let is_connecting = connection.end(Side::Client).phase == Phase::Connecting;
        let end = connection.end_mut(side);
        end.owner = Owner::Nobody;
        end.holder = None;
        end.wants_space = false;
        end.error = None;
        end.phase = match end.phase {
            // The client may send its first packet again, to whoever is there then.
            Phase::Absent | Phase::HalfOpen if is_connecting && !is_internal => Phase::Absent,
            _ => Phase::Gone,
        };
        connection.flow_from_mut(side).cut_off();
        let flow = connection.flow_to_mut(side);
        flow.forget_received();
        if flow.unsent() > 0 && connection.end(side.other()).phase == Phase::Open {
            // Its sender waits for room there, and will ask.
            self.stall(key, side.other());
        }
    }

    /// A packet of a connection has come to a host that is down. Its sender sends it again.
    pub(crate) fn lose_at_host(&mut self, key: Key, step: Step) {
        match step {
            Step::Syn => self.schedule_syn_retry(key),
            Step::SynAck => self.schedule_syn_ack_retry(key, 0),
            Step::Segment { to, .. } => self.stall(key, to.other()),
            _ => {}
        }
    }

    /// A packet has come to an end that its host knows nothing of: the host was started anew since.
    pub(crate) fn refuse_unknown(&mut self, key: Key, at: Side) {
        if !self.send_reset(key, at) && self.connection(key).end(at.other()).phase == Phase::Open {
            self.stall(key, at.other());
        }
    }

    /// The server's host waits before it answers the client again.
    pub(crate) fn schedule_syn_ack_retry(&mut self, key: Key, attempt: u32) {
        let at = self.now.saturating_add(SECOND << attempt);
        self.schedule_for(key, at, Step::SynAckRetry { attempt });
    }
}
