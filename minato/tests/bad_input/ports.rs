//! Ports that are taken or privileged, hosts that refuse or cannot be reached.

use std::os::unix::process::CommandExt;

use minato::net::{TcpListener, TcpSocket, TcpStream};
use minato::runtime::Builder;

use crate::kit::child::{in_child_with, own_name};
use crate::kit::{At, Need, cases, in_worlds, net, outcome_text, tally};

cases! {
    a_port_in_use [];
    nobody_listens [];
    a_host_that_cannot_be_reached [World];
    a_multicast_address_is_nobody_to_connect_to [];
    a_socket_that_is_used_wrongly [];
}

async fn a_port_in_use(at: At) {
    let listener = net::listener().await;
    let again = TcpListener::bind(listener.local_addr().unwrap()).await;
    assert_eq!(again.as_ref().unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));
    at.note_result("again", &again.map(drop));
    // The first is as it was.
    drop(net::pair_with(&listener).await);
}

async fn nobody_listens(at: At) {
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refused = TcpStream::connect(taken.local_addr().unwrap()).await;
    assert_eq!(refused.as_ref().unwrap_err().raw_os_error(), Some(libc::ECONNREFUSED));
    at.note_result("refused", &refused.map(drop));
}

async fn a_host_that_cannot_be_reached(_: At) {
    let nowhere = TcpStream::connect("10.77.0.1:80").await.map(drop);
    assert_eq!(nowhere.as_ref().unwrap_err().raw_os_error(), Some(libc::EHOSTUNREACH));
}

/// An address that no route leads to, on the system too.
async fn a_multicast_address_is_nobody_to_connect_to(_: At) {
    let multicast = TcpStream::connect("224.0.0.1:80").await.map(drop);
    let number = multicast.as_ref().unwrap_err().raw_os_error();
    assert_eq!(number, Some(libc::ENETUNREACH), "{}", outcome_text(&multicast));
}

#[test]
fn a_privileged_port_of_a_simulated_host() {
    async fn case(_: At) {
        let refused = TcpListener::bind("127.0.0.1:80").await.map(drop);
        assert_eq!(refused.as_ref().unwrap_err().raw_os_error(), Some(libc::EACCES));
    }
    let name = "a_privileged_port_of_a_simulated_host";
    in_worlds(name, &[Need::World], &|world| world.privileged_ports(false), case);
}

#[test]
fn a_privileged_port_that_is_allowed() {
    async fn case(_: At) {
        TcpListener::bind("127.0.0.1:80").await.unwrap();
    }
    in_worlds("a_privileged_port_that_is_allowed", &[Need::World], &|world| world, case);
}

/// From which port on anybody may bind.
fn first_free_port() -> Option<u16> {
    let path = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[test]
fn a_privileged_port_of_the_system() {
    const NOBODY: u32 = 65534;
    let name = own_name!(a_privileged_port_of_the_system);
    if first_free_port() == Some(0) {
        return tally::skipped_because(&name, "this kernel lets anybody bind low ports");
    }
    // SAFETY: no preconditions.
    let is_root = unsafe { libc::geteuid() } == 0;
    let program = std::env::current_exe().unwrap();
    let runs = || std::process::Command::new(&program).arg("--list").uid(NOBODY).output();
    if is_root && !runs().is_ok_and(|output| output.status.success()) {
        return tally::skipped_because(&name, "nobody but root can run this binary");
    }
    let without_root = |command: &mut std::process::Command| {
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
    };
    in_child_with(name, without_root, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let refused = runtime.block_on(TcpListener::bind("127.0.0.1:80")).map(drop);
        assert_eq!(refused.as_ref().unwrap_err().raw_os_error(), Some(libc::EACCES));
    });
}

async fn a_socket_that_is_used_wrongly(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    at.note_result("an address of the other family", &socket.bind("[::1]:0".parse().unwrap()));
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    at.note_result("bound twice", &socket.bind("127.0.0.1:0".parse().unwrap()));
    let listener = socket.listen(0).unwrap();
    // The last of these has room in no queue but the listener's own.
    drop(net::pair_with(&listener).await);
    let (client, _server) = net::pair().await;
    at.note_result("a peer of an unconnected socket", &{
        let socket = TcpSocket::new_v4().unwrap();
        socket.take_error().map(|error| error.is_none())
    });
    drop(client);
}
