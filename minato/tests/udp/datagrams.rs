//! Datagrams: whole, empty, too long, to anybody and to a peer.

use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use futures::future;
use minato::io::ReadBuf;
use minato::net::UdpSocket;

use crate::kit::bodies::everywhere;
use crate::{connected_pair, local};

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

#[test]
fn datagrams_on_the_loopback_keep_their_order() {
    everywhere(|| async {
        let ((one, _), (two, _), (receiver, at)) = (local().await?, local().await?, local().await?);
        for number in 0..60_u8 {
            let sender = if number % 3 == 0 { &one } else { &two };
            sender.send_to(&[number], at).await?;
        }
        let mut byte = [0];
        for number in 0..60_u8 {
            receiver.recv(&mut byte).await?;
            assert_eq!(byte, [number]);
        }
        Ok(())
    });
}

#[test]
fn a_packet_of_ipv6_has_room_for_more() {
    everywhere(|| async {
        let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
            println!("skipped: no IPv6 here");
            return Ok(());
        };
        let at = socket.local_addr()?;
        let error = socket.send_to(&[7; 65_528], at).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        assert_eq!(socket.send_to(&[7; 65_527], at).await?, 65_527);
        let mut bytes = vec![0; 1 << 16];
        assert_eq!(socket.recv(&mut bytes).await?, 65_527);
        Ok(())
    });
}
