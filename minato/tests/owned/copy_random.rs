//! Copies over random pieces: every byte arrives once and in order, whatever waits when, and none
//! is lost by giving up anywhere.

use std::io::ErrorKind;

use minato::io::{self, owned};
use proptest::prelude::*;

use super::drive::{drive, poll_once};
use super::mock::{Both, Script, Sink, Step, Take};

/// A reader's steps; lengths reach beyond the first buffer so that it grows.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => Just(None),
        2 => (1_usize..200).prop_map(Some),
        1 => (1_usize..40_000).prop_map(Some),
    ];
    prop::collection::vec(step, 0..20).prop_map(|lengths| {
        // Bytes that tell their place, so that a lost or doubled piece cannot look right.
        let mut counter = (0_u32..).map(|n| (n % 251) as u8);
        lengths
            .into_iter()
            .map(|length| match length {
                Some(length) => Step::Bytes(counter.by_ref().take(length).collect()),
                None => Step::Pending,
            })
            .collect()
    })
}

fn takes() -> impl Strategy<Value = Vec<Take>> {
    let take = prop_oneof![
        1 => Just(Take::Pending),
        2 => (1_usize..300).prop_map(Take::UpTo),
        1 => (1_usize..30_000).prop_map(Take::UpTo),
    ];
    prop::collection::vec(take, 0..30)
}

proptest! {
    #[test]
    fn one_way(steps in steps(), takes in takes()) {
        let (mut script, mut sink) = (Script::new(steps), Sink::new(takes));
        let source = script.remaining();
        let copied = drive(io::copy(&mut script, &mut sink)).unwrap();
        prop_assert_eq!(copied, source.len() as u64);
        prop_assert!(sink.seen().visible() == source);
    }

    #[test]
    fn from_the_readers_buffer(steps in steps(), takes in takes()) {
        let (mut script, mut sink) = (Script::new(steps), Sink::new(takes));
        let source = script.remaining();
        let copied = drive(io::copy_buf(&mut script, &mut sink)).unwrap();
        prop_assert_eq!(copied, source.len() as u64);
        prop_assert!(sink.seen().visible() == source);
    }

    #[test]
    fn up_to_an_error(mut steps in steps(), takes in takes()) {
        steps.push(Step::Error(ErrorKind::ConnectionReset));
        let (mut script, mut sink) = (Script::new(steps), Sink::new(takes));
        let source = script.remaining();
        let error = drive(io::copy(&mut script, &mut sink)).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        prop_assert!(sink.seen().visible() == source);
    }

    #[test]
    fn given_up_anywhere(steps in steps(), takes in takes(), polls in 0_usize..20) {
        let (script, sink) = (Script::new(steps), Sink::new(takes));
        let source = script.remaining();
        let mut copying = owned::copy(script, sink.clone());
        if (0..polls).any(|_| poll_once(&mut copying).is_ready()) {
            prop_assert!(sink.seen().visible() == source);
        } else {
            let (script, sink, copied, unwritten) = copying.into_parts().unwrap();
            prop_assert_eq!(sink.seen().taken.len() as u64, copied);
            let taken = sink.seen().taken.clone();
            prop_assert!([taken, unwritten, script.remaining()].concat() == source);
        }
    }

    #[test]
    fn both_ways(
        steps in (steps(), steps()),
        takes in (takes(), takes()),
        sizes in prop::option::of((1_usize..10_000, 1_usize..10_000)),
    ) {
        let mut a = Both { script: Script::new(steps.0), sink: Sink::new(takes.0) };
        let mut b = Both { script: Script::new(steps.1), sink: Sink::new(takes.1) };
        let (from_a, from_b) = (a.script.remaining(), b.script.remaining());
        let copied = match sizes {
            None => drive(io::copy_bidirectional(&mut a, &mut b)).unwrap(),
            Some((there, back)) => {
                drive(io::copy_bidirectional_with_sizes(&mut a, &mut b, there, back)).unwrap()
            }
        };
        prop_assert_eq!(copied, (from_a.len() as u64, from_b.len() as u64));
        prop_assert!(b.sink.seen().visible() == from_a);
        prop_assert!(a.sink.seen().visible() == from_b);
        prop_assert_eq!((a.sink.seen().shutdowns, b.sink.seen().shutdowns), (1, 1));
    }
}
