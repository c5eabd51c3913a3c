//! Each by-value future: what it gives back, its errors, and what is left in it after one.

use std::io::ErrorKind;
use std::task::Poll;

use minato::io::owned;

use super::drive::{drive, panic_message, poll_once};
use super::mock::{Script, Sink, Step, Take, bytes};

#[test]
fn read_returns_what_one_read_gave() {
    let script = Script::texts(&["ab", "cd"]);
    let (script, buf, count) = drive(owned::read(script, [0; 8])).unwrap();
    assert_eq!((&buf[..count], script.remaining().as_slice()), (&b"ab"[..], &b"cd"[..]));
    let (script, _, _) = drive(owned::read(script, [0; 8])).unwrap();
    let (_, _, count) = drive(owned::read(script, [0; 8])).unwrap();
    assert_eq!(count, 0, "the end of the stream");
}

#[test]
fn read_exact_puts_pieces_together_and_reads_no_further() {
    let script = Script::texts(&["a", "bc", "defg"]);
    let (script, buf) = drive(owned::read_exact(script, vec![0; 5])).unwrap();
    assert_eq!(buf, b"abcde");
    assert_eq!(script.remaining(), b"fg");
}

#[test]
fn read_exact_says_how_much_came_before_an_early_end() {
    let mut reading = owned::read_exact(Script::texts(&["abc"]), [0; 5]);
    let error = drive(&mut reading).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "the stream ended after 3 of 5 bytes");
    let (_, buf, filled) = reading.into_parts().unwrap();
    assert_eq!(&buf[..filled], b"abc");
}

