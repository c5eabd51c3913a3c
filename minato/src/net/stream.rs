//! What every stream socket can do, written once: `stream_api!` gives a type these methods and the
//! I/O traits.

/// Gives `$stream`, which has a field `socket: Socket`, the methods and traits of a stream.
macro_rules! stream_api {
    ($stream:ident, $address:ty) => {
        impl $stream {
            /// Ends the reading side, the writing side or both. The peer sees the end of the
            /// stream after what was written. (`shutdown` of
            /// [`AsyncWriteExt`](crate::io::AsyncWriteExt) ends the writing side.)
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` after the peer reset the connection.
            pub fn shutdown_half(&self, how: Shutdown) -> io::Result<()> {
                self.socket.shutdown(how)
            }

            /// Waits until the peer has ended its writing side, or the connection is gone, without
            /// reading: what the peer has sent stays to be read. To notice, for example, that
            /// nobody waits any more for an answer that takes a while.
            ///
            /// A peer that has only ended its writing side may still read, as after a request that
            /// it has [shut down](crate::io::AsyncWriteExt::shutdown); what is gone reports
            /// [`ready`](Self::ready) for [`WRITABLE`](Interest::WRITABLE) with
            /// [`is_write_closed`](Readiness::is_write_closed).
            ///
            /// # Errors
            ///
            /// As [`ready`](Self::ready). An error of the connection ends the wait, and is left for
            /// the next read or write.
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost by dropping it.
            pub async fn read_closed(&self) -> io::Result<()> {
                self.socket.ready(Interest::READ_CLOSED).await.map(drop)
            }

            /// Splits the stream into halves that borrow it, for use within one task.
            pub fn split(&mut self) -> (BorrowedReadHalf<'_, Self>, BorrowedWriteHalf<'_, Self>) {
                halves::split(self)
            }

            /// Splits the stream into halves that own it together, for use in two tasks. Dropping
            /// the writing half ends the writing side.
            pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
                halves::into_split(self)
            }
        }

        $crate::net::api::readiness_api!($stream, poll_read_ready, poll_write_ready);
        $crate::net::stream::read_methods!([] $stream);
        $crate::net::stream::write_methods!([] $stream);
        $crate::net::stream::send_file_method!([] $stream);
        $crate::net::stream::read_traits!([] $stream);
        $crate::net::stream::write_traits!([] $stream);
        // As std's streams have it. Which of several readers gets which bytes is left to chance,
        // and the pieces of several writers may come to lie between each other.
        $crate::net::stream::read_traits!([] &$stream);
        $crate::net::stream::write_traits!([] &$stream);

        impl SplitStream for $stream {
            type Addr = $address;
            type ReuniteError = super::ReuniteError;

            fn local_addr(&self) -> io::Result<$address> {
                self.local_addr()
            }

            fn peer_addr(&self) -> io::Result<$address> {
                self.peer_addr()
            }
        }

        impl AsRef<Self> for $stream {
            fn as_ref(&self) -> &Self {
                self
            }
        }

        impl halves::sealed::HasSocket for $stream {
            #[allow(private_interfaces, reason = "only we implement and call it")]
            fn socket(&self) -> &Socket {
                &self.socket
            }
        }
    };
}

/// Gives `$reader`, a stream or a reading half, what reads without waiting. It has a `socket()`.
macro_rules! read_methods {
    ([$($generics:tt)*] $reader:ty) => {
        impl<$($generics)*> $reader {
            /// Reads what is there, without waiting; 0 is the end of the stream.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is nothing at present; else the system's.
            pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.socket().try_recv_buf(&mut ReadBuf::new(buf))
            }

            /// Like [`try_read`](Self::try_read), into memory that this thread lends; `None` is the
            /// end of the stream.
            ///
            /// # Errors
            ///
            /// As [`try_read`](Self::try_read).
            pub fn try_read_lent(&self) -> io::Result<Option<Lent>> {
                self.socket().try_recv_lent()
            }

            /// Like [`try_read`](Self::try_read), into several buffers in order.
            ///
            /// # Errors
            ///
            /// As [`try_read`](Self::try_read).
            pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.socket().try_recv_vectored(bufs)
            }

            /// Like [`try_read`](Self::try_read), into the free room of a buffer that grows.
            ///
            /// # Errors
            ///
            /// As [`try_read`](Self::try_read).
            pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
                self.socket().try_recv_buf(buf)
            }
        }
    };
}

/// Gives `$writer`, a stream or a writing half, what writes. It has a `socket()`.
macro_rules! write_methods {
    ([$($generics:tt)*] $writer:ty) => {
        impl<$($generics)*> $writer {
            /// Writes as much as there is room for, without waiting.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is no room at present; else the system's.
            pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                let socket = self.socket();
                socket.try_io(Interest::WRITABLE, || socket.send(buf))
            }

            /// Writes all that was lent. It starts at once, before it is polled, and gives the
            /// memory back: what there is no room for is copied, and written when it is polled. So
            /// the future, unlike `lent`, may go to another thread.
            ///
            /// # Errors
            ///
            /// The system's.
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, it may have written a part.
            #[must_use = "what there was no room for is written when it is polled"]
            #[inline]
            pub fn write_all_lent(
                &self,
                lent: Lent,
            ) -> impl Future<Output = io::Result<()>> + Send {
                let (socket, rest) = (self.socket(), self.socket().send_lent(lent));
                async move {
                    match rest? {
                        rest if rest.is_empty() => Ok(()),
                        rest => socket.send_rest(rest).await,
                    }
                }
            }

            /// Like [`try_write`](Self::try_write), from several buffers in order.
            ///
            /// # Errors
            ///
            /// As [`try_write`](Self::try_write).
            pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                let socket = self.socket();
                socket.try_io(Interest::WRITABLE, || socket.send_vectored(bufs))
            }
        }
    };
}

/// Gives `$writer`, a stream or a writing half, the sending of files. It has a `socket()`.
macro_rules! send_file_method {
    ([$($generics:tt)*] $writer:ty) => {
        impl<$($generics)*> $writer {
            /// Sends `len` bytes of a file from `offset` on, or all that follow if `None`; returns
            /// how many that were, fewer than `len` if the file ends before.
            ///
            /// Where the system can, it sends them by itself (`sendfile` of Linux) without their
            /// passing through this process; else they are read and sent in pieces of 64 KiB. The
            /// file's own position is not moved.
            ///
            /// A file is always ready, so reading it cannot be waited for: what is not in the
            /// system's cache *blocks the thread* while the disk is read, for up to 256 KiB at a
            /// time.
            ///
            /// # Errors
            ///
            /// Those of writing to the stream, and of reading the file at a position, which a pipe
            /// or a terminal cannot do. What was [sent](SendFile::sent) before is known from the
            /// future, and polled again it goes on from there.
            ///
            /// # Cancel safety
            ///
            /// Nothing is sent but what [`sent`](SendFile::sent) of the future counts, so another
            /// one can go on after it.
            pub fn send_file<F: AsFd>(
                &self,
                file: F,
                offset: u64,
                len: Option<u64>,
            ) -> SendFile<'_, F> {
                SendFile::new(self.socket(), file, offset, len)
            }
        }
    };
}

/// Gives `$reader`, a stream, a reference to one or a reading half, the trait for reading.
macro_rules! read_traits {
    ([$($generics:tt)*] $reader:ty) => {
        impl<$($generics)*> AsyncRead for $reader {
            #[inline(always)]
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.socket().poll_read(cx, buf)
            }

            #[inline(always)]
            fn poll_read_slice(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_recv(cx, bytes)
            }

            #[inline(always)]
            fn poll_read_lent(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<Option<Lent>>> {
                self.socket().poll_recv_lent(cx)
            }

            fn direct_reader(&self) -> Option<Direct<'_>> {
                self.socket().direct()
            }
        }
    };
}

/// Gives `$writer`, a stream, a reference to one or a writing half, the trait for writing.
macro_rules! write_traits {
    ([$($generics:tt)*] $writer:ty) => {
        impl<$($generics)*> AsyncWrite for $writer {
            #[inline(always)]
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_write_vectored(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            /// Nothing is buffered here: ready at once.
            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            /// Ends the writing side: the peer sees the end of the stream.
            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.socket().end_writing())
            }

            fn direct_writer(&self) -> Option<Direct<'_>> {
                self.socket().direct()
            }
        }
    };
}

pub(super) use {
    read_methods, read_traits, send_file_method, stream_api, write_methods, write_traits,
};
