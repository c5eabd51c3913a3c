//! Options, broadcasts, multicasts, IPv6.

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use minato::net::UdpSocket;

use crate::kit::bodies::{everywhere, on_the_system, simulated};
use crate::local;

#[test]
fn options_are_kept() {
    everywhere(|| async {
        let (socket, _) = local().await?;
        assert!(!socket.broadcast()?);
        socket.set_broadcast(true)?;
        assert!(socket.broadcast()?);
        socket.set_ttl(37)?;
        assert_eq!(socket.ttl()?, 37);
        assert!(socket.multicast_loop_v4()?);
        socket.set_multicast_loop_v4(false)?;
        assert!(!socket.multicast_loop_v4()?);
        assert_eq!(socket.multicast_ttl_v4()?, 1);
        socket.set_multicast_ttl_v4(3)?;
        assert_eq!(socket.multicast_ttl_v4()?, 3);
        let before = socket.recv_buffer_size()?;
        socket.set_recv_buffer_size(before / 4)?;
        assert!(socket.recv_buffer_size()? < before);
        let before = socket.send_buffer_size()?;
        socket.set_send_buffer_size(before / 4)?;
        assert!(socket.send_buffer_size()? < before);
        Ok(())
    });
}

#[test]
fn a_type_of_service_reads_back() {
    everywhere(|| async {
        let v4 = UdpSocket::bind("127.0.0.1:0").await?;
        let v6 = UdpSocket::bind("[::1]:0").await?;
        assert_eq!((v4.tos_v4()?, v6.tclass_v6()?), (0, 0));
        for class in [96, 255] {
            v4.set_tos_v4(class)?;
            v6.set_tclass_v6(class)?;
            assert_eq!((v4.tos_v4()?, v6.tclass_v6()?), (class, class));
        }
        assert_eq!(v4.set_tclass_v6(96).unwrap_err().raw_os_error(), Some(libc::ENOPROTOOPT));
        Ok(())
    });
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_device_can_be_chosen() {
    on_the_system(|| async {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        assert_eq!(socket.device()?, None);
        match socket.bind_device(Some(b"lo")) {
            Ok(()) => assert_eq!(socket.device()?.as_deref(), Some(&b"lo"[..])),
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EPERM)),
        }
        Ok(())
    });
}

#[test]
fn a_broadcast_needs_leave_and_arrives() {
    let body = |everybody: Ipv4Addr| {
        move || async move {
            let receiver = UdpSocket::bind("0.0.0.0:0").await?;
            let sender = UdpSocket::bind("0.0.0.0:0").await?;
            let everybody = SocketAddr::from((everybody, receiver.local_addr()?.port()));
            let error = sender.send_to(b"no leave", everybody).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EACCES));
            sender.set_broadcast(true)?;
            sender.send_to(b"to all", everybody).await?;
            assert_eq!(receiver.recv(&mut [0; 16]).await?, 6);
            Ok(())
        }
    };
    on_the_system(body(Ipv4Addr::new(127, 255, 255, 255)));
    simulated(body(Ipv4Addr::BROADCAST));
}

#[test]
fn a_multicast_reaches_members() {
    let group = Ipv4Addr::new(239, 255, 77, 1);
    everywhere(|| async move {
        let member = UdpSocket::bind("0.0.0.0:0").await?;
        let (sender, _) = local().await?;
        let target = SocketAddr::from((group, member.local_addr()?.port()));
        member.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        if let Err(error) = sender.send_to(b"dear members", target).await {
            println!("skipped: no route for multicasts here ({error})");
            return Ok(());
        }
        assert_eq!(member.recv(&mut [0; 16]).await?, 12);
        member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        assert!(member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());
        assert!(member.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED).is_err());
        Ok(())
    });
}

