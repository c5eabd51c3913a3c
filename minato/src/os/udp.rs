//! A UDP socket of the operating system in bulk (GSO and GRO), through quinn-udp, and the receives
//! that take one datagram.
//!
//! None of this touches the socket before it is used in bulk. Then, for receiving, the kernel is
//! asked to report where datagrams went and what they say of congestion and, if there is room for
//! it, to join datagrams of one sender (GRO). From then on a plain receive could get several
//! datagrams glued together. So it moves them to a queue, from which it gives out one at a time.
//! Every later receive looks there first, so both ways of receiving can be mixed.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::sync::{PoisonError, RwLock};

use quinn_udp::{BATCH_SIZE, EcnCodepoint, UdpSocketState};
use socket2::Socket;

use super::batch::{FEW_BUFFERS, MAX_DATAGRAM};
use super::gro::GroQueue;
use super::gso::Segmentation;
use super::transmit::{Ecn, RecvMeta, Transmit};
use super::{Address, Family, OsSocket, Received, Transport, platform};
use crate::sync::{AtomicBool, AtomicU8, AtomicUsize, Mutex, Ordering};

/// What a UDP socket needs once it is used in bulk. It is boxed when it is first needed, so that a
/// socket that is never used in bulk pays one word.
pub(super) struct UdpOffload {
    v6: bool,
    /// What quinn-udp has found out. It takes every `EINVAL` for a sign that the kernel is old, and
    /// sends without ECN from then on; so it is replaced after an error of that kind.
    state: RwLock<UdpSocketState>,
    segmentation: Segmentation,
    /// How many datagrams the kernel may join.
    max_joined: usize,
    /// What the kernel was asked to do: [`RECV_INFO`], [`GRO`].
    asked: AtomicU8,
    /// Whether there was ever a plain receive while the kernel joins.
    mixed: AtomicBool,
    queue: Mutex<GroQueue>,
    /// How many buffers the next call is offered.
    offered: AtomicUsize,
}

/// A call is offered at least this many buffers, if there are as many.
const MIN_OFFERED: usize = 4;

/// The kernel reports where datagrams went, and their ECN bits.
const RECV_INFO: u8 = 1;
/// The kernel joins datagrams.
const GRO: u8 = 2;

impl OsSocket {
    /// Receives a datagram of any kind of socket and its sender, or only looks at it if `peek`.
    #[inline]
    pub(crate) fn recv_from(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        match self.gro() {
            None => platform::receive_datagram(&self.socket, buf, peek),
            Some(offload) => offload.recv_queued(&self.socket, buf, peek),
        }
    }

