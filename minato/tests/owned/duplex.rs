//! `duplex` and `SimplexStream`: bounds, wakes, closing.

use std::io::{ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use minato::io::{
    self, AsyncBufRead, AsyncRead, AsyncWrite, DuplexStream, ReadBuf, SimplexStream, owned,
};

use super::drive::{Wakes, drive, panic_message};

fn write<W: AsyncWrite + Unpin>(
    end: &mut W,
    waker: &Waker,
    bytes: &[u8],
) -> Poll<Result<usize, ErrorKind>> {
    let result = Pin::new(end).poll_write(&mut Context::from_waker(waker), bytes);
    result.map_err(|error| error.kind())
}

fn read<R: AsyncRead + Unpin>(
    end: &mut R,
    waker: &Waker,
    room: usize,
) -> Poll<Result<Vec<u8>, ErrorKind>> {
    let mut bytes = vec![0; room];
    let mut buf = ReadBuf::new(&mut bytes);
    let result = Pin::new(end).poll_read(&mut Context::from_waker(waker), &mut buf);
    result.map_ok(|()| buf.filled().to_vec()).map_err(|error| error.kind())
}

fn shut_down<W: AsyncWrite + Unpin>(end: &mut W) {
    let result = Pin::new(end).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(result, Poll::Ready(Ok(()))));
}

#[test]
fn a_full_pipe_takes_a_part_then_waits_until_it_is_read() {
    let (wakes, waker) = Wakes::new();
    let (mut a, mut b) = io::duplex(5);
    assert_eq!(write(&mut a, &waker, b"har"), Poll::Ready(Ok(3)));
    assert_eq!(write(&mut a, &waker, b"bour"), Poll::Ready(Ok(2)));
    assert_eq!(write(&mut a, &waker, b"ur"), Poll::Pending);
    assert_eq!(wakes.count(), 0);
    assert_eq!(read(&mut b, Waker::noop(), 4), Poll::Ready(Ok(b"harb".to_vec())));
    assert_eq!(wakes.count(), 1);
    assert_eq!(write(&mut a, &waker, b"ur"), Poll::Ready(Ok(2)));
    assert_eq!(read(&mut b, Waker::noop(), 4), Poll::Ready(Ok(b"our".to_vec())));
}

#[test]
fn an_empty_pipe_waits_until_it_is_written() {
    let (wakes, waker) = Wakes::new();
    let (mut a, mut b) = io::duplex(5);
    assert_eq!(read(&mut b, &waker, 4), Poll::Pending);
    assert_eq!(wakes.count(), 0);
    assert_eq!(write(&mut a, Waker::noop(), b"x"), Poll::Ready(Ok(1)));
    assert_eq!(wakes.count(), 1);
    assert_eq!(read(&mut b, &waker, 4), Poll::Ready(Ok(b"x".to_vec())));
}

#[test]
fn the_last_task_that_waits_is_woken() {
    let (old_wakes, old) = Wakes::new();
    let (new_wakes, new) = Wakes::new();
    let (mut a, mut b) = io::duplex(5);
    assert_eq!(read(&mut b, &old, 4), Poll::Pending);
    assert_eq!(read(&mut b, &new, 4), Poll::Pending);
    assert_eq!(write(&mut a, Waker::noop(), b"x"), Poll::Ready(Ok(1)));
    assert_eq!((old_wakes.count(), new_wakes.count()), (0, 1));
}

#[test]
fn the_directions_are_apart() {
    let waker = Waker::noop();
    let (mut a, mut b) = io::duplex(5);
    assert_eq!(write(&mut a, waker, b"there"), Poll::Ready(Ok(5)));
    assert_eq!(write(&mut b, waker, b"back"), Poll::Ready(Ok(4)));
    assert_eq!(read(&mut a, waker, 8), Poll::Ready(Ok(b"back".to_vec())));
    assert_eq!(read(&mut b, waker, 8), Poll::Ready(Ok(b"there".to_vec())));
}

#[test]
fn shutdown_ends_one_direction_after_what_is_in_it() {
    let waker = Waker::noop();
    let (mut a, mut b) = io::duplex(5);
    assert_eq!(write(&mut a, waker, b"last"), Poll::Ready(Ok(4)));
    shut_down(&mut a);
    assert_eq!(write(&mut a, waker, b"x"), Poll::Ready(Err(ErrorKind::BrokenPipe)));
    assert_eq!(read(&mut b, waker, 8), Poll::Ready(Ok(b"last".to_vec())));
    assert_eq!(read(&mut b, waker, 8), Poll::Ready(Ok(vec![])));
    assert_eq!(write(&mut b, waker, b"still"), Poll::Ready(Ok(5)));
    assert_eq!(read(&mut a, waker, 8), Poll::Ready(Ok(b"still".to_vec())));
}

