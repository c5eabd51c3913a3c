//! A socket of either kind: the operating system's, or a simulated host's.
//!
//! Every public type of [`net`](super) is one of these with its own vocabulary. The kind is fixed
//! when the socket is made. Its verbs are here, handed to the kind; operations that wait are those
//! of [`Waitable`]; where it waits is its [`Registration`].

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::ptr;
use std::task::{Context, Poll};

use bytes::BufMut;
use minato_sim::outbox::Deferred;

use super::io::{Done, Waitable};
use super::registration::{self, Registration};
use crate::engine::{Direction, Interest, Readiness, SimHost, Source};
use crate::io::{Lent, ReadBuf};
use crate::os::transmit::{RecvMeta, Transmit};
use crate::os::{
    self, Address, BorrowedDescriptor, Descriptor, Family, MAX_BUFFERS, Membership, OptionName,
    OptionValue, OsSocket, Received, Transport,
};
use crate::reactor::Handle;
use crate::sim::{DEPUTIES, SimSocket};
use crate::sync::Arc;

/// A socket of either kind.
// Dropped in this order: its place in the reactor is given back, what it has deferred is sent, and
// it is closed.
pub(crate) struct Socket {
    registration: Registration,
    /// Bytes that were accepted and are not sent yet.
    deferred: Deferred<SimSocket>,
    kind: Kind,
    pub(super) transport: Transport,
}

// What is shared with a reactor or a simulated world is behind locks, which a panic unlocks.
impl UnwindSafe for Socket {}
impl RefUnwindSafe for Socket {}

/// What owns a socket's other side.
enum Kind {
    Os(OsSocket),
    Sim(Arc<SimSocket>),
}

impl Kind {
    /// What an engine registers for it.
    fn source(&self, transport: Transport) -> Source {
        use std::os::fd::AsRawFd;
        match self {
            Self::Os(socket) => {
                let descriptor = socket.descriptor().as_raw_fd();
                match transport {
                    Transport::Udp => Source::Datagrams(descriptor),
                    _ => Source::Os(descriptor),
                }
            }
            Self::Sim(socket) => Source::Sim(socket.clone()),
        }
    }
}

/// Which bits of an event mean something. A UDP socket has no ends that close: what epoll reports
/// as such is a waiting error. A Unix datagram socket has a reading side that ends.
fn meaningful(transport: Transport) -> Readiness {
    match transport {
        Transport::Udp => Readiness::ALL.difference(Readiness::ENDS),
        Transport::UnixDatagram => Readiness::ALL.difference(Readiness::WRITE_CLOSED),
        _ => Readiness::ALL,
    }
}

