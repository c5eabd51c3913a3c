//! The verbs of pipes: anonymous ones, and FIFOs, which are pipes with a path. To the system an end
//! of a pipe is a file.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
pub(crate) use rustix::io::ioctl_fionbio as set_nonblocking;

use super::{Descriptor, MAX_BUFFERS};

/// Which end of a pipe it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipeEnd {
    Reading,
    Writing,
}

/// A new pipe: its reading and its writing end, non-blocking and close-on-exec.
pub(crate) fn pair() -> io::Result<(File, File)> {
    let (reader, writer) = io::pipe()?;
    let ends = [reader.into(), writer.into()].map(|end: Descriptor| File::from(end));
    for end in &ends {
        set_nonblocking(end, true)?;
    }
    Ok(ends.into())
}

/// Opens the FIFO at `path` without waiting for its other end; as both ends if `both`.
pub(crate) fn open(path: &Path, end: PipeEnd, both: bool) -> io::Result<File> {
    let (read, write) = (end == PipeEnd::Reading || both, end == PipeEnd::Writing || both);
    let flags = OFlags::NONBLOCK.bits() as i32;
    OpenOptions::new().read(read).write(write).custom_flags(flags).open(path)
}

/// Whether it is a pipe at all.
pub(crate) fn check_kind(pipe: &File) -> io::Result<()> {
    match FileType::from_raw_mode(fstat(pipe)?.st_mode) {
        FileType::Fifo => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a pipe")),
    }
}

/// Whether it was opened as `end`.
pub(crate) fn check_access(pipe: &File, end: PipeEnd) -> io::Result<()> {
    let mode = fcntl_getfl(pipe)? & OFlags::RWMODE;
    let (needed, text) = match end {
        PipeEnd::Reading => (OFlags::RDONLY, "the pipe was not opened for reading"),
        PipeEnd::Writing => (OFlags::WRONLY, "the pipe was not opened for writing"),
    };
    if mode == needed || mode == OFlags::RDWR {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

pub(crate) fn read(pipe: &File, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    let (read, _) = rustix::io::read(pipe, buf)?;
    Ok(read.len())
}

pub(crate) fn read_vectored(mut pipe: &File, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let count = bufs.len().min(MAX_BUFFERS);
    pipe.read_vectored(&mut bufs[..count])
}

pub(crate) fn write_vectored(mut pipe: &File, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    pipe.write_vectored(&bufs[..bufs.len().min(MAX_BUFFERS)])
}
