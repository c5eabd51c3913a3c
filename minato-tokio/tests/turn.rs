//! A reactor that tokio turns. One test, since there is one fallback reactor in a process.

use std::fs;
use std::io;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::reactor::Reactor;
use minato::time::{Instant, sleep, timeout};

const LONG: Duration = Duration::from_secs(60);

/// More than one turn takes.
const PAIRS: usize = 1_500;

async fn exchange() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let (mut read, mut write) = stream.into_split();
        minato::io::copy(&mut read, &mut write).await
    });
    let stream = TcpStream::connect(address).await?;
    let (mut read, mut write) = stream.into_split();
    let sent = vec![7; 1 << 20];
    let all = sent.clone();
    let writer = tokio::spawn(async move {
        write.write_all(&all).await?;
        write.shutdown().await
    });
    let mut received = Vec::new();
    read.read_to_end(&mut received).await?;
    writer.await??;
    assert_eq!((received == sent, server.await??), (true, 1 << 20));
    Ok(())
}

/// Many sockets become ready at once, and nothing happens afterwards.
async fn flood() -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let mut clients = Vec::new();
    for _ in 0..PAIRS {
        let client = UdpSocket::bind("127.0.0.1:0").await?;
        client.connect(server.local_addr()?).await?;
        clients.push(client);
    }
    let addresses =
        clients.iter().map(|client| client.local_addr()).collect::<io::Result<Vec<_>>>()?;
    let waits = clients.into_iter().map(|client| {
        tokio::spawn(async move {
            let mut byte = [0];
            // A timer of Minato would turn the reactor.
            tokio::time::timeout(LONG, client.recv(&mut byte)).await?
        })
    });
    let waits: Vec<_> = waits.collect();
    // All of them wait now.
    tokio::task::yield_now().await;
    sleep(Duration::from_millis(1)).await;
    for address in addresses {
        while server.try_send_to(b"x", address).is_err() {
            tokio::task::yield_now().await;
        }
    }
    for wait in waits {
        assert_eq!(wait.await??, 1);
    }
    Ok(())
}

async fn timers() {
    let begun = Instant::now();
    // A far one, and one that is nearer and comes later.
    let far = tokio::spawn(sleep(LONG));
    tokio::task::yield_now().await;
    sleep(Duration::from_millis(5)).await;
    assert!(begun.elapsed() >= Duration::from_millis(5));
    assert!(timeout(Duration::from_millis(5), std::future::pending::<()>()).await.is_err());
    far.abort();
    assert!(far.await.unwrap_err().is_cancelled());
}

fn threads_of_minato() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let name =
        |task: io::Result<fs::DirEntry>| fs::read_to_string(task.unwrap().path().join("comm"));
    tasks.filter_map(|task| name(task).ok()).filter(|name| name.starts_with("minato")).count()
}

#[test]
fn tokio_turns_a_reactor() {
    for mut builder in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let reactor = Reactor::new().unwrap();
        // The one before ended with its runtime.
        reactor.set_fallback().unwrap();
        runtime.spawn(minato_tokio::turn(reactor));
        runtime.block_on(exchange()).unwrap();
        runtime.block_on(runtime.spawn(exchange())).unwrap().unwrap();
        runtime.block_on(runtime.spawn(flood())).unwrap().unwrap();
        runtime.block_on(runtime.spawn(timers())).unwrap();
        assert_eq!(threads_of_minato(), 0);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let reactor = Reactor::new().unwrap();
        reactor.set_fallback().unwrap();
        let turning = tokio::spawn(minato_tokio::turn(reactor));
        let (mut a, mut b) = minato::net::UnixStream::pair().unwrap();
        let waits = tokio::spawn(async move { b.read_u8().await });
        tokio::task::yield_now().await;
        turning.abort();
        assert!(turning.await.unwrap_err().is_cancelled());
        // What was waiting goes on, with the thread that there is by default.
        a.write_u8(5).await.unwrap();
        assert_eq!(waits.await.unwrap().unwrap(), 5);
        assert_eq!(threads_of_minato(), 1);
    });
}
