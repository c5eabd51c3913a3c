//! The helpers over the I/O traits: extension traits, their futures, and the adapters.

// The extension traits.
mod buf_read_ext;
mod read_ext;
mod write_ext;

// The futures of reading.
mod read;
mod read_exact;
mod read_into_buf;
mod read_number;
mod read_to_end;
mod read_to_string;

// The futures of buffered reading.
mod fill_buf;
mod read_line;
mod read_until;

// The futures of writing.
mod flush;
mod shutdown;
mod write;
mod write_all;
mod write_all_buf;
mod write_buf;
mod write_number;
mod write_vectored;

// The adapters.
mod buf_reader;
mod buf_stream;
mod buf_writer;
mod chain;
mod empty;
mod halves;
mod join;
mod lines;
mod repeat;
mod sink;
mod split;
mod take;

// What they share.
mod delimited;
mod text;

use std::io::IoSlice;

// The state machines, on which the by-value futures and the copies stand too.
pub(super) use self::delimited::poll_through;
pub(super) use self::read_exact::poll_fill;
pub(super) use self::read_to_end::{Progress, poll_to_end};
pub(super) use self::write_all::{poll_write_rest, poll_write_some};

pub use self::buf_read_ext::AsyncBufReadExt;
pub use self::buf_reader::BufReader;
pub use self::buf_stream::BufStream;
pub use self::buf_writer::BufWriter;
pub use self::chain::Chain;
pub use self::empty::{Empty, empty};
pub use self::fill_buf::FillBuf;
pub use self::flush::Flush;
pub use self::halves::{ReadHalf, WriteHalf, split};
pub use self::join::{Join, join};
pub use self::lines::Lines;
pub use self::read::Read;
pub use self::read_exact::ReadExact;
pub use self::read_ext::AsyncReadExt;
pub use self::read_into_buf::ReadIntoBuf;
pub use self::read_line::ReadLine;
pub use self::read_number::ReadNumber;
pub use self::read_to_end::ReadToEnd;
pub use self::read_to_string::ReadToString;
pub use self::read_until::ReadUntil;
pub use self::repeat::{Repeat, repeat};
pub use self::shutdown::Shutdown;
pub use self::sink::{Sink, sink};
pub use self::split::Split;
pub use self::take::Take;
pub use self::write::Write;
pub use self::write_all::WriteAll;
pub use self::write_all_buf::WriteAllBuf;
pub use self::write_buf::WriteBuf;
pub use self::write_ext::AsyncWriteExt;
pub use self::write_number::WriteNumber;
pub use self::write_vectored::WriteVectored;

/// The length of all slices together, or the most that can be told.
fn total_length(slices: &[IoSlice<'_>]) -> usize {
    slices.iter().fold(0, |sum, slice| sum.saturating_add(slice.len()))
}

/// What both kinds of buffer hold unless told otherwise.
const DEFAULT_CAPACITY: usize = 8 * 1024;
