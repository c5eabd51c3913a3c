//! The stream of lines.

use std::io::ErrorKind;
use std::string::FromUtf8Error;

use futures::StreamExt;
use minato::io::owned;

use super::drive::drive;
use super::mock::{Script, Step, bytes};

fn all_lines(script: Script) -> Vec<String> {
    drive(owned::lines(script).map(Result::unwrap).collect())
}

#[test]
fn line_ends_are_cut_off() {
    assert_eq!(all_lines(Script::texts(&["a\nb\r\n\n\r\nc\rd\n"])), ["a", "b", "", "", "c\rd"]);
}

#[test]
fn an_unterminated_last_line_counts_and_nothing_after_the_last_end_does_not() {
    assert_eq!(all_lines(Script::texts(&["a\nb"])), ["a", "b"]);
    assert_eq!(all_lines(Script::texts(&["a\n"])), ["a"]);
    assert_eq!(all_lines(Script::texts(&["a\r"])), ["a\r"]);
    assert!(all_lines(Script::default()).is_empty());
}

#[test]
fn characters_and_line_ends_may_arrive_in_pieces() {
    let text = "Café au port 港\r\nminato\n".as_bytes();
    let pieces = text.iter().flat_map(|&byte| [Step::Pending, Step::Bytes(vec![byte])]);
    assert_eq!(all_lines(Script::new(pieces)), ["Café au port 港", "minato"]);
}

#[test]
fn a_line_that_is_not_utf8_costs_neither_itself_nor_the_next() {
    let script = Script::new([Step::Bytes(b"ok\nno\xff\xfe\nok again\n\xff".to_vec())]);
    let mut lines = owned::lines(script);
    assert_eq!(drive(lines.next()).unwrap().unwrap(), "ok");

    let error = drive(lines.next()).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let error = error.into_inner().unwrap().downcast::<FromUtf8Error>().unwrap();
    assert_eq!(error.into_bytes(), b"no\xff\xfe");

    assert_eq!(drive(lines.next()).unwrap().unwrap(), "ok again");
    assert_eq!(drive(lines.next()).unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
    assert!(drive(lines.next()).is_none());
    assert!(lines.into_inner().remaining().is_empty());
}

#[test]
fn a_line_continues_after_an_error_of_the_reader() {
    let script = Script::new([bytes("min"), Step::Error(ErrorKind::TimedOut), bytes("ato\n")]);
    let mut lines = owned::lines(script);
    assert_eq!(drive(lines.next()).unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(drive(lines.next()).unwrap().unwrap(), "minato");
}
