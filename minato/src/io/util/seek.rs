//! Seeking: the future, and the seek of a stream with a buffer.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::future::helper_future;
use crate::io::AsyncSeek;

helper_future! {
    /// The future of the methods of [`AsyncSeekExt`](crate::io::AsyncSeekExt).
    pub struct Seek<'a, S: ?Sized> {
        pub(super) stream: &'a mut S,
        pub(super) seeking: Seeking,
    }
    where (S: AsyncSeek + Unpin) -> io::Result<u64>;
    |this, cx| this.seeking.poll(Pin::new(&mut **this.stream), cx, &mut 0)
}

/// How far a seek has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Seeking {
    /// None was asked for.
    #[default]
    No,
    /// The stream has not been asked yet.
    Wanted(SeekFrom),
    /// The stream was asked. It is asked again, to go on to `then`, once it is there.
    Started { then: Option<SeekFrom> },
}

impl Seeking {
    /// Completes the seek in a `stream` that is `ahead` by so many bytes: they were read from it
    /// and are buffered. These become 0 once the stream has moved, so that they are discarded.
    pub(super) fn poll<S: AsyncSeek + ?Sized>(
        &mut self,
        mut stream: Pin<&mut S>,
        cx: &mut Context<'_>,
        ahead: &mut usize,
    ) -> Poll<io::Result<u64>> {
        loop {
            match *self {
                Self::No => return stream.poll_complete(cx),
                Self::Wanted(position) => {
                    ready!(stream.as_mut().poll_complete(cx))?;
                    let (first, then) = seen_from_behind(position, *ahead);
                    *self = Self::No;
                    stream.as_mut().start_seek(first)?;
                    *self = Self::Started { then };
                }
                Self::Started { then } => {
                    let result = ready!(stream.as_mut().poll_complete(cx));
                    *self = Self::No;
                    let reached = result?;
                    *ahead = 0;
                    let Some(then) = then else { return Poll::Ready(Ok(reached)) };
                    *self = Self::Wanted(then);
                }
            }
        }
    }
}

/// The seek by which a stream gets to `position`, and the one after it. The stream is `ahead` of
/// the place from which [`SeekFrom::Current`] counts.
fn seen_from_behind(position: SeekFrom, ahead: usize) -> (SeekFrom, Option<SeekFrom>) {
    let SeekFrom::Current(distance) = position else { return (position, None) };
    // No buffer is larger than `isize::MAX`.
    let ahead = ahead as i64;
    match distance.checked_sub(ahead) {
        Some(distance) => (SeekFrom::Current(distance), None),
        None => (SeekFrom::Current(-ahead), Some(position)),
    }
}
