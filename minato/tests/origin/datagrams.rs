//! Datagrams by value: sent whole or not at all, and received with the address of the sender.

use minato::net::UdpSocket;

use crate::kit::{At, Need, cases, in_worlds};

cases! {
    send_dgram_sends_all_of_it_or_is_an_error [];
    recv_dgram_gives_the_buffer_and_the_address [];
}

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// No system that was met sends a part of a datagram. What is too long is refused as a whole, and
/// socket and buffer can be had back.
async fn send_dgram_sends_all_of_it_or_is_an_error(at: At) {
    let (sender, receiver) = (socket().await, socket().await);
    let target = receiver.local_addr().unwrap();
    let mut sending = sender.send_dgram(vec![1; 65_508], target);
    let error = (&mut sending).await.map(drop).unwrap_err();
    at.note_result::<()>("too long", &Err(error));
    let (sender, mut buf) = sending.into_parts().unwrap();
    assert_eq!(buf.len(), 65_508);

    buf.truncate(8_000);
    let (_sender, buf) = sender.send_dgram(buf, target).await.unwrap();
    let mut memory = vec![0; 70_000];
    // The first that arrives is the second that was sent: nothing of the first was.
    assert_eq!(receiver.recv(&mut memory).await.unwrap(), buf.len());
}

/// What no system does, a simulated world can be told to do: the part that was sent is an error,
/// and socket and buffer can be had back.
#[test]
fn a_datagram_that_was_sent_in_part_is_an_error() {
    async fn case(_: At) {
        let (sender, receiver) = (socket().await, socket().await);
        let target = receiver.local_addr().unwrap();
        let mut sending = sender.send_dgram("too long", target);
        let error = (&mut sending).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WriteZero);
        assert_eq!(error.to_string(), "only 3 of the 8 bytes of a datagram were sent");
        let (sender, _) = sending.into_parts().unwrap();
        sender.send_dgram("fit", target).await.unwrap();
    }
    let name = "a_datagram_that_was_sent_in_part_is_an_error";
    in_worlds(name, &[Need::World], &|world| world.datagram_part(3), case);
}

async fn recv_dgram_gives_the_buffer_and_the_address(_: At) {
    let (one, two, receiver) = (socket().await, socket().await, socket().await);
    let target = receiver.local_addr().unwrap();
    let (one, _) = one.send_dgram("from one", target).await.unwrap();
    let (receiver, buf, received) = receiver.recv_dgram(vec![0; 64]).await.unwrap();
    assert_eq!(&buf[..received.len], b"from one");
    assert_eq!(received.from, one.local_addr().unwrap());

    let (two, _) = two.send_dgram("from the other", target).await.unwrap();
    let (_receiver, buf, received) = receiver.recv_dgram(buf).await.unwrap();
    assert_eq!(&buf[..received.len], b"from the other");
    assert_eq!(received.from, two.local_addr().unwrap());
}
