//! Peers with a runtime a thread.

use std::io;
use std::sync::{Arc, Barrier};

use crate::peer::{Spent, Stopwatch};

/// Runs `each` on a thread of its own for every item, the last one on this thread; gives the first
/// error.
///
/// # Errors
///
/// What `each` returns, or that of starting a thread.
pub fn on_threads<T, F>(mut items: Vec<T>, each: F) -> io::Result<()>
where
    T: Send + 'static,
    F: Fn(T) -> io::Result<()> + Clone + Send + 'static,
{
    let Some(last) = items.pop() else { return Ok(()) };
    let mut threads = Vec::new();
    for item in items {
        let each = each.clone();
        threads.push(std::thread::Builder::new().spawn(move || each(item))?);
    }
    each(last)?;
    threads.into_iter().try_for_each(joined)
}

/// Has `threads` threads work at once. Each first does its `set_up`; when all have, the watch
/// starts, and then the work; it stops at the end of the last. A failed set-up does not keep the
/// others waiting.
///
/// # Errors
///
/// What `set_up` or `work` returns, or that of starting a thread.
pub fn at_once<R, S, W>(threads: usize, set_up: S, work: W) -> io::Result<Spent>
where
    S: Fn() -> io::Result<R> + Clone + Send + 'static,
    W: Fn(R) -> io::Result<()> + Clone + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(threads + 1));
    let mut running = Vec::new();
    for _ in 0..threads {
        let (barrier, set_up, work) = (barrier.clone(), set_up.clone(), work.clone());
        running.push(std::thread::Builder::new().spawn(move || {
            let ready = set_up();
            barrier.wait();
            barrier.wait();
            ready.and_then(work)
        })?);
    }
    barrier.wait();
    let watch = Stopwatch::start();
    barrier.wait();
    running.into_iter().try_for_each(joined)?;
    Ok(watch.stop())
}

/// What a thread returned.
fn joined(thread: std::thread::JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().map_err(|_| io::Error::other("a thread of this peer panicked"))?
}

/// The only item of a list of one.
///
/// # Errors
///
/// `InvalidInput` if it is empty.
pub fn one<T>(items: Vec<T>) -> io::Result<T> {
    let nothing = || io::Error::new(io::ErrorKind::InvalidInput, "there must be one socket");
    items.into_iter().next().ok_or_else(nothing)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_item_has_its_thread_and_errors_come_back() {
        let each = |number: u32| {
            if number == 2 { Err(io::Error::other("two")) } else { Ok(()) }
        };
        assert!(on_threads(vec![1, 3], each).is_ok());
        assert!(on_threads(vec![1, 2], each).is_err());
        assert!(on_threads(vec![2, 1], each).is_err());
        assert_eq!(one(vec![7]).unwrap(), 7);
        assert!(one(Vec::<u8>::new()).is_err());
    }

    #[test]
    fn nobody_works_before_all_are_set_up() {
        let (ready, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (up, finished) = (ready.clone(), done.clone());
        let set_up = move || {
            up.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let work = move |()| {
            assert_eq!(ready.load(Ordering::SeqCst), 3);
            finished.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        at_once(3, set_up, work).unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 3);
    }
}
