//! Reading: once, exactly, to the end, numbers.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::{BufMut, BytesMut};
use minato::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf};

use super::script::{ScriptReader, Step, data, panic_message, poll_once, run};

#[test]
fn read_gives_what_there_is_and_zero_at_the_end() {
    let mut reader = ScriptReader::new([data("abc"), Step::Wait, data("d")]);
    let mut buf = [0; 2];
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 2);
    assert_eq!(&buf, b"ab");
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 1);
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 1);
    assert_eq!(&buf[..1], b"d");
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 0);
}

#[test]
fn a_dropped_read_has_read_nothing() {
    let mut reader = ScriptReader::new([Step::Wait, data("abc")]);
    let mut buf = [0; 3];
    assert!(poll_once(reader.read(&mut buf)).is_pending());
    assert_eq!(buf, [0; 3]);
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 3);
}

#[test]
fn read_exact_says_how_much_of_how_much_came() {
    let mut reader = ScriptReader::new([data("ab"), Step::Wait, data("c")]);
    let mut buf = [0; 10];
    let error = run(reader.read_exact(&mut buf)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "the stream ended after 3 of 10 bytes");
    assert_eq!(&buf[..3], b"abc");
}

#[test]
fn read_exact_fills_the_buffer_and_leaves_the_rest() {
    let mut reader = ScriptReader::new([data("ab"), Step::Wait, data("cdef")]);
    let mut buf = [0; 4];
    assert_eq!(run(reader.read_exact(&mut buf)).unwrap(), 4);
    assert_eq!(&buf, b"abcd");
    assert_eq!(run(reader.read_exact(&mut [])).unwrap(), 0);
    assert_eq!(run(reader.read_u8()).unwrap(), b'e');
}

#[test]
fn read_exact_can_be_polled_on_after_an_error() {
    let fail = Step::Fail(ErrorKind::TimedOut);
    let mut reader = ScriptReader::new([data("ab"), fail, data("cd")]);
    let mut buf = [0; 4];
    let mut future = pin!(reader.read_exact(&mut buf));
    assert_eq!(run(future.as_mut()).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(run(future).unwrap(), 4);
    assert_eq!(&buf, b"abcd");
}

#[test]
fn read_buf_appends_within_the_buffer() {
    let mut reader = ScriptReader::new([data("abcdef"), Step::Wait, data("g")]);
    let mut buf = BytesMut::with_capacity(64);
    let mut bounded = (&mut buf).limit(4);
    assert_eq!(run(reader.read_buf(&mut bounded)).unwrap(), 4);
    assert_eq!(run(reader.read_buf(&mut bounded)).unwrap(), 0, "there is no room");
    assert_eq!(run(reader.read_buf(&mut buf)).unwrap(), 2);
    assert_eq!(run(reader.read_buf(&mut buf)).unwrap(), 1);
    assert_eq!(run(reader.read_buf(&mut buf)).unwrap(), 0, "the stream has ended");
    assert_eq!(buf, &b"abcdefg"[..]);
}

#[test]
fn read_to_end_appends_all_and_keeps_it_on_errors() {
    let fail = Step::Fail(ErrorKind::ConnectionReset);
    let mut reader = ScriptReader::new([data("ab"), Step::Wait, data("cd"), fail, data("ef")]);
    let mut all = b">".to_vec();
    assert_eq!(run(reader.read_to_end(&mut all)).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(all, b">abcd");
    assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 2);
    assert_eq!(all, b">abcdef");
}

#[test]
fn a_dropped_read_to_end_has_appended_what_it_read() {
    let mut reader = ScriptReader::new([data("ab"), Step::Wait, data("cd")]);
    let mut all = Vec::new();
    assert!(poll_once(reader.read_to_end(&mut all)).is_pending());
    assert_eq!(all, b"ab");
    assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 2);
    assert_eq!(all, b"abcd");
}

#[test]
fn read_to_end_at_the_end_allocates_nothing() {
    let mut all = Vec::new();
    assert_eq!(run(ScriptReader::default().read_to_end(&mut all)).unwrap(), 0);
    assert_eq!(all.capacity(), 0);
    let mut exact = Vec::with_capacity(1000);
    let mut reader = ScriptReader::new([data([1; 1000])]);
    assert_eq!(run(reader.read_to_end(&mut exact)).unwrap(), 1000);
    assert_eq!(exact.capacity(), 1000);
}

/// Initializes all that it is offered before it fills one byte, and waits before each.
struct Zeroing {
    left: usize,
    /// How many bytes had to be zeroed for that.
    zeroed: usize,
    has_waited: bool,
}

