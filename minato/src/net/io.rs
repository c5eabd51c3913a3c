//! Operations on what can be waited for: trying, and leaving a waker when they would block.
//!
//! There is one loop, [`Waitable::poll_loop`]. What differs is how the waker is left
//! ([`LeaveWaker`]): in the place of a poll, in that of the only poll, or in that of a future,
//! which takes it out again.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, Waker, ready};

use super::registration::Registration;
use crate::engine::{Direction, Interest, Readiness};
use crate::reactor::{EntryId, Slot, Snapshot};
use crate::task::budget;

/// How an operation came to its result, which says what the readiness is afterwards.
pub(crate) enum Done<T> {
    /// There may be more.
    Whole(T),
    /// It did less than it was asked to, and so there is no more at present.
    Short(T),
}

impl<T> Done<T> {
    #[inline(always)]
    fn value(self) -> T {
        match self {
            Self::Whole(value) | Self::Short(value) => value,
        }
    }
}

impl Done<usize> {
    /// What came of an operation that moved `len` of `asked` bytes.
    #[inline(always)]
    pub(crate) fn from_len(len: usize, asked: usize) -> Self {
        if len < asked { Self::Short(len) } else { Self::Whole(len) }
    }
}

/// How far a poll has come before it enters the loop.
pub(crate) enum Begun {
    No,
    /// The operation was tried after this snapshot, and failed.
    Tried(Snapshot, io::Error),
    /// It was not ready at this snapshot, and the waker was left.
    WakerLeft(Snapshot),
}

/// How a loop leaves its waker, and what it waits for.
pub(crate) trait LeaveWaker {
    /// The bits that let the operation make progress.
    fn mask(&self) -> Readiness;

    /// The bits that the operation clears when it would block.
    fn cleared(&self, registration: &Registration) -> Readiness;

    /// Leaves the waker in `slot`.
    fn leave(&mut self, slot: &Slot, waker: &Waker);

    /// Takes it out again, where it has a place of its own.
    fn take_out(&mut self) {}

    /// Whether an event came between two snapshots.
    fn has_event(&self, before: Snapshot, after: Snapshot) -> bool;
}

/// A poll: any number of them wait in each direction, or only the last one of those that say so.
struct InPoll {
    direction: Direction,
    is_last: bool,
}

impl LeaveWaker for InPoll {
    fn mask(&self) -> Readiness {
        self.direction.mask()
    }

    fn cleared(&self, _: &Registration) -> Readiness {
        self.direction.cleared_by_would_block()
    }

    #[inline(always)]
    fn leave(&mut self, slot: &Slot, waker: &Waker) {
        match self.is_last {
            false => slot.wait_poll(self.direction, waker),
            true => slot.wait_last_poll(self.direction, waker),
        }
    }

    #[inline(always)]
    fn has_event(&self, before: Snapshot, after: Snapshot) -> bool {
        before.tick(self.direction) != after.tick(self.direction)
    }
}

/// A future: its waker has an entry of its own.
struct InFuture<'a> {
    registration: &'a Registration,
    interest: Interest,
    entry: Option<EntryId>,
}

impl LeaveWaker for InFuture<'_> {
    fn mask(&self) -> Readiness {
        self.interest.mask()
    }

    fn cleared(&self, registration: &Registration) -> Readiness {
        registration.cleared_by_would_block(self.interest)
    }

    fn leave(&mut self, slot: &Slot, waker: &Waker) {
        self.entry = Some(slot.wait_entry(self.entry, self.mask(), waker));
    }

    #[inline]
    fn take_out(&mut self) {
        if let Some(entry) = self.entry.take()
            && let Some(slot) = self.registration.slot()
        {
            slot.leave(entry);
        }
    }

    fn has_event(&self, before: Snapshot, after: Snapshot) -> bool {
        let moved = |direction: Direction| {
            direction.mask().intersects(self.mask())
                && before.tick(direction) != after.tick(direction)
        };
        moved(Direction::Read) || moved(Direction::Write)
    }
}

impl Drop for InFuture<'_> {
    #[inline]
    fn drop(&mut self) {
        self.take_out();
    }
}

/// What can be waited for: a socket, or a registration alone.
pub(crate) trait Waitable: Sized {
    fn registration(&self) -> &Registration;

    /// Whether input waits here that was taken from the system. Then it is readable, whatever the
    /// system says.
    fn has_queued(&self) -> bool {
        false
    }

    /// Whether a short result means that there is no more at present, so that the next operation
    /// need not find out by failing.
    fn short_is_all(&self) -> bool {
        false
    }

