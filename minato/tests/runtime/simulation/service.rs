//! A service that uses much of the library, swept while 2% of all packets are lost. Its clients
//! check what a program may rely on: each byte once and in order, no wait without an end, no timer
//! early, late or twice, nothing left open. `cargo xtask recall` plants bugs, which this sweep must
//! find.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures::StreamExt;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use minato::net::{UnixDatagram, UnixListener, UnixStream};
use minato::sim::{self, Host, Scenario, Verb};
use minato::task::spawn_local;
use minato::time::{Instant, interval, sleep, timeout};

const PORT: u16 = 7000;

/// More than all buffers of a connection hold.
const BULK: usize = 600_000;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 7 + index / 251) as u8).collect()
}

/// Gives each connection back what it sent, once it has ended its side.
async fn echo_after_the_end() -> io::Result<()> {
    let mut incoming = TcpListener::bind(("0.0.0.0", PORT)).await?.incoming();
    while let Some(stream) = incoming.next().await {
        let mut stream = stream?;
        spawn_local(async move {
            // By then the last bytes and the end are there, behind one event.
            stream.readable().await?;
            sleep(millis(5)).await;
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await?;
            stream.write_all(&all).await?;
            stream.shutdown().await
        });
    }
    Ok(())
}

/// Gives bytes back as they come.
async fn echo(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        spawn_local(async move {
            let (mut reader, mut writer) = stream.into_split();
            minato::io::copy(&mut reader, &mut writer).await?;
            writer.shutdown().await
        });
    }
}

/// Both halves of one socket wait at once, and all that was sent comes back.
async fn transfers(_: Host) -> io::Result<()> {
    for round in 0..2 {
        let stream = TcpStream::connect(("server", PORT + 1)).await?;
        let (mut reader, mut writer) = stream.into_split();
        let sending = spawn_local(async move {
            writer.write_all(&pattern(BULK)).await?;
            writer.shutdown().await
        });
        let mut back = Vec::new();
        reader.read_to_end(&mut back).await?;
        assert_eq!(back.len(), BULK, "bytes are missing in round {round}");
        assert!(back == pattern(BULK), "bytes are not what they were in round {round}");
        sending.await??;
    }
    Ok(())
}

/// Asks, ends its side, and reads the answer to the end, which stays the end.
async fn half_closes(_: Host) -> io::Result<()> {
    for round in 0..5 {
        let mut stream = TcpStream::connect(("server", PORT)).await?;
        let question = format!("question {round}");
        stream.write_all(question.as_bytes()).await?;
        match round % 2 {
            0 => stream.shutdown().await?,
            _ => stream.shutdown_half(Shutdown::Write)?,
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert_eq!(answer, question);
        stream.readable().await?;
        assert_eq!(stream.read(&mut [0]).await?, 0);
        stream.read_closed().await?;
        sleep(millis(20)).await;
    }
    Ok(())
}

/// Gives up its waits all the time, and misses nothing.
async fn gives_up(host: Host) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    let (here, there) = UnixDatagram::pair()?;
    let clients = spawn_local(async move {
        for number in 0..50_u8 {
            let mut stream = TcpStream::connect((host.ip(), PORT)).await?;
            stream.write_all(&[number]).await?;
            there.send(&[number]).await?;
            stream.read_exact(&mut [0]).await?;
            sleep(millis(2)).await;
        }
        io::Result::Ok(())
    });
    for number in 0..50_u8 {
        let mut byte = [0];
        let mut tries = 0;
        let mut stream = loop {
            // Polled once, as the arm of a select that loses.
            match poll_once(listener.accept()).await {
                Some(accepted) => break accepted?.0,
                None => sleep(millis(1)).await,
            }
            tries += 1;
            assert!(tries < 10_000, "connection {number} was lost");
        };
        stream.read_exact(&mut byte).await?;
        assert_eq!(byte, [number]);
        stream.write_all(&byte).await?;
        let mut tries = 0;
        loop {
            match poll_once(here.recv(&mut byte)).await {
                Some(received) => break assert_eq!(received?, 1),
                None => sleep(millis(1)).await,
            }
            tries += 1;
            assert!(tries < 10_000, "datagram {number} was lost");
        }
        assert_eq!(byte, [number]);
    }
    clients.await?
}

