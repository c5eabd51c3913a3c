//! The queue for tasks that are woken elsewhere, against a thread that finds it empty and waits.

use loom::thread::{self, JoinHandle};

use super::park::Bell;
use crate::reactor::park::Park;
use crate::runtime::injector::Injector;
use crate::sync::Arc;

/// A current-thread runtime as far as waking goes.
struct Runtime {
    queue: Injector<usize>,
    park: Park,
    bell: Bell,
}

impl Runtime {
    fn new() -> Arc<Self> {
        let (queue, park, bell) = (Injector::default(), Park::new(false), Bell::default());
        Arc::new(Self { queue, park, bell })
    }

    fn inject(&self, item: usize) {
        self.queue.push(item);
        if self.park.notify() {
            self.bell.ring();
        }
    }

    /// Runs until two items have come.
    fn run(&self, mut others: Vec<JoinHandle<()>>) -> Vec<usize> {
        let mut items = Vec::new();
        while items.len() < 2 {
            if let Some(item) = self.queue.pop() {
                items.push(item);
            } else if self.park.begin(false) {
                self.bell.wait(&mut others);
                self.park.end(false);
            }
        }
        for other in others {
            other.join().unwrap();
        }
        items
    }
}

#[test]
fn pushes_of_one_against_a_park() {
    loom::model(|| {
        let runtime = Runtime::new();
        let other = runtime.clone();
        let other = thread::spawn(move || {
            other.inject(1);
            other.inject(2);
        });
        assert_eq!(runtime.run(vec![other]), [1, 2]);
    });
}

#[test]
fn pushes_of_two_against_a_park() {
    loom::model(|| {
        let runtime = Runtime::new();
        let others = (1..=2).map(|item| {
            let runtime = runtime.clone();
            thread::spawn(move || runtime.inject(item))
        });
        let mut items = runtime.run(others.collect());
        items.sort();
        assert_eq!(items, [1, 2]);
    });
}

/// Two who pop, one at a time and in a batch: nothing is lost and nothing comes twice.
#[test]
fn pops_at_the_same_time() {
    loom::model(|| {
        let queue = Arc::new(Injector::default());
        (1..=3_usize).for_each(|item| queue.push(item));
        let other = queue.clone();
        let other = thread::spawn(move || {
            let mut taken = Vec::new();
            let first = other.pop_batch(2, |rest| taken.push(rest));
            taken.extend(first);
            taken
        });
        let mut taken: Vec<usize> = std::iter::from_fn(|| queue.pop()).collect();
        taken.extend(other.join().unwrap());
        taken.extend(std::iter::from_fn(|| queue.pop()));
        taken.sort();
        assert_eq!(taken, [1, 2, 3]);
        assert!(queue.is_empty());
    });
}