    /// Tries `operation` until it does not block: what every `poll_*` does.
    ///
    /// `operation` is tried when the readiness allows it; what never waited is taken to be ready.
    // What happens nearly always becomes part of the task's own code: one try that succeeds, or
    // none and a waker left. The rest is in the loop, which is compiled apart.
    #[inline(always)]
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut() -> io::Result<Done<T>>,
    ) -> Poll<io::Result<T>> {
        ready!(budget::poll_leave(cx));
        let mut begun = Begun::No;
        if let Some(slot) = self.registration().slot() {
            let snapshot = slot.snapshot();
            if snapshot.is_ready(direction) {
                match operation() {
                    Ok(done) => {
                        budget::spend();
                        return Poll::Ready(Ok(self.finish(slot, direction, snapshot, done)));
                    }
                    Err(error) => begun = Begun::Tried(snapshot, error),
                }
            } else {
                slot.wait_poll(direction, cx.waker());
                if self.registration().is_served(slot, cx)
                    && slot.snapshot().tick(direction) == snapshot.tick(direction)
                {
                    return Poll::Pending;
                }
                begun = Begun::WakerLeft(snapshot);
            }
        }
        self.poll_io_again(cx, direction, begun, operation)
    }

    /// The rest of [`poll_io`](Self::poll_io). It takes the operation by value, so that what the
    /// operation borrows stays in registers until here.
    #[cold]
    #[inline(never)]
    fn poll_io_again<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        begun: Begun,
        mut operation: impl FnMut() -> io::Result<Done<T>>,
    ) -> Poll<io::Result<T>> {
        self.poll_io_loop(cx, direction, begun, &mut operation)
    }

    /// The loop of every `poll_*`, compiled once for each type of result.
    #[inline(never)]
    fn poll_io_loop<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        begun: Begun,
        operation: &mut dyn FnMut() -> io::Result<Done<T>>,
    ) -> Poll<io::Result<T>> {
        let mut waker = InPoll { direction, is_last: false };
        let polled = self.poll_loop(cx, &mut waker, begun, |_| operation());
        if polled.is_ready() {
            budget::spend();
        }
        polled
    }

    /// The loop of every operation.
    ///
    /// 1. It takes a snapshot of the readiness.
    /// 2. It tries the operation, if the readiness allows it.
    /// 3. If that would block, it clears the readiness, unless an event came since the snapshot.
    /// 4. It leaves its waker, and sees to it that something turns the reactor.
    /// 5. It takes a second snapshot: an event that came before the waker was there woke nobody,
    ///    and so the loop starts again.
    #[inline]
    fn poll_loop<T>(
        &self,
        cx: &mut Context<'_>,
        waker: &mut impl LeaveWaker,
        mut begun: Begun,
        mut operation: impl FnMut(Option<Snapshot>) -> io::Result<Done<T>>,
    ) -> Poll<io::Result<T>> {
        let registration = self.registration();
        // Why nothing can wait, once that is known: the operation is tried one last time.
        let mut cannot_wait = None;
        loop {
            let mut is_waker_left = false;
            let (before, result) = match std::mem::replace(&mut begun, Begun::No) {
                Begun::Tried(before, error) => (Some(before), Some(Err(error))),
                Begun::WakerLeft(before) => {
                    is_waker_left = true;
                    (Some(before), None)
                }
                Begun::No => {
                    let before = registration.snapshot();
                    let may_be_ready = match before {
                        Some(before) => before.readiness().intersects(waker.mask()),
                        None => registration.may_be_ready(waker.mask()),
                    };
                    let result = match cannot_wait {
                        None => may_be_ready.then(|| operation(before)),
                        Some(_) => Some(operation(None)),
                    };
                    (before, result)
                }
            };
            match result {
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(error) = cannot_wait {
                        return Poll::Ready(Err(error));
                    }
                    self.would_block(before, waker.cleared(registration));
                }
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                Some(result) => {
                    waker.take_out();
                    return Poll::Ready(result.map(Done::value));
                }
                None => {}
            }
            let (Some(slot), Some(before)) = (registration.slot(), before) else {
                // What is not waited for is taken to be ready, so that the other direction is tried
                // before its first event. Another thread may have made the slot, and an event may
                // have come already: hence a new snapshot.
                registration.slot_assuming(Readiness::ALL_OPEN.difference(waker.mask()));
                continue;
            };
            if !is_waker_left {
                waker.leave(slot, cx.waker());
            }
            if !registration.is_served(slot, cx) {
                let served = registration.register_and_watch(slot, cx);
                // No event reports what was queued before the registration.
                self.report_queued();
                if let Err(error) = served {
                    waker.take_out();
                    cannot_wait = Some(error);
                    continue;
                }
            }
            if !waker.has_event(before, slot.snapshot()) {
                return Poll::Pending;
            }
        }
    }

    /// An operation that was tried after `snapshot` would block: clears `bits`, unless an event of
    /// their direction has come since.
    fn would_block(&self, snapshot: Option<Snapshot>, bits: Readiness) {
        let registration = self.registration();
        let (Some(slot), Some(snapshot)) = (registration.slot(), snapshot) else {
            return registration.assume_without(bits);
        };
        // A call on the descriptor itself says nothing of what is queued.
        let queued = if self.has_queued() { Readiness::READABLE } else { Readiness::EMPTY };
        let bits = bits.difference(queued);
        clear(slot, snapshot, bits);
        // Ends were cleared: asks for those that are still there. The operation may have been about
        // the other direction. What no event tells of so far is asked for as well.
        let ends = snapshot.readiness().intersection(bits).intersection(Readiness::ENDS);
        let asked = ends.union(registration.source().untold().intersection(bits));
        if !asked.is_empty() && slot.rearm(registration.source()).is_err() {
            slot.report(asked);
        }
    }

    /// After a receive that may have queued something, or after the first registration: wakes those
    /// who can have what is queued.
    #[inline]
    fn report_queued(&self) {
        if self.has_queued()
            && let Some(slot) = self.registration().slot()
        {
            // Even if it is readable already: the tick keeps another thread, which found nothing
            // before this was queued, from clearing it.
            slot.report(Readiness::READABLE);
        }
    }

    /// What an operation's result says about readiness. A short one of a TCP stream means that
    /// there is no more. Nothing else may be taken for that: an urgent mark, a datagram, a Unix
    /// stream's control message or a closing peer end an operation early while more is there.
    #[inline(always)]
    fn finish<T>(&self, slot: &Slot, direction: Direction, snapshot: Snapshot, done: Done<T>) -> T {
        match done {
            Done::Whole(value) => value,
            Done::Short(value) => {
                if self.short_is_all() {
                    clear_at_end(slot, direction, snapshot);
                }
                value
            }
        }
    }

    /// An operation after `snapshot` took all that there was to receive: the next one need not find
    /// out by failing.
    fn received_all(&self, snapshot: Option<Snapshot>) {
        if let (Some(slot), Some(snapshot)) = (self.registration().slot(), snapshot) {
            clear_at_end(slot, Direction::Read, snapshot);
        }
    }

    /// Waits with an operation of a future: like [`poll_io`](Self::poll_io), but the waker has a
    /// place of its own, and goes with the future.
    fn io<T>(
        &self,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> impl Future<Output = io::Result<T>> {
        let mut wait = Wait::new(self, interest);
        poll_fn(move |cx| wait.poll_io(cx, &mut operation))
    }

    /// Tries `operation` once without waiting. If it would block, the readiness is cleared, so that
    /// the next `readable` or `writable` waits for a fresh event.
    fn try_io<T>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let registration = self.registration();
        let before = registration.snapshot();
        let may_be_ready = match before {
            Some(before) if registration.is_registered() => {
                before.readiness().intersects(interest.mask())
            }
            _ => registration.may_be_ready(interest.mask()),
        };
        if !may_be_ready {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = operation();
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.would_block(before, registration.cleared_by_would_block(interest));
        }
        result
    }

    /// Like [`try_io`](Self::try_io), for an operation of the user's on the descriptor. It is not
    /// called again before an event has come, as the user is promised.
    fn try_user_io<T>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let registration = self.registration();
        let is_known = registration.slot().is_some();
        let result = self.try_io(interest, operation);
        if !is_known
            && result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            && !self.has_queued()
        {
            registration.register_blocked(interest);
        }
        result
    }

    /// Waits until one of `interest`'s bits is set; registers first, since the reactor sets them.
    /// It spends no budget, as in tokio: what is done after it does. The snapshot is what readiness
    /// may be [cleared](Self::would_block) by.
    fn ready_snapshot(&self, interest: Interest) -> impl Future<Output = io::Result<Snapshot>> {
        let mut wait = Wait::new(self, interest);
        poll_fn(move |cx| wait.poll_ready(cx))
    }

    /// Waits until one of `interest`'s bits is set, and returns those that are.
    async fn ready(&self, interest: Interest) -> io::Result<Readiness> {
        let snapshot = self.ready_snapshot(interest).await?;
        Ok(snapshot.readiness().intersection(interest.mask()))
    }

    /// The poll form of [`ready`](Self::ready), in one direction.
    fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Readiness>> {
        let mut waker = InPoll { direction, is_last: false };
        budget::poll_counted(cx, |cx| self.poll_snapshot(cx, &mut waker))
            .map_ok(Snapshot::readiness)
    }

    /// Like [`poll_ready`](Self::poll_ready), for the only task that waits this way: it replaces
    /// the one before.
    fn poll_last_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Snapshot>> {
        let mut waker = InPoll { direction, is_last: true };
        budget::poll_counted(cx, |cx| self.poll_snapshot(cx, &mut waker))
    }

    /// Waits for readiness: the operation is to see it. Without a snapshot it would block, which is
    /// so when it is tried one last time.
    fn poll_snapshot(
        &self,
        cx: &mut Context<'_>,
        waker: &mut impl LeaveWaker,
    ) -> Poll<io::Result<Snapshot>> {
        let registration = self.registration();
        let (slot, mask) = (registration.slot_at_start(), waker.mask());
        // What is taken for granted answers at once, but events are wanted from now on.
        if !slot.is_registered() && slot.snapshot().readiness().intersects(mask) {
            registration.register_and_watch(slot, cx)?;
            self.report_queued();
        }
        self.poll_loop(cx, waker, Begun::No, |snapshot| {
            let seen = snapshot.filter(|seen| seen.readiness().intersects(mask));
            seen.map(Done::Whole).ok_or_else(|| io::ErrorKind::WouldBlock.into())
        })
    }

    /// After an accept that followed an event: has what else is waiting reported again, instead of
    /// paying for an accept that finds nothing. Where that fails, the next accept has to find out.
    fn rearm(&self, snapshot: Option<Snapshot>) {
        let registration = self.registration();
        let (Some(slot), Some(snapshot)) = (registration.slot(), snapshot) else { return };
        if slot.clear(Direction::Read, snapshot, Readiness::READABLE)
            && slot.rearm(registration.source()).is_err()
        {
            slot.report(Readiness::READABLE);
        }
    }
}

