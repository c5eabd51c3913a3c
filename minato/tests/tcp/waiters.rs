//! Who waits: several tasks in one direction, more pollers than are kept, futures by hand.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use minato::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use minato::net::TcpStream;
use minato::time::sleep;

use crate::kit::counting::Counting;
use crate::kit::{At, Beside, cases, foreign, net};

cases! {
    two_tasks_in_one_direction_are_both_woken [];
    more_pollers_than_are_kept [];
    pollers_do_not_wake_each_other_in_a_circle [];
    a_poller_that_waits_twice_is_woken_once [];
    a_future_by_hand [];
    a_poll_moves_to_another_task [];
    readiness_by_poll [];
    a_waker_may_use_the_socket_when_it_is_cloned_woken_or_dropped [];
    a_waker_that_is_replaced_may_drop_a_wait_of_the_same_socket [];
    a_waker_may_use_timers_when_it_is_cloned_woken_or_dropped [];
    a_panic_of_a_waker_that_is_driven_out_does_not_reach_the_one_who_joins [];
}

type Shared = Arc<Mutex<TcpStream>>;

/// Reads one byte through a stream that several tasks share.
fn read_one(at: &At, stream: &Shared) -> Beside<u8> {
    let stream = stream.clone();
    at.beside(poll_fn(move |cx| {
        let mut byte = [0];
        let mut buf = ReadBuf::new(&mut byte);
        let mut stream = stream.lock().unwrap();
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf)).unwrap();
        assert_eq!(buf.filled().len(), 1, "the stream ended");
        Poll::Ready(byte[0])
    }))
}

async fn two_tasks_in_one_direction_are_both_woken(at: At) {
    let (mut client, server) = net::pair().await;
    let server = Arc::new(Mutex::new(server));
    let (one, two) = (read_one(&at, &server), read_one(&at, &server));
    at.deliver().await;
    client.write_all(b"a").await.unwrap();
    at.deliver().await;
    client.write_all(b"b").await.unwrap();
    let mut bytes = [one.await, two.await];
    bytes.sort();
    assert_eq!(&bytes, b"ab");
}

async fn more_pollers_than_are_kept(at: At) {
    const COUNT: usize = 25;
    let (mut client, server) = net::pair().await;
    let server = Arc::new(Mutex::new(server));
    let readers: Vec<_> = (0..COUNT).map(|_| read_one(&at, &server)).collect();
    at.deliver().await;
    for byte in 0..COUNT as u8 {
        client.write_all(&[byte]).await.unwrap();
    }
    let mut bytes = futures::future::join_all(readers).await;
    bytes.sort();
    assert!(bytes.into_iter().eq(0..COUNT as u8));
}

/// Many tasks wait by poll, and nothing happens: they come to rest, and none is forgotten.
async fn pollers_do_not_wake_each_other_in_a_circle(at: At) {
    const COUNT: usize = 150;
    let (mut client, server) = net::pair().await;
    let server = Arc::new(server);
    let polls = Arc::new(AtomicUsize::new(0));
    let waiting: Vec<_> = (0..COUNT)
        .map(|_| {
            let (server, polls) = (server.clone(), polls.clone());
            at.beside(poll_fn(move |cx| {
                let polls = polls.fetch_add(1, Ordering::Relaxed);
                assert!(polls < 100 * COUNT, "the tasks do not come to rest");
                server.poll_read_ready(cx)
            }))
        })
        .collect();
    for _ in 0..20 {
        at.deliver().await;
    }
    client.write_all(b"x").await.unwrap();
    for ready in futures::future::join_all(waiting).await {
        ready.unwrap();
    }
}

async fn a_poller_that_waits_twice_is_woken_once(at: At) {
    let (mut client, mut server) = net::pair().await;
    let (count, waker) = Counting::new();
    let mut byte = [0; 8];
    for _ in 0..5 {
        let mut buf = ReadBuf::new(&mut byte);
        let polled = Pin::new(&mut server).poll_read(&mut Context::from_waker(&waker), &mut buf);
        assert!(polled.is_pending());
    }
    client.write_all(b"x").await.unwrap();
    server.readable().await.unwrap();
    at.deliver().await;
    assert_eq!(count.count(), 1);
    drop(server);
    at.deliver().await;
    assert_eq!(count.count(), 1);
}

/// The seed's own example of a future written by hand.
struct ReadExact<'a> {
    stream: &'a mut TcpStream,
    buf: &'a mut [u8],
    read: usize,
}

impl Future for ReadExact<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.read < this.buf.len() {
            let mut buf = ReadBuf::new(&mut this.buf[this.read..]);
            ready!(Pin::new(&mut *this.stream).poll_read(cx, &mut buf))?;
            match buf.filled().len() {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                read => this.read += read,
            }
        }
        Poll::Ready(Ok(()))
    }
}

