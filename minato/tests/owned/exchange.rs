//! A reader that puts another buffer in the place of the one that it was given.

use std::pin::Pin;
use std::task::{Context, Poll};

use minato::io::{
    self, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf, empty, join, owned, sink,
};

use super::drive::{drive, panic_message};

/// Fills a larger buffer of its own, which the caller did not lend.
struct Exchanging;

impl AsyncRead for Exchanging {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *buf = ReadBuf::new(Vec::leak(vec![0; 100]));
        buf.advance(100);
        Poll::Ready(Ok(()))
    }
}

/// Each future must end in the panic that names the fault.
macro_rules! is_caught {
    ($($future:expr;)*) => {$(
        let message = panic_message(|| drive(async { _ = $future.await; }));
        assert!(message.contains("put another buffer"), "{}: {message}", stringify!($future));
    )*};
}

#[test]
fn every_helper_catches_a_reader_that_exchanges_its_buffer() {
    is_caught! {
        Exchanging.read(&mut [0; 8]);
        Exchanging.read_exact(&mut [0; 8]);
        Exchanging.read_u32();
        Exchanging.read_buf(&mut Vec::new());
        Exchanging.read_to_end(&mut Vec::new());
        Exchanging.read_to_string(&mut String::new());
        Exchanging.take(8).read(&mut [0; 8]);
        Exchanging.chain(&b""[..]).read(&mut [0; 8]);
        (&b""[..]).chain(Exchanging).read(&mut [0; 8]);
        BufReader::new(Exchanging).read(&mut [0; 8]);
        BufReader::new(Exchanging).read_line(&mut String::new());
        owned::read(Exchanging, [0; 8]);
        owned::read_exact(Exchanging, [0; 8]);
        owned::read_to_end(Exchanging, Vec::new());
        owned::read_to_end(Exchanging, Vec::with_capacity(8));
        owned::copy(Exchanging, Vec::new());
        io::copy(&mut Exchanging, &mut Vec::new());
        io::copy_bidirectional(&mut join(Exchanging, sink()), &mut join(empty(), sink()));
    }
}
