//! Codecs by themselves: bytes and lines.

use bytes::{Bytes, BytesMut};
use std::io;
use tokio::codec::{BytesCodec, Decoder, Encoder, LinesCodec};

/// What a codec finds in `buf` until it finds no more.
fn found(codec: &mut LinesCodec, buf: &mut BytesMut) -> Vec<Result<String, io::ErrorKind>> {
    let mut found = Vec::new();
    loop {
        match codec.decode(buf) {
            Ok(Some(line)) => found.push(Ok(line)),
            Ok(None) => return found,
            Err(error) => found.push(Err(error.kind())),
        }
    }
}

fn lines(text: &[&str]) -> Vec<Result<String, io::ErrorKind>> {
    text.iter().map(|line| Ok((*line).to_owned())).collect()
}

#[test]
fn bytes_are_items_as_they_come() {
    let mut codec = BytesCodec::new();
    let mut buf = BytesMut::from("ahoy");
    assert_eq!(codec.decode(&mut buf).unwrap().unwrap(), "ahoy");
    assert_eq!(codec.decode(&mut buf).unwrap(), None);
    assert_eq!(codec.decode_eof(&mut buf).unwrap(), None);
    buf.extend_from_slice(b"!");
    assert_eq!(codec.decode_eof(&mut buf).unwrap().unwrap(), "!");
}

/// Also past the room that a buffer has, whether that is inline or allocated.
#[test]
fn bytes_are_appended() {
    for room in [0, 1, 64, 8192] {
        let mut buf = BytesMut::with_capacity(room);
        for _ in 0..3 {
            BytesCodec::new().encode(Bytes::from(vec![7; room + 1]), &mut buf).unwrap();
        }
        assert_eq!(buf, vec![7; 3 * (room + 1)]);
    }
}

#[test]
fn lines_end_with_a_line_feed_and_perhaps_a_carriage_return() {
    let mut codec = LinesCodec::new();
    let mut buf = BytesMut::from("one\ntwo\r\n\n\r\nthr\ree\n\rfour");
    assert_eq!(found(&mut codec, &mut buf), lines(&["one", "two", "", "", "thr\ree"]));
    assert_eq!(codec.decode_eof(&mut buf).unwrap().unwrap(), "\rfour");
    assert_eq!(codec.decode_eof(&mut buf).unwrap(), None);
}

/// In whatever pieces the bytes come, the lines are the same; characters may be split, too.
#[test]
fn where_the_bytes_are_split_does_not_matter() {
    let text = "süß\r\n港\nend".as_bytes();
    for first in 0..text.len() {
        for second in first..text.len() {
            let (mut codec, mut buf, mut all) = (LinesCodec::new(), BytesMut::new(), Vec::new());
            for piece in [&text[..first], &text[first..second], &text[second..]] {
                buf.extend_from_slice(piece);
                all.extend(found(&mut codec, &mut buf));
            }
            all.extend(codec.decode_eof(&mut buf).unwrap().map(Ok));
            assert_eq!(all, lines(&["süß", "港", "end"]), "{first} {second}");
        }
    }
}

/// A lone carriage return at the end is no line, but it is the beginning of one.
#[test]
fn a_carriage_return_at_the_end_waits_for_what_follows() {
    let (mut codec, mut buf) = (LinesCodec::new(), BytesMut::from("\r"));
    assert_eq!(codec.decode(&mut buf).unwrap(), None);
    assert_eq!(codec.decode_eof(&mut buf).unwrap(), None);
    buf.extend_from_slice(b"k");
    assert_eq!(codec.decode_eof(&mut buf).unwrap().unwrap(), "\rk");
}

#[test]
fn what_is_no_utf_8_is_an_error_and_the_next_line_is_found() {
    let (mut codec, mut buf) = (LinesCodec::new(), BytesMut::from(&b"\xff\nnext\n\xc3"[..]));
    let invalid = Err(io::ErrorKind::InvalidData);
    assert_eq!(found(&mut codec, &mut buf), [invalid.clone(), Ok("next".to_owned())]);
    assert_eq!(codec.decode_eof(&mut buf).unwrap_err().kind(), io::ErrorKind::InvalidData);
    // The old one went on from a place that was no longer there, and panicked.
    buf.extend_from_slice(b"\n");
    assert_eq!(codec.decode(&mut buf).unwrap().unwrap(), "");
}

#[test]
fn a_line_that_is_too_long_is_an_error_and_dropped() {
    let mut codec = LinesCodec::new_with_max_length(4);
    assert_eq!(codec.max_length(), 4);
    let mut buf = BytesMut::from("12345\n1234\nlong again\r\n\n123");
    let too_long = || Err(io::ErrorKind::Other);
    let expected = [too_long(), Ok("1234".to_owned()), too_long(), Ok(String::new())];
    assert_eq!(found(&mut codec, &mut buf), expected);
    assert_eq!(codec.decode_eof(&mut buf).unwrap().unwrap(), "123");
    assert_eq!(LinesCodec::new().max_length(), usize::MAX);
}

/// In the old one the search for the end of such a line never returned if the end had not come.
#[test]
fn the_rest_of_a_line_that_is_too_long_may_come_later() {
    let (mut codec, mut buf) = (LinesCodec::new_with_max_length(4), BytesMut::from("12345"));
    assert_eq!(found(&mut codec, &mut buf), [Err(io::ErrorKind::Other)]);
    for piece in ["67", "8", ""] {
        buf.extend_from_slice(piece.as_bytes());
        assert_eq!(found(&mut codec, &mut buf), []);
        assert!(buf.is_empty(), "nothing of it is kept");
    }
    buf.extend_from_slice(b"9\nok\n");
    assert_eq!(found(&mut codec, &mut buf), lines(&["ok"]));
}

/// What is as long as a line may be is not too long before its end has come.
#[test]
fn the_longest_line_is_found_in_two_pieces() {
    let (mut codec, mut buf) = (LinesCodec::new_with_max_length(4), BytesMut::from("1234"));
    assert_eq!(found(&mut codec, &mut buf), []);
    buf.extend_from_slice(b"\n5");
    assert_eq!(found(&mut codec, &mut buf), lines(&["1234"]));
}

#[test]
fn a_line_goes_out_with_its_line_feed() {
    let (mut codec, mut buf) = (LinesCodec::default(), BytesMut::new());
    codec.encode("one".to_owned(), &mut buf).unwrap();
    codec.encode("a line that is longer than what fits inline".to_owned(), &mut buf).unwrap();
    assert_eq!(buf, "one\na line that is longer than what fits inline\n");
}
