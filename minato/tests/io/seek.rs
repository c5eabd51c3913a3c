//! Seeking: in memory, through buffers, and in streams that take their time.

use std::io::{self, Cursor, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use minato::io::SeekFrom::{Current, End, Start};
use minato::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt,
    BufReader, BufStream, BufWriter, ReadBuf, SeekFrom, empty,
};

use super::script::{poll_once, run};

/// A file in memory. Each seek in it takes a number of polls.
#[derive(Debug, Default)]
struct Slow {
    file: Cursor<Vec<u8>>,
    polls: usize,
    /// Polls until the seek is done, and its result.
    under_way: Option<(usize, io::Result<u64>)>,
    /// The seeks that were started.
    seeks: Vec<SeekFrom>,
}

impl Slow {
    fn new(bytes: &[u8], polls: usize) -> Self {
        Self { file: Cursor::new(bytes.to_vec()), polls, ..Self::default() }
    }
}

impl AsyncRead for Slow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(cx, buf)
    }
}

impl AsyncWrite for Slow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.file).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for Slow {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        assert!(self.under_way.is_none(), "a seek is under way");
        self.seeks.push(position);
        let result = io::Seek::seek(&mut self.file, position);
        self.under_way = Some((self.polls, result));
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        match self.under_way.take() {
            None => Poll::Ready(Ok(self.file.position())),
            Some((0, result)) => Poll::Ready(result),
            Some((left, result)) => {
                self.under_way = Some((left - 1, result));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

fn next(reader: &mut (impl AsyncRead + Unpin)) -> u8 {
    run(reader.read_u8()).unwrap()
}

#[test]
fn a_cursor_and_pointers_to_it_move_at_once() {
    let mut cursor = Cursor::new([0, 1, 2, 3]);
    assert_eq!(run(cursor.seek(End(-1))).unwrap(), 3);
    assert_eq!(next(&mut cursor), 3);
    assert_eq!(run(AsyncSeekExt::seek(&mut &mut cursor, Current(-2))).unwrap(), 2);
    let mut boxed: Box<dyn AsyncSeek + Unpin> = Box::new(cursor.clone());
    assert_eq!(run(boxed.stream_position()).unwrap(), 2);
    let mut pinned = pin!(cursor);
    assert_eq!(run(pinned.rewind()).unwrap(), 0);
    assert_eq!(run(pinned.seek(Start(9))).unwrap(), 9, "behind the end");
    assert_eq!(run(pinned.seek(Current(-10))).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(run(pinned.stream_position()).unwrap(), 9);
}

#[test]
fn every_place_of_nothing_is_its_start() {
    for position in [Start(u64::MAX), End(-1), Current(i64::MIN), Current(0)] {
        assert_eq!(run(empty().seek(position)).unwrap(), 0);
    }
}

#[test]
fn a_reader_counts_from_what_it_gave_out_and_forgets_its_buffer() {
    let bytes: Vec<u8> = (0..20).collect();
    for (polls, capacity) in [(0, 4), (1, 4), (3, 7), (2, 100)] {
        let mut reader = BufReader::with_capacity(capacity, Slow::new(&bytes, polls));
        assert_eq!([next(&mut reader), next(&mut reader)], [0, 1]);
        assert_eq!(run(reader.stream_position()).unwrap(), 2);
        assert_eq!(reader.buffer(), b"");
        assert_eq!(reader.get_ref().file.position(), 2, "the reader behind is at the same place");
        assert_eq!(next(&mut reader), 2);
        assert_eq!(run(reader.seek(Current(5))).unwrap(), 8);
        assert_eq!(next(&mut reader), 8);
        assert_eq!(run(reader.seek(Current(-4))).unwrap(), 5);
        assert_eq!(next(&mut reader), 5);
        assert_eq!(run(reader.seek(End(-1))).unwrap(), 19);
        assert_eq!(next(&mut reader), 19);
        assert_eq!(run(reader.rewind()).unwrap(), 0);
        assert_eq!(next(&mut reader), 0);
    }
}

#[test]
fn a_seek_that_fails_or_only_asks_keeps_the_buffer() {
    for polls in [0, 2] {
        let mut reader = BufReader::with_capacity(4, Slow::new(b"abcdef", polls));
        assert_eq!(next(&mut reader), b'a');
        let error = run(reader.seek(Current(-2))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(reader.buffer(), b"bcd");
        let idle = std::future::poll_fn(|cx| Pin::new(&mut reader).poll_complete(cx));
        assert_eq!(run(idle).unwrap(), 4, "that of the reader behind");
        assert_eq!(reader.buffer(), b"bcd");
        assert_eq!(run(reader.fill_buf()).unwrap(), b"bcd");
    }
}

/// Like a file whose places wrap around.
struct Wrapping(u64, Vec<i64>);

impl AsyncRead for Wrapping {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0 = self.0.wrapping_add(buf.remaining() as u64);
        buf.initialize_unfilled();
        buf.advance(buf.remaining());
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for Wrapping {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let Current(by) = position else { return Err(ErrorKind::Unsupported.into()) };
        if self.1.len() > 1 {
            return Err(ErrorKind::StorageFull.into());
        }
        self.0 = self.0.wrapping_add_signed(by);
        self.1.push(by);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.0))
    }
}

#[test]
fn a_distance_that_no_number_holds_is_gone_in_two_steps() {
    let mut reader = BufReader::with_capacity(5, Wrapping(0, Vec::new()));
    run(reader.read_u16()).unwrap();
    let expected = 2_u64.wrapping_add_signed(i64::MIN);
    assert_eq!(run(reader.seek(Current(i64::MIN))).unwrap(), expected);
    assert_eq!(reader.get_ref().1, [-3, i64::MIN]);

    // The first step may succeed without the second.
    let mut reader = BufReader::with_capacity(5, Wrapping(0, vec![0]));
    run(reader.read_u16()).unwrap();
    let error = run(reader.seek(Current(i64::MIN))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!((reader.buffer(), reader.get_ref().0), (&b""[..], 2));
}

#[test]
fn a_writer_hands_on_its_buffer_before_it_moves() {
    for polls in [0, 1, 4] {
        let mut writer = BufWriter::with_capacity(8, Slow::new(b"", polls));
        run(writer.write_all(b"port, stern")).unwrap();
        run(writer.write_all(b"!")).unwrap();
        assert_eq!(run(writer.stream_position()).unwrap(), 12);
        assert_eq!(run(writer.seek(Start(4))).unwrap(), 4);
        run(writer.write_all(b";")).unwrap();
        assert_eq!(run(writer.seek(End(-1))).unwrap(), 11);
        run(writer.write_all(b"?")).unwrap();
        run(writer.flush()).unwrap();
        assert_eq!(writer.get_ref().file.get_ref(), b"port; stern?");
        assert_eq!(writer.get_ref().seeks, [Current(0), Start(4), End(-1)]);
    }
}

#[test]
fn a_stream_with_two_buffers_moves_both() {
    for polls in [0, 3] {
        let mut stream = BufStream::with_capacity(4, 4, Slow::new(b"0123456789", polls));
        assert_eq!(next(&mut stream), b'0');
        assert_eq!(run(stream.seek(Current(1))).unwrap(), 2);
        run(stream.write_all(b"ab")).unwrap();
        assert_eq!(run(stream.stream_position()).unwrap(), 4);
        assert_eq!(next(&mut stream), b'4');
        assert_eq!(stream.get_ref().file.get_ref(), b"01ab456789");
    }
}

#[test]
fn a_seek_that_was_dropped_is_completed_by_the_next() {
    let mut reader = BufReader::with_capacity(4, Slow::new(b"0123456789", 2));
    assert_eq!(next(&mut reader), b'0');
    assert!(poll_once(reader.seek(Start(5))).is_pending());
    assert_eq!(run(reader.seek(Current(2))).unwrap(), 7);
    assert_eq!(next(&mut reader), b'7');
}
