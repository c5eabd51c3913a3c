//! Receiving many datagrams by one call into buffers of the caller's.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::Ipv4Addr;
use std::pin::pin;
use std::time::Duration;

use minato::net::UdpSocket;
use minato::net::udp::{Ecn, RecvBatch, RecvMeta, Transmit};
use minato::time::timeout;

use crate::kit::bodies::{everywhere, on_the_system, poll_with, stays_pending};
use crate::kit::counting::Counting;
use crate::local;

/// `count` buffers of `size` bytes.
fn memory(count: usize, size: usize) -> Vec<Vec<u8>> {
    vec![vec![0xee; size]; count]
}

fn slices(memory: &mut [Vec<u8>]) -> Vec<IoSliceMut<'_>> {
    memory.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect()
}

/// Receives `count` datagrams in up to `places` buffers of `size` bytes a call.
async fn receive(
    socket: &UdpSocket,
    (places, size): (usize, usize),
    count: usize,
) -> io::Result<Vec<(Vec<u8>, RecvMeta)>> {
    let (mut memory, mut metas) = (memory(places, size), vec![RecvMeta::default(); places]);
    let mut all = Vec::new();
    while all.len() < count {
        let filled = socket.recv_batch_into(&mut slices(&mut memory), &mut metas).await?;
        assert!((1..=places.min(RecvBatch::MAX_BUFFERS)).contains(&filled));
        for (buffer, meta) in memory.iter().zip(&metas[..filled]) {
            let bytes = &buffer[..meta.len];
            assert!(meta.stride <= meta.len, "{meta:?}");
            match bytes {
                [] => all.push((Vec::new(), *meta)),
                _ => all.extend(bytes.chunks(meta.stride).map(|one| (one.to_vec(), *meta))),
            }
        }
    }
    assert_eq!(all.len(), count);
    Ok(all)
}

