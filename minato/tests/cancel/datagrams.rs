//! UDP, cut off: each datagram is sent and received once, whatever was given up in between.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;

use minato::engine::Interest;
use minato::io::ReadBuf;
use minato::net::UdpSocket;
use minato::net::udp::{RecvBatch, Transmit};

use super::knife::{Knife, Late, pause, scenarios};

scenarios! {
    bind_and_connect;
    recv;
    recv_buf;
    poll_recv;
    recv_from;
    recv_dgram_from;
    poll_recv_from;
    peek_from;
    poll_peek_sender;
    readable;
    ready;
    recv_batch;
    recv_batch_of_small_buffers;
    poll_recv_batch;
    batches_and_single_datagrams;
    recv_dgram_by_value;
    recv_dgrams_by_value;
    send;
    poll_send;
    send_to;
    poll_send_to;
    writable;
    send_batch;
    poll_send_batch;
    send_batch_all;
    send_dgram_by_value;
    send_dgrams_by_value;
    a_refused_recv;
}

const COUNT: u8 = 6;

/// Two sockets, each connected to the other.
async fn pair() -> (UdpSocket, UdpSocket) {
    let a = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let b = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    a.connect(b.local_addr().unwrap()).await.unwrap();
    b.connect(a.local_addr().unwrap()).await.unwrap();
    (a, b)
}

/// Sends datagrams that count, with pauses in between.
fn trickle(socket: UdpSocket) -> minato::task::JoinHandle<()> {
    minato::spawn(async move {
        for number in 0..COUNT {
            pause().await;
            socket.send(&[number]).await.unwrap();
        }
    })
}

/// Checks that `got` is all of them; they may have overtaken each other.
fn check(mut got: Vec<u8>) {
    got.sort();
    assert_eq!(got, (0..COUNT).collect::<Vec<_>>());
}

/// Receives by `step`, which is cut off.
async fn gather(knife: Rc<Knife>, late: Late, step: impl AsyncFn(&UdpSocket) -> Vec<u8>) {
    let (a, b) = pair().await;
    let sending = trickle(a);
    let mut got = Vec::new();
    while got.len() < usize::from(COUNT) {
        got.extend(knife.cut(late, step(&b)).await.unwrap_or_default());
    }
    check(got);
    sending.await.unwrap();
}

/// Sends by `step`, which is cut off.
async fn scatter(knife: Rc<Knife>, late: Late, step: impl AsyncFn(&UdpSocket, SocketAddr, u8)) {
    let (a, b) = pair().await;
    let at_b = b.local_addr().unwrap();
    for number in 0..COUNT {
        while knife.cut(late, step(&a, at_b, number)).await.is_none() {}
    }
    check(receive_all(&b).await);
}

/// What there is to receive after a while.
async fn receive_all(socket: &UdpSocket) -> Vec<u8> {
    let mut got = Vec::new();
    let mut buf = [0; 8];
    while got.len() < usize::from(COUNT) {
        let len = socket.recv(&mut buf).await.unwrap();
        got.extend_from_slice(&buf[..len]);
    }
    pause().await;
    assert!(socket.try_recv(&mut buf).is_err(), "something was sent twice");
    got
}

async fn bind_and_connect(knife: Rc<Knife>) {
    let socket = loop {
        if let Some(bound) = knife.cut(Late::Never, UdpSocket::bind(("localhost", 0))).await {
            break bound.unwrap();
        }
    };
    let port = socket.local_addr().unwrap().port();
    loop {
        let connecting = socket.connect(("localhost", port));
        if let Some(connected) = knife.cut(Late::Never, connecting).await {
            break connected.unwrap();
        }
    }
    assert_eq!(socket.peer_addr().unwrap().port(), port);
}

async fn recv(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut buf = [0; 8];
        let len = socket.recv(&mut buf).await.unwrap();
        buf[..len].to_vec()
    })
    .await;
}

async fn recv_buf(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut buf = Vec::with_capacity(8);
        socket.recv_buf(&mut buf).await.unwrap();
        buf
    })
    .await;
}

async fn poll_recv(knife: Rc<Knife>) {
    gather(knife, Late::Once, async |socket| {
        let mut memory = [0; 8];
        let mut buf = ReadBuf::new(&mut memory);
        poll_fn(|cx| socket.poll_recv(cx, &mut buf)).await.unwrap();
        buf.filled().to_vec()
    })
    .await;
}

async fn recv_from(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut buf = [0; 8];
        let (len, from) = socket.recv_from(&mut buf).await.unwrap();
        assert_eq!(from, socket.peer_addr().unwrap());
        buf[..len].to_vec()
    })
    .await;
}

