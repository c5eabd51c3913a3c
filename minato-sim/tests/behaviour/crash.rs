//! Hosts that crash: what their peers see, then and after the restart.

use std::time::Duration;

use minato_sim::{Condition, Host, SocketOption, World};

use crate::common::*;

const ENETDOWN: i32 = 100;
const SECOND: Duration = Duration::from_secs(1);

/// Carries out what was asked for, as a simulation does.
pub(crate) fn carry_out(world: &World) {
    while world.take_request().is_some() {}
}

pub(crate) fn crash(host: &Host) {
    host.crash().unwrap();
    carry_out(host.world());
    assert_eq!(host.condition(), Condition::Down);
}

fn restart(host: &Host) {
    host.restart().unwrap();
    carry_out(host.world());
    assert_eq!(host.condition(), Condition::Running);
}

/// Two hosts, and the second has a program that can be started anew.
pub(crate) fn hosts() -> (World, Host, Host) {
    let world = World::new(1);
    let (client, server) = (world.host("client"), world.host("server"));
    server.note_program().unwrap();
    client.note_program().unwrap();
    carry_out(&world);
    (world, client, server)
}

/// Lets time pass until then.
fn run_until(world: &World, end: Duration) {
    while world.advance(Some(end)) {}
    assert_eq!(world.now(), end);
}

#[test]
fn a_crashed_host_is_silent_and_its_sockets_fail() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    let (served, _) = listening.accept().unwrap();
    crash(&server);
    assert_eq!(world.open_sockets(), 1);
    let failures = [
        errno(served.send(b"x")),
        errno(served.recv(&mut [std::mem::MaybeUninit::uninit(); 4])),
        errno(served.shutdown(std::net::Shutdown::Both)),
        errno(listening.accept()),
        errno(listening.listen(4)),
        errno(listening.local_addr()),
        errno(listening.set_option(SocketOption::NoDelay(true))),
        errno(server.socket(minato_sim::Family::V4, minato_sim::Kind::Stream)),
    ];
    assert_eq!(failures, [ENETDOWN; 8]);
    drop((served, listening));
    run_until(&world, 3600 * SECOND);
    assert_eq!(errno(receive(&socket, 1)), EAGAIN, "an idle connection hears nothing");
}

#[test]
fn a_writer_to_a_host_that_is_down_times_out() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    let _served = listening.accept().unwrap();
    crash(&server);
    let start = world.now();
    socket.send(b"x").unwrap();
    settle(&world);
    assert_eq!(socket.take_error().unwrap().unwrap().raw_os_error(), Some(ETIMEDOUT));
    // Linux gives up after 924.6 s.
    let waited = (world.now() - start).as_secs();
    assert!((900..=1050).contains(&waited), "{waited}");
}

#[test]
fn a_writer_is_reset_by_the_next_packet_after_the_restart() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    let _served = listening.accept().unwrap();
    crash(&server);
    let start = world.now();
    socket.send(b"x").unwrap();
    run_until(&world, start + 15 * SECOND);
    restart(&server);
    settle(&world);
    assert_eq!(socket.take_error().unwrap().unwrap().raw_os_error(), Some(ECONNRESET));
    // The pauses of 0.2 s, 0.4 s and so on come to 25.4 s at the seventh.
    let waited = (world.now() - start).as_millis();
    assert!((25_400..=25_420).contains(&waited), "{waited}");
}

#[test]
fn a_writer_that_waits_for_room_learns_of_the_restart() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    let _served = listening.accept().unwrap();
    let chunk = vec![0; 64 * 1024];
    while socket.send(&chunk).is_ok() {
        settle(&world);
    }
    crash(&server);
    let start = world.now();
    run_until(&world, start + SECOND);
    restart(&server);
    settle(&world);
    assert_eq!(socket.take_error().unwrap().unwrap().raw_os_error(), Some(ECONNRESET));
}

#[test]
fn a_writer_whose_peer_had_no_room_learns_of_the_restart_when_it_writes() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    let _served = listening.accept().unwrap();
    // Nobody reads it, and nothing is left to send.
    assert_eq!(socket.send(&vec![0; 128 * 1024]).unwrap(), 128 * 1024);
    settle(&world);
    crash(&server);
    restart(&server);
    settle(&world);
    socket.send(b"x").unwrap();
    settle(&world);
    assert_eq!(socket.take_error().unwrap().unwrap().raw_os_error(), Some(ECONNRESET));
}