/// Polls a future once, and drops it.
async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match futures::poll!(pin!(future)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Accepts although connections die in the queue and descriptors run short, with pauses.
async fn survives_errors(host: Host) -> io::Result<()> {
    const SHORT: i32 = 24;
    const ABORTED: i32 = 103;
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    host.fail(Verb::Accept, PORT, [ABORTED, SHORT, SHORT, SHORT, SHORT, ABORTED]);
    let mut incoming = listener.incoming();
    let mut client = TcpStream::connect((host.ip(), PORT)).await?;
    let begun = Instant::now();
    let mut server = incoming.next().await.expect("it never ends")?;
    // 5, 10, 20 and 40 ms.
    assert!(begun.elapsed() >= millis(75), "it spins while descriptors are short");
    client.write_all(b"x").await?;
    server.read_exact(&mut [0]).await?;
    let refused = TcpStream::connect((host.ip(), PORT + 9)).await.map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    Ok(())
}

/// A reader that sleeps stops its writer, and a port stays taken for a minute after its close.
async fn is_held_back(host: Host) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", PORT)).await?;
    let client = TcpStream::connect(("127.0.0.1", PORT)).await?;
    let (server, _) = listener.accept().await?;
    drop(listener);
    server.try_write(b"unread")?;
    client.readable().await?;
    let mut taken = 0;
    for _ in 0..200 {
        match client.try_write(&[0; 16_384]) {
            Ok(len) => taken += len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(millis(1)).await,
            Err(error) => return Err(error),
        }
    }
    timeout(Duration::from_secs(5), client.readable())
        .await
        .map_err(|_| io::Error::other("a full socket has forgotten what can be read"))??;
    assert!(taken < 1 << 20, "{taken} bytes are queued for a reader that sleeps");
    drop((server, client));
    sleep(millis(10)).await;
    let listener = TcpListener::bind(("127.0.0.1", PORT + 2)).await?;
    let client = TcpStream::connect(("127.0.0.1", PORT + 2)).await?;
    let (server, _) = listener.accept().await?;
    drop(listener);
    drop(server);
    sleep(millis(10)).await;
    drop(client);
    sleep(millis(10)).await;
    let plain = TcpSocket::new_v4()?;
    let bound = plain.bind(([127, 0, 0, 1], PORT + 2).into());
    assert_eq!(bound.unwrap_err().kind(), ErrorKind::AddrInUse, "an old packet might come");
    assert_eq!(host.world().now().as_secs() / 3600, 0);
    Ok(())
}

/// Timers on each level of the wheel, and an interval.
async fn keeps_time(_: Host) -> io::Result<()> {
    let begun = Instant::now();
    let sleepers = [3, 50, 65, 300, 5_000, 70_000, 300_000].map(|length| {
        spawn_local(async move {
            let begun = Instant::now();
            sleep(millis(length)).await;
            let passed = begun.elapsed();
            assert!(passed >= millis(length), "{length} ms were over after {passed:?}");
            assert!(passed <= millis(length + 2), "{length} ms were over after {passed:?}");
        })
    });
    let mut ticks = interval(millis(10));
    for _ in 0..=100 {
        ticks.tick().await;
    }
    let passed = begun.elapsed();
    assert!(passed >= millis(1000) && passed <= millis(1005), "100 ticks took {passed:?}");
    for sleeper in sleepers {
        sleeper.await?;
    }
    assert!(timeout(millis(7), std::future::pending::<()>()).await.is_err());
    Ok(())
}

