//! `copy`, `copy_buf` and `owned::copy`: when they flush, how they grow, and what an error costs.

use std::io::ErrorKind;
use std::pin::pin;
use std::task::Context;

use minato::io::{self, owned};

use super::drive::{Wakes, drive, poll_once};
use super::mock::{Script, Sink, Step, Take, bytes};

const KIB: usize = 1024;

#[test]
fn copies_and_flushes_but_does_not_shut_down() {
    let (mut script, mut sink) = (Script::texts(&["har", "bour"]), Sink::default());
    assert_eq!(drive(io::copy(&mut script, &mut sink)).unwrap(), 7);
    assert_eq!(sink.seen().visible(), b"harbour");
    assert_eq!(sink.seen().shutdowns, 0);

    let (mut script, mut sink) = (Script::texts(&["har", "bour"]), Sink::default());
    assert_eq!(drive(io::copy_buf(&mut script, &mut sink)).unwrap(), 7);
    assert_eq!(sink.seen().visible(), b"harbour");
    assert_eq!(sink.seen().shutdowns, 0);
}

#[test]
fn trait_objects_can_be_copied() {
    let (mut script, mut sink) = (Script::texts(&["harbour"]), Sink::default());
    let reader: &mut (dyn io::AsyncRead + Unpin) = &mut script;
    let writer: &mut (dyn io::AsyncWrite + Unpin) = &mut sink;
    assert_eq!(drive(io::copy(reader, writer)).unwrap(), 7);
}

#[test]
fn flushes_while_the_reader_has_nothing() {
    let steps = || Script::new([bytes("harbour"), Step::Stall]);

    let (mut script, mut sink) = (steps(), Sink::default());
    let seen = sink.clone();
    let mut copying = Box::pin(io::copy(&mut script, &mut sink));
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(seen.seen().visible(), b"harbour");
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(seen.seen().flushes, 1, "what is flushed is not flushed again");

    let (mut script, mut sink) = (steps(), Sink::default());
    let seen = sink.clone();
    let mut copying = Box::pin(io::copy_buf(&mut script, &mut sink));
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(seen.seen().visible(), b"harbour");
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(seen.seen().flushes, 1, "what is flushed is not flushed again");
}

#[test]
fn flushes_what_was_written_before_the_copy() {
    let (sink, _) = drive(owned::write_all(Sink::default(), "header")).unwrap();
    let mut copying = owned::copy(Script::new([Step::Stall]), sink.clone());
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(sink.seen().visible(), b"header");
}

#[test]
fn reads_on_while_a_flush_is_pending() {
    let script = Script::new([bytes("har"), Step::Pending, bytes("bour")]);
    let sink = Sink::slow_to_flush(1);
    let mut copying = owned::copy(script, sink.clone());
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(sink.seen().visible(), b"");
    assert_eq!(drive(copying).unwrap().0, 7);
    assert_eq!(sink.seen().visible(), b"harbour");
}

#[test]
fn the_buffer_grows_while_reads_fill_it_and_is_given_back_when_idle() {
    let fills = |count| (0..count).map(|_| Step::Fill);
    let steps = fills(7).chain([Step::Pending]).chain(fills(1)).chain([bytes("end")]);
    let (copied, script, _) = drive(owned::copy(Script::new(steps), Sink::default())).unwrap();
    let expected = [16, 16, 64, 128, 256, 256, 256, 256, 16, 16, 16].map(|size| size * KIB);
    assert_eq!(script.rooms, expected);
    assert_eq!(copied, expected[..7].iter().sum::<usize>() as u64 + 16 * KIB as u64 + 3);
    assert!(script.misaligned.iter().all(|&bytes| bytes == 0), "the kernel copies slowly there");
}

#[test]
fn reads_that_do_not_fill_what_is_lent_need_no_buffer() {
    let script = Script::new((0..100).flat_map(|_| [bytes("small"), Step::Pending]));
    let (_, script, _) = drive(owned::copy(script, Sink::default())).unwrap();
    assert!(script.rooms.iter().all(|&room| room == 16 * KIB), "{:?}", script.rooms);
}

#[test]
fn a_slow_writer_does_not_make_the_buffer_grow() {
    let steps = (0..20).map(|_| Step::Bytes(vec![1; 3 * KIB]));
    let sink = Sink::new((0..20).flat_map(|_| [Take::UpTo(KIB), Take::Pending]));
    let (copied, script, _) = drive(owned::copy(Script::new(steps), sink)).unwrap();
    assert_eq!(copied, 60 * KIB as u64);
    assert_eq!(script.rooms.iter().max(), Some(&(16 * KIB)));
}

