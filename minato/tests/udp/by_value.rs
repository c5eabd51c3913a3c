//! The futures that take and give back the socket and the buffer.

use crate::kit::bodies::{everywhere, stays_pending};
use crate::local;

#[test]
fn by_value_and_back() {
    everywhere(|| async {
        let ((a, at_a), (b, at_b)) = (local().await?, local().await?);
        let (a, text) = a.send_dgram(String::from("a long way"), at_b).await?;
        assert_eq!(text, "a long way");
        let (b, buf, received) = b.recv_dgram([0; 6]).await?;
        assert_eq!(&buf[..received.len], b"a long");
        assert_eq!((received.from, received.truncated), (at_a, true));
        let (a, _) = a.send_dgram("", at_b).await?;
        let (_, _, received) = b.recv_dgram(vec![0; 6]).await?;
        assert_eq!((received.len, received.truncated), (0, false));
        drop(a);
        Ok(())
    });
}

#[test]
fn by_value_nothing_is_lost() {
    everywhere(|| async {
        let (socket, address) = local().await?;
        // Given up before a datagram came.
        let mut receiving = socket.recv_dgram(vec![7; 4]);
        assert!(stays_pending(&mut receiving).await);
        let (socket, buf) = receiving.into_parts().unwrap();
        assert_eq!(buf, [7; 4]);
        // After an error.
        let mut sending = socket.send_dgram(vec![0; 70_000], address);
        let error = (&mut sending).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        let (socket, buf) = sending.into_parts().unwrap();
        assert_eq!(buf.len(), 70_000);
        // Before it was polled at all.
        let (socket, text) = socket.send_dgram("unsent", address).into_parts().unwrap();
        assert_eq!(text, "unsent");
        // After success there is nothing to give back.
        let mut sending = socket.send_dgram("sent", address);
        let (socket, _) = (&mut sending).await?;
        assert!(sending.into_parts().is_none());
        let mut receiving = socket.recv_dgram([0; 8]);
        (&mut receiving).await?;
        assert!(receiving.into_parts().is_none());
        Ok(())
    });
}

#[test]
#[should_panic(expected = "SendDgram polled after completion")]
fn send_dgram_names_itself_when_polled_after_completion() {
    pollster::block_on(async {
        let (socket, address) = local().await.unwrap();
        let mut sending = socket.send_dgram("once", address);
        _ = (&mut sending).await;
        _ = (&mut sending).await;
    });
}

#[test]
#[should_panic(expected = "RecvDgram polled after completion")]
fn recv_dgram_names_itself_when_polled_after_completion() {
    pollster::block_on(async {
        let (socket, address) = local().await.unwrap();
        let (socket, _) = socket.send_dgram("once", address).await.unwrap();
        let mut receiving = socket.recv_dgram([0; 8]);
        _ = (&mut receiving).await;
        _ = (&mut receiving).await;
    });
}