impl Waitable for Registration {
    fn registration(&self) -> &Registration {
        self
    }
}

/// There is no more at present, unless something out of the ordinary ended the operation early.
#[inline(always)]
fn clear_at_end(slot: &Slot, direction: Direction, snapshot: Snapshot) {
    const UNSAFE_TO_CLEAR: Readiness =
        Readiness::ENDS.union(Readiness::ERROR).union(Readiness::PRIORITY);
    if !snapshot.readiness().intersects(UNSAFE_TO_CLEAR) {
        slot.used_up(direction, snapshot);
    }
}

/// Clears `bits` as far as they can be cleared, each by the tick of its direction.
fn clear(slot: &Slot, snapshot: Snapshot, bits: Readiness) {
    for direction in [Direction::Read, Direction::Write] {
        let bits = bits.intersection(direction.mask());
        if !bits.is_empty() {
            slot.clear(direction, snapshot, bits);
        }
    }
}

/// One future's wait. Dropping it takes its waker out.
pub(crate) struct Wait<'a, W> {
    waitable: &'a W,
    waker: InFuture<'a>,
}

impl<'a, W: Waitable> Wait<'a, W> {
    pub(crate) fn new(waitable: &'a W, interest: Interest) -> Self {
        let waker = InFuture { registration: waitable.registration(), interest, entry: None };
        Self { waitable, waker }
    }

