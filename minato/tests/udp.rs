//! UDP: whole datagrams over both engines.

mod everywhere;

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use everywhere::{CountingWaker, everywhere, on_the_system, poll_with, simulated, stays_pending};
use futures::future;
use minato::engine::{Engine, Interest};
use minato::io::ReadBuf;
use minato::net::UdpSocket;
use minato::reactor::Reactor;
use minato::runtime::Builder;
use minato::sim::World;

async fn local() -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Two sockets, each connected to the other.
async fn connected_pair() -> io::Result<(UdpSocket, UdpSocket)> {
    let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
    a.connect(at_b).await?;
    b.connect(at_a).await?;
    Ok((a, b))
}

#[test]
fn echo_to_any_address() {
    everywhere(|| async {
        let ((server, at_server), (client, at_client)) = (local().await?, local().await?);
        let serve = async {
            let mut buf = [0; 2048];
            for _ in 0..20 {
                let (len, from) = server.recv_from(&mut buf).await?;
                assert_eq!(from, at_client);
                assert_eq!(server.send_to(&buf[..len], from).await?, len);
            }
            io::Result::Ok(())
        };
        let drive = async {
            let mut buf = [0; 2048];
            for round in 0..20 {
                let sent: Vec<u8> = (0..round * 71).map(|at| (at + round) as u8).collect();
                client.send_to(&sent, at_server).await?;
                let (len, from) = client.recv_from(&mut buf).await?;
                assert_eq!((&buf[..len], from), (&sent[..], at_server));
            }
            io::Result::Ok(())
        };
        let (served, driven) = future::join(serve, drive).await;
        served.and(driven)
    });
}

#[test]
fn echo_between_connected_sockets() {
    everywhere(|| async {
        let (a, b) = connected_pair().await?;
        assert_eq!(a.peer_addr()?, b.local_addr()?);
        a.send(b"ping").await?;
        let mut buf = Vec::with_capacity(64);
        assert_eq!(b.recv_buf(&mut buf).await?, 4);
        assert_eq!(b.send(&buf).await?, 4);
        let mut buf = [0; 16];
        assert_eq!(a.recv(&mut buf).await?, 4);
        assert_eq!(&buf[..4], b"ping");
        Ok(())
    });
}

#[test]
fn the_poll_and_try_forms_agree_with_the_async_ones() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        let mut memory = [0; 32];
        assert_eq!(b.try_recv_from(&mut memory).unwrap_err().kind(), ErrorKind::WouldBlock);

        assert_eq!(poll_fn(|cx| a.poll_send_to(cx, b"one", at_b)).await?, 3);
        let mut buf = ReadBuf::new(&mut memory);
        assert_eq!(poll_fn(|cx| b.poll_peek_sender(cx)).await?, at_a);
        assert_eq!(poll_fn(|cx| b.poll_peek_from(cx, &mut buf)).await?, at_a);
        assert_eq!(poll_fn(|cx| b.poll_recv_from(cx, &mut buf)).await?, at_a);
        assert_eq!(buf.filled(), b"oneone");

        a.connect(at_b).await?;
        assert_eq!(poll_fn(|cx| a.poll_send(cx, b"two")).await?, 3);
        buf.clear();
        poll_fn(|cx| b.poll_peek(cx, &mut buf)).await?;
        poll_fn(|cx| b.poll_recv(cx, &mut buf)).await?;
        assert_eq!(buf.filled(), b"twotwo");

        a.writable().await?;
        assert_eq!(a.try_send(b"three")?, 5);
        assert_eq!(a.try_send_to(b"four", at_b)?, 4);
        b.readable().await?;
        assert_eq!(b.peek_sender().await?, at_a);
        assert_eq!(b.try_peek_sender()?, at_a);
        let mut seen = Vec::new();
        for _ in 0..2 {
            let mut buf = Vec::with_capacity(8);
            let (len, from) = b.recv_buf_from(&mut buf).await?;
            assert_eq!((len, from), (buf.len(), at_a));
            seen.push(buf);
        }
        seen.sort();
        assert_eq!(seen, [b"four".to_vec(), b"three".to_vec()]);
        assert_eq!(b.try_recv(&mut memory).unwrap_err().kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

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

#[test]
fn truncation_is_told() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        for text in [&b"exactly8"[..], b"longer than 8", b"short"] {
            a.send_to(text, at_b).await?;
            let mut buf = [0; 8];
            let received = b.recv_dgram_from(&mut buf).await?;
            assert_eq!(received.len, text.len().min(8));
            assert_eq!(&buf[..received.len], &text[..received.len]);
            assert_eq!((received.truncated, received.from), (text.len() > 8, at_a));
        }
        assert_eq!(b.try_recv_dgram_from(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

#[test]
fn an_empty_datagram_is_a_datagram() {
    everywhere(|| async {
        let (a, b) = connected_pair().await?;
        let at_a = a.local_addr()?;
        assert_eq!(a.send(b"").await?, 0);
        assert_eq!(b.recv_from(&mut [0; 8]).await?, (0, at_a));
        // A buffer without room takes one datagram, too, and no more.
        a.send(b"lost").await?;
        a.send(b"kept").await?;
        let received = b.recv_dgram_from(&mut []).await?;
        assert_eq!((received.len, received.truncated), (0, true));
        assert_eq!(b.recv(&mut [0; 8]).await?, 4);
        assert_eq!(b.try_recv(&mut []).unwrap_err().kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

#[test]
fn an_oversized_datagram_is_refused_by_the_kernel() {
    everywhere(|| async {
        let ((a, at_a), (_b, at_b)) = (local().await?, local().await?);
        let large = vec![0; 70_000];
        let error = a.send_to(&large, at_b).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        let error = a.send(b"to nobody").await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EDESTADDRREQ));
        let error = a.peer_addr().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOTCONN));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, at_a.port()));
        let error = a.send_to(b"other family", v6).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
        Ok(())
    });
}

#[test]
fn the_first_address_that_can_be_used_is_used() {
    everywhere(|| async {
        let (taken, at_taken) = local().await?;
        let addresses = [at_taken, SocketAddr::from(([127, 0, 0, 1], 0))];
        let socket = UdpSocket::bind(&addresses[..]).await?;
        assert_ne!(socket.local_addr()?, at_taken);
        let error = UdpSocket::bind(at_taken).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 9));
        socket.connect(&[v6, at_taken][..]).await?;
        assert_eq!(socket.peer_addr()?, at_taken);
        assert!(socket.connect(v6).await.is_err());
        let error = UdpSocket::bind(&[][..] as &[SocketAddr]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        drop(taken);
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
        let (count, waker) = CountingWaker::new();
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
        assert_eq!(count.wakes(), 0);
        assert_eq!(Arc::strong_count(&count), 1, "the socket keeps no clone of the waker");
        Ok(())
    });
}

