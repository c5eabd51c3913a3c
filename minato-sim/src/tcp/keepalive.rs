//! Probing idle connections.

use super::Role;
use super::connection::{Phase, Side};
use crate::arena::Key;
use crate::errno;
use crate::packet::PacketKind;
use crate::queue::Step;
use crate::state::State;
use crate::time::nanos;

impl State {
    /// Starts the timer if the option asks for it and it does not run, or runs for longer than is
    /// asked for now.
    pub(crate) fn arm_keepalive(&mut self, key: Key, side: Side) {
        let end = self.connection(key).end(side);
        let Some(options) = end.socket().map(|socket| &self.socket(socket).options) else {
            return;
        };
        if !options.keepalive || end.phase != Phase::Open {
            return;
        }
        let at = if end.probes == 0 {
            end.last_heard.saturating_add(nanos(options.keepalive_idle)).max(self.now)
        } else {
            self.now.saturating_add(nanos(options.keepalive_interval))
        };
        if end.keepalive_at.is_some_and(|armed| armed <= at) {
            return;
        }
        self.connection_mut(key).end_mut(side).keepalive_at = Some(at);
        self.schedule_for(key, at, Step::Keepalive { side });
    }

    pub(crate) fn arm_keepalive_of_socket(&mut self, key: Key) {
        if let Role::Connected(connection, side) = self.socket(key).role {
            self.arm_keepalive(connection, side);
        }
    }

    pub(crate) fn on_keepalive(&mut self, key: Key, side: Side) {
        let now = self.now;
        let end = self.connection_mut(key).end_mut(side);
        if end.keepalive_at.is_none_or(|armed| armed > now) {
            return;
        }
        end.keepalive_at = None;
        let Some(socket) = end.socket() else {
            return;
        };
        let (phase, probes, heard) = (end.phase, end.probes, end.last_heard);
        let options = &self.socket(socket).options;
        if phase != Phase::Open || !options.keepalive {
            return;
        }
        let retries = options.keepalive_retries;
        if probes == 0 && heard.saturating_add(nanos(options.keepalive_idle)) > now {
            self.arm_keepalive(key, side);
            return;
        }
        if probes >= retries {
            self.kill(key, side, Some(errno::ETIMEDOUT));
            self.edge_of(key, side);
            return;
        }
        let answered = self.probe(key, side, PacketKind::Probe);
        let connection = self.connection_mut(key);
        let is_unknown = connection.is_unknown(side.other());
        let peer_alive = connection.end(side.other()).phase == Phase::Open;
        match answered {
            Some(at) if is_unknown => return self.schedule_for(key, at, Step::Reset { to: side }),
            Some(_) if peer_alive => {
                let end = connection.end_mut(side);
                end.probes = 0;
                end.last_heard = now;
            }
            Some(_) if self.send_reset(key, side.other()) => return,
            // The reset that answers may be lost, too.
            Some(_) | None => self.connection_mut(key).end_mut(side).probes += 1,
        }
        self.arm_keepalive(key, side);
    }
}
