//! Lines.

use std::io::{BufReader, ErrorKind};

use futures::executor::spawn;
use futures::{Async, Stream};
use tokio::io;

use crate::script::{NOBODY, Script, Step};

/// What the stream gives, `None` where it was not ready, until it ends.
fn lines(steps: &[Step]) -> Vec<Option<Result<String, ErrorKind>>> {
    let mut stream = spawn(io::lines(BufReader::new(Script::new(steps))));
    let mut found = Vec::new();
    loop {
        match stream.poll_stream_notify(&&NOBODY, 0) {
            Ok(Async::Ready(None)) => return found,
            Ok(Async::Ready(Some(line))) => found.push(Some(Ok(line))),
            Ok(Async::NotReady) => found.push(None),
            Err(error) => found.push(Some(Err(error.kind()))),
        }
    }
}

fn line(text: &str) -> Option<Result<String, ErrorKind>> {
    Some(Ok(text.to_owned()))
}

/// Tokio 0.1 failed on this text.
#[test]
fn a_character_may_arrive_in_pieces() {
    let steps = [Step::Bytes(b"ab\xc3"), Step::Block, Step::Bytes(b"\xa9cd\n")];
    assert_eq!(lines(&steps), [None, line("ab\u{e9}cd")]);
}

#[test]
fn a_line_that_is_no_text_is_an_error_in_its_place() {
    let steps = [Step::Bytes(b"port\n\xff\xfe\nstarboard\n")];
    assert_eq!(lines(&steps), [line("port"), Some(Err(ErrorKind::InvalidData)), line("starboard")]);
}

#[test]
fn both_line_ends_are_cut_off_and_the_last_may_be_missing() {
    let steps = [Step::Bytes(b"one\r\ntwo\n\nfour\r"), Step::Bytes(b"\nfive")];
    assert_eq!(lines(&steps), [line("one"), line("two"), line(""), line("four"), line("five")]);
}

#[test]
fn after_an_error_of_the_reader_the_line_goes_on() {
    let steps = [Step::Bytes(b"sta"), Step::Fail(ErrorKind::TimedOut), Step::Bytes(b"r\n")];
    assert_eq!(lines(&steps), [Some(Err(ErrorKind::TimedOut)), line("star")]);
}

#[test]
fn the_reader_comes_back() {
    let mut stream = io::lines(&b"one\ntwo"[..]);
    assert_eq!(stream.poll().unwrap(), Async::Ready(Some("one".to_owned())));
    assert_eq!(stream.into_inner(), b"two");
}
