//! Writes out the methods of streams that differ in little.
//!
//! Each `forward` macro is for a stream that hands every call to another. It takes the name of
//! `self`, that of the context, an expression for the pinned stream behind, and one for the same
//! stream by shared reference. After `by` comes the trait of that stream, where it is not ours.

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
        crate::io::forward::forward_buf_read!($self, $cx => $pin; by crate::io::AsyncBufRead);
    };
    ($self:ident, $cx:ident => $pin:expr; by $trait:path) => {
        fn poll_fill_buf(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<&[u8]>> {
            <_ as $trait>::poll_fill_buf($pin, $cx)
        }

        fn consume($self: std::pin::Pin<&mut Self>, amount: usize) {
            <_ as $trait>::consume($pin, amount);
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
        crate::io::forward::forward_write_polls!($self, $cx => $pin; by crate::io::AsyncWrite);
    };
    ($self:ident, $cx:ident => $pin:expr; by $trait:path) => {
        crate::io::forward::write_polls! {
            $self, $cx,
            buf => <_ as $trait>::poll_write($pin, $cx, buf),
            bufs => <_ as $trait>::poll_write_vectored($pin, $cx, bufs),
            flush => <_ as $trait>::poll_flush($pin, $cx),
            poll_shutdown => <_ as $trait>::poll_shutdown($pin, $cx)
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
        $ends:ident => $end:expr
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

        fn $ends(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            $end
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
        crate::io::forward::forward_seek!($self, $cx => $pin; by crate::io::AsyncSeek);
    };
    ($self:ident, $cx:ident => $pin:expr; by $trait:path) => {
        fn start_seek(
            $self: std::pin::Pin<&mut Self>,
            position: std::io::SeekFrom,
        ) -> std::io::Result<()> {
            <_ as $trait>::start_seek($pin, position)
        }

        fn poll_complete(
            $self: std::pin::Pin<&mut Self>,
            $cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<std::io::Result<u64>> {
            <_ as $trait>::poll_complete($pin, $cx)
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

        impl<P: std::ops::DerefMut<Target: $trait>> $trait for Pin<P> {
            $methods!(self, cx => self.as_deref_mut(); (**self));
        }
    };
}

/// What a wrapper of one pinned stream gives of it: by its name, the name of the field, and in
/// words what the stream is, what to know before using it directly, and before taking it out.
macro_rules! wrapped {
    ($wrapper:ident: $field:ident, $what:literal, $directly:literal, $taken:literal) => {
        impl<T> $wrapper<T> {
            #[doc = concat!("The ", $what, ".")]
            pub fn get_ref(&self) -> &T {
                &self.$field
            }

            #[doc = concat!("The ", $what, $directly, ".")]
            pub fn get_mut(&mut self) -> &mut T {
                &mut self.$field
            }

            #[doc = concat!("The pinned ", $what, ".")]
            pub fn get_pin_mut(self: std::pin::Pin<&mut Self>) -> std::pin::Pin<&mut T> {
                self.project().$field
            }

            #[doc = concat!("Gives back the ", $what, $taken, ".")]
            pub fn into_inner(self) -> T {
                self.$field
            }
        }
    };
}

pub(crate) use {
    forward_buf_read, forward_pointers, forward_read, forward_seek, forward_write,
    forward_write_polls, wrapped, write_at_once, write_polls,
};
