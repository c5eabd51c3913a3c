//! C60 to C79: Unix sockets. Paths are in a folder of the case's own, so that the operating system
//! has it; in a world nothing appears there.

use std::io;
use std::net::Shutdown;
use std::path::{Path, PathBuf};

use minato::net::unix::SocketAddr;
use minato::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};

use super::{conformance, say, text, went};
use crate::directory;
use crate::kit::At;

conformance! {
    60 paths_that_cannot_be_reached "Paths where nobody is, nobody listens, or another kind is";
    61 paths_that_cannot_be_bound "What cannot be bound, and what stays behind";
    62 abstract_names "Abstract names go with their socket, and each kind has its own";
    63 connected_before_accepted "A stream is connected, and has bytes, before it is accepted";
    64 a_unix_backlog "A backlog of n takes n + 1";
    65 names_of_both_ends "Both ends' names and credentials";
    66 each_unix_direction "Each direction of a stream ends by itself";
    67 no_more_reading_of_unix "The peer of who reads no more cannot write";
    68 a_unix_close "Reads and writes after the peer's close";
    69 a_unix_close_with_unread_bytes "A close with unread bytes resets";
    70 a_unix_listener_that_goes "A listener that closes resets what waits, and leaves its path";
    71 how_much_a_unix_stream_takes "How much a stream takes, by the size of writes";
    72 room_in_a_unix_stream "When a full stream takes bytes again";
    73 how_many_datagrams_wait "How many datagrams wait, from whom";
    74 the_length_of_unix_datagrams "How long a datagram can be";
    75 a_target_that_goes "The target of a connected socket goes";
    76 another_peer "A new peer: what waits is lost, and the old one is told";
    77 who_may_send "A connected socket takes from its peer only";
    78 a_new_unix_socket "A socket that is neither bound nor connected";
    79 shutdowns_of_unix "Shutdowns without a connection, and of datagrams";
}

/// A name in a folder of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn place() -> Place {
    Place(directory())
}

fn read(stream: &UnixStream) -> io::Result<String> {
    let mut buf = [0; 64];
    text(stream.try_read(&mut buf), &buf)
}

fn receive(socket: &UnixDatagram) -> io::Result<String> {
    let mut buf = [0; 64];
    text(socket.try_recv(&mut buf), &buf)
}

async fn connected(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}

/// The last part of an address.
fn name(address: &SocketAddr) -> String {
    match address.as_pathname() {
        Some(path) => path.file_name().unwrap().to_string_lossy().into_owned(),
        None => format!("{:?}", address.as_abstract_name()),
    }
}

async fn paths_that_cannot_be_reached(at: At) {
    let place = place();
    let path = place.path("socket");
    went(&at, "nobody", &connected(&path).await.map(drop));
    let datagram = UnixDatagram::unbound().unwrap();
    went(&at, "nobody, for a datagram", &datagram.try_send_to(b"x", &path));
    let stream = UnixSocket::new_stream().unwrap();
    stream.bind(&path).unwrap();
    went(&at, "who does not listen", &connected(&path).await.map(drop));
    went(&at, "a stream, for a datagram", &datagram.try_send_to(b"x", &path));
    went(&at, "a stream, to connect to", &datagram.connect(&path));
    drop(stream);
    went(&at, "who is closed", &connected(&path).await.map(drop));
    went(&at, "who is closed, for a datagram", &datagram.try_send_to(b"x", &path));
    let other = place.path("datagram");
    let _other = UnixDatagram::bind(&other).unwrap();
    went(&at, "a datagram socket", &connected(&other).await.map(drop));
    went(&at, "no abstract name", &connected("\0nobody has it".as_ref()).await.map(drop));
    went(&at, "no peer", &datagram.try_send(b"x"));
}

async fn paths_that_cannot_be_bound(at: At) {
    let place = place();
    let path = place.path("socket");
    let socket = UnixSocket::new_stream().unwrap();
    went(&at, "bind", &socket.bind(&path));
    went(&at, "again", &socket.bind(&path));
    went(&at, "elsewhere", &socket.bind(place.path("elsewhere")));
    went(&at, "an abstract name", &socket.bind("\0elsewhere"));
    went(&at, "another one", &UnixDatagram::bind(&path).map(drop));
    drop(socket);
    went(&at, "after the close", &UnixListener::bind(&path).map(drop));
    let unbound = UnixSocket::new_stream().unwrap();
    went(&at, "a listen without a name", &unbound.listen(1).map(drop));
    let long = "x".repeat(200);
    went(&at, "a long path", &UnixListener::bind(long).map(drop));
}

