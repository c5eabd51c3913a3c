//! Every way a task can end, crossed with what its wakers and its join handle do meanwhile.

use std::future::Future;
use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use super::super::cell::TaskRef;
use super::super::raw::Caught;
use super::kit::*;
use crate::panics::contain;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ready,
    Panics,
    PanicsWhenDropped,
    Aborted,
    AbortedWhileRunning,
    RunnableDropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wakers {
    Borrowed,
    WakesItself,
    WokenAfterTheEnd,
    Cloned,
    DroppedLastElsewhere,
    WokenElsewhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handle {
    DroppedFirst,
    DroppedWhileWaiting,
    DroppedAfterTheEnd,
    PolledAfterTheEnd,
    Waiting,
    WaitingTwice,
}

/// What the future does and who looks on.
struct Case {
    end: End,
    wakers: Wakers,
    tally: Arc<Tally>,
    kept: Arc<Mutex<Vec<Waker>>>,
    task: Arc<Mutex<Option<TaskRef>>>,
}

/// Panics when it is dropped, if it is to.
struct Fuse(bool, #[allow(dead_code, reason = "is dropped")] Token);

impl Drop for Fuse {
    fn drop(&mut self) {
        if self.0 {
            panic!("a destructor's panic");
        }
    }
}

impl Case {
    /// Waits once, and then ends.
    fn future(&self) -> impl Future<Output = Token> + Send + 'static {
        let (end, wakers) = (self.end, self.wakers);
        let (tally, kept, task) = (self.tally.clone(), self.kept.clone(), self.task.clone());
        let fuse = Fuse(end == End::PanicsWhenDropped, tally.token());
        let mut polls = 0;
        poll_fn(move |cx| {
            let _whole = &fuse;
            polls += 1;
            if polls == 1 {
                match wakers {
                    Wakers::Borrowed => lock(&kept).push(cx.waker().clone()),
                    Wakers::WakesItself => {
                        cx.waker().wake_by_ref();
                        cx.waker().wake_by_ref();
                    }
                    Wakers::Cloned => {
                        let all = (0..10).map(|_| cx.waker().clone());
                        lock(&kept).extend(all);
                    }
                    _ => lock(&kept).extend([cx.waker().clone(), cx.waker().clone()]),
                }
                return Poll::Pending;
            }
            if end == End::AbortedWhileRunning {
                if let Some(task) = lock(&task).take() {
                    task.abort();
                }
                return Poll::Pending;
            }
            if end == End::Panics {
                panic!("the task's panic");
            }
            Poll::Ready(tally.token())
        })
    }

    /// Lets the task come to its second poll, and to its end.
    fn drive(&self, queue: &Queue, task: TaskRef) {
        queue.next().unwrap().run();
        if self.wakers == Wakers::WakesItself {
            assert_eq!(lock(&queue.0.injected).len(), 1, "woken while running");
        }
        match self.wakers {
            Wakers::WakesItself => {}
            Wakers::Borrowed => {
                // The waker that is consumed becomes the runnable.
                let waker = lock(&self.kept).pop().unwrap();
                waker.wake();
            }
            Wakers::WokenElsewhere => {
                let waker = lock(&self.kept).pop().unwrap();
                on_another_thread(|| waker.wake());
            }
            _ => lock(&self.kept)[0].wake_by_ref(),
        }
        if self.end == End::Aborted {
            task.abort();
            task.abort();
        }
        *lock(&self.task) = Some(task);
        if self.end == End::RunnableDropped {
            drop(queue.next().unwrap());
        }
        queue.run_all();
        lock(&self.task).take();
    }

    fn is_cancelled(&self) -> bool {
        matches!(self.end, End::Aborted | End::AbortedWhileRunning | End::RunnableDropped)
    }

    fn check(&self, output: Option<Caught<Token>>) {
        match output {
            None => assert!(self.is_cancelled()),
            Some(Ok(_)) => assert_eq!(self.end, End::Ready),
            Some(Err(panic)) => {
                let text = *panic.into_inner().downcast::<&'static str>().unwrap();
                let expected = match self.end {
                    End::Panics => "the task's panic",
                    _ => "a destructor's panic",
                };
                assert_eq!(text, expected);
            }
        }
    }
}

fn one_case(queue: Queue, end: End, wakers: Wakers, handle: Handle) {
    let (tally, kept, task) = Default::default();
    let case = Case { end, wakers, tally, kept, task };
    let mut join = queue.spawn(case.future());
    let task = join.task();
    let (first, first_waker) = counting();
    let (count, waker) = counting();
    let mut join = match handle {
        Handle::DroppedFirst => {
            drop(join);
            None
        }
        Handle::DroppedWhileWaiting => {
            assert!(poll(&mut join, &waker).is_pending());
            drop(join);
            None
        }
        Handle::Waiting | Handle::WaitingTwice => {
            if handle == Handle::WaitingTwice {
                assert!(poll(&mut join, &first_waker).is_pending());
                assert!(poll(&mut join, &first_waker).is_pending());
            }
            assert!(poll(&mut join, &waker).is_pending());
            Some(join)
        }
        _ => Some(join),
    };
    case.drive(&queue, task);
    assert_eq!(queue.ended(), 1);
    let waits = matches!(handle, Handle::Waiting | Handle::WaitingTwice);
    assert_eq!(count.0.load(Ordering::SeqCst), usize::from(waits));
    assert_eq!(first.0.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&first), 2, "the waker that was replaced is dropped");
    assert_eq!(Arc::strong_count(&count), 2, "the waker is dropped with the wait");
    if handle == Handle::DroppedAfterTheEnd {
        assert!(join.take().unwrap().is_complete());
    }
    if let Some(join) = &mut join {
        assert!(join.is_complete());
        let Poll::Ready(output) = poll(join, &waker) else { panic!("complete and not ready") };
        assert!(join.is_done);
        case.check(output);
    }
    // Only now, so that the output must have been dropped without the cell.
    drop(join);
    assert!(case.tally.is_even());

    match wakers {
        Wakers::WokenAfterTheEnd => {
            for waker in lock(&case.kept).drain(..) {
                waker.wake_by_ref();
                waker.wake();
            }
        }
        Wakers::DroppedLastElsewhere => {
            let all = std::mem::take(&mut *lock(&case.kept));
            assert!(!queue.is_alone());
            on_another_thread(|| drop(all));
        }
        _ => lock(&case.kept).clear(),
    }
    assert!(queue.next().is_none());
    assert!(queue.is_alone(), "the cell is not freed");
    assert!(case.tally.is_even());
}

#[test]
fn every_end_with_all_wakers_and_handles() {
    every_case(Queue::default);
}

#[test]
fn every_end_of_a_task_that_runs_alone() {
    every_case(Queue::alone);
}

fn every_case(queue: fn() -> Queue) {
    use {End as E, Handle as H, Wakers as W};
    let (mut cases, mut failed) = (0, Vec::new());
    for end in [
        E::Ready,
        E::Panics,
        E::PanicsWhenDropped,
        E::Aborted,
        E::AbortedWhileRunning,
        E::RunnableDropped,
    ] {
        for wakers in [
            W::Borrowed,
            W::WakesItself,
            W::WokenAfterTheEnd,
            W::Cloned,
            W::DroppedLastElsewhere,
            W::WokenElsewhere,
        ] {
            for handle in [
                H::DroppedFirst,
                H::DroppedWhileWaiting,
                H::DroppedAfterTheEnd,
                H::PolledAfterTheEnd,
                H::Waiting,
                H::WaitingTwice,
            ] {
                cases += 1;
                if contain(|| one_case(queue(), end, wakers, handle)).is_err() {
                    failed.push((end, wakers, handle));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} of {cases}: {failed:#?}", failed.len());
}
