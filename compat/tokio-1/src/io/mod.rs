//! Reading and writing.

pub use std::io::{Error, ErrorKind, Result, SeekFrom};

pub use minato::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
#[cfg(feature = "io-util")]
pub use minato::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufStream, BufWriter,
    Chain, DuplexStream, Empty, Join, Lines, ReadHalf, Repeat, SimplexStream, Sink, Split, Take,
    WriteHalf, copy, copy_bidirectional, copy_bidirectional_with_sizes, copy_buf, duplex, empty,
    join, repeat, simplex, sink, split,
};
#[cfg(feature = "net")]
pub use minato::io::{Interest, Ready};

#[cfg(feature = "net")]
pub mod unix {
    //! Any descriptor that can be waited for.

    #[allow(deprecated)]
    #[doc(hidden)]
    pub use minato::net::async_fd::AsyncFdTryNewError;
    pub use minato::net::async_fd::{
        AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, TryIoError,
    };
}

// Standard input and output, tokio's own.
#[cfg(feature = "io-std")]
#[path = "../tokio/io/stderr.rs"]
mod stderr;
#[cfg(feature = "io-std")]
#[path = "../tokio/io/stdin.rs"]
mod stdin;
#[cfg(feature = "io-std")]
#[path = "../tokio/io/stdio_common.rs"]
mod stdio_common;
#[cfg(feature = "io-std")]
#[path = "../tokio/io/stdout.rs"]
mod stdout;
#[cfg(feature = "io-std")]
pub use self::{
    stderr::{Stderr, stderr},
    stdin::{Stdin, stdin},
    stdout::{Stdout, stdout},
};

// What files, processes and standard streams stand on.
#[cfg(any(feature = "fs", feature = "io-std"))]
#[path = "../tokio/io/blocking.rs"]
pub(crate) mod blocking;
#[cfg(any(feature = "fs", feature = "io-std"))]
mod sys {
    pub(crate) use crate::blocking::{
        JoinHandle as Blocking, spawn_blocking as run, spawn_mandatory_blocking,
    };
}
#[cfg(feature = "process")]
mod poll_evented;
#[cfg(feature = "process")]
pub(crate) use self::poll_evented::PollEvented;
#[cfg(feature = "process")]
pub(crate) mod interest {
    pub(crate) use minato::io::Interest;
}
#[cfg(feature = "process")]
pub(crate) mod util {
    use minato::io::{AsyncRead, AsyncReadExt, Result};

    pub(crate) async fn read_to_end<R>(reader: &mut R, buffer: &mut Vec<u8>) -> Result<usize>
    where
        R: AsyncRead + Unpin,
    {
        reader.read_to_end(buffer).await
    }
}
