//! Waiting for a socket: the loops that try, and leave a waker when they would block.
//!
//! Each loop looks at the readiness, tries what may be possible, clears what turned out not to be,
//! leaves its waker, and looks once more: an event that came between the first look and the waker
//! has moved the tick of its direction, and the loop goes round again instead of sleeping.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, Waker, ready};

use super::socket::Socket;
use crate::engine::{Direction, Interest, Readiness, Source, Transport};
use crate::reactor::{EntryId, Slot, View};
use crate::sync::Arc;
use crate::task::budget;

/// How an operation came to its result, which tells what the socket's readiness is afterwards.
pub(crate) enum Done<T> {
    /// There may be more.
    Whole(T),
    /// It did less than it was asked to: there is no more at present.
    Short(T),
}

impl<T> Done<T> {
    fn value(self) -> T {
        match self {
            Self::Whole(value) | Self::Short(value) => value,
        }
    }
}

impl Done<usize> {
    /// What came of an operation that moved `len` of `asked` bytes.
    pub(crate) fn of(len: usize, asked: usize) -> Self {
        if len < asked { Self::Short(len) } else { Self::Whole(len) }
    }
}

impl Socket {
    /// Tries `operation` until it does not block: what every `poll_*` does.
    ///
    /// `operation` is tried when the socket may be ready, which one that never waited is assumed
    /// to be.
    // What happens nearly always becomes part of the task's own code: one try that succeeds, or
    // none and a waker left. All else is the loop's, which is compiled apart.
    #[inline(always)]
    pub(crate) fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut(&Source) -> io::Result<Done<T>>,
    ) -> Poll<io::Result<T>> {
        ready!(budget::poll_leave(cx));
        let mut failed = None;
        if let Some(slot) = self.slot.get() {
            let look = slot.view();
            if look.is_ready(direction) {
                match operation(self.source()) {
                    Ok(done) => {
                        budget::spend();
                        return Poll::Ready(Ok(self.finish(slot, direction, look, done)));
                    }
                    Err(error) => failed = Some((Some(look), error)),
                }
            } else if self.poll_wait(slot, direction, look, cx).is_pending() {
                return Poll::Pending;
            }
        }
        self.poll_io_again(cx, direction, failed, &mut operation)
    }

    /// The loop of [`poll_io`](Self::poll_io), from after a try that `failed`, with the look that
    /// it followed.
    #[cold]
    fn poll_io_again<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut failed: Option<(Option<View>, io::Error)>,
        operation: &mut dyn FnMut(&Source) -> io::Result<Done<T>>,
    ) -> Poll<io::Result<T>> {
        loop {
            if let Some((look, error)) = failed.take() {
                match error.kind() {
                    io::ErrorKind::WouldBlock => self.note_blocked(direction, look),
                    io::ErrorKind::Interrupted => {}
                    _ => return Poll::Ready(Err(error)),
                }
            }
            let slot = self.slot.get().map(|slot| (slot, slot.view()));
            if let Some((slot, look)) = slot
                && !look.is_ready(direction)
            {
                match self.poll_wait(slot, direction, look, cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => continue,
                    // Nobody can wait: it is tried all the same, one last time.
                    Poll::Ready(Err(nobody)) => {
                        let last = operation(self.source()).map(Done::value);
                        return Poll::Ready(unless_it_would_block(last, nobody));
                    }
                }
            }
            match operation(self.source()) {
                Ok(done) => {
                    budget::spend();
                    return Poll::Ready(Ok(match slot {
                        Some((slot, look)) => self.finish(slot, direction, look, done),
                        None => done.value(),
                    }));
                }
                Err(error) => failed = Some((slot.map(|(_, look)| look), error)),
            }
        }
    }

    /// An operation in `direction` would block, which was tried after `look`: from now on there is
    /// a slot, in which the direction is not ready.
    fn note_blocked(&self, direction: Direction, look: Option<View>) {
        if look.is_some() {
            self.would_block(look, direction.cleared_by_would_block());
        } else {
            // What is not waited for is taken to be ready, so that the other direction is tried
            // before its first event.
            self.slot(Readiness::ALL_OPEN.difference(direction.mask()));
        }
    }

    /// Leaves a poll's waker, nothing having been ready at `look`; ready when an event has come
    /// since.
    #[inline(always)]
    fn poll_wait(
        &self,
        slot: &Arc<Slot>,
        direction: Direction,
        look: View,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        slot.wait_poll(direction, cx.waker());
        self.after_wait(slot, cx)?;
        if slot.view().tick(direction) == look.tick(direction) {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// An operation that was tried after `look` would block: clears `bits`, unless an event of
    /// their direction has come since.
    fn would_block(&self, look: Option<View>, bits: Readiness) {
        if let (Some(slot), Some(look)) = (self.slot.get(), look) {
            // What was kept can be received, whatever a call on the descriptor itself has found.
            let kept =
                if self.source().has_kept() { Readiness::READABLE } else { Readiness::EMPTY };
            let bits = bits.difference(kept);
            clear(slot, look, bits);
            let ends = look.readiness().intersection(bits).intersection(Readiness::ENDS);
            if !ends.is_empty() {
                self.report_again(slot, ends);
            }
        }
    }

    /// After `ends` were cleared: asks for those that are still there. The operation that would
    /// block may have been about the other direction.
    #[cold]
    fn report_again(&self, slot: &Slot, ends: Readiness) {
        if slot.rearm(self.source()).is_err() {
            slot.tell(ends);
        }
    }

    /// The bits that an operation waited for with `interest` clears when it would block. The ends
    /// of a socket are final. Those of a foreign descriptor may pass: a FIFO is opened again, or a
    /// socket connects that was waited for before.
    fn cleared_by_would_block(&self, interest: Interest) -> Readiness {
        let bits = interest.cleared_by_would_block();
        match self.source() {
            Source::Foreign(_) => bits.union(interest.mask()),
            _ => bits,
        }
    }

    /// After a receive that may have kept something, or before a first wait: whoever waits to
    /// receive can have what was kept.
    #[inline]
    pub(crate) fn tell_of_kept(&self) {
        if self.source().has_kept() {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        if let Some(slot) = self.slot.get()
            && !slot.view().readiness().is_readable()
        {
            slot.tell(Readiness::READABLE);
        }
    }

    /// What an operation's result tells about readiness. A short one of a TCP stream means that
    /// there is no more, so that the next call need not find out by failing. Nothing else may be
    /// taken for that: an urgent mark, a datagram, a Unix stream's control message or a closing
    /// peer end an operation early while more is there.
    #[inline(always)]
    fn finish<T>(&self, slot: &Slot, direction: Direction, look: View, done: Done<T>) -> T {
        match done {
            Done::Whole(value) => value,
            Done::Short(value) => {
                const UNSAFE_TO_CLEAR: Readiness = Readiness::READ_CLOSED
                    .union(Readiness::WRITE_CLOSED)
                    .union(Readiness::ERROR)
                    .union(Readiness::PRIORITY);
                if self.transport == Transport::Tcp && !look.readiness().intersects(UNSAFE_TO_CLEAR)
                {
                    slot.clear(direction, look, direction.cleared_by_would_block());
                }
                value
            }
        }
    }

    /// Waits with an operation of a future: like [`poll_io`](Self::poll_io), but the waker stands
    /// in the future's own `wait`, and goes with it.
    pub(crate) fn io<T>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(&Source) -> io::Result<T>,
    ) -> impl Future<Output = io::Result<T>> {
        let mut wait = Wait::new(self, interest);
        poll_fn(move |cx| wait.poll_io(cx, &mut operation))
    }

    /// Tries `operation` once without waiting. If it would block, the socket's readiness is
    /// cleared, so that the next `readable` or `writable` waits for a fresh event.
    pub(crate) fn try_io<T>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let look = self.look();
        if look.is_some_and(|look| !look.readiness().intersects(interest.mask())) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = operation();
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.would_block(look, self.cleared_by_would_block(interest));
        }
        result
    }

    /// Like [`try_io`](Self::try_io), for an operation of the user's on the descriptor, which is
    /// promised not to be called again before an event has come.
    pub(crate) fn try_user_io<T>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let was_registered = self.look().is_some();
        let result = self.try_io(interest, || {
            self.source().settle()?;
            operation()
        });
        if !was_registered
            && result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
        {
            self.register_blocked(interest);
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

    /// Clears `bits`, unless an event of their direction has come since `look`. An end that is
    /// still there is reported again.
    pub(crate) fn clear(&self, look: View, bits: Readiness) {
        self.would_block(Some(look), bits);
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
    /// paying for an accept that finds nothing. Where that fails, the next accept has to find out.
    pub(crate) fn rearm(&self, look: Option<View>) {
        let (Some(slot), Some(look)) = (self.slot.get(), look) else { return };
        if slot.clear(Direction::Read, look, Readiness::READABLE)
            && slot.rearm(self.source()).is_err()
        {
            slot.tell(Readiness::READABLE);
        }
    }

    /// A look at the readiness, if there is a slot.
    pub(crate) fn look(&self) -> Option<View> {
        self.slot.get().map(|slot| slot.view())
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

/// Clears `bits` as far as they can be cleared, each by the tick of its direction.
fn clear(slot: &Slot, look: View, bits: Readiness) {
    for direction in [Direction::Read, Direction::Write] {
        let bits = bits.intersection(direction.mask());
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

    /// Whether the socket is one of the operating system's, which has a descriptor.
    pub(crate) fn is_of_system(&self) -> bool {
        matches!(self.socket.source(), Source::Os(_))
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
            if self.wait(slot, look, cx)?.is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Polls `operation` whenever the socket may be ready for it.
    #[inline]
    pub(crate) fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&Source) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        ready!(budget::poll_leave(cx));
        // Why nobody can wait, for an operation that is tried all the same, one last time.
        let mut nobody = None;
        loop {
            let look = self.socket.look();
            if nobody.is_some()
                || look.is_none_or(|look| look.readiness().intersects(self.interest.mask()))
            {
                // The only call, so that it becomes part of the loop.
                match operation(self.socket.source()) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if let Some(error) = nobody {
                            return Poll::Ready(Err(error));
                        }
                        let bits = self.socket.cleared_by_would_block(self.interest);
                        self.socket.would_block(look, bits);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => {
                        budget::spend();
                        self.leave();
                        return Poll::Ready(result);
                    }
                }
            }
            match self.wait_after(look, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.leave();
                    nobody = Some(error);
                }
            }
        }
    }

    /// Leaves the waker after an operation would block, or was not tried.
    fn wait_after(&mut self, look: Option<View>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let slot = self.socket.slot(Readiness::ALL_OPEN.difference(self.interest.mask()));
        let before = look.unwrap_or_else(|| slot.view());
        self.wait(slot, before, cx)
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

    #[inline]
    fn leave(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.take_out(entry);
        }
    }

    fn take_out(&self, entry: EntryId) {
        if let Some(slot) = self.socket.slot.get() {
            slot.leave(entry);
        }
    }
}

impl Drop for Wait<'_> {
    #[inline]
    fn drop(&mut self) {
        self.leave();
    }
}
