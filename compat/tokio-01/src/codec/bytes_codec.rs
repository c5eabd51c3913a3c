//! Bytes as they come.

use std::io;

use bytes::{Bytes, BytesMut};

use super::{Decoder, Encoder};

/// A codec without frames: what came in is an item, and an item goes out as it is.
///
/// ```
/// use bytes::BytesMut;
/// use tokio::codec::{BytesCodec, Decoder};
///
/// let mut came = BytesMut::from("ahoy");
/// let item = BytesCodec::new().decode(&mut came)?;
/// assert_eq!(item.unwrap(), "ahoy");
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BytesCodec(());

impl BytesCodec {
    /// Makes the codec.
    pub fn new() -> Self {
        Self(())
    }
}

impl Decoder for BytesCodec {
    type Item = BytesMut;
    type Error = io::Error;

    fn decode(&mut self, buf: &mut BytesMut) -> io::Result<Option<BytesMut>> {
        Ok((!buf.is_empty()).then(|| buf.take()))
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = io::Error;

    fn encode(&mut self, data: Bytes, buf: &mut BytesMut) -> io::Result<()> {
        buf.extend_from_slice(&data);
        Ok(())
    }
}