#[test]
fn ipv6_works_too() {
    everywhere(|| async {
        let socket = match UdpSocket::bind("[::1]:0").await {
            Ok(socket) => socket,
            Err(error) => {
                println!("skipped: no IPv6 here ({error})");
                return Ok(());
            }
        };
        let address = socket.local_addr()?;
        socket.send_to(b"six", address).await?;
        assert_eq!(socket.recv_from(&mut [0; 8]).await?, (3, address));
        socket.set_ttl(5)?;
        assert_eq!(socket.ttl()?, 5);
        assert!(socket.multicast_loop_v6()?);
        socket.set_multicast_loop_v6(false)?;
        assert!(!socket.multicast_loop_v6()?);
        Ok(())
    });
}

#[test]
fn options_of_ipv6_are_not_for_ipv4() {
    everywhere(|| async {
        let (socket, _) = local().await?;
        let number = |result: std::io::Result<()>| result.unwrap_err().raw_os_error();
        assert_eq!(number(socket.multicast_loop_v6().map(drop)), Some(libc::EOPNOTSUPP));
        assert_eq!(number(socket.set_multicast_loop_v6(true)), Some(libc::ENOPROTOOPT));
        Ok(())
    });
}

#[test]
#[cfg(target_os = "linux")]
fn the_largest_ttl_stands_for_the_default() {
    everywhere(|| async {
        let (socket, _) = local().await?;
        let before = socket.ttl()?;
        socket.set_ttl(9)?;
        socket.set_ttl(u32::MAX)?;
        assert_eq!(socket.ttl()?, before);
        assert_eq!(socket.set_ttl(256).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        Ok(())
    });
}

#[test]
fn a_socket_is_set_up_before_it_is_bound() {
    everywhere(|| async {
        let one = UdpSocket::unbound_v4()?;
        assert!(!one.reuseport()? && !one.reuseaddr()?);
        one.set_reuseport(true)?;
        one.bind_to("127.0.0.1:0".parse().unwrap())?;
        let address = one.local_addr()?;
        let another = UdpSocket::unbound_v4()?;
        let taken = another.bind_to(address).unwrap_err();
        assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
        another.set_reuseport(true)?;
        another.bind_to(address)?;
        assert!(another.reuseport()?);
        // Only once, and only to an address of the family.
        let error = another.bind_to("127.0.0.1:0".parse().unwrap()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        let error = UdpSocket::unbound_v4()?.bind_to("[::1]:0".parse().unwrap()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
        // Without an address, the first datagram brings one.
        let unbound = UdpSocket::unbound_v4()?;
        assert_eq!(unbound.local_addr()?.port(), 0);
        let (receiver, at_receiver) = local().await?;
        unbound.send_to(b"first", at_receiver).await?;
        let (len, from) = receiver.recv_from(&mut [0; 16]).await?;
        assert_eq!((len, from.port()), (5, unbound.local_addr()?.port()));
        receiver.send_to(b"back", from).await?;
        assert_eq!(unbound.recv(&mut [0; 16]).await?, 4);
        Ok(())
    });
}

#[test]
fn one_port_can_serve_each_family_by_a_socket_of_its_own() {
    everywhere(|| async {
        let Ok(v6) = UdpSocket::unbound_v6() else {
            println!("skipped: no IPv6 here");
            return Ok(());
        };
        v6.set_only_v6(true)?;
        assert!(v6.only_v6()?);
        v6.bind_to("[::]:0".parse().unwrap())?;
        let port = v6.local_addr()?.port();
        let v4 = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
        v4.send_to(b"four", (Ipv4Addr::LOCALHOST, port)).await?;
        assert_eq!(v4.recv(&mut [0; 8]).await?, 4);
        v6.send_to(b"six", ("::1", port)).await?;
        assert_eq!(v6.recv(&mut [0; 8]).await?, 3);
        assert!(v6.set_only_v6(false).is_err(), "it is bound");
        assert!(v4.only_v6().is_err() && UdpSocket::unbound_v4()?.set_only_v6(true).is_err());
        Ok(())
    });
}

#[test]
fn multicasts_leave_by_the_interface_that_was_chosen() {
    let group = Ipv4Addr::new(239, 255, 77, 9);
    everywhere(|| async move {
        let member = UdpSocket::bind("0.0.0.0:0").await?;
        let target = SocketAddr::from((group, member.local_addr()?.port()));
        member.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        // Bound to no address in particular, so only the option leads to the loopback.
        let sender = UdpSocket::bind("0.0.0.0:0").await?;
        assert_eq!(sender.multicast_if_v4()?, Ipv4Addr::UNSPECIFIED);
        sender.set_multicast_if_v4(Ipv4Addr::LOCALHOST)?;
        assert_eq!(sender.multicast_if_v4()?, Ipv4Addr::LOCALHOST);
        sender.send_to(b"dear members", target).await?;
        let (len, from) = member.recv_from(&mut [0; 16]).await?;
        assert_eq!((len, from.ip()), (12, Ipv4Addr::LOCALHOST.into()));
        // TEST-NET-3, which is nobody's.
        let error = sender.set_multicast_if_v4(Ipv4Addr::new(203, 0, 113, 7)).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL));
        sender.set_multicast_if_v4(Ipv4Addr::UNSPECIFIED)?;
        assert_eq!(sender.multicast_if_v4()?, Ipv4Addr::UNSPECIFIED);
        Ok(())
    });
}

#[test]
fn multicasts_of_ipv6_do_so_by_index() {
    let group: std::net::Ipv6Addr = "ff02::77:9".parse().unwrap();
    everywhere(|| async move {
        let Ok(member) = UdpSocket::bind("[::]:0").await else {
            println!("skipped: no IPv6 here");
            return Ok(());
        };
        let target = SocketAddr::from((group, member.local_addr()?.port()));
        member.join_multicast_v6(&group, 1)?;
        let sender = UdpSocket::bind("[::1]:0").await?;
        assert_eq!(sender.multicast_if_v6()?, 0);
        sender.set_multicast_if_v6(1)?;
        assert_eq!(sender.multicast_if_v6()?, 1);
        match sender.send_to(b"dear members", target).await {
            Ok(_) => assert_eq!(member.recv(&mut [0; 16]).await?, 12),
            Err(error) => println!("skipped: no route for multicasts here ({error})"),
        }
        assert!(sender.set_multicast_if_v6(4_000_000).is_err());
        assert!(local().await?.0.set_multicast_if_v6(1).is_err(), "on a socket of IPv4");
        Ok(())
    });
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn packets_can_be_kept_whole() {
    everywhere(|| async {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(address).await else {
                println!("skipped: no {address} here");
                continue;
            };
            assert!(!socket.dont_fragment()?);
            socket.set_dont_fragment(true)?;
            assert!(socket.dont_fragment()?);
            socket.send_to(b"whole", socket.local_addr()?).await?;
            assert_eq!(socket.recv(&mut [0; 8]).await?, 5);
            socket.set_dont_fragment(false)?;
            assert!(!socket.dont_fragment()?);
        }
        Ok(())
    });
}

/// On an interface whose packets are short, in a network of the test's own.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_packet_that_may_not_be_cut_and_is_too_long_is_refused() {
    use crate::kit::child::{in_child, own_name};
    in_child(own_name!(a_packet_that_may_not_be_cut_and_is_too_long_is_refused), || {
        // SAFETY: the call changes only which network this process, of one thread, is in.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            println!("skipped: not allowed to have a network of its own");
            return;
        }
        let short = ["link", "set", "lo", "mtu", "1500", "up"];
        if !std::process::Command::new("ip").args(short).status().is_ok_and(|done| done.success()) {
            println!("skipped: no ip(8) here");
            return;
        }
        pollster::block_on(async {
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(socket) = UdpSocket::bind(address).await else { continue };
                let own = socket.local_addr().unwrap();
                let long = [1; 4000];
                assert_eq!(socket.send_to(&long, own).await.unwrap(), 4000, "it is cut");
                socket.set_dont_fragment(true).unwrap();
                let error = socket.send_to(&long, own).await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE), "{address}");
                assert_eq!(socket.send_to(&long[..1400], own).await.unwrap(), 1400);
            }
        });
    });
}