/// Gives [`Socket`] verbs that each kind has.
macro_rules! verbs {
    ($($(#[$doc:meta])* fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $result:ty;)*) => {
        impl Socket {
            $($(#[$doc])*
            pub(crate) fn $name(&self $(, $arg: $type)*) -> io::Result<$result> {
                match &self.kind {
                    Kind::Os(socket) => socket.$name($($arg),*),
                    Kind::Sim(socket) => socket.$name($($arg),*),
                }
            })*
        }
    };
}

verbs! {
    fn connect(&self, address: &Address) -> ();
    fn bind(&self, address: &Address) -> ();
    fn listen(&self, backlog: i32) -> ();
    fn local_address(&self) -> Address;
    fn peer_address(&self) -> Address;
    /// The user, group and, where it is known, process at the other end of a Unix socket.
    fn peer_credentials(&self) -> (u32, u32, Option<i32>);
    fn option(&self, name: OptionName) -> OptionValue;
    fn set_by_name(&self, name: OptionName, value: OptionValue) -> ();
    fn device(&self) -> Option<Vec<u8>>;
    fn bind_device(&self, interface: Option<&[u8]>) -> ();
    fn change_membership(&self, change: Membership) -> ();
    fn send_to(&self, buf: &[u8], target: &Address) -> usize;
    /// Receives a datagram, or only looks at it if `peek`; returns how many bytes are in `buf`.
    fn recv_datagram(&self, buf: &mut [MaybeUninit<u8>], peek: bool) -> usize;
    /// Receives a datagram and its sender, or only looks at it if `peek`.
    fn recv_from(&self, buf: &mut [MaybeUninit<u8>], peek: bool) -> (Received, Address);
    /// Sends the first datagrams of `transmit`, as many as one call takes; returns their bytes.
    fn send_batch(&self, transmit: &Transmit<&[u8]>) -> usize;
    /// Receives as many datagrams as wait and fit, at least one; returns how many buffers were
    /// filled, and whether nothing was left then.
    fn recv_batch(&self, buffers: &mut [IoSliceMut<'_>], metas: &mut [RecvMeta]) -> (usize, bool);
    /// How many datagrams one call may send, and how many one buffer of a batch may hold.
    fn max_segments(&self) -> (usize, usize);
}

/// The verbs of a stream: those of a socket, or of the end of a pipe. What follows from them is
/// written once, here.
pub(crate) trait StreamVerbs: Waitable {
    /// Receives what is there; 0 is the end of the stream.
    fn recv(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize>;

    fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize>;

    fn send(&self, buf: &[u8]) -> io::Result<usize>;

    fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Whether `room` bytes of a buffer are no request. The system would have them wait for data,
    /// and report an error meant for a read.
    fn is_no_request(&self, room: usize) -> bool {
        room == 0
    }

    /// Receives into the free room of `buf`.
    #[inline(always)]
    fn recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        receive_into(buf, |free| self.recv(free).map(|len| (len, len)))
    }

    /// Receives into the free part of `buf`. No room is no request: nothing is read.
    #[inline(always)]
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // What is captured by the poll is the memory, not the buffer, which stays in registers.
        let received = receive_into(buf, |free| match self.poll_receive(cx, free) {
            Poll::Ready(len) => len.map(|len| (len, Poll::Ready(()))),
            Poll::Pending => Ok((0, Poll::Pending)),
        });
        received.map_or_else(|error| Poll::Ready(Err(error)), |polled| polled.map(Ok))
    }

    /// Receives into `bytes`; returns how many. No room is no request: nothing is read.
    #[inline(always)]
    fn poll_recv(&self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        // SAFETY: the same memory; a verb only ever writes initialized bytes to it.
        self.poll_receive(cx, unsafe { &mut *(ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) })
    }

    #[inline(always)]
    fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        free: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        let room = free.len();
        if room == 0 {
            return Poll::Ready(Ok(0));
        }
        self.poll_io(
            cx,
            Direction::Read,
            #[inline(always)]
            || {
                let len = self.recv(free)?;
                // The end of the stream is not "no more at present".
                Ok(if len == 0 || len == room { Done::Whole(len) } else { Done::Short(len) })
            },
        )
    }

    /// Receives without waiting into several buffers in order.
    fn try_recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if self.is_no_request(bufs.iter().map(|buf| buf.len()).sum()) {
            return Ok(0);
        }
        self.try_io(Interest::READABLE, || self.recv_vectored(bufs))
    }

    /// Receives without waiting into the free room of `buf`.
    fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        if self.is_no_request(buf.remaining_mut()) {
            return Ok(0);
        }
        self.try_io(Interest::READABLE, || self.recv_buf(buf))
    }

    /// Receives into memory of this thread, which is taken when there is something to receive.
    #[inline(always)]
    fn poll_recv_lent(&self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Lent>>> {
        self.poll_io(
            cx,
            Direction::Read,
            #[inline(always)]
            || {
                let lent = self.recv_lent()?;
                // The end of the stream is not "no more at present".
                let is_short = !lent.is_empty() && lent.len() < Lent::CAPACITY;
                let lent = lent.or_end();
                Ok(if is_short { Done::Short(lent) } else { Done::Whole(lent) })
            },
        )
    }

    /// Receives without waiting into memory of this thread.
    fn try_recv_lent(&self) -> io::Result<Option<Lent>> {
        self.try_io(Interest::READABLE, || self.recv_lent()).map(Lent::or_end)
    }

    #[inline(always)]
    fn recv_lent(&self) -> io::Result<Lent> {
        Lent::receive(|bytes| self.recv_buf(&mut ReadBuf::new(bytes)))
    }

    /// Sends what there is room for, without waiting; returns a copy of the rest.
    #[inline(always)]
    fn send_lent(&self, lent: Lent) -> io::Result<Vec<u8>> {
        match self.try_io(Interest::WRITABLE, || self.send(&lent)) {
            Ok(sent) if sent == lent.len() => Ok(Vec::new()),
            sent => lent.into_rest(sent),
        }
    }

    /// Sends all of `bytes`.
    async fn send_rest(&self, bytes: Vec<u8>) -> io::Result<()> {
        let mut sent = 0;
        while sent < bytes.len() {
            sent += poll_fn(|cx| self.poll_write(cx, &bytes[sent..])).await?;
        }
        Ok(())
    }

    /// Sends from `buf`.
    #[inline(always)]
    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_io(
            cx,
            Direction::Write,
            #[inline(always)]
            || self.send(buf).map(|len| Done::from_len(len, buf.len())),
        )
    }

    /// Sends from several buffers in order.
    fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // What the verb leaves out because there are too many buffers is no sign of a full socket.
        let bufs = &bufs[..bufs.len().min(MAX_BUFFERS)];
        let asked = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_io(cx, Direction::Write, || {
            self.send_vectored(bufs).map(|len| Done::from_len(len, asked))
        })
    }
}

