//! A UDP socket of the operating system: its plain verbs, and those in bulk, through quinn-udp.
//!
//! Nothing of the latter touches the socket before it is used in bulk. Then, for receiving, the
//! kernel is asked to tell where datagrams went and what they say of congestion and, if there is
//! room for it, to join datagrams of one sender (GRO). From then on a plain receive could meet
//! several datagrams glued together. So it takes them to a store, from which it gives out one at a
//! time, and whoever comes next looks there first: both ways of receiving can be mixed.

use std::io;
use std::mem::MaybeUninit;
use std::sync::{OnceLock, PoisonError, RwLock};

use quinn_udp::{EcnCodepoint, UdpSocketState};
use socket2::Socket;

use super::batch::Batch;
use super::bulk::Transmit;
use super::kept::Kept;
use super::segmentation::Segmentation;
use super::{Address, Family, Received, Transport, os, platform};
use crate::sync::{AtomicBool, AtomicU8, Mutex, Ordering};

/// A UDP socket, and what it needs once it is used in bulk.
pub(crate) struct OsUdp {
    socket: Socket,
    bulk: OnceLock<Box<Bulk>>,
}

struct Bulk {
    v6: bool,
    /// What quinn-udp has found out. It takes every `EINVAL` for a sign that the kernel is old, and
    /// sends without ECN from then on; so it is replaced after an error of that kind.
    state: RwLock<UdpSocketState>,
    segmentation: Segmentation,
    /// How many datagrams the kernel may join.
    joins: usize,
    /// What the kernel was asked to do: [`TELLS`], [`JOINS`].
    asked: AtomicU8,
    /// Whether there was ever a plain receive while the kernel joins.
    mixed: AtomicBool,
    kept: Mutex<Kept>,
}

/// The kernel tells where datagrams went, and their ECN bits.
const TELLS: u8 = 1;
/// The kernel joins datagrams.
const JOINS: u8 = 2;

