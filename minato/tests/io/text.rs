//! Lines, segments and text: across reads, over errors, and when it is not text.

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::str::Utf8Error;
use std::string::FromUtf8Error;

use minato::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::script::{ScriptReader, Step, data, poll_once, run};

/// The text in question: one, two, three and four bytes a character.
const SHIPS: &str = "a\u{e9}\u{20ac}\u{1f6a2}\n";

fn scripted(steps: impl IntoIterator<Item = Step>) -> BufReader<ScriptReader> {
    BufReader::new(ScriptReader::new(steps))
}

/// One byte a read, and a wait before each.
fn byte_by_byte(bytes: &[u8]) -> BufReader<ScriptReader> {
    scripted(bytes.iter().flat_map(|byte| [Step::Wait, data([*byte])]))
}

fn bytes_of(error: io::Error) -> Vec<u8> {
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    error.downcast::<FromUtf8Error>().expect("the error carries the bytes").into_bytes()
}

/// Where the string and what came stop being text.
fn place_of(error: io::Error) -> usize {
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    error.downcast::<Utf8Error>().expect("the error says where").valid_up_to()
}

#[test]
fn characters_may_be_split_across_reads() {
    let all = [SHIPS, SHIPS].concat();
    let mut reader = byte_by_byte(all.as_bytes());
    let mut line = String::new();
    assert_eq!(run(reader.read_line(&mut line)).unwrap(), SHIPS.len());
    assert_eq!(line, SHIPS);
    assert_eq!(run(reader.read_line(&mut line)).unwrap(), SHIPS.len());
    assert_eq!(line, all, "a line is appended");
    assert_eq!(run(reader.read_line(&mut line)).unwrap(), 0);

    let mut lines = byte_by_byte(all.as_bytes()).lines();
    for _ in 0..2 {
        assert_eq!(run(lines.next_line()).unwrap().unwrap(), SHIPS.trim_end());
    }
    assert_eq!(run(lines.next_line()).unwrap(), None);

    let mut text = "> ".to_owned();
    run(byte_by_byte(all.as_bytes()).read_to_string(&mut text)).unwrap();
    assert_eq!(text, format!("> {all}"));
}

#[test]
fn a_line_that_is_not_text_is_an_error_and_the_next_one_comes() {
    for mut reader in [byte_by_byte(b"ok\xff!\nnext\n"), scripted([data(b"ok\xff!\nnext\n")])] {
        let mut line = "kept".to_owned();
        assert_eq!(place_of(run(reader.read_line(&mut line)).unwrap_err()), "keptok".len());
        assert_eq!(line, "kept");
        assert_eq!(run(reader.read_line(&mut line)).unwrap(), 5);
        assert_eq!(line, "keptnext\n");
    }
    let mut lines = byte_by_byte(b"\xe2\x82\nnext").lines();
    assert_eq!(bytes_of(run(lines.next_line()).unwrap_err()), b"\xe2\x82");
    assert_eq!(run(lines.next_line()).unwrap().as_deref(), Some("next"));
}

#[test]
fn a_stream_that_ends_inside_a_character_is_not_text() {
    let mut text = "kept".to_owned();
    let mut reader = scripted([data(b"ab\xe2\x82")]);
    assert_eq!(place_of(run(reader.read_line(&mut text)).unwrap_err()), "keptab".len());
    let mut reader = scripted([data(b"ab\xe2\x82")]);
    assert_eq!(place_of(run(reader.read_to_string(&mut text)).unwrap_err()), "keptab".len());
    assert_eq!(text, "kept");
    text.clear();
    let mut reader = scripted([data(b"ab\xe2\x82")]);
    assert_eq!(place_of(run(reader.read_to_string(&mut text)).unwrap_err()), "ab".len());
    assert_eq!(text, "");
}