/// Two that are always ready let others run; an error that waits is reported once.
async fn is_fair(host: Host) -> io::Result<()> {
    let turns = Rc::new(Cell::new(0));
    let counting = turns.clone();
    let counter = spawn_local(async move {
        loop {
            counting.set(counting.get() + 1);
            minato::task::yield_now().await;
        }
    });
    minato::task::yield_now().await;
    let (mut one, mut two) = UnixStream::pair()?;
    let before = turns.get();
    for _ in 0..2_000 {
        one.write_all(b"x").await?;
        two.read_exact(&mut [0]).await?;
    }
    assert!(turns.get() > before + 5, "one task has kept all others from running");
    counter.abort();
    _ = counter.await;

    let socket = UdpSocket::bind((host.ip(), 0)).await?;
    socket.connect((host.ip(), PORT + 5)).await?;
    socket.send(b"nobody").await?;
    assert_eq!(socket.recv(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(socket.try_recv(&mut [0]).is_err());
    let woken = timeout(millis(30), socket.readable()).await;
    assert!(woken.is_err(), "an error that was taken wakes again and again");
    Ok(())
}

/// Many wait for one socket at a time, and all are woken; so are those of both directions.
async fn wakes_all(_: Host) -> io::Result<()> {
    let path = "/run/service";
    let listener = UnixListener::bind(path)?;
    let mut client = UnixStream::connect(path).await?;
    let server = Rc::new(listener.accept().await?.0);
    // An accepted socket is taken to be ready until it is not.
    assert!(server.try_read(&mut [0; 8]).is_err());
    let woken = Rc::new(Cell::new(0));
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let (server, woken) = (server.clone(), woken.clone());
            spawn_local(async move {
                server.readable().await?;
                woken.set(woken.get() + 1);
                io::Result::Ok(())
            })
        })
        .collect();
    sleep(millis(1)).await;
    client.write_all(b"x").await?;
    for task in waiting {
        timeout(Duration::from_secs(5), task)
            .await
            .map_err(|_| io::Error::other("a wake is lost"))???;
    }
    assert_eq!(woken.get(), 40);
    // A waiter that moves to another task, whose waker must replace the first one.
    assert_eq!(server.try_read(&mut [0; 8])?, 1);
    assert!(server.try_read(&mut [0; 8]).is_err());
    let mut server = Rc::into_inner(server).expect("all others have ended");
    let mut reading = Box::pin(async move { server.read(&mut [0; 8]).await });
    assert!(futures::poll!(&mut reading).is_pending());
    let moved = spawn_local(reading);
    sleep(millis(1)).await;
    client.write_all(b"y").await?;
    let moved = timeout(Duration::from_secs(5), moved).await;
    assert_eq!(moved.map_err(|_| io::Error::other("a wake went to the task before"))???, 1);
    // Two connections behind one event.
    let accepting = spawn_local(async move {
        for _ in 0..2 {
            listener.accept().await?;
        }
        io::Result::Ok(())
    });
    sleep(millis(1)).await;
    let _clients = [UnixStream::connect(path).await?, UnixStream::connect(path).await?];
    let accepting = timeout(Duration::from_secs(5), accepting).await;
    accepting.map_err(|_| io::Error::other("a connection waits and nobody was told"))??
}

fn service(sim: &mut Scenario) {
    sim.host("server", |_| async {
        let both = futures::future::try_join(echo_after_the_end(), echo(PORT + 1));
        both.await.map(drop)
    });
    sim.client("transfers", transfers);
    sim.client("half closes", half_closes);
    sim.client("gives up", gives_up);
    sim.client("survives errors", survives_errors);
    sim.client("is held back", is_held_back);
    sim.client("keeps time", keeps_time);
    sim.client("is fair", is_fair);
    sim.client("wakes all", wakes_all);
    sim.world().links().loss(0.02).unwrap();
    sim.must_finish_within(Duration::from_secs(3600));
}

#[test]
fn a_service_survives_its_sweep() {
    sim::sweep(service).named("service").seeds(0..20).shrink_runs(0).run();
}
