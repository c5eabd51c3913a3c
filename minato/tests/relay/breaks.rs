//! Copies that break in the middle of splicing: resets, a peer that is gone, urgent data, and
//! copies that are given up. What was taken from the reader is delivered, or given back, or
//! documented to be lost; errors are those of the copying way.

use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::pin::pin;

use minato::io::{self, AsyncReadExt, owned};
use minato::net::spliced_bytes;

use super::wire::{Wire, alone, content, pipe_ends, step};
use crate::kit::child::{in_child, own_name};
use crate::kit::watchdog;

/// Runs `case` in a runtime of one thread.
fn run(name: &str, case: impl Future<Output = ()>) {
    let _watched = watchdog::watch(name.to_owned());
    minato::runtime::Builder::new_current_thread().build().unwrap().block_on(case);
}

#[test]
fn a_reset_of_the_reader_comes_after_everything_before_it() {
    let _alone = alone();
    run("a reset of the reader", async {
        let (mut wire, mut near, mut far) = Wire::new().await;
        let mut copying = pin!(io::copy(&mut near, &mut far));
        wire.engage(copying.as_mut()).await;
        wire.drain_with(copying.as_mut()).await;
        // What has arrived is still to be read when the reset does.
        wire.send(50_000);
        wire.arrive().await;
        wire.reset_client();
        let error = loop {
            match step(copying.as_mut()).await {
                Some(done) => break done.unwrap_err(),
                None => _ = wire.receive(),
            }
        };
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        wire.drain().await;
    });
}

