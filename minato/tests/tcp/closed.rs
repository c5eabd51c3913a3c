//! Waiting for the end of a stream without reading: after a half-close, a reset and a drop, with
//! bytes still to be read, over TCP and Unix sockets.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpStream, UnixStream};
use minato::time::timeout;

use crate::kit::{At, cases, net};

cases! {
    a_half_close_is_seen_before_its_bytes_are_read [];
    bytes_alone_are_no_end [];
    a_drop_is_seen [];
    a_reset_is_seen_and_left_for_the_read [];
    it_is_seen_however_late_one_asks [];
    several_wait_and_one_gives_up [];
    work_for_nobody_is_given_up [];
    an_end_of_ones_own_is_one [];
    many_streams_end [];
    over_unix_sockets [Descriptors];
    urgent_data_is_no_end [Descriptors];
}

const LONG: Duration = Duration::from_secs(60);

async fn a_half_close_is_seen_before_its_bytes_are_read(_: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"request").await.unwrap();
    client.shutdown().await.unwrap();
    timeout(LONG, server.read_closed()).await.unwrap().unwrap();
    // It is no secret afterwards, and nothing was taken.
    server.read_closed().await.unwrap();
    let mut all = String::new();
    server.read_to_string(&mut all).await.unwrap();
    assert_eq!(all, "request");
    server.write_all(b"answer").await.unwrap();
    assert_eq!(net::read_all(&mut client, 6).await, b"answer");
}

async fn bytes_alone_are_no_end(at: At) {
    let (mut client, mut server) = net::pair().await;
    {
        let mut wait = pin!(server.read_closed());
        assert!(wait.as_mut().now_or_never().is_none());
        for _ in 0..3 {
            client.write_all(b"more").await.unwrap();
            at.deliver().await;
            assert!(wait.as_mut().now_or_never().is_none());
        }
    }
    assert_eq!(net::read_all(&mut server, 12).await, b"moremoremore");
    let mut wait = pin!(server.read_closed());
    assert!(wait.as_mut().now_or_never().is_none());
    drop(client);
    wait.await.unwrap();
}

async fn a_drop_is_seen(_: At) {
    let (client, server) = net::pair().await;
    let (closed, ()) = futures::join!(server.read_closed(), async { drop(client) });
    closed.unwrap();
    assert_eq!(server.try_read(&mut [0]).unwrap(), 0);
}

async fn a_reset_is_seen_and_left_for_the_read(at: At) {
    let (client, mut server) = net::pair().await;
    client.set_zero_linger().unwrap();
    drop(client);
    timeout(LONG, server.read_closed()).await.unwrap().unwrap();
    let read = server.read(&mut [0]).await;
    at.note_result("read after it", &read);
}

async fn it_is_seen_however_late_one_asks(at: At) {
    // Nothing was ever waited for on this one.
    let listener = net::listener().await;
    let (client, server) = net::fresh_pair_with(&listener).await;
    drop(client);
    at.deliver().await;
    timeout(LONG, server.read_closed()).await.unwrap().unwrap();
}

async fn several_wait_and_one_gives_up(at: At) {
    let (client, server) = net::pair().await;
    let server = std::sync::Arc::new(server);
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let server = server.clone();
            at.beside(async move { server.read_closed().await })
        })
        .collect();
    assert!(pin!(server.read_closed()).now_or_never().is_none());
    at.deliver().await;
    drop(client);
    for waiting in waiting {
        timeout(LONG, waiting).await.unwrap().unwrap();
    }
}

/// What it is for: an answer that takes for ever, and a client that does not wait for it.
async fn work_for_nobody_is_given_up(at: At) {
    let (mut client, mut server) = net::pair().await;
    let serving = at.beside(async move {
        server.read_exact(&mut [0; 2]).await.unwrap();
        let work = Box::pin(std::future::pending::<()>());
        match futures::future::select(Box::pin(server.read_closed()), work).await {
            futures::future::Either::Left((closed, _)) => closed.unwrap(),
            futures::future::Either::Right(_) => panic!("it was done"),
        }
    });
    client.write_all(b"ab").await.unwrap();
    at.deliver().await;
    drop(client);
    timeout(LONG, serving).await.unwrap();
}

async fn an_end_of_ones_own_is_one(_: At) {
    let (_client, server) = net::pair().await;
    server.shutdown_half(std::net::Shutdown::Read).unwrap();
    timeout(LONG, server.read_closed()).await.unwrap().unwrap();
}

async fn many_streams_end(at: At) {
    let listener = net::listener().await;
    let (mut clients, mut waiting) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let (client, server) = net::pair_with(&listener).await;
        clients.push(client);
        waiting.push(at.beside(async move { server.read_closed().await }));
    }
    at.deliver().await;
    drop(clients);
    for waiting in waiting {
        timeout(LONG, waiting).await.unwrap().unwrap();
    }
}

async fn over_unix_sockets(_: At) {
    let (mut client, mut server) = UnixStream::pair().unwrap();
    assert!(pin!(server.read_closed()).now_or_never().is_none());
    client.write_all(b"request").await.unwrap();
    assert!(pin!(server.read_closed()).now_or_never().is_none());
    client.shutdown().await.unwrap();
    timeout(LONG, server.read_closed()).await.unwrap().unwrap();
    let mut all = String::new();
    server.read_to_string(&mut all).await.unwrap();
    assert_eq!(all, "request");
    let (client, server) = UnixStream::pair().unwrap();
    let (closed, ()) = futures::join!(server.read_closed(), async { drop(client) });
    closed.unwrap();
}

/// Urgent data is announced as priority, which comes and goes.
async fn urgent_data_is_no_end(at: At) {
    let (client, server): (TcpStream, TcpStream) = net::pair().await;
    let waiting = {
        let mut wait = pin!(server.read_closed());
        assert!(wait.as_mut().now_or_never().is_none());
        socket2::SockRef::from(&client).send_out_of_band(b"!").unwrap();
        at.deliver().await;
        wait.as_mut().now_or_never()
    };
    assert!(waiting.is_none());
    drop(client);
    timeout(LONG, server.read_closed()).await.unwrap().unwrap();
}
