//! Addresses that are none, and names that nobody knows.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use minato::net::{TcpListener, TcpStream, lookup_host};

use crate::kit::{At, cases};

cases! {
    a_malformed_address_is_named [];
    an_unknown_name_is_named [];
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

async fn an_unknown_name_is_named(_: At) {
    // A label that is too long for the name system, so that nobody is asked.
    let name = "a".repeat(70);
    let looked_up = lookup_host((&*name, 80)).await.map(drop).unwrap_err();
    named(&looked_up, &[&name]);
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
