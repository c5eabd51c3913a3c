//! What compiles: trait objects, pinned streams, and futures that move between threads.

use std::io;
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use minato::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
    BufStream, ReadBuf, join, split,
};

use super::script::run;

#[test]
fn trait_objects_have_the_methods() {
    let mut reader: Box<dyn AsyncRead + Unpin> = Box::new(&b"abcd\nrest"[..]);
    assert_eq!(run(reader.read_u8()).unwrap(), b'a');
    let reader: &mut (dyn AsyncRead + Unpin) = &mut *reader;
    assert_eq!(run(reader.read_u8()).unwrap(), b'b');
    let mut buffered: Box<dyn AsyncBufRead + Unpin> = Box::new(BufReader::new(reader));
    let mut line = String::new();
    run(buffered.read_line(&mut line)).unwrap();
    assert_eq!(line, "cd\n");
    let mut writer: Box<dyn AsyncWrite + Unpin> = Box::new(Vec::new());
    run(writer.write_all(b"abc")).unwrap();
}

#[test]
fn futures_and_adapters_are_send_and_sync() {
    fn holds<T: Send + Sync>(_: T) {}
    let (mut reader, mut bytes, mut text, mut vec) = (&b""[..], [0; 4], String::new(), vec![]);
    holds(reader.read(&mut bytes));
    holds(reader.read_exact(&mut bytes));
    holds(reader.read_buf(&mut vec));
    holds(reader.read_to_end(&mut vec));
    holds(reader.read_to_string(&mut text));
    holds(reader.read_f64_le());
    holds(reader.read_line(&mut text));
    holds(reader.read_until(0, &mut vec));
    holds(reader.fill_buf());
    holds(reader.take(1).chain(reader).lines());
    holds(vec.write_all(b""));
    holds(vec.write_all_buf(&mut reader));
    holds(vec.write_u16(1));
    holds(vec.shutdown());
    holds(split(BufStream::new(join(reader, vec))));
}

/// A reader that must not move, like one made of an `async` block.
struct Pinned(u8, PhantomPinned);

impl AsyncRead for Pinned {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buf.put_slice(&[self.0]);
        Poll::Ready(Ok(()))
    }
}

#[test]
fn streams_that_must_not_move_work_pinned_and_split() {
    let mut reader = pin!(BufReader::new(Pinned(7, PhantomPinned)).take(2));
    let mut all = Vec::new();
    assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 2);
    assert_eq!(all, [7, 7]);
    let (mut reader, _) = split(join(Pinned(8, PhantomPinned), Vec::new()));
    assert_eq!(run(reader.read_u16()).unwrap(), 0x0808);
}
