//! Sockets that are set up before they are used.

use std::io::ErrorKind;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};

use futures::future;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{UnixSocket, UnixStream};

use crate::directory;
use crate::kit::bodies::{everywhere, on_the_system};

#[test]
fn a_stream_socket_listens_and_another_connects_from_a_path() {
    everywhere(|| async {
        let directory = directory();
        let (harbour, ship) = (directory.path().join("harbour"), directory.path().join("ship"));
        let socket = UnixSocket::new_stream()?;
        socket.bind(&harbour)?;
        assert_eq!(socket.local_addr()?.as_pathname(), Some(&*harbour));
        let listener = socket.listen(u32::MAX)?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(&ship)?;
        let (client, accepted) = future::join(socket.connect(&harbour), listener.accept()).await;
        let (mut client, (mut server, from)) = (client?, accepted?);
        assert_eq!(from.as_pathname(), Some(&*ship));
        client.write_all(b"ahoy").await?;
        drop(client);
        let mut all = String::new();
        server.read_to_string(&mut all).await?;
        assert_eq!(all, "ahoy");
        Ok(())
    });
}

#[test]
fn a_datagram_socket_exchanges_datagrams() {
    everywhere(|| async {
        let directory = directory();
        let path = directory.path().join("harbour");
        let harbour = UnixSocket::new_datagram()?;
        harbour.bind(&path)?;
        let (harbour, ship) = (harbour.datagram()?, UnixSocket::new_datagram()?.datagram()?);
        ship.connect(&path)?;
        ship.send(b"ahoy").await?;
        assert_eq!(harbour.recv(&mut [0; 8]).await?, 4);
        harbour.shutdown(std::net::Shutdown::Read)?;
        assert_eq!(ship.send(b"gone").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[test]
fn what_the_kind_of_socket_cannot_do_is_told() {
    everywhere(|| async {
        let datagram = UnixSocket::new_datagram;
        let errors = [
            (datagram()?.listen(1).map(drop).unwrap_err(), "listen"),
            (datagram()?.connect("nowhere").await.map(drop).unwrap_err(), "connect"),
            (UnixSocket::new_stream()?.datagram().map(drop).unwrap_err(), "datagram"),
        ];
        for (error, what) in errors {
            assert!(error.to_string().starts_with(what), "{error}");
        }
        let error = UnixSocket::new_stream()?.connect("/no such").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        Ok(())
    });
}

#[test]
fn descriptors_come_and_go_by_number() {
    on_the_system(|| async {
        let (one, mut two) = UnixStream::pair()?;
        let number = OwnedFd::from(one.into_std()?).into_raw_fd();
        // SAFETY: the descriptor was given away.
        let socket = unsafe { UnixSocket::from_raw_fd(number) };
        assert_eq!(socket.as_raw_fd(), number);
        // SAFETY: as above.
        let one = unsafe { OwnedFd::from_raw_fd(socket.into_raw_fd()) };
        let mut one = UnixStream::try_from(one)?;
        two.write_all(b"x").await?;
        one.read_exact(&mut [0]).await?;
        Ok(())
    });
}
