//! The other way round: a reactor of Minato that a tokio runtime turns.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};
use std::time::Duration;

use minato::reactor::Reactor;
use minato::time::Instant;
use rustix::event::{PollFd, PollFlags, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

/// Turns a reactor in a task of tokio, so that Minato's sockets and timers need no thread of their
/// own in a program on tokio.
///
/// Make the reactor the [fallback](Reactor::set_fallback) before the first socket waits, and spawn
/// this once. It is for one who wants Minato's sockets first and its runtime later, or never.
///
/// # Errors
///
/// When tokio cannot wait for the reactor, or a turn fails.
///
/// # Cancel safety
///
/// A future that is dropped drops the reactor with it. Sockets that it served go to another one at
/// their next wait.
///
/// # Panics
///
/// Outside a tokio runtime, and in one without I/O or timers.
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::reactor::Reactor;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// runtime.block_on(async {
///     let reactor = Reactor::new()?;
///     reactor.set_fallback().map_err(std::io::Error::other)?;
///     tokio::spawn(minato_tokio::turn(reactor));
///
///     let (mut a, mut b) = minato::net::UnixStream::pair()?;
///     let reader = tokio::spawn(async move { b.read_u8().await });
///     minato::time::sleep(std::time::Duration::from_millis(1)).await;
///     a.write_u8(5).await?;
///     assert_eq!(reader.await??, 5);
///     Ok(())
/// })
/// # }
/// ```
pub async fn turn(reactor: Reactor) -> io::Result<Infallible> {
    #[allow(deprecated, reason = "a reactor keeps its one descriptor open, so this is sound")]
    let mut reactor = AsyncFd::with_interest(reactor, Interest::READABLE)?;
    loop {
        let deadline = reactor.get_ref().next_deadline();
        let turned = poll_fn(|cx| {
            let mut ready = ready!(reactor.poll_read_ready_mut(cx))?;
            turn_until_nothing_is_left(ready.get_inner_mut())?;
            // Unless tokio has heard of more since.
            ready.clear_ready();
            Poll::Ready(io::Result::Ok(()))
        });
        match deadline {
            None => turned.await?,
            Some(at) => match timeout(at.duration_since(Instant::now()), turned).await {
                Ok(turned) => turned?,
                Err(_due) => reactor.get_mut().turn(Some(Duration::ZERO))?,
            },
        }
    }
}

/// A turn takes a limited number of events, and of those that are left tokio would not hear again.
fn turn_until_nothing_is_left(reactor: &mut Reactor) -> io::Result<()> {
    loop {
        reactor.turn(Some(Duration::ZERO))?;
        if poll(&mut [PollFd::new(reactor, PollFlags::IN)], Some(&Default::default()))? == 0 {
            return Ok(());
        }
    }
}