#[test]
fn reads_ahead_while_the_writer_takes_nothing() {
    let steps = (0..20).map(|_| Step::Bytes(vec![1; KIB]));
    let mut copying = owned::copy(Script::new(steps), Sink::new([Take::Stall]));
    assert!(poll_once(&mut copying).is_pending());
    let (script, _, copied, unwritten) = copying.into_parts().unwrap();
    assert_eq!((copied, unwritten.len(), script.remaining().len()), (0, 16 * KIB, 4 * KIB));
}

#[test]
fn pauses_between_ends_that_are_always_ready() {
    let sources =
        [Script::new((0..1000).map(|_| Step::Fill)), Script::new((0..100_000).map(|_| bytes("x")))];
    for mut script in sources {
        let (wakes, waker) = Wakes::new();
        let mut sink = Sink::default();
        let seen = sink.clone();
        let mut copying = pin!(io::copy(&mut script, &mut sink));
        assert!(copying.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(wakes.count(), 1, "it goes on by itself");
        let taken = seen.seen().taken.len();
        assert!((1..=KIB * KIB).contains(&taken), "{taken} bytes in one poll");
    }
    let mut script = Script::new((0..100_000).map(|_| bytes("x")));
    let mut sink = Sink::default();
    let mut copying = Box::pin(io::copy_buf(&mut script, &mut sink));
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(drive(copying).unwrap(), 100_000);
}

#[test]
fn an_error_of_the_reader_comes_after_what_was_read_before_it() {
    let steps = || [bytes("har"), bytes("bour"), Step::Error(ErrorKind::ConnectionReset)];
    // The writer is busy when the error is seen: it must wait for its turn.
    let takes = || [Take::Pending, Take::UpTo(2), Take::Pending];

    let (mut script, mut sink) = (Script::new(steps()), Sink::new(takes()));
    let error = drive(io::copy(&mut script, &mut sink)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(sink.seen().visible(), b"harbour");

    let (mut script, mut sink) = (Script::new(steps()), Sink::new(takes()));
    let error = drive(io::copy_buf(&mut script, &mut sink)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(sink.seen().visible(), b"harbour");
}

#[test]
fn the_owned_copy_goes_on_after_an_error_of_the_reader() {
    let script = Script::new([bytes("har"), Step::Error(ErrorKind::TimedOut), bytes("bour")]);
    let sink = Sink::default();
    let mut copying = owned::copy(script, sink.clone());
    assert_eq!(drive(&mut copying).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(drive(&mut copying).unwrap().0, 7);
    assert_eq!(sink.seen().visible(), b"harbour");
}

#[test]
fn the_owned_copy_keeps_unwritten_bytes_after_an_error_of_the_writer() {
    let script = Script::new([bytes("harbour"), bytes("master")]);
    let sink = Sink::new([Take::UpTo(3), Take::Error(ErrorKind::TimedOut)]);
    let mut copying = owned::copy(script, sink);
    assert_eq!(drive(&mut copying).unwrap_err().kind(), ErrorKind::TimedOut);
    let (script, sink, copied, unwritten) = copying.into_parts().unwrap();
    assert_eq!((copied, unwritten.as_slice()), (3, &b"bour"[..]));
    assert_eq!(script.remaining(), b"master");
    assert_eq!(sink.seen().taken, b"har");
}

#[test]
fn copy_buf_leaves_unwritten_bytes_after_an_error_of_the_writer() {
    let mut script = Script::new([bytes("harbour")]);
    let mut sink = Sink::new([Take::UpTo(3), Take::Error(ErrorKind::TimedOut)]);
    let error = drive(io::copy_buf(&mut script, &mut sink)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(script.remaining(), b"bour");
}

#[test]
fn a_writer_that_takes_nothing_is_an_error() {
    let (mut script, mut sink) = (Script::texts(&["harbour"]), Sink::new([Take::UpTo(0)]));
    let error = drive(io::copy(&mut script, &mut sink)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);

    let (mut script, mut sink) = (Script::texts(&["harbour"]), Sink::new([Take::UpTo(0)]));
    let error = drive(io::copy_buf(&mut script, &mut sink)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
}

#[test]
fn the_seed_on_both_sides_of_a_pipe() {
    let (client, socket) = io::duplex(3);
    let message = "a message longer than the pipe".repeat(100);
    let length = message.len();
    let echo = async move {
        let (socket, buf) = owned::read_exact(socket, vec![0; length]).await?;
        owned::write_all(socket, buf).await
    };
    let client = async move {
        let (client, message) = owned::write_all(client, message).await?;
        let (_, answer) = owned::read_exact(client, vec![0; length]).await?;
        std::io::Result::Ok((message.into_bytes(), answer))
    };
    let (echoed, answered) = pollster::block_on(async { futures::join!(echo, client) });
    echoed.unwrap();
    let (message, answer) = answered.unwrap();
    assert_eq!(message, answer);
}