    pub(crate) fn waitable(&self) -> &'a W {
        self.waitable
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Snapshot>> {
        self.waitable.poll_snapshot(cx, &mut self.waker)
    }

    /// Polls `operation` whenever the readiness allows it.
    #[inline]
    pub(crate) fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let Self { waitable, waker } = self;
        budget::poll_counted(cx, |cx| {
            waitable.poll_loop(cx, waker, Begun::No, |_| operation().map(Done::Whole))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::socket::Socket;
    use crate::os::Transport;
    use crate::runtime::Builder;
    use std::pin::pin;

    /// Another thread waits for the socket first, and its event comes, between the call that would
    /// block and this future's waker: no other event will.
    #[test]
    fn an_event_while_the_first_operation_would_block_is_not_lost() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (socket, _peer) = Socket::pair(Transport::UnixStream).unwrap();
            let mut tries = 0;
            let mut operation = pin!(socket.io(Interest::READABLE, || {
                tries += 1;
                if tries > 1 {
                    return Ok(tries);
                }
                let slot = socket.registration().slot_assuming(Readiness::WRITABLE);
                slot.event(Readiness::READABLE, &mut Vec::new());
                Err(io::ErrorKind::WouldBlock.into())
            }));
            let polled = poll_fn(|cx| Poll::Ready(operation.as_mut().poll(cx))).await;
            assert!(matches!(polled, Poll::Ready(Ok(2))), "{polled:?}");
        });
    }
}
