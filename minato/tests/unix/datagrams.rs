//! Datagrams, and senders that wait for room.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use minato::io::ReadBuf;
use minato::net::UnixDatagram;

use crate::directory;
use crate::kit::bodies::{everywhere, stays_pending};
use crate::kit::current_thread;

/// So a loop over a socket that always has room gives the thread back.
#[test]
fn sending_to_a_path_counts_against_the_budget() {
    let runtime = current_thread();
    runtime.block_on(async {
        let directory = directory();
        let path = directory.path().join("harbour");
        let (harbour, ship) =
            (UnixDatagram::bind(&path).unwrap(), UnixDatagram::unbound().unwrap());
        let mut sent = 0;
        while ship.send_to(b"x", &path).now_or_never().is_some() {
            assert_eq!(harbour.try_recv(&mut [0; 4]).unwrap(), 1);
            sent += 1;
            assert!(sent <= 1000, "the loop does not end");
        }
    });
}

#[test]
fn datagrams_between_paths() {
    everywhere(|| async {
        let directory = directory();
        let (at_a, at_b) = (directory.path().join("a"), directory.path().join("b"));
        let (a, b) = (UnixDatagram::bind(&at_a)?, UnixDatagram::bind(&at_b)?);
        assert_eq!(a.send_to(b"whole", &at_b).await?, 5);
        let mut buf = [0; 3];
        let (len, from) = b.recv_from(&mut buf).await?;
        assert_eq!((len, &buf, from.as_pathname()), (3, b"who", Some(&*at_a)));

        assert_eq!(poll_fn(|cx| a.poll_send_to(cx, b"", &at_b)).await?, 0);
        let mut memory = [0; 8];
        let mut window = ReadBuf::new(&mut memory);
        let from = poll_fn(|cx| b.poll_recv_from(cx, &mut window)).await?;
        assert_eq!((window.filled().len(), from.as_pathname()), (0, Some(&*at_a)));

        // Nobody can answer a sender that was never bound, but it is received all the same.
        let unbound = UnixDatagram::unbound()?;
        assert_eq!(unbound.try_send_to(b"anonymous", &at_b)?, 9);
        b.readable().await?;
        let mut buf = Vec::with_capacity(16);
        let (len, from) = b.recv_buf_from(&mut buf).await?;
        assert!((len, from.is_unnamed()) == (9, true));
        assert_eq!(b.try_recv_from(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);

        unbound.connect(&at_a)?;
        assert_eq!(unbound.peer_addr()?.as_pathname(), Some(&*at_a));
        unbound.send(b"connected").await?;
        assert_eq!(a.recv(&mut [0; 16]).await?, 9);
        let error = unbound.send_to(b"x", directory.path().join("nobody")).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        let error = a.send(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        Ok(())
    });
}

#[test]
fn two_datagrams_in_one_event_go_to_two_waiting_tasks() {
    everywhere(|| async {
        let (one, two) = UnixDatagram::pair()?;
        let two = Arc::new(two);
        let receive = |socket: Arc<UnixDatagram>| async move {
            let mut buf = [0; 64];
            socket.recv(&mut buf).await
        };
        let first = minato::spawn(receive(two.clone()));
        let second = minato::spawn(receive(two.clone()));
        minato::task::yield_now().await;
        one.send(b"1").await?;
        one.send(b"22").await?;
        let mut lens = [first.await??, second.await??];
        lens.sort();
        assert_eq!(lens, [1, 2]);
        Ok(())
    });
}

#[test]
fn a_sender_waits_for_room_and_nothing_is_lost() {
    everywhere(|| async {
        let (one, two) = UnixDatagram::pair()?;
        let mut queued = 0_usize;
        while one.try_send(&queued.to_ne_bytes()).is_ok() {
            queued += 1;
        }
        let last = queued.to_ne_bytes();
        let mut sending = pin!(one.send(&last));
        assert!(stays_pending(&mut sending).await);
        let mut buf = [0; 8];
        for number in 0..queued {
            assert_eq!(two.recv(&mut buf).await?, 8);
            assert_eq!(usize::from_ne_bytes(buf), number);
        }
        sending.await?;
        assert_eq!(two.recv(&mut buf).await?, 8);
        assert_eq!(buf, last);
        Ok(())
    });
}

/// The queue of the target is full of other senders' datagrams: the system tells this sender
/// nothing about it.
#[test]
fn a_sender_waits_for_room_at_a_target_it_is_not_connected_to() {
    everywhere(|| async {
        let directory = directory();
        let path = directory.path().join("busy");
        let receiver = UnixDatagram::bind(&path)?;
        let (other, sender) = (UnixDatagram::unbound()?, UnixDatagram::unbound()?);
        while other.try_send_to(b"theirs", &path).is_ok() {}
        let mut sending = pin!(sender.send_to(b"ours", &path));
        assert!(stays_pending(&mut sending).await);
        let mut buf = [0; 8];
        while receiver.try_recv(&mut buf).is_ok() {}
        sending.await?;
        assert_eq!(receiver.recv(&mut buf).await?, 4);
        Ok(())
    });
}

#[test]
fn half_a_datagram_socket_can_be_shut_down() {
    everywhere(|| async {
        let (one, two) = UnixDatagram::pair()?;
        one.send(b"before").await?;
        assert_eq!(two.recv(&mut [0; 8]).await?, 6);
        let mut buf = [0; 8];
        {
            let mut receiving = pin!(two.recv(&mut buf));
            assert!(stays_pending(&mut receiving).await);
            one.send(b"queued").await?;
            two.shutdown_half(Shutdown::Read)?;
            assert_eq!(receiving.await?, 6);
        }
        assert_eq!(two.recv(&mut buf).await?, 0);
        let (len, from) = two.recv_from(&mut buf).await?;
        assert!(len == 0 && from.is_unnamed());
        assert_eq!(one.send(b"after").await.unwrap_err().raw_os_error(), Some(libc::EPIPE));
        two.send(b"other way").await?;
        assert_eq!(one.recv(&mut [0; 16]).await?, 9);
        Ok(())
    });
}
