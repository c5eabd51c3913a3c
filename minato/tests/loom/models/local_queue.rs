//! The queue of a local set: tasks that come while it is polled, and while it is not.

use std::future::poll_fn;
use std::task::Poll;

use loom::future::block_on;
use loom::thread;

use crate::sync::Arc;
use crate::task::local_queue::LocalQueue;

/// Polls, as the driver with this key, until `count` tasks were taken.
async fn drive(queue: &LocalQueue<u32>, driver: usize, count: &mut u32, until: u32) {
    poll_fn(|cx| {
        queue.poll(driver, cx.waker(), || {
            while queue.pop().is_some() {
                *count += 1;
            }
            if *count == until { Poll::Ready(()) } else { Poll::Pending }
        })
    })
    .await;
}

#[test]
fn no_task_waits_for_a_poll_that_does_not_come() {
    loom::model(|| {
        let queue = Arc::new(LocalQueue::new());
        let driver = queue.add_driver();
        let pushing = queue.clone();
        let pusher = thread::spawn(move || {
            pushing.push(1);
            pushing.push(2);
        });
        let mut count = 0;
        block_on(drive(&queue, driver, &mut count, 2));
        pusher.join().unwrap();
        queue.remove_driver(driver);
        assert!(queue.take().is_empty());
    });
}

/// A driver that leaves has the other one woken for what it leaves behind.
#[test]
fn a_driver_that_leaves_wakes_the_other() {
    loom::model(|| {
        let queue = Arc::new(LocalQueue::new());
        let (leaves, stays) = (queue.add_driver(), queue.add_driver());
        let pushing = queue.clone();
        let pusher = thread::spawn(move || pushing.push(1));
        let mut count = 0;
        block_on(async {
            let mut left = false;
            poll_fn(|cx| {
                // Both on one thread, as in a join: the first one takes nothing.
                if !left {
                    left = true;
                    queue.poll(leaves, cx.waker(), || {});
                    queue.remove_driver(leaves);
                }
                queue.poll(stays, cx.waker(), || {
                    while queue.pop().is_some() {
                        count += 1;
                    }
                });
                if count == 1 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        });
        pusher.join().unwrap();
    });
}
