//! The same sockets in a simulated world, which does what a real one does rarely or never: it is
//! short of descriptors, and sends a part of a datagram.

use std::io::ErrorKind;
use std::net::SocketAddr;

use futures::{Future, Stream};
use futures_util::future::join;
use minato::sim::{Simulation, World};
use tokio::bridge::to_std;
use tokio::io;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Takes every descriptor that is left.
fn use_up() -> Vec<minato::net::TcpSocket> {
    std::iter::from_fn(|| minato::net::TcpSocket::new_v4().ok()).collect()
}

/// In tokio 0.1 the shortage came out as an error, which ended a `for_each`; a loop around that
/// went on to spin.
#[test]
fn for_each_outlives_a_shortage_of_descriptors() {
    let world = World::builder().descriptor_limit(12).build();
    let address = SocketAddr::new(world.host("server").ip(), 7000);
    let mut simulation = Simulation::in_world(world);
    let server = simulation.spawn("server", async {
        let listener = TcpListener::bind(&"0.0.0.0:7000".parse().unwrap())?;
        let mut spare = use_up();
        assert!(!spare.is_empty());
        let mut served = 0;
        // While the first poll meets the shortage, nothing is given back.
        let gives_back = async move {
            minato::time::sleep(std::time::Duration::from_millis(500)).await;
            spare.clear();
        };
        let serving = to_std(listener.incoming().take(2).for_each(move |socket| {
            served += 1;
            io::write_all(socket, [served]).map(drop)
        }));
        let ((), served) = join(gives_back, serving).await;
        served
    });
    let client = || async move {
        let connecting = TcpStream::connect(&address);
        to_std(connecting.and_then(|socket| io::read_exact(socket, [0])).map(|(_, buf)| buf[0]))
            .await
    };
    let server = server.unwrap();
    let one = simulation.spawn("client", client()).unwrap();
    let two = simulation.spawn("client", client()).unwrap();
    simulation.run_until(server).unwrap().unwrap().unwrap();
    let mut heard = [
        simulation.run_until(one).unwrap().unwrap().unwrap(),
        simulation.run_until(two).unwrap().unwrap().unwrap(),
    ];
    heard.sort_unstable();
    assert_eq!(heard, [1, 2]);
}

#[test]
fn poll_accept_tells_of_the_shortage() {
    let world = World::builder().descriptor_limit(12).build();
    let address = SocketAddr::new(world.host("server").ip(), 7000);
    let mut simulation = Simulation::in_world(world);
    let server = simulation
        .spawn("server", async {
            let mut listener = TcpListener::bind(&"0.0.0.0:7000".parse().unwrap()).unwrap();
            let _spare = use_up();
            let accepting = futures::future::poll_fn(|| listener.poll_accept());
            to_std(accepting).await.map(drop).unwrap_err()
        })
        .unwrap();
    let connecting = async move {
        let client = TcpStream::connect(&address);
        to_std(client.and_then(|socket| io::read_to_end(socket, Vec::new()))).await.map(drop)
    };
    let client = simulation.spawn("client", connecting).unwrap();
    let error = simulation.run_until(server).unwrap().unwrap();
    assert_ne!(error.kind(), ErrorKind::WouldBlock);
    assert_eq!(error.raw_os_error(), Some(24), "{error}");
    drop(client);
}

#[test]
fn a_datagram_that_was_sent_in_part_is_an_error() {
    let world = World::builder().datagram_part(3).build();
    let mut simulation = Simulation::in_world(world);
    let sending = async {
        let socket = UdpSocket::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
        let to = socket.local_addr().unwrap();
        let mut sending = socket.send_dgram(b"too long", &to);
        let error = to_std(futures::future::poll_fn(|| sending.poll())).await.unwrap_err();
        let parts = sending.into_parts();
        to_std(parts.socket.send_dgram(b"fit", &to)).await.unwrap();
        (error.kind(), error.to_string(), parts.buffer.len())
    };
    let sent = simulation.spawn("host", sending).unwrap();
    let (kind, text, len) = simulation.run_until(sent).unwrap().unwrap();
    assert_eq!((kind, len), (ErrorKind::Other, 8));
    assert_eq!(text, "failed to send entire message in datagram");
}
