//! The description's service as a whole: connections accepted, five bytes read from each and
//! written back, each in a task of its own.

use std::net::SocketAddr;

use minato::io::{AsyncReadExt, AsyncWriteExt, owned};
use minato::net::TcpStream;
use minato::prelude::*;

use crate::kit::{At, cases, net};

cases! {
    five_bytes_come_back_to_each_of_many_clients [Runtime];
    one_that_is_slow_holds_nobody_up [Runtime];
    run_returns_when_every_task_is_done [Threads];
}

/// Starts the service; returns where it listens, and its task.
async fn start() -> (SocketAddr, minato::task::JoinHandle<()>) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let server = listener.incoming().try_for_each(|socket| {
        assert!(socket.peer_addr().is_ok());
        let echo = owned::read_exact(socket, vec![0; 5])
            .and_then(|(socket, buf)| owned::write_all(socket, buf));
        minato::spawn(echo);
        std::future::ready(Ok(()))
    });
    (address, minato::spawn(server.map(drop)))
}

async fn five_bytes_come_back_to_each_of_many_clients(_: At) {
    let (address, server) = start().await;
    let client = |number: u32| async move {
        let mut client = TcpStream::connect(address).await.unwrap();
        let five = format!("{number:05}");
        client.write_all(five.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, five);
    };
    futures::future::join_all((0..20).map(client)).await;
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
}

async fn one_that_is_slow_holds_nobody_up(_: At) {
    let (address, server) = start().await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"four").await.unwrap();
    let mut quick = TcpStream::connect(address).await.unwrap();
    quick.write_all(b"quick").await.unwrap();
    assert_eq!(net::read_all(&mut quick, 5).await, b"quick");
    slow.write_all(b"!").await.unwrap();
    assert_eq!(net::read_all(&mut slow, 5).await, b"four!");
    server.abort();
    drop(server.await);
}

async fn run_returns_when_every_task_is_done(_: At) {
    let exchange = std::thread::spawn(|| {
        minato::run(async {
            let (client, server) = net::pair().await;
            // Nobody waits for these two but `run`.
            minato::spawn(async move {
                let (server, five) = owned::read_exact(server, [0; 5]).await.unwrap();
                owned::write_all(server, five).await.map(drop)
            });
            let (sender, receiver) = std::sync::mpsc::channel();
            minato::spawn(async move {
                let (client, _) = owned::write_all(client, "ahoy!").await.unwrap();
                let (_, five) = owned::read_exact(client, [0; 5]).await.unwrap();
                sender.send(five).unwrap();
            });
            receiver
        })
    });
    let receiver = exchange.join().unwrap();
    assert_eq!(&receiver.try_recv().unwrap(), b"ahoy!");
}
