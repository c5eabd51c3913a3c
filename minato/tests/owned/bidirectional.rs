//! `copy_bidirectional`: half-close, errors, sizes.

use std::io::ErrorKind;
use std::time::Duration;

use minato::io::{self, AsyncReadExt, AsyncWriteExt, owned};
use minato::runtime::Builder;
use minato::time::{Instant, sleep};

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
fn no_read_is_larger_than_the_given_size() {
    let fills = || Script::new((0..5).map(|_| Step::Fill).chain([Step::Pending, Step::Fill]));
    let mut a = Both { script: fills(), sink: Sink::default() };
    let mut b = Both { script: fills(), sink: Sink::default() };
    let copied = drive(io::copy_bidirectional_with_sizes(&mut a, &mut b, 1000, 100_000)).unwrap();
    // A large buffer is only there while reads fill it.
    let rooms = [16, 16, 64, 98, 98, 98, 16, 16].map(|kib: usize| (kib * 1024).min(100_000));
    assert_eq!(b.script.rooms, rooms);
    assert!(a.script.rooms.iter().all(|&room| room == 1000));
    assert_eq!(copied, (6000, (16 + 16 + 64 + 16) * 1024 + 2 * 100_000));
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

#[test]
fn a_relay_tells_what_it_copied_before_an_error() {
    let error = Step::Error(ErrorKind::ConnectionReset);
    let steps = [bytes("har"), Step::Pending, bytes("bour"), error];
    let mut a = Both { script: Script::new(steps), sink: Sink::default() };
    let mut b = Both { script: Script::new([bytes("ok"), Step::Stall]), sink: Sink::default() };
    let mut relay = io::relay(&mut a, &mut b);
    assert_eq!(relay.copied(), (0, 0));
    assert_eq!(drive(&mut relay).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(relay.copied(), (7, 2));
    // What the writer did not take does not count.
    let mut a = Both { script: Script::new([bytes("harbour"), Step::Stall]), ..Both::default() };
    let sink = Sink::new([Take::UpTo(3), Take::Error(ErrorKind::BrokenPipe)]);
    let mut b = Both { script: Script::new([bytes("answer")]), sink };
    let mut relay = io::relay(&mut a, &mut b);
    assert_eq!(drive(&mut relay).unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(relay.copied().0, 3);
}

#[test]
fn a_relay_can_be_asked_before_its_end_and_after_it() {
    let mut a = Both { script: Script::new([bytes("request")]), sink: Sink::default() };
    let mut b = Both { script: Script::new([Step::Pending, bytes("ok")]), sink: Sink::default() };
    let mut relay = io::relay(&mut a, &mut b);
    assert!(poll_once(&mut relay).is_pending());
    assert_eq!(relay.copied(), (7, 0));
    assert_eq!(drive(&mut relay).unwrap(), (7, 2));
    assert_eq!(relay.copied(), (7, 2));
    assert_eq!((a.sink.seen().shutdowns, b.sink.seen().shutdowns), (1, 1));
}

/// Runs `case` under a clock that jumps.
fn paused(case: impl Future<Output = ()>) {
    Builder::new_current_thread().start_paused(true).build().unwrap().block_on(case);
}

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn silence_in_both_directions_ends_a_relay_at_its_limit() {
    paused(async {
        let ((mut client, mut near), (mut far, mut server)) = (io::duplex(64), io::duplex(64));
        let start = Instant::now();
        let mut relay = io::relay(&mut near, &mut far).with_idle_limit(LIMIT);
        let talk = async {
            // One direction is enough, and a byte now and then.
            for _ in 0..5 {
                sleep(Duration::from_secs(9)).await;
                client.write_all(b"x").await.unwrap();
            }
            for _ in 0..5 {
                sleep(Duration::from_secs(9)).await;
                server.write_all(b"y").await.unwrap();
            }
        };
        let (ended, ()) = futures::join!(&mut relay, talk);
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "nothing was copied in either direction for 10s");
        assert_eq!((relay.copied(), start.elapsed().as_secs()), ((5, 5), 100));
        // Both streams are still there, and nothing is lost.
        let mut five = [0; 5];
        server.read_exact(&mut five).await.unwrap();
        assert_eq!(&five, b"xxxxx");
        near.write_all(b"!").await.unwrap();
        let mut six = [0; 6];
        client.read_exact(&mut six).await.unwrap();
        assert_eq!(&six, b"yyyyy!");
    });
}

#[test]
fn a_half_that_is_closed_and_a_peer_that_does_not_read_are_idle_too() {
    paused(async {
        let ((client, mut near), (mut far, _server)) = (io::duplex(64), io::duplex(4));
        let (client, _) = owned::write_all(client, "more than it takes").await.unwrap();
        let _client = owned::shutdown(client).await.unwrap();
        let start = Instant::now();
        let mut relay = io::relay(&mut near, &mut far).with_idle_limit(LIMIT);
        assert_eq!((&mut relay).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!((relay.copied(), start.elapsed()), ((4, 0), LIMIT));
        // It may be polled on, and reports the same as long as nothing moves.
        assert_eq!((&mut relay).await.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn ends_come_before_the_limit() {
    paused(async {
        let ((client, mut near), (mut far, server)) = (io::duplex(64), io::duplex(64));
        drop((client, server));
        let relay = io::relay(&mut near, &mut far).with_idle_limit(Duration::ZERO);
        assert_eq!(relay.await.unwrap(), (0, 0));
    });
}
