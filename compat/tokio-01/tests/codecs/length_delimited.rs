//! Frames with their length in a header.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::{Async, Sink, Stream};
use tokio::codec::length_delimited::Builder;
use tokio::codec::{Decoder, Encoder, FramedRead, LengthDelimitedCodec};

use crate::script::{Answer, Script, bytes};

/// What a codec finds in `data`, and how many bytes it leaves.
fn found(builder: &Builder, data: &[u8]) -> (Vec<BytesMut>, usize) {
    let (mut codec, mut buf, mut all) = (builder.new_codec(), BytesMut::from(data), Vec::new());
    while let Some(frame) = codec.decode(&mut buf).unwrap() {
        all.push(frame);
    }
    (all, buf.len())
}

fn encoded(builder: &Builder, payload: &'static str) -> io::Result<BytesMut> {
    let mut buf = BytesMut::new();
    builder.new_codec().encode(Bytes::from(payload), &mut buf)?;
    Ok(buf)
}

#[test]
fn the_length_is_four_bytes_at_first() {
    let data = b"\0\0\0\x04ahoy\0\0\0\0\0\0\0\x05there\0\0";
    let (frames, left) = found(&Builder::default(), data);
    assert_eq!(frames, ["ahoy", "", "there"]);
    assert_eq!(left, 2);
    assert_eq!(encoded(&Builder::new(), "ahoy").unwrap(), "\0\0\0\x04ahoy");
    assert_eq!(LengthDelimitedCodec::default().max_frame_length(), 8 << 20);
}

/// In whatever pieces the bytes come, the frames are the same.
#[test]
fn where_the_bytes_are_split_does_not_matter() {
    let data = b"\0\0\0\x04ahoy\0\0\0\x01!";
    for first in 1..data.len() {
        let reads = [bytes(&data[..first]), Answer::Block, bytes(&data[first..])];
        let mut frames = FramedRead::new(Script::reading(reads), LengthDelimitedCodec::new());
        let mut all = Vec::new();
        loop {
            match frames.poll().unwrap() {
                Async::Ready(Some(frame)) => all.push(frame),
                Async::Ready(None) => break,
                Async::NotReady => {}
            }
        }
        assert_eq!(all, ["ahoy", "!"], "{first}");
    }
}

#[test]
fn a_frame_that_is_cut_off_is_an_error() {
    for data in ["\0", "\0\0\0\x04", "\0\0\0\x04aho"] {
        let mut frames = Builder::new().new_read(Script::reading([bytes(data)]));
        assert!(frames.poll().is_err(), "{data:?}");
    }
    assert_eq!(Builder::new().new_read(Script::default()).poll().unwrap(), Async::Ready(None));
}

#[test]
fn the_length_field_has_either_order_and_one_to_eight_bytes() {
    for size in 1..=8 {
        let mut field = vec![0; size];
        field[size - 1] = 4;
        let mut builder = Builder::new();
        builder.length_field_length(size);
        let big = [&field[..], b"ahoy"].concat();
        assert_eq!(found(&builder, &big).0, ["ahoy"], "{size}");
        assert_eq!(encoded(&builder, "ahoy").unwrap(), big);
        field.reverse();
        let little = [&field[..], b"ahoy"].concat();
        builder.little_endian();
        assert_eq!(found(&builder, &little).0, ["ahoy"], "{size}");
        assert_eq!(encoded(&builder, "ahoy").unwrap(), little);
        let native = if cfg!(target_endian = "big") { &big } else { &little };
        assert_eq!(found(builder.native_endian(), native).0, ["ahoy"], "{size}");
        assert_eq!(found(builder.big_endian(), &big).0, ["ahoy"], "{size}");
    }
}

#[test]
fn a_length_field_of_no_size_or_nine_bytes_is_refused() {
    for size in [0, 9] {
        let refused = std::panic::catch_unwind(|| {
            Builder::new().length_field_length(size);
        });
        assert!(refused.is_err());
    }
}

