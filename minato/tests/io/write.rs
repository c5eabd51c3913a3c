//! Writing: once, all, from buffers, numbers.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};

use bytes::Buf;
use minato::io::{AsyncWriteExt, BufWriter};

use super::script::{ScriptWriter, Taking, poll_once, run};

#[test]
fn write_takes_what_it_can() {
    let mut writer = ScriptWriter::new([Taking::Wait, Taking::UpTo(2)]);
    assert_eq!(run(writer.write(b"abc")).unwrap(), 2);
    let slices = [IoSlice::new(b""), IoSlice::new(b"cd")];
    assert_eq!(run(writer.write_vectored(&slices)).unwrap(), 2);
    assert_eq!(writer.taken, b"abcd");
}

#[test]
fn write_all_goes_on_until_all_is_written() {
    let mut writer = ScriptWriter::new([Taking::UpTo(1), Taking::Wait, Taking::UpTo(2)]);
    run(writer.write_all(b"abcdef")).unwrap();
    assert_eq!(writer.taken, b"abcdef");
    run(writer.write_all(b"")).unwrap();
    assert_eq!(writer.calls, ["write 1", "write 2", "write 3"]);
}

#[test]
fn a_writer_that_takes_nothing_is_write_zero() {
    let full = || ScriptWriter::new([Taking::UpTo(2), Taking::UpTo(0)]);
    let error = run(full().write_all(b"abcde")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
    assert_eq!(error.to_string(), "the writer takes no more: 3 bytes are left");
    let mut source = &b"abcde"[..];
    assert_eq!(run(full().write_all_buf(&mut source)).unwrap_err().kind(), ErrorKind::WriteZero);
    assert_eq!(source, b"cde");
    assert_eq!(run(full().write_u32(7)).unwrap_err().kind(), ErrorKind::WriteZero);
    let mut buffered = BufWriter::with_capacity(8, full());
    run(buffered.write_all(b"abcde")).unwrap();
    assert_eq!(run(buffered.flush()).unwrap_err().kind(), ErrorKind::WriteZero);
    assert_eq!(buffered.buffer(), b"cde");
}

#[test]
fn a_writer_that_claims_too_much_is_an_error() {
    let lying = || ScriptWriter::new([Taking::Claim(9)]);
    let error = run(lying().write_all(b"abc")).unwrap_err();
    assert_eq!(error.to_string(), "the writer claims to have taken 9 of 3 bytes");
    let mut source = &b"abc"[..];
    assert!(run(lying().write_all_buf(&mut source)).is_err());
    assert!(run(lying().write_buf(&mut source)).is_err());
    assert_eq!(source, b"abc");
    assert!(run(lying().write_u16(1)).is_err());
    let mut buffered = BufWriter::new(lying());
    run(buffered.write_all(b"abc")).unwrap();
    assert!(run(buffered.flush()).is_err());
    assert_eq!(buffered.buffer(), b"abc");
}

#[test]
fn write_all_buf_can_be_dropped_and_taken_up_again() {
    let mut writer = ScriptWriter::new([Taking::UpTo(2), Taking::Wait]);
    let mut source = &b"abcde"[..];
    assert!(poll_once(writer.write_all_buf(&mut source)).is_pending());
    assert_eq!(source, b"cde");
    run(writer.write_all_buf(&mut source)).unwrap();
    assert_eq!(writer.taken, b"abcde");
    assert!(source.is_empty());
}

#[test]
fn write_buf_uses_vectored_writes_where_they_help() {
    let ring = || {
        let mut ring: VecDeque<u8> = VecDeque::with_capacity(8);
        ring.resize(ring.capacity(), 0);
        let size = ring.len();
        ring.rotate_left(size / 2);
        ring.drain(..size - 2);
        ring.extend([1, 2, 3, 4]);
        ring
    };
    let mut source = ring();
    let all: Vec<u8> = source.iter().copied().collect();
    let mut writer = ScriptWriter::vectored();
    assert_eq!(run(writer.write_buf(&mut source)).unwrap(), all.len());
    assert_eq!((&writer.taken, source.remaining()), (&all, 0));
    assert_eq!(writer.calls, ["vectored 6"]);

    let mut plain = ScriptWriter::default();
    run(plain.write_all_buf(&mut ring())).unwrap();
    assert_eq!(plain.taken, all);
    assert_eq!(run(plain.write_buf(&mut source)).unwrap(), 0, "nothing is left to write");
}

#[test]
fn numbers_have_their_byte_order() {
    let mut all = Vec::new();
    run(async {
        all.write_u8(1).await?;
        all.write_i8(-1).await?;
        all.write_u16(0x0203).await?;
        all.write_u16_le(0x0203).await?;
        all.write_i32(-2).await?;
        all.write_u64_le(5).await?;
        all.write_f32(1.0).await?;
        all.write_u128(9).await
    })
    .unwrap();
    let mut expected = vec![1, 0xff, 2, 3, 3, 2, 0xff, 0xff, 0xff, 0xfe, 5, 0, 0, 0, 0, 0, 0, 0];
    expected.extend([0x3f, 0x80, 0, 0]);
    expected.extend([0; 15]);
    expected.push(9);
    assert_eq!(all, expected);
}

#[test]
fn a_number_comes_through_any_chunking() {
    let mut writer = ScriptWriter::new([Taking::UpTo(1), Taking::Wait, Taking::UpTo(2)]);
    run(writer.write_u32(0x0102_0304)).unwrap();
    assert_eq!(writer.taken, [1, 2, 3, 4]);
}

#[test]
fn flush_and_shutdown_reach_the_writer() {
    let mut writer = ScriptWriter::default();
    run(writer.flush()).unwrap();
    run(writer.shutdown()).unwrap();
    assert_eq!(writer.calls, ["flush", "shutdown"]);
}
