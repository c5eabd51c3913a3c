//! Receiving many datagrams by one call: what they bring along, and what becomes of odd ones.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;

use futures::future;
use minato::net::UdpSocket;
use minato::net::udp::{Ecn, RecvBatch, RecvMeta, Transmit};

use crate::kit::bodies::{everywhere, on_the_system, poll_with, simulated, stays_pending};
use crate::kit::counting::Counting;
use crate::{connected_pair, local};

/// Receives `count` datagrams in batches.
async fn receive(
    socket: &UdpSocket,
    batch: &mut RecvBatch,
    count: usize,
) -> io::Result<Vec<(Vec<u8>, RecvMeta)>> {
    let mut all = Vec::new();
    while all.len() < count {
        let received = socket.recv_batch(batch).await?;
        assert!(received > 0 && !batch.is_empty());
        assert_eq!(batch.len(), received);
        all.extend(batch.iter().map(|(bytes, meta)| (bytes.to_vec(), *meta)));
    }
    assert_eq!(all.len(), count);
    Ok(all)
}

#[test]
fn a_batch_brings_all_that_was_sent_from_everybody() {
    everywhere(|| async {
        let (b, at_b) = local().await?;
        let senders = [local().await?, local().await?, local().await?];
        let mut batch = RecvBatch::new();
        for (number, (sender, _)) in senders.iter().enumerate() {
            let contents = vec![number as u8; 10 * (100 + number)];
            let mut transmit = Transmit::new(at_b, &contents[..]).segment_size(100 + number);
            sender.send_batch_all(&mut transmit).await?;
        }
        let mut counts = BTreeMap::new();
        for (bytes, meta) in receive(&b, &mut batch, 30).await? {
            let number = usize::from(bytes[0]);
            assert_eq!(bytes, vec![number as u8; 100 + number]);
            assert_eq!(meta.from, senders[number].1);
            assert_eq!(meta.stride, bytes.len());
            assert!(meta.len >= meta.stride && !meta.truncated);
            *counts.entry(number).or_insert(0) += 1;
        }
        assert_eq!(counts, BTreeMap::from([(0, 10), (1, 10), (2, 10)]));
        Ok(())
    });
}

#[test]
fn marks_of_congestion_travel() {
    let body = |address: &'static str| {
        move || async move {
            let (a, b) = match (UdpSocket::bind(address).await, UdpSocket::bind(address).await) {
                (Ok(a), Ok(b)) => (a, b),
                (Err(error), _) | (_, Err(error)) => {
                    println!("skipped: no {address} here ({error})");
                    return Ok(());
                }
            };
            let mut batch = RecvBatch::new();
            for ecn in [None, Some(Ecn::Ect0), Some(Ecn::Ect1), Some(Ecn::Ce)] {
                let mut transmit =
                    Transmit::new(b.local_addr()?, b"marked".repeat(3)).segment_size(6);
                transmit.ecn = ecn;
                // Before the first batch was asked for, nobody tells.
                _ = b.try_recv_batch(&mut batch);
                a.send_batch(&transmit).await?;
                for (bytes, meta) in receive(&b, &mut batch, 3).await? {
                    assert_eq!((&bytes[..], meta.ecn), (&b"marked"[..], ecn));
                }
            }
            Ok(())
        }
    };
    everywhere(body("127.0.0.1:0"));
    everywhere(body("[::1]:0"));
}

#[test]
fn a_datagram_tells_where_it_was_sent_to() {
    everywhere(|| async {
        let server = UdpSocket::bind("0.0.0.0:0").await?;
        let client = UdpSocket::bind("0.0.0.0:0").await?;
        let mut batch = RecvBatch::new();
        _ = server.try_recv_batch(&mut batch);
        _ = client.try_recv_batch(&mut batch);
        let (asked, asking) = (Ipv4Addr::new(127, 0, 0, 7), Ipv4Addr::new(127, 0, 0, 9));
        let at_server = SocketAddr::from((asked, server.local_addr()?.port()));
        let question = Transmit::new(at_server, "question").source(asking.into());
        client.send_batch(&question).await?;
        let (_, meta) = receive(&server, &mut batch, 1).await?[0];
        assert_eq!(meta.from, (asking, client.local_addr()?.port()).into());
        assert_eq!(meta.to, Some(asked.into()));
        assert_eq!(meta.interface, Some(1), "the loopback's index");
        // The answer comes from the address that was asked.
        let mut answer = Transmit::new(meta.from, "answer");
        answer.source = meta.to;
        server.send_batch(&answer).await?;
        let (bytes, meta) = receive(&client, &mut batch, 1).await?.remove(0);
        assert_eq!(
            (&bytes[..], meta.from, meta.to),
            (&b"answer"[..], at_server, Some(asking.into()))
        );
        Ok(())
    });
}