#[test]
fn headers_are_skipped_or_kept() {
    let data = b"x\0\x04y!ahoy";
    let mut builder = Builder::new();
    builder.length_field_length(2).length_field_offset(1);
    // By default all up to the end of the length field is skipped.
    builder.length_adjustment(2);
    assert_eq!(found(&builder, data).0, ["y!ahoy"]);
    builder.length_adjustment(0).num_skip(5);
    assert_eq!(found(&builder, data).0, ["ahoy"]);
    builder.length_adjustment(5).num_skip(0);
    assert_eq!(found(&builder, data).0, ["x\0\x04y!ahoy"]);
    // The whole head must have come, also what is skipped after the field.
    builder.length_adjustment(0).num_skip(5);
    assert_eq!(found(&builder, b"x\0\x04y"), (vec![], 4));
}

#[test]
fn the_length_may_count_other_bytes_than_the_payload() {
    let mut builder = Builder::new();
    builder.length_field_length(2).length_adjustment(-2);
    assert_eq!(found(&builder, b"\0\x06ahoy\0\x02").0, ["ahoy", ""]);
    assert_eq!(encoded(&builder, "ahoy").unwrap(), "\0\x06ahoy");
    // Less than nothing, in either direction.
    let error = builder.new_codec().decode(&mut BytesMut::from("\0\x01")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    builder.length_adjustment(5);
    assert_eq!(encoded(&builder, "ahoy").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    for extreme in [isize::MIN, isize::MAX] {
        builder.length_adjustment(extreme);
        assert!(encoded(&builder, "ahoy").is_err(), "{extreme}");
        let decoded = builder.new_codec().decode(&mut BytesMut::from("\0\x01ahoy"));
        assert!(matches!(decoded, Err(_) | Ok(None)), "{extreme}");
    }
}

#[test]
fn a_frame_that_is_too_big_is_an_error_in_either_direction() {
    let mut builder = Builder::new();
    builder.max_frame_length(3);
    let error = builder.new_codec().decode(&mut BytesMut::from("\0\0\0\x04ahoy")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "frame size too big");
    let error = encoded(&builder, "ahoy").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(encoded(&builder, "aho").unwrap(), "\0\0\0\x03aho");
}

/// The old codec panicked.
#[test]
fn a_length_that_does_not_fit_its_field_is_an_error() {
    let mut codec = Builder::new().length_field_length(1).new_codec();
    let mut buf = BytesMut::new();
    codec.encode(Bytes::from(vec![7; 255]), &mut buf).unwrap();
    assert_eq!(buf.take().len(), 256);
    let error = codec.encode(Bytes::from(vec![7; 256]), &mut buf).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(buf.is_empty(), "nothing of it was written");
}

/// What a change of the limit concerns: frames whose head has not been decoded.
#[test]
fn the_limit_may_change() {
    let mut codec = LengthDelimitedCodec::new();
    let mut buf = BytesMut::from("\0\0\0\x04ah");
    assert_eq!(codec.decode(&mut buf).unwrap(), None);
    codec.set_max_frame_length(3);
    assert_eq!(codec.max_frame_length(), 3);
    buf.extend_from_slice(b"oy\0\0\0\x04");
    assert_eq!(codec.decode(&mut buf).unwrap().unwrap(), "ahoy");
    assert!(codec.decode(&mut buf).is_err());
}

#[test]
fn all_kinds_of_sockets_get_the_codec() {
    let builder = Builder::new();
    let mut framed = builder.new_framed(Script::reading([bytes("\0\0\0\x01!")]));
    assert_eq!(framed.poll().unwrap(), Async::Ready(Some(BytesMut::from("!"))));
    let script = Script::writing([bytes("\0\0"), Answer::Block, bytes("\0\x01!")]);
    let mut written = builder.new_write(script);
    assert!(written.start_send(Bytes::from("!")).unwrap().is_ready());
    assert!(written.poll_complete().unwrap().is_not_ready());
    assert!(written.poll_complete().unwrap().is_ready());
    assert!(written.get_ref().is_done());
}
