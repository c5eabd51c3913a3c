//! A client: it asks a majority of the replicas, and stores at a majority.

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::Bugs;
use crate::message::{Entry, Request, Tag};
use crate::peer::Peer;

/// One client of the register. It does one thing at a time.
pub struct Client {
    /// A number that no other client has.
    id: u64,
    peers: Vec<Peer>,
    bugs: Bugs,
}

impl Client {
    /// A client of the replicas at these addresses. It must be made in a runtime.
    pub fn new(id: u64, replicas: impl IntoIterator<Item = String>, bugs: Bugs) -> Client {
        let peers = replicas.into_iter().map(|address| Peer::new(address, bugs)).collect();
        Client { id, peers, bugs }
    }

    /// The register's value. It returns when a majority of the replicas has answered, however long
    /// that takes.
    pub async fn read(&self) -> u64 {
        let newest = self.ask().await;
        if !self.bugs.no_write_back {
            self.majority(Request::Store(newest)).await;
        }
        newest.value
    }

    /// Replaces the register's value.
    pub async fn write(&self, value: u64) {
        let newest = self.ask().await;
        let tag = Tag { counter: newest.tag.counter + 1, writer: self.id };
        self.majority(Request::Store(Entry { tag, value })).await;
    }

    /// The newest entry that a majority has.
    async fn ask(&self) -> Entry {
        let answers = self.majority(Request::Ask).await;
        answers.into_iter().max_by_key(|entry| entry.tag).unwrap_or_default()
    }

    /// The answers of a majority. Who does not answer in time is asked again.
    async fn majority(&self, request: Request) -> Vec<Entry> {
        let ask = |peer: usize| async move { (peer, self.peers[peer].ask(request).await) };
        let mut asked: FuturesUnordered<_> = (0..self.peers.len()).map(ask).collect();
        let mut answers = Vec::new();
        while answers.len() <= self.peers.len() / 2 {
            match asked.next().await {
                Some((_, Some(entry))) => answers.push(entry),
                Some((peer, None)) => asked.push(ask(peer)),
                None => unreachable!("each peer answers, or is asked again"),
            }
        }
        answers
    }
}