#[test]
fn a_socket_of_both_families_tells_mapped_addresses() {
    everywhere(|| async {
        let Ok(b) = UdpSocket::bind("[::]:0").await else {
            println!("skipped: no IPv6 here");
            return Ok(());
        };
        let (a, at_a) = local().await?;
        let mut batch = RecvBatch::new();
        _ = b.try_recv_batch(&mut batch);
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, b.local_addr()?.port()));
        a.send_batch(&Transmit::new(target, "x").ecn(Ecn::Ce)).await?;
        let (_, meta) = receive(&b, &mut batch, 1).await?[0];
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        assert_eq!(meta.from, (mapped, at_a.port()).into());
        assert_eq!((meta.to, meta.ecn), (Some(mapped.into()), Some(Ecn::Ce)));
        // And back, from a mapped address to a mapped one.
        let answer = Transmit::new(meta.from, "yy").segment_size(1).source(mapped.into());
        b.send_batch(&answer).await?;
        for _ in 0..2 {
            assert_eq!(a.recv_from(&mut [0; 4]).await?, (1, target));
        }
        Ok(())
    });
}

#[test]
fn what_does_not_fit_is_flagged() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let mut batch = RecvBatch::with_buffers(4, 8);
        for text in ["exactly8", "nine long", "", "a long story", "short"] {
            a.send_to(text.as_bytes(), at_b).await?;
            let all = receive(&b, &mut batch, 1).await?;
            let (bytes, meta) = &all[0];
            assert_eq!(bytes, &text.as_bytes()[..text.len().min(8)]);
            assert_eq!(meta.truncated, text.len() > 8, "{text}");
            assert_eq!((meta.len, meta.stride), (bytes.len(), bytes.len()));
        }
        let mut nothing = RecvBatch::with_buffers(1, 0);
        a.send_to(b"x", at_b).await?;
        let (bytes, meta) = receive(&b, &mut nothing, 1).await?.remove(0);
        assert_eq!((bytes.len(), meta.truncated), (0, true));
        Ok(())
    });
}

#[test]
fn empty_datagrams_count() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let mut batch = RecvBatch::new();
        _ = b.try_recv_batch(&mut batch);
        for len in [0, 3, 0, 0, 5, 0] {
            a.send_to(&vec![1; len], at_b).await?;
        }
        let all = receive(&b, &mut batch, 6).await?;
        let mut lengths: Vec<_> = all.iter().map(|(bytes, _)| bytes.len()).collect();
        lengths.sort();
        assert_eq!(lengths, [0, 0, 0, 0, 3, 5]);
        Ok(())
    });
}

#[test]
fn what_finds_no_buffer_comes_with_the_next_batch() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let mut batch = RecvBatch::with_buffers(3, 100);
        let contents: Vec<u8> = (0..10).collect();
        let mut transmit = Transmit::new(at_b, &contents[..]).segment_size(1);
        a.send_batch_all(&mut transmit).await?;
        let mut all = Vec::new();
        while all.len() < 10 {
            let received = b.recv_batch(&mut batch).await?;
            assert!((1..=3).contains(&received));
            all.extend(batch.iter().map(|(bytes, _)| bytes[0]));
        }
        all.sort();
        assert_eq!(all, contents);
        assert_eq!(b.try_recv_batch(&mut batch).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(batch.is_empty() && batch.iter().next().is_none());
        Ok(())
    });
}

#[test]
fn nobody_there_is_told_and_nothing_else_is_lost() {
    everywhere(|| async {
        let (a, b) = connected_pair().await?;
        let mut batch = RecvBatch::new();
        _ = a.try_recv_batch(&mut batch);
        b.send(b"last words").await?;
        let _came = a.readable().await;
        drop(b);
        a.send(b"anybody?").await?;
        let mut receiving = 0;
        let mut refused = 0;
        while receiving == 0 || refused == 0 {
            match a.recv_batch(&mut batch).await {
                Ok(received) => receiving += received,
                Err(error) => {
                    assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
                    assert!(batch.is_empty());
                    refused += 1;
                }
            }
        }
        assert_eq!((receiving, refused), (1, 1));
        Ok(())
    });
}

