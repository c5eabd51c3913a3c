//! What is left of a run that should have ended.

use std::collections::BTreeSet;
use std::time::Duration;

use super::drive::{Drive, Stop};
use super::{HostTasks, Stepper};
use crate::arena::Key;
use crate::tcp::{Connection, End, Phase, Role, Side};
use crate::world::World;

/// A kind of leak: what is left at the end of a run.
///
/// When all clients have ended and [`Scenario::finally`](super::Scenario::finally) has found
/// nothing wrong, the world goes on until all that was sent has been read, for up to ten seconds of
/// virtual time. What then is still [unread](Self::Unread) has leaked. Thereupon the programs of
/// all hosts are ended: their futures are dropped.
/// The world goes on for up to 20 minutes, and for no longer than anything is left. What is still
/// there then has leaked, unless [`Scenario::allow_leak`](super::Scenario::allow_leak) lets it
/// pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Leak {
    /// Bytes or datagrams that have arrived at an open socket and that nobody has read, and
    /// connections that nobody has accepted, for ten seconds after the last client has ended.
    /// Somebody has missed a wake, or reads no more and has not closed the socket.
    Unread,
    /// A task that is alive although the program of its host has ended: it was spawned and
    /// forgotten, and waits for what will never be.
    Task,
    /// A timer that nobody has dropped, on a host that has no task.
    Timer,
    /// A socket that is open on a host that has no task.
    Socket,
    /// A connection that has no socket and does not end.
    Connection,
}

/// How long the world goes on for who has not read everything.
const GRACE: Duration = Duration::from_secs(10);

/// How long it goes on when the programs have ended: a connection that gets no answer is given up
/// after a quarter of an hour.
const LAST: Duration = Duration::from_secs(20 * 60);

impl<S: Stepper> Drive<'_, S> {
    pub(super) fn check_leaks(&mut self) -> Result<(), Stop> {
        let unread = self.wait_for_readers()?;
        self.check_leak(Leak::Unread, unread)?;
        self.scenario.status.end();
        let end = self.scenario.world.now().saturating_add(LAST);
        while !self.is_quiet() && self.scenario.world.now() < end {
            if !self.step(Some(end))? {
                break;
            }
        }
        self.check_leak(Leak::Task, of_tasks(self.stepper.alive()))?;
        self.check_leak(Leak::Timer, of_timers(self.stepper.alive()))?;
        let open = self.scenario.world.lock().each_socket(|_, _| Some("is open".to_owned()));
        let open = open.into_iter().map(|(_, host, text)| (host, text));
        self.check_leak(Leak::Socket, open.collect())?;
        let connections = self.scenario.world.open_connections();
        let text = format!("connections that do not end: {connections}");
        let connections = (connections > 0).then(|| (String::new(), text));
        self.check_leak(Leak::Connection, connections.into_iter().collect())
    }

    /// Goes on until everything that was sent has been read, or the time for it is over. What is
    /// returned has waited for all of that time: its host, and what it is.
    fn wait_for_readers(&mut self) -> Result<Vec<(String, String)>, Stop> {
        let end = self.scenario.world.now().saturating_add(GRACE);
        let mut waiting: Option<BTreeSet<Key>> = None;
        loop {
            let unread = self.scenario.world.unread();
            let keys: BTreeSet<Key> = unread.iter().map(|(key, ..)| *key).collect();
            let still = waiting.map_or(keys.clone(), |waiting| &waiting & &keys);
            if self.scenario.world.now() >= end {
                let left = unread.into_iter().filter(|(key, ..)| still.contains(key));
                return Ok(left.map(|(_, host, text)| (host, text)).collect());
            }
            if still.is_empty() {
                if !self.scenario.world.is_delivering() {
                    return Ok(Vec::new());
                }
                waiting = None;
            } else {
                waiting = Some(still);
            }
            self.step(Some(end))?;
        }
    }

    /// Whether nothing is left.
    fn is_quiet(&self) -> bool {
        let world = &self.scenario.world;
        world.open_sockets() == 0
            && world.open_connections() == 0
            && self.stepper.alive().iter().all(|host| host.tasks.is_empty())
    }

    /// Fails for the first of these leaks that is not allowed; each has its host and its text.
    fn check_leak(&mut self, leak: Leak, found: Vec<(String, String)>) -> Result<(), Stop> {
        let allowed = |host: &str| {
            let mut allowed = self.scenario.allowed.iter();
            allowed.any(|(kind, of)| *kind == leak && of.as_deref().is_none_or(|of| of == host))
        };
        let ours = |host: &str| {
            host.is_empty() || self.scenario.members.iter().any(|member| member.name == host)
        };
        let mut found = found.into_iter().filter(|(host, _)| ours(host) && !allowed(host));
        match found.next() {
            None => Ok(()),
            Some((_, text)) => {
                let more = found.map(|(_, text)| format!("\n{text}")).collect::<String>();
                Err(self.fail(format!("leak: {text}{more}")))
            }
        }
    }
}

fn of_tasks(hosts: Vec<HostTasks>) -> Vec<(String, String)> {
    let of_host = |host: HostTasks| {
        let name = host.host;
        let each = host.tasks.into_iter();
        each.map(move |task| (name.clone(), format!("host {name}: {task} is alive")))
    };
    hosts.into_iter().flat_map(of_host).collect()
}

fn of_timers(hosts: Vec<HostTasks>) -> Vec<(String, String)> {
    let leaking = hosts.into_iter().filter(|host| host.tasks.is_empty() && host.has_timers);
    let text = |host: HostTasks| {
        let text = format!("host {}: a timer waits, and no task is alive", host.host);
        (host.host, text)
    };
    leaking.map(text).collect()
}

impl World {
    /// Whether bytes of a stream have not arrived yet, or a connection is still being made.
    fn is_delivering(&self) -> bool {
        let state = self.lock();
        let is_delivering = |connection: &Connection| {
            let flows = [Side::Client, Side::Server].map(|side| connection.flow_to(side));
            let is_made = |end: &End| matches!(end.phase, Phase::Open | Phase::Dead);
            flows.iter().any(|flow| flow.queued() > 0) || !connection.ends.iter().all(is_made)
        };
        state.connections.iter().any(|(_, connection)| is_delivering(connection))
    }

    /// The sockets with something that nobody has read or accepted: the host of each, and what.
    fn unread(&self) -> Vec<(Key, String, String)> {
        self.lock().each_socket(|state, key| {
            let socket = state.socket(key);
            let text = match &socket.role {
                Role::Connected(connection, side) => {
                    match state.connection(*connection).flow_to(*side).readable() {
                        0 => return None,
                        bytes => format!("has {bytes} bytes that nobody reads"),
                    }
                }
                Role::Listening(listener) => match listener.queue.len() {
                    0 => return None,
                    waiting => format!("has {waiting} connections that nobody accepts"),
                },
                Role::Fresh => match socket.datagrams.charged {
                    0 => return None,
                    _ => "has datagrams that nobody receives".to_owned(),
                },
            };
            Some(text)
        })
    }
}
