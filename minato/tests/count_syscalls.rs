//! Counts system calls with `strace`, where there is one: a warm echo round trip is three, a socket
//! that never blocks is never registered, an accept after an event is followed by no vain one.
//!
//! Each case runs in a child process between two marks, which are calls that nothing else makes.

mod kit;

use std::collections::BTreeMap;
use std::pin::pin;
use std::process::Command;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::udp::{RecvBatch, Transmit};
use minato::net::{TcpListener, TcpStream, UdpSocket};

use kit::{child_arguments, child_command, current_thread, is_child, standard_echo_server};

/// The number that only the marks ask about: no process has it.
const MARK: i32 = i32::MAX;

/// A call that does nothing and is seen in the trace.
fn mark() {
    // SAFETY: signal 0 is never delivered; the call only looks the process up.
    unsafe { libc::kill(MARK, 0) };
}

/// How often each call was made by the marked thread of the child between its two marks, or `None`
/// where `strace` cannot be used.
fn traced(name: &str) -> Option<BTreeMap<String, usize>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let plain = child_command(name);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&file).arg(plain.get_program());
    command.args(child_arguments(name));
    for (key, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: strace cannot be run: {error}");
            return None;
        }
    };
    let trace = std::fs::read_to_string(&file).unwrap_or_default();
    if !trace.contains("execve") {
        println!("skipped: strace is not allowed to trace: {output:?}");
        return None;
    }
    assert!(output.status.success(), "the child failed: {output:?}");
    Some(between_marks(&trace))
}

/// The calls of the thread that makes the marks, between the two. Another thread's calls may cut a
/// line in two, `name(.. <unfinished ...>` and `<... name resumed>`, of which the first counts.
fn between_marks(trace: &str) -> BTreeMap<String, usize> {
    // Without its end, which may stand in another line.
    let marks = format!("kill({MARK}, 0");
    let marked = trace.lines().find(|line| line.contains(&marks)).expect("there is no mark");
    let thread = marked.split_whitespace().next().unwrap();
    let own = trace.lines().filter_map(|line| {
        let (id, rest) = line.split_once(char::is_whitespace)?;
        (id == thread).then(|| rest.trim_start())
    });
    let mut counts = BTreeMap::new();
    let mut inside = 0;
    for call in own {
        if call.starts_with(&marks) {
            inside += 1;
        } else if inside == 1
            && !call.starts_with("<...")
            && let Some((name, _)) = call.split_once('(')
        {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(inside, 2, "there must be two marks");
    counts
}

/// Runs `body` in the child, and gives what it did between its marks in the parent.
fn counted(name: &str, body: impl Future<Output = ()>) -> Option<BTreeMap<String, usize>> {
    if is_child(name) {
        current_thread().block_on(body);
        return None;
    }
    traced(name)
}

fn calls(counts: &BTreeMap<String, usize>, name: &str) -> usize {
    counts.get(name).copied().unwrap_or(0)
}

const ROUNDS: usize = 100;

async fn round_trip(stream: &mut TcpStream) {
    stream.write_all(&[5; 64]).await.unwrap();
    // Room for more than comes, as a server has: what is read is known to be all there is.
    let mut received = 0;
    while received < 64 {
        received += stream.read(&mut [0; 4096]).await.unwrap();
    }
}

#[test]
fn a_warm_round_trip_is_three_calls() {
    let counts = counted("a_warm_round_trip_is_three_calls", async {
        let mut stream = TcpStream::connect(standard_echo_server()).await.unwrap();
        minato::spawn(async move {
            for _ in 0..20 {
                round_trip(&mut stream).await;
            }
            mark();
            for _ in 0..ROUNDS {
                round_trip(&mut stream).await;
            }
            mark();
        })
        .await
        .unwrap();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "sendto"), ROUNDS, "{counts:?}");
    assert_eq!(calls(&counts, "recvfrom"), ROUNDS, "{counts:?}");
    assert!(calls(&counts, "epoll_wait") <= ROUNDS + 2, "{counts:?}");
    let all: usize = counts.values().sum();
    assert!(all <= 3 * ROUNDS + 2, "{counts:?}");
}

#[test]
fn the_canary_looks_once_more_and_is_counted() {
    let counts = counted("the_canary_looks_once_more_and_is_counted", async {
        let mut stream = TcpStream::connect(standard_echo_server()).await.unwrap();
        round_trip(&mut stream).await;
        mark();
        for _ in 0..ROUNDS {
            round_trip(&mut stream).await;
            stream.ttl().unwrap();
        }
        mark();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "getsockopt"), ROUNDS, "{counts:?}");
}

#[test]
fn a_socket_that_never_blocks_is_never_registered() {
    let counts = counted("a_socket_that_never_blocks_is_never_registered", async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        std::io::Write::write_all(&mut &peer, &[1; 640]).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        mark();
        for _ in 0..10 {
            stream.read_exact(&mut [0; 64]).await.unwrap();
            stream.write_all(&[2; 64]).await.unwrap();
        }
        drop(stream);
        mark();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "epoll_ctl"), 0, "{counts:?}");
    assert_eq!(calls(&counts, "recvfrom"), 10, "{counts:?}");
    assert_eq!(calls(&counts, "sendto"), 10, "{counts:?}");
    assert_eq!(calls(&counts, "close"), 1, "{counts:?}");
}

#[test]
fn an_accept_after_an_event_is_followed_by_no_vain_one() {
    let counts = counted("an_accept_after_an_event_is_followed_by_no_vain_one", async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(futures::poll!(pin!(listener.accept())).is_pending());
        mark();
        for _ in 0..ROUNDS {
            // The listener waits before anybody connects.
            let mut accepts = pin!(listener.accept());
            assert!(futures::poll!(&mut accepts).is_pending());
            let client = std::net::TcpStream::connect(address).unwrap();
            accepts.await.unwrap();
            drop(client);
        }
        mark();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "accept4"), ROUNDS, "{counts:?}");
    assert!(calls(&counts, "epoll_ctl") <= ROUNDS, "{counts:?}");
}

