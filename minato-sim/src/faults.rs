//! Faults of a host's kernel: calls that fail, because a test asked for it, and how many sockets
//! there may be.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use crate::arena::Key;
use crate::errno::{self, EAGAIN, fail};
use crate::host::{Host, HostId};
use crate::link::Chance;
use crate::record::Stage;
use crate::state::State;
use crate::strikes::FaultKind;

/// A call that [`Host::fail`] and [`Host::fail_by_chance`] can make fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// [`Socket::accept`](crate::Socket::accept) while a connection waits. The connection goes on
    /// waiting. Linux gives `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM` and what is wrong with
    /// the new connection, such as `ECONNABORTED` or `EPROTO`.
    Accept,
    /// [`Socket::rearm`](crate::Socket::rearm). A failed call reports nothing. Linux gives
    /// `ENOMEM`.
    Rearm,
    /// [`Socket::bind`](crate::Socket::bind). Linux gives `EADDRINUSE`, `EACCES`, `ENOMEM`.
    Bind,
    /// [`Socket::listen`](crate::Socket::listen). Linux gives `EADDRINUSE`, `ENOBUFS`.
    Listen,
    /// [`Socket::connect`](crate::Socket::connect). Nothing is sent. Linux gives `ENETUNREACH`,
    /// `EADDRNOTAVAIL`, `ENOBUFS`, `EPERM`.
    Connect,
    /// Sending. Nothing is sent. Linux gives `ENOBUFS`, `ENOMEM`, `EPERM`.
    Send,
    /// Receiving. What waits stays. Linux gives `ENOMEM`, `EINTR`.
    Recv,
}

impl Verb {
    /// Its name in records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verb::Accept => "accept fails",
            Verb::Rearm => "rearm fails",
            Verb::Bind => "bind fails",
            Verb::Listen => "listen fails",
            Verb::Connect => "connect fails",
            Verb::Send => "send fails",
            Verb::Recv => "receive fails",
        }
    }
}

/// Stands for all ports.
const ANY_PORT: u16 = 0;

/// The faults of a host's calls.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Errors that have not been given yet.
    errors: BTreeMap<(Verb, u16), VecDeque<i32>>,
    chances: BTreeMap<Verb, (Chance, i32)>,
}

impl Faults {
    fn add(&mut self, verb: Verb, port: u16, errors: impl Iterator<Item = i32>) {
        self.errors.entry((verb, port)).or_default().extend(errors);
    }

    /// Takes the error of this call, if it is to fail.
    fn take(&mut self, verb: Verb, port: u16) -> Option<i32> {
        let errors = self.errors.get_mut(&(verb, port))?;
        let error = errors.pop_front();
        if errors.is_empty() {
            self.errors.remove(&(verb, port));
        }
        error
    }
}

