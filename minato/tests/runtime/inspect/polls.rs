//! Polls that last too long: noticed while they last, told again at their end, and kept.

use std::sync::mpsc;
use std::time::Duration;

use minato::inspect::{SlowPoll, snapshot, watch_polls};
use minato::task::Id;

use crate::kit::child::own_name;
use crate::kit::{current_thread, in_child, multi_thread, watchdog};

const LIMIT: Duration = Duration::from_millis(20);

/// Watches polls, and gives what is reported.
fn watched(limit: Duration) -> mpsc::Receiver<SlowPoll> {
    let (sender, receiver) = mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    watch_polls(limit, move |slow| _ = sender.lock().unwrap().send(slow.clone())).unwrap();
    receiver
}

/// The next report about `task`.
fn next(reports: &mpsc::Receiver<SlowPoll>, task: Option<Id>) -> SlowPoll {
    reports.iter().find(|slow| slow.task == task).unwrap()
}

/// A poll that lasts until the result is dropped.
fn stuck() -> (mpsc::Sender<()>, impl Future<Output = ()> + Send) {
    let (release, released) = mpsc::channel();
    (release, async move { _ = released.recv() })
}

#[test]
fn a_slow_poll_is_told_while_it_lasts_and_at_its_end() {
    in_child(own_name!(a_slow_poll_is_told_while_it_lasts_and_at_its_end), || {
        let _watchdog = watchdog();
        let (before, reports) = (multi_thread(2), watched(LIMIT));
        let after = multi_thread(1);
        for runtime in [&before, &after] {
            let (release, future) = stuck();
            let task = runtime.spawn(future);
            let slow = next(&reports, Some(task.id()));
            assert!(!slow.has_ended && slow.lasted >= LIMIT, "{slow:?}");
            assert_eq!(slow.spawned_at, Some(task.spawned_at()));
            assert!(slow.name.contains("stuck"), "{slow}");
            assert!(slow.to_string().contains(" has been in one poll for "), "{slow}");
            let kept = snapshot().slowest_polls;
            assert!(kept.iter().any(|kept| kept.number == slow.number && !kept.has_ended));

            drop(release);
            let ended = next(&reports, Some(task.id()));
            assert!(ended.has_ended && ended.lasted >= slow.lasted, "{ended:?}");
            assert!(ended.to_string().contains(" was in one poll for "), "{ended}");
            let look = snapshot();
            assert!(look.slowest_polls.contains(&ended) && look.slow_polls >= slow.number);
        }
    });
}

#[test]
fn the_thread_of_a_block_on_is_watched_as_well() {
    in_child(own_name!(the_thread_of_a_block_on_is_watched_as_well), || {
        let _watchdog = watchdog();
        let (runtime, reports) = (current_thread(), watched(LIMIT));
        let (release, future) = stuck();
        let task = runtime.spawn(future);
        let id = task.id();
        let reports = std::thread::scope(|scope| {
            let watching = scope.spawn(move || {
                assert!(!next(&reports, Some(id)).has_ended);
                drop(release);
                assert!(next(&reports, Some(id)).has_ended);
                reports
            });
            runtime.block_on(task).unwrap();
            watching.join().unwrap()
        });
        // The future of the `block_on` itself, which is no task.
        let (release, future) = stuck();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let slow = next(&reports, None);
                assert_eq!((slow.name, slow.spawned_at), ("the future of a block_on", None));
                drop(release);
                assert!(next(&reports, None).has_ended);
            });
            runtime.block_on(future);
        });
    });
}

#[test]
fn the_list_of_the_slowest_is_bounded_and_sorted() {
    in_child(own_name!(the_list_of_the_slowest_is_bounded_and_sorted), || {
        let _watchdog = watchdog();
        let (runtime, reports) = (multi_thread(1), watched(LIMIT));
        for _ in 0..40 {
            let (release, future) = stuck();
            let task = runtime.spawn(future);
            next(&reports, Some(task.id()));
            drop(release);
            next(&reports, Some(task.id()));
        }
        let look = snapshot();
        assert!(look.slow_polls >= 40 && look.slowest_polls.len() == 32);
        assert!(look.slowest_polls.is_sorted_by(|one, other| one.lasted >= other.lasted));
    });
}

#[test]
fn many_short_polls_are_not_one_long_one() {
    in_child(own_name!(many_short_polls_are_not_one_long_one), || {
        let _watchdog = watchdog();
        // Long enough that no busy machine keeps a thread waiting for it.
        let limit = Duration::from_secs(1);
        let (runtime, reports) = (multi_thread(1), watched(limit));
        let yields = runtime.spawn(async move {
            let end = std::time::Instant::now() + 2 * limit;
            while std::time::Instant::now() < end {
                minato::task::yield_now().await;
            }
        });
        let id = yields.id();
        runtime.block_on(yields).unwrap();
        let (release, future) = stuck();
        let last = runtime.spawn(future).id();
        let first = reports.iter().find(|slow| [Some(id), Some(last)].contains(&slow.task));
        assert_eq!(first.unwrap().task, Some(last));
        drop(release);
    });
}
