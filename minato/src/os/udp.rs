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
use super::gro::Kept;
use super::gso::Segmentation;
use super::platform;
use super::transmit::Transmit;
use crate::engine::{Address, Family, Received, Transport};
use crate::os;
use crate::sync::{AtomicBool, AtomicU8, Mutex, Ordering};

/// What a UDP socket needs once it is used in bulk. It stands beside the socket, of which every
/// method is told: so both find room where other sockets have nothing.
#[derive(Default)]
pub(crate) struct InBulk(OnceLock<Box<Bulk>>);

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

impl InBulk {
    /// The socket is given away, as one that receives one datagram at a time.
    pub(crate) fn leave(&self, socket: &Socket) {
        if self.joining().is_some() {
            platform::join_datagrams(socket, false);
        }
    }

    pub(crate) fn recv(&self, socket: &Socket, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        match self.joining() {
            None => os::recv(socket, buf),
            Some(bulk) => Ok(bulk.recv_kept(socket, buf, false)?.0.len),
        }
    }

    pub(crate) fn peek(&self, socket: &Socket, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        match self.joining() {
            None => os::peek(socket, buf),
            Some(bulk) => Ok(bulk.recv_kept(socket, buf, true)?.0.len),
        }
    }

    #[inline]
    pub(crate) fn recv_from(
        &self,
        socket: &Socket,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        match self.joining() {
            None => os::recv_from_ip(socket, buf, peek),
            Some(bulk) => bulk.recv_kept(socket, buf, peek),
        }
    }

    /// Sends the first datagrams of `transmit`, as many as one call takes, and returns their bytes.
    pub(crate) fn send_segments(
        &self,
        socket: &Socket,
        transmit: &Transmit<&[u8]>,
    ) -> io::Result<usize> {
        let bulk = self.bulk(socket)?;
        let size = transmit.segment_size.unwrap_or(usize::MAX);
        let call = transmit.first(bulk.segmentation.most(size));
        match bulk.send(socket, &call) {
            Err(error) if call.count() > 1 && may_refuse_to_segment(&error) => {
                // Perhaps the route's device or its size forbids to segment; perhaps the address is
                // to blame, or each datagram is too long. Sending one tells.
                let single = call.first(1);
                bulk.send(socket, &single)?;
                bulk.segmentation.refused(size);
                Ok(single.contents.len())
            }
            result => result.map(|()| call.contents.len()),
        }
    }

    /// Receives as many datagrams as wait and fit.
    pub(crate) fn recv_batch(&self, socket: &Socket, batch: &mut Batch) -> io::Result<()> {
        let bulk = self.bulk(socket)?;
        bulk.prepare(socket, batch.takes_joined());
        if !bulk.is_joining() {
            return bulk.receive(socket, batch);
        }
        if batch.takes_joined() && !bulk.mixed.load(Ordering::SeqCst) {
            match bulk.receive(socket, batch) {
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
                return bulk.receive(socket, batch);
            }
            bulk.mixed.store(true, Ordering::SeqCst);
            kept.refill(|store| bulk.receive(socket, store))?;
        }
        kept.pour(batch)
    }

    /// Whether the store holds something.
    #[inline]
    pub(crate) fn has_kept(&self) -> bool {
        let mixed = self.0.get().filter(|bulk| bulk.mixed.load(Ordering::SeqCst));
        mixed.is_some_and(|bulk| !bulk.kept.lock().is_empty())
    }

    /// The datagrams that one call may send, and that one buffer may hold.
    pub(crate) fn most_segments(&self, socket: &Socket) -> io::Result<(usize, usize)> {
        let bulk = self.bulk(socket)?;
        Ok((bulk.segmentation.most(0), bulk.joins))
    }

    /// What there is for use in bulk, if the kernel may join datagrams.
    fn joining(&self) -> Option<&Bulk> {
        self.0.get().map(|bulk| &**bulk).filter(|bulk| bulk.is_joining())
    }

    #[inline]
    fn bulk(&self, socket: &Socket) -> io::Result<&Bulk> {
        match self.0.get() {
            Some(bulk) => Ok(bulk),
            None => self.new_bulk(socket),
        }
    }

    #[cold]
    fn new_bulk(&self, socket: &Socket) -> io::Result<&Bulk> {
        let bulk = Box::new(Bulk::new(os::is_v6(socket)?)?);
        Ok(self.0.get_or_init(|| bulk))
    }
}

/// Has quinn-udp find out what the kernel can do. It sets options on the socket that it is given,
/// some of which change what a plain send or receive does; so it is given one of its own.
fn probe(v6: bool) -> io::Result<UdpSocketState> {
    let other = os::open(if v6 { Family::V6 } else { Family::V4 }, Transport::Udp)?;
    UdpSocketState::new((&other).into())
}

