//! Unix sockets, cut off, on the system.

use std::future::poll_fn;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::rc::Rc;

use futures::StreamExt;
use minato::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use minato::net::{UnixDatagram, UnixListener, UnixStream};

use super::knife::{Knife, Late, pause, scenarios};

scenarios! {
    on the system:
    accept;
    poll_accept;
    incoming;
    connect;
    read;
    write_all;
    readable;
    writable;
    recv_with_fds;
    send_with_fds;
    recv;
    poll_recv;
    recv_from;
    recv_buf_from;
    poll_recv_from;
    send;
    poll_send;
    send_to;
    poll_send_to;
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Two clients that say who they are, one after the other.
fn clients(path: &Path) -> minato::task::JoinHandle<()> {
    let path = path.to_owned();
    minato::spawn(async move {
        for name in [b"a", b"b"] {
            pause().await;
            let mut client = UnixStream::connect(&path).await.unwrap();
            client.write_all(name).await.unwrap();
        }
    })
}

async fn name_of(mut stream: UnixStream) -> u8 {
    stream.read_u8().await.unwrap()
}

async fn accept(knife: Rc<Knife>) {
    let folder = folder();
    let path = folder.path().join("listener");
    let listener = UnixListener::bind(&path).unwrap();
    let clients = clients(&path);
    let mut names = Vec::new();
    while names.len() < 2 {
        if let Some(accepted) = knife.cut(Late::Never, listener.accept()).await {
            names.push(name_of(accepted.unwrap().0).await);
        }
    }
    assert_eq!(names, b"ab");
    clients.await.unwrap();
}

async fn poll_accept(knife: Rc<Knife>) {
    let folder = folder();
    let path = folder.path().join("listener");
    let listener = UnixListener::bind(&path).unwrap();
    let clients = clients(&path);
    let mut names = Vec::new();
    while names.len() < 2 {
        let accepting = poll_fn(|cx| listener.poll_accept(cx));
        if let Some(accepted) = knife.cut(Late::Once, accepting).await {
            names.push(name_of(accepted.unwrap().0).await);
        }
    }
    assert_eq!(names, b"ab");
    clients.await.unwrap();
}

async fn incoming(knife: Rc<Knife>) {
    let folder = folder();
    let path = folder.path().join("listener");
    let mut incoming = UnixListener::bind(&path).unwrap().incoming();
    let clients = clients(&path);
    let mut names = Vec::new();
    while names.len() < 2 {
        if let Some(next) = knife.cut(Late::Once, incoming.next()).await {
            names.push(name_of(next.unwrap().unwrap()).await);
        }
    }
    assert_eq!(names, b"ab");
    clients.await.unwrap();
}

/// The listener's queue is full, so the connect has to wait for its turn.
async fn connect(knife: Rc<Knife>) {
    let folder = folder();
    let path = folder.path().join("listener");
    let listener = UnixListener::bind(&path).unwrap();
    // SAFETY: the descriptor is open; listening once more only changes the length of the queue.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 1) }, 0);
    // As many as there is room for.
    let queued = [(); 2].map(|()| std::os::unix::net::UnixStream::connect(&path).unwrap());
    let accepting = minato::spawn(async move {
        pause().await;
        // The two, and whoever comes then; of those that were given up none came.
        for _ in 0..3 {
            listener.accept().await.unwrap();
        }
        pause().await;
        assert!(listener.try_accept().is_err(), "a connect that was given up has connected");
    });
    while knife.cut(Late::Never, UnixStream::connect(&path)).await.map(Result::unwrap).is_none() {}
    accepting.await.unwrap();
    drop(queued);
}

const PIECES: [&str; 4] = ["first ", "second ", "", "third"];

fn dribble(mut stream: UnixStream) -> minato::task::JoinHandle<()> {
    minato::spawn(async move {
        for piece in PIECES {
            pause().await;
            stream.write_all(piece.as_bytes()).await.unwrap();
        }
    })
}

async fn read(knife: Rc<Knife>) {
    let (one, mut other) = UnixStream::pair().unwrap();
    let sending = dribble(one);
    let mut all = Vec::new();
    loop {
        match knife.cut(Late::Once, other.read_buf(&mut all)).await {
            Some(read) if read.as_ref().is_ok_and(|read| *read == 0) => break,
            Some(read) => drop(read.unwrap()),
            None => {}
        }
    }
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn readable(knife: Rc<Knife>) {
    let (one, other) = UnixStream::pair().unwrap();
    let sending = dribble(one);
    let mut all = Vec::new();
    loop {
        let Some(waited) = knife.cut(Late::Never, other.readable()).await else { continue };
        waited.unwrap();
        if other.try_read_buf(&mut all).is_ok_and(|read| read == 0) {
            break;
        }
    }
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

/// More than the buffers take.
const LEN: usize = 400_000;

fn collect(mut stream: UnixStream) -> minato::task::JoinHandle<usize> {
    minato::spawn(async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert!(all.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
        all.len()
    })
}

fn pattern() -> Vec<u8> {
    (0..LEN).map(|at| (at % 251) as u8).collect()
}

async fn write_all(knife: Rc<Knife>) {
    let (one, other) = UnixStream::pair().unwrap();
    let collecting = collect(other);
    let pattern = pattern();
    match knife.cut_keeping(Late::Once, minato::io::owned::write_all(one, &pattern)).await {
        Ok(done) => drop(done.unwrap()),
        Err(future) => {
            let (mut one, pattern, written) = future.into_parts().unwrap();
            one.write_all(&pattern[written..]).await.unwrap();
        }
    }
    assert_eq!(collecting.await.unwrap(), LEN);
}

async fn writable(knife: Rc<Knife>) {
    let (one, other) = UnixStream::pair().unwrap();
    let collecting = collect(other);
    let pattern = pattern();
    let mut sent = 0;
    while sent < LEN {
        let Some(waited) = knife.cut(Late::Never, one.writable()).await else { continue };
        waited.unwrap();
        sent += one.try_write(&pattern[sent..]).unwrap_or(0);
    }
    drop(one);
    assert_eq!(collecting.await.unwrap(), LEN);
}

/// Descriptors that came are handed over or stay in the socket.
async fn recv_with_fds(knife: Rc<Knife>) {
    let (one, other) = UnixStream::pair().unwrap();
    let sending = minato::spawn(async move {
        for number in 0..3 {
            pause().await;
            let null = std::fs::File::open("/dev/null").unwrap();
            one.send_with_fds(&[number], &[null.as_fd()]).await.unwrap();
        }
    });
    let mut got = Vec::new();
    while got.len() < 3 {
        let mut buf = [0; 1];
        if let Some(received) = knife.cut(Late::Never, other.recv_with_fds(&mut buf, 4)).await {
            let received = received.unwrap();
            assert_eq!((received.len, received.fds.len()), (1, 1));
            got.push(buf[0]);
        }
    }
    assert_eq!(got, [0, 1, 2]);
    sending.await.unwrap();
}

/// A send that waits for room, and is given up, has sent no descriptor.
async fn send_with_fds(knife: Rc<Knife>) {
    let (one, other) = UnixStream::pair().unwrap();
    let filled = loop {
        // Small pieces, so that there is no room for a single byte any more.
        if one.try_write(&[0; 64]).is_err() {
            break one.try_write(&[0]).is_err();
        }
    };
    assert!(filled);
    let receiving = minato::spawn(async move {
        pause().await;
        let mut descriptors = 0;
        let mut buf = vec![0; 4096];
        loop {
            let received = other.recv_with_fds(&mut buf, 4).await.unwrap();
            descriptors += received.fds.len();
            if buf[..received.len].contains(&1) {
                return descriptors;
            }
        }
    });
    let null = std::fs::File::open("/dev/null").unwrap();
    loop {
        let fds = [null.as_fd()];
        if let Some(sent) = knife.cut(Late::Never, one.send_with_fds(&[1], &fds)).await {
            break assert_eq!(sent.unwrap(), 1);
        }
    }
    assert_eq!(receiving.await.unwrap(), 1);
}

/// More datagrams than a queue takes.
const COUNT: usize = 300;

fn number(buf: &[u8]) -> usize {
    usize::from_ne_bytes(buf.try_into().unwrap())
}

/// Sends datagrams that count.
fn trickle(socket: UnixDatagram) -> minato::task::JoinHandle<()> {
    minato::spawn(async move {
        for number in 0..8_usize {
            pause().await;
            socket.send(&number.to_ne_bytes()).await.unwrap();
        }
    })
}

/// Receives by `step`, which is cut off.
async fn gather(knife: Rc<Knife>, late: Late, step: impl AsyncFn(&UnixDatagram) -> usize) {
    let (one, other) = UnixDatagram::pair().unwrap();
    let sending = trickle(one);
    for expected in 0..8 {
        loop {
            if let Some(received) = knife.cut(late, step(&other)).await {
                break assert_eq!(received, expected);
            }
        }
    }
    sending.await.unwrap();
}

/// Sends by `step`, which is cut off, more than the queue takes.
async fn scatter(knife: Rc<Knife>, late: Late, step: impl AsyncFn(&UnixDatagram, &Path, &[u8])) {
    let folder = folder();
    let path = folder.path().join("receiver");
    let receiver = UnixDatagram::bind(&path).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(&path).unwrap();
    let receiving = minato::spawn(async move {
        for expected in 0..COUNT {
            if expected % 100 == 0 {
                pause().await;
            }
            let mut buf = [0; size_of::<usize>()];
            let len = receiver.recv(&mut buf).await.unwrap();
            assert_eq!(number(&buf[..len]), expected);
        }
        pause().await;
        assert!(receiver.try_recv(&mut [0; 8]).is_err(), "something was sent twice");
    });
    for number in 0..COUNT {
        let bytes = number.to_ne_bytes();
        while knife.cut(late, step(&sender, &path, &bytes)).await.is_none() {}
    }
    receiving.await.unwrap();
}

async fn recv(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut buf = [0; 16];
        let len = socket.recv(&mut buf).await.unwrap();
        number(&buf[..len])
    })
    .await;
}

async fn poll_recv(knife: Rc<Knife>) {
    gather(knife, Late::Once, async |socket| {
        let mut memory = [0; 16];
        let mut buf = ReadBuf::new(&mut memory);
        poll_fn(|cx| socket.poll_recv(cx, &mut buf)).await.unwrap();
        number(buf.filled())
    })
    .await;
}

async fn recv_from(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut buf = [0; 16];
        let (len, _) = socket.recv_from(&mut buf).await.unwrap();
        number(&buf[..len])
    })
    .await;
}

