//! The server as its clients meet it.

use std::io;
use std::time::Duration;

use moving::client::Client;
use moving::server;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// A server that runs beside the test. Dropping the sender stops it.
async fn start() -> io::Result<(String, oneshot::Sender<()>, JoinHandle<io::Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(server::run(listener, async { _ = stopped.await }));
    Ok((address, stop, server))
}

#[tokio::test]
async fn values_are_kept() -> io::Result<()> {
    let (address, _stop, _server) = start().await?;
    let mut client = Client::connect(&address).await?;
    assert_eq!(client.ask("get ship").await?, "-");
    assert_eq!(client.ask("set ship Argo of Iolcus").await?, "+");
    assert_eq!(Client::connect(&address).await?.ask("get ship").await?, "=Argo of Iolcus");
    assert_eq!(client.ask("delete ship").await?, "+");
    assert_eq!(client.ask("delete ship").await?, "-");
    assert_eq!(client.ask("sink ship").await?, "!sink is no verb here");
    assert_eq!(client.ask("lend soon ship Argo").await?, "!lend for how long?");
    Ok(())
}

#[tokio::test]
async fn values_expire() -> io::Result<()> {
    let (address, _stop, _server) = start().await?;
    let mut client = Client::connect(&address).await?;
    assert_eq!(client.ask("lend 20 ship Argo").await?, "+");
    assert_eq!(client.ask("lend 60000 crew Orpheus").await?, "+");
    while client.ask("get ship").await? != "-" {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(client.ask("get crew").await?, "=Orpheus");
    // The new value has no end.
    assert_eq!(client.ask("lend 1 crew Tiphys").await?, "+");
    assert_eq!(client.ask("set crew Ancaeus").await?, "+");
    sleep(Duration::from_millis(20)).await;
    assert_eq!(client.ask("get crew").await?, "=Ancaeus");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_reaches_all_who_listen() -> io::Result<()> {
    let (address, _stop, _server) = start().await?;
    let mut listeners = JoinSet::new();
    let (ready, mut are_ready) = tokio::sync::mpsc::channel(1);
    for _ in 0..10 {
        let (address, ready) = (address.clone(), ready.clone());
        listeners.spawn(async move {
            let mut client = Client::connect(address).await?;
            assert_eq!(client.ask("listen tide").await?, "+");
            ready.send(()).await.map_err(io::Error::other)?;
            let mut heard = Vec::new();
            for _ in 0..100 {
                heard.push(client.next().await?);
            }
            io::Result::Ok(heard)
        });
    }
    for _ in 0..10 {
        are_ready.recv().await.expect("all of them listen");
    }
    let mut client = Client::connect(&address).await?;
    for number in 0..100 {
        assert_eq!(client.ask(&format!("publish tide {number} m")).await?, "=10");
    }
    assert_eq!(client.ask("publish wind none").await?, "=0");
    let expected: Vec<_> = (0..100).map(|number| format!("*{number} m")).collect();
    while let Some(heard) = listeners.join_next().await {
        assert_eq!(heard??, expected);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_leaves_nobody_waiting() -> io::Result<()> {
    let (address, stop, server) = start().await?;
    let mut clients = JoinSet::new();
    for number in 0..50 {
        let mut client = Client::connect(&address).await?;
        assert_eq!(client.ask(&format!("set {number} x")).await?, "+");
        clients.spawn(async move { client.next().await });
    }
    drop(stop);
    server.await??;
    while let Some(end) = clients.join_next().await {
        assert!(end?.is_err());
    }
    Ok(())
}