impl Bulk {
    fn new(v6: bool) -> io::Result<Self> {
        let state = probe(v6)?;
        Ok(Self {
            v6,
            segmentation: Segmentation::new(state.max_gso_segments()),
            joins: state.gro_segments(),
            state: RwLock::new(state),
            asked: AtomicU8::new(0),
            mixed: AtomicBool::new(false),
            kept: Mutex::default(),
        })
    }

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

    fn send(&self, socket: &Socket, call: &Transmit<&[u8]>) -> io::Result<()> {
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
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let sent = state.try_send(socket.into(), &transmit);
        drop(state);
        if sent.as_ref().is_err_and(misleads)
            && let Ok(fresh) = probe(self.v6)
        {
            *self.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        sent
    }

    fn receive(&self, socket: &Socket, batch: &mut Batch) -> io::Result<()> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        batch.fill(|buffers, metas| state.recv(socket.into(), buffers, metas))
    }

    /// Receives one datagram, or looks at it, by way of the store.
    #[cold]
    fn recv_kept(
        &self,
        socket: &Socket,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        // Before the kernel is asked: see `InBulk::recv_batch`.
        self.mixed.store(true, Ordering::SeqCst);
        let mut kept = self.kept.lock();
        if kept.is_empty() {
            kept.refill(|store| self.receive(socket, store))?;
        }
        let (received, from) = kept.copy(buf, peek);
        Ok((received, Address::Ip(from)))
    }
}

/// Whether quinn-udp takes this for the sign of an old kernel.
fn misleads(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EIO))
}

/// Whether the kernel may have refused to segment: Linux says `EIO` where the device has no
/// checksums, `EINVAL` where something else forbids it. For a size that is too large for the route
/// it said `EINVAL` as well, and says `EMSGSIZE` since 6.14.
fn may_refuse_to_segment(error: &io::Error) -> bool {
    misleads(error) || error.raw_os_error() == Some(libc::EMSGSIZE)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::os::batch::LARGEST_BUFFER;
    use crate::os::transmit::Ecn;

    fn socket() -> (Socket, SocketAddr) {
        let socket = os::open(Family::V4, Transport::Udp).unwrap();
        let any = Address::Ip("127.0.0.1:0".parse().unwrap());
        os::bind(&socket, &any).unwrap();
        let address = os::local_address(&socket).unwrap().ip().unwrap();
        (socket, address)
    }

    /// As on a kernel that neither segments nor joins.
    fn old() -> InBulk {
        let mut bulk = Bulk::new(false).unwrap();
        (bulk.segmentation, bulk.joins) = (Segmentation::new(1), 1);
        InBulk(OnceLock::from(Box::new(bulk)))
    }

    #[test]
    fn a_kernel_that_neither_segments_nor_joins_is_used_all_the_same() {
        let ((sender, _), (receiver, at_receiver)) = (socket(), socket());
        let (sending, receiving) = (old(), old());
        assert_eq!(sending.most_segments(&sender).unwrap(), (1, 1));
        let contents: Vec<u8> = (0..10).collect();
        let mut transmit = Transmit::new(at_receiver, &contents[..]).segment_size(3);
        let mut calls = 0;
        while !transmit.contents.is_empty() {
            let sent = sending.send_segments(&sender, &transmit).unwrap();
            transmit.advance(sent);
            calls += 1;
        }
        assert_eq!(calls, 4);
        let mut batch = Batch::new(3, LARGEST_BUFFER);
        let mut all = Vec::new();
        while all.len() < 4 {
            match receiving.recv_batch(&receiver, &mut batch) {
                Ok(()) => all.extend(batch.iter().map(|(bytes, _)| bytes.to_vec())),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        assert!(all.iter().map(|bytes| &bytes[..]).eq(contents.chunks(3)));
        assert!(receiving.joining().is_none(), "plain receives have nothing to mind");
    }

    /// quinn-udp would send without marks from then on.
    #[test]
    fn an_error_of_the_address_does_not_cost_the_marks() {
        let ((sender, _), (receiver, at_receiver)) = (socket(), socket());
        let (sending, receiving) = (InBulk::default(), InBulk::default());
        let mut batch = Batch::new(4, 100);
        assert!(receiving.recv_batch(&receiver, &mut batch).is_err());
        let marked = Transmit::new(at_receiver, &b"abcd"[..]).ecn(Ecn::Ce);
        let nobody = marked.source([239; 4].into());
        for wrong in [nobody, nobody.segment_size(1)] {
            let error = sending.send_segments(&sender, &wrong).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        }
        let before = sending.most_segments(&sender).unwrap();
        assert_eq!(sending.send_segments(&sender, &marked).unwrap(), 4);
        assert_eq!(sending.most_segments(&sender).unwrap(), before);
        while let Err(error) = receiving.recv_batch(&receiver, &mut batch) {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
        assert_eq!(batch.told()[0].ecn, marked.ecn);
    }
}