#[test]
fn shutdown_and_drop_wake_a_waiting_reader() {
    let ways: [fn(DuplexStream) -> Option<DuplexStream>; 2] = [
        |mut end| {
            shut_down(&mut end);
            Some(end)
        },
        |_end| None,
    ];
    for end_it in ways {
        let (wakes, waker) = Wakes::new();
        let (a, mut b) = io::duplex(5);
        assert_eq!(read(&mut b, &waker, 4), Poll::Pending);
        let _a = end_it(a);
        assert_eq!(wakes.count(), 1);
        assert_eq!(read(&mut b, &waker, 4), Poll::Ready(Ok(vec![])));
    }
}

#[test]
fn drop_ends_both_directions_after_what_is_in_them() {
    let (wakes, waker) = Wakes::new();
    let (mut a, mut b) = io::duplex(4);
    assert_eq!(write(&mut a, &waker, b"last"), Poll::Ready(Ok(4)));
    assert_eq!(write(&mut b, &waker, b"full"), Poll::Ready(Ok(4)));
    assert_eq!(write(&mut b, &waker, b"more"), Poll::Pending);
    drop(a);
    assert_eq!(wakes.count(), 1, "a writer that waits for room learns that none will come");
    assert_eq!(write(&mut b, &waker, b"more"), Poll::Ready(Err(ErrorKind::BrokenPipe)));
    assert_eq!(read(&mut b, &waker, 8), Poll::Ready(Ok(b"last".to_vec())));
    assert_eq!(read(&mut b, &waker, 8), Poll::Ready(Ok(vec![])));
}

#[test]
fn no_bytes_asked_or_given_never_wait() {
    let waker = Waker::noop();
    let (mut a, mut b) = io::duplex(1);
    assert_eq!(read(&mut b, waker, 0), Poll::Ready(Ok(vec![])));
    assert_eq!(write(&mut a, waker, b"x"), Poll::Ready(Ok(1)));
    assert_eq!(write(&mut a, waker, b""), Poll::Ready(Ok(0)));
    drop(b);
    assert_eq!(write(&mut a, waker, b""), Poll::Ready(Err(ErrorKind::BrokenPipe)));
}

#[test]
fn a_size_of_zero_panics() {
    let text = "`max_buf_size` must be greater than 0";
    assert_eq!(panic_message(|| io::duplex(0)), text);
    assert_eq!(panic_message(|| SimplexStream::new_unsplit(0)), text);
}

#[test]
fn vectored_writes_fill_the_pipe_from_several_buffers() {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut a, mut b) = io::duplex(8);
    assert!(a.is_write_vectored());
    let slices = ["har", "", "bour", "master"].map(|text| IoSlice::new(text.as_bytes()));
    let written = Pin::new(&mut a).poll_write_vectored(&mut cx, &slices);
    assert!(matches!(written, Poll::Ready(Ok(8))));
    assert!(Pin::new(&mut a).poll_write_vectored(&mut cx, &slices).is_pending());
    let empty = Pin::new(&mut a).poll_write_vectored(&mut cx, &[IoSlice::new(b"")]);
    assert!(matches!(empty, Poll::Ready(Ok(0))));
    assert_eq!(read(&mut b, Waker::noop(), 16), Poll::Ready(Ok(b"harbourm".to_vec())));
}

/// Drops what it holds when it is woken, as an executor may that runs the task at once.
struct DropOnWake(Mutex<Option<DuplexStream>>);

