//! What nearly every program imports: `use minato::prelude::*`.
//!
//! The I/O traits and the methods that come with them; with the feature `futures-util` also the
//! combinators of futures and streams, which are the extension traits of the crate of that name.
//! There are no types in it and no functions, and no name that the standard prelude has too.

pub use futures_core::Stream;
#[cfg(feature = "futures-util")]
pub use futures_util::future::{FutureExt, TryFutureExt};
#[cfg(feature = "futures-util")]
pub use futures_util::stream::{StreamExt, TryStreamExt};

pub use crate::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
};