/// The system tells how many wait, so that neither each of them nor their end costs a call.
#[test]
fn a_burst_is_accepted_with_a_call_each() {
    let counts = counted("a_burst_is_accepted_with_a_call_each", async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(futures::poll!(pin!(listener.accept())).is_pending());
        let clients: Vec<_> =
            (0..ROUNDS).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
        let mut accepted = Vec::new();
        mark();
        for _ in &clients {
            accepted.push(listener.accept().await.unwrap());
        }
        mark();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "accept4"), ROUNDS, "{counts:?}");
    // A wait, a question, and one request to have reported what comes after.
    assert!(counts.values().sum::<usize>() <= ROUNDS + 3, "{counts:?}");
}

/// 64 datagrams are one call to send and, where the kernel joins them, one to receive.
#[test]
fn datagrams_in_bulk_are_a_call_for_many() {
    const DATAGRAMS: usize = 50;
    let joins = current_thread().block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.max_send_segments().unwrap().min(socket.max_recv_segments().unwrap())
    });
    if joins < DATAGRAMS {
        println!("skipped: this kernel does not segment or join");
        return;
    }
    let counts = counted("datagrams_in_bulk_are_a_call_for_many", async {
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let contents = vec![1; DATAGRAMS * 1000];
        let target = receiver.local_addr().unwrap();
        let transmit = Transmit::new(target, &contents).segment_size(1000);
        let mut batch = RecvBatch::new();
        // Whatever is done on the first use is done.
        assert!(receiver.try_recv_batch(&mut batch).is_err());
        sender.max_send_segments().unwrap();
        mark();
        for _ in 0..ROUNDS {
            assert_eq!(sender.send_batch(&transmit).await.unwrap(), contents.len());
            assert_eq!(receiver.recv_batch(&mut batch).await.unwrap(), DATAGRAMS);
        }
        mark();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "sendmsg"), ROUNDS, "{counts:?}");
    assert_eq!(calls(&counts, "recvmmsg"), ROUNDS, "{counts:?}");
    assert_eq!(counts.values().sum::<usize>(), 2 * ROUNDS + looks(2 * ROUNDS), "{counts:?}");
}

