//! Reads and writes that are interrupted are made again by what loops, and by nothing else.

use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::TryStreamExt;
use minato::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
    BufWriter, ReadBuf, copy, copy_bidirectional, copy_buf, join, owned,
};
use minato::runtime::Builder;
use minato::time::timeout;

use super::script::{CountingWaker, ScriptReader, ScriptWriter, Step, Taking, data, run};

const INTERRUPTED: ErrorKind = ErrorKind::Interrupted;

/// Gives the bytes one by one, with so many interruptions before each and before the end.
fn reader(bytes: &[u8], interruptions: usize) -> ScriptReader {
    let steps = bytes.iter().map(|byte| Some(data([*byte]))).chain([None]);
    ScriptReader::new(steps.flat_map(|step| {
        let fail = Step::Fail(INTERRUPTED);
        std::iter::repeat_n(fail, interruptions).chain(step).collect::<Vec<_>>()
    }))
}

/// Takes the bytes one by one, with so many interruptions before each.
fn writer(interruptions: usize) -> ScriptWriter {
    ScriptWriter::new((0..64).flat_map(|_| {
        let fail = Taking::Fail(INTERRUPTED);
        std::iter::repeat_n(fail, interruptions).chain([Taking::UpTo(1)])
    }))
}

#[test]
fn what_reads_until_it_is_done_reads_again() {
    for interruptions in [1, 2, 5, 300] {
        let text = || reader(b"one\ntwo\n", interruptions);
        let lines = || BufReader::new(text());

        let mut bytes = [0; 8];
        assert_eq!(run(text().read_exact(&mut bytes)).unwrap(), 8);
        assert_eq!(&bytes, b"one\ntwo\n");
        assert_eq!(run(text().read_u8()).unwrap(), b'o');
        assert_eq!(run(text().read_u32_le()).unwrap(), u32::from_le_bytes(*b"one\n"));
        for capacity in [0, 4, 8, 100] {
            let mut vec = Vec::with_capacity(capacity);
            assert_eq!(run(text().read_to_end(&mut vec)).unwrap(), 8);
            assert_eq!(vec, b"one\ntwo\n");
        }
        let mut string = String::from("> ");
        assert_eq!(run(text().read_to_string(&mut string)).unwrap(), 8);
        assert_eq!(string, "> one\ntwo\n");

        let mut vec = Vec::new();
        assert_eq!(run(lines().read_until(b'e', &mut vec)).unwrap(), 3);
        let mut line = String::new();
        assert_eq!(run(lines().read_line(&mut line)).unwrap(), 4);
        let mut each = lines().lines();
        for expected in [Some("one"), Some("two"), None] {
            assert_eq!(run(each.next_line()).unwrap().as_deref(), expected);
        }
        let mut each = lines().split(b'\n');
        for expected in [Some(&b"one"[..]), Some(b"two"), None] {
            assert_eq!(run(each.next_segment()).unwrap().as_deref(), expected);
        }

        assert_eq!(run(owned::read_exact(text(), [0; 4])).unwrap().1, *b"one\n");
        assert_eq!(run(owned::read_to_end(text(), Vec::new())).unwrap().1, b"one\ntwo\n");
        assert_eq!(run(owned::read_until(lines(), b'\n', Vec::new())).unwrap().1, b"one\n");
        let each: Vec<String> = run(owned::lines(lines()).try_collect()).unwrap();
        assert_eq!(each, ["one", "two"]);
    }
}

#[test]
fn what_writes_until_it_is_done_writes_again() {
    for interruptions in [1, 2, 5, 300] {
        let mut target = writer(interruptions);
        run(target.write_all(b"har")).unwrap();
        run(target.write_u16(u16::from_be_bytes(*b"bo"))).unwrap();
        run(target.write_u8(b'u')).unwrap();
        for vectored in [false, true] {
            target.vectored = vectored;
            let mut source = &b"r, "[..];
            run(target.write_all_buf(&mut source)).unwrap();
            assert_eq!(source, b"");
        }
        let (target, _) = run(owned::write_all(target, "quay")).unwrap();
        assert_eq!(target.taken, b"harbour, r, quay");

        for shuts_down in [false, true] {
            let mut buffered = BufWriter::new(writer(interruptions));
            run(buffered.write_all(b"pier")).unwrap();
            if shuts_down {
                run(buffered.shutdown()).unwrap();
            } else {
                run(buffered.flush()).unwrap();
            }
            assert_eq!(buffered.into_inner().taken, b"pier");
        }
    }
}

