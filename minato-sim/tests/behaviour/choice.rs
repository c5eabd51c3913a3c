//! Drawing.

use minato_sim::World;
use std::time::Duration;

fn draws(world: &World, site: &'static str, entity: u64) -> Vec<usize> {
    (0..32).map(|_| world.choose(site, entity, 1000)).collect()
}

#[test]
fn a_seed_gives_the_same_draws_and_another_one_others() {
    assert_eq!(draws(&World::new(1), "x", 0), draws(&World::new(1), "x", 0));
    assert_ne!(draws(&World::new(1), "x", 0), draws(&World::new(2), "x", 0));
}

#[test]
fn sites_and_entities_have_sequences_of_their_own() {
    let (plain, mixed) = (World::new(1), World::new(1));
    let expected = draws(&plain, "x", 0);
    let mut got = Vec::new();
    for _ in 0..32 {
        mixed.choose("y", 0, 1000);
        mixed.choose("x", 1, 1000);
        got.push(mixed.choose("x", 0, 1000));
    }
    assert_eq!(got, expected);
    assert_ne!(draws(&World::new(1), "y", 0), expected);
    assert_ne!(draws(&World::new(1), "x", 1), expected);
}

#[test]
fn draws_are_in_range_and_reach_all_of_it() {
    let world = World::new(1);
    let mut seen = [0; 7];
    for _ in 0..7000 {
        seen[world.choose("die", 0, 7)] += 1;
    }
    assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
    assert_eq!(world.choose("none", 0, 0), 0);
    assert_eq!(world.choose("one", 0, 1), 0);
}

#[test]
fn durations_are_within_their_bounds() {
    let world = World::new(1);
    let (min, max) = (Duration::from_nanos(5), Duration::from_nanos(8));
    let drawn: Vec<_> = (0..200).map(|_| world.draw_duration("d", 0, min, max)).collect();
    assert_eq!(drawn.iter().min(), Some(&min));
    assert_eq!(drawn.iter().max(), Some(&max));
    assert_eq!(world.draw_duration("d", 0, max, min), max, "bounds the wrong way round");
}
