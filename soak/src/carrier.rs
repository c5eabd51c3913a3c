//! Carries the packets between two TUN devices, on a runtime of Minato's.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;

use futures_util::future::{self, Either};
use minato::engine::Interest;
use minato::net::AsyncFd;
use minato::time::{self, Instant};
use tun_rs::SyncDevice;

use crate::fate::{BAD, Direction, Fates};
use crate::namespace::MTU;

/// The devices of the two namespaces.
pub(crate) struct Carrier {
    devices: [Arc<AsyncFd<SyncDevice>>; 2],
    seed: u64,
}

impl Carrier {
    pub(crate) fn new(one: SyncDevice, two: SyncDevice, seed: u64) -> io::Result<Carrier> {
        let devices = [Arc::new(AsyncFd::from_owner(one)?), Arc::new(AsyncFd::from_owner(two)?)];
        Ok(Carrier { devices, seed })
    }

    /// Carries in both directions as long as `other` takes; returns what it gives, and what the
    /// packets of each direction met.
    pub(crate) async fn carry_during<T>(
        &self,
        other: impl Future<Output = T>,
    ) -> io::Result<(T, [Fates; 2])> {
        let [one, two] = &self.devices;
        let mut there = Direction::new(BAD, self.seed);
        let mut back = Direction::new(BAD, !self.seed);
        let both = future::try_join(carry(one, two, &mut there), carry(two, one, &mut back));
        let given = match future::select(Box::pin(both), Box::pin(other)).await {
            Either::Left((Err(error), _)) => return Err(error),
            Either::Left((Ok(_), _)) => {
                return Err(io::Error::other("the carrier ended by itself"));
            }
            Either::Right((given, _)) => given,
        };
        Ok((given, [there.fates, back.fates]))
    }
}

/// A packet under way: when it arrives, after how many others it was sent, and its bytes.
type UnderWay = Reverse<(Instant, u64, Vec<u8>)>;

/// Carries packets in one direction, and never ends but by an error.
async fn carry(
    from: &AsyncFd<SyncDevice>,
    to: &AsyncFd<SyncDevice>,
    direction: &mut Direction,
) -> io::Result<()> {
    let begun = Instant::now();
    let mut under_way: BinaryHeap<UnderWay> = BinaryHeap::new();
    let mut sent = 0;
    let mut buffer = [0; MTU as usize];
    loop {
        let receiving = from.async_io(Interest::READABLE, |device| device.recv(&mut buffer));
        let received = match under_way.peek() {
            Some(Reverse((next, ..))) => time::timeout_at(*next, receiving).await.ok(),
            None => Some(receiving.await),
        };
        if let Some(length) = received.transpose()? {
            for at in direction.decide(begun.elapsed(), length as u64) {
                sent += 1;
                under_way.push(Reverse((begun + at, sent, buffer[..length].to_vec())));
            }
        }
        let now = Instant::now();
        while under_way.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((_, _, packet))) = under_way.pop() else { break };
            to.async_io(Interest::WRITABLE, |device| device.send(&packet)).await?;
        }
    }
}
