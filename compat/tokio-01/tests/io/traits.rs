//! What the two traits do by themselves.

use std::io::{self, BufReader, BufWriter, Cursor, ErrorKind, Read};

use bytes::{Buf, BufMut, BytesMut};
use futures::{Async, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::tokio_io::io::AllowStdIo;

use crate::script::{Script, Step};

#[test]
fn read_buf_appends_what_was_read() {
    let mut buf = BytesMut::with_capacity(64);
    buf.extend_from_slice(b"star");
    let mut reader = Script::new(&[Step::Bytes(b"board")]);
    assert_eq!(AsyncRead::read_buf(&mut reader, &mut buf).unwrap(), Async::Ready(5));
    assert_eq!(&buf[..], b"starboard");
}

#[test]
fn read_buf_gives_errors_on() {
    let mut reader = Script::new(&[Step::Fail(ErrorKind::ConnectionReset)]);
    let error = AsyncRead::read_buf(&mut reader, &mut BytesMut::with_capacity(64)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn what_would_block_is_not_ready() {
    let block = &[Step::Block];
    let mut buf = BytesMut::with_capacity(64);
    assert_eq!(AsyncRead::read_buf(&mut Script::new(block), &mut buf).unwrap(), Async::NotReady);
    assert!(buf.is_empty());
    assert_eq!(Script::new(block).poll_read(&mut [0]).unwrap(), Async::NotReady);
    assert_eq!(Script::new(block).poll_write(b"a").unwrap(), Async::NotReady);
}

#[test]
fn a_full_buffer_is_not_read_into() {
    let mut array = [0; 0];
    let mut full = Cursor::new(&mut array[..]);
    assert!(!full.has_remaining_mut());
    let mut reader = Script::new(&[Step::Fail(ErrorKind::Other)]);
    assert_eq!(AsyncRead::read_buf(&mut reader, &mut full).unwrap(), Async::Ready(0));
}

/// Looks at what is in its buffer before it reads, as a reader of std may.
struct Looks {
    prepares: bool,
    seen: Vec<u8>,
}

impl Read for Looks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.seen = buf.to_vec();
        Ok(0)
    }
}

impl AsyncRead for Looks {
    unsafe fn prepare_uninitialized_buffer(&self, buf: &mut [u8]) -> bool {
        if self.prepares {
            buf.fill(7);
        }
        false
    }
}

/// A buffer whose free room is known to hold ones.
fn ones(room: usize) -> BytesMut {
    let mut buf = BytesMut::from(vec![1; room]);
    buf.clear();
    buf
}

#[test]
fn a_reader_sees_the_buffer_as_it_was_prepared() {
    let mut plain = Looks { prepares: false, seen: Vec::new() };
    assert_eq!(AsyncRead::read_buf(&mut plain, &mut ones(64)).unwrap(), Async::Ready(0));
    assert!(plain.seen.iter().all(|byte| *byte == 1), "left alone on request");
    let mut own = Looks { prepares: true, seen: Vec::new() };
    assert_eq!(AsyncRead::read_buf(&mut own, &mut ones(64)).unwrap(), Async::Ready(0));
    assert!(own.seen.iter().all(|byte| *byte == 7), "prepared by its own method");
}

#[test]
fn by_default_the_buffer_is_zeroed() {
    struct ByDefault(Looks);

    impl Read for ByDefault {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }

    impl AsyncRead for ByDefault {}

    let mut reader = ByDefault(Looks { prepares: false, seen: Vec::new() });
    assert_eq!(AsyncRead::read_buf(&mut reader, &mut ones(64)).unwrap(), Async::Ready(0));
    assert!(!reader.0.seen.is_empty());
    assert!(reader.0.seen.iter().all(|byte| *byte == 0));
}

#[test]
fn write_buf_advances_by_what_was_written() {
    let mut source = Cursor::new(&b"ahoy"[..]);
    let mut writer = Script::new(&[Step::Bytes(b"123"), Step::Block]);
    assert_eq!(writer.write_buf(&mut source).unwrap(), Async::Ready(3));
    assert_eq!(writer.write_buf(&mut source).unwrap(), Async::NotReady);
    assert_eq!(source.remaining(), 1);
    assert_eq!(writer.write_buf(&mut source).unwrap(), Async::Ready(1));
    assert_eq!(writer.write_buf(&mut source).unwrap(), Async::Ready(0), "nothing is left");
    assert_eq!(writer.written, b"ahoy");
}

/// Overrides what has a default.
struct Own;

impl Read for Own {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("poll_read is overridden")
    }
}

impl AsyncRead for Own {
    fn poll_read(&mut self, _: &mut [u8]) -> Poll<usize, io::Error> {
        Ok(Async::Ready(42))
    }
}

#[test]
fn boxes_and_references_call_what_is_overridden() {
    let mut own: Box<dyn AsyncRead> = Box::new(Own);
    assert_eq!(own.poll_read(&mut []).unwrap(), Async::Ready(42));
    let mut reference = &mut Own;
    assert_eq!(AsyncRead::poll_read(&mut reference, &mut []).unwrap(), Async::Ready(42));
}

#[test]
fn types_of_std_have_the_traits() {
    fn reads<T: AsyncRead>(_: T) {}
    fn writes<T: AsyncWrite>(_: T) {}
    reads(&b""[..]);
    reads(io::repeat(1));
    reads(io::repeat(1).take(3));
    reads(io::repeat(1).chain(&b""[..]));
    reads(BufReader::new(&b""[..]));
    reads(Cursor::new(vec![1]));
    writes(io::sink());
    writes(BufWriter::new(io::sink()));
    writes(Cursor::new(Vec::new()));
    writes(Cursor::new(vec![0; 1].into_boxed_slice()));
    writes(Cursor::new(&mut [0; 1][..]));
    writes(Box::new(io::sink()) as Box<dyn AsyncWrite>);
    reads(AllowStdIo::new(io::empty()));
    writes(AllowStdIo::new(Vec::new()));
}

#[test]
fn a_buffered_writer_hands_on_its_bytes_before_it_ends() {
    let mut writer = BufWriter::new(Script::new(&[Step::Bytes(b"1"), Step::Block]));
    assert_eq!(writer.poll_write(b"ahoy").unwrap(), Async::Ready(4));
    assert_eq!(writer.shutdown().unwrap(), Async::NotReady);
    assert!(!writer.get_ref().is_shut_down);
    assert_eq!(writer.shutdown().unwrap(), Async::Ready(()));
    assert!(writer.get_ref().is_shut_down);
    assert_eq!(writer.get_ref().written, b"ahoy");
}

#[test]
#[allow(deprecated, reason = "the old name is there as well")]
fn framed_is_there_under_its_old_name() {
    use futures::Stream;
    use tokio::codec::LinesCodec;
    let framed = Script::new(&[Step::Bytes(b"port\nstar"), Step::Bytes(b"board\n")]);
    let lines = framed.framed(LinesCodec::new());
    assert_eq!(Stream::wait(lines).collect::<Result<Vec<_>, _>>().unwrap(), ["port", "starboard"]);
}
