//! Streams: handshake, windows, the two ends of a connection, and what happens when it fails.

mod arrival;
mod close;
mod connection;
mod flow;
mod handshake;
mod keepalive;
mod listener;
mod send;
mod transfer;

pub(crate) use connection::{Connection, End, Owner, Phase, Side};
pub(crate) use flow::Fin;
pub(crate) use handshake::SYN_ACK_RETRIES;
pub(crate) use listener::Listener;

use crate::arena::Key;

/// What a stream socket is at the moment.
#[derive(Debug)]
pub(crate) enum Role {
    /// Neither connected nor listening.
    Fresh,
    /// Takes connections.
    Listening(Listener),
    /// One end of a connection, which may still be on its way or already have failed.
    Connected(Key, Side),
}
