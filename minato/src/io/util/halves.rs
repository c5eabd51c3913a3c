//! One stream split into a reading and a writing half.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::io::forward::forward_write_polls;
use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use crate::panics::contain;
use crate::sync::{Arc, Mutex, MutexGuard};

/// The reading half of a stream; made by [`split`].
pub struct ReadHalf<T> {
    inner: Arc<Inner<T>>,
}

/// The writing half of a stream; made by [`split`].
pub struct WriteHalf<T> {
    inner: Arc<Inner<T>>,
    is_write_vectored: bool,
}

/// Splits a stream into halves that two tasks can own.
///
/// The halves take turns: while one is inside a poll, the other's task waits and is woken at the
/// end of that poll, so no thread ever blocks or spins. Dropping the writing half does not shut the
/// stream down. [`ReadHalf::unsplit`] gives the stream back.
///
/// ```
/// use minato::io::{AsyncReadExt, AsyncWriteExt, join, split};
///
/// # futures::executor::block_on(async {
/// let (mut reader, mut writer) = split(join(&b"ping"[..], Vec::new()));
/// let mut word = [0; 4];
/// reader.read_exact(&mut word).await?;
/// writer.write_all(&word).await?;
/// assert_eq!(reader.unsplit(writer).into_inner().1, b"ping");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub fn split<T: AsyncRead + AsyncWrite>(stream: T) -> (ReadHalf<T>, WriteHalf<T>) {
    let is_write_vectored = stream.is_write_vectored();
    let inner = Arc::new(Inner {
        stream: Mutex::new(Box::pin(stream)),
        reader: WaitingHalf::default(),
        writer: WaitingHalf::default(),
    });
    (ReadHalf { inner: inner.clone() }, WriteHalf { inner, is_write_vectored })
}

impl<T> ReadHalf<T> {
    /// Whether both halves are of one stream.
    pub fn is_pair_of(&self, other: &WriteHalf<T>) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Puts the halves together again.
    ///
    /// # Panics
    ///
    /// When they are not of one stream; see [`is_pair_of`](Self::is_pair_of).
    #[track_caller]
    pub fn unsplit(self, other: WriteHalf<T>) -> T
    where
        T: Unpin,
    {
        assert!(self.is_pair_of(&other), "unsplit of halves that are not of one stream");
        drop(other);
        let inner = Arc::into_inner(self.inner).expect("only the two halves share the stream");
        *Pin::into_inner(inner.stream.into_inner())
    }
}

impl<T> WriteHalf<T> {
    /// Whether both halves are of one stream.
    pub fn is_pair_of(&self, other: &ReadHalf<T>) -> bool {
        other.is_pair_of(self)
    }
}

// A panic inside the stream unlocks it, and neither half is kept waiting.
impl<T> UnwindSafe for ReadHalf<T> {}
impl<T> RefUnwindSafe for ReadHalf<T> {}
impl<T> UnwindSafe for WriteHalf<T> {}
impl<T> RefUnwindSafe for WriteHalf<T> {}

/// What the halves share.
///
/// A panic inside the stream reaches the task that polled it, and the other half goes on.
struct Inner<T> {
    // Boxed, because a lock cannot hand out a pin to what it holds by value.
    stream: Mutex<Pin<Box<T>>>,
    /// The reading task, when it found the stream in use.
    reader: WaitingHalf,
    /// The writing task, when it found the stream in use.
    writer: WaitingHalf,
}

impl<T> Inner<T> {
    /// Takes the stream for one poll, or arranges that this task is woken when it is free.
    ///
    /// This half's task waits in `mine`, the other's in `other`. A half that finds the stream in
    /// use leaves its waker and tries again. Either the second try finds the stream free, or the
    /// other half unlocks it after the waker was left, and so wakes it.
    fn poll_lock<'a>(
        &'a self,
        cx: &mut Context<'_>,
        mine: &'a WaitingHalf,
        other: &'a WaitingHalf,
    ) -> Poll<Turn<'a, T>> {
        let stream = self.stream.try_lock().or_else(|| {
            mine.wait(cx.waker());
            self.stream.try_lock()
        });
        match stream {
            Some(stream) => Poll::Ready(Turn { stream: Some(stream), other }),
            None => Poll::Pending,
        }
    }
}

/// The task of a half that found the stream in use.
#[derive(Default)]
struct WaitingHalf(Mutex<Option<Waker>>);

impl WaitingHalf {
    // Wakers are cloned, dropped and woken with the lock free: that is foreign code.

    fn wait(&self, waker: &Waker) {
        let before = self.0.lock().replace(waker.clone());
        drop(before);
    }

    fn wake(&self) {
        let waiting = self.0.lock().take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

/// The stream for the time of one poll; wakes the other half at its end, also by a panic.
struct Turn<'a, T> {
    stream: Option<MutexGuard<'a, Pin<Box<T>>>>,
    other: &'a WaitingHalf,
}

impl<T> Turn<'_, T> {
    fn stream(&mut self) -> Pin<&mut T> {
        self.stream.as_mut().expect("the stream is held until the turn ends").as_mut()
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        // Unlocked first: the woken half must find the stream free.
        drop(self.stream.take());
        _ = contain(|| self.other.wake());
    }
}

impl<T: AsyncRead> AsyncRead for ReadHalf<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let inner = &*self.inner;
        ready!(inner.poll_lock(cx, &inner.reader, &inner.writer)).stream().poll_read(cx, buf)
    }
}

impl<T: AsyncWrite> AsyncWrite for WriteHalf<T> {
    forward_write_polls!(self, cx => ready!(
        self.inner.poll_lock(cx, &self.inner.writer, &self.inner.reader)
    ).stream());

    fn is_write_vectored(&self) -> bool {
        self.is_write_vectored
    }
}

crate::debug::opaque!(ReadHalf<T>);

crate::debug::opaque!(WriteHalf<T>);
