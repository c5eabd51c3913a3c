//! The life of a socket: made, bound to a reactor at its first wait, waited for, closed.
//!
//! Every public type of [`net`](super) is one of these with its own vocabulary.
//!
//! * **Made**: the kind is fixed (see [`Source`]); no reactor is told.
//! * **Used**: an operation is tried first. Only if it would block does the socket *bind*: to the
//!   reactor of its explicit handle, else of the core that this thread holds, else to the background
//!   reactor. It is registered there once.
//! * **Waited for**: the task's waker stands in the socket's [`Slot`]; the reactor wakes it.
//! * **Rebound**: when its reactor has ended, an operating-system socket without an explicit handle
//!   binds anew at its next wait; any other gives an error that says so.
//! * **Dropped**: its place in the reactor is given back, then the descriptor is closed. That ends
//!   the system's registration too, unless the descriptor was ever lent out and may have been
//!   duplicated: then the registration is ended first.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::panic::Location;
use std::sync::{OnceLock, Weak};
use std::task::{Context, Poll, Waker, ready};

use bytes::BufMut;

use crate::engine::{
    Address, Direction, Family, Interest, MOST_BUFFERS, OptionName, OptionValue, Readiness, Source,
    Transport,
};
use crate::io::ReadBuf;
use crate::reactor::shared::ended_error;
use crate::reactor::{EntryId, Handle, Shared, Slot, View, care};
use crate::runtime::context;
use crate::sync::{Arc, AtomicBool, Ordering};
use crate::task::budget;

/// A socket of either kind, and its place in a reactor.
pub(crate) struct Socket {
    /// Taken only when the descriptor is given away.
    source: Option<Source>,
    transport: Transport,
    /// Whether the descriptor was ever lent out.
    lent: AtomicBool,
    origin: Origin,
    /// Where the program made it, for the error of a wait that has no reactor to go to.
    made_at: &'static Location<'static>,
    slot: OnceLock<Arc<Slot>>,
}

/// What decides where a socket binds.
enum Origin {
    /// Wherever it first waits.
    Anywhere,
    /// The reactor it was given.
    Explicit(Arc<Shared>),
    /// The reactor that was current when it was made, which a simulated socket goes back to.
    Noted(Weak<Shared>),
}

/// How an operation came to its result, which tells what the socket's readiness is afterwards.
pub(crate) enum Done<T> {
    /// There may be more.
    Whole(T),
    /// It did less than it was asked to: there is no more at present.
    Short(T),
}

impl Done<usize> {
    /// What came of an operation that moved `len` of `asked` bytes.
    pub(crate) fn of(len: usize, asked: usize) -> Self {
        if len < asked { Self::Short(len) } else { Self::Whole(len) }
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
        let host = match handle {
            Some(handle) => handle.shared().driver().host().cloned(),
            None => context::host(),
        };
        let source = Source::open(host.as_ref(), family, transport)?;
        Ok(Self::of(source, transport, handle))
    }

    /// Opens two Unix sockets that are connected to each other.
    #[track_caller]
    pub(crate) fn pair(transport: Transport) -> io::Result<(Self, Self)> {
        let (one, two) = Source::pair(context::host().as_ref(), transport)?;
        Ok((Self::of(one, transport, None), Self::of(two, transport, None)))
    }

