//! Sending and receiving many datagrams by one call.

use std::io::{self, IoSliceMut};

use super::{RecvBatch, RecvMeta, Transmit, UdpSocket};
use crate::net::forms::forms;
use crate::net::io::Waitable;
use crate::os::OsSocket;

forms! {
    UdpSocket, WRITABLE, Write;
    /// Waits for room and sends the first datagrams of `transmit`, as many as the system takes by
    /// one call; returns how many bytes of its contents these were. All of them were sent if that
    /// is its length; [`send_batch_all`](Self::send_batch_all) goes on until then. Empty
    /// contents are sent as one empty datagram.
    ///
    /// The system makes the datagrams of the contents itself (GSO), where it can: one call, one way
    /// through its layers, up to 64 datagrams. A route whose device cannot do that, or cannot for
    /// segments of this size, is found out by an error of the first try. From then on such
    /// datagrams are sent one by one, and the caller does not notice.
    ///
    /// # Errors
    ///
    /// If there is one, nothing was sent. `InvalidInput` for a segment size of 0, and for a source
    /// of another family than the target. Else the system's: a datagram is too long, the target is
    /// of another family or unreachable, the source is no address of this host; on the first use in
    /// bulk those of [`max_send_segments`](Self::max_send_segments).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, nothing was sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use minato::net::UdpSocket;
    /// use minato::net::udp::{Ecn, Transmit};
    ///
    /// # pollster::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// let target = socket.local_addr()?;
    /// let transmit = Transmit::new(target, "one two sixer").segment_size(4).ecn(Ecn::Ect0);
    /// assert_eq!(socket.send_batch(&transmit).await?, 13);
    ///
    /// let mut buf = [0; 16];
    /// for expected in ["one ", "two ", "sixe", "r"] {
    ///     let (len, _) = socket.recv_from(&mut buf).await?;
    ///     assert_eq!(&buf[..len], expected.as_bytes());
    /// }
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn send_batch, poll_send_batch, try_send_batch(
        &self, transmit: &Transmit<impl AsRef<[u8]>>
    ) -> usize; check transmit.as_ref().check(); {
        self.socket.send_batch(&transmit.as_ref())
    }
}

forms! {
    UdpSocket, READABLE, Read;
    /// Waits for datagrams and receives those that are there, as many as one call takes; returns
    /// how many. There may be more. What the batch held before is gone.
    ///
    /// From the first call on, a system that can joins datagrams while they wait, if the buffers of
    /// the batch have room for that: see [`RecvBatch`]. The methods that receive a single
    /// datagram go on doing so, though each then costs a copy more, and a socket may be received
    /// from in both ways. Only two may get several datagrams in one: who receives through the
    /// descriptor itself, and a receive of a single datagram that is under way on another thread at
    /// the time of the very first call.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from); on the first use in bulk also those of
    /// [`max_send_segments`](Self::max_send_segments). The batch is empty then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, no datagram was taken. The batch is empty then.
    fn recv_batch, poll_recv_batch, try_recv_batch(&self, batch: &mut RecvBatch) -> usize {
        self.receive(batch)
    }
    /// Like [`recv_batch`](Self::recv_batch), into buffers of the caller's; returns how many of
    /// them were filled, from the first on, and writes what is known of each to its place in
    /// `metas`.
    ///
    /// If each buffer has [`RecvBatch::MAX_BUFFER_SIZE`] bytes or more, a system that can joins
    /// datagrams in them, [`stride`](RecvMeta::stride) bytes apart; else each takes one. Up to
    /// [`RecvBatch::MAX_BUFFERS`] are used.
    ///
    /// # Errors
    ///
    /// `InvalidInput` without a buffer, or without a place in `metas`; else as
    /// [`recv_batch`](Self::recv_batch).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, no datagram was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::IoSliceMut;
    /// use minato::net::UdpSocket;
    /// use minato::net::udp::RecvMeta;
    ///
    /// # pollster::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"ahoy", socket.local_addr()?).await?;
    ///
    /// let (mut one, mut two) = ([0; 1500], [0; 1500]);
    /// let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    /// let mut metas = [RecvMeta::default(); 2];
    /// assert_eq!(socket.recv_batch_into(&mut buffers, &mut metas).await?, 1);
    /// assert_eq!(&buffers[0][..metas[0].len], b"ahoy");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn recv_batch_into, poll_recv_batch_into, try_recv_batch_into(
        &self, buffers: &mut [IoSliceMut<'_>], metas: &mut [RecvMeta]
    ) -> usize; check check_room(buffers, metas); {
        self.receive_into(buffers, metas)
    }
}

impl UdpSocket {
    /// How many datagrams one call may send by [`send_batch`](Self::send_batch): 64 on Linux
    /// from 4.18 on, 1 where the system cannot segment, or has turned out not to. More than that
    /// can be given; they take several calls.
    ///
    /// # Errors
    ///
    /// The first use in bulk finds out what the system can do, by means of another socket that is
    /// opened and closed: the system's errors of that (too many descriptors are open).
    pub fn max_send_segments(&self) -> io::Result<usize> {
        self.socket.max_segments().map(|(send, _)| send)
    }

    /// How many datagrams the system may join in one buffer of a [`RecvBatch`]: 64 on Linux from
    /// 5.0 on, 1 where it cannot.
    ///
    /// # Errors
    ///
    /// As [`max_send_segments`](Self::max_send_segments).
    pub fn max_recv_segments(&self) -> io::Result<usize> {
        self.socket.max_segments().map(|(_, receive)| receive)
    }

    /// Sends all datagrams of `transmit`, waiting for room as often as it takes. What was sent is
    /// taken away from its contents.
    ///
    /// # Errors
    ///
    /// As [`send_batch`](Self::send_batch). The contents then begin with the datagram that
    /// could not be sent.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, the contents are what was not sent; it can be called again with
    /// them.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use minato::net::UdpSocket;
    /// use minato::net::udp::Transmit;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// let large = vec![1; 100 * 1200];
    /// let mut transmit = Transmit::new(socket.local_addr()?, &large[..]).segment_size(1200);
    /// socket.send_batch_all(&mut transmit).await?;
    /// assert!(transmit.contents.is_empty());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn send_batch_all(&self, transmit: &mut Transmit<&[u8]>) -> io::Result<()> {
        loop {
            let sent = self.send_batch(transmit).await?;
            transmit.advance(sent);
            if transmit.contents.is_empty() {
                return Ok(());
            }
        }
    }

    fn receive(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        let useful = self.socket.os().map_or(usize::MAX, OsSocket::useful_buffers);
        batch.fill(useful, |buffers, metas| self.receive_into(buffers, metas))?;
        Ok(batch.len())
    }

    fn receive_into(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        let before = self.socket.registration().snapshot();
        let received = self.socket.recv_batch(buffers, metas);
        // Small buffers take some of the joined datagrams, and the others are queued.
        self.socket.report_queued();
        let (filled, is_all) = received?;
        if is_all {
            self.socket.received_all(before);
        }
        Ok(filled)
    }
}

/// Refuses to receive into nothing, which would have to wait for a datagram and lose it.
fn check_room(buffers: &[IoSliceMut<'_>], metas: &[RecvMeta]) -> io::Result<()> {
    if buffers.is_empty() || metas.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "datagrams are received into one buffer or more, with a place for what is known of it",
        ));
    }
    Ok(())
}
