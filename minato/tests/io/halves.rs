//! The two halves of one stream: pairing, taking turns, waking.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;

use minato::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf, join, split,
};

use super::script::{CountingWaker, ScriptReader, ScriptWriter, Step, data, panic_message, run};

#[test]
fn halves_read_and_write_and_come_together_again() {
    let inner = join(ScriptReader::new([data("ab"), Step::Wait]), ScriptWriter::vectored());
    let (mut reader, mut writer) = split(inner);
    assert!(reader.is_pair_of(&writer) && writer.is_pair_of(&reader));
    assert!(writer.is_write_vectored());
    assert_eq!(run(reader.read_u16()).unwrap(), 0x6162);
    run(writer.write_all(b"cd")).unwrap();
    run(writer.flush()).unwrap();
    run(writer.shutdown()).unwrap();
    let (_, inner) = reader.unsplit(writer).into_inner();
    assert_eq!(inner.calls, ["write 2", "flush", "shutdown"]);
}

#[test]
fn halves_of_different_streams_do_not_go_together() {
    let stream = || join(&b""[..], Vec::new());
    let (reader, _) = split(stream());
    let (_, writer) = split(stream());
    assert!(!reader.is_pair_of(&writer));
    let message = panic_message(|| drop(reader.unsplit(writer)));
    assert_eq!(message, "unsplit of halves that are not of one stream");
}

#[test]
fn halves_can_move_between_threads() {
    fn is_send_and_sync<T: Send + Sync>() {}
    // `Cell` is not `Sync`, which a lock makes good.
    is_send_and_sync::<ReadHalf<std::cell::Cell<u8>>>();
    is_send_and_sync::<WriteHalf<std::cell::Cell<u8>>>();
}

/// A stream whose read stays inside `poll_read` until it is told to leave.
struct Slow {
    entered: mpsc::Sender<()>,
    leave: mpsc::Receiver<()>,
    panics: bool,
}

impl AsyncRead for Slow {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.entered.send(()).unwrap();
        self.leave.recv().unwrap();
        assert!(!self.panics, "the reader's own bug");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Slow {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn a_half_that_finds_the_stream_in_use_is_woken(panics: bool) {
    let (entered, has_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel();
    let (mut reader, mut writer) = split(Slow { entered, leave: may_leave, panics });
    let reading = thread::spawn(move || drop(run(reader.read(&mut [0; 1]))));
    has_entered.recv().unwrap();

    let (woken, waker) = CountingWaker::pair();
    let mut cx = Context::from_waker(&waker);
    // Would hang here, not fail, if the writer blocked on the lock.
    assert!(Pin::new(&mut writer).poll_write(&mut cx, b"a").is_pending());
    assert_eq!(woken.count(), 0);
    leave.send(()).unwrap();
    assert_eq!(reading.join().is_err(), panics);
    assert_eq!(woken.count(), 1, "the end of the other half's poll wakes");
    assert!(matches!(Pin::new(&mut writer).poll_write(&mut cx, b"a"), Poll::Ready(Ok(1))));
}

#[test]
fn a_contended_half_waits_and_is_woken() {
    a_half_that_finds_the_stream_in_use_is_woken(false);
}

#[test]
fn a_contended_half_is_woken_also_by_a_panic() {
    a_half_that_finds_the_stream_in_use_is_woken(true);
}

/// A stream that notices when both halves are inside it.
#[derive(Default)]
struct Exclusive {
    inside: Arc<AtomicBool>,
    written: usize,
    read: usize,
}

impl Exclusive {
    fn visit(&self) {
        assert!(!self.inside.swap(true, Ordering::SeqCst), "both halves at once");
        // Different lengths, so that the visits meet in different ways.
        for _ in 0..(self.read + self.written) % 64 {
            std::hint::spin_loop();
        }
        self.inside.store(false, Ordering::SeqCst);
    }
}

impl AsyncRead for Exclusive {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.visit();
        self.read += 1;
        buf.put_slice(&[1]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Exclusive {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.visit();
        self.written += 1;
        Poll::Ready(Ok(1))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn two_threads_take_turns_and_no_wake_is_lost() {
    const ROUNDS: usize = 20_000;
    let (mut reader, mut writer) = split(Exclusive::default());
    let reading = thread::spawn(move || {
        pollster::block_on(async {
            let mut buf = [0; 1];
            for _ in 0..ROUNDS {
                reader.read_exact(&mut buf).await.unwrap();
            }
            reader
        })
    });
    pollster::block_on(async {
        for _ in 0..ROUNDS {
            poll_fn(|cx| Pin::new(&mut writer).poll_write(cx, b"a")).await.unwrap();
        }
    });
    let stream = reading.join().unwrap().unsplit(writer);
    assert_eq!((stream.read, stream.written), (ROUNDS, ROUNDS));
}

/// Waits until `turn` has come to `number`.
fn wait_for(turn: &AtomicUsize, number: usize) {
    while turn.load(Ordering::SeqCst) < number {
        thread::yield_now();
    }
}

#[test]
fn a_half_that_meets_the_last_poll_of_the_other_is_woken() {
    const ROUNDS: usize = 200_000;
    let (mut reader, mut writer) = split(Exclusive::default());
    let start = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(AtomicUsize::new(0));
    let reading = thread::spawn({
        let (start, done) = (start.clone(), done.clone());
        move || {
            let mut cx = Context::from_waker(std::task::Waker::noop());
            for round in 1..=ROUNDS {
                wait_for(&start, round);
                let _ = Pin::new(&mut reader).poll_read(&mut cx, &mut ReadBuf::new(&mut [0]));
                done.store(round, Ordering::SeqCst);
            }
        }
    });
    let (woken, waker) = CountingWaker::pair();
    let mut cx = Context::from_waker(&waker);
    let mut lost = 0;
    for round in 1..=ROUNDS {
        let before = woken.count();
        start.store(round, Ordering::SeqCst);
        let waits = Pin::new(&mut writer).poll_write(&mut cx, b"a").is_pending();
        wait_for(&done, round);
        lost += usize::from(waits && woken.count() == before);
    }
    reading.join().unwrap();
    assert_eq!(lost, 0, "the reader has left, and the waiting writer was not woken");
}