    /// Receives a datagram of any kind of socket, or only looks at it if `peek`; returns how many
    /// bytes of it are in `buf`.
    #[inline]
    pub(crate) fn recv_datagram(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<usize> {
        match self.gro() {
            None if peek => self.peek(buf),
            None => self.recv(buf),
            Some(offload) => Ok(offload.recv_queued(&self.socket, buf, peek)?.0.len),
        }
    }

    /// Sends the first datagrams of `transmit`, as many as one call takes, and returns their bytes.
    pub(crate) fn send_batch(&self, transmit: &Transmit<&[u8]>) -> io::Result<usize> {
        let offload = self.offload()?;
        let size = transmit.segment_size.unwrap_or(usize::MAX);
        let call = transmit.first(offload.segmentation.max_segments(size));
        match offload.send(&self.socket, &call) {
            Err(error) if call.count() > 1 && may_refuse_to_segment(&error) => {
                // Perhaps the route's device or its size forbids to segment; perhaps the address is
                // to blame, or each datagram is too long. Sending one shows which.
                let single = call.first(1);
                offload.send(&self.socket, &single)?;
                offload.segmentation.refused(size);
                Ok(single.contents.len())
            }
            result => result.map(|()| call.contents.len()),
        }
    }

    /// Receives as many datagrams as wait and fit, at least one; returns how many buffers were
    /// filled, and whether nothing was left then.
    pub(crate) fn recv_batch(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<(usize, bool)> {
        let (offload, socket) = (self.offload()?, &self.socket);
        let joined = buffers.iter().all(|buffer| buffer.len() >= MAX_DATAGRAM);
        offload.prepare(socket, joined);
        if !offload.is_joining() {
            return offload.receive(socket, buffers, metas);
        }
        if joined && !offload.mixed.load(Ordering::SeqCst) {
            match offload.receive(socket, buffers, metas) {
                // Meanwhile a plain receive may have moved what was there to the queue.
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && offload.mixed.load(Ordering::SeqCst) => {}
                result => return result,
            }
        }
        let mut queue = offload.queue.lock();
        if queue.is_empty() {
            if joined {
                return offload.receive(socket, buffers, metas);
            }
            offload.mixed.store(true, Ordering::SeqCst);
            queue.refill(|buffers, metas| Ok(offload.receive(socket, buffers, metas)?.0))?;
        }
        Ok((queue.drain_into(buffers, metas, joined), false))
    }

    /// How many buffers are of use to the next call: each costs, and most calls fill few.
    pub(crate) fn useful_buffers(&self) -> usize {
        self.offload.get().map_or(BATCH_SIZE, |offload| offload.offered.load(Ordering::Relaxed))
    }

    /// Whether datagrams wait here that were taken from the system and not given out.
    #[inline]
    pub(crate) fn has_queued(&self) -> bool {
        let mixed = self.offload.get().filter(|offload| offload.mixed.load(Ordering::SeqCst));
        mixed.is_some_and(|offload| !offload.queue.lock().is_empty())
    }

    /// How many datagrams one call may send, and how many one buffer of a batch may hold.
    pub(crate) fn max_segments(&self) -> io::Result<(usize, usize)> {
        let offload = self.offload()?;
        Ok((offload.segmentation.max_segments(0), offload.max_joined))
    }

    /// What there is for use in bulk, if the kernel may join datagrams.
    #[inline]
    pub(super) fn gro(&self) -> Option<&UdpOffload> {
        self.offload.get().map(|offload| &**offload).filter(|offload| offload.is_joining())
    }

    #[inline]
    fn offload(&self) -> io::Result<&UdpOffload> {
        match self.offload.get() {
            Some(offload) => Ok(offload),
            None => self.new_offload(),
        }
    }

    #[cold]
    fn new_offload(&self) -> io::Result<&UdpOffload> {
        let offload = Box::new(UdpOffload::new(super::options::is_v6(&self.socket)?)?);
        Ok(self.offload.get_or_init(|| offload))
    }
}

/// Has quinn-udp find out what the kernel can do. It sets options on the socket that it is given.
/// Some change what a plain send or receive does, so it is given a socket of its own.
fn probe(v6: bool) -> io::Result<UdpSocketState> {
    let other = OsSocket::open(if v6 { Family::V6 } else { Family::V4 }, Transport::Udp)?;
    UdpSocketState::new((&other.socket).into())
}

impl UdpOffload {
    fn new(v6: bool) -> io::Result<Self> {
        let state = probe(v6)?;
        Ok(Self {
            v6,
            segmentation: Segmentation::new(state.max_gso_segments()),
            max_joined: state.gro_segments(),
            state: RwLock::new(state),
            asked: AtomicU8::new(0),
            mixed: AtomicBool::new(false),
            queue: Mutex::default(),
            offered: AtomicUsize::new(BATCH_SIZE),
        })
    }

    fn asked(&self, bits: u8) -> bool {
        self.asked.load(Ordering::SeqCst) & bits != 0
    }

    fn is_joining(&self) -> bool {
        self.asked(GRO)
    }

    /// Asks the kernel for what a batch receive needs. What it does not have, the batch does
    /// without.
    fn prepare(&self, socket: &Socket, joined: bool) {
        if !self.asked(RECV_INFO) {
            platform::report_details(socket, self.v6);
            self.asked.fetch_or(RECV_INFO, Ordering::SeqCst);
        }
        if joined && self.max_joined > 1 && !self.asked(GRO) {
            // Before the kernel starts: no plain receive is unprepared for joined datagrams.
            self.asked.fetch_or(GRO, Ordering::SeqCst);
            platform::join_datagrams(socket, true);
        }
    }

    fn send(&self, socket: &Socket, call: &Transmit<&[u8]>) -> io::Result<()> {
        if call.target.port() == 0 {
            // As the kernel says, which is not asked: anybody's datagram can claim to come from
            // port 0, and a refusal is expensive.
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

    /// Receives by one call; returns how many buffers were filled, and whether nothing was left.
    fn receive(
        &self,
        socket: &Socket,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<(usize, bool)> {
        let offered = self.offered.load(Ordering::Relaxed);
        let count = buffers.len().min(metas.len()).min(offered);
        let buffers = &mut buffers[..count];
        let filled = match count {
            ..=FEW_BUFFERS => self.receive_up_to::<FEW_BUFFERS>(socket, buffers, metas)?,
            _ => self.receive_up_to::<BATCH_SIZE>(socket, buffers, metas)?,
        };
        // Twice what this one filled.
        self.offered.store((2 * filled).clamp(MIN_OFFERED, BATCH_SIZE), Ordering::Relaxed);
        Ok((filled, platform::was_all(filled, count)))
    }

    fn receive_up_to<const N: usize>(
        &self,
        socket: &Socket,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        let mut reported = [quinn_udp::RecvMeta::default(); N];
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let filled = state.recv(socket.into(), buffers, &mut reported)?;
        for ((meta, reported), buffer) in metas.iter_mut().zip(&reported[..filled]).zip(buffers) {
            let len = reported.len;
            *meta = RecvMeta {
                from: reported.addr,
                to: reported.dst_ip,
                interface: reported.interface_index,
                ecn: reported.ecn.and_then(|ecn| Ecn::from_bits(ecn as u8)),
                len,
                stride: if reported.stride == 0 { len } else { reported.stride },
                truncated: len == buffer.len(),
            };
        }
        Ok(filled)
    }

    /// Receives one datagram, or looks at it, by way of the queue.
    #[cold]
    fn recv_queued(
        &self,
        socket: &Socket,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        // Before the kernel is asked: see `OsSocket::recv_batch`.
        self.mixed.store(true, Ordering::SeqCst);
        let mut queue = self.queue.lock();
        if queue.is_empty() {
            queue.refill(|buffers, metas| Ok(self.receive(socket, buffers, metas)?.0))?;
        }
        let (received, from) = queue.copy(buf, peek);
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
    use crate::os::RecvBatch;

    fn socket() -> (OsSocket, SocketAddr) {
        let socket = OsSocket::open(Family::V4, Transport::Udp).unwrap();
        socket.bind(&Address::Ip("127.0.0.1:0".parse().unwrap())).unwrap();
        let address = socket.local_address().unwrap().ip().unwrap();
        (socket, address)
    }

    fn receive(socket: &OsSocket, batch: &mut RecvBatch) -> io::Result<()> {
        batch.fill(BATCH_SIZE, |buffers, metas| Ok(socket.recv_batch(buffers, metas)?.0))
    }

    /// As on a kernel that neither segments nor joins.
    fn old() -> (OsSocket, SocketAddr) {
        let (socket, address) = socket();
        let mut offload = UdpOffload::new(false).unwrap();
        (offload.segmentation, offload.max_joined) = (Segmentation::new(1), 1);
        assert!(socket.offload.set(Box::new(offload)).is_ok());
        (socket, address)
    }

    #[test]
    fn a_kernel_that_neither_segments_nor_joins_is_used_all_the_same() {
        let ((sending, _), (receiving, at_receiver)) = (old(), old());
        assert_eq!(sending.max_segments().unwrap(), (1, 1));
        let contents: Vec<u8> = (0..10).collect();
        let mut transmit = Transmit::new(at_receiver, &contents[..]).segment_size(3);
        let mut calls = 0;
        while !transmit.contents.is_empty() {
            let sent = sending.send_batch(&transmit).unwrap();
            transmit.advance(sent);
            calls += 1;
        }
        assert_eq!(calls, 4);
        let mut batch = RecvBatch::with_buffers(3, MAX_DATAGRAM);
        let mut all = Vec::new();
        while all.len() < 4 {
            match receive(&receiving, &mut batch) {
                Ok(()) => all.extend(batch.iter().map(|(bytes, _)| bytes.to_vec())),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        assert!(all.iter().map(|bytes| &bytes[..]).eq(contents.chunks(3)));
        assert!(receiving.gro().is_none(), "plain receives have nothing to mind");
    }

    /// quinn-udp would send without marks from then on.
    #[test]
    fn an_error_of_the_address_does_not_cost_the_marks() {
        let ((sending, _), (receiving, at_receiver)) = (socket(), socket());
        let mut batch = RecvBatch::with_buffers(4, 100);
        assert!(receive(&receiving, &mut batch).is_err());
        let marked = Transmit::new(at_receiver, &b"abcd"[..]).ecn(Ecn::Ce);
        let nobody = marked.source([239; 4].into());
        for wrong in [nobody, nobody.segment_size(1)] {
            let error = sending.send_batch(&wrong).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        }
        let before = sending.max_segments().unwrap();
        assert_eq!(sending.send_batch(&marked).unwrap(), 4);
        assert_eq!(sending.max_segments().unwrap(), before);
        while let Err(error) = receive(&receiving, &mut batch) {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
        assert_eq!(batch.metas()[0].ecn, marked.ecn);
    }
}
