//! A set of tasks: each adds itself to the list when it is complete.

use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;

use super::cell::Queue;
use crate::sync::Arc;
use crate::task::finished::Finished;
use crate::task::{Id, spawn};

async fn next(finished: &Finished) -> Id {
    poll_fn(|cx| finished.next_or_wait(cx.waker()).map_or(Poll::Pending, Poll::Ready)).await
}

/// Tasks that end on other threads, one perhaps before it is in the set.
#[test]
fn each_task_is_told_once() {
    loom::model(|| {
        let queue = Queue::new();
        let finished = Arc::new(Finished::default());
        let tasks = [3, 4].map(|output| spawn(queue.clone(), ready(output)));
        let mut runs = Vec::new();
        let mut joins = Vec::new();
        for (runnable, join, task) in tasks {
            drop(task);
            joins.push(join);
            runs.push(runnable);
        }
        let running = thread::spawn(move || runs.into_iter().for_each(|runnable| runnable.run()));
        for join in &mut joins {
            if !join.tell(&finished) {
                finished.add(join.id());
            }
        }
        let mut sum = 0;
        for _ in 0..2 {
            let id = block_on(next(&finished));
            let index = joins.iter().position(|join| join.id() == id).expect("told twice");
            let mut join = joins.swap_remove(index);
            let output = Pin::new(&mut join).poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Some(output)) = output else { panic!("told before it is complete") };
            sum += output;
        }
        running.join().unwrap();
        assert_eq!((sum, finished.next()), (7, None));
    });
}

/// A task leaves the set while it ends: it may still be told, and nothing else happens.
#[test]
fn a_task_that_ends_against_one_that_leaves() {
    loom::model(|| {
        let queue = Queue::new();
        let finished = Arc::new(Finished::default());
        let (runnable, mut join, task) = spawn(queue.clone(), ready(5));
        drop(task);
        let id = join.id();
        assert!(join.tell(&finished));
        let running = thread::spawn(move || runnable.run());
        drop(join);
        finished.clear();
        running.join().unwrap();
        assert!(finished.next().is_none_or(|told| told == id));
        assert_eq!((finished.next(), queue.run()), (None, 0));
        assert_eq!(Arc::strong_count(&finished), 1);
    });
}
