//! Counts allocations: one per spawned task, two when its future is large, at most one per bound
//! socket, and none per operation.
//!
//! One test at a time, in a program of its own: the counter is the process's allocator.

mod kit;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Waker};
use std::time::Duration;

use minato::io::{self, AsyncReadExt, AsyncWriteExt};
use minato::net::udp::{RecvBatch, Transmit};
use minato::net::{TcpStream, UdpSocket};
use minato::task::yield_now;

use kit::{current_thread, pair};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };

    /// The allocations of at least [`LARGE`] bytes that are not freed.
    static LIVING: Cell<isize> = const { Cell::new(0) };
}

/// What is no task and no table of a few connections: a buffer.
const LARGE: usize = 4096;

fn note_large(layout: Layout, change: isize) {
    if layout.size() >= LARGE {
        LIVING.with(|living| living.set(living.get() + change));
    }
}

// SAFETY: every call is passed on unchanged to the system's allocator; counting touches a plain
// thread-local without a destructor, which allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        note_large(layout, 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        note_large(layout, -1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        note_large(layout, -1);
        if let Ok(layout) = Layout::from_size_align(size, layout.align()) {
            note_large(layout, 1);
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How many allocations this thread makes in `body`.
async fn count<T>(body: impl Future<Output = T>) -> usize {
    let before = COUNT.with(Cell::get);
    body.await;
    COUNT.with(Cell::get) - before
}

fn counting(body: impl Future<Output = ()>) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    current_thread().block_on(body);
}

fn large<const BYTES: usize>() -> impl Future<Output = u8> + Send {
    let kept = [1_u8; BYTES];
    async move {
        yield_now().await;
        kept[BYTES - 1]
    }
}

const ROUNDS: usize = 100;

#[test]
fn a_task_is_one_allocation_and_a_large_one_two() {
    counting(async {
        async fn spawned<const BYTES: usize>() {
            for _ in 0..ROUNDS {
                assert_eq!(minato::spawn(large::<BYTES>()).await.unwrap(), 1);
            }
        }
        // Whatever grows on the first use has grown.
        spawned::<64>().await;
        assert_eq!(count(spawned::<64>()).await, ROUNDS);
        assert_eq!(count(spawned::<1500>()).await, ROUNDS);
        assert_eq!(count(spawned::<2048>()).await, 2 * ROUNDS);
        assert_eq!(count(spawned::<20_000>()).await, 2 * ROUNDS);
    });
}

#[test]
fn the_canary_allocates_once_more_and_is_counted() {
    counting(async {
        async fn spawned() {
            for _ in 0..ROUNDS {
                let extra = Box::new(large::<64>());
                assert_eq!(minato::spawn(Box::into_pin(extra)).await.unwrap(), 1);
            }
        }
        spawned().await;
        assert_eq!(count(spawned()).await, 2 * ROUNDS);
    });
}

/// Polls once: the wait binds the socket.
async fn bind(stream: &mut TcpStream) {
    let mut byte = [0; 1];
    let mut read = pin!(stream.read(&mut byte));
    assert!(futures::poll!(&mut read).is_pending());
}

#[test]
fn a_socket_is_at_most_one_allocation_when_it_binds() {
    counting(async {
        let mut pairs = Vec::new();
        for _ in 0..40 {
            pairs.push(pair().await);
        }
        // The reactor's tables have room for as many already.
        for (one, other) in &mut pairs[..30] {
            bind(one).await;
            bind(other).await;
        }
        pairs.drain(..30);
        for (one, other) in &mut pairs {
            let made = count(async {
                bind(one).await;
                bind(other).await;
            });
            assert!(made.await <= 2);
        }
    });
}

#[test]
fn operations_and_waits_of_bound_sockets_allocate_nothing() {
    counting(async {
        let (mut one, mut other) = pair().await;
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        udp.connect(udp.local_addr().unwrap()).await.unwrap();
        let mut exchange = async |rounds: usize| {
            let mut buf = [0; 64];
            for _ in 0..rounds {
                let received = async {
                    let mut buf = [0; 64];
                    other.read_exact(&mut buf).await.unwrap();
                    other.write_all(&buf).await.unwrap();
                };
                let sent = async {
                    one.write_all(&[3; 64]).await.unwrap();
                    one.read_exact(&mut buf).await.unwrap();
                };
                futures::join!(received, sent);
                udp.send(&[1]).await.unwrap();
                udp.recv(&mut buf).await.unwrap();
                yield_now().await;
            }
        };
        exchange(5).await;
        assert_eq!(count(exchange(ROUNDS)).await, 0);
    });
}

