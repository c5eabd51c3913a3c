//! Frames whose header says how long they are.
//!
//! In the simplest case a frame is a number of four bytes, most significant first, and as many
//! bytes of payload. A [`Builder`] describes other layouts:
//!
//! ```text
//!            length_field_offset
//!            |---------->
//! | header   | length field | header | payload |
//!            |--------------> length_field_length
//! |---------------------------------> num_skip: what the decoder leaves out
//! ```
//!
//! `length_adjustment` is added to the number in the length field, if that counts other bytes than
//! those after what is skipped. A header that counts itself, two bytes long, has an adjustment of
//! minus two:
//!
//! ```
//! use bytes::BytesMut;
//! use tokio::codec::Decoder;
//! use tokio::codec::length_delimited::Builder;
//!
//! let mut codec = Builder::new().length_field_length(2).length_adjustment(-2).new_codec();
//! let mut came = BytesMut::from(&b"\x00\x06ahoy"[..]);
//! assert_eq!(codec.decode(&mut came)?.unwrap(), "ahoy");
//! # std::io::Result::Ok(())
//! ```

use std::error::Error;
use std::fmt;
use std::io;

use bytes::{BufMut, Bytes, BytesMut};

use super::decoder::cut_off;
use super::{Decoder, Encoder, Framed, FramedRead, FramedWrite};
use crate::io::{AsyncRead, AsyncWrite};

/// How long a frame may be, unless told otherwise.
const MAX_FRAME_LENGTH: usize = 8 * 1024 * 1024;

/// Describes the layout of frames, and makes codecs for it.
#[derive(Clone, Copy, Debug)]
pub struct Builder {
    max_frame_length: usize,
    field_length: usize,
    field_offset: usize,
    adjustment: isize,
    num_skip: Option<usize>,
    big_endian: bool,
}

impl Builder {
    /// A length field of four bytes, most significant first, and then the payload, of at most
    /// 8 MiB.
    pub fn new() -> Self {
        Self {
            max_frame_length: MAX_FRAME_LENGTH,
            field_length: 4,
            field_offset: 0,
            adjustment: 0,
            num_skip: None,
            big_endian: true,
        }
    }

    /// Reads and writes the length field with the most significant byte first. It is the default.
    pub fn big_endian(&mut self) -> &mut Self {
        self.big_endian = true;
        self
    }

    /// Reads and writes the length field with the least significant byte first.
    pub fn little_endian(&mut self) -> &mut Self {
        self.big_endian = false;
        self
    }

    /// Reads and writes the length field as this machine has numbers in memory.
    pub fn native_endian(&mut self) -> &mut Self {
        self.big_endian = cfg!(target_endian = "big");
        self
    }

    /// How long a frame may be: what its length field says when it comes in, its payload when it
    /// goes out. A longer one is an error. 8 MiB by default.
    pub fn max_frame_length(&mut self, val: usize) -> &mut Self {
        self.max_frame_length = val;
        self
    }

    /// How many bytes the length field has; 4 by default.
    ///
    /// # Panics
    ///
    /// Unless it is 1 to 8.
    pub fn length_field_length(&mut self, val: usize) -> &mut Self {
        assert!((1..=8).contains(&val), "invalid length field length: {val}, not 1 to 8");
        self.field_length = val;
        self
    }

    /// How many bytes of an incoming frame come before the length field; none by default. Frames
    /// that go out begin with the length field.
    pub fn length_field_offset(&mut self, val: usize) -> &mut Self {
        self.field_offset = val;
        self
    }

    /// What is added to the number in the length field, to give the length of what is not skipped.
    pub fn length_adjustment(&mut self, val: isize) -> &mut Self {
        self.adjustment = val;
        self
    }

    /// How many bytes at the front of an incoming frame are left out of what is decoded; by default
    /// all up to the end of the length field.
    pub fn num_skip(&mut self, val: usize) -> &mut Self {
        self.num_skip = Some(val);
        self
    }

    /// A codec for frames of this layout.
    pub fn new_codec(&self) -> LengthDelimitedCodec {
        LengthDelimitedCodec { layout: *self, payload: None }
    }

    /// Reads such frames from `upstream`.
    pub fn new_read<T: AsyncRead>(&self, upstream: T) -> FramedRead<T, LengthDelimitedCodec> {
        FramedRead::new(upstream, self.new_codec())
    }

    /// Writes such frames to `inner`.
    pub fn new_write<T: AsyncWrite>(&self, inner: T) -> FramedWrite<T, LengthDelimitedCodec> {
        FramedWrite::new(inner, self.new_codec())
    }