    /// Takes over a descriptor from elsewhere, which must be a socket of `wanted`'s kind.
    #[track_caller]
    pub(crate) fn adopt(
        descriptor: OwnedFd,
        wanted: Transport,
        handle: Option<&Handle>,
    ) -> io::Result<Self> {
        let simulated = match handle {
            Some(handle) => handle.shared().driver().host().is_some(),
            None => context::host().is_some(),
        };
        if simulated {
            return Err(crate::engine::no_descriptor("from_std"));
        }
        let (source, transport) = Source::adopt(descriptor)?;
        if transport != wanted {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the descriptor is a {transport:?} socket, not a {wanted:?} one"),
            ));
        }
        Ok(Self::of(source, transport, handle))
    }

    /// A socket around a source that is there already.
    #[track_caller]
    pub(crate) fn of(source: Source, transport: Transport, handle: Option<&Handle>) -> Self {
        let origin = match (handle, &source) {
            (Some(handle), _) => Origin::Explicit(handle.shared().clone()),
            (None, Source::Os(_) | Source::Foreign(_)) => Origin::Anywhere,
            (None, Source::Sim(_)) => Origin::Noted(
                context::reactor().map_or_else(Weak::new, |reactor| Arc::downgrade(&reactor)),
            ),
        };
        // A foreign descriptor does not close with this socket, so nothing ends its registration.
        let lent = AtomicBool::new(matches!(source, Source::Foreign(_)));
        Self {
            source: Some(source),
            transport,
            lent,
            origin,
            made_at: Location::caller(),
            slot: OnceLock::new(),
        }
    }

    /// The same socket, as one that was made at `place`: for what makes it later than it was called.
    pub(crate) fn made_at(mut self, place: &'static Location<'static>) -> Self {
        self.made_at = place;
        self
    }

    /// The socket of a connection that this listener accepted.
    pub(crate) fn of_accepted(&self, source: Source) -> Self {
        let origin = match &self.origin {
            Origin::Anywhere => Origin::Anywhere,
            Origin::Explicit(reactor) => Origin::Explicit(reactor.clone()),
            Origin::Noted(reactor) => Origin::Noted(reactor.clone()),
        };
        Self {
            source: Some(source),
            transport: self.transport,
            lent: AtomicBool::new(false),
            origin,
            made_at: self.made_at,
            slot: OnceLock::new(),
        }
    }

    pub(crate) fn source(&self) -> &Source {
        match &self.source {
            Some(source) => source,
            None => unreachable!("the source is taken only by into_descriptor, which consumes"),
        }
    }

    pub(crate) fn option(&self, name: OptionName) -> io::Result<OptionValue> {
        self.source().option(name)
    }

    pub(crate) fn set_option(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
        self.source().set_option(name, value)
    }

    pub(crate) fn local_address(&self) -> io::Result<Address> {
        self.source().local_address()
    }

    pub(crate) fn peer_address(&self) -> io::Result<Address> {
        self.source().peer_address()
    }

    /// Lends the descriptor. From then on it may have duplicates, which keep its registration
    /// alive, so it is deregistered explicitly at the end.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.lent.store(true, Ordering::Relaxed);
        // An error of bytes sent earlier is reported by the next verb; the descriptor is asked for
        // now.
        _ = self.source().settle();
        self.source().descriptor()
    }

    /// Gives the descriptor away, registered nowhere.
    pub(crate) fn into_descriptor(mut self) -> io::Result<OwnedFd> {
        self.source().settle()?;
        self.move_out(true);
        match self.source.take() {
            Some(source) => source.into_descriptor(),
            None => unreachable!("the source is taken once, by value"),
        }
    }

    fn move_out(&self, explicitly: bool) {
        if let (Some(slot), Some(source)) = (self.slot.get(), &self.source) {
            slot.move_out(source, explicitly);
        }
    }

    /// Which bits of an event mean something for this kind of socket. A UDP socket has no ends
    /// that close: what epoll reports as such is a waiting error. A Unix datagram socket has a
    /// reading side that ends.
    fn meaningful(&self) -> Readiness {
        if let Source::Foreign(foreign) = self.source() {
            return foreign.interest().mask();
        }
        match self.transport {
            Transport::Udp => {
                Readiness::ALL.difference(Readiness::READ_CLOSED.union(Readiness::WRITE_CLOSED))
            }
            Transport::UnixDatagram => Readiness::ALL.difference(Readiness::WRITE_CLOSED),
            _ => Readiness::ALL,
        }
    }

    /// The slot, made now if there is none, with `assumed` taken for granted until something would
    /// block.
    fn slot(&self, assumed: Readiness) -> &Arc<Slot> {
        self.slot.get_or_init(|| Arc::new(Slot::new(self.meaningful(), assumed)))
    }

    /// The reactor to bind to.
    fn reactor(&self) -> io::Result<Arc<Shared>> {
        let serves = |reactor: &Arc<Shared>| reactor.driver().serves(self.source());
        match &self.origin {
            Origin::Explicit(reactor) if reactor.has_ended() => Err(ended_error()),
            Origin::Explicit(reactor) => Ok(reactor.clone()),
            Origin::Noted(reactor) => match reactor.upgrade().filter(|r| !r.has_ended()) {
                Some(reactor) => Ok(reactor),
                None => context::reactor().filter(serves).ok_or_else(ended_error),
            },
            Origin::Anywhere => match context::reactor().filter(|r| serves(r) && !r.has_ended()) {
                Some(reactor) => Ok(reactor),
                None => care::outside(self.made_at),
            },
        }
    }

    /// Binds the slot to a reactor, unless it is bound to one that lives.
    fn bind_slot(&self, slot: &Arc<Slot>) -> io::Result<Arc<Shared>> {
        if let Some(home) = slot.home() {
            return Ok(home);
        }
        let reactor = self.reactor()?;
        slot.settle_in(self.source(), &reactor)?;
        Ok(slot.home().unwrap_or(reactor))
    }

    /// After a waker was left in `slot`: makes sure that a reactor has it, and that somebody turns
    /// that reactor.
    #[inline]
    fn after_wait(&self, slot: &Arc<Slot>, cx: &Context<'_>) -> io::Result<()> {
        let home = slot.home_address();
        if home != 0 && context::will_turn(home, cx.waker()) {
            return Ok(());
        }
        self.after_first_or_foreign_wait(slot, cx)
    }

    #[cold]
    fn after_first_or_foreign_wait(&self, slot: &Arc<Slot>, cx: &Context<'_>) -> io::Result<()> {
        let looked_after =
            self.bind_slot(slot).and_then(|reactor| reactor.look_after(cx.waker(), self.made_at));
        // Nobody will tell when the socket is ready, so whatever comes next has to try.
        looked_after.inspect_err(|_| slot.assume(Readiness::ALL_OPEN))
    }

    /// Tries `operation` until it does not block: the one loop of every `poll_*`.
    ///
    /// `operation` is tried when the socket may be ready, which one that never waited is assumed
    /// to be.
    pub(crate) fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut(&Source) -> io::Result<Done<T>>,
    ) -> Poll<io::Result<T>> {
        ready!(budget::poll_leave(cx));
        loop {
            let look = self.look();
            if look.is_none_or(|look| look.is_ready(direction)) {
                match operation(self.source()) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.would_block(look, |slot, look| {
                            slot.clear(direction, look, direction.cleared_by_would_block());
                        });
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Poll::Ready(Err(error)),
                    Ok(done) => {
                        budget::spend();
                        return Poll::Ready(Ok(self.finish(direction, look, done)));
                    }
                }
            }
            // What is not waited for is taken to be ready, so that the other direction is tried
            // before its first event.
            let slot = self.slot(Readiness::ALL_OPEN.difference(direction.mask()));
            let before = look.unwrap_or_else(|| slot.view());
            slot.wait_poll(direction, cx.waker());
            if let Err(error) = self.after_wait(slot, cx) {
                let last = operation(self.source()).map(|done| self.finish(direction, None, done));
                return Poll::Ready(unless_it_would_block(last, error));
            }
            if slot.view().tick(direction) == before.tick(direction) {
                return Poll::Pending;
            }
        }
    }

    /// An operation that was tried after `look` would block: clears what it would clear.
    fn would_block(&self, look: Option<View>, clear: impl FnOnce(&Slot, View)) {
        if let (Some(slot), Some(look)) = (self.slot.get(), look) {
            clear(slot, look);
        }
    }

    /// What an operation's result tells about readiness. A short one of a TCP stream means that
    /// there is no more, so that the next call need not find out by failing. Nothing else may be
    /// taken for that: an urgent mark, a datagram, a Unix stream's control message or a closing
    /// peer end an operation early while more is there.
    fn finish<T>(&self, direction: Direction, look: Option<View>, done: Done<T>) -> T {
        match done {
            Done::Whole(value) => value,
            Done::Short(value) => {
                const UNSAFE_TO_CLEAR: Readiness = Readiness::READ_CLOSED
                    .union(Readiness::WRITE_CLOSED)
                    .union(Readiness::ERROR)
                    .union(Readiness::PRIORITY);
                if let (Transport::Tcp, Some(look), Some(slot)) =
                    (self.transport, look, self.slot.get())
                {
                    if !look.readiness().intersects(UNSAFE_TO_CLEAR) {
                        let bits = direction.cleared_by_would_block();
                        slot.clear(direction, look, bits);
                    }
                }
                value
            }
        }
    }

    /// Receives into the free part of `buf`. No room is no request: nothing is read.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buf.remaining();
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        // SAFETY: the verbs of a source only ever write initialized bytes into a buffer.
        let free = unsafe { buf.unfilled_mut() };
        let received = ready!(self.poll_io(cx, Direction::Read, |source| {
            let len = source.recv(free)?;
            // The end of the stream is not "no more at present".
            Ok(if len == 0 || len == room { Done::Whole(len) } else { Done::Short(len) })
        }))?;
        // SAFETY: the receiving verb has written that many bytes at the front of the free part.
        unsafe { buf.assume_init(received) };
        buf.advance(received);
        Poll::Ready(Ok(()))
    }

    /// Whether `room` bytes of a buffer are no request: on a stream, which has nothing empty to
    /// give. The system would have them wait for data, and report an error meant for a read.
    pub(crate) fn is_no_request(&self, room: usize) -> bool {
        room == 0 && matches!(self.transport, Transport::Tcp | Transport::UnixStream)
    }

    /// Receives without waiting, and if `peek` without taking the bytes out.
    pub(crate) fn try_recv(&self, buf: &mut ReadBuf<'_>, peek: bool) -> io::Result<()> {
        if self.is_no_request(buf.remaining()) {
            return Ok(());
        }
        self.try_io(Interest::READABLE, || {
            // SAFETY: the verbs of a source only ever write initialized bytes into a buffer.
            let free = unsafe { buf.unfilled_mut() };
            let source = self.source();
            let received = if peek { source.peek(free)? } else { source.recv(free)? };
            // SAFETY: the verb has written that many bytes at the front of the free part.
            unsafe { buf.assume_init(received) };
            buf.advance(received);
            Ok(())
        })
    }

    /// Receives without waiting into the free room of a growing buffer.
    pub(crate) fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        // SAFETY: `MaybeUninit` bytes may be looked at as such, and only written ones are counted.
        let free = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
        let mut window = ReadBuf::uninit(free);
        self.try_recv(&mut window, false)?;
        let received = window.filled().len();
        // SAFETY: `window` has counted that many bytes at the front of the chunk as written.
        unsafe { buf.advance_mut(received) };
        Ok(received)
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
        // SAFETY: as in `poll_read`.
        let free = unsafe { buf.unfilled_mut() };
        let peeked =
            ready!(self.poll_io(cx, Direction::Read, |source| source.peek(free).map(Done::Whole)))?;
        // SAFETY: as in `poll_read`.
        unsafe { buf.assume_init(peeked) };
        buf.advance(peeked);
        Poll::Ready(Ok(peeked))
    }

    /// Waits, and receives without taking the bytes out.
    pub(crate) async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_no_request(buf.len()) {
            return Ok(0);
        }
        let mut buf = ReadBuf::new(buf);
        self.io(Interest::READABLE, |source| {
            // SAFETY: as in `poll_read`.
            source.peek(unsafe { buf.unfilled_mut() })
        })
        .await
    }

    /// Sends from `buf`.
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_io(cx, Direction::Write, |source| {
            source.send(buf).map(|len| Done::of(len, buf.len()))
        })
    }

    /// Sends from several buffers in order.
    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // What the verb leaves out because there are too many buffers is no sign of a full socket.
        let asked = bufs.iter().take(MOST_BUFFERS).map(|buf| buf.len()).sum();
        self.poll_io(cx, Direction::Write, |source| {
            source.send_vectored(bufs).map(|len| Done::of(len, asked))
        })
    }

    /// Ends the writing side. A peer that is gone already has nothing left to be told.
    pub(crate) fn end_writing(&self) -> io::Result<()> {
        match self.source().shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    /// Waits with an operation of a future: like [`poll_io`](Self::poll_io), but the waker stands
    /// in the future's own `wait`, and goes with it.
    pub(crate) async fn io<T>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(&Source) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut wait = Wait::new(self, interest);
        poll_fn(|cx| wait.poll_io(cx, &mut operation)).await
    }

    /// Tries `operation` once without waiting. If it would block, the socket's readiness is
    /// cleared, so that the next `readable` or `writable` waits for a fresh event.
    pub(crate) fn try_io<T>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let look = self.slot.get().map(|slot| slot.view());
        if look.is_some_and(|look| !look.readiness().intersects(interest.mask())) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = operation();
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.would_block(look, |slot, look| clear_interest(slot, look, interest));
        }
        result
    }

    /// Waits until one of `interest`'s bits is set; binds first, since it is the reactor's word
    /// that is waited for.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
        let look = self.ready_look(interest).await?;
        Ok(look.readiness().intersection(interest.mask()))
    }

    /// Like [`ready`](Self::ready), but returns the look, on the strength of which readiness may be
    /// [cleared](Self::clear).
    pub(crate) async fn ready_look(&self, interest: Interest) -> io::Result<View> {
        let mut wait = Wait::new(self, interest);
        poll_fn(|cx| wait.poll_ready(cx)).await
    }

    /// Clears `bits`, unless an event of their direction has come since `look`; ends stay.
    pub(crate) fn clear(&self, look: View, bits: Readiness) {
        self.would_block(Some(look), |slot, look| clear(slot, look, bits));
    }

    /// The poll form of [`ready`](Self::ready), in one direction.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Readiness>> {
        self.poll_look(cx, direction, Slot::wait_poll).map_ok(View::readiness)
    }

    /// Like [`poll_ready`](Self::poll_ready), for the only task that waits this way: it replaces
    /// the one before.
    pub(crate) fn poll_last_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<View>> {
        self.poll_look(cx, direction, Slot::wait_last_poll)
    }

    fn poll_look(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        wait: impl Fn(&Slot, Direction, &Waker),
    ) -> Poll<io::Result<View>> {
        ready!(budget::poll_leave(cx));
        let slot = self.slot(Readiness::EMPTY);
        loop {
            let look = slot.view();
            if look.is_ready(direction) {
                budget::spend();
                return Poll::Ready(Ok(look));
            }
            wait(slot, direction, cx.waker());
            if let Err(error) = self.after_wait(slot, cx) {
                return Poll::Ready(Err(error));
            }
            if slot.view().tick(direction) == look.tick(direction) {
                return Poll::Pending;
            }
        }
    }

    /// After an accept that followed an event: has what else is waiting reported anew, instead of
    /// paying for an accept that finds nothing.
    pub(crate) fn rearm(&self, look: Option<View>) -> io::Result<()> {
        let (Some(slot), Some(look)) = (self.slot.get(), look) else { return Ok(()) };
        if slot.clear(Direction::Read, look, Readiness::READABLE) {
            slot.rearm(self.source())?;
        }
        Ok(())
    }

    /// A look at the readiness, if there is a slot.
    pub(crate) fn look(&self) -> Option<View> {
        self.slot.get().map(|slot| slot.view())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.move_out(self.lent.load(Ordering::Relaxed));
    }
}