async fn recv_dgram_from(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut buf = [0; 8];
        let received = socket.recv_dgram_from(&mut buf).await.unwrap();
        buf[..received.len].to_vec()
    })
    .await;
}

async fn poll_recv_from(knife: Rc<Knife>) {
    gather(knife, Late::Once, async |socket| {
        let mut memory = [0; 8];
        let mut buf = ReadBuf::new(&mut memory);
        poll_fn(|cx| socket.poll_recv_from(cx, &mut buf)).await.unwrap();
        buf.filled().to_vec()
    })
    .await;
}

/// A look takes nothing, so what was looked at is received afterwards.
async fn peek_from(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let (mut looked, mut buf) = ([0; 8], [0; 8]);
        let (len, _) = socket.peek_from(&mut looked).await.unwrap();
        assert_eq!(socket.try_recv(&mut buf).unwrap(), len);
        assert_eq!(looked, buf);
        buf[..len].to_vec()
    })
    .await;
}

async fn poll_peek_sender(knife: Rc<Knife>) {
    gather(knife, Late::Once, async |socket| {
        let mut buf = [0; 8];
        let from = poll_fn(|cx| socket.poll_peek_sender(cx)).await.unwrap();
        assert_eq!(from, socket.peer_addr().unwrap());
        let len = socket.try_recv(&mut buf).unwrap();
        buf[..len].to_vec()
    })
    .await;
}

async fn readable(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        socket.readable().await.unwrap();
        let mut buf = Vec::with_capacity(8);
        // Readiness is a hint.
        _ = socket.try_recv_buf(&mut buf);
        buf
    })
    .await;
}

async fn ready(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await.unwrap();
        assert!(ready.is_readable());
        let mut buf = Vec::with_capacity(8);
        _ = socket.try_recv_buf(&mut buf);
        buf
    })
    .await;
}

fn all_of(batch: &RecvBatch) -> Vec<u8> {
    batch.iter().flat_map(|(bytes, _)| bytes.to_vec()).collect()
}

async fn recv_batch(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut batch = RecvBatch::new();
        socket.recv_batch(&mut batch).await.unwrap();
        all_of(&batch)
    })
    .await;
}

async fn recv_batch_of_small_buffers(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut batch = RecvBatch::with_buffers(2, 8);
        socket.recv_batch(&mut batch).await.unwrap();
        all_of(&batch)
    })
    .await;
}

async fn poll_recv_batch(knife: Rc<Knife>) {
    gather(knife, Late::Once, async |socket| {
        let mut batch = RecvBatch::new();
        poll_fn(|cx| socket.poll_recv_batch(cx, &mut batch)).await.unwrap();
        all_of(&batch)
    })
    .await;
}

/// Sent by one call, the datagrams may arrive joined; what one receive leaves the others get.
async fn batches_and_single_datagrams(knife: Rc<Knife>) {
    let (a, b) = pair().await;
    let mut batch = RecvBatch::new();
    _ = b.try_recv_batch(&mut batch);
    let target = b.local_addr().unwrap();
    let sending = minato::spawn(async move {
        for half in [[0, 1, 2], [3, 4, 5]] {
            pause().await;
            a.send_batch(&Transmit::new(target, half).segment_size(1)).await.unwrap();
        }
    });
    let mut got = Vec::new();
    while got.len() < usize::from(COUNT) {
        let mut buf = [0; 8];
        if let Some(len) = knife.cut(Late::Never, b.recv(&mut buf)).await {
            got.extend_from_slice(&buf[..len.unwrap()]);
        }
        if got.len() < usize::from(COUNT)
            && knife.cut(Late::Never, b.recv_batch(&mut batch)).await.is_some()
        {
            got.extend(all_of(&batch));
        }
    }
    check(got);
    sending.await.unwrap();
}

async fn recv_dgram_by_value(knife: Rc<Knife>) {
    let (a, mut b) = pair().await;
    let sending = trickle(a);
    let mut got = Vec::new();
    while got.len() < usize::from(COUNT) {
        match knife.cut_keeping(Late::Once, b.recv_dgram([0; 8])).await {
            Ok(done) => {
                let (socket, buf, received) = done.unwrap();
                got.extend_from_slice(&buf[..received.len]);
                b = socket;
            }
            Err(future) => b = future.into_parts().unwrap().0,
        }
    }
    check(got);
    sending.await.unwrap();
}

async fn recv_dgrams_by_value(knife: Rc<Knife>) {
    let (a, mut b) = pair().await;
    let sending = trickle(a);
    let mut batch = RecvBatch::new();
    let mut got = Vec::new();
    while got.len() < usize::from(COUNT) {
        match knife.cut_keeping(Late::Once, b.recv_dgrams(batch)).await {
            Ok(done) => {
                (b, batch) = done.unwrap();
                got.extend(all_of(&batch));
            }
            Err(future) => (b, batch) = future.into_parts().unwrap(),
        }
    }
    check(got);
    sending.await.unwrap();
}

