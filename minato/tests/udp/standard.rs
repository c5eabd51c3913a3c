//! Coming from std and going there; what has no descriptor, and what is no UDP socket.

use std::io::ErrorKind;
use std::pin::pin;

use minato::engine::Engine;
use minato::net::UdpSocket;
use minato::reactor::Reactor;
use minato::sim::World;

use crate::kit::bodies::{everywhere, on_the_system, simulated, stays_pending};
use crate::local;

#[test]
fn a_blocking_socket_of_std_is_made_non_blocking_and_given_back() {
    on_the_system(|| async {
        let blocking = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let socket = UdpSocket::from_std(blocking)?;
        // A blocking socket would hang here.
        assert_eq!(socket.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(stays_pending(&mut pin!(socket.readable())).await);
        let address = socket.local_addr()?;

        let back = socket.into_std()?;
        back.set_nonblocking(false)?;
        back.send_to(b"by std", address)?;
        assert_eq!(back.recv_from(&mut [0; 8])?, (6, address));

        // Once more: it must have been deregistered, or this registration would fail.
        let again = UdpSocket::try_from(back)?;
        assert!(stays_pending(&mut pin!(again.readable())).await);
        again.send_to(b"again", address).await?;
        assert_eq!(again.recv(&mut [0; 8]).await?, 5);
        Ok(())
    });
}

#[test]
fn what_is_no_udp_socket_is_refused() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = UdpSocket::try_from(std::os::fd::OwnedFd::from(file)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = UdpSocket::try_from(std::os::fd::OwnedFd::from(tcp)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("Tcp") && error.to_string().contains("Udp"), "{error}");
    let (unix, _) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let error = UdpSocket::try_from(std::os::fd::OwnedFd::from(unix)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_visit_to_std_loses_no_datagram_and_no_option() {
    everywhere(|| async {
        let (sender, receiver) = (local().await?.0, local().await?.0);
        let address = receiver.local_addr()?;
        receiver.set_broadcast(true)?;
        sender.send_to(b"before", address).await?;
        receiver.readable().await?;
        let std = receiver.into_std()?;
        std.set_ttl(9)?;
        sender.send_to(b"meanwhile", address).await?;
        let receiver = UdpSocket::from_std(std)?;
        assert_eq!((receiver.ttl()?, receiver.broadcast()?), (9, true));
        assert_eq!(receiver.local_addr()?, address);
        for expected in [&b"before"[..], b"meanwhile"] {
            let mut buf = [0; 16];
            let (len, from) = receiver.recv_from(&mut buf).await?;
            assert_eq!((&buf[..len], from), (expected, sender.local_addr()?));
        }
        Ok(())
    });
}

#[test]
fn a_socket_of_std_becomes_one_of_the_simulated_host() {
    simulated(|| async {
        let std = std::net::UdpSocket::bind("127.0.0.1:0")?;
        std.set_broadcast(true)?;
        let address = std.local_addr()?;
        let socket = UdpSocket::from_std(std)?;
        assert_eq!(socket.local_addr()?, address);
        assert!(socket.broadcast()?);
        // The system's port is free again.
        drop(std::net::UdpSocket::bind(address)?);
        socket.send_to(b"to itself", address).await?;
        let mut buf = [0; 16];
        assert_eq!(socket.recv_from(&mut buf).await?, (9, address));
        Ok(())
    });
}

#[test]
fn a_handle_of_a_simulated_reactor_takes_a_socket_of_std() {
    let world = World::new(1);
    let reactor = Reactor::with_engine(Engine::sim(world.host("alone"))).unwrap();
    let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = std.local_addr().unwrap();
    let socket = UdpSocket::from_std_on(reactor.handle(), std).unwrap();
    assert_eq!(socket.local_addr().unwrap(), address);
    assert_eq!(world.open_sockets(), 1);
}
