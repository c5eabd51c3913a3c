//! `Take`, `Chain`, `Join`, and the streams that are nothing.

use std::io::{ErrorKind, IoSlice};
use std::pin::Pin;

use minato::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, empty, join, repeat, sink};

use super::script::{ScriptReader, ScriptWriter, Step, data, run};

#[test]
fn take_ends_at_its_limit() {
    let mut reader = ScriptReader::new([data("abc"), Step::Wait, data("def")]).take(4);
    let mut all = Vec::new();
    assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 4);
    assert_eq!((&all[..], reader.limit()), (&b"abcd"[..], 0));
    let reads = reader.get_ref().reads;
    assert_eq!(run(reader.read(&mut [0; 4])).unwrap(), 0);
    assert_eq!(reader.get_ref().reads, reads, "at the limit the reader is left alone");
    reader.set_limit(1);
    assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 1);
    assert_eq!(run(reader.into_inner().read_u8()).unwrap(), b'f');
}

#[test]
fn take_without_a_real_limit_reads_all() {
    for limit in [u64::MAX, u64::from(u32::MAX) + 1] {
        let mut reader = (&b"abcdef"[..]).take(limit);
        assert_eq!(run(reader.fill_buf()).unwrap(), b"abcdef");
        reader.consume(1);
        assert_eq!(reader.limit(), limit - 1);
        let mut all = Vec::new();
        assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 5);
        assert_eq!(reader.limit(), limit - 6);
    }
}

#[test]
fn take_bounds_what_is_shown_and_consumed() {
    let mut reader = (&b"abcdef"[..]).take(2);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"ab");
    reader.consume(5);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"");
    assert_eq!(reader.into_inner(), b"cdef");
}

#[test]
fn take_passes_errors_on_and_counts_nothing_for_them() {
    let fail = Step::Fail(ErrorKind::TimedOut);
    let mut reader = ScriptReader::new([fail, data("ab")]).take(1);
    assert_eq!(run(reader.read_u8()).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(run(reader.read_u8()).unwrap(), b'a');
}

#[test]
fn chain_reads_one_after_the_other() {
    let first = ScriptReader::new([data("ab"), Step::Wait, data("c")]);
    let mut reader = first.chain(ScriptReader::new([Step::Wait, data("de")]));
    let mut all = Vec::new();
    assert_eq!(run(reader.read_to_end(&mut all)).unwrap(), 5);
    assert_eq!(all, b"abcde");
    assert_eq!(reader.get_ref().0.reads, 4, "what has ended is not asked again");
}

#[test]
fn a_read_without_room_does_not_end_the_first_of_a_chain() {
    let mut reader = (&b"ab"[..]).chain(&b"cd"[..]);
    assert_eq!(run(reader.read(&mut [])).unwrap(), 0);
    let mut all = Vec::new();
    run(reader.read_to_end(&mut all)).unwrap();
    assert_eq!(all, b"abcd");
}

#[test]
fn lines_cross_the_seam_of_a_chain() {
    let mut lines = (&b"one\ntw"[..]).chain(&b"o\nthree"[..]).lines();
    for expected in ["one", "two", "three"] {
        assert_eq!(run(lines.next_line()).unwrap().as_deref(), Some(expected));
    }
}

#[test]
fn join_reads_from_one_and_writes_to_the_other() {
    let mut stream = join(&b"a\nb"[..], ScriptWriter::vectored());
    let mut line = String::new();
    run(stream.read_line(&mut line)).unwrap();
    run(stream.write_vectored(&[IoSlice::new(b"x"), IoSlice::new(b"y")])).unwrap();
    run(stream.shutdown()).unwrap();
    assert_eq!(*stream.reader_mut(), b"b");
    *Pin::new(&mut stream).reader_pin_mut() = b"c";
    assert_eq!((line.as_str(), *stream.reader()), ("a\n", &b"c"[..]));
    assert_eq!(stream.into_inner().1.calls, ["vectored 2", "shutdown"]);
}

#[test]
fn nothing_in_and_nothing_out() {
    let mut all = Vec::new();
    assert_eq!(run(empty().read_to_end(&mut all)).unwrap(), 0);
    assert_eq!(run(empty().fill_buf()).unwrap(), b"");
    let slices = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
    assert_eq!(run(empty().write_vectored(&slices)).unwrap(), 3);
    assert_eq!(run(sink().write_vectored(&slices)).unwrap(), 3);
    run(sink().write_all(&[0; 100])).unwrap();
    run(sink().shutdown()).unwrap();
    let mut buf = [0; 5];
    run(repeat(7).read_exact(&mut buf)).unwrap();
    assert_eq!(buf, [7; 5]);
}