async fn abstract_names(at: At) {
    let name_of_case = format!("\0conformance {}", std::process::id());
    let listener = UnixListener::bind(&name_of_case).unwrap();
    went(&at, "again", &UnixListener::bind(&name_of_case).map(drop));
    let datagram = UnixDatagram::bind(&name_of_case);
    went(&at, "the other kind", &datagram.as_ref().map(drop).map_err(copied));
    went(&at, "connect", &connected(name_of_case.as_ref()).await.map(drop));
    drop(listener);
    went(&at, "after the close", &connected(name_of_case.as_ref()).await.map(drop));
    went(&at, "bound again", &UnixListener::bind(&name_of_case).map(drop));
    let chosen = UnixDatagram::bind("").unwrap().local_addr().unwrap();
    let chosen = chosen.as_abstract_name().map(<[u8]>::to_owned).unwrap_or_default();
    say(&at, "a chosen name has letters", chosen.len());
    say(&at, "which are digits", chosen.iter().all(u8::is_ascii_hexdigit));
}

fn copied(error: &io::Error) -> io::Error {
    io::Error::from(error.kind())
}

async fn connected_before_accepted(at: At) {
    let place = place();
    let listener = UnixListener::bind(place.path("socket")).unwrap();
    let client = connected(&place.path("socket")).await.unwrap();
    went(&at, "write", &client.try_write(b"early"));
    went(&at, "peer", &client.peer_addr().map(|peer| name(&peer)));
    client.shutdown_half(Shutdown::Write).unwrap();
    let (server, from) = listener.accept().await.unwrap();
    say(&at, "the client has no name", from.is_unnamed());
    went(&at, "read", &read(&server));
    went(&at, "and then", &read(&server));
    went(&at, "answer", &server.try_write(b"late"));
    went(&at, "read", &read(&client));
    let client = connected(&place.path("socket")).await.unwrap();
    client.try_write(b"gone").unwrap();
    drop(client);
    let (server, _) = listener.accept().await.unwrap();
    went(&at, "of one that is gone", &read(&server));
    went(&at, "then", &read(&server));
    went(&at, "write to it", &server.try_write(b"x"));
    went(&at, "its name", &server.peer_addr().map(|peer| peer.is_unnamed()));
}

async fn a_unix_backlog(at: At) {
    for backlog in [0, 1, 4] {
        let place = place();
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(place.path("socket")).unwrap();
        let listener = socket.listen(backlog).unwrap();
        let mut waiting = Vec::new();
        let mut connects = 0;
        for _ in 0..backlog + 3 {
            let path = place.path("socket");
            let mut connecting = Box::pin(async move { connected(&path).await });
            connects += usize::from(futures::poll!(&mut connecting).is_ready());
            waiting.push(connecting);
        }
        say(&at, &format!("with a backlog of {backlog} connect"), connects);
        drop(waiting);
        let mut accepted = 0;
        while listener.try_accept().is_ok() {
            accepted += 1;
        }
        say(&at, "and are accepted", accepted);
    }
}

async fn names_of_both_ends(at: At) {
    let place = place();
    let listener = UnixListener::bind(place.path("harbour")).unwrap();
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(place.path("ship")).unwrap();
    let client = socket.connect(place.path("harbour")).await.unwrap();
    let (server, from) = listener.accept().await.unwrap();
    say(&at, "from", name(&from));
    went(&at, "the server's", &server.local_addr().map(|own| name(&own)));
    went(&at, "its peer's", &server.peer_addr().map(|peer| name(&peer)));
    went(&at, "the client's peer's", &client.peer_addr().map(|peer| name(&peer)));
    let (one, two) = (client.peer_cred().unwrap(), server.peer_cred().unwrap());
    say(&at, "both are of one process", one == two && one.pid().is_some());
    let (pair, other) = UnixStream::pair().unwrap();
    say(&at, "and so are pairs", pair.peer_cred().unwrap() == one);
    say(&at, "which have no names", pair.peer_addr().unwrap().is_unnamed());
    drop(other);
    went(&at, "also of who is gone", &pair.peer_addr().map(|peer| peer.is_unnamed()));
    say(&at, "and its credentials", pair.peer_cred().unwrap() == one);
}

async fn each_unix_direction(at: At) {
    let (one, two) = UnixStream::pair().unwrap();
    went(&at, "write", &one.try_write(b"abc"));
    went(&at, "shutdown", &one.shutdown_half(Shutdown::Write));
    went(&at, "it writes no more", &one.try_write(b"d"));
    went(&at, "read", &read(&two));
    went(&at, "then", &read(&two));
    went(&at, "answer", &two.try_write(b"xyz"));
    went(&at, "read", &read(&one));
    went(&at, "more may come", &read(&one));
    went(&at, "again", &one.shutdown_half(Shutdown::Write));
    drop(two);
    went(&at, "it is over", &read(&one));
}

