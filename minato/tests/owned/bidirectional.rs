//! `copy_bidirectional`: half-close, errors, sizes.

use std::io::ErrorKind;

use minato::io::{self, owned};

use super::drive::{drive, panic_message, poll_once};
use super::mock::{Both, Script, Sink, Step, Take, bytes};

#[test]
fn the_end_of_one_direction_shuts_only_the_other_end_down() {
    let mut a = Both { script: Script::new([bytes("request")]), sink: Sink::default() };
    let mut b = Both { script: Script::new([Step::Stall]), sink: Sink::default() };
    let (seen_a, seen_b) = (a.sink.clone(), b.sink.clone());
    let mut copying = Box::pin(io::copy_bidirectional(&mut a, &mut b));
    assert!(poll_once(&mut copying).is_pending());
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(seen_b.seen().visible(), b"request");
    assert_eq!((seen_a.seen().shutdowns, seen_b.seen().shutdowns), (0, 1));
    drop(copying);
    assert_eq!(a.script.reads(), 2, "an ended reader is not read again");
}

#[test]
fn the_other_direction_goes_on_after_a_half_close() {
    let (client, mut near) = io::duplex(5);
    let (mut far, server) = io::duplex(5);
    let client = async {
        let client = owned::shutdown(client).await?;
        owned::read_to_end(client, Vec::new()).await
    };
    let server = async {
        let (server, request) = owned::read_to_end(server, Vec::new()).await?;
        assert_eq!(request, b"");
        let (server, _) = owned::write_all(server, "a late answer").await?;
        owned::shutdown(server).await
    };
    let copying = io::copy_bidirectional(&mut near, &mut far);
    let (copied, answer, served) =
        pollster::block_on(async { futures::join!(copying, client, server) });
    assert_eq!(copied.unwrap(), (0, 13));
    assert_eq!(answer.unwrap().1, b"a late answer");
    served.unwrap();
}

#[test]
fn an_error_of_the_reader_comes_after_what_was_read_before_it() {
    let steps = [bytes("har"), bytes("bour"), Step::Error(ErrorKind::ConnectionReset)];
    let mut a = Both { script: Script::new(steps), sink: Sink::default() };
    let sink = Sink::new([Take::Pending, Take::UpTo(1), Take::Pending]);
    let mut b = Both { script: Script::new([Step::Stall]), sink };
    let error = drive(io::copy_bidirectional(&mut a, &mut b)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(b.sink.seen().visible(), b"harbour");
    assert_eq!((a.sink.seen().shutdowns, b.sink.seen().shutdowns), (0, 0));
}

#[test]
fn an_error_in_either_direction_ends_both() {
    for flip in [false, true] {
        let mut a = Both { script: Script::new([Step::Stall]), sink: Sink::default() };
        a.sink = Sink::new([Take::Error(ErrorKind::BrokenPipe)]);
        let mut b = Both { script: Script::new([bytes("answer")]), sink: Sink::default() };
        if flip {
            std::mem::swap(&mut a, &mut b);
        }
        let error = drive(io::copy_bidirectional(&mut a, &mut b)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}

#[test]
fn given_sizes_are_kept() {
    let fills = || Script::new((0..5).map(|_| Step::Fill).chain([Step::Pending, Step::Fill]));
    let mut a = Both { script: fills(), sink: Sink::default() };
    let mut b = Both { script: fills(), sink: Sink::default() };
    let copied = drive(io::copy_bidirectional_with_sizes(&mut a, &mut b, 1000, 100_000)).unwrap();
    assert_eq!(copied, (6000, 600_000));
    assert!(a.script.rooms.iter().all(|&room| room == 1000));
    assert!(b.script.rooms.iter().all(|&room| room == 100_000));
}

#[test]
fn a_size_of_zero_panics() {
    let (mut a, mut b) = (Both::default(), Both::default());
    for (sizes, name) in [((0, 1), "a_to_b_buf_size"), ((1, 0), "b_to_a_buf_size")] {
        let message = panic_message(|| {
            drive(io::copy_bidirectional_with_sizes(&mut a, &mut b, sizes.0, sizes.1))
        });
        assert_eq!(message, format!("`{name}` must be greater than 0"));
    }
}

#[test]
fn one_direction_that_is_always_ready_does_not_starve_the_other() {
    let mut a = Both { script: Script::new((0..1000).map(|_| Step::Fill)), sink: Sink::default() };
    let mut b = Both { script: Script::new([bytes("answer")]), sink: Sink::default() };
    let seen = a.sink.clone();
    let mut copying = Box::pin(io::copy_bidirectional(&mut a, &mut b));
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!(seen.seen().visible(), b"answer");
}