#[test]
fn copies_go_on_at_both_ends() {
    for (reads, writes) in [(1, 0), (0, 1), (3, 2), (300, 0), (0, 300)] {
        let (source, target) = (|| reader(b"cargo", reads), || writer(writes));
        let mut to = target();
        assert_eq!(run(copy(&mut source(), &mut to)).unwrap(), 5);
        assert_eq!(to.taken, b"cargo");
        let mut to = target();
        assert_eq!(run(copy_buf(&mut BufReader::new(source()), &mut to)).unwrap(), 5);
        assert_eq!(to.taken, b"cargo");
        let (mut a, mut b) = (join(source(), target()), join(source(), target()));
        assert_eq!(run(copy_bidirectional(&mut a, &mut b)).unwrap(), (5, 5));
        assert_eq!((&a.writer().taken[..], &b.writer().taken[..]), (&b"cargo"[..], &b"cargo"[..]));
        let (count, _, to) = run(owned::copy(source(), target())).unwrap();
        assert_eq!((count, &to.taken[..]), (5, &b"cargo"[..]));
    }
}

#[test]
fn one_operation_returns_the_interruption() {
    let kind = |result: io::Result<usize>| result.unwrap_err().kind();
    let (mut from, mut to) = (reader(b"a", 3), writer(2));
    assert_eq!(kind(run(from.read(&mut [0; 4]))), INTERRUPTED);
    assert_eq!(kind(run(from.read_buf(&mut Vec::new()))), INTERRUPTED);
    let mut from = BufReader::new(from);
    assert_eq!(kind(run(from.fill_buf()).map(<[u8]>::len)), INTERRUPTED);
    assert_eq!(run(from.fill_buf()).unwrap(), b"a");
    assert_eq!(kind(run(to.write(b"a"))), INTERRUPTED);
    assert_eq!(kind(run(to.write_buf(&mut &b"a"[..]))), INTERRUPTED);
    assert_eq!(run(to.write(b"a")).unwrap(), 1);
}

/// Is interrupted for ever, and counts how often.
#[derive(Default)]
struct Endless(usize);

impl Endless {
    fn interrupt<T>(&mut self) -> Poll<io::Result<T>> {
        self.0 += 1;
        Poll::Ready(Err(INTERRUPTED.into()))
    }
}

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.interrupt()
    }
}

impl AsyncBufRead for Endless {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_mut().interrupt()
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}

impl AsyncWrite for Endless {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.interrupt()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Calls `check` with every kind of loop over an endless stream.
macro_rules! over_endless_streams {
    ($check:expr) => {{
        let check = $check;
        let (mut bytes, mut text) = (Vec::new(), String::new());
        check(
            "read_exact",
            pin!(async { Endless::default().read_exact(&mut [0; 4]).await.map(drop) }),
        );
        check("read_u8", pin!(async { Endless::default().read_u8().await.map(drop) }));
        check(
            "read_to_end",
            pin!(async { Endless::default().read_to_end(&mut bytes).await.map(drop) }),
        );
        check("read_line", pin!(async { Endless::default().read_line(&mut text).await.map(drop) }));
        check("next_line", pin!(async { Endless::default().lines().next_line().await.map(drop) }));
        check("write_all", pin!(async { Endless::default().write_all(b"abc").await }));
        check(
            "write_all_buf",
            pin!(async { Endless::default().write_all_buf(&mut &b"abc"[..]).await }),
        );
        check(
            "copy, reading",
            pin!(async { copy(&mut Endless::default(), &mut Vec::new()).await.map(drop) }),
        );
        check(
            "copy, writing",
            pin!(async { copy(&mut &b"abc"[..], &mut Endless::default()).await.map(drop) }),
        );
        check(
            "copy_buf",
            pin!(async { copy_buf(&mut Endless::default(), &mut Vec::new()).await.map(drop) }),
        );
        check(
            "owned",
            pin!(async { owned::read_exact(Endless::default(), [0; 4]).await.map(drop) }),
        );
    }};
}

#[test]
fn an_endless_interruption_keeps_no_thread() {
    let check = |name: &str, mut future: Pin<&mut dyn Future<Output = io::Result<()>>>| {
        let (counter, waker) = CountingWaker::pair();
        for polls in 1..5 {
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending(), "{name}");
            assert!(counter.count() >= polls, "{name}: nothing wakes it");
        }
    };
    over_endless_streams!(check);
}

#[test]
fn an_endless_interruption_ends_at_a_timeout() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let check = |name: &str, future: Pin<&mut dyn Future<Output = io::Result<()>>>| {
        let result = runtime.block_on(timeout(Duration::from_millis(2), future));
        assert!(result.is_err(), "{name}");
    };
    over_endless_streams!(check);
}

#[test]
fn one_poll_makes_a_bounded_number_of_calls() {
    let mut endless = Endless::default();
    let mut bytes = [0; 4];
    assert!(super::script::poll_once(endless.read_exact(&mut bytes)).is_pending());
    assert!((2..=128).contains(&endless.0), "{} calls", endless.0);
}