    /// Reads and writes such frames.
    pub fn new_framed<T>(&self, inner: T) -> Framed<T, LengthDelimitedCodec>
    where
        T: AsyncRead + AsyncWrite,
    {
        Framed::new(inner, self.new_codec())
    }

    /// Where the length field ends.
    fn field_end(&self) -> usize {
        self.field_offset.saturating_add(self.field_length)
    }

    /// How many bytes are left out.
    fn skipped(&self) -> usize {
        self.num_skip.unwrap_or_else(|| self.field_end())
    }

    /// How many bytes must have come before it is known how many will follow.
    fn head(&self) -> usize {
        self.field_end().max(self.skipped())
    }

    /// The number in the length field of `head`.
    fn field_of(&self, head: &[u8]) -> u64 {
        let field = &head[self.field_offset..self.field_end()];
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.big_endian { field.iter().fold(0, add) } else { field.iter().rev().fold(0, add) }
    }

    /// Appends a length field with `number` to `dst`.
    fn put_field(&self, number: u64, dst: &mut BytesMut) {
        dst.reserve(self.field_length);
        if self.big_endian {
            dst.put_uint_be(number, self.field_length);
        } else {
            dst.put_uint_le(number, self.field_length);
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// A codec for frames whose header says how long they are; see [the module](self).
#[derive(Debug)]
pub struct LengthDelimitedCodec {
    layout: Builder,
    /// How long the payload of the present frame is, once its head was taken off.
    payload: Option<usize>,
}

impl LengthDelimitedCodec {
    /// A codec for the layout that [`Builder::new`] describes.
    pub fn new() -> Self {
        Builder::new().new_codec()
    }

    /// How long a frame may be.
    pub fn max_frame_length(&self) -> usize {
        self.layout.max_frame_length
    }

    /// Changes how long a frame may be. One whose head was decoded already is not concerned.
    pub fn set_max_frame_length(&mut self, val: usize) {
        self.layout.max_frame_length(val);
    }

    /// Takes the head of a frame off `src`; how long its payload is, if that is known.
    fn decode_head(&mut self, src: &mut BytesMut) -> io::Result<Option<usize>> {
        let layout = &self.layout;
        if src.len() < layout.head() {
            return Ok(None);
        }
        let number = layout.field_of(src);
        let length = match usize::try_from(number) {
            Ok(number) if number <= layout.max_frame_length => number,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, FrameTooBig(()))),
        };
        let payload = length.checked_add_signed(layout.adjustment).ok_or_else(overflow)?;
        src.advance(layout.skipped());
        src.reserve(payload.min(layout.max_frame_length).saturating_sub(src.len()));
        Ok(Some(payload))
    }
}

impl Default for LengthDelimitedCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for LengthDelimitedCodec {
    type Item = BytesMut;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<BytesMut>> {
        if self.payload.is_none() {
            self.payload = self.decode_head(src)?;
        }
        match self.payload {
            Some(length) if length <= src.len() => {
                self.payload = None;
                Ok(Some(src.split_to(length)))
            }
            _ => Ok(None),
        }
    }

    fn decode_eof(&mut self, buf: &mut BytesMut) -> io::Result<Option<BytesMut>> {
        match self.decode(buf)? {
            // The head was taken off, so that nothing may be left of what was cut off.
            None if self.payload.is_some() || !buf.is_empty() => Err(cut_off()),
            frame => Ok(frame),
        }
    }
}

impl Encoder for LengthDelimitedCodec {
    type Item = Bytes;
    type Error = io::Error;

    fn encode(&mut self, data: Bytes, dst: &mut BytesMut) -> io::Result<()> {
        let layout = &self.layout;
        if data.len() > layout.max_frame_length {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, FrameTooBig(())));
        }
        // Neither can overflow: both numbers fit 64 bits.
        let number = data.len() as i128 - layout.adjustment as i128;
        let number = u64::try_from(number).map_err(|_| overflow())?;
        let bits = 8 * layout.field_length as u32;
        if bits < u64::BITS && number >> bits != 0 {
            let text = format!("a length of {number} does not fit a field of {bits} bits");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        layout.put_field(number, dst);
        dst.extend_from_slice(&data);
        Ok(())
    }
}

fn overflow() -> io::Error {
    let text = "provided length would overflow after adjustment";
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// A frame is longer than it may be. It is within an `io::Error`.
pub struct FrameTooBig(());

impl fmt::Debug for FrameTooBig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameTooBig").finish()
    }
}

impl fmt::Display for FrameTooBig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frame size too big")
    }
}

impl Error for FrameTooBig {}
