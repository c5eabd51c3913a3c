//! Limits to how much is gathered: what is within them is as without, what is beyond is an error
//! that names the limit, and no byte is lost.

use std::io::ErrorKind;

use futures::StreamExt;
use minato::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter, owned, repeat,
};
use proptest::prelude::*;

use super::script::{ScriptReader, ScriptWriter, Step, Taking, data, run};

/// A reader of these bytes in pieces of `size`, with waits in between.
fn pieces(bytes: &[u8], size: usize) -> BufReader<ScriptReader> {
    let steps = bytes.chunks(size).flat_map(|piece| [Step::Wait, data(piece)]);
    BufReader::with_capacity(7, ScriptReader::new(steps))
}

#[test]
fn the_delimiter_may_come_right_behind_as_much_as_there_may_be() {
    for size in 1..10 {
        run(async {
            let mut lines = pieces(b"12345\n\n1234\r\n12345", size).lines().max_length(5);
            for expected in ["12345", "", "1234", "12345"] {
                assert_eq!(lines.next_line().await.unwrap().unwrap(), expected);
            }
            assert_eq!(lines.next_line().await.unwrap(), None);
            // One more byte is too many, also if it is the `\r` of the line end.
            for too_long in [&b"123456\n"[..], b"12345\r\n", b"123456"] {
                let mut lines = pieces(too_long, size).lines().max_length(5);
                let error = lines.next_line().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidData);
                let text = r"no '\n' came within 5 bytes, which is the limit";
                assert_eq!(error.to_string(), text);
            }
        });
    }
}

#[test]
fn after_the_error_a_higher_limit_goes_on() {
    for size in 1..10 {
        run(async {
            let mut lines = pieces(b"short\na longer line\nend", size).lines().max_length(5);
            assert_eq!(lines.next_line().await.unwrap().unwrap(), "short");
            for _ in 0..3 {
                lines.next_line().await.unwrap_err();
            }
            let mut lines = lines.max_length(10);
            lines.next_line().await.unwrap_err();
            let mut lines = lines.max_length(13);
            assert_eq!(lines.next_line().await.unwrap().unwrap(), "a longer line");
            assert_eq!(lines.next_line().await.unwrap().unwrap(), "end");
            assert_eq!(lines.next_line().await.unwrap(), None);
        });
    }
}

#[test]
fn what_was_gathered_and_what_was_not_are_both_there() {
    for size in 1..12 {
        run(async {
            let (mut reader, mut buf) = (pieces(b"key=value;rest", size), b"old".to_vec());
            assert_eq!(reader.read_until(b'=', &mut buf).max_length(3).await.unwrap(), 4);
            let error = reader.read_until(b';', &mut buf).max_length(3).await.unwrap_err();
            assert!(error.to_string().starts_with("no ';' came within 3 bytes"), "{error}");
            assert_eq!(buf, b"oldkey=val");
            // A new call has the whole limit again, and counts its own bytes.
            assert_eq!(reader.read_until(b';', &mut buf).max_length(3).await.unwrap(), 3);
            assert_eq!(buf, b"oldkey=value;");
            let error = reader.read_until(b';', &mut buf).max_length(0).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"rest");
        });
    }
}

#[test]
fn segments_and_lines_by_value_have_the_limit_too() {
    run(async {
        let mut words = pieces(b"one two three", 4).split(b' ').max_length(3);
        assert_eq!(words.next_segment().await.unwrap().unwrap(), b"one");
        assert_eq!(words.next_segment().await.unwrap().unwrap(), b"two");
        words.next_segment().await.unwrap_err();
        let mut words = words.max_length(5);
        assert_eq!(words.next_segment().await.unwrap().unwrap(), b"three");

        let mut lines = owned::lines(&b"one\nlonger\n"[..]).max_length(3);
        assert_eq!(lines.next().await.unwrap().unwrap(), "one");
        lines.next().await.unwrap().unwrap_err();
        let (rest, front) = lines.into_parts();
        assert_eq!((rest, &front[..]), (&b"ger\n"[..], &b"lon"[..]));
    });
}

/// A limit counts bytes, and may fall into a character.
#[test]
fn a_character_that_the_limit_cuts_is_put_together_again() {
    run(async {
        let mut lines = pieces("aé\n".as_bytes(), 1).lines().max_length(2);
        assert!(lines.next_line().await.unwrap_err().to_string().contains("within 2 bytes"));
        assert_eq!(lines.max_length(3).next_line().await.unwrap().unwrap(), "aé");
    });
}

/// A peer that sends for ever without a line end.
#[test]
fn an_endless_line_takes_no_more_memory_than_it_may() {
    run(async {
        let mut lines = owned::lines(BufReader::new(repeat(b'x'))).max_length(1 << 20);
        for _ in 0..2 {
            let error = lines.next().await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
        }
        let (_, front) = lines.into_parts();
        assert_eq!(front.len(), 1 << 20);
        assert!(front.capacity() < 4 << 20);
        let mut none = BufReader::new(repeat(b'x')).lines().max_length(0);
        none.next_line().await.unwrap_err();
    });
}

#[test]
fn the_parts_of_a_writer_hold_everything() {
    run(async {
        // The writer takes three bytes of the first flush, and then fails.
        let sink = ScriptWriter::new([Taking::UpTo(3), Taking::Fail(ErrorKind::BrokenPipe)]);
        let mut writer = BufWriter::with_capacity(16, sink);
        writer.write_all(b"hello").await.unwrap();
        assert_eq!(writer.flush().await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        writer.write_all(b" world").await.unwrap();
        assert_eq!(writer.buffer(), b"lo world");
        let (sink, rest) = writer.into_parts();
        assert_eq!((&sink.taken[..], &rest[..]), (&b"hel"[..], &b"lo world"[..]));
        let (_, rest) = BufWriter::new(Vec::new()).into_parts();
        assert!(rest.is_empty());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the pieces: as many lines as are short enough come, and then the error; and the
    /// bytes of all are those of the stream.
    #[test]
    fn every_split_of_the_bytes_gives_the_same(
        text in "[ab\n]{0,60}",
        size in 1usize..20,
        limit in 0usize..12,
    ) {
        let mut expected = Vec::new();
        for line in text.split_inclusive('\n') {
            if line.trim_end_matches('\n').len() > limit {
                break;
            }
            expected.push(line.trim_end_matches('\n').to_owned());
        }
        let whole = expected.len() == text.split_inclusive('\n').count();
        run(async {
            let mut lines = pieces(text.as_bytes(), size).lines().max_length(limit);
            let mut came = Vec::new();
            let is_whole = loop {
                match lines.next_line().await {
                    Ok(Some(line)) => came.push(line),
                    Ok(None) => break true,
                    Err(_) => break false,
                }
            };
            assert_eq!((&came, is_whole), (&expected, whole));
            let mut lines = lines.max_length(usize::MAX);
            while let Some(line) = lines.next_line().await.unwrap() {
                came.push(line);
            }
            assert_eq!(came, text.lines().collect::<Vec<_>>());
        });
    }
}
