//! Datagrams in bulk: one message a call, with several segments that the kernel joins and cuts
//! (GRO, GSO), which is what compio's own QUIC does.

use std::io;

use bytes::BytesMut;
use compio::BufResult;
use compio::io::ancillary::{AncillaryBuf, AncillaryIter};
use compio::net::UdpSocket;
use minato_bench::kit::{Tally, page_aligned};
use minato_bench::peer::{PeerCommand, Workload};
use nix::libc::{SOL_UDP, UDP_GRO, UDP_SEGMENT};
use nix::sys::socket::{setsockopt, sockopt::UdpGroSegment};

use crate::completion::udp::on_sockets;

/// Bytes of one message with all its segments: what Linux gives at most.
const MESSAGE: usize = 64 * 1024;

/// Room for the one control message that is received or sent.
type Control = AncillaryBuf<32>;

pub(crate) fn serve(command: &PeerCommand) -> io::Result<()> {
    let sink = command.workload == Workload::UdpSink;
    on_sockets(command, async move |socket, tally| {
        // The kernel joins datagrams of the same sender and size.
        setsockopt(&socket, UdpGroSegment, &true)?;
        if sink { count(&socket, &tally).await } else { echo(&socket).await }
    })
}

async fn count(socket: &UdpSocket, tally: &Tally) -> io::Result<()> {
    let (mut buffer, mut control) = (page_aligned(MESSAGE), Control::new());
    let mut result;
    loop {
        BufResult(result, (buffer, control)) = socket.recv_msg(buffer, control).await;
        let (len, _, from, _) = result?;
        if let Some(answer) = tally.take(&buffer, stride(&control, len)) {
            socket.send_to(answer.to_vec(), from).await.0?;
        }
        buffer.clear();
    }
}

async fn echo(socket: &UdpSocket) -> io::Result<()> {
    let (mut buffer, mut control) = (page_aligned(MESSAGE), Control::new());
    let mut received;
    loop {
        BufResult(received, (buffer, control)) = socket.recv_msg(buffer, control).await;
        let (len, _, from, _) = received?;
        let stride = stride(&control, len);
        if stride < len {
            let segment = u16::try_from(stride).map_err(io::Error::other)?;
            control.builder().push(SOL_UDP, UDP_SEGMENT, &segment).map_err(io::Error::other)?;
            let sent;
            BufResult(sent, (buffer, control)) = socket.send_msg(buffer, control, from).await;
            sent?;
        } else {
            buffer = send_one(socket, buffer, from).await?;
        }
        buffer.clear();
    }
}

async fn send_one(
    socket: &UdpSocket,
    buffer: BytesMut,
    to: std::net::SocketAddr,
) -> io::Result<BytesMut> {
    let BufResult(sent, buffer) = socket.send_to(buffer, to).await;
    sent.map(|_| buffer)
}

/// The length of a segment of a message of `len` bytes: all of it, unless the kernel tells another.
fn stride(control: &Control, len: usize) -> usize {
    if control.is_empty() {
        return len;
    }
    // SAFETY: the kernel has just written these control messages.
    let messages = unsafe { AncillaryIter::new(control) };
    let told = messages
        .filter(|message| message.level() == SOL_UDP && message.ty() == UDP_GRO)
        .find_map(|message| message.data::<i32>().ok());
    told.and_then(|stride| usize::try_from(stride).ok()).unwrap_or(len)
}
