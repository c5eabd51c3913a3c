//! The methods that every stream has in which one can seek.

use std::io::SeekFrom;

use super::seek::{Seek, Seeking};
use crate::io::AsyncSeek;

/// The methods of every [`AsyncSeek`].
///
/// ```
/// use std::io::Cursor;
/// use minato::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
///
/// # futures::executor::block_on(async {
/// let mut chart = Cursor::new(b"bow, stern");
/// assert_eq!(chart.seek(SeekFrom::Start(5)).await?, 5);
/// let mut text = String::new();
/// chart.read_to_string(&mut text).await?;
/// assert_eq!(text, "stern");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub trait AsyncSeekExt: AsyncSeek {
    /// Moves to `pos`; returns the new place, counted from the start of the stream.
    ///
    /// A seek that is under way is completed first.
    ///
    /// # Errors
    ///
    /// Those of the stream. A place before its start is an error, and the stream stays where it is.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before its end may have moved the stream or not.
    fn seek(&mut self, pos: SeekFrom) -> Seek<'_, Self> {
        Seek { stream: self, seeking: Seeking::Wanted(pos) }
    }

    /// Moves to the start of the stream; otherwise as [`seek`](Self::seek).
    ///
    /// # Errors
    ///
    /// Those of the stream.
    fn rewind(&mut self) -> Seek<'_, Self> {
        self.seek(SeekFrom::Start(0))
    }

    /// Returns the place in the stream, counted from its start. It is a [`seek`](Self::seek) to
    /// where the stream is.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use minato::io::{AsyncReadExt, AsyncSeekExt};
    ///
    /// # futures::executor::block_on(async {
    /// let mut chart = Cursor::new(b"bow, stern");
    /// chart.read_u8().await?;
    /// assert_eq!(chart.stream_position().await?, 1);
    /// chart.rewind().await?;
    /// assert_eq!(chart.stream_position().await?, 0);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    fn stream_position(&mut self) -> Seek<'_, Self> {
        self.seek(SeekFrom::Current(0))
    }
}

impl<S: AsyncSeek + ?Sized> AsyncSeekExt for S {}
