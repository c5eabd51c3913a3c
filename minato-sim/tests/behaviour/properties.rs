//! What holds for every interleaving.

use super::common::*;
use minato_sim::Readiness;
use minato_sim::{SocketOption, World};
use proptest::prelude::*;
use std::net::Shutdown;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Send(usize),
    Receive(usize),
    Advance(u8),
    Cut,
    Heal,
    ReceiveBuffer(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..300_usize).prop_map(Step::Send),
        4 => (1..300_usize).prop_map(Step::Receive),
        4 => (1..5_u8).prop_map(Step::Advance),
        1 => Just(Step::Cut),
        1 => Just(Step::Heal),
        1 => (1..200_usize).prop_map(Step::ReceiveBuffer),
    ];
    proptest::collection::vec(step, 0..60)
}

/// The byte at a place of the stream, not periodic in any buffer size.
fn byte(at: usize) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 11) as u8
}

/// Sends the next bytes of the stream, and returns how many were taken.
fn push(pair: &Pair, sent: usize, count: usize) -> usize {
    let bytes: Vec<u8> = (sent..sent + count).map(byte).collect();
    match pair.client.send(&bytes) {
        Ok(taken) => taken,
        Err(error) => {
            assert_eq!(error.raw_os_error(), Some(EAGAIN));
            0
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_arrives_whole_in_order_and_within_its_windows(
        seed: u64,
        steps in steps(),
        send_buffer in 1..200_usize,
        receive_buffer in 1..200_usize,
        segment in 1..100_usize,
    ) {
        let world = World::builder()
            .seed(seed)
            .send_buffer(send_buffer)
            .receive_buffer(receive_buffer)
            .segment(segment)
            .build();
        let pair = pair_in(world);
        let (mut sent, mut got) = (0, 0);
        let mut largest = receive_buffer;
        for step in steps {
            match step {
                Step::Send(count) => sent += push(&pair, sent, count),
                Step::Receive(count) => {
                    for received in receive(&pair.server, count).unwrap_or_default() {
                        prop_assert_eq!(received, byte(got));
                        got += 1;
                    }
                }
                Step::Advance(count) => {
                    for _ in 0..count {
                        pair.world.advance(None);
                    }
                }
                Step::Cut => pair.world.partition(&pair.a, &pair.b),
                Step::Heal => pair.world.heal(&pair.a, &pair.b),
                Step::ReceiveBuffer(bytes) => {
                    largest = largest.max(bytes);
                    pair.server.set_option(SocketOption::ReceiveBuffer(bytes)).unwrap();
                }
            }
            prop_assert!(sent - got <= send_buffer + largest, "{} bytes are somewhere", sent - got);
            let waiting = receive_all_without_taking(&pair);
            prop_assert!(waiting <= largest, "{waiting} bytes in a buffer of {largest}");
            // A cut of 15 minutes is another story, and one step can take 8.
            if pair.world.now() > Duration::from_secs(300) {
                break;
            }
        }
        pair.world.heal(&pair.a, &pair.b);
        // Everything that was taken arrives, then the end.
        pair.client.shutdown(Shutdown::Write).unwrap();
        loop {
            settle(&pair.world);
            let received = receive(&pair.server, 64).unwrap();
            if received.is_empty() {
                break;
            }
            for received in received {
                prop_assert_eq!(received, byte(got));
                got += 1;
            }
        }
        prop_assert_eq!(got, sent);
    }

    #[test]
    fn a_writer_that_waits_for_the_edge_always_gets_done(
        seed: u64,
        send_buffer in 1..100_usize,
        receive_buffer in 1..100_usize,
        chunk in 1..150_usize,
        bite in 1..150_usize,
    ) {
        let world = World::builder()
            .seed(seed)
            .send_buffer(send_buffer)
            .receive_buffer(receive_buffer)
            .build();
        let pair = pair_in(world);
        pair.client.register(1).unwrap();
        pair.server.register(2).unwrap();
        let (mut sent, mut got) = (0, 0);
        let (mut may_send, mut may_receive) = (true, true);
        while got < 1000 {
            if may_send && sent < 1000 {
                let taken = push(&pair, sent, chunk.min(1000 - sent));
                sent += taken;
                may_send = taken > 0;
            } else if may_receive {
                match receive(&pair.server, bite) {
                    Ok(bytes) => got += bytes.len(),
                    Err(_) => may_receive = false,
                }
            } else {
                prop_assert!(pair.world.advance(None), "stuck after {sent} and {got}");
                let (writable, readable) = (Readiness::WRITABLE, Readiness::READABLE);
                may_send |= events(&pair.a).iter().any(|(_, ready)| ready.contains(writable));
                may_receive |= events(&pair.b).iter().any(|(_, ready)| ready.contains(readable));
            }
        }
        prop_assert_eq!(sent, 1000);
    }
}

/// How many bytes wait at the server.
fn receive_all_without_taking(pair: &Pair) -> usize {
    pair.server.peek(&mut blank::<1024>()).unwrap_or(0)
}