/// What came of an operation that was tried although nobody can wait for it; `error` says why, if
/// it would have to wait.
fn unless_it_would_block<T>(last: io::Result<T>, error: io::Error) -> io::Result<T> {
    match last {
        Err(last) if last.kind() == io::ErrorKind::WouldBlock => Err(error),
        last => last,
    }
}

fn clear_interest(slot: &Slot, look: View, interest: Interest) {
    clear(slot, look, interest.cleared_by_would_block());
}

/// Clears `bits` as far as they can be cleared, each by the tick of its direction.
fn clear(slot: &Slot, look: View, bits: Readiness) {
    for direction in [Direction::Read, Direction::Write] {
        let bits = bits.intersection(direction.cleared_by_would_block());
        if !bits.is_empty() {
            slot.clear(direction, look, bits);
        }
    }
}

/// One future's wait for a socket. Dropping it takes its waker out.
pub(crate) struct Wait<'a> {
    socket: &'a Socket,
    interest: Interest,
    entry: Option<EntryId>,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(socket: &'a Socket, interest: Interest) -> Self {
        Self { socket, interest, entry: None }
    }

    /// Polls until a bit of the interest is set.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<View>> {
        ready!(budget::poll_leave(cx));
        let slot = self.socket.slot(Readiness::EMPTY);
        loop {
            let look = slot.view();
            if look.readiness().intersects(self.interest.mask()) {
                budget::spend();
                self.leave();
                return Poll::Ready(Ok(look));
            }
            if let Poll::Pending = self.wait(slot, look, cx)? {
                return Poll::Pending;
            }
        }
    }

    /// Polls `operation` whenever the socket may be ready for it.
    pub(crate) fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&Source) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        ready!(budget::poll_leave(cx));
        loop {
            let look = self.socket.look();
            if look.is_none_or(|look| look.readiness().intersects(self.interest.mask())) {
                match operation(self.socket.source()) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let interest = self.interest;
                        self.socket.would_block(look, |slot, look| {
                            clear_interest(slot, look, interest);
                        });
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => {
                        budget::spend();
                        self.leave();
                        return Poll::Ready(result);
                    }
                }
            }
            let slot = self.socket.slot(Readiness::ALL_OPEN.difference(self.interest.mask()));
            let before = look.unwrap_or_else(|| slot.view());
            match self.wait(slot, before, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.leave();
                    let last = operation(self.socket.source());
                    return Poll::Ready(unless_it_would_block(last, error));
                }
            }
        }
    }

    /// Leaves the waker; ready when an event has come since `before`.
    fn wait(
        &mut self,
        slot: &Arc<Slot>,
        before: View,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.entry = Some(slot.wait_entry(self.entry, self.interest.mask(), cx.waker()));
        self.socket.after_wait(slot, cx)?;
        let after = slot.view();
        let moved = |direction: Direction| {
            direction.mask().intersects(self.interest.mask())
                && after.tick(direction) != before.tick(direction)
        };
        if moved(Direction::Read) || moved(Direction::Write) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn leave(&mut self) {
        if let (Some(entry), Some(slot)) = (self.entry.take(), self.socket.slot.get()) {
            slot.leave(entry);
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
