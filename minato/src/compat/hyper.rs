//! The traits of hyper 1: reading and writing, spawning, and timers.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use ::hyper::rt as theirs;

use super::our_types::for_our_types;
use super::{Compat, Executor, FromFutures, FromTokio, LocalExecutor, Timer};
use crate::io::forward::forward_write_polls;
use crate::{io as ours, net, time};

/// Reads into the free memory of a cursor, which is not zeroed before.
fn poll_read<R: ours::AsyncRead>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    mut cursor: theirs::ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    // SAFETY: the slice goes into a `ReadBuf` only, which never writes an uninitialized byte.
    let buf = ours::ReadBuf::uninit(unsafe { cursor.as_mut() });
    let count = ready!(buf.poll_fill(|buf| reader.poll_read(cx, buf)))?;
    // SAFETY: the buffer was over the memory of the cursor, as `poll_fill` has compared, and a
    // `ReadBuf` counts no byte as filled that was not written.
    unsafe { cursor.advance(count) };
    Poll::Ready(Ok(()))
}

macro_rules! read {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr $(; $($where:tt)+)?) => {
        impl<$($generics)*> theirs::Read for $type $($($where)+)? {
            fn poll_read(
                $self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                cursor: theirs::ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                poll_read($pin, cx, cursor)
            }
        }
    };
}

macro_rules! write {
    ([$($generics:tt)*] $type:ty, $self:ident => $pin:expr, $shared:expr $(; $($where:tt)+)?) => {
        impl<$($generics)*> theirs::Write for $type $($($where)+)? {
            forward_write_polls!($self, cx => $pin);

            fn is_write_vectored(&$self) -> bool {
                ours::AsyncWrite::is_write_vectored($shared)
            }
        }
    };
}

for_our_types!(read, write);
// These have our traits only where the feature for the traits of their streams is on.
read!([T] FromTokio<T>, self => self, self; where Self: ours::AsyncRead);
write!([T] FromTokio<T>, self => self, self; where Self: ours::AsyncWrite);
read!([T] FromFutures<T>, self => self, self; where Self: ours::AsyncRead);
write!([T] FromFutures<T>, self => self, self; where Self: ours::AsyncWrite);

impl<F: Future<Output: Send + 'static> + Send + 'static> theirs::Executor<F> for Executor {
    fn execute(&self, future: F) {
        drop(crate::spawn(future));
    }
}

impl<F: Future<Output: 'static> + 'static> theirs::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        drop(crate::task::spawn_local(future));
    }
}

impl theirs::Sleep for time::Sleep {}

impl theirs::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn theirs::Sleep>> {
        Box::pin(time::sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn theirs::Sleep>> {
        Box::pin(time::sleep_until(time::Instant::from_std(deadline)))
    }

    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn theirs::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<time::Sleep>() {
            Some(sleep) => sleep.reset(time::Instant::from_std(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}