impl Waitable for Socket {
    #[inline(always)]
    fn registration(&self) -> &Registration {
        &self.registration
    }

    fn has_queued(&self) -> bool {
        self.os().is_some_and(OsSocket::has_queued)
    }

    #[inline(always)]
    fn short_is_all(&self) -> bool {
        self.transport == Transport::Tcp
    }
}

impl StreamVerbs for Socket {
    #[inline(always)]
    fn recv(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        match &self.kind {
            Kind::Os(socket) => socket.recv(buf),
            Kind::Sim(socket) => self.or_error_at_end(socket.recv(buf)?),
        }
    }

    fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let count = bufs.len().min(MAX_BUFFERS);
        let bufs = &mut bufs[..count];
        match &self.kind {
            Kind::Os(socket) => socket.recv_vectored(bufs),
            Kind::Sim(socket) => self.or_error_at_end(socket.recv_vectored(bufs)?),
        }
    }

    #[inline(always)]
    fn send(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.kind {
            Kind::Os(socket) => socket.send(buf),
            Kind::Sim(socket) => self.send_simulated(socket, &[IoSlice::new(buf)]),
        }
    }

    fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let bufs = &bufs[..bufs.len().min(MAX_BUFFERS)];
        match &self.kind {
            Kind::Os(socket) => socket.send_vectored(bufs),
            Kind::Sim(socket) => self.send_simulated(socket, bufs),
        }
    }

    /// On a stream, which has nothing empty to give.
    fn is_no_request(&self, room: usize) -> bool {
        room == 0 && matches!(self.transport, Transport::Tcp | Transport::UnixStream)
    }
}

impl Socket {
    /// Opens a socket where this thread is: on the simulated host of its runtime, or of the
    /// operating system.
    #[track_caller]
    pub(crate) fn open(
        handle: Option<&Handle>,
        family: Family,
        transport: Transport,
    ) -> io::Result<Self> {
        let host = registration::host(handle);
        let kind = match &host {
            None => Kind::Os(OsSocket::open(family, transport)?),
            Some(host) => Kind::Sim(Arc::new(SimSocket::open(host.host(), family, transport)?)),
        };
        Ok(Self::new(kind, transport, host, handle))
    }

