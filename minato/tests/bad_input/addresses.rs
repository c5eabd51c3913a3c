//! Addresses that are none, and names that nobody knows.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use minato::net::{TcpListener, TcpStream, UdpSocket, lookup_host};

use crate::kit::{At, cases};

cases! {
    a_malformed_address_is_named [];
    an_unknown_name_is_named [];
    a_zone_in_a_name_is_taken [];
    a_zone_of_a_name_is_asked_for [Descriptors];
    a_zone_that_is_none_is_named [];
    an_empty_list_is_named [];
    a_bad_address_leaves_the_others_alone [];
}

/// The error's kind, with its text checked to name all of `names`.
fn named(error: &io::Error, names: &[&str]) -> ErrorKind {
    let text = error.to_string();
    for name in names {
        assert!(text.contains(name), "{text:?} does not name {name:?}");
    }
    error.kind()
}

async fn a_malformed_address_is_named(_: At) {
    let cases: [(&str, &[&str]); 11] = [
        ("", &["host:port"]),
        ("localhost", &["localhost", "host:port"]),
        ("127.0.0.1", &["127.0.0.1", "host:port"]),
        ("127.0.0.1:", &["port"]),
        ("127.0.0.1:http", &["http"]),
        ("127.0.0.1:65536", &["65536"]),
        ("127.0.0.1:-1", &["-1"]),
        (":80", &["host"]),
        ("[::1:80", &["[::1"]),
        ("two words:80", &["two words"]),
        ("zero\0byte:80", &["zero"]),
    ];
    for (address, names) in cases {
        let listened = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(named(&listened, names), ErrorKind::InvalidInput, "{listened}");
        let connected = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(named(&connected, names), ErrorKind::InvalidInput, "{connected}");
        let looked_up = lookup_host(address).await.map(drop).unwrap_err();
        assert_eq!(named(&looked_up, names), ErrorKind::InvalidInput, "{looked_up}");
    }
    let paired = TcpStream::connect(("two words", 80)).await.unwrap_err();
    assert_eq!(named(&paired, &["two words"]), ErrorKind::InvalidInput);
    let nameless = TcpStream::connect(("", 80)).await.unwrap_err();
    assert_eq!(named(&nameless, &["host", "80"]), ErrorKind::InvalidInput);
}

/// Zones by number, as the system prints them where an interface has no name.
async fn a_zone_in_a_name_is_taken(_: At) {
    let expected: SocketAddr = "[fe80::1%7]:80".parse().unwrap();
    assert!(matches!(expected, SocketAddr::V6(address) if address.scope_id() == 7));
    for host in ["fe80::1%7", "[fe80::1%7]"] {
        let found: Vec<_> = lookup_host((host, 80)).await.unwrap().collect();
        assert_eq!(found, [expected], "{host}");
        let found: Vec<_> = lookup_host((host.to_owned(), 80)).await.unwrap().collect();
        assert_eq!(found, [expected], "{host}");
        let text = format!("{host}:80");
        assert_eq!(lookup_host(&*text).await.unwrap().collect::<Vec<_>>(), [expected], "{text}");
        assert_eq!(lookup_host(text).await.unwrap().collect::<Vec<_>>(), [expected]);
    }
}

/// Zones by the name of an interface, which the system knows.
async fn a_zone_of_a_name_is_asked_for(_: At) {
    use std::net::ToSocketAddrs;
    let expected: Vec<_> = ("fe80::1%lo", 80).to_socket_addrs().unwrap().collect();
    assert!(matches!(expected[0], SocketAddr::V6(address) if address.scope_id() != 0));
    for host in ["fe80::1%lo", "[fe80::1%lo]"] {
        let found: Vec<_> = lookup_host((host, 80)).await.unwrap().collect();
        assert_eq!(found, expected, "{host}");
        let found: Vec<_> = lookup_host(format!("{host}:80")).await.unwrap().collect();
        assert_eq!(found, expected, "{host}");
        // Nobody has the address: what matters is that it was understood.
        let errors = [
            TcpListener::bind((host, 0)).await.map(drop).unwrap_err(),
            UdpSocket::bind((host, 0)).await.map(drop).unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.raw_os_error().is_some()), "{errors:?}");
    }
    let unknown = lookup_host(("fe80::1%no-such-interface", 80)).await.map(drop).unwrap_err();
    named(&unknown, &["fe80::1%no-such-interface"]);
}

async fn a_zone_that_is_none_is_named(_: At) {
    let malformed =
        ["fe80::1%", "[fe80::1%]", "fe80::1%two words", "fe80::1%zero\0", "fe80::%1%2%[", "::g%1"];
    for host in malformed {
        let error = lookup_host((host, 80)).await.map(drop).unwrap_err();
        assert_eq!(named(&error, &[host]), ErrorKind::InvalidInput, "{error}");
    }
}

async fn an_unknown_name_is_named(at: At) {
    // A label that is too long for the name system, so that nobody is asked.
    let name = "a".repeat(70);
    let looked_up = lookup_host((&*name, 80)).await.map(drop).unwrap_err();
    at.note(format!("{:?}", named(&looked_up, &[&name])));
    let connected = TcpStream::connect((&*name, 80)).await.unwrap_err();
    named(&connected, &[&name]);
    let listened = TcpListener::bind(format!("{name}:80")).await.unwrap_err();
    named(&listened, &[&name]);
}

async fn an_empty_list_is_named(_: At) {
    let none: &[SocketAddr] = &[];
    let connected = TcpStream::connect(none).await.unwrap_err();
    assert_eq!(named(&connected, &["empty", "address"]), ErrorKind::InvalidInput);
    let listened = TcpListener::bind(none).await.unwrap_err();
    assert_eq!(named(&listened, &["empty", "address"]), ErrorKind::InvalidInput);
}

async fn a_bad_address_leaves_the_others_alone(at: At) {
    let elsewhere: SocketAddr = "203.0.113.77:0".parse().unwrap();
    let here: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let listener = TcpListener::bind(&[elsewhere, here][..]).await.unwrap();
    assert!(listener.local_addr().unwrap().ip().is_loopback());
    at.note_result("not of this host", &TcpListener::bind(elsewhere).await.map(drop));
}
