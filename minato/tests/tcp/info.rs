//! What the system knows of a connection.

use std::io::ErrorKind;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;

use crate::kit::{At, cases, net};

cases! {
    it_counts_what_went_over_the_connection [Descriptors];
    a_simulated_host_does_not_have_it [World];
}

async fn it_counts_what_went_over_the_connection(at: At) {
    const LEN: usize = 300_000;
    let (mut client, mut server) = net::pair().await;
    let fresh = client.info().unwrap();
    assert_eq!((fresh.bytes_sent, fresh.bytes_received, fresh.notsent_bytes), (0, 0, 0));
    let sending = at.beside(async move {
        client.write_all(&vec![7; LEN]).await.unwrap();
        client
    });
    net::read_all(&mut server, LEN).await;
    let mut client = sending.await;
    server.write_all(b"done").await.unwrap();
    net::read_all(&mut client, 4).await;
    let (ours, theirs) = (client.info().unwrap(), server.info().unwrap());
    // The handshake counts as one byte that is acknowledged.
    assert_eq!((ours.bytes_sent - ours.bytes_retrans, ours.bytes_received), (LEN as u64, 4));
    assert_eq!((theirs.bytes_received, theirs.bytes_sent), (LEN as u64, 4));
    assert_eq!(ours.bytes_acked, LEN as u64 + 1);
    assert!(ours.delivered > 1);
    assert!(ours.rtt > Duration::ZERO && ours.rtt < Duration::from_secs(60), "{ours:?}");
    assert!(ours.min_rtt <= ours.rtt + ours.rttvar * 4 && ours.rto >= ours.rtt);
    assert!(ours.snd_cwnd > 1 && ours.snd_mss > 500);
    assert!(ours.delivery_rate > 0);
    assert_eq!((ours.lost, ours.unacked, ours.notsent_bytes), (0, 0, 0));
}

async fn a_simulated_host_does_not_have_it(_: At) {
    let (client, _server): (TcpStream, _) = net::pair().await;
    let error = client.info().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("TCP_INFO"), "{error}");
}

/// Where nobody reads, bytes pile up: in the peer's buffer, and then here.
#[test]
fn what_is_not_sent_is_counted() {
    let _watchdog = crate::kit::watchdog();
    minato::run(async {
        let (mut client, mut server) = net::pair().await;
        let filled = net::fill(&client) as u64;
        let info = client.info().unwrap();
        assert!(info.notsent_bytes > 0 && info.bytes_acked < filled, "{info:?}");
        let reading = async {
            let mut all = Vec::new();
            server.read_to_end(&mut all).await.unwrap();
            all.len() as u64
        };
        let (_, read) = futures::join!(client.shutdown(), reading);
        assert_eq!(read, filled);
        assert_eq!(client.info().unwrap().notsent_bytes, 0);
    });
}
