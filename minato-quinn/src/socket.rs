//! Minato's UDP socket as quinn's.

use std::io::{self, ErrorKind, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use minato::net::UdpSocket;
use minato::net::udp::{Ecn, RecvBatch, RecvMeta, Transmit};
use quinn::udp::{self, EcnCodepoint};
use quinn::{AsyncUdpSocket, UdpPoller};

/// A socket that sends and receives in bulk.
#[derive(Debug)]
pub(crate) struct QuicSocket {
    socket: UdpSocket,
    max_receive_segments: usize,
    may_fragment: bool,
    /// Room for what is known of received datagrams, made once: only the endpoint receives.
    metas: Mutex<Box<[RecvMeta]>>,
}

impl QuicSocket {
    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        // quinn finds out how long packets may be, for which they must not be cut on their way.
        let may_fragment = socket.set_dont_fragment(true).is_err();
        let max_receive_segments = socket.max_recv_segments()?;
        let metas = vec![RecvMeta::default(); RecvBatch::MAX_BUFFERS].into();
        Ok(Self { socket, max_receive_segments, may_fragment, metas: Mutex::new(metas) })
    }
}

impl AsyncUdpSocket for QuicSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(WritePoller { socket: self })
    }

    /// A datagram that the system refuses counts as lost, which QUIC copes with: it may have been
    /// too long, as a trial of the path's length is, or there may be no route at present. Only
    /// what is lost for want of room is told, so that the sender waits.
    fn try_send(&self, transmit: &udp::Transmit<'_>) -> io::Result<()> {
        let mut rest = Transmit::new(transmit.destination, transmit.contents);
        rest.segment_size = transmit.segment_size;
        rest.ecn = transmit.ecn.and_then(|ecn| Ecn::from_bits(ecn as u8));
        rest.source = transmit.src_ip;
        loop {
            match self.socket.try_send_batch(&rest) {
                Ok(sent) => rest.advance(sent),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(error),
                Err(_) => return Ok(()),
            }
            if rest.contents.is_empty() {
                return Ok(());
            }
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [udp::RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut received = self.metas.lock().unwrap_or_else(PoisonError::into_inner);
        let room = metas.len().min(received.len());
        let filled = self.socket.poll_recv_batch_into(cx, buffers, &mut received[..room])?;
        filled.map(|filled| {
            for (meta, received) in metas.iter_mut().zip(&received[..filled]) {
                *meta = udp::RecvMeta {
                    addr: received.from,
                    len: received.len,
                    stride: received.stride,
                    ecn: received.ecn.and_then(|ecn| EcnCodepoint::from_bits(ecn.bits())),
                    dst_ip: received.to,
                };
            }
            Ok(filled)
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_send_segments().unwrap_or(1)
    }

    fn max_receive_segments(&self) -> usize {
        self.max_receive_segments
    }

    fn may_fragment(&self) -> bool {
        self.may_fragment
    }
}

/// The wait of one connection for room to send.
#[derive(Debug)]
struct WritePoller {
    socket: Arc<QuicSocket>,
}

impl UdpPoller for WritePoller {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.socket.poll_send_ready(cx)
    }
}
