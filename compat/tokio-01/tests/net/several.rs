//! Several tasks at one socket, each on a thread of its own.

use std::io::Write;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use futures::{Async, Future, Poll, future};
use tokio::io::{self, AsyncRead};
use tokio::net::TcpStream;

use crate::kit::{tcp_and_std, udp_pair};

/// More than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// Reads a byte of a stream that is shared.
fn byte(stream: &TcpStream) -> Poll<u8, io::Error> {
    let mut buf = [0];
    Ok((&*stream).poll_read(&mut buf)?.map(|_| buf[0]))
}

/// In tokio 0.1 the task that came second replaced the first, which then waited for ever.
#[test]
fn every_task_that_reads_is_notified() {
    const READERS: usize = 4;
    let (client, mut server) = tcp_and_std();
    let client = Arc::new(client);
    let (waiting, waits) = mpsc::channel();
    let (found, bytes) = mpsc::channel();
    for _ in 0..READERS {
        let (client, waiting, found) = (client.clone(), waiting.clone(), found.clone());
        thread::spawn(move || {
            let reading = future::poll_fn(|| {
                let polled = byte(&client);
                if let Ok(Async::NotReady) = polled {
                    waiting.send(()).unwrap();
                }
                polled
            });
            found.send(reading.wait().unwrap()).unwrap();
        });
    }
    for _ in 0..READERS {
        waits.recv_timeout(LONG).unwrap();
    }
    server.write_all(b"abcd").unwrap();
    let mut all: Vec<u8> = (0..READERS).map(|_| bytes.recv_timeout(LONG).unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, b"abcd");
}

#[test]
fn a_reader_and_a_writer_do_not_disturb_each_other() {
    let (client, mut server) = tcp_and_std();
    let client = Arc::new(client);
    let reader = {
        let client = client.clone();
        thread::spawn(move || future::poll_fn(|| byte(&client)).wait().unwrap())
    };
    let filling = {
        let client = client.clone();
        thread::spawn(move || io::write_all(&*client, vec![1; 4 << 20]).wait().map(drop).unwrap())
    };
    let mut received = 0;
    let mut buf = vec![0; 64 << 10];
    while received < 4 << 20 {
        received += std::io::Read::read(&mut server, &mut buf).unwrap();
    }
    filling.join().unwrap();
    server.write_all(b"z").unwrap();
    assert_eq!(reader.join().unwrap(), b'z');
}

/// One task, notified through different handles: each part of it is woken by itself.
#[test]
fn parts_of_a_task_are_notified_each_by_itself() {
    use futures::Stream;
    use futures::stream::FuturesUnordered;
    let pairs: Vec<_> = (0..8).map(|_| tcp_and_std()).collect();
    let mut all = FuturesUnordered::new();
    let mut servers = Vec::new();
    for (client, server) in pairs {
        all.push(io::read_exact(client, [0; 1]).map(|(_, buf)| buf[0]));
        servers.push(server);
    }
    let writer = thread::spawn(move || {
        for (number, server) in servers.iter_mut().enumerate().rev() {
            server.write_all(&[number as u8]).unwrap();
        }
        servers
    });
    let mut found = all.collect().wait().unwrap();
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3, 4, 5, 6, 7]);
    drop(writer.join().unwrap());
}

/// A task that polls again and again without an event is kept once.
#[test]
fn polling_often_keeps_a_task_once() {
    use futures::executor::{Notify, spawn};
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Notify for Count {
        fn notify(&self, _: usize) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let (client, mut server) = tcp_and_std();
    let count = Arc::new(Count::default());
    let mut reading = spawn(future::poll_fn(|| byte(&client)));
    for _ in 0..1000 {
        assert!(reading.poll_future_notify(&count, 0).unwrap().is_not_ready());
    }
    assert_eq!(count.0.load(Ordering::SeqCst), 0, "nothing has happened");
    server.write_all(b"a").unwrap();
    let start = std::time::Instant::now();
    while count.0.load(Ordering::SeqCst) == 0 {
        assert!(start.elapsed() < LONG, "nobody was notified");
        thread::yield_now();
    }
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(reading.poll_future_notify(&count, 0).unwrap(), Async::Ready(b'a'));
}

#[test]
fn datagrams_reach_a_task_that_waits_on_another_thread() {
    let (one, two) = udp_pair();
    let to = one.local_addr().unwrap();
    let receiving = thread::spawn(move || one.recv_dgram([0; 8]).wait().unwrap());
    two.send_dgram(b"ahoy", &to).wait().unwrap();
    let (_, buf, len, _) = receiving.join().unwrap();
    assert_eq!(&buf[..len], b"ahoy");
}