async fn no_more_reading_of_unix(at: At) {
    let (one, two) = UnixStream::pair().unwrap();
    went(&at, "write", &two.try_write(b"before"));
    went(&at, "shutdown", &one.shutdown_half(Shutdown::Read));
    went(&at, "the peer writes", &two.try_write(b"after"));
    went(&at, "what was there", &read(&one));
    went(&at, "then", &read(&one));
    went(&at, "the other way", &one.try_write(b"answer"));
    went(&at, "arrives", &read(&two));
    went(&at, "more may come", &read(&two));
}

async fn a_unix_close(at: At) {
    let (one, two) = UnixStream::pair().unwrap();
    went(&at, "last words", &two.try_write(b"bye"));
    drop(two);
    went(&at, "write", &one.try_write(b"x"));
    went(&at, "an empty write", &one.try_write(b""));
    went(&at, "read", &read(&one));
    went(&at, "then", &read(&one));
    went(&at, "error", &one.take_error());
    went(&at, "shutdown", &one.shutdown_half(Shutdown::Both));
}

async fn a_unix_close_with_unread_bytes(at: At) {
    let (one, two) = UnixStream::pair().unwrap();
    went(&at, "last words", &two.try_write(b"bye"));
    went(&at, "unread", &one.try_write(b"unread"));
    drop(two);
    went(&at, "write", &one.try_write(b"x"));
    went(&at, "read", &read(&one));
    went(&at, "then", &read(&one));
    went(&at, "and then", &read(&one));
    let (one, two) = UnixStream::pair().unwrap();
    went(&at, "unread again", &one.try_write(b"unread"));
    drop(two);
    let error = one.take_error().map(|error| error.map(|error| error.kind()));
    went(&at, "the error is taken", &error);
    went(&at, "and a read finds none", &read(&one));
}

