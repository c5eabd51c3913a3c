//! `BufReader`, `BufWriter` and `BufStream`.

use std::io::{ErrorKind, IoSlice};

use minato::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufStream, BufWriter, empty, join,
};

use super::script::{ScriptReader, ScriptWriter, Step, Taking, data, panic_place, poll_once, run};

#[test]
fn a_reader_serves_small_reads_from_one_large_one() {
    let mut reader = BufReader::new(ScriptReader::new([data("abcdef")]));
    for expected in b"abcdef" {
        assert_eq!(run(reader.read_u8()).unwrap(), *expected);
    }
    assert_eq!(reader.get_ref().reads, 1);
}

#[test]
fn a_reader_passes_large_reads_through_only_when_it_is_empty() {
    let mut reader = BufReader::with_capacity(4, ScriptReader::new([data("abcdefghijkl")]));
    let mut buf = [0; 6];
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 6, "nothing is buffered");
    assert_eq!(run(reader.read(&mut buf[..1])).unwrap(), 1);
    assert_eq!(reader.buffer(), b"hij");
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 3, "the buffer comes first");
    assert_eq!(&buf[..3], b"hij");
}

#[test]
fn a_reader_without_capacity_is_refused_where_it_is_made() {
    for make in [(|| drop(BufReader::with_capacity(0, empty()))) as fn(), || {
        drop(BufStream::with_capacity(0, 1, empty()))
    }] {
        let (message, place) = panic_place(make);
        assert!(message.contains("greater than zero"), "{message}");
        assert_eq!(place, file!());
    }
}

#[test]
fn consuming_too_much_consumes_the_buffer() {
    let mut reader = BufReader::with_capacity(2, &b"abcd"[..]);
    run(reader.fill_buf()).unwrap();
    reader.consume(usize::MAX);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"cd");
}

