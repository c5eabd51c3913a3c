//! Two connections with a copy between them, whose outer ends the test holds, and a content of
//! which every byte tells its place: one that is lost, doubled or moved cannot look right.

use std::fmt::Debug;
use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream as StdStream};
use std::pin::Pin;
use std::sync::{Condvar, LazyLock, Mutex};
use std::time::Duration;

use minato::net::{TcpStream, spliced_bytes};

use crate::kit::net;

/// The time for which a test has the counter of spliced bytes to itself.
pub(super) struct Alone(());

static IS_TAKEN: Mutex<bool> = Mutex::new(false);
static IS_FREE: Condvar = Condvar::new();

/// Waits until no other test splices.
pub(super) fn alone() -> Alone {
    let free = IS_FREE.wait_while(IS_TAKEN.lock().unwrap(), |is_taken| *is_taken);
    *free.unwrap() = true;
    Alone(())
}

impl Drop for Alone {
    fn drop(&mut self) {
        *IS_TAKEN.lock().unwrap() = false;
        IS_FREE.notify_one();
    }
}

/// How long it takes the content to come round again: a prime, so that no piece does.
const PERIOD: u64 = 999_983;

/// The `len` bytes of the content from `at` on.
pub(super) fn content(at: u64, len: usize) -> &'static [u8] {
    static TWICE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let once = (0..PERIOD).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8);
        once.clone().chain(once).collect()
    });
    let at = (at % PERIOD) as usize;
    &TWICE[at..at + len]
}

/// Panics unless `buf` is what the content has from `at` on.
#[track_caller]
pub(super) fn check(buf: &[u8], at: u64) {
    if buf != content(at, buf.len()) {
        let wrong =
            buf.iter().zip(content(at, buf.len())).take_while(|(is, due)| is == due).count();
        panic!("the byte at {} is wrong", at + wrong as u64);
    }
}

/// What the copy is between, `near` and `far`, and the ends of std's beyond them.
pub(super) struct Wire {
    pub(super) client: StdStream,
    pub(super) server: StdStream,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// The server saw the end of the stream.
    pub(super) ended: bool,
    buf: Vec<u8>,
}

impl Wire {
    /// A wire, with the two sockets between which the copy goes.
    pub(super) async fn new() -> (Self, TcpStream, TcpStream) {
        let (near, client) = net::pair_with_std().await;
        let (far, server) = net::pair_with_std().await;
        (Self::of(client, server), near, far)
    }

    pub(super) fn of(client: StdStream, server: StdStream) -> Self {
        client.set_nonblocking(true).unwrap();
        server.set_nonblocking(true).unwrap();
        Self { client, server, sent: 0, received: 0, ended: false, buf: vec![0; 64 * 1024] }
    }

    /// Sends up to `most` bytes, as far as there is room; returns how many.
    pub(super) fn send(&mut self, most: u64) -> u64 {
        let before = self.sent;
        while self.sent - before < most {
            let len = (most - (self.sent - before)).min(self.buf.len() as u64) as usize;
            match self.client.write(content(self.sent, len)) {
                Ok(len) => self.sent += len as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("the client cannot send: {error}"),
            }
        }
        self.sent - before
    }

    /// Receives what has come out, which must be what went in; returns how much.
    pub(super) fn receive(&mut self) -> u64 {
        let before = self.received;
        loop {
            match self.server.read(&mut self.buf) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(len) => {
                    check(&self.buf[..len], self.received);
                    self.received += len as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("the server cannot receive: {error}"),
            }
        }
        assert!(self.received <= self.sent, "more came out than went in");
        self.received - before
    }

    /// Sends and receives until bytes are spliced.
    pub(super) async fn engage<F: Future<Output: Debug>>(&mut self, mut copy: Pin<&mut F>) {
        let before = spliced_bytes();
        while spliced_bytes() == before {
            self.send(1 << 20);
            assert!(step(copy.as_mut()).await.is_none());
            self.receive();
            assert!(self.sent < 1 << 30, "a gigabyte went by, and nothing of it was spliced");
        }
    }

    /// Sends without receiving until everything on the way is full.
    pub(super) async fn clog<F: Future<Output: Debug>>(&mut self, mut copy: Pin<&mut F>) {
        let mut still = 0;
        while still < 10 {
            still = if self.send(1 << 20) == 0 { still + 1 } else { 0 };
            assert!(step(copy.as_mut()).await.is_none());
        }
    }

    /// Ends the client's side, and receives until the copy is done and everything has come out.
    pub(super) async fn finish<T>(&mut self, mut copy: Pin<&mut impl Future<Output = T>>) -> T {
        self.client.shutdown(Shutdown::Write).unwrap();
        let done = loop {
            let done = step(copy.as_mut()).await;
            self.receive();
            if let Some(done) = done {
                break done;
            }
        };
        self.drain().await;
        done
    }

    /// Goes on with the copy until everything that was sent has come out.
    pub(super) async fn drain_with<F>(&mut self, mut copy: Pin<&mut F>)
    where
        F: Future<Output: Debug>,
    {
        while self.received < self.sent {
            assert!(step(copy.as_mut()).await.is_none());
            self.receive();
        }
        // It finds that there is no more.
        assert!(step(copy.as_mut()).await.is_none());
    }

    /// Receives until everything that was sent has come out.
    pub(super) async fn drain(&mut self) {
        while self.received < self.sent && !self.ended {
            self.receive();
            minato::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(self.received, self.sent);
    }

    /// Resets the client's connection. The stream that stands in its place is of no use.
    pub(super) fn reset_client(&mut self) {
        reset(&mut self.client);
    }

    /// Resets the server's connection.
    pub(super) fn reset_server(&mut self) {
        reset(&mut self.server);
    }

    /// Waits until what the client sent has arrived at the system's side of `near`.
    pub(super) async fn arrive(&self) {
        use std::os::fd::AsRawFd;
        loop {
            let mut unsent: libc::c_int = 0;
            // SAFETY: the call writes one number to where it is told to.
            let asked =
                unsafe { libc::ioctl(self.client.as_raw_fd(), libc::TIOCOUTQ, &raw mut unsent) };
            assert_eq!(asked, 0);
            if unsent == 0 {
                return;
            }
            minato::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Polls once, and lets what is under way arrive.
pub(super) async fn step<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    if let std::task::Poll::Ready(done) = futures::poll!(future.as_mut()) {
        return Some(done);
    }
    minato::time::sleep(Duration::from_millis(1)).await;
    None
}

/// How many descriptors of this process are ends of pipes.
pub(super) fn pipe_ends() -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("pipe:"))
        .count()
}

fn reset(stream: &mut StdStream) {
    socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
    let unconnected = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    *stream = unconnected.unwrap().into();
}
