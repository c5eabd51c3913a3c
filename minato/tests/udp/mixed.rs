//! Receiving in batches and one by one from the same socket: joined datagrams are kept apart.

use std::io;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use minato::engine::Interest;
use minato::net::UdpSocket;
use minato::net::udp::{Ecn, RecvBatch, Transmit};
use minato::runtime::Builder;

use crate::kit::bodies::{everywhere, on_the_system, stays_pending};
use crate::local;

/// A socket that has received in batches, so that the kernel joins what is sent to it from now on.
async fn joining() -> io::Result<(UdpSocket, SocketAddr)> {
    let (socket, address) = local().await?;
    let error = socket.try_recv_batch(&mut RecvBatch::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    Ok((socket, address))
}

/// Sends datagrams of 4 bytes, the last one shorter, by one call.
async fn send(socket: &UdpSocket, target: SocketAddr) -> io::Result<()> {
    let text = "one two six";
    let transmit = Transmit::new(target, text).segment_size(4).ecn(Ecn::Ect0);
    assert_eq!(socket.send_batch(&transmit).await?, text.len());
    Ok(())
}

const ALL: [&str; 3] = ["one ", "two ", "six"];

async fn receive(socket: &UdpSocket, from: SocketAddr) -> io::Result<String> {
    let mut buf = [0; 64];
    let (len, sender) = socket.recv_from(&mut buf).await?;
    assert_eq!(sender, from);
    Ok(String::from_utf8_lossy(&buf[..len]).into_owned())
}

fn texts(batch: &RecvBatch) -> Vec<String> {
    batch.iter().map(|(bytes, _)| String::from_utf8_lossy(bytes).into_owned()).collect()
}

#[test]
fn plain_receives_get_one_datagram_each() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
        send(&a, at_b).await?;
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(receive(&b, at_a).await?);
        }
        all.sort();
        assert_eq!(all, ["one ", "six", "two "]);
        assert_eq!(b.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(stays_pending(&mut pin!(b.readable())).await);
        // Nothing is in the way of what comes later, an empty one included.
        a.send_to(b"", at_b).await?;
        assert_eq!(receive(&b, at_a).await?, "");
        a.send_to(b"later", at_b).await?;
        assert_eq!(receive(&b, at_a).await?, "later");
        Ok(())
    });
}

#[test]
fn every_plain_form_keeps_them_apart() {
    on_the_system(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
        let mut buf = [0; 3];
        send(&a, at_b).await?;
        assert_eq!(b.peek_sender().await?, at_a);
        assert_eq!(b.peek_from(&mut buf).await?, (3, at_a));
        let received = b.recv_dgram_from(&mut buf).await?;
        assert_eq!((&buf[..], received.len, received.truncated), (&b"one"[..], 3, true));
        assert_eq!(b.peek(&mut buf).await?, 3);
        assert_eq!(b.recv(&mut buf).await?, 3);
        assert_eq!(&buf, b"two");
        let (_b, buf, received) = b.recv_dgram([0; 8]).await?;
        assert_eq!((&buf[..received.len], received.truncated), (&b"six"[..], false));
        Ok(())
    });
}

#[test]
fn a_batch_takes_what_plain_receives_have_left() {
    on_the_system(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
        let mut batch = RecvBatch::new();
        send(&a, at_b).await?;
        assert_eq!(receive(&b, at_a).await?, "one ");
        assert_eq!(b.recv_batch(&mut batch).await?, 2);
        assert_eq!(texts(&batch), ALL[1..]);
        let (_, meta) = batch.joined().next().unwrap();
        assert_eq!((meta.stride, meta.len, meta.ecn), (4, 7, Some(Ecn::Ect0)));
        assert_eq!((meta.from, meta.to), (at_a, Some(at_b.ip())));
        // A look takes nothing away.
        send(&a, at_b).await?;
        b.peek(&mut [0; 8]).await?;
        assert_eq!(b.recv_batch(&mut batch).await?, 3);
        assert_eq!(texts(&batch), ALL);
        Ok(())
    });
}