async fn a_unix_listener_that_goes(at: At) {
    let place = place();
    let path = place.path("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let client = connected(&path).await.unwrap();
    drop(listener);
    went(&at, "write", &client.try_write(b"x"));
    went(&at, "read", &read(&client));
    went(&at, "then", &read(&client));
    went(&at, "connect", &connected(&path).await.map(drop));
    went(&at, "bind", &UnixListener::bind(&path).map(drop));
}

/// Writes until there is no more room; returns how many writes and how many bytes that were.
fn fill(stream: &UnixStream, size: usize) -> (usize, usize) {
    let bytes = vec![0; size];
    let (mut writes, mut sent) = (0, 0);
    while let Ok(len) = stream.try_write(&bytes) {
        writes += 1;
        sent += len;
    }
    (writes, sent)
}

async fn how_much_a_unix_stream_takes(at: At) {
    for size in [1, 100, 500, 1000, 4000, 5000, 16_384, 36_000, 65_536, 100_000, 1 << 20] {
        let (one, _two) = UnixStream::pair().unwrap();
        say(&at, &format!("writes and bytes, by {size}"), fill(&one, size));
    }
}

async fn room_in_a_unix_stream(at: At) {
    for size in [100, 1000, 5000] {
        let (one, two) = UnixStream::pair().unwrap();
        fill(&one, size);
        let mut buf = vec![0; size];
        let mut reads = 0;
        loop {
            two.try_read(&mut buf).unwrap();
            reads += 1;
            if one.try_write(&buf).is_ok() {
                break;
            }
        }
        say(&at, &format!("a write has room after reads, by {size}"), reads);
        let mut writable = Box::pin(one.writable());
        while futures::poll!(&mut writable).is_pending() {
            two.try_read(&mut buf).unwrap();
            reads += 1;
            at.deliver().await;
            if reads > 400 {
                break;
            }
        }
        say(&at, "and it is writable in the end", reads <= 400);
    }
}

async fn how_many_datagrams_wait(at: At) {
    let place = place();
    let path = place.path("target");
    let target = UnixDatagram::bind(&path).unwrap();
    let (one, two) = (UnixDatagram::unbound().unwrap(), UnixDatagram::unbound().unwrap());
    let mut sent = 0;
    while one.try_send_to(b"x", &path).is_ok() {
        sent += 1;
    }
    say(&at, "from one without a peer", sent);
    two.connect(&path).unwrap();
    went(&at, "one with that peer", &two.try_send(b"x"));
    went(&at, "receive", &receive(&target));
    went(&at, "room for one", &two.try_send(b"y"));
    went(&at, "and no more", &two.try_send(b"z"));
    for size in [0, 1, 500, 1000, 4000, 16_384, 65_536] {
        let (one, _two) = UnixDatagram::pair().unwrap();
        let bytes = vec![0; size];
        let mut sent = 0;
        while one.try_send(&bytes).is_ok() {
            sent += 1;
        }
        say(&at, &format!("in a pair, with {size} bytes"), sent);
    }
}

async fn the_length_of_unix_datagrams(at: At) {
    let bytes = vec![7; 300_000];
    for size in [212_960, 212_961, 212_992, 300_000] {
        let (one, two) = UnixDatagram::pair().unwrap();
        went(&at, &format!("{size} bytes"), &one.try_send(&bytes[..size]));
        if size == 212_960 {
            let mut buf = vec![0; size];
            went(&at, "arrive", &two.try_recv(&mut buf));
        }
    }
    let (one, two) = UnixDatagram::pair().unwrap();
    one.try_send(b"longer than four").unwrap();
    one.try_send(b"").unwrap();
    let mut buf = [0; 4];
    went(&at, "what does not fit is cut", &text(two.try_recv(&mut buf), &buf));
    went(&at, "an empty one is one", &two.try_recv(&mut buf));
    went(&at, "no more", &two.try_recv(&mut buf));
}

async fn a_target_that_goes(at: At) {
    let place = place();
    let path = place.path("target");
    let target = UnixDatagram::bind(&path).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(&path).unwrap();
    went(&at, "send", &sender.try_send(b"unread"));
    drop(target);
    went(&at, "the address is known", &sender.peer_addr().map(|peer| name(&peer)));
    went(&at, "send again", &sender.try_send(b"x"));
    went(&at, "and again", &sender.try_send(b"x"));
    went(&at, "the address is forgotten", &sender.peer_addr().map(|peer| name(&peer)));
    let (one, two) = UnixDatagram::pair().unwrap();
    two.try_send(b"before").unwrap();
    drop(two);
    went(&at, "what came before", &receive(&one));
    went(&at, "then", &receive(&one));
    went(&at, "send to nobody", &one.try_send(b"x"));
}

async fn another_peer(at: At) {
    let place = place();
    let path = place.path("target");
    let target = UnixDatagram::bind(&path).unwrap();
    let (one, two) = UnixDatagram::pair().unwrap();
    two.try_send(b"lost").unwrap();
    went(&at, "connect", &one.connect(&path));
    let error = two.take_error().map(|error| error.map(|error| error.kind()));
    went(&at, "the old peer is told", &error);
    went(&at, "what waited is lost", &receive(&one));
    went(&at, "the old peer sends", &two.try_send(b"x"));
    went(&at, "the new one hears", &one.try_send(b"hello"));
    went(&at, "it", &receive(&target));
}

async fn who_may_send(at: At) {
    let place = place();
    let (harbour, ship) = (place.path("harbour"), place.path("ship"));
    let (at_harbour, on_ship) =
        (UnixDatagram::bind(&harbour).unwrap(), UnixDatagram::bind(&ship).unwrap());
    let stranger = UnixDatagram::unbound().unwrap();
    went(&at, "before", &stranger.try_send_to(b"early", &harbour));
    at_harbour.connect(&ship).unwrap();
    went(&at, "a stranger", &stranger.try_send_to(b"x", &harbour));
    went(&at, "connects", &stranger.connect(&harbour));
    went(&at, "the peer", &on_ship.try_send_to(b"ahoy", &harbour));
    went(&at, "what came before is there", &receive(&at_harbour));
    went(&at, "then the peer's", &receive(&at_harbour));
    went(&at, "itself", &on_ship.try_send_to(b"me", &ship));
    let mut buf = [0; 8];
    let from = on_ship.try_recv_from(&mut buf).map(|(len, from)| (len, name(&from)));
    went(&at, "hears itself", &from);
}

async fn a_new_unix_socket(at: At) {
    let stream = UnixSocket::new_stream().unwrap();
    went(&at, "a new stream", &stream.local_addr().map(|own| own.is_unnamed()));
    went(&at, "error", &stream.take_error());
}

async fn shutdowns_of_unix(at: At) {
    let place = place();
    let path = place.path("target");
    let target = UnixDatagram::bind(&path).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(&path).unwrap();
    sender.try_send(b"left").unwrap();
    went(&at, "no more receiving", &target.shutdown_half(Shutdown::Read));
    went(&at, "send", &sender.try_send(b"x"));
    went(&at, "what is left", &receive(&target));
    went(&at, "no more sending", &sender.shutdown_half(Shutdown::Write));
    went(&at, "send again", &sender.try_send_to(b"x", &path));
    went(&at, "of a socket alone", &UnixDatagram::unbound().unwrap().shutdown(Shutdown::Both));
}