#[test]
fn every_datagram_comes_with_what_is_known_of_it() {
    for (places, size) in [(1, 65_535), (1, 100), (3, 100), (40, 100), (40, 65_535)] {
        everywhere(move || async move {
            let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
            // Before the first batch was asked for, nobody tells of marks.
            let mut none = [RecvMeta::default()];
            let early = b.try_recv_batch_into(&mut [IoSliceMut::new(&mut [0; 8])], &mut none);
            assert_eq!(early.unwrap_err().kind(), ErrorKind::WouldBlock);
            let contents: Vec<u8> = (0..60).flat_map(|number| vec![number; 50]).collect();
            let mut transmit = Transmit::new(at_b, &contents[..]).segment_size(50).ecn(Ecn::Ect1);
            a.send_batch_all(&mut transmit).await?;
            let mut received = receive(&b, (places, size), 60).await?;
            // In the simulated world they may overtake each other.
            received.sort_by(|one, another| one.0.cmp(&another.0));
            for (number, (bytes, meta)) in received.iter().enumerate() {
                assert_eq!(*bytes, vec![number as u8; 50]);
                assert_eq!((meta.from, meta.ecn), (at_a, Some(Ecn::Ect1)));
                assert_eq!(meta.to, Some(Ipv4Addr::LOCALHOST.into()));
                assert!(meta.interface.is_some() && !meta.truncated);
            }
            Ok(())
        });
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn large_buffers_take_joined_datagrams() {
    on_the_system(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        if b.max_recv_segments()? == 1 {
            println!("skipped: this kernel joins nothing");
            return Ok(());
        }
        let (mut memory, mut metas) =
            (memory(2, RecvBatch::MAX_BUFFER_SIZE), [RecvMeta::default(); 2]);
        _ = b.try_recv_batch_into(&mut slices(&mut memory), &mut metas);
        a.send_batch(&Transmit::new(at_b, &[7; 950]).segment_size(100)).await?;
        let filled = b.recv_batch_into(&mut slices(&mut memory), &mut metas).await?;
        assert_eq!((filled, metas[0].len, metas[0].stride, metas[0].count()), (1, 950, 100, 10));
        // Small ones take them one by one, and in both ways nothing gets lost in between.
        a.send_batch(&Transmit::new(at_b, &[8; 950]).segment_size(100)).await?;
        let mut buf = [0; 200];
        assert_eq!(b.recv(&mut buf).await?, 100);
        let small = receive(&b, (2, 200), 4).await?;
        assert!(small.iter().all(|(bytes, _)| *bytes == [8; 100]));
        let filled = b.recv_batch_into(&mut slices(&mut memory), &mut metas).await?;
        assert_eq!((filled, metas[0].len, metas[0].stride), (1, 450, 100));
        assert_eq!(b.try_recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

#[test]
fn a_full_buffer_is_told_from_one_with_room() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        for (text, len, truncated) in [
            ("seven b", 7, false),
            ("exactly8", 8, true),
            ("a long story", 8, true),
            ("", 0, false),
        ] {
            a.send_to(text.as_bytes(), at_b).await?;
            let (mut memory, mut metas) = (memory(3, 8), [RecvMeta::default(); 3]);
            let filled = b.recv_batch_into(&mut slices(&mut memory), &mut metas).await?;
            assert_eq!((filled, metas[0].len, metas[0].truncated), (1, len, truncated), "{text}");
            assert_eq!(&memory[0][..len], &text.as_bytes()[..len]);
            assert!(memory[0][len..].iter().all(|byte| *byte == 0xee));
        }
        // In a buffer without room even an empty datagram fills the whole.
        for text in ["", "x"] {
            a.send_to(text.as_bytes(), at_b).await?;
            let mut metas = [RecvMeta::default()];
            let filled = b.recv_batch_into(&mut [IoSliceMut::new(&mut [])], &mut metas).await?;
            assert_eq!((filled, metas[0].len, metas[0].truncated), (1, 0, true));
        }
        Ok(())
    });
}

#[test]
fn without_a_buffer_or_a_place_nothing_is_received_and_nothing_waits() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        for waiting in [0, 1] {
            let (mut memory, mut metas) = (memory(2, 8), [RecvMeta::default(); 2]);
            let errors = [
                b.recv_batch_into(&mut [], &mut metas).await.unwrap_err(),
                b.recv_batch_into(&mut slices(&mut memory), &mut []).await.unwrap_err(),
                poll_fn(|cx| b.poll_recv_batch_into(cx, &mut [], &mut metas)).await.unwrap_err(),
                b.try_recv_batch_into(&mut slices(&mut memory), &mut []).unwrap_err(),
            ];
            assert!(
                errors.iter().all(|error| error.kind() == ErrorKind::InvalidInput),
                "{errors:?}"
            );
            if waiting == 0 {
                a.send_to(b"x", at_b).await?;
                b.readable().await?;
            }
        }
        // Two buffers with one place count as one.
        a.send_to(b"x", at_b).await?;
        for _ in 0..2 {
            let (mut memory, mut metas) = (memory(2, 8), [RecvMeta::default(); 1]);
            let mut buffers = slices(&mut memory);
            assert_eq!(b.recv_batch_into(&mut buffers, &mut metas).await?, 1);
            assert_eq!(&buffers[0][..metas[0].len], b"x");
        }
        Ok(())
    });
}

#[test]
fn a_wait_that_is_given_up_takes_nothing_and_wakes_nobody() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        let (wakes, waker) = Counting::new();
        {
            let (mut memory, mut metas) = (memory(2, 100), [RecvMeta::default(); 2]);
            let mut buffers = slices(&mut memory);
            let mut waiting = pin!(b.recv_batch_into(&mut buffers, &mut metas));
            assert!(poll_with(&mut waiting, &waker).is_pending());
        }
        a.send_to(b"kept", at_b).await?;
        let received = receive(&b, (2, 100), 1).await?;
        assert_eq!(received[0].0, b"kept");
        assert_eq!(wakes.count(), 0);
        // And one that is not given up is woken.
        let (mut memory, mut metas) = (memory(2, 100), [RecvMeta::default(); 2]);
        let mut buffers = slices(&mut memory);
        let mut waiting = pin!(poll_fn(|cx| b.poll_recv_batch_into(cx, &mut buffers, &mut metas)));
        assert!(stays_pending(&mut waiting).await);
        a.send_to(b"woken", at_b).await?;
        assert_eq!(timeout(Duration::from_secs(60), waiting).await??, 1);
        Ok(())
    });
}

#[test]
fn the_error_of_a_peer_that_is_gone_comes_out() {
    everywhere(|| async {
        let ((a, _), (b, at_b)) = (local().await?, local().await?);
        a.connect(at_b).await?;
        drop(b);
        a.send(b"anybody?").await?;
        let (mut memory, mut metas) = (memory(2, 100), [RecvMeta::default(); 2]);
        let error = a.recv_batch_into(&mut slices(&mut memory), &mut metas).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        // It is told once.
        let error = a.try_recv_batch_into(&mut slices(&mut memory), &mut metas).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}
