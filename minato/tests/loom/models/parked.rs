//! An event against a task of ours that parks in its slot without a lock.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;

use super::cell::Queue;
use crate::engine::{Direction, Readiness};
use crate::reactor::slot::Slot;
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::task::cell::Runnable;
use crate::task::{ParkedTask, spawn};

/// Runs a task that polls by `poll` while `arrive` brings an event, and then runs what was woken.
/// The task must have come to its end.
fn against<S: Default + Send + Sync + 'static>(
    arrive: fn(&S),
    poll: fn(&S, &mut Context<'_>) -> Poll<()>,
) {
    against_in(Queue::new, arrive, poll);
}

fn against_in<S: Default + Send + Sync + 'static>(
    queue: fn() -> Queue,
    arrive: fn(&S),
    poll: fn(&S, &mut Context<'_>) -> Poll<()>,
) {
    loom::model(move || {
        let (socket, runtime) = (Arc::new(S::default()), queue());
        let peer = socket.clone();
        let polled = socket.clone();
        let future = poll_fn(move |cx| poll(&polled, cx));
        let (runnable, join, task) = spawn(runtime.clone(), future);
        let peer = thread::spawn(move || arrive(&peer));
        runnable.run();
        peer.join().unwrap();
        runtime.run();
        assert!(task.is_complete(), "the task waits for ever");
        assert_eq!(block_on(join), Some(()));
    });
}

struct Socket(Slot);

impl Default for Socket {
    fn default() -> Self {
        Self(Slot::new(Readiness::ALL, Readiness::EMPTY))
    }
}

impl Socket {
    fn arrive(&self) {
        let mut wakers = Vec::new();
        self.0.event(Readiness::READABLE, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ready when there were as many events.
    fn poll_events(&self, events: u64, cx: &mut Context<'_>) -> Poll<()> {
        let seen = || self.0.snapshot().tick(Direction::Read) == events;
        if !seen() {
            self.0.wait_poll(Direction::Read, cx.waker());
        }
        if seen() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let look = self.0.snapshot();
            if look.is_ready(Direction::Read) {
                return Poll::Ready(());
            }
            self.0.wait_poll(Direction::Read, cx.waker());
            if self.0.snapshot().tick(Direction::Read) == look.tick(Direction::Read) {
                return Poll::Pending;
            }
        }
    }
}

#[test]
fn an_event_against_a_task_that_parks() {
    against(Socket::arrive, Socket::poll_ready);
}

/// Two events: the second finds the place empty, or the task in it for the second time.
#[test]
fn two_events_against_a_task_that_parks() {
    against(
        |socket: &Socket| {
            socket.arrive();
            socket.arrive();
        },
        Socket::poll_ready,
    );
}

#[test]
fn two_events_against_a_task_that_runs_alone_and_parks() {
    let arrive = |socket: &Socket| {
        socket.arrive();
        socket.arrive();
    };
    against_in(Queue::alone, arrive, Socket::poll_ready);
}

/// The run that an event has caused parks with the reference of its waker, while the next event
/// comes on another thread.
#[test]
fn an_event_against_a_run_with_the_reference_of_its_waker() {
    loom::model(|| {
        let (socket, runtime) = (Arc::new(Socket::default()), Queue::alone());
        let (peer, polled) = (socket.clone(), socket.clone());
        let future = poll_fn(move |cx| polled.poll_events(2, cx));
        let (runnable, join, task) = spawn(runtime.clone(), future);
        runnable.run();
        let peer = thread::spawn(move || peer.arrive());
        let mut wakers = Vec::new();
        socket.0.event(Readiness::READABLE, &mut wakers);
        wakers.into_iter().for_each(Runnable::wake_and_run);
        peer.join().unwrap();
        runtime.run();
        assert!(task.is_complete(), "the task waits for ever");
        assert_eq!(block_on(join), Some(()));
    });
}

/// One task parks, the other waits in the list, and an event comes: neither is forgotten.
#[test]
fn two_tasks_in_one_slot() {
    loom::model(|| {
        let (socket, runtime) = (Arc::new(Socket::default()), Queue::new());
        let (peer, first, second) = (socket.clone(), socket.clone(), socket.clone());
        let one = spawn(runtime.clone(), poll_fn(move |cx| first.poll_ready(cx)));
        let other = spawn(runtime.clone(), poll_fn(move |cx| second.poll_ready(cx)));
        let peer = thread::spawn(move || peer.arrive());
        one.0.run();
        other.0.run();
        peer.join().unwrap();
        runtime.run();
        assert!(one.2.is_complete() && other.2.is_complete());
    });
}

/// A readiness of one bit and the place to park, put together anew, to try other orders of steps.
#[derive(Default)]
struct Bare {
    ready: AtomicUsize,
    parked: ParkedTask,
}

impl Bare {
    fn arrive(&self) {
        self.ready.store(1, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.parked.take() {
            waker.wake();
        }
    }

    fn look(&self) -> Poll<()> {
        if self.ready.load(Ordering::SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }

    fn park(&self, cx: &mut Context<'_>) {
        assert!(self.parked.park(cx.waker()));
    }
}

#[test]
fn parking_and_then_looking_against_telling_and_then_taking() {
    against(Bare::arrive, |socket, cx| {
        socket.park(cx);
        socket.look()
    });
}

/// It looks before it parks, and not afterwards.
#[test]
#[should_panic = "the task waits for ever"]
fn the_canary_looks_before_it_parks() {
    against(Bare::arrive, |socket, cx| {
        let look = socket.look();
        socket.park(cx);
        look
    });
}

/// The event takes who is parked before it tells that it is there.
#[test]
#[should_panic = "the task waits for ever"]
fn the_canary_wakes_before_it_tells() {
    let arrive = |socket: &Bare| {
        socket.wake();
        socket.ready.store(1, Ordering::SeqCst);
    };
    against(arrive, |socket, cx| {
        socket.park(cx);
        socket.look()
    });
}

/// The event and the task each write, and then read what the other wrote, without a single order of
/// all four: each may miss the other.
#[test]
#[should_panic = "both missed each other"]
fn the_canary_has_no_single_order() {
    loom::model(|| {
        let words = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = words.clone();
        let other = thread::spawn(move || {
            other.0.store(1, Ordering::Release);
            other.1.load(Ordering::Acquire)
        });
        words.1.store(1, Ordering::Release);
        let seen = words.0.load(Ordering::Acquire);
        assert!(seen + other.join().unwrap() > 0, "both missed each other");
    });
}