impl Wake for DropOnWake {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn a_wake_may_come_back_to_the_same_pipe() {
    let (mut a, mut b) = io::duplex(4);
    let holder = Arc::new(DropOnWake(Mutex::new(None)));
    assert_eq!(read(&mut b, &Waker::from(holder.clone()), 4), Poll::Pending);
    *holder.0.lock().unwrap() = Some(b);
    assert_eq!(write(&mut a, Waker::noop(), b"x"), Poll::Ready(Ok(1)));
    assert_eq!(write(&mut a, Waker::noop(), b"x"), Poll::Ready(Err(ErrorKind::BrokenPipe)));
}

#[test]
fn a_waker_that_is_replaced_may_come_back_to_the_same_pipe() {
    struct Holder(#[expect(dead_code, reason = "held to be dropped")] DuplexStream);
    impl Wake for Holder {
        fn wake(self: Arc<Self>) {}
    }
    let (a, mut b) = io::duplex(4);
    assert_eq!(read(&mut b, &Waker::from(Arc::new(Holder(a))), 4), Poll::Pending);
    // The pipe holds the last reference: replacing the waker drops the other end.
    assert_eq!(read(&mut b, Waker::noop(), 4), Poll::Pending);
    assert_eq!(read(&mut b, Waker::noop(), 4), Poll::Ready(Ok(vec![])));
}

/// A waker whose executor is broken.
struct PanicOnWake;

impl Wake for PanicOnWake {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics, as planned");
    }
}

#[test]
fn a_waker_that_panics_does_not_keep_the_peers_writer_waiting() {
    let (wakes, waker) = Wakes::new();
    let (a, mut b) = io::duplex(4);
    assert_eq!(read(&mut b, &Waker::from(Arc::new(PanicOnWake)), 4), Poll::Pending);
    assert_eq!(write(&mut b, &waker, b"full"), Poll::Ready(Ok(4)));
    assert_eq!(write(&mut b, &waker, b"more"), Poll::Pending);
    drop(a);
    assert_eq!(wakes.count(), 1, "a writer that waits for room learns that none will come");
    assert_eq!(write(&mut b, &waker, b"more"), Poll::Ready(Err(ErrorKind::BrokenPipe)));
}

#[test]
fn a_waker_that_panics_does_not_keep_the_other_side_of_a_pipe_waiting() {
    let mut pipe = SimplexStream::new_unsplit(4);
    assert_eq!(read(&mut pipe, &Waker::from(Arc::new(PanicOnWake)), 4), Poll::Pending);
    assert_eq!(write(&mut pipe, Waker::noop(), b"full"), Poll::Ready(Ok(4)), "it was taken");
    let (wakes, waker) = Wakes::new();
    assert_eq!(write(&mut pipe, &waker, b"more"), Poll::Pending);
    let bytes = Pin::new(&mut pipe).poll_fill_buf(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(bytes, Poll::Ready(Ok(b"full"))));
    shut_down(&mut pipe);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn both_ends_of_a_simplex_pass_bytes_and_the_end() {
    let (mut reader, mut writer) = io::simplex(4);
    let (wakes, waker) = Wakes::new();
    assert_eq!(read(&mut reader, &waker, 8), Poll::Pending);
    assert_eq!(write(&mut writer, Waker::noop(), b"harbour"), Poll::Ready(Ok(4)));
    assert!(wakes.count() > 0);
    assert_eq!(read(&mut reader, &waker, 8), Poll::Ready(Ok(b"harb".to_vec())));
    shut_down(&mut writer);
    assert_eq!(read(&mut reader, &waker, 8), Poll::Ready(Ok(vec![])));
}

#[test]
fn two_threads_pass_much_through_a_small_pipe() {
    let source: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let (a, b) = io::duplex(701);
    let expected = source.clone();
    let writer = thread::spawn(move || pollster::block_on(owned::write_all(a, source)).map(drop));
    let (_, received) = pollster::block_on(owned::read_to_end(b, Vec::new())).unwrap();
    writer.join().unwrap().unwrap();
    assert!(received == expected);
}

#[test]
fn an_unsplit_pipe_reads_what_was_written_and_wakes_itself() {
    let (wakes, waker) = Wakes::new();
    let mut pipe = SimplexStream::new_unsplit(4);
    assert_eq!(read(&mut pipe, &waker, 4), Poll::Pending);
    assert_eq!(write(&mut pipe, &waker, b"abcd"), Poll::Ready(Ok(4)));
    assert_eq!(wakes.count(), 1);
    assert_eq!(write(&mut pipe, &waker, b"e"), Poll::Pending);
    assert_eq!(read(&mut pipe, &waker, 3), Poll::Ready(Ok(b"abc".to_vec())));
    assert_eq!(wakes.count(), 2);
    shut_down(&mut pipe);
    assert_eq!(write(&mut pipe, &waker, b"e"), Poll::Ready(Err(ErrorKind::BrokenPipe)));
    assert_eq!(read(&mut pipe, &waker, 3), Poll::Ready(Ok(b"d".to_vec())));
    assert_eq!(read(&mut pipe, &waker, 3), Poll::Ready(Ok(vec![])));
}

#[test]
fn shutdown_wakes_a_writer_that_waits() {
    let (wakes, waker) = Wakes::new();
    let mut pipe = SimplexStream::new_unsplit(1);
    assert_eq!(write(&mut pipe, &waker, b"ab"), Poll::Ready(Ok(1)));
    assert_eq!(write(&mut pipe, &waker, b"b"), Poll::Pending);
    shut_down(&mut pipe);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn an_unsplit_pipe_is_a_buffered_reader() {
    let pipe = SimplexStream::new_unsplit(8);
    let (pipe, _) = drive(owned::write_all(pipe, "ab;cd")).unwrap();
    let (pipe, field) = drive(owned::read_until(pipe, b';', Vec::new())).unwrap();
    assert_eq!(field, b"ab;");
    // Beyond the end of the ring and round again.
    let (pipe, _) = drive(owned::write_all(pipe, "ef;gh;")).unwrap();
    let (pipe, field) = drive(owned::read_until(pipe, b';', Vec::new())).unwrap();
    assert_eq!(field, b"cdef;");
    let pipe = drive(owned::shutdown(pipe)).unwrap();
    assert_eq!(drive(owned::read_to_end(pipe, Vec::new())).unwrap().1, b"gh;");
}