#[test]
fn an_error_leaves_the_reader_usable() {
    let fail = Step::Fail(ErrorKind::TimedOut);
    let mut reader = BufReader::new(ScriptReader::new([data("a"), fail, data("b")]));
    assert_eq!(run(reader.read_u8()).unwrap(), b'a');
    assert_eq!(run(reader.read_u8()).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(run(reader.read_u8()).unwrap(), b'b');
}

#[test]
fn a_writer_gathers_small_writes_and_flushes_before_large_ones() {
    let mut writer = BufWriter::with_capacity(4, ScriptWriter::default());
    run(writer.write_all(b"ab")).unwrap();
    run(writer.write_all(b"cd")).unwrap();
    assert_eq!(writer.get_ref().calls, [""; 0]);
    run(writer.write_all(b"e")).unwrap();
    run(writer.write_all(b"fghij")).unwrap();
    run(writer.flush()).unwrap();
    assert_eq!(writer.get_ref().calls, ["write 4", "write 1", "write 5", "flush"]);
    assert_eq!(writer.into_inner().taken, b"abcdefghij");
}

#[test]
fn shutdown_hands_on_everything_first() {
    let mut writer = BufWriter::new(ScriptWriter::new([Taking::UpTo(1), Taking::Wait]));
    run(writer.write_all(b"abc")).unwrap();
    run(writer.shutdown()).unwrap();
    assert_eq!(writer.get_ref().calls, ["write 1", "write 2", "shutdown"]);
    assert_eq!(writer.into_inner().taken, b"abc");
}

#[test]
fn an_error_keeps_what_was_not_handed_on() {
    let steps = [Taking::UpTo(2), Taking::Wait, Taking::Fail(ErrorKind::BrokenPipe)];
    let mut writer = BufWriter::new(ScriptWriter::new(steps));
    run(writer.write_all(b"abcde")).unwrap();
    assert!(poll_once(writer.flush()).is_pending());
    assert_eq!(writer.buffer(), b"cde", "what was handed on is not buffered");
    assert_eq!(run(writer.shutdown()).unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(writer.buffer(), b"cde");
    assert!(!writer.get_ref().calls.contains(&"shutdown".to_owned()));
    run(writer.write_all(b"f")).unwrap();
    run(writer.flush()).unwrap();
    assert_eq!(writer.into_inner().taken, b"abcdef");
}

#[test]
fn into_inner_loses_what_is_buffered_and_says_so_before() {
    let mut writer = BufWriter::new(ScriptWriter::default());
    run(writer.write_all(b"abc")).unwrap();
    assert_eq!(writer.buffer(), b"abc");
    assert_eq!(writer.into_inner().taken, b"");
    let mut reader = BufReader::new(&b"abc"[..]);
    run(reader.read_u8()).unwrap();
    assert_eq!(reader.buffer(), b"bc");
    assert_eq!(reader.into_inner(), b"");
}

#[test]
fn vectored_writes_are_gathered_or_passed_on() {
    let slices = [IoSlice::new(b""), IoSlice::new(b"ab"), IoSlice::new(b"cdef")];
    let mut small = BufWriter::with_capacity(4, ScriptWriter::vectored());
    assert_eq!(run(small.write_vectored(&slices)).unwrap(), 6);
    assert_eq!(small.get_ref().calls, ["vectored 6"]);

    let mut large = BufWriter::with_capacity(10, ScriptWriter::vectored());
    assert_eq!(run(large.write_vectored(&slices)).unwrap(), 6);
    assert_eq!((large.buffer(), large.get_ref().calls.len()), (&b"abcdef"[..], 0));

    let mut plain = BufWriter::with_capacity(4, ScriptWriter::default());
    assert_eq!(run(plain.write_vectored(&slices)).unwrap(), 4, "as far as there is room");
    assert_eq!(plain.buffer(), b"abcd");
    assert_eq!(run(plain.write_vectored(&slices[2..])).unwrap(), 4);
    assert_eq!(plain.get_ref().calls, ["write 4", "write 4"]);
}

#[test]
fn a_writer_without_capacity_passes_everything_through() {
    let mut writer = BufWriter::with_capacity(0, ScriptWriter::default());
    run(writer.write_all(b"ab")).unwrap();
    let slices = [IoSlice::new(b"c"), IoSlice::new(b"d")];
    assert_eq!(run(writer.write_vectored(&slices)).unwrap(), 1);
    assert_eq!(writer.get_ref().calls, ["write 2", "write 1"]);
}

#[test]
fn a_stream_buffers_both_ways() {
    let inner = join(ScriptReader::new([data("one\ntwo\n")]), ScriptWriter::default());
    let mut stream = BufStream::with_capacity(16, 16, inner);
    let mut line = String::new();
    run(stream.read_line(&mut line)).unwrap();
    run(stream.write_all(line.as_bytes())).unwrap();
    assert_eq!(stream.get_ref().writer().taken, b"");
    run(stream.flush()).unwrap();
    let (reader, writer) = stream.into_inner().into_inner();
    assert_eq!((reader.reads, &writer.taken[..]), (1, &b"one\n"[..]));
}

#[test]
fn a_stream_made_of_buffers_keeps_what_is_in_them() {
    let inner = || join(&b"abc"[..], Vec::new());
    let mut one = BufWriter::new(BufReader::new(inner()));
    let mut other = BufReader::new(BufWriter::new(inner()));
    run(one.write_all(b"x")).unwrap();
    run(other.write_all(b"x")).unwrap();
    assert_eq!((run(one.read_u8()).unwrap(), run(other.read_u8()).unwrap()), (b'a', b'a'));
    for mut stream in [BufStream::from(one), BufStream::from(other)] {
        assert_eq!(run(stream.read_u16()).unwrap(), 0x6263);
        run(stream.flush()).unwrap();
        assert_eq!(stream.into_inner().into_inner().1, b"x");
    }
}

#[test]
fn a_stream_made_of_a_half_flushed_buffer_goes_on_from_there() {
    let inner = || {
        let steps = [Taking::UpTo(2), Taking::Wait];
        join(&b""[..], ScriptWriter::new(steps))
    };
    let mut one = BufWriter::new(BufReader::new(inner()));
    let mut other = BufReader::new(BufWriter::new(inner()));
    run(one.write_all(b"abc")).unwrap();
    run(other.write_all(b"abc")).unwrap();
    assert!(poll_once(one.flush()).is_pending() && poll_once(other.flush()).is_pending());
    for mut stream in [BufStream::from(one), BufStream::from(other)] {
        run(stream.flush()).unwrap();
        assert_eq!(stream.get_ref().writer().taken, b"abc");
    }
}
