//! Unix sockets of simulated hosts. What they share with Linux is among the conformance cases; here
//! is what only a world can show.

use minato_sim::{Family, Host, Kind, MAX_WAITING, Readiness, Socket, World};

use crate::common::{EAGAIN, EINVAL, EMFILE, ENETDOWN, errno, events, receive};

const PATH: &str = "/run/harbour";

fn socket(host: &Host, kind: Kind) -> Socket {
    host.socket(Family::Unix, kind).unwrap()
}

fn listener(host: &Host, backlog: i32) -> Socket {
    let listener = socket(host, Kind::Stream);
    listener.bind_unix(PATH.as_ref()).unwrap();
    listener.listen(backlog).unwrap();
    listener
}

#[test]
fn hosts_have_names_of_their_own_and_no_file_appears() {
    let world = World::new(1);
    let (one, two) = (world.host("one"), world.host("two"));
    let _here = listener(&one, 1);
    let stranger = socket(&two, Kind::Stream);
    assert_eq!(errno(stranger.connect_unix(PATH.as_ref())), 2, "ENOENT");
    let _there = listener(&two, 1);
    stranger.connect_unix(PATH.as_ref()).unwrap();
    assert!(!std::fs::exists(PATH).unwrap());
}

#[test]
fn no_time_passes() {
    let world = World::new(1);
    let (one, two) = world.host("host").unix_pair(Kind::Stream).unwrap();
    for number in 0..1000_u32 {
        assert_eq!(one.send(&number.to_ne_bytes()).unwrap(), 4);
        assert_eq!(receive(&two, 8).unwrap(), number.to_ne_bytes());
    }
    assert_eq!((world.now().as_nanos(), world.next_event()), (0, None));
}

/// Events are edges: one for each change, and none for what was the case before.
#[test]
fn room_and_bytes_are_reported_once_each() {
    let world = World::new(1);
    let host = world.host("host");
    let (one, two) = host.unix_pair(Kind::Stream).unwrap();
    one.register(1).unwrap();
    two.register(2).unwrap();
    assert_eq!(events(&host), [(1, Readiness::WRITABLE), (2, Readiness::WRITABLE)]);
    while one.send(&[0; 5000]).is_ok() {}
    assert_eq!(events(&host), [(2, Readiness::READABLE | Readiness::WRITABLE)]);
    assert!(events(&host).is_empty());
    let mut rounds = 0;
    while events(&host).is_empty() {
        receive(&two, 5000).unwrap();
        rounds += 1;
    }
    assert!(rounds > 20, "three quarters of the buffer are free, and not a message: {rounds}");
    assert_eq!(one.readiness(), Readiness::WRITABLE);
}

#[test]
fn a_connected_sender_of_datagrams_hears_of_room_and_another_one_of_its_own_buffer_only() {
    let world = World::new(1);
    let host = world.host("host");
    let (target, tied, loose) = (
        socket(&host, Kind::Datagram),
        socket(&host, Kind::Datagram),
        socket(&host, Kind::Datagram),
    );
    target.bind_unix(PATH.as_ref()).unwrap();
    tied.connect_unix(PATH.as_ref()).unwrap();
    for _ in 0..=MAX_WAITING {
        loose.send_to_unix(b"x", PATH.as_ref()).unwrap();
    }
    assert_eq!(errno(loose.send_to_unix(b"x", PATH.as_ref())), EAGAIN);
    assert_eq!((tied.readiness(), loose.readiness()), (Readiness::EMPTY, Readiness::WRITABLE));
    tied.register(7).unwrap();
    assert!(events(&host).is_empty());
    receive(&target, 1).unwrap();
    assert_eq!(events(&host), [(7, Readiness::WRITABLE)]);
    tied.send(b"y").unwrap();
    assert_eq!(errno(tied.send(b"y")), EAGAIN);
}

#[test]
fn descriptors_are_counted_as_they_are_accepted() {
    let world = World::builder().descriptor_limit(3).build();
    let host = world.host("host");
    let listener = listener(&host, 8);
    let client = socket(&host, Kind::Stream);
    client.connect_unix(PATH.as_ref()).unwrap();
    let third = socket(&host, Kind::Stream);
    assert_eq!(errno(listener.accept_unix()), EMFILE);
    assert_eq!(errno(host.unix_pair(Kind::Stream)), EMFILE);
    drop(third);
    let (accepted, from) = listener.accept_unix().unwrap();
    assert!(from.as_os_str().is_empty());
    drop((client, accepted, listener));
    assert_eq!(world.open_sockets(), 0);
    assert!(host.unix_pair(Kind::Datagram).is_ok());
}

#[test]
fn what_is_of_the_internet_is_refused() {
    let host = World::new(1).host("host");
    let unix = socket(&host, Kind::Stream);
    let address = "127.0.0.1:1".parse().unwrap();
    assert_eq!(errno(unix.bind(address)), EINVAL);
    assert_eq!(errno(unix.connect(address)), EINVAL);
    assert_eq!(errno(unix.local_addr()), EINVAL);
    let tcp = host.socket(Family::V4, Kind::Stream).unwrap();
    assert_eq!(errno(tcp.bind_unix(PATH.as_ref())), EINVAL);
    assert_eq!(errno(tcp.peer_credentials()), EINVAL);
}

#[test]
fn netstat_shows_names_and_queues() {
    let world = World::new(1);
    let host = world.host("host");
    let _listener = listener(&host, 8);
    let client = socket(&host, Kind::Stream);
    client.connect_unix(PATH.as_ref()).unwrap();
    let named = socket(&host, Kind::Datagram);
    named.bind_unix("\0ship".as_ref()).unwrap();
    named.send_to_unix(b"self", "\0ship".as_ref()).unwrap();
    let lines = world.netstat();
    for line in [
        "host unix /run/harbour * LISTEN receive-queue 1 send-queue 0",
        "host unix * /run/harbour CONNECTED receive-queue 0 send-queue 0",
        "host unix-datagram @ship * UNCONNECTED receive-queue 4 send-queue 768",
    ] {
        assert!(lines.contains(line), "{line} is not in\n{lines}");
    }
}

#[test]
fn bytes_are_in_the_hash() {
    let hash = |text: &[u8]| {
        let world = World::new(1);
        let (one, _two) = world.host("host").unix_pair(Kind::Stream).unwrap();
        one.send(text).unwrap();
        world.trace_hash()
    };
    assert_eq!(hash(b"one"), hash(b"one"));
    assert_ne!(hash(b"one"), hash(b"two"));
}

#[test]
fn a_crash_ends_them() {
    let world = World::new(1);
    let host = world.host("host");
    let old = listener(&host, 8);
    let client = socket(&host, Kind::Stream);
    client.connect_unix(PATH.as_ref()).unwrap();
    let named = socket(&host, Kind::Datagram);
    named.bind_unix("\0ship".as_ref()).unwrap();
    let elsewhere = listener(&world.host("elsewhere"), 1);
    host.crash().unwrap();
    world.advance(None);
    assert_eq!(world.open_sockets(), 1, "that of the other host:\n{}", world.netstat());
    assert_eq!(errno(client.send(b"x")), ENETDOWN);
    assert_eq!(errno(old.accept_unix()), ENETDOWN);
    assert_eq!(errno(elsewhere.accept_unix()), EAGAIN);
}