impl OsUdp {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, bulk: OnceLock::new() }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Gives the socket away, as one that receives one datagram at a time.
    pub(super) fn into_socket(self) -> Socket {
        if self.joining().is_some() {
            platform::join_datagrams(&self.socket, false);
        }
        self.socket
    }

    pub(super) fn recv(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        match self.joining() {
            None => os::recv(&self.socket, buf),
            Some(bulk) => Ok(self.recv_kept(bulk, buf, false)?.0.len),
        }
    }

    pub(super) fn peek(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        match self.joining() {
            None => os::peek(&self.socket, buf),
            Some(bulk) => Ok(self.recv_kept(bulk, buf, true)?.0.len),
        }
    }

    pub(super) fn recv_from(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        match self.joining() {
            None => os::recv_from(&self.socket, buf, peek),
            Some(bulk) => self.recv_kept(bulk, buf, peek),
        }
    }

    /// Sends the first datagrams of `transmit`, as many as one call takes, and returns their bytes.
    pub(super) fn send_segments(&self, transmit: &Transmit<&[u8]>) -> io::Result<usize> {
        let bulk = self.bulk()?;
        let size = transmit.segment_size.unwrap_or(usize::MAX);
        let call = transmit.first(bulk.segmentation.most(size));
        match self.send_call(bulk, &call) {
            Err(error) if is_refusal(&error) && call.count() > 1 => {
                // Perhaps the route's device or its size forbids to segment; perhaps the address is
                // to blame. Sending one datagram tells.
                let single = call.first(1);
                self.send_call(bulk, &single)?;
                bulk.segmentation.refused(size);
                Ok(single.contents.len())
            }
            result => result.map(|()| call.contents.len()),
        }
    }

    fn send_call(&self, bulk: &Bulk, call: &Transmit<&[u8]>) -> io::Result<()> {
        if call.target.port() == 0 {
            // As the kernel says. It is kept from saying so, since anybody's datagram can claim to
            // come from there, and a refusal is expensive.
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let transmit = quinn_udp::Transmit {
            destination: call.target,
            ecn: call.ecn.and_then(|ecn| EcnCodepoint::from_bits(ecn.bits())),
            contents: call.contents,
            segment_size: call.segment_size,
            src_ip: call.source,
        };
        let state = bulk.state.read().unwrap_or_else(PoisonError::into_inner);
        let sent = state.try_send((&self.socket).into(), &transmit);
        drop(state);
        if sent.as_ref().is_err_and(is_refusal)
            && let Ok(fresh) = probe(bulk.v6)
        {
            *bulk.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        sent
    }

    /// Receives as many datagrams as wait and fit.
    pub(super) fn recv_batch(&self, batch: &mut Batch) -> io::Result<()> {
        let bulk = self.bulk()?;
        bulk.prepare(&self.socket, batch.takes_joined());
        if !bulk.is_joining() {
            return self.receive(bulk, batch);
        }
        if batch.takes_joined() && !bulk.mixed.load(Ordering::SeqCst) {
            match self.receive(bulk, batch) {
                // Meanwhile a plain receive may have taken what was there to the store.
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && bulk.mixed.load(Ordering::SeqCst) => {}
                result => return result,
            }
        }
        let mut kept = bulk.kept.lock();
        if kept.is_empty() {
            if batch.takes_joined() {
                return self.receive(bulk, batch);
            }
            bulk.mixed.store(true, Ordering::SeqCst);
            kept.refill(|store| self.receive(bulk, store))?;
        }
        kept.pour(batch)
    }

    /// Whether the store holds something.
    pub(super) fn has_kept(&self) -> bool {
        let mixed = self.bulk.get().filter(|bulk| bulk.mixed.load(Ordering::SeqCst));
        mixed.is_some_and(|bulk| !bulk.kept.lock().is_empty())
    }

    /// The datagrams that one call may send, and that one buffer may hold.
    pub(super) fn most_segments(&self) -> io::Result<(usize, usize)> {
        let bulk = self.bulk()?;
        Ok((bulk.segmentation.most(0), bulk.joins))
    }

    fn receive(&self, bulk: &Bulk, batch: &mut Batch) -> io::Result<()> {
        let state = bulk.state.read().unwrap_or_else(PoisonError::into_inner);
        batch.fill(|buffers, metas| state.recv((&self.socket).into(), buffers, metas))
    }

    /// Receives one datagram, or looks at it, by way of the store.
    #[cold]
    fn recv_kept(
        &self,
        bulk: &Bulk,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        // Before the kernel is asked: see `recv_batch`.
        bulk.mixed.store(true, Ordering::SeqCst);
        let mut kept = bulk.kept.lock();
        if kept.is_empty() {
            kept.refill(|store| self.receive(bulk, store))?;
        }
        let (received, from) = kept.copy(buf, peek);
        Ok((received, Address::Ip(from)))
    }

    /// What there is for use in bulk, if the kernel may join datagrams.
    fn joining(&self) -> Option<&Bulk> {
        self.bulk.get().map(|bulk| &**bulk).filter(|bulk| bulk.is_joining())
    }

    #[inline]
    fn bulk(&self) -> io::Result<&Bulk> {
        match self.bulk.get() {
            Some(bulk) => Ok(bulk),
            None => self.new_bulk(),
        }
    }

    #[cold]
    fn new_bulk(&self) -> io::Result<&Bulk> {
        let v6 = os::is_v6(&self.socket)?;
        let state = probe(v6)?;
        let bulk = Box::new(Bulk {
            v6,
            segmentation: Segmentation::new(state.max_gso_segments()),
            joins: state.gro_segments(),
            state: RwLock::new(state),
            asked: AtomicU8::new(0),
            mixed: AtomicBool::new(false),
            kept: Mutex::default(),
        });
        Ok(self.bulk.get_or_init(|| bulk))
    }
}

/// Has quinn-udp find out what the kernel can do. It sets options on the socket that it is given,
/// some of which change what a plain send or receive does; so it is given one of its own.
fn probe(v6: bool) -> io::Result<UdpSocketState> {
    let other = os::open(if v6 { Family::V6 } else { Family::V4 }, Transport::Udp)?;
    UdpSocketState::new((&other).into())
}

impl Bulk {
    fn asked(&self, bits: u8) -> bool {
        self.asked.load(Ordering::SeqCst) & bits != 0
    }

    fn is_joining(&self) -> bool {
        self.asked(JOINS)
    }

    /// Asks the kernel for what a batch receive needs. What it does not have, the batch does
    /// without.
    fn prepare(&self, socket: &Socket, joined: bool) {
        if !self.asked(TELLS) {
            platform::tell_details(socket, self.v6);
            self.asked.fetch_or(TELLS, Ordering::SeqCst);
        }
        if joined && self.joins > 1 && !self.asked(JOINS) {
            // Said before it is so, lest a plain receive meets joined datagrams unawares.
            self.asked.fetch_or(JOINS, Ordering::SeqCst);
            platform::join_datagrams(socket, true);
        }
    }
}

/// Whether the kernel may have refused to segment: Linux says `EINVAL` where the device or the
/// size forbids it, `EIO` where the device has no checksums.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EIO))
}
