//! Which ends can be spliced between: sockets by whatever is around them that keeps no bytes, and
//! nothing else. The bytes are the same either way.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use minato::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use minato::io::{BufReader, BufStream, BufWriter, owned};
use minato::net::{TcpStream, UnixStream, spliced_bytes};

use super::wire::{alone, check, content};
use crate::kit::{net, watchdog};

/// Enough that most of it comes without a pause.
const LENGTH: u64 = 4 << 20;

/// Writes the content to `peer` and ends it.
fn feed(mut peer: impl Write + AsFd) {
    const PIECE: usize = 128 * 1024;
    for at in (0..LENGTH).step_by(PIECE) {
        peer.write_all(content(at, PIECE)).unwrap();
    }
    socket2::SockRef::from(&peer).shutdown(Shutdown::Write).unwrap();
}

/// Reads the content from `peer` to its end.
fn consume(mut peer: impl Read) {
    let mut buf = vec![0; 256 * 1024];
    let mut at = 0;
    while let len @ 1.. = peer.read(&mut buf).unwrap() {
        check(&buf[..len], at);
        at += len as u64;
    }
    assert_eq!(at, LENGTH);
}

/// A stream with a peer of std's.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin + Sized + 'static {
    type Peer: Read + Write + AsFd + Send + 'static;

    fn pair() -> (Self, Self::Peer);
}

impl Stream for TcpStream {
    type Peer = std::net::TcpStream;

    fn pair() -> (Self, Self::Peer) {
        pollster::block_on(net::pair_with_std())
    }
}

impl Stream for UnixStream {
    type Peer = std::os::unix::net::UnixStream;

    fn pair() -> (Self, Self::Peer) {
        let (ours, peer) = Self::Peer::pair().unwrap();
        (Self::from_std(ours).unwrap(), peer)
    }
}

/// Copies the content from one stream to another, as `copy` does it with the two; returns how much
/// of it was spliced.
fn spliced<A: Stream, B: Stream>(copy: impl FnOnce(A, B)) -> u64 {
    let ((near, client), (far, server)) = (A::pair(), B::pair());
    let before = spliced_bytes();
    let feeding = thread::spawn(move || feed(client));
    let consuming = thread::spawn(move || consume(server));
    copy(near, far);
    feeding.join().unwrap();
    consuming.join().unwrap();
    spliced_bytes() - before
}

/// Expects that `copy` splices. Where a machine is so busy that each read finds only little, it is
/// right not to, so it may try again.
#[track_caller]
fn splices<A: Stream, B: Stream>(what: &str, copy: impl Fn(A, B)) {
    let _watched = watchdog::watch(what.to_owned());
    assert!((0..20).any(|_| spliced(&copy) > 0), "{what}: nothing was spliced");
}

#[track_caller]
fn copies<A: Stream, B: Stream>(what: &str, copy: impl Fn(A, B)) {
    let _watched = watchdog::watch(what.to_owned());
    assert_eq!((0..3).map(|_| spliced(&copy)).sum::<u64>(), 0, "{what} was spliced");
}

/// Copies by reference between any two ends.
fn copy<R, W>(mut reader: R, mut writer: W)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    pollster::block_on(async {
        assert_eq!(io::copy(&mut reader, &mut writer).await.unwrap(), LENGTH);
        writer.shutdown().await.unwrap();
    });
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;
/// What belongs to an end and has to live as long.
type Rest = Box<dyn std::any::Any + Send>;

fn all<E>(end: E) -> (E, Rest) {
    (end, Box::new(()))
}

type MakeReader = fn(TcpStream) -> (Reader, Rest);
type MakeWriter = fn(TcpStream) -> (Writer, Rest);

const READERS: [(&str, MakeReader); 9] = [
    ("stream", |stream| all(Box::new(stream))),
    ("pinned", |stream| all(Box::new(Box::pin(stream)))),
    ("owned half", |stream| {
        let (reader, writer) = stream.into_split();
        (Box::new(reader), Box::new(writer))
    }),
    ("join", |stream| all(Box::new(io::join(stream, io::sink())))),
    ("BufReader", |stream| all(Box::new(BufReader::new(stream)))),
    ("large BufReader", |stream| all(Box::new(BufReader::with_capacity(100_000, stream)))),
    ("BufWriter", |stream| all(Box::new(BufWriter::new(stream)))),
    ("BufStream", |stream| all(Box::new(BufStream::new(stream)))),
    ("chain", |stream| all(Box::new(io::empty().chain(stream)))),
];

const WRITERS: [(&str, MakeWriter); 7] = [
    ("stream", |stream| all(Box::new(stream))),
    ("pinned", |stream| all(Box::new(Box::pin(stream)))),
    ("owned half", |stream| {
        let (reader, writer) = stream.into_split();
        (Box::new(writer), Box::new(reader))
    }),
    ("join", |stream| all(Box::new(io::join(io::empty(), stream)))),
    ("BufReader", |stream| all(Box::new(BufReader::new(stream)))),
    ("BufWriter", |stream| all(Box::new(BufWriter::new(stream)))),
    ("BufStream", |stream| all(Box::new(BufStream::new(stream)))),
];

