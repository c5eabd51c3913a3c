//! UDP in bulk: many datagrams by one call of the system, and what comes with each of them.

use std::io;
use std::net::Ipv4Addr;

use minato::net::UdpSocket;
use minato::net::udp::{Ecn, RecvBatch, Transmit};

const DATAGRAMS: usize = 1000;
const SIZE: usize = 1200;

/// Counts what arrives, and tells its sender when it is all.
async fn count(socket: UdpSocket) -> io::Result<usize> {
    // Made once and filled again and again: a call of the system takes all datagrams that wait, and
    // the system joins those of one sender in one buffer.
    let mut batch = RecvBatch::new();
    let (mut datagrams, mut calls) = (0, 0);
    loop {
        socket.recv_batch(&mut batch).await?;
        calls += 1;
        for (bytes, meta) in batch.iter() {
            assert_eq!((bytes.len(), meta.ecn), (SIZE, Some(Ecn::Ect0)));
            datagrams += 1;
            // A few at a time are answered, from the address that they were sent to.
            if datagrams % 20 == 0 {
                let mut answer = Transmit::new(meta.from, "got twenty");
                answer.source = meta.to;
                socket.send_batch(&answer).await?;
            }
        }
        if datagrams == DATAGRAMS {
            return Ok(calls);
        }
    }
}

fn main() -> io::Result<()> {
    minato::runtime::Runtime::new()?.block_on(async {
        let server = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        let target = (Ipv4Addr::LOCALHOST, server.local_addr()?.port()).into();
        let counting = minato::spawn(count(server));

        let client = UdpSocket::bind("127.0.0.1:0").await?;
        println!("one call sends up to {} datagrams", client.max_send_segments()?);
        // The contents of twenty datagrams, one after the other. The system cuts them apart. If it
        // cannot, the library sends them one by one, which only takes longer.
        let contents = vec![7; 20 * SIZE];
        for _ in 0..DATAGRAMS / 20 {
            let transmit = Transmit::new(target, &contents[..]).segment_size(SIZE);
            client.send_batch_all(&mut transmit.ecn(Ecn::Ect0)).await?;
            // UDP drops what a receiver has no room for, so the sender has to wait now and then.
            client.recv_from(&mut [0; 64]).await?;
        }
        println!("{DATAGRAMS} datagrams were received by {} calls", counting.await??);
        Ok(())
    })
}
