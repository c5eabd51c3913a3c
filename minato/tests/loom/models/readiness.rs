//! An event against a task that looks, tries, clears and waits: the wake is never lost.

use std::future::poll_fn;
use std::task::{Context, Poll, Wake, Waker};

use loom::future::block_on;
use loom::thread;

use crate::engine::{Direction, Readiness};
use crate::reactor::slot::Slot;
use crate::reactor::waiters::EntryId;
use crate::sync::{Arc, AtomicUsize, Ordering};

/// A socket: what the kernel holds of it, and its slot.
struct Socket {
    received: AtomicUsize,
    slot: Slot,
}

impl Socket {
    fn new(assumed: Readiness) -> Arc<Self> {
        let slot = Slot::new(Readiness::ALL, assumed);
        Arc::new(Self { received: AtomicUsize::new(0), slot })
    }

    /// The peer sends a byte, and the reactor reports it.
    fn arrive(&self) {
        self.received.fetch_add(1, Ordering::AcqRel);
        self.report(Readiness::READABLE);
    }

    fn report(&self, event: Readiness) {
        let mut wakers = Vec::new();
        self.slot.event(event, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The verb: takes a byte, or would block.
    fn receive(&self) -> bool {
        let taken = self
            .received
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        taken.is_ok()
    }

    /// A receive as the library's futures do it.
    fn poll_receive(&self, cx: &mut Context<'_>, entry: &mut Option<EntryId>) -> Poll<()> {
        loop {
            let look = self.slot.snapshot();
            if look.is_ready(Direction::Read) {
                if self.receive() {
                    if let Some(entry) = entry.take() {
                        self.slot.leave(entry);
                    }
                    return Poll::Ready(());
                }
                self.slot.clear(Direction::Read, look, Readiness::READABLE);
            }
            *entry = Some(self.slot.wait_entry(*entry, Readiness::READABLE, cx.waker()));
            if self.slot.snapshot().tick(Direction::Read) == look.tick(Direction::Read) {
                return Poll::Pending;
            }
        }
    }

    fn receive_blocking(&self) {
        let mut entry = None;
        block_on(poll_fn(|cx| self.poll_receive(cx, &mut entry)));
    }

    /// The same by a `poll_*` method, which leaves its waker without an entry.
    fn poll_receive_by_waker(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let look = self.slot.snapshot();
            if look.is_ready(Direction::Read) {
                if self.receive() {
                    return Poll::Ready(());
                }
                self.slot.clear(Direction::Read, look, Readiness::READABLE);
            }
            self.slot.wait_poll(Direction::Read, cx.waker());
            if self.slot.snapshot().tick(Direction::Read) == look.tick(Direction::Read) {
                return Poll::Pending;
            }
        }
    }
}

#[test]
fn an_event_against_a_wait() {
    loom::model(|| {
        let socket = Socket::new(Readiness::READABLE);
        let peer = socket.clone();
        let peer = thread::spawn(move || peer.arrive());
        socket.receive_blocking();
        peer.join().unwrap();
    });
}

#[test]
fn two_events_against_two_receives() {
    loom::model(|| {
        let socket = Socket::new(Readiness::EMPTY);
        let peer = socket.clone();
        let peer = thread::spawn(move || {
            peer.arrive();
            peer.arrive();
        });
        socket.receive_blocking();
        socket.receive_blocking();
        peer.join().unwrap();
    });
}

/// Receives that come out short: each notes that it has left nothing.
#[test]
fn two_events_against_receives_that_leave_nothing() {
    loom::model(|| {
        let socket = Socket::new(Readiness::EMPTY);
        let peer = socket.clone();
        let peer = thread::spawn(move || {
            peer.arrive();
            peer.arrive();
        });
        let mut received = 0;
        block_on(poll_fn(|cx| {
            loop {
                let look = socket.slot.snapshot();
                if look.is_ready(Direction::Read) {
                    let taken = socket.received.swap(0, Ordering::AcqRel);
                    received += taken;
                    match taken {
                        0 => _ = socket.slot.clear(Direction::Read, look, Readiness::READABLE),
                        _ => socket.slot.used_up(Direction::Read, look),
                    }
                    if received == 2 {
                        return Poll::Ready(());
                    }
                    continue;
                }
                socket.slot.wait_poll(Direction::Read, cx.waker());
                if socket.slot.snapshot().tick(Direction::Read) == look.tick(Direction::Read) {
                    return Poll::Pending;
                }
            }
        }));
        peer.join().unwrap();
    });
}

#[test]
fn an_event_against_a_poll() {
    loom::model(|| {
        let socket = Socket::new(Readiness::READABLE);
        let peer = socket.clone();
        let peer = thread::spawn(move || peer.arrive());
        block_on(poll_fn(|cx| socket.poll_receive_by_waker(cx)));
        peer.join().unwrap();
    });
}

/// Events of the other direction neither wake in vain for ever nor keep anything from clearing.
#[test]
fn events_of_both_directions() {
    loom::model(|| {
        let socket = Socket::new(Readiness::READABLE);
        let peer = socket.clone();
        let peer = thread::spawn(move || {
            peer.report(Readiness::WRITABLE);
            peer.arrive();
        });
        socket.receive_blocking();
        peer.join().unwrap();
        assert!(socket.slot.snapshot().is_ready(Direction::Write));
    });
}

/// Two tasks wait for one byte each: both get one, whoever takes which.
#[test]
fn two_tasks_wait_in_one_slot() {
    loom::model(|| {
        let socket = Socket::new(Readiness::EMPTY);
        let other = socket.clone();
        let other = thread::spawn(move || other.receive_blocking());
        socket.arrive();
        socket.arrive();
        socket.receive_blocking();
        other.join().unwrap();
    });
}

/// A wait that ends at the moment of the event takes its waker out.
#[test]
fn an_entry_that_leaves_is_not_woken_later() {
    loom::model(|| {
        let socket = Socket::new(Readiness::EMPTY);
        let peer = socket.clone();
        let peer = thread::spawn(move || peer.arrive());
        {
            let mut entry = None;
            let mut cx = Context::from_waker(Waker::noop());
            if socket.poll_receive(&mut cx, &mut entry).is_pending() {
                socket.slot.leave(entry.take().unwrap());
            }
        }
        peer.join().unwrap();
        let mut wakers = Vec::new();
        socket.slot.event(Readiness::READABLE, &mut wakers);
        assert!(wakers.is_empty());
    });
}

/// Polls once while the peer sends a byte, and tells whether a task that waits was forgotten.
fn poll_once(
    assumed: Readiness,
    poll: impl Fn(&Socket, &mut Context<'_>) -> Poll<()> + Send + Sync + 'static,
) {
    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    loom::model(move || {
        let socket = Socket::new(assumed);
        let peer = socket.clone();
        let peer = thread::spawn(move || peer.arrive());
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let polled = poll(&socket, &mut Context::from_waker(&waker));
        peer.join().unwrap();
        let waits = polled.is_pending() && !woken.0.load(Ordering::SeqCst);
        assert!(!waits, "the task waits for ever");
    });
}

#[test]
fn one_poll_forgets_nobody() {
    poll_once(Readiness::READABLE, |socket, cx| socket.poll_receive_by_waker(cx));
}

/// Without the second look the event between the first and the waker is waited for in vain.
#[test]
#[should_panic = "the task waits for ever"]
fn the_canary_leaves_its_waker_and_does_not_look_again() {
    poll_once(Readiness::EMPTY, |socket, cx| {
        if socket.slot.snapshot().is_ready(Direction::Read) && socket.receive() {
            return Poll::Ready(());
        }
        socket.slot.wait_poll(Direction::Read, cx.waker());
        Poll::Pending
    });
}

/// A note by a later look than that before the try loses what came in between.
#[test]
#[should_panic = "the task waits for ever"]
fn the_canary_notes_what_it_has_not_looked_at() {
    poll_once(Readiness::READABLE, |socket, cx| {
        if socket.receive() {
            return Poll::Ready(());
        }
        socket.slot.used_up(Direction::Read, socket.slot.snapshot());
        let before = socket.slot.snapshot();
        socket.slot.wait_poll(Direction::Read, cx.waker());
        let has_event =
            socket.slot.snapshot().tick(Direction::Read) != before.tick(Direction::Read);
        if before.is_ready(Direction::Read) || has_event {
            return Poll::Ready(());
        }
        Poll::Pending
    });
}

/// Clearing by the tick of a later look than that before the try loses what came in between.
#[test]
#[should_panic = "the task waits for ever"]
fn the_canary_clears_what_it_has_not_looked_at() {
    poll_once(Readiness::READABLE, |socket, cx| {
        loop {
            if socket.slot.snapshot().is_ready(Direction::Read) {
                if socket.receive() {
                    return Poll::Ready(());
                }
                let late = socket.slot.snapshot();
                socket.slot.clear(Direction::Read, late, Readiness::READABLE);
            }
            let before = socket.slot.snapshot();
            socket.slot.wait_poll(Direction::Read, cx.waker());
            if socket.slot.snapshot().tick(Direction::Read) == before.tick(Direction::Read) {
                return Poll::Pending;
            }
        }
    });
}
