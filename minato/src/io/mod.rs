//! The I/O traits and their helpers.

mod buf_read;
mod read;
mod read_buf;
mod write;

pub use self::buf_read::AsyncBufRead;
pub use self::read::AsyncRead;
pub use self::read_buf::ReadBuf;
pub use self::write::AsyncWrite;
