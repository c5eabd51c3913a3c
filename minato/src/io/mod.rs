//! The I/O traits and their helpers.

mod buf_read;
mod read;
mod read_buf;
mod write;

pub use self::buf_read::AsyncBufRead;
pub use self::read::AsyncRead;
pub use self::read_buf::ReadBuf;
pub use self::write::AsyncWrite;

mod allowance;
mod copy;
mod copy_bidirectional;
mod copy_buf;
mod duplex;
pub mod owned;
mod simplex;
mod step;
mod transfer;

pub use self::copy::copy;
pub use self::copy_bidirectional::{copy_bidirectional, copy_bidirectional_with_sizes};
pub use self::copy_buf::copy_buf;
pub use self::duplex::{DuplexStream, duplex};
pub use self::simplex::SimplexStream;
