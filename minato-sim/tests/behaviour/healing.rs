//! What senders do once a link carries packets again.

use super::common::*;
use super::links::run_for;
use minato_sim::World;
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// When bytes arrive that were sent into a cut of ten seconds.
fn back_after(heal: impl Fn(&World)) -> Duration {
    let Pair { world, client, server, .. } = pair();
    world.link("a", "b").unwrap().cut();
    client.send(b"x").unwrap();
    run_for(&world, Duration::from_secs(10));
    heal(&world);
    let healed = world.now();
    while receive(&server, 1).is_err() {
        assert!(world.advance(None));
    }
    world.now() - healed
}

#[test]
fn a_mended_link_leaves_senders_in_their_pause_and_heal_all_does_not() {
    // It tries after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s.
    let mended = back_after(|world| world.link("a", "b").unwrap().mend());
    assert!((MS(2590)..MS(2610)).contains(&mended), "{mended:?}");
    let healed = back_after(World::heal_all);
    assert!(healed < MS(5), "{healed:?}");
}

#[test]
fn heal_all_helps_those_that_connect_and_leaves_no_second_try_behind() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    world.partition(&a, &b);
    let client = connecting(&a, &b, 7000);
    run_for(&world, Duration::from_secs(10));
    world.links().loss(0.5).unwrap();
    world.heal_all();
    let healed = world.now();
    settle(&world);
    assert!(client.take_error().unwrap().is_none());
    assert!(listener.accept().is_ok());
    assert!(world.now() - healed < MS(5), "nothing more happens");
}