async fn a_future_by_hand(at: At) {
    let (mut client, mut server) = net::pair().await;
    let reading = at.beside(async move {
        let mut buf = [0; 10];
        ReadExact { stream: &mut server, buf: &mut buf, read: 0 }.await.unwrap();
        let early = ReadExact { stream: &mut server, buf: &mut [0; 3], read: 0 }.await;
        (buf, early.unwrap_err().kind())
    });
    for chunk in [&b"0123"[..], b"45678", b"9ab"] {
        client.write_all(chunk).await.unwrap();
        at.deliver().await;
    }
    // One byte short of what the second wants.
    drop(client);
    let (bytes, early) = reading.await;
    assert_eq!(&bytes, b"0123456789");
    assert_eq!(early, io::ErrorKind::UnexpectedEof);
}

/// A stream that was polled in one task and moved is woken in the other.
async fn a_poll_moves_to_another_task(at: At) {
    let (mut client, mut server) = net::pair().await;
    let polled = poll_fn(|cx| {
        let mut byte = [0];
        Poll::Ready(Pin::new(&mut server).poll_read(cx, &mut ReadBuf::new(&mut byte)))
    });
    assert!(polled.await.is_pending());
    let reading = at.beside(async move { net::read_all(&mut server, 3).await });
    at.deliver().await;
    client.write_all(b"abc").await.unwrap();
    assert_eq!(reading.await, b"abc");
}

async fn readiness_by_poll(at: At) {
    let (client, server) = net::pair().await;
    poll_fn(|cx| client.poll_write_ready(cx)).await.unwrap();
    let waiting = at.beside(async move {
        poll_fn(|cx| server.poll_read_ready(cx)).await.unwrap();
        let mut buf = [0; 8];
        let mut buf = ReadBuf::new(&mut buf);
        let peeked = poll_fn(|cx| server.poll_peek(cx, &mut buf)).await.unwrap();
        (peeked, server.try_read(&mut [0; 8]).unwrap())
    });
    at.deliver().await;
    client.try_write(b"now").unwrap();
    assert_eq!(waiting.await, (3, 3));
}

/// Takes every lock that waiting for `stream` takes.
fn wait_in_every_way(stream: &TcpStream) {
    let mut cx = Context::from_waker(Waker::noop());
    _ = pin!(stream.readable()).poll(&mut cx);
    _ = stream.poll_read_ready(&mut cx);
    _ = stream.poll_write_ready(&mut cx);
}

async fn a_waker_may_use_the_socket_when_it_is_cloned_woken_or_dropped(_: At) {
    let (mut client, server) = net::pair().await;
    let server = Arc::new(server);
    let calls = Arc::new(AtomicUsize::new(0));
    let foreign = || {
        let (server, calls) = (Arc::downgrade(&server), calls.clone());
        foreign::calling(move || {
            calls.fetch_add(1, Ordering::Relaxed);
            if let Some(server) = server.upgrade() {
                wait_in_every_way(&server);
            }
        })
    };
    {
        // Each waker takes the place of the one before.
        let mut waiting = pin!(server.readable());
        for _ in 0..3 {
            let waker = foreign();
            assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
    }
    // More polls than are kept: some are woken, some dropped.
    for _ in 0..200 {
        let waker = foreign();
        for _ in 0..2 {
            assert!(server.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
        }
    }
    client.write_all(b"x").await.unwrap();
    server.readable().await.unwrap();
    assert_ne!(calls.load(Ordering::Relaxed), 0);
}

/// The first waker is that of an executor that is gone: with it goes its task, which waits too.
async fn a_waker_that_is_replaced_may_drop_a_wait_of_the_same_socket(_: At) {
    let (_client, server) = net::pair().await;
    let server = Arc::new(server);
    let of_the_task = server.clone();
    let mut task = Box::pin(async move { of_the_task.readable().await });
    assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let task = Mutex::new(Some(task));
    let mut waiting = pin!(server.readable());
    {
        let dropping = foreign::calling_at_last_drop(move || drop(task.lock().unwrap().take()));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&dropping)).is_pending());
    }
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(Arc::strong_count(&server), 1, "the task was not dropped");
}

async fn a_waker_may_use_timers_when_it_is_cloned_woken_or_dropped(_: At) {
    let long = || Box::pin(sleep(Duration::from_secs(3600)));
    let foreign = || {
        foreign::calling(move || {
            assert!(long().as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        })
    };
    let mut waiting = long();
    for _ in 0..3 {
        let waker = foreign();
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let waker = foreign();
    let mut short = pin!(sleep(Duration::from_millis(1)));
    _ = short.as_mut().poll(&mut Context::from_waker(&waker));
    sleep(Duration::from_millis(2)).await;
    assert!(short.poll(&mut Context::from_waker(&waker)).is_ready());
}

async fn a_panic_of_a_waker_that_is_driven_out_does_not_reach_the_one_who_joins(at: At) {
    let (mut client, server) = net::pair().await;
    let panicking: Vec<_> = (0..100).map(|_| foreign::panicking()).collect();
    for waker in &panicking {
        assert!(server.poll_read_ready(&mut Context::from_waker(waker)).is_pending());
    }
    // What is left of them is woken here, with one that does not panic behind them all.
    let (count, waker) = Counting::new();
    assert!(server.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
    client.write_all(b"x").await.unwrap();
    server.readable().await.unwrap();
    // The thread that turns the reactor may still be reporting the panics of the others.
    while count.count() == 0 {
        at.deliver().await;
    }
    assert_eq!(count.count(), 1);
}