#[test]
fn bytes_under_way_at_a_crash_still_arrive() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    let (served, _) = listening.accept().unwrap();
    served.send(b"last words").unwrap();
    crash(&server);
    settle(&world);
    assert_eq!(receive(&socket, 64).unwrap(), b"last words");
    assert_eq!(errno(receive(&socket, 64)), EAGAIN);
}

#[test]
fn a_connect_to_a_host_that_is_down_times_out_like_on_linux() {
    let (world, client, server) = hosts();
    crash(&server);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    assert_eq!(socket.take_error().unwrap().unwrap().raw_os_error(), Some(ETIMEDOUT));
    assert_eq!(world.now().as_secs(), 127);
}

#[test]
fn a_connect_that_is_under_way_is_answered_by_who_listens_after_the_restart() {
    for listens in [true, false] {
        let (world, client, server) = hosts();
        let before = listener(&server, 7000, 8);
        let socket = connecting(&client, &server, 7000);
        crash(&server);
        run_until(&world, 2 * SECOND);
        restart(&server);
        let after = listens.then(|| listener(&server, 7000, 8));
        settle(&world);
        let outcome = socket.take_error().unwrap().map(|error| error.raw_os_error());
        match after {
            Some(after) => {
                assert_eq!(outcome, None);
                after.accept().unwrap();
            }
            None => assert_eq!(outcome, Some(Some(ECONNREFUSED))),
        }
        drop(before);
    }
}

#[test]
fn a_half_open_connection_of_a_crashed_server_is_begun_anew() {
    for micros in (0..3000).step_by(50) {
        let (world, client, server) = hosts();
        let _before = listener(&server, 7000, 8);
        let socket = connecting(&client, &server, 7000);
        run_until(&world, Duration::from_micros(micros));
        crash(&server);
        run_until(&world, world.now() + Duration::from_millis(1));
        restart(&server);
        let after = listener(&server, 7000, 8);
        socket.send(b"x").map(drop).unwrap_or_default();
        settle(&world);
        // Either the client is connected to the new server, or it learns that it is not.
        let is_reset = socket.take_error().unwrap().is_some();
        assert_ne!(after.accept().is_ok(), is_reset, "after {micros} us");
    }
}

#[test]
fn a_client_that_crashed_holds_a_place_in_the_backlog_for_a_minute() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 0);
    let _lost = connecting(&client, &server, 7000);
    crash(&client);
    run_until(&world, 2 * SECOND);
    assert!(world.netstat().contains("send-queue 1"), "{}", world.netstat());
    let other = world.host("other");
    let socket = connecting(&other, &server, 7000);
    settle(&world);
    assert_eq!(socket.take_error().unwrap().map(|error| error.to_string()), None);
    listening.accept().unwrap();
    assert!(world.now() > 60 * SECOND, "{:?}", world.now());
}

#[test]
fn a_half_open_connection_is_reset_when_its_client_is_back() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let lost = connecting(&client, &server, 7000);
    crash(&client);
    run_until(&world, Duration::from_millis(100));
    restart(&client);
    run_until(&world, 4 * SECOND);
    assert_eq!(errno(listening.accept()), EAGAIN);
    assert!(world.netstat().contains("receive-queue 0 send-queue 0"), "{}", world.netstat());
    drop(lost);
    assert_eq!(world.open_connections(), 0);
}

#[test]
fn a_restarted_host_listens_again_at_once_and_its_ports_go_on() {
    let (world, client, server) = hosts();
    let listening = listener(&server, 7000, 8);
    let socket = connecting(&client, &server, 7000);
    settle(&world);
    let (served, _) = listening.accept().unwrap();
    // The server closes first, so that its port would be in the waiting state.
    drop(served);
    settle(&world);
    let first = connecting(&server, &client, 1).local_addr().unwrap().port();
    crash(&server);
    restart(&server);
    let _again = listener(&server, 7000, 8);
    let second = connecting(&server, &client, 1).local_addr().unwrap().port();
    assert!(second > first);
    drop(socket);
}

