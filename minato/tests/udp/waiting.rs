//! Waiting: nobody who waits is forgotten, and nobody else is woken.

use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::future;
use minato::engine::Interest;
use minato::io::ReadBuf;
use minato::net::{UdpSocket, UnixDatagram};
use minato::reactor::Reactor;
use minato::runtime::Builder;

use crate::kit::bodies::{everywhere, on_the_system, poll_with, stays_pending};
use crate::kit::counting::Counting;
use crate::local;

/// Readiness must not be cleared by a short result: the second datagram came with the same event.
#[test]
fn two_datagrams_in_one_event_are_both_received() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let (mut large, mut other) = ([0; 1024], [0; 1024]);
        let mut first = pin!(b.recv_from(&mut large));
        assert!(stays_pending(&mut first).await, "nothing was sent yet");
        a.send_to(b"x", at_b).await?;
        a.send_to(b"y", at_b).await?;
        let (len, _) = first.await?;
        assert_eq!(len, 1);
        assert_eq!(b.recv_from(&mut other).await?.0, 1);
        Ok(())
    });
}

#[test]
fn a_peek_leaves_the_datagram_and_the_readiness() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        let mut buf = [0; 64];
        let mut waiting = pin!(b.readable());
        assert!(stays_pending(&mut waiting).await);
        a.send_to(b"still here", at_b).await?;
        waiting.await?;
        for _ in 0..3 {
            assert_eq!(b.peek_from(&mut buf[..2]).await?, (2, at_a));
            assert_eq!(b.try_peek(&mut buf)?, 10);
        }
        b.readable().await?;
        assert_eq!(b.recv_from(&mut buf).await?, (10, at_a));
        Ok(())
    });
}

/// A port that nobody receives at: the news wakes a receiver, comes out once, and is gone.
#[test]
fn nobody_there_wakes_a_receiver_once() {
    everywhere(|| async {
        let (gone, at_gone) = local().await?;
        let (socket, _) = local().await?;
        drop(gone);
        socket.connect(at_gone).await?;
        let mut buf = [0; 8];
        {
            let mut waiting = pin!(socket.recv(&mut buf));
            assert!(stays_pending(&mut waiting).await);
            socket.send(b"anybody?").await?;
            let error = waiting.await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
        }
        assert_eq!(socket.try_recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(socket.take_error()?.is_none());
        // What is left of it in the readiness must not keep anybody running in circles.
        assert!(stays_pending(&mut pin!(socket.readable())).await);
        assert!(stays_pending(&mut pin!(socket.recv(&mut buf))).await);
        Ok(())
    });
}

#[test]
fn two_waiting_receivers_each_get_one_of_two_datagrams() {
    let body = |by_poll: bool| {
        move || async move {
            let ((a, _), (b, at_b)) = (local().await?, local().await?);
            let b = Arc::new(b);
            let receive = |b: Arc<UdpSocket>| async move {
                let mut memory = [0; 8];
                if by_poll {
                    let mut buf = ReadBuf::new(&mut memory);
                    poll_fn(|cx| b.poll_recv_from(cx, &mut buf)).await?;
                    io::Result::Ok(buf.filled().to_vec())
                } else {
                    let (len, _) = b.recv_from(&mut memory).await?;
                    io::Result::Ok(memory[..len].to_vec())
                }
            };
            let one = minato::spawn(receive(b.clone()));
            let two = minato::spawn(receive(b.clone()));
            minato::task::yield_now().await;
            a.send_to(b"first", at_b).await?;
            a.send_to(b"second", at_b).await?;
            let mut got = [one.await??, two.await??];
            got.sort();
            assert_eq!(got, [b"first".to_vec(), b"second".to_vec()]);
            Ok(())
        }
    };
    everywhere(body(false));
    everywhere(body(true));
}

#[test]
fn a_dropped_wait_is_not_woken() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let (count, waker) = Counting::new();
        let mut buf = [0; 8];
        {
            let mut waiting = Box::pin(b.recv_from(&mut buf));
            assert!(poll_with(&mut waiting, &waker).is_pending());
            let mut ready = Box::pin(b.ready(Interest::READABLE));
            assert!(poll_with(&mut ready, &waker).is_pending());
        }
        a.send_to(b"late", at_b).await?;
        b.readable().await?;
        assert_eq!(b.recv_from(&mut buf).await?.0, 4);
        drop(waker);
        assert_eq!(count.count(), 0);
        assert_eq!(Arc::strong_count(&count), 1, "the socket keeps no clone of the waker");
        Ok(())
    });
}

