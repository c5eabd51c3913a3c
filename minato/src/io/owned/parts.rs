//! Where a by-value future keeps what it was given.

use std::io;
use std::task::{Poll, ready};

/// The parts of a future, usually a tuple of what it was given and how far it has come.
///
/// Success moves them out, and only success: an error leaves them here for the caller.
#[derive(Debug)]
pub(crate) struct Parts<P> {
    /// The name of the future, for the message of a panic.
    future: &'static str,
    held: Option<P>,
}

/// The parts are moved out in the end and never pinned, whatever the buffer's type is.
impl<P> Unpin for Parts<P> {}

impl<P> Parts<P> {
    pub(crate) fn new(future: &'static str, parts: P) -> Self {
        Self { future, held: Some(parts) }
    }

    /// The parts, to work on. Panics after [`take`](Self::take).
    pub(crate) fn get_mut(&mut self) -> &mut P {
        match &mut self.held {
            Some(parts) => parts,
            None => panic!("{} polled after completion", self.future),
        }
    }

    /// Moves the parts out for the result. Panics if that was done before.
    pub(crate) fn take(&mut self) -> P {
        match self.held.take() {
            Some(parts) => parts,
            None => panic!("{} polled after completion", self.future),
        }
    }

    /// Lets `poll` work on the parts; moves them out with its result when it succeeds.
    pub(crate) fn poll_with<T>(
        &mut self,
        poll: impl FnOnce(&mut P) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<(P, T)>> {
        let result = ready!(poll(self.get_mut()))?;
        Poll::Ready(Ok((self.take(), result)))
    }

    /// The parts, unless success took them.
    pub(crate) fn into_inner(self) -> Option<P> {
        self.held
    }
}

/// Writes out a future by value, and its `into_parts` where that returns everything that the future
/// holds.
///
/// After the type come what it holds and what it returns; then the poll of what it holds; then how
/// what it held and the result of the poll become what it returns.
macro_rules! by_value_future {
    (
        $(#[$doc:meta])+
        pub $keyword:ident $future:ident $(<$($generic:ident: [$($bound:tt)+]),+>)?
        of $held:ty => $output:ty;
        $(#[$into_doc:meta])+ into_parts;
        $($polls:tt)+
    ) => {
        $crate::io::owned::by_value_future! {
            $(#[$doc])+
            pub $keyword $future $(<$($generic: [$($bound)+]),+>)? of $held => $output;
            $($polls)+
        }

        impl $(<$($generic),+>)? $future $(<$($generic),+>)? {
            $(#[$into_doc])+
            pub fn into_parts(self) -> Option<$held> {
                self.parts.into_inner()
            }
        }
    };
    (
        $(#[$doc:meta])+
        pub $keyword:ident $future:ident $(<$($generic:ident: [$($bound:tt)+]),+>)?
        of $held:ty => $output:ty;
        |$cx:ident, $parts:pat_param| $poll:expr;
        |$taken:pat_param, $result:pat_param| $returned:expr
    ) => {
        $(#[$doc])+
        #[derive(Debug)]
        #[must_use = "futures do nothing unless you `.await` or poll them"]
        pub $keyword $future $(<$($generic),+>)? {
            parts: $crate::io::owned::Parts<$held>,
        }

        impl $(<$($generic: $($bound)+),+>)? Future for $future $(<$($generic),+>)? {
            type Output = std::io::Result<$output>;

            fn poll(
                self: std::pin::Pin<&mut Self>,
                $cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Self::Output> {
                let polled = self.get_mut().parts.poll_with(|$parts| $poll);
                polled.map_ok(|($taken, $result): ($held, _)| $returned)
            }
        }
    };
}

pub(crate) use by_value_future;