#[test]
fn read_exact_goes_on_after_an_error() {
    let script = Script::new([bytes("ab"), Step::Error(ErrorKind::Other), bytes("cd")]);
    let mut reading = owned::read_exact(script, [0; 4]);
    assert_eq!(drive(&mut reading).unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(&drive(&mut reading).unwrap().1, b"abcd");
}

#[test]
fn empty_buffers_are_done_without_any_io() {
    // Each of these ends would be pending for ever.
    let stalled = || Script::new([Step::Stall]);
    let Poll::Ready(Ok((script, _, 0))) = poll_once(&mut owned::read(stalled(), [])) else {
        panic!("not done")
    };
    assert_eq!(script.reads(), 0);
    let Poll::Ready(Ok((script, _))) = poll_once(&mut owned::read_exact(stalled(), vec![])) else {
        panic!("not done")
    };
    assert_eq!(script.reads(), 0);
    assert!(poll_once(&mut owned::write_all(Sink::new([Take::Stall]), "")).is_ready());
}

#[test]
fn read_to_end_appends() {
    let script = Script::texts(&["harbour", " and ", "quay"]);
    let (_, buf) = drive(owned::read_to_end(script, b"> ".to_vec())).unwrap();
    assert_eq!(buf, b"> harbour and quay");
}

#[test]
fn read_to_end_reads_much() {
    let source: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let script = Script::new([Step::Bytes(source.clone())]);
    let (_, buf) = drive(owned::read_to_end(script, Vec::new())).unwrap();
    assert!(buf == source);
}

#[test]
fn read_to_end_does_not_grow_a_buffer_that_just_fits() {
    for free in [0, 40, 10_000] {
        let source = vec![7; 40 + free];
        let mut buf = Vec::with_capacity(source.len() + 3);
        buf.extend_from_slice(b"...");
        let (capacity, place) = (buf.capacity(), buf.as_ptr());
        let script = Script::new([Step::Bytes(source.clone())]);
        let (_, buf) = drive(owned::read_to_end(script, buf)).unwrap();
        assert_eq!(buf[3..], source);
        assert_eq!((buf.capacity(), buf.as_ptr()), (capacity, place));
    }
}

#[test]
fn read_to_end_keeps_everything_after_an_error() {
    let script = Script::new([bytes("ab"), Step::Error(ErrorKind::Other), bytes("cd")]);
    let mut reading = owned::read_to_end(script, b"..".to_vec());
    assert_eq!(drive(&mut reading).unwrap_err().kind(), ErrorKind::Other);
    let (script, buf, appended) = reading.into_parts().unwrap();
    assert_eq!((buf.as_slice(), appended), (&b"..ab"[..], 2));
    assert_eq!(drive(owned::read_to_end(script, buf)).unwrap().1, b"..abcd");
}

#[test]
fn read_to_end_and_read_until_pause_between_reads_that_are_always_ready() {
    let endless = || Script::new((0..10_000).map(|_| bytes("x")));
    let mut reading = owned::read_to_end(endless(), Vec::new());
    assert!(poll_once(&mut reading).is_pending());
    assert!(drive(reading).is_ok(), "it wakes itself");
    let mut reading = owned::read_until(endless(), b'\n', Vec::new());
    assert!(poll_once(&mut reading).is_pending());
    assert!(drive(reading).is_ok(), "it wakes itself");
}

#[test]
fn read_until_stops_behind_the_byte_or_at_the_end() {
    let script = Script::texts(&["bow", ";st", "ern"]);
    let (script, field) = drive(owned::read_until(script, b';', b"> ".to_vec())).unwrap();
    assert_eq!(field, b"> bow;");
    let (script, field) = drive(owned::read_until(script, b';', Vec::new())).unwrap();
    assert_eq!(field, b"stern");
    let (_, field) = drive(owned::read_until(script, b';', Vec::new())).unwrap();
    assert_eq!(field, b"");
}

#[test]
fn read_until_keeps_everything_after_an_error() {
    let script = Script::new([bytes("ab"), Step::Error(ErrorKind::Other), bytes("c;d")]);
    let mut reading = owned::read_until(script, b';', b"..".to_vec());
    assert_eq!(drive(&mut reading).unwrap_err().kind(), ErrorKind::Other);
    let (script, buf, appended) = reading.into_parts().unwrap();
    assert_eq!((buf.as_slice(), appended), (&b"..ab"[..], 2));
    assert_eq!(drive(owned::read_until(script, b';', buf)).unwrap().1, b"..abc;");
}

#[test]
fn write_all_goes_on_after_partial_writes() {
    let sink = Sink::new([Take::UpTo(1), Take::Pending, Take::UpTo(2), Take::Pending]);
    let (sink, buf) = drive(owned::write_all(sink, "harbour")).unwrap();
    assert_eq!(buf, "harbour");
    assert_eq!(sink.seen().taken, b"harbour");
    assert_eq!(sink.seen().flushes, 0);
}

#[test]
fn write_all_reports_a_writer_that_takes_nothing() {
    let mut writing = owned::write_all(Sink::new([Take::UpTo(3), Take::UpTo(0)]), "harbour");
    assert_eq!(drive(&mut writing).unwrap_err().kind(), ErrorKind::WriteZero);
    let (_, buf, written) = writing.into_parts().unwrap();
    assert_eq!(&buf[written..], "bour");
}

#[test]
fn write_all_reports_a_writer_that_claims_too_much() {
    let mut writing = owned::write_all(Sink::new([Take::Claim(8)]), "harbour");
    let error = drive(&mut writing).unwrap_err();
    assert_eq!(error.to_string(), "the writer claims to have taken 8 of 7 bytes");
}

#[test]
fn flush_and_shutdown_return_the_writer() {
    let (sink, _) = drive(owned::write_all(Sink::slow_to_flush(2), "harbour")).unwrap();
    assert_eq!(sink.seen().visible(), b"");
    let sink = drive(owned::flush(sink)).unwrap();
    assert_eq!(sink.seen().visible(), b"harbour");
    let sink = drive(owned::shutdown(sink)).unwrap();
    assert_eq!(sink.seen().shutdowns, 1);
}

#[test]
fn flush_that_is_given_up_returns_the_writer() {
    let (sink, _) = drive(owned::write_all(Sink::slow_to_flush(2), "harbour")).unwrap();
    let mut flushing = owned::flush(sink);
    assert!(poll_once(&mut flushing).is_pending());
    let sink = flushing.into_parts().unwrap();
    drive(owned::flush(sink.clone())).unwrap();
    assert_eq!(sink.seen().visible(), b"harbour");
}

/// Completes `$future`, then checks that its parts are gone and that polling it again names it.
macro_rules! check_completed {
    ($name:literal, $future:expr) => {{
        let mut future = $future;
        drive(&mut future).unwrap();
        let message = panic_message(|| poll_once(&mut future).is_pending());
        assert_eq!(message, concat!($name, " polled after completion"));
        assert!(future.into_parts().is_none());
    }};
}

#[test]
fn polling_after_completion_names_the_future() {
    let script = || Script::texts(&["abc"]);
    let sink = Sink::default;
    check_completed!("Read", owned::read(script(), [0; 3]));
    check_completed!("Read", owned::read(script(), []));
    check_completed!("ReadExact", owned::read_exact(script(), [0; 3]));
    check_completed!("ReadExact", owned::read_exact(script(), []));
    check_completed!("ReadToEnd", owned::read_to_end(script(), Vec::new()));
    check_completed!("ReadUntil", owned::read_until(script(), b'b', Vec::new()));
    check_completed!("WriteAll", owned::write_all(sink(), "abc"));
    check_completed!("WriteAll", owned::write_all(sink(), ""));
    check_completed!("Flush", owned::flush(sink()));
    check_completed!("Shutdown", owned::shutdown(sink()));
    check_completed!("Copy", owned::copy(script(), sink()));
}

/// A buffer that must not be moved when pinned: the futures never pin it, so they stay `Unpin`.
struct Unmovable([u8; 3], std::marker::PhantomPinned);

impl AsMut<[u8]> for Unmovable {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

#[test]
fn futures_are_unpin_and_send_whatever_the_buffer_is() {
    fn check<F: Unpin + Send>(future: F) -> F {
        future
    }
    let buf = Unmovable([0; 3], std::marker::PhantomPinned);
    let reading = check(owned::read_exact(Script::texts(&["abc"]), buf));
    assert_eq!(drive(reading).unwrap().1.0, *b"abc");
}
