//! Unix sockets: streams, listeners, datagrams, and what passes through them besides bytes.

mod everywhere;

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::Arc;

use everywhere::{CountingWaker, on_the_system, poll_with, simulated, stays_pending};
use futures::{StreamExt, future};
use minato::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use minato::net::unix::SocketAddr;
use minato::net::{UnixDatagram, UnixListener, UnixStream};
use minato::reactor::Reactor;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn echo_through_a_path() {
    on_the_system(|| async {
        let directory = directory();
        let path = directory.path().join("echo");
        let listener = UnixListener::bind(&path)?;
        assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path));
        let serve = async {
            let (mut stream, from) = listener.accept().await?;
            assert!(from.is_unnamed());
            let mut buf = [0; 4096];
            loop {
                match stream.read(&mut buf).await? {
                    0 => return io::Result::Ok(()),
                    len => stream.write_all(&buf[..len]).await?,
                }
            }
        };
        let drive = async {
            let mut stream = UnixStream::connect(&path).await?;
            assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
            for round in 0..20 {
                let sent: Vec<u8> =
                    (0..64 + round * 997).map(|at| (at * 3 + round) as u8).collect();
                let mut received = vec![0; sent.len()];
                let (mut reader, mut writer) = stream.split();
                let (read, written) =
                    future::join(reader.read_exact(&mut received), writer.write_all(&sent)).await;
                read.and(written)?;
                assert_eq!(sent, received);
            }
            stream.shutdown().await?;
            assert_eq!(stream.read(&mut [0; 8]).await?, 0);
            io::Result::Ok(())
        };
        let (served, driven) = future::join(serve, drive).await;
        served.and(driven)
    });
}