/// A datagram that is there is one call to receive, and one is a call to send.
#[test]
fn single_datagrams_are_a_call_each() {
    let counts = counted("single_datagrams_are_a_call_each", async {
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let target = receiver.local_addr().unwrap();
        let mut buf = [0; 64];
        mark();
        for _ in 0..ROUNDS {
            sender.send_to(&[1; 64], target).unwrap();
            sender.send_to(&[1; 64], target).unwrap();
            receiver.recv_from(&mut buf).await.unwrap();
            receiver.recv_dgram_from(&mut buf).await.unwrap();
            receiver.send_to(&[2], sender.local_addr().unwrap()).await.unwrap();
        }
        mark();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "recvfrom"), 2 * ROUNDS, "{counts:?}");
    assert_eq!(calls(&counts, "sendto"), 3 * ROUNDS, "{counts:?}");
    assert_eq!(calls(&counts, "getsockname"), ROUNDS, "the sender's own address: {counts:?}");
    assert_eq!(counts.values().sum::<usize>(), 6 * ROUNDS + looks(3 * ROUNDS), "{counts:?}");
}

/// The peer reads what was sent before it answers. That makes room in our socket, which is no
/// event; and a batch that leaves buffers empty has found out that nothing else waits.
#[test]
fn an_answer_in_bulk_is_one_wait_and_one_call() {
    let counts = counted("an_answer_in_bulk_is_one_wait_and_one_call", async {
        let asking = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let answering = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let target = answering.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut buf = [0; 64];
            while let Ok((len, from)) = answering.recv_from(&mut buf) {
                std::thread::sleep(std::time::Duration::from_millis(1));
                answering.send_to(&buf[..len], from).unwrap();
            }
        });
        let mut batch = RecvBatch::new();
        let mut exchange = async || {
            asking.send_to(&[1; 64], target).await.unwrap();
            assert_eq!(asking.recv_batch(&mut batch).await.unwrap(), 1);
        };
        exchange().await;
        mark();
        for _ in 0..ROUNDS {
            exchange().await;
        }
        mark();
    });
    let Some(counts) = counts else { return };
    assert_eq!(calls(&counts, "epoll_wait"), ROUNDS, "{counts:?}");
    assert_eq!(calls(&counts, "recvmmsg"), ROUNDS, "{counts:?}");
    assert_eq!(counts.values().sum::<usize>(), 3 * ROUNDS, "{counts:?}");
}

/// How often so many operations use up the budget of a poll: then the reactor is looked at.
fn looks(operations: usize) -> usize {
    operations / 128
}