    /// Opens two Unix sockets that are connected to each other.
    #[track_caller]
    pub(crate) fn pair(transport: Transport) -> io::Result<(Self, Self)> {
        let host = registration::host(None);
        let (one, two) = match &host {
            None => OsSocket::pair(transport).map(|(one, two)| (Kind::Os(one), Kind::Os(two)))?,
            Some(host) => SimSocket::pair(host.host(), transport)
                .map(|(one, two)| (Kind::Sim(Arc::new(one)), Kind::Sim(Arc::new(two))))?,
        };
        // No closure: the place of the caller would be lost in it.
        let mut one = Self::new(one, transport, host.clone(), None);
        let mut two = Self::new(two, transport, host, None);
        // Their buffers are empty.
        one.registration.assume(Readiness::WRITABLE);
        two.registration.assume(Readiness::WRITABLE);
        Ok((one, two))
    }

    /// Takes over a descriptor from elsewhere, which must be a socket of `wanted`'s kind.
    #[track_caller]
    pub(crate) fn from_descriptor(
        descriptor: Descriptor,
        wanted: Transport,
        handle: Option<&Handle>,
    ) -> io::Result<Self> {
        let (socket, transport) = OsSocket::from_descriptor(descriptor)?;
        if transport != wanted {
            return Err(transport.instead_of(wanted));
        }
        let host = registration::host(handle);
        let kind = match &host {
            Some(host) => Kind::Sim(DEPUTIES.take(socket.descriptor(), host.host())?),
            None if DEPUTIES.has(socket.descriptor()) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the descriptor stands for a socket of a simulated host, and this is none",
                ));
            }
            None => Kind::Os(socket),
        };
        Ok(Self::new(kind, wanted, host, handle))
    }

    /// Takes over a descriptor without a check. What is wrong with it shows at the first verb. On a
    /// simulated host, a simulated socket takes the place of any that it can.
    #[track_caller]
    pub(crate) fn take_over(descriptor: Descriptor) -> Self {
        let twin = registration::host(None).and_then(|_| descriptor.try_clone().ok());
        let (socket, transport) = OsSocket::take_over(descriptor);
        if let Some(twin) = twin
            && let Ok(socket) = Self::from_descriptor(twin, transport, None)
        {
            return socket;
        }
        Self::new(Kind::Os(socket), transport, None, None)
    }

    #[track_caller]
    fn new(
        kind: Kind,
        transport: Transport,
        host: Option<Arc<SimHost>>,
        handle: Option<&Handle>,
    ) -> Self {
        let registration = Registration::new(kind.source(transport), meaningful(transport), handle);
        // Only streams defer: a datagram is sent whole or not at all.
        let mailbox = host.filter(|_| transport == Transport::Tcp);
        let deferred = Deferred::new(mailbox.and_then(|host| host.mailbox().cloned()));
        Self { registration, deferred, kind, transport }
    }

    /// The same socket, as one that was made at `place`: for what makes it only when polled.
    pub(crate) fn made_at(mut self, place: &'static Location<'static>) -> Self {
        self.registration.set_place(place);
        self
    }

    /// Where the program made it.
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.registration.place()
    }

    /// The operating system's socket, if it is one.
    #[inline]
    pub(super) fn os(&self) -> Option<&OsSocket> {
        match &self.kind {
            Kind::Os(socket) => Some(socket),
            Kind::Sim(_) => None,
        }
    }

    /// Accepts a connection, whose socket is of the same kind and goes to the same reactor.
    pub(crate) fn accept(&self) -> io::Result<(Self, Address)> {
        let (kind, from) = match &self.kind {
            Kind::Os(socket) => socket.accept().map(|(new, from)| (Kind::Os(new), from))?,
            Kind::Sim(socket) => {
                socket.accept().map(|(new, from)| (Kind::Sim(Arc::new(new)), from))?
            }
        };
        let registration = self.registration.for_accepted(kind.source(self.transport));
        let (deferred, transport) = (self.deferred.for_accepted(), self.transport);
        Ok((Self { registration, deferred, kind, transport }, from))
    }

    /// Receives from a stream without taking the bytes out.
    fn recv_peeking(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        match &self.kind {
            Kind::Os(socket) => socket.peek(buf),
            Kind::Sim(socket) => self.or_error_at_end(socket.peek(buf)?),
        }
    }

    /// How many bytes were received; at the end of the stream, the error of a deferred send, which
    /// has taken it from the receive that comes next.
    fn or_error_at_end(&self, len: usize) -> io::Result<usize> {
        let error = if len == 0 { self.deferred.take_recv_error() } else { None };
        error.map_or(Ok(len), Err)
    }

    fn send_simulated(&self, socket: &Arc<SimSocket>, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.deferred.accept(socket, bufs) {
            Some(accepted) => accepted,
            None => socket.send_vectored(bufs),
        }
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.flush_outbox()?;
        match &self.kind {
            Kind::Os(socket) => socket.shutdown(how),
            Kind::Sim(socket) => socket.shutdown(how),
        }
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match (self.deferred.take_error(), &self.kind) {
            (Some(error), _) => Ok(Some(error)),
            (None, Kind::Os(socket)) => socket.take_error(),
            (None, Kind::Sim(socket)) => socket.take_error(),
        }
    }

    /// Sends what was accepted and deferred, before what goes round the verbs (contract, rule 8).
    /// Returns the error that this or an earlier send of it met.
    #[inline]
    pub(crate) fn flush_outbox(&self) -> io::Result<()> {
        self.deferred.flush();
        self.deferred.take_error().map_or(Ok(()), Err)
    }

    /// The descriptor, for a call that does not duplicate it. A simulated socket has none, and
    /// lends one on which every call fails.
    pub(super) fn raw_descriptor(&self) -> BorrowedDescriptor<'_> {
        match &self.kind {
            Kind::Os(socket) => socket.descriptor(),
            Kind::Sim(_) => os::placeholder(),
        }
    }

    /// Lends the descriptor, which may be duplicated.
    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.registration.note_lent();
        // The next verb reports an error of bytes sent earlier: this one cannot.
        self.deferred.flush();
        self.raw_descriptor()
    }

    /// Gives the descriptor away, registered nowhere. Another one stands for a simulated socket.
    pub(crate) fn into_descriptor(self) -> io::Result<Descriptor> {
        self.flush_outbox()?;
        self.registration.note_lent();
        match self.kind {
            Kind::Os(socket) => Ok(socket.into_descriptor()),
            Kind::Sim(socket) => DEPUTIES.park(socket),
        }
    }

    /// Receives from a stream into the free room of `buf` without taking the bytes out.
    fn peek_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        receive_into(buf, |free| self.recv_peeking(free).map(|len| (len, len)))
    }

    /// Receives without taking the bytes out.
    pub(crate) fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.is_no_request(buf.remaining()) {
            return Poll::Ready(Ok(0));
        }
        self.poll_io(cx, Direction::Read, || self.peek_buf(buf).map(Done::Whole))
    }

    /// Waits, and receives without taking the bytes out.
    pub(crate) async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_no_request(buf.len()) {
            return Ok(0);
        }
        let mut buf = ReadBuf::new(buf);
        self.io(Interest::READABLE, || self.peek_buf(&mut buf)).await
    }

    /// Ends the writing side. A peer that is gone already needs no notice of it.
    pub(crate) fn end_writing(&self) -> io::Result<()> {
        match self.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

/// Lets `verb`, a verb of a socket, write to the free room of `buf`. It returns how many bytes that
/// were, and its result.
#[inline(always)]
pub(super) fn receive_into<B: BufMut, T>(
    buf: &mut B,
    verb: impl FnOnce(&mut [MaybeUninit<u8>]) -> io::Result<(usize, T)>,
) -> io::Result<T> {
    // SAFETY: the verbs of sockets only ever write initialized bytes into a buffer.
    let free = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
    let (len, result) = verb(free)?;
    // SAFETY: the verb has written that many bytes at the front of the free room.
    unsafe { buf.advance_mut(len) };
    Ok(result)
}

/// The error of what needs a descriptor, on an engine whose sockets have none.
pub(crate) fn no_descriptor(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} needs a descriptor, which sockets of the sim engine do not have"),
    )
}
