//! Lines of text.

use std::io;

use bytes::BytesMut;

use super::{Decoder, Encoder};

/// A codec whose frames are lines of UTF-8: each ends with a line feed, and a carriage return
/// before that is not part of it either. What follows the last line feed is the last line.
///
/// A line that is not UTF-8, or is too long, is an error, and the next line is found after it.
///
/// ```
/// use bytes::BytesMut;
/// use tokio::codec::{Decoder, LinesCodec};
///
/// let mut came = BytesMut::from("ahoy\r\nthe");
/// let mut codec = LinesCodec::new();
/// assert_eq!(codec.decode(&mut came)?.unwrap(), "ahoy");
/// assert_eq!(codec.decode(&mut came)?, None);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinesCodec {
    max_length: usize,
    /// How many bytes at the front of the buffer are known to hold no line feed.
    searched: usize,
    /// Whether the present line is too long, and to be dropped when it ends.
    discarding: bool,
}

impl LinesCodec {
    /// A codec for lines of any length. A peer that never sends a line feed makes its buffer grow
    /// without end; see [`new_with_max_length`](Self::new_with_max_length).
    pub fn new() -> Self {
        Self::new_with_max_length(usize::MAX)
    }

    /// A codec for lines of `max_length` bytes at most, their line feeds not counted. One that is
    /// longer is an error, and then dropped.
    pub fn new_with_max_length(max_length: usize) -> Self {
        Self { max_length, searched: 0, discarding: false }
    }

    /// How many bytes a line may have.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Takes the rest of a line that was too long off `buf`; false if its end has not come.
    fn discard(&mut self, buf: &mut BytesMut) -> bool {
        self.searched = 0;
        match buf.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                buf.advance(end + 1);
                self.discarding = false;
            }
            None => buf.clear(),
        }
        !self.discarding
    }
}

impl Default for LinesCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for LinesCodec {
    type Item = String;
    type Error = io::Error;

    fn decode(&mut self, buf: &mut BytesMut) -> io::Result<Option<String>> {
        if self.discarding && !self.discard(buf) {
            return Ok(None);
        }
        let until = buf.len().min(self.max_length.saturating_add(1));
        let unknown = buf.get(self.searched..until).unwrap_or_default();
        if let Some(end) = unknown.iter().position(|byte| *byte == b'\n') {
            let line = buf.split_to(self.searched + end + 1);
            self.searched = 0;
            return text(&line[..line.len() - 1]).map(Some);
        }
        if buf.len() > self.max_length {
            self.discarding = true;
            return Err(io::Error::other("line length limit exceeded"));
        }
        self.searched = until;
        Ok(None)
    }

    fn decode_eof(&mut self, buf: &mut BytesMut) -> io::Result<Option<String>> {
        if let Some(line) = self.decode(buf)? {
            return Ok(Some(line));
        }
        if buf.is_empty() || buf == &b"\r"[..] {
            return Ok(None);
        }
        self.searched = 0;
        text(&buf.take()).map(Some)
    }
}

/// A line, without the carriage return that it may end with.
fn text(line: &[u8]) -> io::Result<String> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match str::from_utf8(line) {
        Ok(line) => Ok(line.to_owned()),
        Err(error) => {
            let text = format!("unable to decode a line as UTF-8: {error}");
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
    }
}

impl Encoder for LinesCodec {
    type Item = String;
    type Error = io::Error;

    fn encode(&mut self, line: String, buf: &mut BytesMut) -> io::Result<()> {
        buf.reserve(line.len() + 1);
        buf.extend_from_slice(line.as_bytes());
        buf.extend_from_slice(b"\n");
        Ok(())
    }
}
