//! Datagrams in bulk by quinn-udp, for the runtimes that have no such calls of their own: they
//! wait, by functions of their own, and quinn-udp receives and sends.

use std::io;

use minato_bench::kit::{self, Bulk, Tally};
use quinn_udp::UdpSockRef;

use crate::rt::net::UdpSocket;
use crate::{when_readable, when_writable};

pub(crate) async fn count(socket: &UdpSocket, tally: &Tally) -> io::Result<()> {
    let mut room = kit::bulk_room();
    let mut bulk = Bulk::new(UdpSockRef::from(socket), &mut room)?;
    loop {
        let receive = || bulk.receive(UdpSockRef::from(socket));
        let messages = when_readable(socket, receive).await?;
        for message in 0..messages {
            if let Some((from, answer)) = bulk.count(message, tally) {
                socket.send_to(&answer, from).await?;
            }
        }
    }
}

pub(crate) async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut room = kit::bulk_room();
    let mut bulk = Bulk::new(UdpSockRef::from(socket), &mut room)?;
    loop {
        let receive = || bulk.receive(UdpSockRef::from(socket));
        let messages = when_readable(socket, receive).await?;
        for message in 0..messages {
            when_writable(socket, || bulk.send_back(UdpSockRef::from(socket), message)).await?;
        }
    }
}
