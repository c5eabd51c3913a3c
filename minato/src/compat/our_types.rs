//! The types of this crate that read, write, read by a buffer or seek, as a table.

/// Calls a macro for each of them, and for `Compat`: with its generics, the type, and how `self`
/// becomes the pinned and the shared stream that has our trait. Whoever does not have the traits
/// for buffers and seeking names no macros for them.
macro_rules! for_our_types {
    ($read:ident, $write:ident $(, $buf_read:ident $(, $seek:ident)?)?) => {
        crate::compat::our_types::for_our_types! { @direct
            $read [] {
                net::TcpStream, &net::TcpStream, net::UnixStream, &net::UnixStream,
                net::unix::pipe::Receiver,
                ours::DuplexStream, ours::SimplexStream, ours::Empty, ours::Repeat
            }
            $read [S: net::SplitStream] { net::OwnedReadHalf<S>, net::BorrowedReadHalf<'_, S> }
            $read [T: ours::AsyncRead] {
                ours::ReadHalf<T>, ours::BufReader<T>, ours::BufWriter<T>, ours::BufStream<T>,
                ours::Take<T>
            }
            $read [T: ours::AsyncRead, U: ours::AsyncRead] { ours::Chain<T, U> }
            $read [T: ours::AsyncRead, U] { ours::Join<T, U> }
            $write [] {
                net::TcpStream, &net::TcpStream, net::UnixStream, &net::UnixStream,
                net::unix::pipe::Sender,
                ours::DuplexStream, ours::SimplexStream, ours::Empty, ours::Sink
            }
            $write [S: net::SplitStream] { net::OwnedWriteHalf<S>, net::BorrowedWriteHalf<'_, S> }
            $write [T: ours::AsyncWrite] {
                ours::WriteHalf<T>, ours::BufReader<T>, ours::BufWriter<T>, ours::BufStream<T>
            }
            $write [T, U: ours::AsyncWrite] { ours::Join<T, U> }
            $(
                $buf_read [] { ours::SimplexStream, ours::Empty }
                $buf_read [T: ours::AsyncRead] { ours::BufReader<T>, ours::BufStream<T> }
                $buf_read [T: ours::AsyncBufRead] { ours::BufWriter<T>, ours::Take<T> }
                $buf_read [T: ours::AsyncBufRead, U: ours::AsyncBufRead] { ours::Chain<T, U> }
                $buf_read [T: ours::AsyncBufRead, U] { ours::Join<T, U> }
                $(
                    $seek [] { ours::Empty }
                    $seek [T: ours::AsyncRead + ours::AsyncSeek] { ours::BufReader<T> }
                    $seek [T: ours::AsyncWrite + ours::AsyncSeek] { ours::BufWriter<T> }
                    $seek [T: ours::AsyncRead + ours::AsyncWrite + ours::AsyncSeek] {
                        ours::BufStream<T>
                    }
                )?
            )?
        }
        $read!([T: ours::AsyncRead] Compat<T>, self => self.project().inner, &self.inner);
        $write!([T: ours::AsyncWrite] Compat<T>, self => self.project().inner, &self.inner);
        $(
            $buf_read!(
                [T: ours::AsyncBufRead] Compat<T>, self => self.project().inner, &self.inner
            );
            $($seek!([T: ours::AsyncSeek] Compat<T>, self => self.project().inner, &self.inner);)?
        )?
    };
    (@direct $($macro:ident $generics:tt { $($type:ty),* })*) => {
        $($($macro!($generics $type, self => self, self);)*)*
    };
}

pub(super) use for_our_types;
