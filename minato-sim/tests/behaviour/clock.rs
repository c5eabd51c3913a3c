//! The virtual clock.

use super::common::*;
use minato_sim::World;
use std::time::Duration;

#[test]
fn it_goes_from_event_to_event_and_never_past_a_limit() {
    let millis = Duration::from_millis;
    let world = World::builder().latency(millis(10), millis(10)).build();
    let (a, b) = (world.host("a"), world.host("b"));
    let _receiver = bound(&b, 7000);
    datagram(&a).send_to(b"x", (b.ip(), 7000).into()).unwrap();
    assert_eq!(world.next_event(), Some(millis(10)));
    assert!(!world.advance(Some(millis(9))));
    assert_eq!(world.now(), millis(9));
    assert!(world.advance(Some(millis(10))), "a limit is included");
    assert_eq!(world.now(), millis(10));
    assert_eq!(world.next_event(), None);
    assert!(!world.advance(Some(millis(3))));
    assert_eq!(world.now(), millis(10), "it never goes back");
    assert!(!world.advance(None));
    assert_eq!(world.now(), millis(10));
}

#[test]
fn a_limit_before_the_next_event_is_where_it_stops() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    datagram(&a).send_to(b"x", (b.ip(), 7000).into()).unwrap();
    let due = world.next_event().unwrap();
    assert!(world.advance(Some(Duration::from_secs(9))));
    assert_eq!(world.now(), due, "it jumps to the event, not to the limit");
}

#[test]
fn everything_of_one_instant_happens_at_once_in_a_drawn_order() {
    let millis = Duration::from_millis;
    let mut orders = std::collections::BTreeSet::new();
    for seed in 0..64 {
        let world = World::builder().seed(seed).latency(millis(1), millis(1)).build();
        let hosts = [world.host("a"), world.host("b"), world.host("c")];
        let receiver = bound(&hosts[0], 7000);
        for (size, host) in hosts.iter().enumerate().skip(1) {
            let to = (hosts[0].ip(), 7000).into();
            datagram(host).send_to(&vec![0; size], to).unwrap();
        }
        assert!(world.advance(None));
        assert_eq!(world.next_event(), None, "one step for one instant");
        let next = || receiver.recv(&mut blank::<8>()).unwrap();
        orders.insert([next(), next()]);
    }
    assert_eq!(orders.into_iter().collect::<Vec<_>>(), [[1, 2], [2, 1]]);
}

#[test]
fn a_year_of_idle_hosts_and_connections_has_no_events() {
    let pair = pair();
    let Pair { world, client, .. } = &pair;
    for n in 0..10 {
        world.host(&n.to_string());
    }
    assert_eq!(world.next_event(), None);
    assert!(!world.advance(Some(Duration::from_secs(365 * 24 * 3600))));
    assert_eq!(errno(receive(client, 1)), EAGAIN);
}

#[test]
fn what_is_due_after_the_end_of_the_clock_never_happens() {
    let world = World::builder().latency(Duration::MAX, Duration::MAX).build();
    let (a, b) = (world.host("a"), world.host("b"));
    let receiver = bound(&b, 7000);
    let late = World::END - Duration::from_nanos(1);
    assert!(!world.advance(Some(late)));
    datagram(&a).send_to(b"x", (b.ip(), 7000).into()).unwrap();
    let _client = connecting(&a, &b, 7000);
    for limit in [None, Some(World::END + Duration::from_nanos(1)), Some(Duration::MAX)] {
        assert_eq!(world.next_event(), None);
        assert!(!world.advance(limit), "{limit:?}");
        assert_eq!(world.now(), late, "{limit:?}");
    }
    assert!(!world.advance(Some(World::END)));
    assert_eq!(world.now(), World::END);
    assert_eq!(errno(receive(&receiver, 1)), EAGAIN);
}