impl AsyncRead for Zeroing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.initialized().len();
        buf.initialize_unfilled();
        self.zeroed += buf.initialized().len() - before;
        self.has_waited = !self.has_waited;
        if self.has_waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.left > 0 {
            self.left -= 1;
            buf.advance(1);
        }
        Poll::Ready(Ok(()))
    }
}

#[test]
fn what_a_reader_initializes_is_initialized_once() {
    for capacity in [0, 100, 2000, 1 << 24] {
        let mut reader = Zeroing { left: 2000, zeroed: 0, has_waited: false };
        let mut all = Vec::with_capacity(capacity);
        assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 2000);
        assert_eq!(all, [0; 2000]);
        assert!(reader.zeroed <= 12 * 1024, "{} bytes zeroed", reader.zeroed);
    }
}

#[test]
fn a_vector_that_is_too_small_doubles() {
    // One read fills it, the next finds four bytes more, and the end takes some room again.
    for capacity in [34, 40, 100, 5000] {
        let bytes = vec![7; capacity + 4];
        let mut all = Vec::with_capacity(capacity);
        assert_eq!(run((&bytes[..]).read_to_end(&mut all)).unwrap(), capacity + 4);
        assert!(all.capacity() <= 4 * capacity, "{} bytes for {capacity}", all.capacity());
        assert_eq!(all, bytes);
    }
}

#[test]
fn numbers_have_their_byte_order() {
    let bytes: Vec<u8> = (1..=16).collect();
    let mut reader = &bytes[..];
    assert_eq!(run(reader.read_u8()).unwrap(), 1);
    assert_eq!(run(reader.read_u16()).unwrap(), 0x0203);
    assert_eq!(run(reader.read_u16_le()).unwrap(), 0x0504);
    assert_eq!(run(reader.read_i32_le()).unwrap(), 0x0908_0706);
    let mut reader = &bytes[..];
    assert_eq!(run(reader.read_u64()).unwrap(), 0x0102_0304_0506_0708);
    assert_eq!(run(reader.read_i64_le()).unwrap(), 0x100f_0e0d_0c0b_0a09);
    let mut reader = &bytes[..];
    assert_eq!(
        run(reader.read_u128()).unwrap(),
        u128::from_be_bytes(bytes[..].try_into().unwrap())
    );
    let mut reader = &[0xff, 0xff, 0xfe, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0][..];
    assert_eq!(run(reader.read_i8()).unwrap(), -1);
    assert_eq!(run(reader.read_i16()).unwrap(), -2);
    assert_eq!(run(reader.read_f64()).unwrap(), -1.0);
}

#[test]
fn a_number_comes_through_any_chunking_and_says_when_it_is_cut_off() {
    let mut reader = ScriptReader::new([data([1]), Step::Wait, data([2, 3]), data([4, 5, 6])]);
    assert_eq!(run(reader.read_u32()).unwrap(), 0x0102_0304);
    let error = run(reader.read_u32_le()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "the stream ended after 2 of 4 bytes");
}

/// Claims one byte more than it was given room for.
struct OverReporting;

impl AsyncRead for OverReporting {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        buf.advance(buf.remaining() + 1);
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_reader_that_reports_too_much_is_caught_by_every_helper() {
    fn caught(name: &str, work: impl FnOnce()) {
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err(), "{name} believed it");
    }
    let mut vec = Vec::with_capacity(8);
    caught("read", || drop(run(OverReporting.read(&mut [0; 4]))));
    caught("read_exact", || drop(run(OverReporting.read_exact(&mut [0; 4]))));
    caught("read_buf", || drop(run(OverReporting.read_buf(&mut vec))));
    caught("read_to_end", || drop(run(OverReporting.read_to_end(&mut vec))));
    caught("take", || drop(run(OverReporting.take(2).read(&mut [0; 4]))));
    caught("BufReader", || drop(run(BufReader::new(OverReporting).read_u8())));
    assert!(vec.is_empty());
}

#[test]
fn fill_buf_names_itself_when_it_is_polled_too_often() {
    let mut reader = &b"ab"[..];
    let mut future = pin!(reader.fill_buf());
    assert_eq!(run(future.as_mut()).unwrap(), b"ab");
    let message = panic_message(|| {
        let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    });
    assert_eq!(message, "FillBuf polled after completion");
}

#[test]
fn fill_buf_goes_on_after_waiting_and_after_an_error() {
    let fail = Step::Fail(ErrorKind::Interrupted);
    let mut reader = BufReader::new(ScriptReader::new([Step::Wait, fail, data("ab")]));
    let mut future = pin!(reader.fill_buf());
    assert_eq!(run(future.as_mut()).unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(run(future).unwrap(), b"ab");
    reader.consume(2);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"");
    assert_eq!(reader.get_ref().reads, 4);
}