#[test]
fn by_value_and_back() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        let (a, text) = a.send_dgram(String::from("a long way"), at_b).await?;
        assert_eq!(text, "a long way");
        let (b, buf, received) = b.recv_dgram([0; 6]).await?;
        assert_eq!(&buf[..received.len], b"a long");
        assert_eq!((received.from, received.truncated), (at_a, true));
        let (a, _) = a.send_dgram("", at_b).await?;
        let (_, _, received) = b.recv_dgram(vec![0; 6]).await?;
        assert_eq!((received.len, received.truncated), (0, false));
        drop(a);
        Ok(())
    });
}

#[test]
fn by_value_nothing_is_lost() {
    everywhere(|| async {
        let (socket, address) = local().await?;
        // Given up before a datagram came.
        let mut receiving = socket.recv_dgram(vec![7; 4]);
        assert!(stays_pending(&mut receiving).await);
        let (socket, buf) = receiving.into_parts().unwrap();
        assert_eq!(buf, [7; 4]);
        // After an error.
        let mut sending = socket.send_dgram(vec![0; 70_000], address);
        let error = (&mut sending).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        let (socket, buf) = sending.into_parts().unwrap();
        assert_eq!(buf.len(), 70_000);
        // Before it was polled at all.
        let (socket, text) = socket.send_dgram("unsent", address).into_parts().unwrap();
        assert_eq!(text, "unsent");
        // After success there is nothing to give back.
        let mut sending = socket.send_dgram("sent", address);
        let (socket, _) = (&mut sending).await?;
        assert!(sending.into_parts().is_none());
        let mut receiving = socket.recv_dgram([0; 8]);
        (&mut receiving).await?;
        assert!(receiving.into_parts().is_none());
        Ok(())
    });
}

#[test]
#[should_panic(expected = "SendDgram polled after completion")]
fn send_dgram_names_itself_when_polled_after_completion() {
    pollster::block_on(async {
        let (socket, address) = local().await.unwrap();
        let mut sending = socket.send_dgram("once", address);
        _ = (&mut sending).await;
        _ = (&mut sending).await;
    });
}

#[test]
#[should_panic(expected = "RecvDgram polled after completion")]
fn recv_dgram_names_itself_when_polled_after_completion() {
    pollster::block_on(async {
        let (socket, address) = local().await.unwrap();
        let (socket, _) = socket.send_dgram("once", address).await.unwrap();
        let mut receiving = socket.recv_dgram([0; 8]);
        _ = (&mut receiving).await;
        _ = (&mut receiving).await;
    });
}

#[test]
fn options_are_kept() {
    everywhere(|| async {
        let (socket, _) = local().await?;
        assert!(!socket.broadcast()?);
        socket.set_broadcast(true)?;
        assert!(socket.broadcast()?);
        socket.set_ttl(37)?;
        assert_eq!(socket.ttl()?, 37);
        assert!(socket.multicast_loop_v4()?);
        socket.set_multicast_loop_v4(false)?;
        assert!(!socket.multicast_loop_v4()?);
        assert_eq!(socket.multicast_ttl_v4()?, 1);
        socket.set_multicast_ttl_v4(3)?;
        assert_eq!(socket.multicast_ttl_v4()?, 3);
        let before = socket.recv_buffer_size()?;
        socket.set_recv_buffer_size(before / 4)?;
        assert!(socket.recv_buffer_size()? < before);
        let before = socket.send_buffer_size()?;
        socket.set_send_buffer_size(before / 4)?;
        assert!(socket.send_buffer_size()? < before);
        Ok(())
    });
}