/// However many tasks yield, the reactor is looked at once for all of them.
#[test]
fn a_round_of_yields_is_one_look_at_the_reactor() {
    let counts = counted("a_round_of_yields_is_one_look_at_the_reactor", async {
        let yields = |is_first| async move {
            for round in 0..3 * ROUNDS {
                if is_first && (round == ROUNDS || round == 2 * ROUNDS) {
                    mark();
                }
                minato::task::yield_now().await;
            }
        };
        let tasks: Vec<_> = (0..20).map(|number| minato::spawn(yields(number == 0))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let Some(counts) = counts else { return };
    assert_eq!(counts.values().sum::<usize>(), ROUNDS, "{counts:?}");
    assert_eq!(calls(&counts, "epoll_wait"), ROUNDS, "{counts:?}");
}

/// Tasks that wake each other on one thread need the system for nothing.
#[test]
fn waking_a_task_of_the_same_thread_is_no_call() {
    let counts = counted("waking_a_task_of_the_same_thread_is_no_call", async {
        let (to_other, from_one) = futures::channel::mpsc::unbounded::<()>();
        let (to_one, from_other) = futures::channel::mpsc::unbounded::<()>();
        use futures::StreamExt;
        let pass = |mut from: futures::channel::mpsc::UnboundedReceiver<()>,
                    to: futures::channel::mpsc::UnboundedSender<()>| async move {
            for round in 0..1_000 {
                from.next().await.unwrap();
                _ = to.unbounded_send(());
                if round == 100 || round == 600 {
                    mark();
                }
            }
        };
        to_other.unbounded_send(()).unwrap();
        let one = minato::spawn(pass(from_one, to_one));
        let mut from = from_other;
        let other = minato::spawn(async move {
            while from.next().await.is_some() {
                _ = to_other.unbounded_send(());
            }
        });
        one.await.unwrap();
        other.abort();
    });
    let Some(counts) = counts else { return };
    // A look at the reactor now and then, so that sockets have their turn, and nothing else.
    assert_eq!(counts.len(), calls(&counts, "epoll_wait").min(1), "{counts:?}");
    assert!(calls(&counts, "epoll_wait") <= 1_000 / 61 + 1, "{counts:?}");
}

/// Two connections to threads of std's: one sends what `source` writes, one gives it to `sink`.
async fn relay_ends(
    source: impl FnOnce(std::net::TcpStream) + Send + 'static,
    sink: impl FnOnce(std::net::TcpStream) + Send + 'static,
) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || {
        let peer = std::net::TcpStream::connect(address).unwrap();
        peer.set_nodelay(true).unwrap();
        peer
    };
    let peer = connect();
    std::thread::spawn(move || source(peer));
    let near = listener.accept().await.unwrap().0;
    let peer = connect();
    std::thread::spawn(move || sink(peer));
    (near, listener.accept().await.unwrap().0)
}

#[test]
fn a_long_stream_between_sockets_is_spliced() {
    const MIB: usize = 64;
    let counts = counted("a_long_stream_between_sockets_is_spliced", async {
        use std::io::{Read, Write};
        let (mut near, mut far) = relay_ends(
            |mut peer| (0..MIB).for_each(|_| peer.write_all(&[6; 1 << 20]).unwrap()),
            |mut peer| while peer.read(&mut [0; 65_536]).unwrap() > 0 {},
        )
        .await;
        mark();
        let copied = minato::io::copy(&mut near, &mut far).await.unwrap();
        mark();
        assert_eq!(copied, (MIB as u64) << 20);
    });
    let Some(counts) = counts else { return };
    assert!(calls(&counts, "splice") > MIB, "{counts:?}");
    // It begins by copying a little, and asks by reading whether the stream has ended.
    assert!(calls(&counts, "recvfrom") < MIB, "{counts:?}");
    assert!(calls(&counts, "sendto") < MIB, "{counts:?}");
    // A pipe serves as long as the stream does not thin out, however often it has to wait.
    let pipes = calls(&counts, "pipe2");
    assert!((1..=MIB / 8).contains(&pipes), "{counts:?}");
    assert_eq!(calls(&counts, "close"), 2 * pipes, "{counts:?}");
}

/// A message is two calls and a wait on its way, and there is not even a look at another way.
#[test]
fn messages_between_sockets_are_copied() {
    let counts = counted("messages_between_sockets_are_copied", async {
        use std::io::{Read, Write};
        const SIZE: usize = 5_000;
        let (mut near, mut far) = relay_ends(
            |mut peer| {
                let mut answer = [0; SIZE];
                for _ in 0..ROUNDS {
                    peer.write_all(&[6; SIZE]).unwrap();
                    peer.read_exact(&mut answer).unwrap();
                }
            },
            |mut peer| {
                let mut message = [0; SIZE];
                while peer.read_exact(&mut message).is_ok() {
                    peer.write_all(&message).unwrap();
                }
            },
        )
        .await;
        mark();
        // A task of its own, as a relay has: so it waits in its own sockets' places.
        minato::io::copy_bidirectional(&mut near, &mut far).await.unwrap();
        mark();
    });
    let Some(counts) = counts else { return };
    for call in ["splice", "pipe2", "rt_sigaction", "fcntl"] {
        assert_eq!(calls(&counts, call), 0, "{counts:?}");
    }
    // Beginning and end are some more.
    assert_eq!(calls(&counts, "sendto"), 2 * ROUNDS, "{counts:?}");
    assert!(calls(&counts, "recvfrom") <= 2 * ROUNDS + 6, "{counts:?}");
}

#[test]
fn a_file_is_sent_without_being_read() {
    let counts = counted("a_file_is_sent_without_being_read", async {
        use std::io::{Read, Write};
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 1 << 20]).unwrap();
        let (_, far) =
            relay_ends(drop, |mut peer| while peer.read(&mut [0; 65_536]).unwrap() > 0 {}).await;
        mark();
        assert_eq!(far.send_file(&file, 0, None).await.unwrap(), 1 << 20);
        mark();
    });
    let Some(counts) = counts else { return };
    assert!(calls(&counts, "sendfile") >= 4, "{counts:?}");
    assert_eq!(calls(&counts, "rt_sigaction"), 1, "once for all of it: {counts:?}");
    for call in ["read", "pread64", "write", "sendto"] {
        assert_eq!(calls(&counts, call), 0, "{counts:?}");
    }
}