#[test]
fn what_is_received_into_lent_memory_allocates_nothing() {
    counting(async {
        let (mut one, mut other) = pair().await;
        let udp = udp().await;
        udp.connect(udp.local_addr().unwrap()).await.unwrap();
        let mut exchange = async |rounds: usize| {
            let mut buf = [0; 64];
            for _ in 0..rounds {
                let received = async {
                    let lent = other.read_lent().await.unwrap().unwrap();
                    other.write_all_lent(lent).await.unwrap();
                };
                let sent = async {
                    one.write_all(&[3; 64]).await.unwrap();
                    one.read_exact(&mut buf).await.unwrap();
                };
                futures::join!(received, sent);
                udp.send(&[1]).await.unwrap();
                assert_eq!(&udp.recv_lent().await.unwrap()[..], [1]);
                yield_now().await;
            }
        };
        exchange(5).await;
        assert_eq!(count(exchange(ROUNDS)).await, 0);
    });
}

/// A reader, of whichever kind, that waits behind a first message.
enum Waiting {
    Lent,
    Copy,
    CopyBoth,
    OwnBuffer,
}

/// Serves many connections of `kind`, sends a message to each and reads it again; returns how many
/// more buffers there are while all of them wait for the next.
async fn buffers_of(kind: Waiting, connections: usize) -> isize {
    let mut pairs = Vec::with_capacity(connections);
    for _ in 0..connections {
        pairs.push(pair().await);
    }
    let (mut clients, accepted): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let mut servers = minato::task::JoinSet::new();
    let before = LIVING.with(Cell::get);
    for mut server in accepted {
        match kind {
            Waiting::Lent => servers.spawn(async move {
                loop {
                    let Some(lent) = server.read_lent().await? else { return Ok(()) };
                    server.write_all_lent(lent).await?;
                }
            }),
            Waiting::Copy => servers.spawn(async move {
                let (mut reader, mut writer) = server.split();
                io::copy(&mut reader, &mut writer).await.map(drop)
            }),
            Waiting::CopyBoth => servers.spawn(async move {
                let (mut near, mut far) = io::duplex(LARGE / 2);
                let echoing = async {
                    let (mut reader, mut writer) = io::split(&mut far);
                    io::copy(&mut reader, &mut writer).await?;
                    writer.shutdown().await
                };
                let relay = io::copy_bidirectional(&mut server, &mut near);
                futures::try_join!(relay, echoing).map(drop)
            }),
            Waiting::OwnBuffer => servers.spawn(kit::echo(server)),
        };
    }
    for client in &mut clients {
        client.write_all(&[7; 64]).await.unwrap();
        client.read_exact(&mut [0; 64]).await.unwrap();
    }
    let more = LIVING.with(Cell::get) - before;
    drop(clients);
    for served in servers.join_all().await {
        served.unwrap();
    }
    more
}

#[test]
fn connections_that_wait_hold_no_buffer() {
    counting(async {
        for kind in [Waiting::Lent, Waiting::Copy, Waiting::CopyBoth] {
            // Those that the thread keeps for all, and a table that has grown.
            assert!(buffers_of(kind, 300).await < 20);
        }
        assert!(buffers_of(Waiting::OwnBuffer, 300).await > 280, "the canary holds one each");
    });
}

/// Neither a target given as an address nor a batch that is used again is allocated for.
#[test]
fn datagrams_to_and_from_anybody_allocate_nothing() {
    counting(async {
        let (one, other) = (udp().await, udp().await);
        let (at_one, at_other) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        let mut batch = RecvBatch::new();
        let contents = [4; 300];
        let transmit = Transmit::new(at_other, &contents).segment_size(100);
        let mut exchange = async |rounds: usize| {
            let mut buf = [0; 64];
            for _ in 0..rounds {
                one.send_to(&[1], at_other).await.unwrap();
                one.send_to(&[2], (at_other.ip(), at_other.port())).await.unwrap();
                one.send_to(&[3], &at_other).await.unwrap();
                one.send_batch(&transmit).await.unwrap();
                let mut received = 0;
                while received < 6 {
                    other.recv_batch(&mut batch).await.unwrap();
                    received += batch.iter().filter(|(_, meta)| meta.from == at_one).count();
                }
                other.send_to(&[5], at_one).await.unwrap();
                let (len, from) = one.recv_from(&mut buf).await.unwrap();
                assert_eq!((len, from), (1, at_other));
                // One that waits.
                let waiting = async { one.recv_from(&mut [0; 64]).await.unwrap() };
                futures::join!(waiting, async { other.send_to(&[6], at_one).await.unwrap() });
                yield_now().await;
            }
        };
        exchange(5).await;
        assert_eq!(count(exchange(ROUNDS)).await, 0);
    });
}

async fn udp() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

#[test]
fn timers_allocate_nothing_once_the_wheel_has_grown() {
    counting(async {
        async fn sleeps(count: usize) {
            for _ in 0..count {
                minato::time::sleep(Duration::from_millis(1)).await;
                let long = pin!(minato::time::sleep(Duration::from_secs(60)));
                let mut cx = Context::from_waker(Waker::noop());
                assert!(long.poll(&mut cx).is_pending());
            }
        }
        sleeps(3).await;
        assert_eq!(count(sleeps(10)).await, 0);
    });
}
