//! Connections over the operating system's sockets, wherever Minato works.

mod kit;

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use kit::{Outcome, certificate, configs, echo, pattern, serve, transport};
use minato::net::UdpSocket;
use minato::runtime::Builder;
use minato::time::timeout;
use minato_quinn::{MinatoRuntime, client, endpoint, server};
use quinn::{ClientConfig, ConnectionError, Endpoint, EndpointConfig};

/// Runs `body` on a runtime of each flavour, and on an executor that is none of ours.
fn everywhere<F: Future<Output = Outcome>>(body: impl Fn() -> F) {
    let limited = || async { timeout(Duration::from_secs(120), body()).await? };
    Builder::new_current_thread().build().unwrap().block_on(limited()).unwrap();
    Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(limited()).unwrap();
    pollster::block_on(limited()).unwrap();
}

#[test]
fn streams_of_all_lengths_come_back() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        let harbour = server(server_config, "127.0.0.1:0").await?;
        let address = harbour.local_addr()?;
        minato::spawn(serve(harbour.clone()));
        let ship = client("127.0.0.1:0").await?;
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        for len in [0, 1, 1199, 1200, 1201, 65_535, 3_000_000] {
            echo(&connection, pattern(len)).await?;
        }
        connection.close(0_u32.into(), b"done");
        ship.wait_idle().await;
        harbour.close(0_u32.into(), b"");
        Ok(())
    });
}

#[test]
fn many_connections_share_a_socket() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        let harbour = server(server_config, "127.0.0.1:0").await?;
        let address = harbour.local_addr()?;
        minato::spawn(serve(harbour.clone()));
        let mut ship = client("127.0.0.1:0").await?;
        ship.set_default_client_config(client_config);
        // More than the waits for room that a socket keeps at first.
        let mut tasks = Vec::new();
        for number in 0..20 {
            let ship = ship.clone();
            tasks.push(minato::spawn(async move {
                let connection = ship.connect(address, "localhost")?.await?;
                for round in 0..3 {
                    echo(&connection, pattern(20_000 * round + number)).await?;
                }
                connection.close(0_u32.into(), b"");
                Outcome::Ok(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        harbour.close(0_u32.into(), b"");
        Ok(())
    });
}

#[test]
fn datagrams_and_marks_of_congestion_work() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        let harbour = server(server_config, "127.0.0.1:0").await?;
        let address = harbour.local_addr()?;
        let echoing = minato::spawn(async move {
            let connection = harbour.accept().await.unwrap().await?;
            for _ in 0..3 {
                connection.send_datagram(connection.read_datagram().await?)?;
            }
            // Where the socket is bound to all addresses, it says at which it was asked.
            connection.closed().await;
            Outcome::Ok(connection.local_ip())
        });
        let ship = client("127.0.0.1:0").await?;
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        for text in ["one", "two", "three"] {
            connection.send_datagram(text.into())?;
            assert_eq!(connection.read_datagram().await?, text);
        }
        connection.close(0_u32.into(), b"");
        assert_eq!(echoing.await??, Some(Ipv4Addr::LOCALHOST.into()));
        Ok(())
    });
}

/// For constructors of quinn's own, and of libraries that take a runtime.
#[test]
fn quinns_own_constructor_takes_the_runtime() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        let runtime = Arc::new(MinatoRuntime::current());
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let config = EndpointConfig::default();
        let harbour = Endpoint::new(config, Some(server_config), socket, runtime)?;
        minato::spawn(serve(harbour.clone()));
        let ship = client("127.0.0.1:0").await?;
        let address = harbour.local_addr()?;
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        echo(&connection, pattern(100_000)).await?;
        harbour.close(7_u32.into(), b"closing time");
        match connection.closed().await {
            ConnectionError::ApplicationClosed(close) => {
                assert_eq!(&close.reason[..], b"closing time")
            }
            other => panic!("{other}"),
        }
        Ok(())
    });
}

#[test]
fn a_connection_can_move_to_another_socket() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        let harbour = server(server_config, "127.0.0.1:0").await?;
        minato::spawn(serve(harbour.clone()));
        let ship = client("127.0.0.1:0").await?;
        let (before, address) = (ship.local_addr()?, harbour.local_addr()?);
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        echo(&connection, pattern(1000)).await?;
        ship.rebind(std::net::UdpSocket::bind("127.0.0.1:0")?)?;
        assert_ne!(ship.local_addr()?, before);
        echo(&connection, pattern(1_000_000)).await?;
        connection.close(0_u32.into(), b"");
        Ok(())
    });
}

