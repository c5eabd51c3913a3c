//! Connecting and accepting.

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpSocket, TcpStream};

use crate::kit::{At, cases, net};

cases! {
    both_ends_know_each_other [];
    over_ipv6 [];
    the_second_address_is_tried_when_the_first_refuses [];
    a_refused_connect_says_so [];
    a_refused_connect_of_a_bound_socket_says_so [];
    nothing_to_connect_to_is_an_error [];
    an_ipv4_socket_cannot_reach_an_ipv6_address [];
    the_port_of_a_bound_socket_is_kept [];
    an_accepted_connection_may_have_data_already [];
    many_connections_at_once [];
    a_connection_counts_before_it_is_accepted [];
    a_begun_connect_arrives_without_being_polled [];
    what_is_wrong_at_once_is_told_by_beginning [];
    a_socket_that_connects_to_its_own_address_meets_itself [];
}

async fn both_ends_know_each_other(_: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let (client, accepted) = futures::join!(TcpStream::connect(address), listener.accept());
    let (client, (server, from)) = (client.unwrap(), accepted.unwrap());
    assert_eq!(client.peer_addr().unwrap(), address);
    assert_eq!(server.local_addr().unwrap(), address);
    assert_eq!(client.local_addr().unwrap(), from);
    assert_eq!(server.peer_addr().unwrap(), from);
}

async fn over_ipv6(at: At) {
    let listener = match minato::net::TcpListener::bind("[::1]:0").await {
        Ok(listener) => listener,
        // A machine without IPv6.
        Err(error) if !at.place.is_simulated() => return println!("no IPv6 here: {error}"),
        Err(error) => panic!("{error}"),
    };
    let (mut client, mut server) = net::pair_with(&listener).await;
    client.write_all(b"six").await.unwrap();
    assert_eq!(net::read_all(&mut server, 3).await, b"six");
}

/// An address at which nobody listens, and what keeps it taken.
fn refusing() -> (TcpSocket, std::net::SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn the_second_address_is_tried_when_the_first_refuses(_: At) {
    let (_taken, refusing) = refusing();
    let listener = net::listener().await;
    let addresses = [refusing, listener.local_addr().unwrap()];
    let (client, accepted) = futures::join!(TcpStream::connect(&addresses[..]), listener.accept());
    assert_eq!(client.unwrap().peer_addr().unwrap(), addresses[1]);
    accepted.unwrap();
}

async fn a_refused_connect_says_so(at: At) {
    let (_taken, address) = refusing();
    let refused = TcpStream::connect(address).await;
    at.note_result("refused", &refused.map(drop));
    let both = TcpStream::connect(&[address, address][..]).await;
    at.note_result("both refused", &both.map(drop));
}

async fn a_refused_connect_of_a_bound_socket_says_so(at: At) {
    let (_taken, address) = refusing();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    at.note_result("refused", &socket.connect(address).await.map(drop));
}

async fn nothing_to_connect_to_is_an_error(at: At) {
    let none: &[std::net::SocketAddr] = &[];
    at.note_result("no address", &TcpStream::connect(none).await.map(drop));
}

async fn an_ipv4_socket_cannot_reach_an_ipv6_address(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    let connected = socket.connect("[::1]:9".parse().unwrap()).await;
    at.note_result("v4 to v6", &connected.map(drop));
}

async fn the_port_of_a_bound_socket_is_kept(_: At) {
    let listener = net::listener().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let own = socket.local_addr().unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = futures::join!(socket.connect(address), listener.accept());
    assert_eq!(client.unwrap().local_addr().unwrap(), own);
    assert_eq!(accepted.unwrap().1, own);
}

async fn an_accepted_connection_may_have_data_already(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let client = at.beside(async move {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"early").await.unwrap();
        client.shutdown().await.unwrap();
        client
    });
    let client = client.await;
    let (mut server, _) = listener.accept().await.unwrap();
    let mut all = Vec::new();
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"early");
    drop(client);
}

async fn many_connections_at_once(at: At) {
    const COUNT: usize = 100;
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let clients = (0..COUNT).map(|number| {
        at.beside(async move {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(&[number as u8]).await.unwrap();
            let mut answer = [0];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(usize::from(answer[0]), number);
        })
    });
    let clients = futures::future::join_all(clients.collect::<Vec<_>>());
    let serving = async {
        for _ in 0..COUNT {
            let (mut server, _) = listener.accept().await.unwrap();
            let byte = net::read_all(&mut server, 1).await;
            server.write_all(&byte).await.unwrap();
        }
    };
    futures::join!(clients, serving);
}

async fn a_connection_counts_before_it_is_accepted(_: At) {
    let listener = net::listener().await;
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    client.write_all(b"before").await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    assert_eq!(net::read_all(&mut server, 6).await, b"before");
}

/// The attempt goes on by itself; the future only waits for it.
async fn a_begun_connect_arrives_without_being_polled(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let first = TcpSocket::new_v4().unwrap().begin_connect(address).unwrap();
    let second = TcpSocket::new_v4().unwrap().begin_connect(address).unwrap();
    let (_one, first_from) = listener.accept().await.unwrap();
    let (_two, second_from) = listener.accept().await.unwrap();
    let mut accepted = [first_from, second_from];
    let mut connected = [first.await, second.await].map(|client| client.unwrap().local_addr());
    accepted.sort();
    connected.sort_by_key(|local| *local.as_ref().unwrap());
    assert_eq!(connected.map(Result::unwrap), accepted);

    let (_taken, address) = refusing();
    let refused = TcpSocket::new_v4().unwrap().begin_connect(address);
    match refused {
        Ok(attempt) => at.note_result("refused", &attempt.await.map(drop)),
        Err(error) => at.note_result::<()>("refused", &Err(error)),
    }
}

async fn what_is_wrong_at_once_is_told_by_beginning(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    let begun = socket.begin_connect("[::1]:9".parse().unwrap()).map(drop);
    at.note_result("v4 to v6", &begun);
}

async fn a_socket_that_connects_to_its_own_address_meets_itself(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    assert_eq!(stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    stream.write_all(b"me").await.unwrap();
    assert_eq!(net::read_all(&mut stream, 2).await, b"me");
    stream.shutdown().await.unwrap();
    at.note_result("the end", &stream.read(&mut [0; 4]).await);
    at.note_result("the peer", &stream.peer_addr());
}
