//! Listeners and streams.

use minato::io::{AsyncReadExt, AsyncWriteExt};
use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::pin::pin;
use std::task::Poll;

use futures::FutureExt;
use futures::StreamExt;
use futures::future;
use minato::net::UnixDatagram;
use minato::net::UnixListener;
use minato::net::UnixSocket;
use minato::net::UnixStream;
use minato::net::unix::ReuniteError;
use minato::reactor::Reactor;

use crate::directory;
use crate::kit::bodies::{everywhere, poll_with, stays_pending};
use crate::kit::counting::Counting;

#[test]
fn echo_through_a_path() {
    everywhere(|| async {
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
    everywhere(|| async {
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

/// Their buffers are empty, and nobody has sent anything.
#[test]
fn a_pair_starts_writable_and_not_readable() {
    everywhere(|| async {
        let (one, two) = UnixStream::pair()?;
        assert!(one.writable().now_or_never().is_some());
        assert!(one.readable().now_or_never().is_none());
        two.try_write(b"x")?;
        one.readable().await?;
        let (one, two) = UnixDatagram::pair()?;
        assert!(poll_fn(|cx| Poll::Ready(one.poll_send_ready(cx))).await.is_ready());
        assert!(one.readable().now_or_never().is_none());
        two.try_send(b"x")?;
        one.readable().await
    });
}

#[test]
fn an_error_of_reunite_is_taken_apart() {
    everywhere(|| async {
        let (one, two) = UnixStream::pair()?;
        let ((read, _write), (_read, write)) = (one.into_split(), two.into_split());
        let error = write.reunite(read).unwrap_err();
        assert!(error.to_string().contains("not of the same stream"));
        let ReuniteError(read, write) = error;
        assert_eq!(write.try_write(b"x")?, 1);
        assert_eq!(read.try_read(&mut [0; 4])?, 1);
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_goes_with_its_socket() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    everywhere(|| async {
        let name = format!("minato-test-{}-{:p}", std::process::id(), &());
        let address = SocketAddr::from_abstract_name(&name)?.into();
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
    everywhere(|| async {
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

/// Linux chooses an abstract name for whoever gives none.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn an_empty_path_is_bound_to_a_name_that_the_system_chooses() {
    everywhere(|| async {
        let unnamed = UnixDatagram::unbound()?.local_addr()?;
        let (one, two) = (UnixDatagram::bind("")?, UnixDatagram::bind_addr(&unnamed)?);
        let (at_one, at_two) = (one.local_addr()?, two.local_addr()?);
        assert!(at_one.as_abstract_name().is_some_and(|name| !name.is_empty()));
        assert_ne!(at_one.as_abstract_name(), at_two.as_abstract_name());
        two.send_to_addr(b"asked", &at_one).await?;
        let (len, from) = one.recv_from(&mut [0; 8]).await?;
        assert_eq!((len, from.as_abstract_name()), (5, at_two.as_abstract_name()));
        one.send_to_addr(b"answered", &from).await?;
        assert_eq!(two.recv(&mut [0; 16]).await?, 8);

        for listener in [UnixListener::bind("")?, UnixListener::bind_addr(&unnamed)?] {
            let address = listener.local_addr()?;
            assert!(address.as_abstract_name().is_some_and(|name| !name.is_empty()));
            UnixStream::connect_addr(&address).await?;
            listener.accept().await?;
        }
        let reached = [
            UnixStream::connect("").await.map(drop).unwrap_err(),
            one.connect("").unwrap_err(),
            one.send_to(b"nobody", "").await.map(drop).unwrap_err(),
            one.try_send_to(b"nobody", "").map(drop).unwrap_err(),
        ];
        for error in reached {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("unnamed"), "{error}");
        }
        Ok(())
    });
}

#[test]
fn what_cannot_be_bound_or_reached_says_why() {
    everywhere(|| async {
        let directory = directory();
        let path = directory.path().join("taken");
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        let listener = UnixListener::bind(&path)?;
        let error = UnixListener::bind(&path).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
        drop(listener);
        let error = UnixListener::bind(&path).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE), "the path stays behind");
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
    everywhere(|| async {
        let directory = directory();
        let path = directory.path().join("full");
        let narrow = UnixSocket::new_stream()?;
        narrow.bind(&path)?;
        let listener = narrow.listen(0)?;
        let _first = UnixStream::connect(&path).await?;
        let mut second = pin!(UnixStream::connect(&path));
        assert!(stays_pending(&mut second).await);
        listener.accept().await?;
        second.await?;
        Ok(())
    });
}

#[test]
fn bound_to_a_reactor_by_hand() {
    let directory = directory();
    let path = directory.path().join("hand");
    let mut reactor = Reactor::new().unwrap();
    let listener = UnixListener::bind_on(reactor.handle(), &path).unwrap();
    let (count, waker) = Counting::new();
    let mut accepting = Box::pin(listener.accept());
    assert!(poll_with(&mut accepting, &waker).is_pending());
    assert!(!reactor.is_idle());
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    while count.count() == 0 {
        reactor.turn(None).unwrap();
    }
    assert!(poll_with(&mut accepting, &waker).is_ready());
    drop(accepting);
    drop(listener);
    assert!(reactor.is_idle());
}