#[test]
fn whatever_keeps_no_bytes_is_spliced_in_every_combination() {
    let _alone = alone();
    for (from, reader) in READERS {
        for (to, writer) in WRITERS {
            splices(&format!("{from} to {to}"), |near, far| {
                let ((reader, other), (writer, another)) = (reader(near), writer(far));
                copy(reader, writer);
                drop((other, another));
            });
        }
    }
}

#[test]
fn references_and_borrowed_halves_are_spliced() {
    let _alone = alone();
    splices("references", |mut near: TcpStream, mut far: TcpStream| copy(&mut near, &mut far));
    splices("references to references", |mut near: TcpStream, mut far: TcpStream| {
        copy(&mut &mut near, &mut &mut far);
    });
    splices("pinned references", |mut near: TcpStream, mut far: TcpStream| {
        copy(Pin::new(&mut near), Pin::new(&mut far));
    });
    splices("borrowed halves", |mut near: TcpStream, mut far: TcpStream| {
        copy(near.split().0, far.split().1);
    });
}

#[test]
fn unix_streams_are_spliced() {
    let _alone = alone();
    splices("unix to unix", |near: UnixStream, far: UnixStream| copy(near, far));
    splices("unix to tcp", |near: UnixStream, far: TcpStream| copy(near, far));
    splices("tcp to unix", |near: TcpStream, far: UnixStream| copy(near, far));
    splices("halves", |near: UnixStream, far: UnixStream| {
        let ((reader, other), (another, writer)) = (near.into_split(), far.into_split());
        copy(reader, writer);
        drop((other, another));
    });
}

#[test]
fn by_value_and_in_both_directions() {
    let _alone = alone();
    splices("owned::copy", |near: TcpStream, far: TcpStream| {
        let (copied, near, far) = pollster::block_on(owned::copy(near, far)).unwrap();
        assert_eq!(copied, LENGTH);
        drop((near, far));
    });
    splices("copy_bidirectional", |mut near: TcpStream, mut far: TcpStream| {
        let copying = io::copy_bidirectional(&mut near, &mut far);
        assert_eq!(pollster::block_on(copying).unwrap(), (LENGTH, 0));
    });
}

/// A limit costs no splice.
#[test]
fn with_an_idle_limit_too() {
    let _alone = alone();
    splices("a relay with a limit", |mut near: TcpStream, mut far: UnixStream| {
        pollster::block_on(async {
            // The far end answers nothing, and ends when it has all.
            let mut relay =
                io::relay(&mut near, &mut far).with_idle_limit(Duration::from_secs(100));
            assert_eq!((&mut relay).await.unwrap(), (LENGTH, 0));
            assert_eq!(relay.copied(), (LENGTH, 0));
        });
    });
}

#[test]
fn what_keeps_bytes_or_counts_them_is_copied() {
    let _alone = alone();
    copies("take", |near: TcpStream, far: TcpStream| copy(near.take(LENGTH), far));
    copies("halves that take turns", |near: TcpStream, far: TcpStream| {
        copy(io::split(near).0, far);
    });
    copies("a writer that takes turns", |near: TcpStream, far: TcpStream| {
        copy(near, io::split(far).1);
    });
    copies("sizes that were asked for", |mut near: TcpStream, mut far: TcpStream| {
        let (there, back) = (256 * 1024, 1024);
        let copying = io::copy_bidirectional_with_sizes(&mut near, &mut far, there, back);
        assert_eq!(pollster::block_on(copying).unwrap(), (LENGTH, 0));
    });
}

#[test]
fn one_end_alone_is_copied() {
    let _alone = alone();
    let (near, client) = TcpStream::pair();
    let before = spliced_bytes();
    let feeding = thread::spawn(move || feed(client));
    let mut all = Vec::new();
    assert_eq!(pollster::block_on(io::copy(&mut { near }, &mut all)).unwrap(), LENGTH);
    feeding.join().unwrap();
    consume(&all[..]);

    let (far, server) = TcpStream::pair();
    let consuming = thread::spawn(move || consume(server));
    copy(&all[..], far);
    consuming.join().unwrap();
    assert_eq!(spliced_bytes(), before);
}

/// What a reader already holds comes first, and only then what can be spliced.
#[test]
fn what_was_buffered_before_comes_first() {
    let _alone = alone();
    splices("a BufReader that holds the beginning", |near: TcpStream, far: TcpStream| {
        pollster::block_on(async {
            let mut near = BufReader::with_capacity(3_000, near);
            let mut head = [0; 1_000];
            near.read_exact(&mut head).await.unwrap();
            let mut far = BufWriter::with_capacity(5_000, far);
            far.write_all(&head).await.unwrap();
            assert!(!far.buffer().is_empty());
            assert_eq!(io::copy(&mut near, &mut far).await.unwrap(), LENGTH - 1_000);
            far.shutdown().await.unwrap();
        });
    });
    splices("a chain", |mut near: TcpStream, far: TcpStream| {
        let mut head = vec![0; 2 << 20];
        pollster::block_on(near.read_exact(&mut head)).unwrap();
        copy(AsyncReadExt::chain(std::io::Cursor::new(head), near), far);
    });
}

/// As long as a writer holds something back, nothing may overtake it.
#[test]
fn what_is_still_buffered_is_not_overtaken() {
    let _alone = alone();
    for size in [100_000, 400_000, 3 << 20] {
        spliced(|near: TcpStream, far: TcpStream| copy(near, BufWriter::with_capacity(size, far)));
    }
}