#[test]
fn bound_to_a_reactor_by_hand() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let socket = pollster::block_on(UdpSocket::bind_on(&handle, "127.0.0.1:0")).unwrap();
    let address = socket.local_addr().unwrap();
    let (count, waker) = Counting::new();
    let mut buf = [0; 8];
    {
        let mut receiving = Box::pin(socket.recv_from(&mut buf));
        assert!(poll_with(&mut receiving, &waker).is_pending());
        assert!(!reactor.is_idle());
        socket.try_send_to(b"by hand", address).unwrap();
        while count.count() == 0 {
            reactor.turn(None).unwrap();
        }
        let Poll::Ready(Ok((7, from))) = poll_with(&mut receiving, &waker) else {
            panic!("the datagram is there")
        };
        assert_eq!(from, address);
    }
    drop(reactor);
    let error = pollster::block_on(socket.readable()).err();
    let error = error.or_else(|| pollster::block_on(socket.recv(&mut buf)).err());
    assert!(error.unwrap().to_string().contains("shut down"));
}

#[test]
fn a_socket_outlives_the_runtime_that_first_polled_it() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let socket = runtime
        .block_on(async {
            let (socket, address) = local().await?;
            let mut buf = [0; 8];
            let (received, sent) =
                future::join(socket.recv(&mut buf), socket.send_to(b"1", address)).await;
            received.and(sent).map(|_| socket)
        })
        .unwrap();
    drop(runtime);
    pollster::block_on(async {
        let address = socket.local_addr()?;
        let mut buf = [0; 8];
        let mut receiving = pin!(socket.recv(&mut buf));
        assert!(stays_pending(&mut receiving).await);
        socket.send_to(b"22", address).await?;
        assert_eq!(receiving.await?, 2);
        io::Result::Ok(())
    })
    .unwrap();
}

/// Of either kind of datagram socket; the closure must not even be called.
#[test]
fn a_try_that_would_block_is_remembered_before_any_wait() {
    let unready = || -> io::Result<()> { panic!("called though the last try would block") };
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let ((a, _), (b, at_b)) = (local().await.unwrap(), local().await.unwrap());
        let blocked = b.try_io(Interest::READABLE, || b.try_recv(&mut [0; 4]));
        assert_eq!(blocked.unwrap_err().kind(), ErrorKind::WouldBlock);
        let again = b.try_io(Interest::READABLE, unready);
        assert_eq!(again.unwrap_err().kind(), ErrorKind::WouldBlock);
        a.send_to(b"x", at_b).await.unwrap();
        b.readable().await.unwrap();
        assert_eq!(b.try_recv(&mut [0; 4]).unwrap(), 1);

        let (one, two) = UnixDatagram::pair().unwrap();
        let blocked = one.try_io(Interest::READABLE, || one.try_recv(&mut [0; 4]));
        assert_eq!(blocked.unwrap_err().kind(), ErrorKind::WouldBlock);
        let again = one.try_io(Interest::READABLE, unready);
        assert_eq!(again.unwrap_err().kind(), ErrorKind::WouldBlock);
        two.send(b"x").await.unwrap();
        one.readable().await.unwrap();
        assert_eq!(one.try_recv(&mut [0; 4]).unwrap(), 1);
    });
}

/// No event tells of room before a send has found none. From then on one does.
#[test]
fn a_sender_that_finds_no_room_is_told_of_it() {
    on_the_system(|| async {
        let (socket, _) = local().await?;
        // Registered, and taken to have room.
        assert!(stays_pending(&mut pin!(socket.readable())).await);
        socket.writable().await?;
        for _ in 0..3 {
            let mut tries = 0;
            let full_at_first = || {
                tries += 1;
                if tries == 1 { Err(ErrorKind::WouldBlock.into()) } else { Ok(tries) }
            };
            assert_eq!(socket.async_io(Interest::WRITABLE, full_at_first).await?, 2);
            let full = || io::Result::<()>::Err(ErrorKind::WouldBlock.into());
            assert!(socket.try_io(Interest::WRITABLE, full).is_err());
            poll_fn(|cx| socket.poll_send_ready(cx)).await?;
        }
        // What never waited before.
        let (fresh, _) = local().await?;
        let full = || io::Result::<()>::Err(ErrorKind::WouldBlock.into());
        assert!(fresh.try_io(Interest::WRITABLE, full).is_err());
        fresh.writable().await
    });
}
