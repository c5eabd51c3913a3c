//! Accepting and connecting, cut off.

use std::future::poll_fn;
use std::rc::Rc;

use futures::StreamExt;
use minato::io::AsyncWriteExt;
use minato::net::{TcpSocket, TcpStream};

use super::knife::{Knife, Late, listener, pause, scenarios};
use crate::kit::net;

scenarios! {
    accept;
    poll_accept;
    incoming;
    connect;
    connect_of_a_socket;
    a_refused_connect;
    lookup_host;
}

/// Two clients that say who they are, one after the other.
fn clients(address: std::net::SocketAddr) -> minato::task::JoinHandle<()> {
    minato::spawn(async move {
        for name in [b"a", b"b"] {
            pause().await;
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(name).await.unwrap();
            client.shutdown().await.unwrap();
        }
    })
}

async fn accept(knife: Rc<Knife>) {
    let listener = listener();
    let clients = clients(listener.local_addr().unwrap());
    let mut names = Vec::new();
    while names.len() < 2 {
        if let Some(accepted) = knife.cut(Late::Never, listener.accept()).await {
            names.extend(net::read_all(&mut accepted.unwrap().0, 1).await);
        }
    }
    assert_eq!(names, b"ab");
    clients.await.unwrap();
}

async fn poll_accept(knife: Rc<Knife>) {
    let listener = listener();
    let clients = clients(listener.local_addr().unwrap());
    let mut names = Vec::new();
    while names.len() < 2 {
        let accepting = poll_fn(|cx| listener.poll_accept(cx));
        if let Some(accepted) = knife.cut(Late::Once, accepting).await {
            names.extend(net::read_all(&mut accepted.unwrap().0, 1).await);
        }
    }
    assert_eq!(names, b"ab");
    clients.await.unwrap();
}

async fn incoming(knife: Rc<Knife>) {
    let mut incoming = listener().incoming();
    let clients = clients(incoming.get_ref().local_addr().unwrap());
    let mut names = Vec::new();
    while names.len() < 2 {
        if let Some(next) = knife.cut(Late::Once, incoming.next()).await {
            names.extend(net::read_all(&mut next.unwrap().unwrap(), 1).await);
        }
    }
    assert_eq!(names, b"ab");
    clients.await.unwrap();
}

async fn connect(knife: Rc<Knife>) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let client = loop {
        if let Some(client) = knife.cut(Late::Never, TcpStream::connect(address)).await {
            break client.unwrap();
        }
    };
    // The one that was given up may have been accepted too, and then ends.
    loop {
        let (server, from) = listener.accept().await.unwrap();
        if from == client.local_addr().unwrap() {
            drop(server);
            break;
        }
    }
}

async fn connect_of_a_socket(knife: Rc<Knife>) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(client) = knife.cut(Late::Never, socket.connect(address)).await {
            client.unwrap();
            break;
        }
    }
}

async fn a_refused_connect(knife: Rc<Knife>) {
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = taken.local_addr().unwrap();
    let addresses = [address, address];
    loop {
        if let Some(refused) = knife.cut(Late::Never, TcpStream::connect(&addresses[..])).await {
            assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::ECONNREFUSED));
            break;
        }
    }
}

async fn lookup_host(knife: Rc<Knife>) {
    loop {
        let looking_up = minato::net::lookup_host(("localhost", 80));
        if let Some(addresses) = knife.cut(Late::Once, looking_up).await {
            assert!(addresses.unwrap().all(|address| address.port() == 80));
            break;
        }
    }
}
