//! The faster way of a copy whose ends are both sockets: past user memory, by a pipe.
//!
//! Splicing only ever moves bytes. Whatever else there is to find out, that the stream has ended or
//! stands at an urgent mark, is left to reading; and an error that a splice took from the socket is
//! told where reading would have met it, after everything that came before.

mod lane;
mod pipe;
mod policy;

use std::io;
use std::task::{Context, Poll, ready};

use self::lane::Lane;
pub(crate) use self::lane::is_refusal;
pub use self::lane::{Direct, spliced_bytes};
use self::policy::Pace;
use crate::io::{AsyncRead, AsyncWrite};

/// Whether and how a copy goes by pipe.
#[derive(Debug)]
pub(crate) struct Relay {
    pace: Pace,
    /// There while bytes go this way.
    lane: Option<Lane>,
    /// An error of the reader's socket, which the socket has told and forgotten.
    taken: Option<io::Error>,
    /// False once the kernel refused, or if the copy was asked to keep to its buffer.
    possible: bool,
    /// Whether there is anything to consider here: false for as long as bytes are copied and
    /// nothing speaks for another way, which is then told by one look.
    is_off_path: bool,
}

/// What came of an attempt to hand on what is in the pipe.
pub(crate) enum Drained {
    Moved(usize),
    /// The writer cannot be reached this way: the bytes are here again.
    Copy(Vec<u8>),
}

impl Relay {
    pub(crate) fn new(possible: bool) -> Self {
        Self { pace: Pace::default(), lane: None, taken: None, possible, is_off_path: false }
    }

    /// How many bytes are between reader and writer, in the pipe.
    pub(crate) fn held(&self) -> usize {
        self.lane.as_ref().map_or(0, Lane::held)
    }

    /// Whether copying on is not all that there is to do.
    #[inline]
    pub(crate) fn is_off_path(&self) -> bool {
        self.is_off_path
    }

    /// So many bytes were read in the ordinary way.
    #[inline]
    pub(crate) fn moved(&mut self, bytes: usize) {
        self.pace.moved(bytes);
        if self.possible && self.pace.is_sustained() {
            self.is_off_path = true;
        }
    }

    /// The reader has nothing more at the moment: keeps no pipe meanwhile, and goes back to copying
    /// if it has been giving little.
    pub(crate) fn pause(&mut self) {
        self.pace.pause();
        if let Some(lane) = &mut self.lane {
            if self.pace.is_thin() {
                self.leave();
            } else {
                lane.rest();
            }
        }
    }

    /// Whether the copy should now [try](Self::enter) to go by pipe.
    pub(crate) fn wants_to_enter(&self) -> bool {
        self.lane.is_none() && self.possible && self.pace.is_sustained()
    }

    /// Begins to go by pipe if both ends are sockets of the system and there is a pipe; says
    /// whether it does. If not, it wants to again after as many bytes more.
    pub(crate) fn enter<R, W>(&mut self, reader: &R, writer: &W) -> bool
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        self.pace.begin();
        if reader.direct_reader().is_some() && writer.direct_writer().is_some() {
            self.lane = Lane::open().ok();
        }
        self.is_off_path = self.lane.is_some();
        self.lane.is_some()
    }

    fn leave(&mut self) {
        self.lane = None;
        self.is_off_path = false;
        self.pace.begin();
    }

    /// Moves what has arrived into the pipe, which must be empty. 0 means that it has to be read.
    pub(crate) fn poll_fill<R>(&mut self, cx: &mut Context<'_>, reader: &R) -> Poll<usize>
    where
        R: AsyncRead + ?Sized,
    {
        let (Some(lane), Some(end)) = (&mut self.lane, reader.direct_reader()) else {
            return Poll::Ready(0);
        };
        let filled = match lane.pipe() {
            Ok(pipe) => ready!(end.poll_fill(cx, pipe)),
            Err(_) => {
                self.leave();
                return Poll::Ready(0);
            }
        };
        Poll::Ready(match filled {
            Ok(count) => {
                self.pace.moved(count);
                count
            }
            Err(error) => {
                self.leave();
                self.possible = false;
                if !is_refusal(&error) {
                    self.taken = Some(error);
                }
                0
            }
        })
    }

    /// Moves what is in the pipe, which must not be empty, to the writer.
    pub(crate) fn poll_drain<W>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &W,
    ) -> Poll<io::Result<Drained>>
    where
        W: AsyncWrite + ?Sized,
    {
        let Some(lane) = &mut self.lane else { return Poll::Ready(Ok(Drained::Moved(0))) };
        if let Some(end) = writer.direct_writer() {
            match ready!(end.poll_drain(cx, lane.pipe()?)) {
                Err(error) if is_refusal(&error) => self.possible = false,
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                result => return Poll::Ready(result.map(Drained::Moved)),
            }
        }
        Poll::Ready(self.take().map(Drained::Copy))
    }

    /// Stops going by pipe, and gives back what is in it.
    pub(crate) fn take(&mut self) -> io::Result<Vec<u8>> {
        let bytes = self.lane.as_mut().map_or_else(|| Ok(Vec::new()), Lane::take)?;
        self.leave();
        Ok(bytes)
    }

    /// How the reader ended when reading found nothing more: with the error that a splice was told
    /// instead, or as it says.
    pub(crate) fn end(&mut self, ended: io::Result<()>) -> io::Result<()> {
        self.taken.take().map_or(ended, Err)
    }

    /// Whether an error is to be told as soon as the reader gives nothing more.
    #[inline]
    pub(crate) fn has_taken_an_error(&self) -> bool {
        self.taken.is_some()
    }
}
