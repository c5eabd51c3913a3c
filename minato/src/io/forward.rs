//! Writes out the methods of streams that differ in little.
//!
//! Each `forward` macro is for a stream that hands every call to another. It takes the name of
//! `self`, that of the context, an expression for the pinned stream behind, and one for the same
//! stream by shared reference.

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
    ($self:ident, $cx:ident => $pin:expr; $shared:expr) => {
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
        crate::io::forward::write_polls! {
            $self, $cx,
            buf => $pin.poll_write($cx, buf),
            bufs => $pin.poll_write_vectored($cx, bufs),
            flush => $pin.poll_flush($cx),
            shutdown => $pin.poll_shutdown($cx)
        }
    };
}

/// The methods of a writer that takes several slices as readily as one: see [`write_polls`].
macro_rules! write_at_once {
    ($($polls:tt)+) => {
        crate::io::forward::write_polls! { $($polls)+ }

        fn is_write_vectored(&self) -> bool {
            true
        }
    };
}

/// The polls of a writer. It takes the name of `self`, that of the context, and what each does.
macro_rules! write_polls {
    (
        $self:ident, $cx:ident,
        $buf:ident => $write:expr,
        $bufs:ident => $write_vectored:expr,
        flush => $flush:expr,
        shutdown => $shutdown:expr
    ) => {
        fn poll_write(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
            $buf: &[u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            $write
        }

        fn poll_flush(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            $flush
        }

        fn poll_shutdown(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            $shutdown
        }

        fn poll_write_vectored(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
            $bufs: &[std::io::IoSlice<'_>],
        ) -> std::task::Poll<std::io::Result<usize>> {
            $write_vectored
        }
    };
}

macro_rules! forward_seek {
    ($self:ident, $cx:ident => $pin:expr; $shared:expr) => {
        fn start_seek(
            $self: std::pin::Pin<&mut Self>,
            position: std::io::SeekFrom,
        ) -> std::io::Result<()> {
            $pin.start_seek(position)
        }

        fn poll_complete(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<u64>> {
            $pin.poll_complete($cx)
        }
    };
}

/// Gives a trait to the pointers to everything that has it: `$methods` writes its methods out.
macro_rules! forward_pointers {
    ($trait:ident, $methods:ident) => {
        impl<T: ?Sized + $trait + Unpin> $trait for Box<T> {
            $methods!(self, cx => Pin::new(&mut **self.get_mut()); (**self));
        }

        impl<T: ?Sized + $trait + Unpin> $trait for &mut T {
            $methods!(self, cx => Pin::new(&mut **self.get_mut()); (**self));
        }

        impl<P> $trait for Pin<P>
        where
            P: std::ops::DerefMut,
            P::Target: $trait,
        {
            $methods!(self, cx => self.as_deref_mut(); (**self));
        }
    };
}

pub(super) use {
    forward_buf_read, forward_pointers, forward_read, forward_seek, forward_write,
    forward_write_polls, write_at_once, write_polls,
};
