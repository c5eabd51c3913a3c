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
