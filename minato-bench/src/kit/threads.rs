//! Peers with a runtime a thread.

use std::io;
use std::sync::{Arc, Barrier};

use crate::peer::Stopwatch;

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

/// Has `threads` threads work at once. Each first has its `set_up`, and the watch starts when all
/// have; nobody waits for one whose set-up failed.
///
/// # Errors
///
/// What `set_up` returns, or that of starting a thread.
pub fn at_once<R, S, W>(threads: usize, set_up: S, work: W) -> io::Result<Stopwatch>
where
    S: Fn() -> io::Result<R> + Clone + Send + 'static,
    W: Fn(R) + Clone + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(threads + 1));
    let mut running = Vec::new();
    for _ in 0..threads {
        let (barrier, set_up, work) = (barrier.clone(), set_up.clone(), work.clone());
        running.push(std::thread::Builder::new().spawn(move || {
            let ready = set_up();
            barrier.wait();
            ready.map(work)
        })?);
    }
    barrier.wait();
    let watch = Stopwatch::start();
    running.into_iter().try_for_each(joined)?;
    Ok(watch)
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