#[test]
fn a_batch_is_waited_for() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        let mut batch = RecvBatch::new();
        let mut other = RecvBatch::new();
        {
            let mut waiting = pin!(b.recv_batch(&mut batch));
            assert!(stays_pending(&mut waiting).await);
            let polling = poll_fn(|cx| b.poll_recv_batch(cx, &mut other));
            let sending = async {
                for _ in 0..2 {
                    // Each of the two gets one, whoever is first.
                    a.send_to(b"one", at_b).await?;
                    minato::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                io::Result::Ok(())
            };
            let (one, two, sent) = future::join3(waiting, polling, sending).await;
            sent?;
            assert!(one? >= 1 && two? >= 1);
        }
        for batch in [&batch, &other] {
            assert!(batch.iter().all(|(bytes, meta)| bytes == b"one" && meta.from == at_a));
        }
        Ok(())
    });
}

#[test]
fn a_dropped_batch_receive_takes_nothing_and_is_not_woken() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let (count, waker) = Counting::new();
        let mut batch = RecvBatch::new();
        {
            let mut waiting = Box::pin(b.recv_batch(&mut batch));
            assert!(poll_with(&mut waiting, &waker).is_pending());
        }
        a.send_to(b"late", at_b).await?;
        b.readable().await?;
        assert_eq!(b.try_recv_batch(&mut batch)?, 1);
        assert_eq!(count.count(), 0);
        Ok(())
    });
}

#[test]
fn received_bytes_can_be_changed_in_place() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let mut batch = RecvBatch::new();
        _ = b.try_recv_batch(&mut batch);
        a.send_batch(&Transmit::new(at_b, "abcdefg").segment_size(3)).await?;
        a.send_to(b"", at_b).await?;
        let mut all = Vec::new();
        while all.len() < 4 {
            b.recv_batch(&mut batch).await?;
            for (bytes, meta) in batch.iter_mut() {
                assert!(bytes.len() <= meta.stride);
                bytes.make_ascii_uppercase();
            }
            all.extend(batch.iter().map(|(bytes, _)| bytes.to_vec()));
        }
        all.sort();
        assert_eq!(all, [&b""[..], b"ABC", b"DEF", b"G"]);
        Ok(())
    });
}

#[test]
fn sizes_are_taken_within_what_is_of_use() {
    let batch = RecvBatch::with_buffers(0, 0);
    assert_eq!((batch.buffers(), batch.buffer_size()), (1, 0));
    let batch = RecvBatch::with_buffers(usize::MAX, usize::MAX);
    assert_eq!(batch.buffers(), RecvBatch::MAX_BUFFERS);
    assert_eq!(batch.buffer_size(), RecvBatch::MAX_BUFFER_SIZE);
    let mut batch = RecvBatch::default();
    assert!(batch.is_empty());
    batch.clear();
    assert_eq!(batch.len(), 0);
    assert!(format!("{batch:?}").contains("len: 0"));
}

/// The kernel joins what was sent by one call, and hands it over by one.
#[test]
fn joined_datagrams_come_in_one_buffer() {
    on_the_system(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        if a.max_send_segments()? == 1 || b.max_recv_segments()? == 1 {
            println!("skipped: this kernel does not segment or join");
            return Ok(());
        }
        let mut batch = RecvBatch::new();
        assert_eq!(b.try_recv_batch(&mut batch).unwrap_err().kind(), ErrorKind::WouldBlock);
        let contents: Vec<u8> = (0..63 * 1000 + 7).map(|at| (at / 1000) as u8).collect();
        let transmit = Transmit::new(at_b, &contents).segment_size(1000).ecn(Ecn::Ce);
        assert_eq!(a.send_batch(&transmit).await?, contents.len());
        assert_eq!(b.recv_batch(&mut batch).await?, 64);
        let joined: Vec<_> = batch.joined().collect();
        assert_eq!(joined.len(), 1);
        let (bytes, meta) = joined[0];
        assert_eq!(bytes, contents);
        assert_eq!((meta.stride, meta.len, meta.count()), (1000, 63_007, 64));
        assert_eq!((meta.from, meta.ecn, meta.to), (at_a, Some(Ecn::Ce), Some(at_b.ip())));
        assert_eq!(bytes.as_ptr().addr() % 4096, 0, "buffers begin on pages");
        assert!(batch.iter().map(|(bytes, _)| bytes).eq(contents.chunks(1000)));
        Ok(())
    });
}

#[test]
fn in_the_world_each_datagram_has_its_buffer() {
    simulated(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        assert_eq!((a.max_send_segments()?, b.max_recv_segments()?), (64, 1));
        a.send_batch(&Transmit::new(at_b, [0; 40]).segment_size(10)).await?;
        minato::time::sleep(std::time::Duration::from_secs(1)).await;
        let mut batch = RecvBatch::new();
        assert_eq!(b.recv_batch(&mut batch).await?, 4);
        assert_eq!(batch.joined().count(), 4);
        Ok(())
    });
}