#[test]
fn what_is_wrong_is_told() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        // The port is taken.
        let harbour = server(server_config.clone(), "127.0.0.1:0").await?;
        let address = harbour.local_addr()?;
        let taken = server(server_config, address).await.unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        // A certificate that the client does not trust in.
        minato::spawn(serve(harbour.clone()));
        let ship = client("127.0.0.1:0").await?;
        let (stranger, _) = certificate();
        let trusts_another = ClientConfig::with_root_certificates(Arc::new(kit::roots(&stranger)))?;
        let error = ship.connect_with(trusts_another, address, "localhost")?.await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
        let error =
            ship.connect_with(client_config.clone(), address, "elsewhere")?.await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
        // Nobody is there: what the system says of it is no end, the time that passes is.
        let silent = UdpSocket::bind("127.0.0.1:0").await?.local_addr()?;
        let mut hurried = client_config.clone();
        hurried.transport_config(transport(Duration::from_millis(300)));
        let error = ship.connect_with(hurried, silent, "localhost")?.await.unwrap_err();
        assert!(matches!(error, ConnectionError::TimedOut), "{error}");
        // The endpoint has taken no harm.
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        echo(&connection, pattern(10)).await?;
        connection.close(0_u32.into(), b"");
        Ok(())
    });
}

/// A packet that is none of QUIC's, of any length, disturbs nobody.
#[test]
fn rubbish_is_ignored() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        let harbour = server(server_config, "127.0.0.1:0").await?;
        let address = harbour.local_addr()?;
        minato::spawn(serve(harbour.clone()));
        let ship = client("127.0.0.1:0").await?;
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        let stranger = UdpSocket::bind("127.0.0.1:0").await?;
        for len in [0, 1, 7, 20, 1200, 1472, 9000, 65_507] {
            for first in [0x00, 0x40, 0xc0, 0xff] {
                let mut rubbish = pattern(len);
                rubbish.iter_mut().take(1).for_each(|byte| *byte = first);
                stranger.send_to(&rubbish, address).await?;
            }
            echo(&connection, pattern(len)).await?;
        }
        connection.close(0_u32.into(), b"");
        Ok(())
    });
}

#[test]
fn a_closed_endpoint_gives_its_port_back() {
    everywhere(|| async {
        let (server_config, client_config) = configs();
        let harbour = server(server_config.clone(), "127.0.0.1:0").await?;
        let address = harbour.local_addr()?;
        let serving = minato::spawn(serve(harbour.clone()));
        let ship = client("127.0.0.1:0").await?;
        let connection = ship.connect_with(client_config.clone(), address, "localhost")?.await?;
        echo(&connection, pattern(10)).await?;
        harbour.close(0_u32.into(), b"");
        serving.await?;
        harbour.wait_idle().await;
        drop(harbour);
        // Its driver, a task, ends soon.
        let again = loop {
            match server(server_config.clone(), address).await {
                Ok(again) => break again,
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    minato::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(error.into()),
            }
        };
        minato::spawn(serve(again.clone()));
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        echo(&connection, pattern(10)).await?;
        again.close(0_u32.into(), b"");
        Ok(())
    });
}

#[test]
fn ipv6_works_too() {
    everywhere(|| async {
        let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
            println!("skipped: no IPv6 here");
            return Ok(());
        };
        let (server_config, client_config) = configs();
        let harbour = endpoint(EndpointConfig::default(), Some(server_config), socket)?;
        let address = harbour.local_addr()?;
        minato::spawn(serve(harbour.clone()));
        let ship = client("[::]:0").await?;
        let connection = ship.connect_with(client_config, address, "localhost")?.await?;
        echo(&connection, pattern(100_000)).await?;
        connection.close(0_u32.into(), b"");
        Ok(())
    });
}

/// The segments of one transmit go by one call, or quinn would be given a wrong number.
#[test]
fn what_the_system_can_do_in_bulk_is_used() {
    pollster::block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let expected = (socket.max_send_segments().unwrap(), socket.max_recv_segments().unwrap());
        let runtime = MinatoRuntime::current();
        let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let wrapped = quinn::Runtime::wrap_udp_socket(&runtime, std).unwrap();
        assert_eq!((wrapped.max_transmit_segments(), wrapped.max_receive_segments()), expected);
        assert_eq!(wrapped.may_fragment(), !cfg!(target_os = "linux"));
    });
}
