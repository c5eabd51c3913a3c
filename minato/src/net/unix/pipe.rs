//! Pipes: one way, within a process or between two, with a path (a FIFO) or without.
//!
//! [`pipe`] makes one without a path. A FIFO is opened with [`OpenOptions`]. Either end may be
//! taken over from a file or descriptor, for example one that another process left.
//!
//! Readiness, waiting and trying are those of sockets, and an end works on any thread and under any
//! executor as they do. It is registered at its first wait. Simulated hosts have no pipes: there,
//! whatever would make one returns `Unsupported`.
//!
//! ```
//! use minato::io::{AsyncReadExt, AsyncWriteExt};
//! use minato::net::unix::pipe;
//!
//! # fn main() -> std::io::Result<()> {
//! # pollster::block_on(async {
//! let (mut sender, mut receiver) = pipe::pipe()?;
//! sender.write_all(b"ahoy").await?;
//! drop(sender);
//! let mut all = Vec::new();
//! receiver.read_to_end(&mut all).await?;
//! assert_eq!(all, b"ahoy");
//! # Ok(()) })
//! # }
//! ```

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;

use crate::engine::{Direction, Interest, Readiness};
use crate::io::{AsyncRead, AsyncWrite, Lent, ReadBuf};
use crate::net::api::{readable_api, ready_api, writable_api};
use crate::net::io::Waitable;
use crate::net::registration::{self, Registration};
use crate::net::socket::{StreamVerbs, no_descriptor};
use crate::net::stream::{read_methods, read_traits, write_methods, write_traits};
use crate::net::{AsyncFd, Direct};
use crate::os::pipe::{self as verbs, PipeEnd};

/// Makes a pipe without a path: what is written to the sender is read from the receiver.
///
/// # Errors
///
/// When the system has no more descriptors. `Unsupported` on a simulated runtime.
#[track_caller]
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (reading, writing) = verbs::pair()?;
    let sender = Sender { end: End::new(writing, PipeEnd::Writing)? };
    Ok((sender, Receiver { end: End::new(reading, PipeEnd::Reading)? }))
}

/// How a FIFO is opened: as a [`Sender`] or as a [`Receiver`].
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt};
/// use minato::net::unix::pipe::OpenOptions;
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("fifo");
/// # assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
/// # pollster::block_on(async {
/// let mut receiver = OpenOptions::new().open_receiver(&path)?;
/// let mut sender = OpenOptions::new().open_sender(&path)?;
/// sender.write_all(b"ahoy").await?;
/// let mut bytes = [0; 4];
/// receiver.read_exact(&mut bytes).await?;
/// assert_eq!(&bytes, b"ahoy");
/// # Ok(()) })
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    both: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// A FIFO is opened one way, and it is checked that it is one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether it goes unchecked that the file is a FIFO, which saves a call.
    pub fn unchecked(&mut self, value: bool) -> &mut Self {
        self.unchecked = value;
        self
    }

    /// Opens the FIFO at `path` for reading. That waits for no sender, but a read waits for the
    /// first one.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the file is no FIFO; else the system's. `Unsupported` on a simulated
    /// runtime.
    #[track_caller]
    pub fn open_receiver<P: AsRef<Path>>(&self, path: P) -> io::Result<Receiver> {
        self.open(path.as_ref(), PipeEnd::Reading).map(|end| Receiver { end })
    }

    /// Opens the FIFO at `path` for writing.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the file is no FIFO; else the system's, which is `ENXIO` if there is no
    /// receiver. `Unsupported` on a simulated runtime.
    #[track_caller]
    pub fn open_sender<P: AsRef<Path>>(&self, path: P) -> io::Result<Sender> {
        self.open(path.as_ref(), PipeEnd::Writing).map(|end| Sender { end })
    }

    #[track_caller]
    fn open(&self, path: &Path, end: PipeEnd) -> io::Result<End> {
        let pipe = verbs::open(path, end, self.both)?;
        if !self.unchecked {
            verbs::check_kind(&pipe)?;
        }
        End::new(pipe, end)
    }
}

/// What Linux has and others lack.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod on_linux {
    impl super::OpenOptions {
        /// Sets whether the FIFO is opened for reading and writing at once. Then a receiver does
        /// not see an end when the last other sender goes, and a sender needs no receiver.
        pub fn read_write(&mut self, value: bool) -> &mut Self {
            self.both = value;
            self
        }
    }
}