#[test]
fn read_line_keeps_whole_characters_when_it_fails_or_is_dropped() {
    let fail = Step::Fail(ErrorKind::TimedOut);
    let mut reader = scripted([data("front\u{e9}"), fail, data(" back"), Step::Wait, data("!\n")]);
    let mut line = String::new();
    assert_eq!(run(reader.read_line(&mut line)).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(line, "front\u{e9}");
    assert!(poll_once(reader.read_line(&mut line)).is_pending());
    assert_eq!(line, "front\u{e9} back");
    assert_eq!(run(reader.read_line(&mut line)).unwrap(), 2);
    assert_eq!(line, "front\u{e9} back!\n");
}

#[test]
fn read_line_that_fails_among_bytes_that_are_not_text_changes_nothing() {
    for front in [&b"a\xe2"[..], b"a\xff\xff\xff\xff", b"\xffabcdef"] {
        for mut reader in [
            scripted([data(front), Step::Fail(ErrorKind::TimedOut), data("\n")]),
            scripted(front.iter().map(|byte| data([*byte])).chain([
                Step::Fail(ErrorKind::TimedOut),
                Step::Wait,
                data("\n"),
            ])),
        ] {
            let mut line = "kept".to_owned();
            let error = run(reader.read_line(&mut line)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut, "the error of the reader comes first");
            assert_eq!(line, "kept");
            assert_eq!(run(reader.read_line(&mut line)).unwrap(), 1);
            assert_eq!(line, "kept\n");
        }
    }
}

#[test]
fn read_to_string_keeps_whole_characters_when_it_is_dropped_and_nothing_when_it_fails() {
    for before in ["", "before "] {
        let fail = Step::Fail(ErrorKind::TimedOut);
        let steps = [data("front"), fail, data(b" back\xe2\x82"), Step::Wait];
        let mut reader = ScriptReader::new(steps);
        let mut text = before.to_owned();
        let error = run(reader.read_to_string(&mut text)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(text, before);
        assert!(poll_once(reader.read_to_string(&mut text)).is_pending());
        assert_eq!(text, format!("{before} back"));
    }
}

#[test]
fn read_to_string_can_be_polled_on_after_an_error() {
    let fail = Step::Fail(ErrorKind::TimedOut);
    let mut reader = ScriptReader::new([data(b"fr\xe2"), fail, data(b"\x82\xacnt")]);
    let mut text = "> ".to_owned();
    {
        let mut future = pin!(reader.read_to_string(&mut text));
        assert_eq!(run(future.as_mut()).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(run(future).unwrap(), 7);
    }
    assert_eq!(text, "> fr\u{20ac}nt");
}

#[test]
fn an_unpolled_read_to_string_changes_nothing() {
    let mut text = String::with_capacity(100);
    drop((&b"abc"[..]).read_to_string(&mut text));
    assert_eq!((text.len(), text.capacity()), (0, 100));
    assert_eq!(run((&b"abc"[..]).read_to_string(&mut text)).unwrap(), 3);
    assert_eq!((&text[..], text.capacity()), ("abc", 100));
    text.clear();
    assert_eq!(run((&b""[..]).read_to_string(&mut text)).unwrap(), 0);
    assert_eq!((&text[..], text.capacity()), ("", 100));
}

#[test]
fn lines_keep_the_front_of_a_line_when_a_read_fails_or_is_dropped() {
    let fail = Step::Fail(ErrorKind::TimedOut);
    let mut lines =
        scripted([data(b"fr\xe2"), fail, data(b"\x82\xacnt"), Step::Wait, data("!\nlast")]).lines();
    assert_eq!(run(lines.next_line()).unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(poll_once(lines.next_line()).is_pending());
    assert_eq!(run(lines.next_line()).unwrap().as_deref(), Some("fr\u{20ac}nt!"));
    assert_eq!(run(lines.next_line()).unwrap().as_deref(), Some("last"));
    assert_eq!(run(lines.next_line()).unwrap(), None);
}

#[test]
fn line_ends_of_all_kinds() {
    let mut lines = (&b"\n\r\na\r\n\rb\n\r\r\nc\r"[..]).lines();
    for expected in ["", "", "a", "\rb", "\r", "c\r"] {
        assert_eq!(run(lines.next_line()).unwrap().as_deref(), Some(expected));
    }
    assert_eq!(run(lines.next_line()).unwrap(), None);
    assert_eq!(run(lines.next_line()).unwrap(), None);
}

#[test]
fn read_until_stops_at_its_byte_and_keeps_what_it_read() {
    let mut reader = scripted([data("one,t"), Step::Wait, data("wo,three")]);
    let mut all = Vec::new();
    assert_eq!(run(reader.read_until(b',', &mut all)).unwrap(), 4);
    assert_eq!(all, b"one,");
    assert!(poll_once(reader.read_until(b',', &mut all)).is_pending());
    assert_eq!(all, b"one,t");
    assert_eq!(run(reader.read_until(b',', &mut all)).unwrap(), 3);
    assert_eq!(run(reader.read_until(b',', &mut all)).unwrap(), 5);
    assert_eq!(all, b"one,two,three");
    assert_eq!(run(reader.read_until(b',', &mut all)).unwrap(), 0);
}

#[test]
fn segments_keep_their_front_and_leave_the_delimiter_out() {
    let fail = Step::Fail(ErrorKind::TimedOut);
    let mut segments =
        scripted([data(",o"), fail, data("ne,,"), Step::Wait, data("t")]).split(b',');
    assert_eq!(run(segments.next_segment()).unwrap().unwrap(), b"");
    assert_eq!(run(segments.next_segment()).unwrap_err().kind(), ErrorKind::TimedOut);
    for expected in [&b"one"[..], b"", b"t"] {
        assert_eq!(run(segments.next_segment()).unwrap().as_deref(), Some(expected));
    }
    assert_eq!(run(segments.next_segment()).unwrap(), None);
}