#[test]
fn a_writer_that_is_gone_is_an_error_and_nothing_is_lost_by_value() {
    let _alone = alone();
    run("a writer that is gone", async {
        let (mut wire, near, far) = Wire::new().await;
        let mut copying = pin!(owned::copy(near, far));
        wire.engage(copying.as_mut()).await;
        wire.clog(copying.as_mut()).await;
        // It is reset while the pipe is full.
        wire.reset_server();
        let error = loop {
            if let Some(done) = step(copying.as_mut()).await {
                break done.map(drop).unwrap_err();
            }
        };
        assert!(
            matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{error}"
        );
        // Polled again, it says so again: there is nothing that could take the bytes.
        let again = step(copying.as_mut()).await.unwrap().map(drop).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn by_value_the_pipe_is_given_back_as_bytes() {
    let _alone = alone();
    run("by value", async {
        for with_error in [false, true] {
            let (mut wire, near, far) = Wire::new().await;
            let mut copying = owned::copy(near, far);
            wire.engage(pin!(&mut copying)).await;
            wire.clog(pin!(&mut copying)).await;
            if with_error {
                wire.reset_server();
                while step(pin!(&mut copying)).await.is_none() {}
            }
            let (mut near, far, copied, unwritten) = copying.into_parts().unwrap();
            assert!(!unwritten.is_empty(), "a pipe is full when everything behind it is");
            assert_eq!(unwritten, content(copied, unwritten.len()));
            // What was not read at all follows it without a gap.
            drop(far);
            let rest_at = copied + unwritten.len() as u64;
            let mut rest = vec![0; (wire.sent - rest_at) as usize];
            near.read_exact(&mut rest).await.unwrap();
            for (piece, at) in rest.chunks(4096).zip((rest_at..).step_by(4096)) {
                assert_eq!(piece, content(at, piece.len()));
            }
        }
    });
}

/// A splice stops at an urgent mark for good, and even takes it for the end of the stream.
#[test]
fn urgent_data_holds_nothing_up() {
    let _alone = alone();
    run("urgent data", async {
        for ends_behind in [false, true] {
            let (mut wire, mut near, mut far) = Wire::new().await;
            let mut copying = pin!(io::copy(&mut near, &mut far));
            wire.engage(copying.as_mut()).await;
            wire.drain_with(copying.as_mut()).await;
            // One that was not read past becomes a byte of the stream when another one comes.
            for _ in 0..if ends_behind { 1 } else { 3 } {
                wire.send(100);
                // The urgent byte itself is not part of the stream.
                let client = socket2::SockRef::from(&wire.client);
                assert_eq!(client.send_out_of_band(b"!").unwrap(), 1);
                wire.send(100_000);
                if !ends_behind {
                    wire.drain_with(copying.as_mut()).await;
                }
            }
            // It goes on by pipe afterwards.
            if !ends_behind {
                wire.engage(copying.as_mut()).await;
            }
            let copied = wire.finish(copying.as_mut()).await.unwrap();
            assert_eq!(copied, wire.sent);
        }
    });
}

#[test]
fn an_end_in_mid_splice_is_passed_on_after_the_bytes() {
    let _alone = alone();
    run("an end in mid-splice", async {
        let (mut wire, mut near, mut far) = Wire::new().await;
        let mut copying = pin!(io::copy_bidirectional(&mut near, &mut far));
        wire.engage(copying.as_mut()).await;
        wire.clog(copying.as_mut()).await;
        wire.client.shutdown(Shutdown::Write).unwrap();
        while !wire.ended {
            assert!(step(copying.as_mut()).await.is_none());
            wire.receive();
        }
        assert_eq!(wire.received, wire.sent);
        // The other direction is still open.
        wire.server.write_all(b"an answer").unwrap();
        wire.server.shutdown(Shutdown::Write).unwrap();
        let copied = loop {
            if let Some(done) = step(copying.as_mut()).await {
                break done.unwrap();
            }
        };
        assert_eq!(copied, (wire.sent, 9));
        let mut answer = Vec::new();
        wire.client.set_nonblocking(false).unwrap();
        wire.client.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"an answer");
    });
}

/// Both directions clog at the same time, and flow again.
#[test]
fn full_in_both_directions() {
    let _alone = alone();
    run("full in both directions", async {
        let (mut there, mut near, mut far) = Wire::new().await;
        let (client, server) =
            (there.client.try_clone().unwrap(), there.server.try_clone().unwrap());
        let mut back = Wire::of(server, client);
        let mut copying = pin!(io::copy_bidirectional(&mut near, &mut far));
        there.engage(copying.as_mut()).await;
        back.engage(copying.as_mut()).await;
        for _ in 0..3 {
            there.clog(copying.as_mut()).await;
            back.clog(copying.as_mut()).await;
            there.drain_with(copying.as_mut()).await;
            back.drain_with(copying.as_mut()).await;
        }
        there.client.shutdown(Shutdown::Write).unwrap();
        let copied = back.finish(copying.as_mut()).await.unwrap();
        assert_eq!(copied, (there.sent, back.sent));
    });
}

/// However much there is to move, one poll moves a bounded part of it.
#[test]
fn one_poll_is_bounded() {
    let _alone = alone();
    run("one poll", async {
        let (mut wire, mut near, mut far) = Wire::new().await;
        let mut copying = pin!(io::copy(&mut near, &mut far));
        wire.engage(copying.as_mut()).await;
        let mut most = 0;
        for _ in 0..50 {
            while wire.send(1 << 20) > 0 {}
            let before = spliced_bytes();
            assert!(futures::poll!(copying.as_mut()).is_pending());
            most = most.max(spliced_bytes() - before);
            wire.receive();
            minato::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert!((1..=2 << 20).contains(&most), "{most} bytes in one poll");
        wire.finish(copying.as_mut()).await.unwrap();
    });
}

/// The pipe of a copy that is given up has bytes in it, which must not come out of another copy.
#[test]
fn what_was_given_up_does_not_come_out_elsewhere() {
    let _alone = alone();
    run("given up", async {
        let (mut wire, mut near, mut far) = Wire::new().await;
        let mut copying = pin!(io::copy(&mut near, &mut far));
        wire.engage(copying.as_mut()).await;
        wire.drain_with(copying.as_mut()).await;
        for _ in 0..3 {
            let (mut other, mut other_near, mut other_far) = Wire::new().await;
            let mut given_up = Box::pin(io::copy(&mut other_near, &mut other_far));
            other.engage(given_up.as_mut()).await;
            other.clog(given_up.as_mut()).await;
            drop(given_up);
            wire.engage(copying.as_mut()).await;
            wire.drain_with(copying.as_mut()).await;
        }
        wire.finish(copying.as_mut()).await.unwrap();
    });
}

/// A copy that is dropped closes the pipe with what is in it; an empty one may be used again.
#[test]
fn no_pipe_outlives_the_copies() {
    in_child(own_name!(no_pipe_outlives_the_copies), || {
        let before = pipe_ends();
        run("pipes", async {
            for round in 0..4 {
                let (mut wire, mut near, mut far) = Wire::new().await;
                let mut copying = Box::pin(io::copy(&mut near, &mut far));
                wire.engage(copying.as_mut()).await;
                if round % 2 == 0 {
                    wire.clog(copying.as_mut()).await;
                    assert_eq!(pipe_ends(), before + 2);
                } else {
                    wire.drain_with(copying.as_mut()).await;
                }
                drop(copying);
                assert_eq!(pipe_ends(), before);
                // The ends are still sound, and go on where the copy was given up, if it had
                // nothing in hand.
                if round % 2 == 1 {
                    let mut copying = pin!(io::copy(&mut near, &mut far));
                    wire.engage(copying.as_mut()).await;
                    wire.finish(copying.as_mut()).await.unwrap();
                }
            }
            assert_eq!(pipe_ends(), before);
        });
    });
}
