//! Bytes that become text as they come.

use std::io;
use std::str;
use std::string::FromUtf8Error;

/// The error for bytes that are not UTF-8; it carries them (`FromUtf8Error::into_bytes`).
pub(super) fn not_text(error: FromUtf8Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The text at the front of `bytes`, in the same memory.
pub(super) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = error.utf8_error().valid_up_to();
        let mut bytes = error.into_bytes();
        bytes.truncate(valid);
        String::from_utf8(bytes).unwrap_or_default()
    })
}

/// Appends bytes to a string, chunk by chunk.
///
/// The string holds whole characters at any time. A decoder that is dropped loses up to three bytes
/// of a character whose end has not come, and all bytes after the first that is not UTF-8.
#[derive(Debug)]
pub(super) struct Decoder {
    /// Where in the string the decoded text starts.
    start: usize,
    /// The front of a character whose end has not come.
    split: Vec<u8>,
    /// All bytes since `start`, once they are known not to be UTF-8.
    rejected: Option<Vec<u8>>,
}

impl Decoder {
    /// Makes a decoder that appends to `text`.
    pub(super) fn new(text: &str) -> Self {
        Self { start: text.len(), split: Vec::new(), rejected: None }
    }

    /// Appends the next bytes.
    pub(super) fn push(&mut self, text: &mut String, bytes: &[u8]) {
        if let Some(rejected) = &mut self.rejected {
            rejected.extend_from_slice(bytes);
            return;
        }
        let mut rest = bytes;
        while !self.split.is_empty() {
            let Some((byte, behind)) = rest.split_first() else { return };
            self.split.push(*byte);
            rest = behind;
            match str::from_utf8(&self.split) {
                Ok(character) => {
                    text.push_str(character);
                    self.split.clear();
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return self.reject(text, rest),
            }
        }
        let Err(error) = str::from_utf8(rest).map(|all| text.push_str(all)) else { return };
        let (valid, tail) = rest.split_at(error.valid_up_to());
        text.extend(valid.utf8_chunks().map(|chunk| chunk.valid()));
        if error.error_len().is_none() {
            self.split.extend_from_slice(tail);
        } else {
            self.reject(text, tail);
        }
    }

    /// Ends the text.
    ///
    /// # Errors
    ///
    /// `InvalidData` with all the bytes when they are not UTF-8; the string is as it was before
    /// them.
    pub(super) fn finish(&mut self, text: &mut String) -> io::Result<()> {
        if !self.split.is_empty() {
            self.reject(text, &[]);
        }
        if let Some(rejected) = self.rejected.take() {
            text.truncate(self.start);
            text.push_str(&String::from_utf8(rejected).map_err(not_text)?);
        }
        Ok(())
    }

    fn reject(&mut self, text: &str, rest: &[u8]) {
        let decoded = &text.as_bytes()[self.start..];
        self.rejected = Some([decoded, &self.split, rest].concat());
        self.split.clear();
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
        let result = decoder.finish(&mut text);
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
    fn the_error_carries_all_bytes_of_any_chunking() {
        for all in [&b"ok\xffmore"[..], b"ok\xe2\x82\n", b"ok\xf0\x9f", b"\x80", b"\xe2\x28\xa1ab"]
        {
            for first in 0..=all.len() {
                let (text, result) = decode(&[&all[..first], &all[first..]]);
                assert_eq!(text, "before ");
                let error = result.expect_err("invalid text");
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                let inner = error.downcast::<FromUtf8Error>().expect("the bytes");
                assert_eq!(inner.into_bytes(), all);
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