/// Gives `$end`, which is opened for `$verb`, what both ends have.
macro_rules! end_api {
    ($end:ident, $which:ident, $verb:literal) => {
        ready_api!([] $end);

        impl $end {
            fn socket(&self) -> &End {
                &self.end
            }

            #[doc = concat!("Takes over a file that is a pipe, opened for ", $verb, ".")]
            /// It becomes non-blocking.
            ///
            /// # Errors
            ///
            /// `InvalidInput` if it is not such a pipe; else the system's. `Unsupported` on a
            /// simulated runtime.
            #[track_caller]
            pub fn from_file(file: File) -> io::Result<Self> {
                Self::from_owned_fd(file.into())
            }

            /// Like [`from_file`](Self::from_file), with the descriptor of the file.
            ///
            /// # Errors
            ///
            /// As [`from_file`](Self::from_file).
            #[track_caller]
            pub fn from_owned_fd(descriptor: OwnedFd) -> io::Result<Self> {
                Ok(Self { end: End::checked(descriptor.into(), PipeEnd::$which)? })
            }

            #[doc = concat!("Takes over a file that is a pipe, opened for ", $verb, ", and ")]
            /// non-blocking already. None of this is checked; one that blocks would block the
            /// thread.
            ///
            /// # Errors
            ///
            /// The system's: the file cannot be waited for. `Unsupported` on a simulated runtime.
            #[track_caller]
            pub fn from_file_unchecked(file: File) -> io::Result<Self> {
                Self::from_owned_fd_unchecked(file.into())
            }

            /// Like [`from_file_unchecked`](Self::from_file_unchecked), with the descriptor of the
            /// file.
            ///
            /// # Errors
            ///
            /// As [`from_file_unchecked`](Self::from_file_unchecked).
            #[track_caller]
            pub fn from_owned_fd_unchecked(descriptor: OwnedFd) -> io::Result<Self> {
                Ok(Self { end: End::new(descriptor.into(), PipeEnd::$which)? })
            }

            /// Calls `operation`, which does I/O on the descriptor, if this end may be ready for
            /// it; before the first wait the system is asked. When it returns `WouldBlock`, the
            /// readiness is cleared, so it must return that only if the pipe did.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if the pipe is known not to be ready; else those of `operation`.
            pub fn try_io<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
                self.end.try_user_io(interest(PipeEnd::$which), operation)
            }

            /// Gives the descriptor away, as one that blocks: for another process, usually.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
                self.end.into_descriptor(false)
            }

            /// Gives the descriptor away, non-blocking as it is.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
                self.end.into_descriptor(true)
            }
        }

        impl AsFd for $end {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.end.0.as_fd()
            }
        }

        impl AsRawFd for $end {
            fn as_raw_fd(&self) -> RawFd {
                self.end.0.as_raw_fd()
            }
        }
    };
}

/// The writing end of a pipe.
///
/// Writing is in [`AsyncWriteExt`](crate::io::AsyncWriteExt). A write to a pipe whose receivers are
/// gone is an error of the kind `BrokenPipe`. Dropping it closes this end; a flush or shutdown does
/// nothing.
#[derive(Debug)]
pub struct Sender {
    end: End,
}

/// The reading end of a pipe.
///
/// Reading is in [`AsyncReadExt`](crate::io::AsyncReadExt). A read finds the end when every sender
/// is gone and what they wrote was read. Of a FIFO that passes when it is opened for writing again.
#[derive(Debug)]
pub struct Receiver {
    end: End,
}

write_methods!([] Sender);
write_traits!([] Sender);
writable_api!([] Sender, poll_write_ready);
end_api!(Sender, Writing, "writing");

read_methods!([] Receiver);
read_traits!([] Receiver);
readable_api!([] Receiver, poll_read_ready);
end_api!(Receiver, Reading, "reading");

/// An end of a pipe, by the names of a socket's operations.
#[derive(Debug)]
struct End(AsyncFd<File>);

fn interest(end: PipeEnd) -> Interest {
    match end {
        PipeEnd::Reading => Interest::READABLE,
        PipeEnd::Writing => Interest::WRITABLE,
    }
}

impl Waitable for End {
    fn registration(&self) -> &Registration {
        self.0.registration()
    }
}

impl End {
    #[track_caller]
    fn new(pipe: File, end: PipeEnd) -> io::Result<Self> {
        if registration::host(None).is_some() {
            return Err(no_descriptor("a pipe"));
        }
        Ok(Self(AsyncFd::from_owner_with_interest(pipe, interest(end))?))
    }

    /// Takes over a descriptor once it is known to be that end of a pipe.
    #[track_caller]
    fn checked(pipe: File, end: PipeEnd) -> io::Result<Self> {
        verbs::check_kind(&pipe)?;
        verbs::check_access(&pipe, end)?;
        verbs::set_nonblocking(&pipe, true)?;
        Self::new(pipe, end)
    }

    fn into_descriptor(self, is_nonblocking: bool) -> io::Result<OwnedFd> {
        let pipe = self.0.into_inner();
        verbs::set_nonblocking(&pipe, is_nonblocking)?;
        Ok(pipe.into())
    }

    /// The end of the bytes is told by closing, nothing else.
    fn end_writing(&self) -> io::Result<()> {
        Ok(())
    }

    /// Copies read and write it.
    fn direct(&self) -> Option<Direct<'_>> {
        None
    }
}

impl StreamVerbs for End {
    fn recv(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        verbs::read(self.0.get_ref(), buf)
    }

    fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        verbs::read_vectored(self.0.get_ref(), bufs)
    }

    fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.get_ref().write(buf)
    }

    fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        verbs::write_vectored(self.0.get_ref(), bufs)
    }
}
