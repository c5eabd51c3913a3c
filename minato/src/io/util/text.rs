//! Bytes that become text as they come.

use std::error::Error;
use std::io;
use std::mem;
use std::str;

/// The error for bytes that are not UTF-8.
pub(super) fn not_text(error: impl Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The text at the front of `bytes`, in the same memory.
pub(super) fn text_of(mut bytes: Vec<u8>) -> String {
    bytes.truncate(bytes.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len()));
    String::from_utf8(bytes).unwrap_or_default()
}

/// Appends bytes to a string, chunk by chunk.
///
/// Whole characters are in the string as soon as they have come. Once bytes are not UTF-8, nothing
/// more is appended, and [`finish`](Self::finish) takes all back.
#[derive(Debug)]
pub(super) struct Decoder {
    /// Where in the string the text begins.
    start: usize,
    /// What came behind the last whole character: the front of one, or bytes that are not text.
    rest: Vec<u8>,
}

/// How many bytes the longest character has. As many that do not decode are not text, whatever
/// comes behind them.
const LONGEST_CHARACTER: usize = 4;

impl Decoder {
    pub(super) fn new(text: &str) -> Self {
        Self { start: text.len(), rest: Vec::new() }
    }

    /// Takes in the next bytes.
    pub(super) fn push(&mut self, text: &mut String, bytes: &[u8]) {
        let joined;
        let bytes = if self.rest.is_empty() {
            bytes
        } else {
            self.rest.extend_from_slice(bytes);
            if self.rest.len() - bytes.len() >= LONGEST_CHARACTER {
                return;
            }
            joined = mem::take(&mut self.rest);
            &joined
        };
        let Err(error) = str::from_utf8(bytes).map(|all| text.push_str(all)) else { return };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        text.extend(valid.utf8_chunks().map(|chunk| chunk.valid()));
        self.rest.extend_from_slice(rest);
    }

    /// Ends the text, after `read` had ended it.
    ///
    /// # Errors
    ///
    /// That of `read`, else `InvalidData` when the text was not UTF-8. If it was not, the string is
    /// as it was at the start.
    pub(super) fn finish<T>(&mut self, text: &mut String, read: io::Result<T>) -> io::Result<()> {
        if self.rest.is_empty() {
            return read.map(drop);
        }
        let all = [text.as_bytes(), &mem::take(&mut self.rest)].concat();
        text.truncate(self.start);
        read?;
        text.push_str(&str::from_utf8(&all).map_err(not_text)?[self.start..]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]]) -> (String, io::Result<()>) {
        let mut text = "before ".to_owned();
        let mut decoder = Decoder::new(&text);
        for chunk in chunks {
            decoder.push(&mut text, chunk);
        }
        let result = decoder.finish(&mut text, Ok(()));
        (text, result)
    }

    #[test]
    fn text_comes_through_any_chunking() {
        let all = "a\u{e9}\u{20ac}\u{1f6a2}z".as_bytes();
        for first in 0..=all.len() {
            for second in first..=all.len() {
                let (text, result) = decode(&[&all[..first], &all[first..second], &all[second..]]);
                result.expect("valid text");
                assert_eq!(text.as_bytes(), [b"before ", all].concat());
            }
        }
    }

    #[test]
    fn the_error_names_the_place_in_any_chunking() {
        for all in [&b"ok\xffmore"[..], b"ok\xe2\x82\n", b"ok\xf0\x9f", b"\x80", b"\xe2\x28\xa1ab"]
        {
            for first in 0..=all.len() {
                let (text, result) = decode(&[&all[..first], &all[first..]]);
                assert_eq!(text, "before ");
                let error = result.expect_err("invalid text");
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                let inner = error.downcast::<str::Utf8Error>().expect("the place");
                let whole = [b"before ", all].concat();
                assert_eq!(inner, str::from_utf8(&whole).unwrap_err());
            }
        }
    }

    #[test]
    fn whole_characters_are_there_before_the_end() {
        let mut text = String::new();
        let mut decoder = Decoder::new(&text);
        decoder.push(&mut text, b"ab\xe2");
        assert_eq!(text, "ab");
        decoder.push(&mut text, b"\x82");
        assert_eq!(text, "ab");
        decoder.push(&mut text, b"\xacc");
        assert_eq!(text, "ab\u{20ac}c");
    }

    #[test]
    fn the_front_of_broken_text_is_kept() {
        assert_eq!(text_of(b"ab\xe2\x82".to_vec()), "ab");
        assert_eq!(text_of(b"ab".to_vec()), "ab");
    }
}
