//! Coming from std and going there; what is no Unix socket.

use minato::io::{AsyncReadExt, AsyncWriteExt};
use std::io::ErrorKind;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::pin::pin;

use minato::net::UnixDatagram;
use minato::net::UnixListener;
use minato::net::UnixStream;

use crate::directory;
use crate::kit::bodies::{on_the_system, stays_pending};

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