#[test]
fn a_broadcast_needs_leave_and_arrives() {
    let body = |everybody: Ipv4Addr| {
        move || async move {
            let receiver = UdpSocket::bind("0.0.0.0:0").await?;
            let sender = UdpSocket::bind("0.0.0.0:0").await?;
            let everybody = SocketAddr::from((everybody, receiver.local_addr()?.port()));
            let error = sender.send_to(b"no leave", everybody).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EACCES));
            sender.set_broadcast(true)?;
            sender.send_to(b"to all", everybody).await?;
            assert_eq!(receiver.recv(&mut [0; 16]).await?, 6);
            Ok(())
        }
    };
    on_the_system(body(Ipv4Addr::new(127, 255, 255, 255)));
    simulated(body(Ipv4Addr::BROADCAST));
}

#[test]
fn a_multicast_reaches_members() {
    let group = Ipv4Addr::new(239, 255, 77, 1);
    everywhere(|| async move {
        let member = UdpSocket::bind("0.0.0.0:0").await?;
        let (sender, _) = local().await?;
        let target = SocketAddr::from((group, member.local_addr()?.port()));
        member.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        if let Err(error) = sender.send_to(b"dear members", target).await {
            println!("skipped: no route for multicasts here ({error})");
            return Ok(());
        }
        assert_eq!(member.recv(&mut [0; 16]).await?, 12);
        member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        assert!(member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());
        assert!(member.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED).is_err());
        Ok(())
    });
}

#[test]
fn ipv6_works_too() {
    everywhere(|| async {
        let socket = match UdpSocket::bind("[::1]:0").await {
            Ok(socket) => socket,
            Err(error) => {
                println!("skipped: no IPv6 here ({error})");
                return Ok(());
            }
        };
        let address = socket.local_addr()?;
        socket.send_to(b"six", address).await?;
        assert_eq!(socket.recv_from(&mut [0; 8]).await?, (3, address));
        socket.set_ttl(5)?;
        assert_eq!(socket.ttl()?, 5);
        assert!(socket.multicast_loop_v6()?);
        socket.set_multicast_loop_v6(false)?;
        assert!(!socket.multicast_loop_v6()?);
        Ok(())
    });
}

#[test]
fn a_blocking_socket_of_std_is_made_non_blocking_and_given_back() {
    on_the_system(|| async {
        let blocking = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let socket = UdpSocket::from_std(blocking)?;
        // A blocking socket would hang here.
        assert_eq!(socket.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(stays_pending(&mut pin!(socket.readable())).await);
        let address = socket.local_addr()?;

        let back = socket.into_std()?;
        back.set_nonblocking(false)?;
        back.send_to(b"by std", address)?;
        assert_eq!(back.recv_from(&mut [0; 8])?, (6, address));

        // Once more: it must have been deregistered, or this registration would fail.
        let again = UdpSocket::try_from(back)?;
        assert!(stays_pending(&mut pin!(again.readable())).await);
        again.send_to(b"again", address).await?;
        assert_eq!(again.recv(&mut [0; 8]).await?, 5);
        Ok(())
    });
}

#[test]
fn what_is_no_udp_socket_is_refused() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = UdpSocket::try_from(std::os::fd::OwnedFd::from(file)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = UdpSocket::try_from(std::os::fd::OwnedFd::from(tcp)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("Tcp") && error.to_string().contains("Udp"), "{error}");
    let (unix, _) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let error = UdpSocket::try_from(std::os::fd::OwnedFd::from(unix)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_simulated_socket_has_no_descriptor() {
    simulated(|| async {
        let (socket, _) = local().await?;
        let error = socket.into_std().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("sim engine"), "{error}");
        let std = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let error = UdpSocket::from_std(std).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("sim engine"), "{error}");
        Ok(())
    });
}

#[test]
fn bound_to_a_reactor_by_hand() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let socket = pollster::block_on(UdpSocket::bind_on(&handle, "127.0.0.1:0")).unwrap();
    let address = socket.local_addr().unwrap();
    let (count, waker) = CountingWaker::new();
    let mut buf = [0; 8];
    {
        let mut receiving = Box::pin(socket.recv_from(&mut buf));
        assert!(poll_with(&mut receiving, &waker).is_pending());
        assert!(!reactor.is_idle());
        socket.try_send_to(b"by hand", address).unwrap();
        while count.wakes() == 0 {
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
fn a_handle_of_a_simulated_reactor_takes_no_descriptor() {
    let world = World::new(1);
    let reactor = Reactor::with_engine(Engine::sim(world.host("alone"))).unwrap();
    let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let error = UdpSocket::from_std_on(&reactor.handle(), std).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
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
