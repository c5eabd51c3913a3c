//! A reactor in your own loop: no runtime, no hidden thread.
//!
//! A program that has an event loop already (a game, a user interface, a C library's) can turn a
//! reactor within it. The reactor has a descriptor that becomes readable when a turn would find
//! something, and it says when its next timer is due.

use std::future::Future;
use std::io::{self, PipeReader, Read, Write};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::reactor::Reactor;
use minato::time::{Instant, sleep};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Notes that the future wants to be polled.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

async fn exchange(mut bell: impl Write) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let (mut server, _) = listener.accept().await?;
    sleep(Duration::from_millis(20)).await;
    server.write_all(b"hello").await?;
    let mut buf = [0; 5];
    client.read_exact(&mut buf).await?;
    println!("the future has read {}", String::from_utf8_lossy(&buf));
    bell.write_all(b"!")
}

fn main() -> io::Result<()> {
    let mut reactor = Reactor::new()?;
    // From now on, all waits outside of a runtime use this reactor instead of a background thread.
    // For single sockets there are `bind_on` and `connect_on`.
    reactor.set_fallback().map_err(io::Error::other)?;
    // Another thing that this loop waits for. It has nothing to do with Minato.
    let (mut bell, ringer): (PipeReader, _) = io::pipe()?;

    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    let mut exchange = pin!(exchange(ringer));
    let mut done = false;
    loop {
        while !done && flag.0.swap(false, Ordering::Acquire) {
            if let Poll::Ready(result) = exchange.as_mut().poll(&mut Context::from_waker(&waker)) {
                result?;
                done = true;
            }
        }
        // Sleep in your own way, but not longer than until the reactor's next timer.
        let timeout = reactor.next_deadline().map(|at| at.duration_since(Instant::now()));
        let timeout = timeout.map(|time| Timespec::try_from(time).unwrap_or_default());
        let mut events = [PollFd::new(&reactor, PollFlags::IN), PollFd::new(&bell, PollFlags::IN)];
        poll(&mut events, timeout.as_ref())?;
        let rung = !events[1].revents().is_empty();
        // This does not wait, because the loop has waited already. It wakes the future if a socket
        // is ready or a timer is due.
        reactor.turn(Some(Duration::ZERO))?;
        if rung {
            bell.read_exact(&mut [0])?;
            println!("the loop has heard the bell");
            return Ok(());
        }
    }
}
