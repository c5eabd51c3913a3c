//! Peers with a runtime a thread.

use std::io;

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
    for thread in threads {
        thread.join().map_err(|_| io::Error::other("a thread of this peer panicked"))??;
    }
    Ok(())
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
