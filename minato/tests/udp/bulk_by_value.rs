//! The futures that take and give back the socket, and what is sent or received in bulk.

use std::net::SocketAddr;

use minato::net::udp::{Ecn, RecvBatch, Transmit};

use crate::kit::bodies::{everywhere, stays_pending};
use crate::local;

#[test]
fn in_bulk_by_value_and_back() {
    everywhere(|| async {
        let ((a, at_a), (mut b, at_b)) = (local().await?, local().await?);
        let contents: Vec<u8> = (0..100).collect();
        let transmit = Transmit::new(at_b, contents.clone()).segment_size(1).ecn(Ecn::Ect0);
        let (a, transmit) = a.send_dgrams(transmit).await?;
        assert_eq!((&transmit.contents, transmit.target), (&contents, at_b));
        let mut batch = RecvBatch::new();
        let mut received = Vec::new();
        while received.len() < 100 {
            (b, batch) = b.recv_dgrams(batch).await?;
            for (bytes, meta) in batch.iter() {
                assert_eq!((bytes.len(), meta.from), (1, at_a));
                received.push(bytes[0]);
            }
        }
        received.sort();
        assert_eq!(received, contents);
        // Without contents it is an empty datagram.
        let (_a, _) = a.send_dgrams(Transmit::new(at_b, "")).await?;
        let (_b, batch) = b.recv_dgrams(batch).await?;
        assert_eq!(batch.iter().map(|(bytes, _)| bytes.len()).collect::<Vec<_>>(), [0]);
        Ok(())
    });
}

#[test]
fn in_bulk_by_value_nothing_is_lost() {
    everywhere(|| async {
        let (socket, address) = local().await?;
        // Given up before a datagram came.
        let mut receiving = socket.recv_dgrams(RecvBatch::with_buffers(3, 100));
        assert!(stays_pending(&mut receiving).await);
        let (socket, batch) = receiving.into_parts().unwrap();
        assert_eq!((batch.buffers(), batch.len()), (3, 0));
        // After an error, which comes again when it is polled again.
        let nowhere = SocketAddr::new(address.ip(), 0);
        let mut sending = socket.send_dgrams(Transmit::new(nowhere, "abcd").segment_size(2));
        for _ in 0..2 {
            let error = (&mut sending).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        }
        let (socket, transmit, sent) = sending.into_parts().unwrap();
        assert_eq!((transmit.contents, sent), ("abcd", 0));
        // Before it was polled at all.
        let sending = socket.send_dgrams(Transmit::new(address, "unsent"));
        let (socket, transmit, sent) = sending.into_parts().unwrap();
        assert_eq!((transmit.contents, sent), ("unsent", 0));
        // After success there is nothing to give back.
        let mut sending = socket.send_dgrams(transmit);
        let (socket, _) = (&mut sending).await?;
        assert!(sending.into_parts().is_none());
        let mut receiving = socket.recv_dgrams(batch);
        (&mut receiving).await?;
        assert!(receiving.into_parts().is_none());
        Ok(())
    });
}

#[test]
#[should_panic(expected = "SendDgrams polled after completion")]
fn send_dgrams_names_itself_when_polled_after_completion() {
    pollster::block_on(async {
        let (socket, address) = local().await.unwrap();
        let mut sending = socket.send_dgrams(Transmit::new(address, "once"));
        _ = (&mut sending).await;
        _ = (&mut sending).await;
    });
}

#[test]
#[should_panic(expected = "RecvDgrams polled after completion")]
fn recv_dgrams_names_itself_when_polled_after_completion() {
    pollster::block_on(async {
        let (socket, address) = local().await.unwrap();
        let (socket, _) = socket.send_dgrams(Transmit::new(address, "once")).await.unwrap();
        let mut receiving = socket.recv_dgrams(RecvBatch::new());
        _ = (&mut receiving).await;
        _ = (&mut receiving).await;
    });
}
