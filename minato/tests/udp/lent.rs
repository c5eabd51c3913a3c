//! Datagrams received into memory that the thread lends.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::pin;

use minato::io::Lent;
use minato::net::UnixDatagram;

use crate::kit::bodies::everywhere;
use crate::{connected_pair, local};

#[test]
fn each_form_receives_one_datagram() {
    everywhere(|| async {
        let ((server, at_server), (client, at_client)) = (local().await?, local().await?);
        for text in ["first", "", "third"] {
            client.send_to(text.as_bytes(), at_server).await?;
        }
        let kept = |lent: Lent| lent.into_vec();
        let first = server.recv_from_lent().await.map(|(lent, from)| (kept(lent), from))?;
        assert_eq!(first, (b"first".to_vec(), at_client));
        let empty = poll_fn(|cx| server.poll_recv_from_lent(cx).map_ok(|(lent, _)| kept(lent)));
        assert_eq!(empty.await?, b"");
        let third = poll_fn(|cx| server.poll_recv_lent(cx).map_ok(kept));
        assert_eq!(third.await?, b"third");
        Ok(())
    });
}

#[test]
fn a_dropped_receive_has_taken_no_datagram() {
    everywhere(|| async {
        let (one, other) = connected_pair().await?;
        assert!(futures::poll!(pin!(other.recv_lent())).is_pending());
        assert!(futures::poll!(pin!(other.recv_from_lent())).is_pending());
        assert_eq!(other.try_recv_lent().unwrap_err().kind(), ErrorKind::WouldBlock);
        one.send(b"ahoy").await?;
        drop(other.recv_lent());
        other.readable().await?;
        drop(other.recv_lent());
        assert_eq!(&other.recv_lent().await?[..], b"ahoy");
        Ok(())
    });
}

#[test]
fn what_does_not_fit_is_lost_and_the_next_one_is_whole() {
    everywhere(|| async {
        let (one, other) = connected_pair().await?;
        one.send(&vec![7; Lent::CAPACITY + 1]).await?;
        one.send(&[8; Lent::CAPACITY]).await?;
        one.send(b"next").await?;
        for byte in [7, 8] {
            let lent = other.recv_lent().await?;
            assert_eq!(&lent[..], [byte; Lent::CAPACITY]);
        }
        assert_eq!(&other.recv_from_lent().await?.0[..], b"next");
        Ok(())
    });
}

#[test]
fn datagrams_of_unix_sockets() {
    everywhere(|| async {
        let (one, other) = UnixDatagram::pair()?;
        one.send(b"ahoy").await?;
        let (bytes, from) =
            other.recv_from_lent().await.map(|(lent, from)| (lent.into_vec(), from))?;
        assert_eq!(bytes, b"ahoy");
        assert!(from.is_unnamed());
        one.send(b"again").await?;
        assert_eq!(other.recv_lent().await?.into_vec(), b"again");
        Ok(())
    });
}
