//! The verbs of pipes: anonymous ones, and FIFOs, which are pipes with a path.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};

use super::{BorrowedDescriptor, Descriptor, MAX_BUFFERS, RawDescriptor};

/// One end of a pipe.
#[derive(Debug)]
pub(crate) struct OsPipe(File);

/// Which end it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipeEnd {
    Reading,
    Writing,
}

impl OsPipe {
    /// A new pipe: its reading and its writing end, non-blocking and close-on-exec.
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (reader, writer) = io::pipe()?;
        let ends = [reader.into(), writer.into()].map(|end: Descriptor| Self(end.into()));
        for end in &ends {
            end.set_nonblocking(true)?;
        }
        Ok(ends.into())
    }

    /// Opens the FIFO at `path` without waiting for its other end; as both ends if `both`.
    pub(crate) fn open(path: &Path, end: PipeEnd, both: bool) -> io::Result<Self> {
        let (read, write) = (end == PipeEnd::Reading || both, end == PipeEnd::Writing || both);
        let flags = OFlags::NONBLOCK.bits() as i32;
        let file = OpenOptions::new().read(read).write(write).custom_flags(flags).open(path)?;
        Ok(Self(file))
    }

    /// Whether it is a pipe at all.
    pub(crate) fn check_kind(&self) -> io::Result<()> {
        match FileType::from_raw_mode(fstat(&self.0)?.st_mode) {
            FileType::Fifo => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a pipe")),
        }
    }

    /// Whether it was opened as `end`.
    pub(crate) fn check_access(&self, end: PipeEnd) -> io::Result<()> {
        let mode = fcntl_getfl(&self.0)? & OFlags::RWMODE;
        let (needed, text) = match end {
            PipeEnd::Reading => (OFlags::RDONLY, "the pipe was not opened for reading"),
            PipeEnd::Writing => (OFlags::WRONLY, "the pipe was not opened for writing"),
        };
        if mode == needed || mode == OFlags::RDWR {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }

    pub(crate) fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        let before = fcntl_getfl(&self.0)?;
        let mut flags = before;
        flags.set(OFlags::NONBLOCK, on);
        if flags != before {
            fcntl_setfl(&self.0, flags)?;
        }
        Ok(())
    }

    pub(crate) fn read(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        let (read, _) = rustix::io::read(&self.0, buf)?;
        Ok(read.len())
    }

    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let count = bufs.len().min(MAX_BUFFERS);
        (&self.0).read_vectored(&mut bufs[..count])
    }

    pub(crate) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        (&self.0).write(buf)
    }

    pub(crate) fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&self.0).write_vectored(&bufs[..bufs.len().min(MAX_BUFFERS)])
    }
}

impl AsFd for OsPipe {
    fn as_fd(&self) -> BorrowedDescriptor<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for OsPipe {
    fn as_raw_fd(&self) -> RawDescriptor {
        self.0.as_raw_fd()
    }
}

impl From<Descriptor> for OsPipe {
    fn from(descriptor: Descriptor) -> Self {
        Self(descriptor.into())
    }
}

impl From<OsPipe> for Descriptor {
    fn from(pipe: OsPipe) -> Self {
        pipe.0.into()
    }
}
