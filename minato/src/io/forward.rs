//! Writes out the methods of a stream that hands every call to another.
//!
//! Each macro takes the name of `self`, that of the context, an expression for the pinned stream
//! behind, and one for the same stream by shared reference.

macro_rules! forward_read {
    ($self:ident, $cx:ident => $pin:expr; $shared:expr) => {
        fn poll_read(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
            buf: &mut crate::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            $pin.poll_read($cx, buf)
        }

        #[inline]
        fn poll_read_slice(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
            bytes: &mut [u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            $pin.poll_read_slice($cx, bytes)
        }

        fn direct_reader(&$self) -> Option<crate::net::Direct<'_>> {
            $shared.direct_reader()
        }
    };
}

macro_rules! forward_buf_read {
    ($self:ident, $cx:ident => $pin:expr) => {
        fn poll_fill_buf(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<&[u8]>> {
            $pin.poll_fill_buf($cx)
        }

        fn consume($self: std::pin::Pin<&mut Self>, amount: usize) {
            $pin.consume(amount);
        }
    };
}

macro_rules! forward_write {
    ($self:ident, $cx:ident => $pin:expr; $shared:expr) => {
        crate::io::forward::forward_write_polls!($self, $cx => $pin);

        fn is_write_vectored(&$self) -> bool {
            $shared.is_write_vectored()
        }

        fn direct_writer(&$self) -> Option<crate::net::Direct<'_>> {
            $shared.direct_writer()
        }
    };
}

macro_rules! forward_write_polls {
    ($self:ident, $cx:ident => $pin:expr) => {
        fn poll_write(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
            buf: &[u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            $pin.poll_write($cx, buf)
        }

        fn poll_flush(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            $pin.poll_flush($cx)
        }

        fn poll_shutdown(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            $pin.poll_shutdown($cx)
        }

        fn poll_write_vectored(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
            bufs: &[std::io::IoSlice<'_>],
        ) -> std::task::Poll<std::io::Result<usize>> {
            $pin.poll_write_vectored($cx, bufs)
        }
    };
}

pub(super) use {forward_buf_read, forward_read, forward_write, forward_write_polls};