async fn recv_buf_from(knife: Rc<Knife>) {
    gather(knife, Late::Never, async |socket| {
        let mut buf = Vec::with_capacity(16);
        socket.recv_buf_from(&mut buf).await.unwrap();
        number(&buf)
    })
    .await;
}

async fn poll_recv_from(knife: Rc<Knife>) {
    gather(knife, Late::Once, async |socket| {
        let mut memory = [0; 16];
        let mut buf = ReadBuf::new(&mut memory);
        poll_fn(|cx| socket.poll_recv_from(cx, &mut buf)).await.unwrap();
        number(buf.filled())
    })
    .await;
}

async fn send(knife: Rc<Knife>) {
    scatter(knife, Late::Never, async |socket, _, bytes| {
        assert_eq!(socket.send(bytes).await.unwrap(), bytes.len());
    })
    .await;
}

async fn poll_send(knife: Rc<Knife>) {
    scatter(knife, Late::Once, async |socket, _, bytes| {
        assert_eq!(poll_fn(|cx| socket.poll_send(cx, bytes)).await.unwrap(), bytes.len());
    })
    .await;
}

async fn send_to(knife: Rc<Knife>) {
    scatter(knife, Late::Never, async |socket, path, bytes| {
        assert_eq!(socket.send_to(bytes, path).await.unwrap(), bytes.len());
    })
    .await;
}

async fn poll_send_to(knife: Rc<Knife>) {
    scatter(knife, Late::Once, async |socket, path, bytes| {
        let sent = poll_fn(|cx| socket.poll_send_to(cx, bytes, path)).await.unwrap();
        assert_eq!(sent, bytes.len());
    })
    .await;
}