#[test]
fn keepalive_finds_a_crashed_peer() {
    for restarts in [false, true] {
        let (world, client, server) = hosts();
        let listening = listener(&server, 7000, 8);
        let socket = connecting(&client, &server, 7000);
        settle(&world);
        let _served = listening.accept().unwrap();
        for option in [
            SocketOption::KeepaliveIdle(10 * SECOND),
            SocketOption::KeepaliveInterval(SECOND),
            SocketOption::KeepaliveRetries(3),
            SocketOption::Keepalive(true),
        ] {
            socket.set_option(option).unwrap();
        }
        crash(&server);
        if restarts {
            restart(&server);
        }
        settle(&world);
        let error = if restarts { ECONNRESET } else { ETIMEDOUT };
        assert_eq!(socket.take_error().unwrap().unwrap().raw_os_error(), Some(error));
        assert_eq!(world.now().as_secs(), if restarts { 10 } else { 13 });
    }
}

#[test]
fn datagrams_to_a_crashed_host_are_lost_and_refused_after_the_restart() {
    let (world, client, server) = hosts();
    let _before = bound(&server, 7000);
    let socket = datagram(&client);
    socket.connect((server.ip(), 7000).into()).unwrap();
    crash(&server);
    socket.send(b"x").unwrap();
    settle(&world);
    assert!(socket.take_error().unwrap().is_none());
    restart(&server);
    socket.send(b"x").unwrap();
    settle(&world);
    assert_eq!(socket.take_error().unwrap().unwrap().raw_os_error(), Some(ECONNREFUSED));
    let after = bound(&server, 7000);
    socket.send(b"again").unwrap();
    settle(&world);
    assert_eq!(receive(&after, 16).unwrap(), b"again");
}

#[test]
fn what_a_host_sends_to_itself_dies_with_it() {
    let (world, _, server) = hosts();
    let own = datagram(&server);
    own.send_to(b"to myself", address("127.0.0.1:7000")).unwrap();
    let _listener = listener(&server, 7001, 8);
    let _connecting = connecting(&server, &server, 7001);
    crash(&server);
    restart(&server);
    let after = bound(&server, 7000);
    let listening = listener(&server, 7001, 8);
    settle(&world);
    assert_eq!(errno(receive(&after, 16)), EAGAIN);
    assert_eq!(errno(listening.accept()), EAGAIN);
    assert_eq!((world.open_sockets(), world.open_connections()), (2, 0));
}

#[test]
fn a_crash_ends_memberships_and_unix_sockets() {
    let (world, client, server) = hosts();
    let group: std::net::Ipv4Addr = "224.0.0.9".parse().unwrap();
    let member = bound(&server, 7000);
    member.set_option(SocketOption::JoinV4(group, std::net::Ipv4Addr::UNSPECIFIED)).unwrap();
    let unix = server.socket(minato_sim::Family::Unix, minato_sim::Kind::Stream).unwrap();
    unix.bind_unix("/run/server".as_ref()).unwrap();
    unix.listen(4).unwrap();
    let (one, two) = server.unix_pair(minato_sim::Kind::Stream).unwrap();
    crash(&server);
    assert_eq!(errno(one.send(b"x")), ENETDOWN);
    assert_eq!(errno(unix.listen(4)), ENETDOWN);
    drop((member, one, two, unix));
    restart(&server);
    let after = bound(&server, 7000);
    datagram(&client).send_to(b"x", (group, 7000).into()).unwrap();
    settle(&world);
    assert_eq!(errno(receive(&after, 16)), EAGAIN);
    let unix = server.socket(minato_sim::Family::Unix, minato_sim::Kind::Stream).unwrap();
    unix.bind_unix("/run/server".as_ref()).unwrap();
}

#[test]
fn a_crash_reports_sockets_to_who_still_waits_for_them() {
    let world = World::new(1);
    let host = world.host("server");
    let socket = listener(&host, 7000, 8);
    socket.register(5).unwrap();
    host.crash().unwrap();
    world.advance(None);
    let mut events = Vec::new();
    host.take_events(&mut events);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].key, 5);
    assert!(events[0].readiness.contains(minato_sim::Readiness::ERROR));
    assert_eq!((errno(socket.accept()), errno(socket.deregister())), (ENETDOWN, ENETDOWN));
    assert_eq!(socket.registered_as(), None);
    assert!(!socket.readiness().is_empty());
    socket.options();
}

#[test]
fn without_a_simulation_a_host_cannot_be_started_or_paused() {
    let world = World::new(1);
    let host = world.host("server");
    let _socket = listener(&host, 7000, 8);
    let text = host.pause().unwrap_err().to_string();
    assert_eq!(text, "host server cannot be paused: it is in no simulation that polls its tasks");
    host.crash().unwrap();
    let text = host.restart().unwrap_err().to_string();
    assert_eq!(text, "host server cannot be restarted: it has no program to start");
}