#[test]
fn two_owned_halves() {
    on_the_system(|| async {
        let (one, mut two) = UnixStream::pair()?;
        assert!(one.local_addr()?.is_unnamed() && one.peer_addr()?.is_unnamed());
        let (mut read, mut write) = one.into_split();
        write.write_all(b"all").await?;
        drop(write);
        let mut all = Vec::new();
        two.read_to_end(&mut all).await?;
        assert_eq!(all, b"all");
        two.write_all(b"back").await?;
        drop(two);
        all.clear();
        read.read_to_end(&mut all).await?;
        assert_eq!(all, b"back");
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_goes_with_its_socket() {
    use std::os::linux::net::SocketAddrExt;
    on_the_system(|| async {
        let name = format!("minato-test-{}-{:p}", std::process::id(), &());
        let address = SocketAddr::from_abstract_name(&name)?;
        let listener = UnixListener::bind_addr(&address)?;
        assert_eq!(listener.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
        let client = UnixStream::connect_addr(&address).await?;
        assert_eq!(client.peer_addr()?.as_abstract_name(), Some(name.as_bytes()));
        // The same, written as a path.
        let _client = UnixStream::connect(format!("\0{name}")).await?;
        listener.accept().await?;
        listener.accept().await?;
        drop(listener);
        let error = UnixStream::connect_addr(&address).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));

        let receiver = UnixDatagram::bind_addr(&address)?;
        let sender = UnixDatagram::unbound()?;
        sender.send_to_addr(b"x", &address).await?;
        sender.connect_addr(&address)?;
        sender.send(b"y").await?;
        assert_eq!(receiver.recv(&mut [0; 4]).await?, 1);
        assert_eq!(receiver.recv(&mut [0; 4]).await?, 1);
        Ok(())
    });
}

#[test]
fn connections_that_came_in_one_event_are_all_accepted() {
    on_the_system(|| async {
        let directory = directory();
        let path = directory.path().join("burst");
        let listener = UnixListener::bind(&path)?;
        {
            let mut waiting = pin!(listener.accept());
            assert!(stays_pending(&mut waiting).await);
            for _ in 0..4 {
                UnixStream::connect(&path).await?;
            }
            waiting.await?;
        }
        listener.accept().await?;
        poll_fn(|cx| listener.poll_accept(cx)).await?;
        let mut incoming = listener.incoming();
        assert!(incoming.next().await.unwrap().is_ok());
        assert!(stays_pending(&mut incoming.next()).await);
        let error = incoming.into_inner().try_accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

/// A read stops behind bytes that carried descriptors, however much is queued behind them: taking
/// the short read for the end would hang here.
#[test]
fn descriptors_cut_a_read_short_and_the_rest_is_there() {
    on_the_system(|| async {
        let (mut one, mut two) = UnixStream::pair()?;
        let null = std::fs::File::open("/dev/null")?;
        let (mut buf, mut other) = ([0; 64], [0; 64]);
        {
            let mut reading = pin!(two.read(&mut buf));
            assert!(stays_pending(&mut reading).await);
            one.send_with_fds(b"with", &[null.as_fd()]).await?;
            one.write_all(b"without").await?;
            assert_eq!(reading.await?, 4);
        }
        assert_eq!(two.read(&mut other).await?, 7);
        Ok(())
    });
}

/// A read never joins the bytes of two processes when their credentials are passed.
#[test]
fn credentials_cut_a_read_short_and_the_rest_is_there() {
    on_the_system(|| async {
        let (mut one, mut two) = UnixStream::pair()?;
        socket2::SockRef::from(&two).set_passcred(true)?;
        let (mut buf, mut other) = ([0; 64], [0; 64]);
        {
            let mut reading = pin!(two.read(&mut buf));
            assert!(stays_pending(&mut reading).await);
            one.write_all(b"parent").await?;
            let child = Stdio::from(one.as_fd().try_clone_to_owned()?);
            assert!(Command::new("echo").arg("child").stdout(child).status()?.success());
            assert_eq!(reading.await?, 6);
        }
        assert_eq!(two.read(&mut other).await?, 6);
        assert_eq!(&other[..6], b"child\n");
        Ok(())
    });
}

#[test]
fn data_and_the_end_in_one_event() {
    on_the_system(|| async {
        let (mut one, mut two) = UnixStream::pair()?;
        let (mut buf, mut other) = ([0; 64], [0; 64]);
        {
            let mut reading = pin!(two.read(&mut buf));
            assert!(stays_pending(&mut reading).await);
            one.write_all(b"last words").await?;
            drop(one);
            assert_eq!(reading.await?, 10);
        }
        assert_eq!(two.read(&mut other).await?, 0);
        assert_eq!(two.write(b"too late").await.unwrap_err().raw_os_error(), Some(libc::EPIPE));
        Ok(())
    });
}

#[test]
fn descriptors_arrive_and_no_more_than_wanted() {
    on_the_system(|| async {
        let (one, two) = UnixStream::pair()?;
        let pipes: Vec<_> = (0..3).map(|_| std::io::pipe()).collect::<Result<_, _>>()?;
        let writers: Vec<_> = pipes.iter().map(|(_, writer)| writer.as_fd()).collect();
        socket2::SockRef::from(&two).set_passcred(true)?;
        assert_eq!(one.send_with_fds(b"three", &writers).await?, 5);
        let (len, mut fds) = two.recv_with_fds(&mut [0; 16], 2).await?;
        assert_eq!((len, fds.len()), (5, 2));
        let (mut readers, writers): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
        drop(writers);
        std::fs::File::from(fds.remove(1)).write_all(b"through")?;
        drop(fds);
        let mut text = String::new();
        readers[1].read_to_string(&mut text)?;
        assert_eq!(text, "through");
        // The third was closed, or this would wait for its writer.
        readers[2].read_to_string(&mut text)?;
        assert_eq!(text, "through");

        one.send_with_fds(b"none", &[]).await?;
        let (len, fds) = two.recv_with_fds(&mut [0; 16], 9).await?;
        assert_eq!((len, fds.len()), (4, 0));
        let error = one.send_with_fds(b"", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let error = two.recv_with_fds(&mut [], 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let many = vec![one.as_fd(); 254];
        let error = one.send_with_fds(b"x", &many).await.unwrap_err();
        assert!(error.to_string().contains("254"), "{error}");
        drop(one);
        assert_eq!(two.recv_with_fds(&mut [0; 1], 1).await?.0, 0);
        Ok(())
    });
}

#[test]
fn a_peer_has_credentials() {
    let own = std::fs::metadata("/proc/self").unwrap();
    let (one, _two) = UnixStream::pair().unwrap();
    let peer = one.peer_cred().unwrap();
    assert_eq!((peer.uid(), peer.gid()), (own.uid(), own.gid()));
    assert_eq!(peer.pid(), Some(std::process::id() as i32));
}

#[test]
fn what_cannot_be_bound_or_reached_says_why() {
    on_the_system(|| async {
        let directory = directory();
        let path = directory.path().join("taken");
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        let listener = UnixListener::bind(&path)?;
        let error = UnixListener::bind(&path).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
        drop(listener);
        assert!(path.exists(), "the path stays behind");
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
        let error = UnixListener::bind("x".repeat(200)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("shorter"), "{error}");
        let unnamed = UnixDatagram::unbound()?.local_addr()?;
        assert!(unnamed.is_unnamed());
        let error = UnixStream::connect_addr(&unnamed).await.unwrap_err();
        assert!(error.to_string().contains("unnamed"), "{error}");
        Ok(())
    });
}

/// A listener with a full queue: Linux has no event for room in it.
#[test]
fn a_connect_waits_for_room_in_the_queue() {
    on_the_system(|| async {
        let directory = directory();
        let path = directory.path().join("full");
        let narrow = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        narrow.bind(&socket2::SockAddr::unix(&path)?)?;
        narrow.listen(0)?;
        let listener = UnixListener::try_from(OwnedFd::from(narrow))?;
        let _first = UnixStream::connect(&path).await?;
        let mut second = pin!(UnixStream::connect(&path));
        assert!(stays_pending(&mut second).await);
        listener.accept().await?;
        second.await?;
        Ok(())
    });
}

#[test]
fn datagrams_between_paths() {
    on_the_system(|| async {
        let directory = directory();
        let (at_a, at_b) = (directory.path().join("a"), directory.path().join("b"));
        let (a, b) = (UnixDatagram::bind(&at_a)?, UnixDatagram::bind(&at_b)?);
        assert_eq!(a.send_to(b"whole", &at_b).await?, 5);
        let mut buf = [0; 3];
        let (len, from) = b.recv_from(&mut buf).await?;
        assert_eq!((len, &buf, from.as_pathname()), (3, b"who", Some(&*at_a)));

        assert_eq!(poll_fn(|cx| a.poll_send_to(cx, b"", &at_b)).await?, 0);
        let mut memory = [0; 8];
        let mut window = ReadBuf::new(&mut memory);
        let from = poll_fn(|cx| b.poll_recv_from(cx, &mut window)).await?;
        assert_eq!((window.filled().len(), from.as_pathname()), (0, Some(&*at_a)));

        // Nobody can answer a sender that was never bound, but it is received all the same.
        let unbound = UnixDatagram::unbound()?;
        assert_eq!(unbound.try_send_to(b"anonymous", &at_b)?, 9);
        b.readable().await?;
        let mut buf = Vec::with_capacity(16);
        let (len, from) = b.recv_buf_from(&mut buf).await?;
        assert!((len, from.is_unnamed()) == (9, true));
        assert_eq!(b.try_recv_from(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);

        unbound.connect(&at_a)?;
        assert_eq!(unbound.peer_addr()?.as_pathname(), Some(&*at_a));
        unbound.send(b"connected").await?;
        assert_eq!(a.recv(&mut [0; 16]).await?, 9);
        let error = unbound.send_to(b"x", directory.path().join("nobody")).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        let error = a.send(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        Ok(())
    });
}

#[test]
fn two_datagrams_in_one_event_go_to_two_waiting_tasks() {
    on_the_system(|| async {
        let (one, two) = UnixDatagram::pair()?;
        let two = Arc::new(two);
        let receive = |socket: Arc<UnixDatagram>| async move {
            let mut buf = [0; 64];
            socket.recv(&mut buf).await
        };
        let first = minato::spawn(receive(two.clone()));
        let second = minato::spawn(receive(two.clone()));
        minato::task::yield_now().await;
        one.send(b"1").await?;
        one.send(b"22").await?;
        let mut lens = [first.await??, second.await??];
        lens.sort();
        assert_eq!(lens, [1, 2]);
        Ok(())
    });
}

#[test]
fn a_sender_waits_for_room_and_nothing_is_lost() {
    on_the_system(|| async {
        let (one, two) = UnixDatagram::pair()?;
        let mut queued = 0_usize;
        while one.try_send(&queued.to_ne_bytes()).is_ok() {
            queued += 1;
        }
        let last = queued.to_ne_bytes();
        let mut sending = pin!(one.send(&last));
        assert!(stays_pending(&mut sending).await);
        let mut buf = [0; 8];
        for number in 0..queued {
            assert_eq!(two.recv(&mut buf).await?, 8);
            assert_eq!(usize::from_ne_bytes(buf), number);
        }
        sending.await?;
        assert_eq!(two.recv(&mut buf).await?, 8);
        assert_eq!(buf, last);
        Ok(())
    });
}

/// The queue of the target is full of other senders' datagrams: the system tells this sender
/// nothing about it.
#[test]
fn a_sender_waits_for_room_at_a_target_it_is_not_connected_to() {
    on_the_system(|| async {
        let directory = directory();
        let path = directory.path().join("busy");
        let receiver = UnixDatagram::bind(&path)?;
        let (other, sender) = (UnixDatagram::unbound()?, UnixDatagram::unbound()?);
        while other.try_send_to(b"theirs", &path).is_ok() {}
        let mut sending = pin!(sender.send_to(b"ours", &path));
        assert!(stays_pending(&mut sending).await);
        let mut buf = [0; 8];
        while receiver.try_recv(&mut buf).is_ok() {}
        sending.await?;
        assert_eq!(receiver.recv(&mut buf).await?, 4);
        Ok(())
    });
}

#[test]
fn half_a_datagram_socket_can_be_shut_down() {
    on_the_system(|| async {
        let (one, two) = UnixDatagram::pair()?;
        one.send(b"before").await?;
        assert_eq!(two.recv(&mut [0; 8]).await?, 6);
        let mut buf = [0; 8];
        {
            let mut receiving = pin!(two.recv(&mut buf));
            assert!(stays_pending(&mut receiving).await);
            one.send(b"queued").await?;
            two.shutdown_half(Shutdown::Read)?;
            assert_eq!(receiving.await?, 6);
        }
        assert_eq!(two.recv(&mut buf).await?, 0);
        let (len, from) = two.recv_from(&mut buf).await?;
        assert!(len == 0 && from.is_unnamed());
        assert_eq!(one.send(b"after").await.unwrap_err().raw_os_error(), Some(libc::EPIPE));
        two.send(b"other way").await?;
        assert_eq!(one.recv(&mut [0; 16]).await?, 9);
        Ok(())
    });
}

#[test]
fn sockets_of_std_come_and_go() {
    on_the_system(|| async {
        let (one, two) = std::os::unix::net::UnixStream::pair()?;
        let (mut one, mut two) = (UnixStream::from_std(one)?, UnixStream::try_from(two)?);
        assert!(stays_pending(&mut pin!(one.readable())).await, "it is non-blocking");
        two.write_all(b"x").await?;
        one.read_exact(&mut [0]).await?;
        let mut one = one.into_std()?;
        one.set_nonblocking(false)?;
        two.write_all(b"std").await?;
        one.read_exact(&mut [0; 3])?;
        let mut one = UnixStream::from_std(one)?;
        assert!(stays_pending(&mut pin!(one.read(&mut [0; 8]))).await, "it was deregistered");

        let (one, two) = std::os::unix::net::UnixDatagram::pair()?;
        let (one, two) = (UnixDatagram::from_std(one)?, UnixDatagram::try_from(two)?);
        assert!(stays_pending(&mut pin!(one.readable())).await);
        two.send(b"dgram").await?;
        assert_eq!(one.recv(&mut [0; 8]).await?, 5);
        let one = one.into_std()?;
        two.send(b"std").await?;
        assert_eq!(one.recv(&mut [0; 8])?, 3);

        let directory = directory();
        let path = directory.path().join("std");
        let listener = UnixListener::from_std(std::os::unix::net::UnixListener::bind(&path)?)?;
        assert_eq!(listener.try_accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        let listener = listener.into_std()?;
        let _client = UnixStream::connect(&path).await?;
        listener.accept()?;
        Ok(())
    });
}

#[test]
fn what_is_no_unix_socket_is_refused() {
    let file = || OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    let tcp = || OwnedFd::from(std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let dgram = || OwnedFd::from(std::os::unix::net::UnixDatagram::unbound().unwrap());
    let stream = || OwnedFd::from(std::os::unix::net::UnixStream::pair().unwrap().0);
    let not_socket = [
        UnixStream::try_from(file()).unwrap_err(),
        UnixListener::try_from(file()).unwrap_err(),
        UnixDatagram::try_from(file()).unwrap_err(),
    ];
    for error in not_socket {
        assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
    }
    let wrong = [
        UnixStream::try_from(tcp()).unwrap_err(),
        UnixStream::try_from(dgram()).unwrap_err(),
        UnixListener::try_from(tcp()).unwrap_err(),
        UnixListener::try_from(dgram()).unwrap_err(),
        UnixDatagram::try_from(tcp()).unwrap_err(),
        UnixDatagram::try_from(stream()).unwrap_err(),
    ];
    for error in wrong {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("Unix"), "{error}");
    }
}

#[test]
fn a_simulated_host_has_none() {
    simulated(|| async {
        let (std_stream, _) = std::os::unix::net::UnixStream::pair()?;
        let errors = [
            UnixStream::pair().unwrap_err(),
            UnixDatagram::pair().unwrap_err(),
            UnixDatagram::unbound().unwrap_err(),
            UnixListener::bind("/nowhere/at/all").unwrap_err(),
            UnixStream::connect("/nowhere/at/all").await.unwrap_err(),
            UnixStream::from_std(std_stream).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("sim engine"), "{error}");
        }
        Ok(())
    });
}

#[test]
fn bound_to_a_reactor_by_hand() {
    let directory = directory();
    let path = directory.path().join("hand");
    let mut reactor = Reactor::new().unwrap();
    let listener = UnixListener::bind_on(&reactor.handle(), &path).unwrap();
    let (count, waker) = CountingWaker::new();
    let mut accepting = Box::pin(listener.accept());
    assert!(poll_with(&mut accepting, &waker).is_pending());
    assert!(!reactor.is_idle());
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    while count.wakes() == 0 {
        reactor.turn(None).unwrap();
    }
    assert!(poll_with(&mut accepting, &waker).is_ready());
    drop(accepting);
    drop(listener);
    assert!(reactor.is_idle());
}
