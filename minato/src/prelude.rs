//! What nearly every program imports: `use minato::prelude::*`.
//!
//! The I/O traits and the methods that come with them, and the combinators of futures and streams.
//! There are no types in it and no functions, and no name that the standard prelude has too.

pub use futures_core::Stream;
pub use futures_util::future::{FutureExt, TryFutureExt};
pub use futures_util::stream::{StreamExt, TryStreamExt};

pub use crate::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
};
