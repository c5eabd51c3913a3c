//! The contract of `engine/mod.rs` as far as a user can see it; `docs/GUARANTEES.md` names the
//! tests of every rule.

use std::io;
use std::net::Shutdown;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use minato::engine::Interest;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;

use crate::kit::{At, cases, net, watchdog};

cases! {
    rule_1_what_is_or_becomes_possible_is_reported [];
    rule_3_a_waker_may_use_the_socket_that_wakes_it [];
    rule_8_what_goes_around_the_verbs_first_passes_the_outbox [];
}

/// After a registration, and after each operation that would block.
async fn rule_1_what_is_or_becomes_possible_is_reported(at: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"before it is registered").await.unwrap();
    at.deliver().await;
    for round in 0..5 {
        server.readable().await.unwrap();
        let mut buf = [0; 64];
        assert!(server.try_read(&mut buf).unwrap() > 0);
        let would_block = server.try_read(&mut buf).unwrap_err();
        assert_eq!(would_block.kind(), io::ErrorKind::WouldBlock);
        if round % 2 == 0 {
            assert!(futures::poll!(pin!(server.readable())).is_pending());
        }
        client.write_all(b"after").await.unwrap();
    }
}

/// The number of the open descriptor whose own address is that of `stream`, which is not asked for
/// it: so the stream does not learn that there may be duplicates.
fn number_of(stream: &TcpStream) -> RawFd {
    let address = stream.local_addr().unwrap();
    let numbers = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut numbers = numbers.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is = |number: &RawFd| {
        // SAFETY: a descriptor that is not open is an error of the call, and this one is not
        // closed.
        let socket = unsafe { std::mem::ManuallyDrop::new(socket2::Socket::from_raw_fd(*number)) };
        socket.local_addr().is_ok_and(|local| local.as_socket() == Some(address))
    };
    numbers.find(is).expect("the stream has a descriptor")
}

/// The kernel goes on reporting a socket of which there is a duplicate. Its key is stale by then:
/// the event is counted, and nobody else is disturbed.
#[test]
fn rule_2_a_stale_key_is_counted_and_ignored() {
    let _watched = watchdog::watch("rule_2_a_stale_key_is_counted_and_ignored".to_owned());
    let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    let stale_keys = || handle.core_metrics(0).unwrap().stale_keys;
    runtime.block_on(async {
        let (mut one, other) = net::pair().await;
        assert!(futures::poll!(pin!(other.readable())).is_pending());
        // SAFETY: `dup` takes any number; what it gives is new, and owned once.
        let duplicate = unsafe { OwnedFd::from_raw_fd(libc::dup(number_of(&other))) };
        drop(other);
        assert_eq!(stale_keys(), 0);
        one.write_all(b"nobody reads this").await.unwrap();
        let (mut third, mut fourth) = net::pair().await;
        while stale_keys() == 0 {
            third.write_all(b"x").await.unwrap();
            assert_eq!(net::read_all(&mut fourth, 1).await, b"x");
        }
        drop(duplicate);
    });
}

/// No lock is held while a waker is called.
async fn rule_3_a_waker_may_use_the_socket_that_wakes_it(at: At) {
    struct Uses {
        stream: TcpStream,
        seen: Mutex<Option<usize>>,
        next: Waker,
    }

    impl Wake for Uses {
        fn wake(self: Arc<Self>) {
            let mut buf = [0; 8];
            let read = self.stream.try_read(&mut buf).ok();
            // Waits anew, in the very slot that calls this.
            let mut cx = Context::from_waker(&self.next);
            _ = self.stream.poll_read_ready(&mut cx);
            _ = self.stream.poll_write_ready(&mut cx);
            _ = pin!(self.stream.readable()).poll(&mut cx);
            *self.seen.lock().unwrap() = read;
            self.next.wake_by_ref();
        }
    }

    let (mut client, stream) = net::pair().await;
    let next = std::future::poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let uses = Arc::new(Uses { stream, seen: Mutex::default(), next });
    let waker = Waker::from(uses.clone());
    assert!(uses.stream.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
    client.write_all(b"four").await.unwrap();
    while uses.seen.lock().unwrap().is_none() {
        at.deliver().await;
    }
    assert_eq!(*uses.seen.lock().unwrap(), Some(4));
}

/// Bytes that a verb has taken are there, and in order, whatever comes after it.
async fn rule_8_what_goes_around_the_verbs_first_passes_the_outbox(_: At) {
    type End = fn(TcpStream);
    let ends: [End; 4] = [
        drop,
        |client| client.shutdown_half(Shutdown::Write).unwrap(),
        |client| {
            let sent = client.try_io(Interest::WRITABLE, || client.try_write(b"!"));
            assert_eq!(sent.unwrap(), 1);
        },
        |client| drop(client.into_std()),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let (mut client, mut server) = net::pair().await;
        client.write_all(b"taken").await.unwrap();
        end(client);
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.unwrap();
        let expected: &[u8] = if number == 2 { b"taken!" } else { b"taken" };
        assert_eq!(all, expected, "by way {number}");
    }
}