async fn send(knife: Rc<Knife>) {
    scatter(knife, Late::Never, async |socket, _, number| {
        assert_eq!(socket.send(&[number]).await.unwrap(), 1);
    })
    .await;
}

async fn poll_send(knife: Rc<Knife>) {
    scatter(knife, Late::Once, async |socket, _, number| {
        assert_eq!(poll_fn(|cx| socket.poll_send(cx, &[number])).await.unwrap(), 1);
    })
    .await;
}

async fn send_to(knife: Rc<Knife>) {
    scatter(knife, Late::Never, async |socket, target, number| {
        // A name has to be looked up first.
        let target = ("localhost", target.port());
        assert_eq!(socket.send_to(&[number], target).await.unwrap(), 1);
    })
    .await;
}

async fn poll_send_to(knife: Rc<Knife>) {
    scatter(knife, Late::Once, async |socket, target, number| {
        assert_eq!(poll_fn(|cx| socket.poll_send_to(cx, &[number], target)).await.unwrap(), 1);
    })
    .await;
}

async fn writable(knife: Rc<Knife>) {
    scatter(knife, Late::Never, async |socket, target, number| {
        socket.writable().await.unwrap();
        assert_eq!(socket.try_send_to(&[number], target).unwrap(), 1);
    })
    .await;
}

async fn send_batch(knife: Rc<Knife>) {
    scatter(knife, Late::Never, async |socket, target, number| {
        let transmit = Transmit::new(target, [number]);
        assert_eq!(socket.send_batch(&transmit).await.unwrap(), 1);
    })
    .await;
}

async fn poll_send_batch(knife: Rc<Knife>) {
    scatter(knife, Late::Once, async |socket, target, number| {
        let transmit = Transmit::new(target, [number]);
        assert_eq!(poll_fn(|cx| socket.poll_send_batch(cx, &transmit)).await.unwrap(), 1);
    })
    .await;
}

/// Uses up the budget of a task's poll but for one operation, so that the next one but one waits.
async fn use_up_budget(socket: &UdpSocket) {
    minato::task::yield_now().await;
    for _ in 0..127 {
        socket.writable().await.unwrap();
    }
}

/// What one call takes is sent by several, one of which has to wait for the next poll.
async fn send_batch_all(knife: Rc<Knife>) {
    let (a, b) = pair().await;
    let contents: Vec<u8> = (0..150).collect();
    let mut transmit = Transmit::new(b.local_addr().unwrap(), &contents[..]).segment_size(1);
    loop {
        let sending = async {
            use_up_budget(&a).await;
            a.send_batch_all(&mut transmit).await
        };
        if let Some(sent) = knife.cut(Late::Never, sending).await {
            break sent.unwrap();
        }
    }
    let mut got = Vec::new();
    let mut batch = RecvBatch::new();
    while got.len() < contents.len() {
        b.recv_batch(&mut batch).await.unwrap();
        got.extend(all_of(&batch));
    }
    got.sort();
    assert_eq!(got, contents);
}

async fn send_dgram_by_value(knife: Rc<Knife>) {
    let (mut a, b) = pair().await;
    let target = b.local_addr().unwrap();
    let mut number = 0;
    while number < COUNT {
        match knife.cut_keeping(Late::Once, a.send_dgram([number], target)).await {
            Ok(done) => {
                a = done.unwrap().0;
                number += 1;
            }
            Err(future) => a = future.into_parts().unwrap().0,
        }
    }
    check(receive_all(&b).await);
}

async fn send_dgrams_by_value(knife: Rc<Knife>) {
    let (a, b) = pair().await;
    let transmit =
        Transmit::new(b.local_addr().unwrap(), (0..COUNT).collect::<Vec<_>>()).segment_size(1);
    match knife.cut_keeping(Late::Once, a.send_dgrams(transmit)).await {
        Ok(done) => drop(done.unwrap()),
        Err(future) => {
            let (a, transmit, sent) = future.into_parts().unwrap();
            let mut rest = transmit.as_ref();
            rest.advance(sent);
            a.send_batch_all(&mut rest).await.unwrap();
        }
    }
    check(receive_all(&b).await);
}

/// The news that nobody is there is not lost with a receive that was given up.
async fn a_refused_recv(knife: Rc<Knife>) {
    let (a, gone) = pair().await;
    drop(gone);
    a.send(&[0]).await.unwrap();
    loop {
        let mut buf = [0; 8];
        if let Some(refused) = knife.cut(Late::Never, a.recv(&mut buf)).await {
            assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::ECONNREFUSED));
            break;
        }
    }
}
