//! The helpers over the I/O traits: extension traits, their futures, and the adapters.

// The extension traits.
mod buf_read_ext;
mod read_ext;
mod seek_ext;
mod write_ext;

// The futures of reading.
mod read;
mod read_to_end;
mod read_to_string;

// The futures of buffered reading.
mod read_until;

// The futures of writing.
mod write;

// The future of seeking.
mod seek;

// The adapters.
mod buf_reader;
mod buf_stream;
mod buf_writer;
mod chain;
mod empty;
mod halves;
mod join;
mod pieces;
mod take;

// What they share.
mod future;
mod numbers;
mod text;

use std::io::IoSlice;

// The loops that the by-value futures and the copies use too.
pub(super) use self::read::poll_fill;
pub(super) use self::read_to_end::ToEnd;
pub(super) use self::read_until::{Until, poll_through};
pub(super) use self::write::{poll_flush_taken, poll_write_rest, poll_write_some};

pub use self::buf_read_ext::AsyncBufReadExt;
pub use self::buf_reader::BufReader;
pub use self::buf_stream::BufStream;
pub use self::buf_writer::BufWriter;
pub use self::chain::Chain;
pub use self::empty::{Empty, Repeat, Sink, empty, repeat, sink};
pub use self::halves::{ReadHalf, WriteHalf, split};
pub use self::join::{Join, join};
pub use self::pieces::{Lines, Split};
pub use self::read::{Read, ReadExact, ReadIntoBuf, ReadLent, ReadNumber};
pub use self::read_ext::AsyncReadExt;
pub use self::read_to_end::ReadToEnd;
pub use self::read_to_string::ReadToString;
pub use self::read_until::{FillBuf, ReadLine, ReadUntil};
pub use self::seek::Seek;
pub use self::seek_ext::AsyncSeekExt;
pub use self::take::Take;
pub use self::write::{
    Flush, Shutdown, Write, WriteAll, WriteAllBuf, WriteBuf, WriteNumber, WriteVectored,
};
pub use self::write_ext::AsyncWriteExt;

/// The length of all slices together, or `usize::MAX` if it is larger.
fn total_length(slices: &[IoSlice<'_>]) -> usize {
    slices.iter().fold(0, |sum, slice| sum.saturating_add(slice.len()))
}

/// The size in bytes of both kinds of buffer by default.
const DEFAULT_CAPACITY: usize = 8 * 1024;
