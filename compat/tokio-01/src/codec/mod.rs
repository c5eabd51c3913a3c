//! From bytes to frames and back.
//!
//! A [`Decoder`] finds frames in the bytes that have come in so far, and an [`Encoder`] appends the
//! bytes of a frame to those that go out. [`Framed`] puts both over a socket, which becomes a
//! stream and a sink of frames; [`FramedRead`] and [`FramedWrite`] do it for one direction.
//!
//! | codec | a frame is |
//! |---|---|
//! | [`BytesCodec`] | the bytes as they came |
//! | [`LinesCodec`] | a line of text |
//! | [`LengthDelimitedCodec`] | so many bytes as a header says |
//!
//! ```
//! use std::io::Cursor;
//! use futures::{Future, Stream};
//! use tokio::codec::{FramedRead, LinesCodec};
//!
//! let lines = FramedRead::new(Cursor::new("ahoy\nthere\n"), LinesCodec::new());
//! assert_eq!(lines.collect().wait()?, ["ahoy", "there"]);
//! # std::io::Result::Ok(())
//! ```

mod bytes_codec;
mod decoder;
mod encoder;
mod framed;
mod framed_read;
mod framed_write;
pub mod length_delimited;
mod lines_codec;

pub use self::bytes_codec::BytesCodec;
pub use self::decoder::Decoder;
pub use self::encoder::Encoder;
pub use self::framed::{Framed, FramedParts};
pub use self::framed_read::FramedRead;
pub use self::framed_write::FramedWrite;
pub use self::length_delimited::LengthDelimitedCodec;
pub use self::lines_codec::LinesCodec;

use bytes::BytesMut;

/// How much room a buffer has to begin with. An outgoing one that holds more takes no further
/// frame.
const CAPACITY: usize = 8 * 1024;

/// A buffer of somebody else's, with room for as much as one of ours.
fn roomy(mut buffer: BytesMut) -> BytesMut {
    if buffer.capacity() < CAPACITY {
        buffer.reserve(CAPACITY - buffer.len());
    }
    buffer
}