#[test]
fn small_buffers_get_one_datagram_each() {
    on_the_system(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
        let mut small = RecvBatch::with_buffers(2, 3);
        for _ in 0..2 {
            send(&a, at_b).await?;
            assert_eq!(b.recv_batch(&mut small).await?, 2);
            assert_eq!(texts(&small), ["one", "two"]);
            assert!(small.iter().all(|(_, meta)| meta.truncated && meta.ecn == Some(Ecn::Ect0)));
            assert_eq!(b.recv_batch(&mut small).await?, 1);
            assert_eq!(texts(&small), ["six"]);
            assert!(small.iter().all(|(_, meta)| !meta.truncated && meta.from == at_a));
            assert_eq!(b.try_recv_batch(&mut small).unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        Ok(())
    });
}

/// No event tells of what was kept: a socket that was never registered must know it.
#[test]
fn what_was_kept_is_readiness() {
    on_the_system(|| async {
        for interest in [Interest::READABLE, Interest::READABLE | Interest::WRITABLE] {
            let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
            send(&a, at_b).await?;
            // The kernel's queue is empty afterwards.
            assert_eq!(b.try_recv_from(&mut [0; 8])?, (4, at_a));
            b.ready(interest).await?;
            b.readable().await?;
            assert_eq!(b.try_recv(&mut [0; 8])?, 4);
            // What a call on the descriptor finds says nothing of what was kept.
            let foreign = b
                .try_io(Interest::READABLE, || io::Result::<()>::Err(ErrorKind::WouldBlock.into()));
            assert_eq!(foreign.unwrap_err().kind(), ErrorKind::WouldBlock);
            b.readable().await?;
            assert_eq!(receive(&b, at_a).await?, "six");
            assert_eq!(b.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(stays_pending(&mut pin!(b.readable())).await);
        }
        let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
        send(&a, at_b).await?;
        assert_eq!(b.try_recv_from(&mut [0; 8])?, (4, at_a));
        b.writable().await?;
        assert_eq!(receive(&b, at_a).await?, "two ");
        Ok(())
    });
}

#[test]
fn everybody_who_waits_gets_one_of_the_joined() {
    on_the_system(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
        let b = Arc::new(b);
        let mut receiving: Vec<_> = (0..3)
            .map(|_| {
                let b = b.clone();
                minato::spawn(async move { receive(&b, at_a).await })
            })
            .collect();
        minato::time::sleep(Duration::from_millis(5)).await;
        send(&a, at_b).await?;
        let mut all = Vec::new();
        for receiving in receiving.drain(..) {
            all.push(receiving.await??);
        }
        all.sort();
        assert_eq!(all, ["one ", "six", "two "]);
        Ok(())
    });
}

#[test]
fn given_away_it_receives_one_by_one_again() {
    on_the_system(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, joining().await?);
        let std = b.into_std()?;
        std.set_nonblocking(false)?;
        std.set_read_timeout(Some(Duration::from_secs(30)))?;
        send(&a, at_b).await?;
        let mut buf = [0; 64];
        for expected in ALL {
            let (len, from) = std.recv_from(&mut buf)?;
            assert_eq!((&buf[..len], from), (expected.as_bytes(), at_a));
        }
        Ok(())
    });
}

/// Two threads receive in both ways, while one sends: nothing is lost, doubled or glued together,
/// and nobody waits for what is there.
#[test]
fn two_threads_in_two_ways() {
    const ROUNDS: u32 = 300;
    const EACH: u32 = 10;
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let _watched = crate::kit::watchdog::watch("two threads in two ways".to_owned());
    runtime.block_on(async {
        let ((a, _), (b, at_b)) = (local().await.unwrap(), joining().await.unwrap());
        let b = Arc::new(b);
        let (to_here, mut received) = futures::channel::mpsc::unbounded::<u32>();
        let number = |bytes: &[u8]| u32::from_ne_bytes(bytes.try_into().unwrap());
        let (one, sender) = (b.clone(), to_here.clone());
        let plain = minato::spawn(async move {
            loop {
                let mut buf = [0; 64];
                let (len, _) = one.recv_from(&mut buf).await.unwrap();
                sender.unbounded_send(number(&buf[..len])).unwrap();
            }
        });
        let (two, sender) = (b.clone(), to_here);
        let batches = minato::spawn(async move {
            let mut batch = RecvBatch::new();
            loop {
                two.recv_batch(&mut batch).await.unwrap();
                for (bytes, _) in batch.iter() {
                    sender.unbounded_send(number(bytes)).unwrap();
                }
            }
        });
        use futures::StreamExt;
        for round in 0..ROUNDS {
            let numbers = round * EACH..(round + 1) * EACH;
            let contents: Vec<u8> = numbers.clone().flat_map(u32::to_ne_bytes).collect();
            let mut transmit = Transmit::new(at_b, &contents[..]).segment_size(4);
            a.send_batch_all(&mut transmit).await.unwrap();
            let mut got: Vec<u32> = received.by_ref().take(EACH as usize).collect().await;
            got.sort();
            assert_eq!(got, numbers.collect::<Vec<_>>());
        }
        plain.abort();
        batches.abort();
    });
}
