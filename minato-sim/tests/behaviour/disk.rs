//! Disks: what survives a crash.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use minato_sim::{DiskSync, Durable, FaultKind, Host, World};

use crate::common::{errno, settle};
use crate::crash::{carry_out, crash, hosts};

const EIO: i32 = 5;

fn poll(sync: &mut DiskSync) -> Poll<io::Result<()>> {
    Pin::new(sync).poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits for a sync.
fn finish(world: &World, mut sync: DiskSync) -> io::Result<()> {
    loop {
        match poll(&mut sync) {
            Poll::Ready(done) => return done,
            Poll::Pending => assert!(world.advance(None), "a sync ends"),
        }
    }
}

fn disk(host: &Host) -> Durable<u32> {
    host.disk("disk").unwrap()
}

#[test]
fn what_was_synced_survives_and_any_number_of_later_writes() {
    let mut kept = BTreeSet::new();
    for seed in 0..100 {
        let world = World::new(seed);
        let host = world.host("host");
        host.note_program().unwrap();
        carry_out(&world);
        let register = disk(&host);
        register.write(1);
        register.write(2);
        finish(&world, register.sync()).unwrap();
        (3..=5).for_each(|value| register.write(value));
        assert_eq!(register.read(), 5);
        crash(&host);
        kept.insert(disk(&host).read());
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
}

#[test]
fn a_sync_takes_time_and_covers_the_writes_before_it() {
    let (world, _, host) = hosts();
    host.set_sync_time(Duration::from_millis(3)).unwrap();
    let register = disk(&host);
    register.write(1);
    let mut sync = register.sync();
    register.write(2);
    assert!(poll(&mut sync).is_pending());
    let start = world.now();
    finish(&world, sync).unwrap();
    assert_eq!(world.now() - start, Duration::from_millis(3));
    let mut kept = BTreeSet::new();
    for seed in 0..50 {
        let world = World::new(seed);
        let host = world.host("host");
        host.note_program().unwrap();
        carry_out(&world);
        let register = disk(&host);
        register.write(1);
        let sync = register.sync();
        register.write(2);
        finish(&world, sync).unwrap();
        crash(&host);
        kept.insert(register.read());
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_crash_during_a_sync_keeps_either() {
    let mut kept = BTreeSet::new();
    for seed in 0..50 {
        let world = World::new(seed);
        let host = world.host("host");
        host.note_program().unwrap();
        carry_out(&world);
        let register = disk(&host);
        register.write(1);
        let sync = register.sync();
        crash(&host);
        kept.insert(register.read());
        assert_eq!(errno(finish(&world, sync)), EIO);
        let value = register.read();
        settle(&world);
        assert_eq!(register.read(), value, "the old sync changes nothing");
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn the_disk_goes_on_with_a_sync_that_nobody_awaits() {
    for seed in 0..20 {
        let world = World::new(seed);
        let host = world.host("host");
        host.note_program().unwrap();
        carry_out(&world);
        let register = disk(&host);
        register.write(7);
        drop(register.sync());
        settle(&world);
        crash(&host);
        assert_eq!(register.read(), 7);
    }
}

#[test]
fn a_failed_sync_is_not_tried_again() {
    let mut kept = BTreeSet::new();
    for seed in 0..50 {
        let world = World::new(seed);
        let host = world.host("host");
        host.note_program().unwrap();
        carry_out(&world);
        let register = disk(&host);
        host.fail_syncs([EIO]);
        register.write(1);
        assert_eq!(errno(finish(&world, register.sync())), EIO);
        assert_eq!(world.strikes().get(FaultKind::Sync), 1);
        assert_eq!(register.read(), 1, "the page cache has it");
        finish(&world, register.sync()).unwrap();
        crash(&host);
        kept.insert(register.read());
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [0, 1], "although a later sync succeeded");

    let (world, _, host) = hosts();
    let register = disk(&host);
    host.fail_syncs([EIO]);
    register.write(1);
    finish(&world, register.sync()).unwrap_err();
    register.update(|value| *value += 1);
    finish(&world, register.sync()).unwrap();
    crash(&host);
    assert_eq!(register.read(), 2, "a later write brings it along");
}

#[test]
fn a_host_that_is_down_writes_nothing() {
    let (world, _, host) = hosts();
    let register = disk(&host);
    register.write(1);
    finish(&world, register.sync()).unwrap();
    crash(&host);
    register.write(2);
    assert_eq!(errno(finish(&world, register.sync())), EIO);
    assert_eq!(register.read(), 1);
}

#[test]
fn a_disk_has_a_name_a_host_and_one_type() {
    let (world, client, server) = hosts();
    let (one, two) = (disk(&server), disk(&server));
    one.write(1);
    assert_eq!(two.read(), 1, "two handles of one disk");
    assert_eq!(disk(&client).read(), 0, "another host's");
    assert_eq!(server.disk::<u32>("other").unwrap().read(), 0);
    let error = server.disk::<String>("disk").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let text = error.to_string();
    assert_eq!(text, "the disk disk of host server holds u32, not alloc::string::String");
    let error = server.set_sync_time(Duration::from_secs(2)..Duration::from_secs(1)).unwrap_err();
    assert!(error.to_string().contains("empty range"));
    drop(world);
}

#[test]
fn what_a_disk_keeps_goes_by_its_name() {
    let kept = |disturbed: bool| {
        let world = World::new(3);
        let host = world.host("host");
        host.note_program().unwrap();
        carry_out(&world);
        if disturbed {
            let other = host.disk::<u8>("another").unwrap();
            other.write(1);
            drop(other.sync());
            settle(&world);
        }
        let register = disk(&host);
        (1..=100).for_each(|value| register.write(value));
        let sync = register.sync();
        let start = world.now();
        finish(&world, sync).unwrap();
        let took = world.now() - start;
        (101..=200).for_each(|value| register.write(value));
        crash(&host);
        (took, register.read())
    };
    assert_eq!(kept(false), kept(true));
}