impl Host {
    /// Makes the next calls of `verb` fail with these errors: one call for each error, in this
    /// order, after the errors of earlier calls of `fail`. The errors are the numbers that Linux
    /// has for them.
    ///
    /// The calls are those on sockets that are bound to `port`. For a bind it is the port that is
    /// asked for, and for a connect the port of the peer. A send and a receive are also found by
    /// the port of their peer. Port 0 stands for any.
    ///
    /// ```
    /// use minato_sim::{Family, Kind, Verb, World};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// const ECONNABORTED: i32 = 103;
    /// let world = World::new(1);
    /// let host = world.host("harbour");
    /// let listener = host.socket(Family::V4, Kind::Stream)?;
    /// listener.bind("0.0.0.0:7000".parse().unwrap())?;
    /// listener.listen(16)?;
    /// host.fail(Verb::Accept, 7000, [ECONNABORTED]);
    ///
    /// let client = world.host("ship").socket(Family::V4, Kind::Stream)?;
    /// client.connect((host.ip(), 7000).into()).unwrap_err();
    /// while world.advance(None) {}
    /// assert_eq!(listener.accept().unwrap_err().raw_os_error(), Some(ECONNABORTED));
    /// assert!(listener.accept().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn fail(&self, verb: Verb, port: u16, errors: impl IntoIterator<Item = i32>) {
        let mut state = self.world.lock();
        state.calls_fail = true;
        state.host_mut(self.id).faults.add(verb, port, errors.into_iter());
    }

    /// Makes calls of `verb` fail with this error and this probability, on all sockets of the host.
    /// Zero ends it. The error is the number that Linux has for it.
    ///
    /// ```
    /// use minato_sim::{FaultKind, Family, Kind, Verb, World};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// const ENOBUFS: i32 = 105;
    /// let world = World::new(1);
    /// let (ship, harbour) = (world.host("ship"), world.host("harbour"));
    /// ship.fail_by_chance(Verb::Send, ENOBUFS, 0.5)?;
    /// let socket = ship.socket(Family::V4, Kind::Datagram)?;
    /// let to = (harbour.ip(), 7000).into();
    /// let failed = (0..100).filter(|_| socket.send_to(b"ahoy", to).is_err()).count() as u64;
    /// assert!((30..70).contains(&failed));
    /// assert_eq!(world.strikes().get(FaultKind::CallError), failed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for what is not a probability from 0 to 1.
    pub fn fail_by_chance(&self, verb: Verb, error: i32, probability: f64) -> io::Result<()> {
        let chance = Chance::new("a failed call", probability)?;
        let mut state = self.world.lock();
        state.calls_fail = true;
        state.host_mut(self.id).faults.chances.insert(verb, (chance, error));
        Ok(())
    }

    /// Ends what [`fail`](Host::fail) and [`fail_by_chance`](Host::fail_by_chance) have asked for.
    pub fn fail_no_more(&self) {
        self.world.lock().host_mut(self.id).faults = Faults::default();
    }

    /// How many sockets the host may have from now on; `None` for
    /// [as many as every host](crate::WorldBuilder::descriptor_limit). Those that it has stay. One
    /// more gives `EMFILE`: to who opens it, and to who accepts it, while the connection goes on
    /// waiting.
    ///
    /// ```
    /// use minato_sim::{FaultKind, Family, Kind, World};
    ///
    /// const EMFILE: i32 = 24;
    /// let world = World::new(1);
    /// let host = world.host("harbour");
    /// host.limit_descriptors(Some(1));
    /// let _one = host.socket(Family::V4, Kind::Stream).unwrap();
    /// let refused = host.socket(Family::V4, Kind::Stream).unwrap_err();
    /// assert_eq!(refused.raw_os_error(), Some(EMFILE));
    /// assert_eq!(world.strikes().get(FaultKind::Descriptors), 1);
    /// host.limit_descriptors(None);
    /// assert!(host.socket(Family::V4, Kind::Stream).is_ok());
    /// ```
    pub fn limit_descriptors(&self, sockets: Option<usize>) {
        self.world.lock().host_mut(self.id).descriptor_limit = sockets;
    }

    /// What [`limit_descriptors`](Host::limit_descriptors) was told last.
    pub(crate) fn descriptor_limit(&self) -> Option<usize> {
        self.world.lock().host(self.id).descriptor_limit
    }
}

impl State {
    /// Fails if a test asked for an error of this call. `port` is the one that the call is about,
    /// if that is not the socket's own.
    #[inline]
    pub(crate) fn injected_fault(
        &mut self,
        verb: Verb,
        key: Key,
        port: Option<u16>,
    ) -> io::Result<()> {
        if self.calls_fail { self.check_for_fault(verb, key, port) } else { Ok(()) }
    }

    #[cold]
    fn check_for_fault(&mut self, verb: Verb, key: Key, port: Option<u16>) -> io::Result<()> {
        let socket = self.socket(key);
        let host = socket.host;
        let own = port.or(socket.local.map(|local| local.port()));
        let of_peer = socket.peer.map(|peer| peer.port());
        let of_peer = of_peer.filter(|_| matches!(verb, Verb::Send | Verb::Recv));
        let ports = [own, of_peer, Some(ANY_PORT)];
        let faults = &mut self.host_mut(host).faults;
        let mut error = ports.into_iter().flatten().find_map(|port| faults.take(verb, port));
        if let (None, Some((chance, by_chance))) = (error, faults.chances.get(&verb).copied()) {
            let entity = self.key_of_socket(key) ^ (verb as u64) << 56;
            error = chance.hits(self.choices.next("failed call", entity)).then_some(by_chance);
        }
        let Some(error) = error else { return Ok(()) };
        self.strikes.count(
            if verb == Verb::Accept { FaultKind::AcceptError } else { FaultKind::CallError },
            1,
        );
        self.note_fault(Stage::Strikes, verb.name(), (Some(host), None), error as u64);
        if error == EAGAIN {
            // Who is told to wait hears when it can go on, which is at once.
            self.edge(key);
        }
        fail(error)
    }

    /// Fails if a host has as many sockets as it may have.
    pub(crate) fn check_descriptors(&mut self, host: HostId) -> io::Result<()> {
        let state = self.host(host);
        if state.descriptors < state.descriptor_limit.unwrap_or(self.config.descriptor_limit) {
            return Ok(());
        }
        self.strike(FaultKind::Descriptors, (Some(host), None));
        fail(errno::EMFILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_strikes_once_and_in_order() {
        let mut faults = Faults::default();
        faults.add(Verb::Accept, 7, [1, 2].into_iter());
        faults.add(Verb::Accept, 7, [3].into_iter());
        faults.add(Verb::Rearm, 7, [].into_iter());
        assert_eq!(faults.take(Verb::Accept, 8), None);
        assert_eq!(faults.take(Verb::Rearm, 7), None);
        let taken = std::iter::from_fn(|| faults.take(Verb::Accept, 7));
        assert!(taken.eq([1, 2, 3]));
        assert!(faults.errors.is_empty());
    }
}
