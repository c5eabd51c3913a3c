//! Copying.

use std::io::{BufWriter, ErrorKind};

use futures::Async;
use tokio::io;

use crate::script::{ByHand, Script, Step};

#[test]
fn everything_is_copied_flushed_and_not_shut_down() {
    let reader = Script::new(&[Step::Bytes(b"car"), Step::Block, Step::Bytes(b"go")]);
    let writer = Script::new(&[Step::Bytes(b"1"), Step::Block]);
    let (copied, _, writer) = ByHand::new(io::copy(reader, writer)).finish().unwrap();
    assert_eq!((copied, &writer.written[..]), (5, &b"cargo"[..]));
    assert_eq!(writer.flushes.last(), Some(&5));
    assert!(!writer.is_shut_down);
}

/// What tokio 0.1 kept in a buffered writer until the reader ended.
#[test]
fn a_buffered_writer_is_flushed_while_the_reader_is_idle() {
    let reader = Script::new(&[Step::Bytes(b"ahoy"), Step::Block, Step::Block]);
    let mut copying = ByHand::new(io::copy(reader, BufWriter::new(Script::new(&[]))));
    assert!(copying.poll().unwrap().is_not_ready());
    assert!(copying.poll().unwrap().is_not_ready());
    let (_, writer, copied, unwritten) = copying.into_inner().into_parts().unwrap();
    assert_eq!((copied, unwritten), (4, vec![]));
    assert_eq!(writer.get_ref().written, b"ahoy");
    assert_eq!(writer.get_ref().flushes, [4], "and not again for nothing");
}

#[test]
fn what_the_writer_was_given_before_is_flushed_too() {
    let mut writer = BufWriter::new(Script::new(&[]));
    std::io::Write::write_all(&mut writer, b"before").unwrap();
    let (copied, _, writer) = ByHand::new(io::copy(&b""[..], writer)).finish().unwrap();
    assert_eq!((copied, &writer.get_ref().written[..]), (0, &b"before"[..]));
}

#[test]
fn a_writer_that_takes_nothing_more_is_an_error_that_loses_nothing() {
    let writer = Script::new(&[Step::Bytes(b"12"), Step::Bytes(b"")]);
    let mut copying = ByHand::new(io::copy(&b"cargo"[..], writer));
    assert_eq!(copying.poll().unwrap_err().kind(), ErrorKind::WriteZero);
    let (_, writer, copied, unwritten) = copying.into_inner().into_parts().unwrap();
    assert_eq!((&writer.written[..], copied, &unwritten[..]), (&b"ca"[..], 2, &b"rgo"[..]));
}

#[test]
fn an_error_of_the_reader_comes_after_what_it_read() {
    let reader =
        Script::new(&[Step::Bytes(b"ca"), Step::Fail(ErrorKind::TimedOut), Step::Bytes(b"rgo")]);
    let mut copying = ByHand::new(io::copy(reader, Script::new(&[])));
    assert_eq!(copying.poll().unwrap_err().kind(), ErrorKind::TimedOut);
    let Async::Ready((copied, _, writer)) = copying.poll().unwrap() else { panic!("goes on") };
    assert_eq!((copied, &writer.written[..]), (5, &b"cargo"[..]));
}
