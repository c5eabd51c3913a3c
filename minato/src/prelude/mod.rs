//! What nearly every program imports: `use minato::prelude::*`.
//!
//! The I/O traits and the methods that come with them; with the feature `futures-util` also the
//! combinators of futures and streams, which are the extension traits of the crate of that name.
//! There are no types in it and no functions, and no name that the standard prelude has too.

#[cfg_attr(not(feature = "futures-util"), path = "no_combinators.rs")]
mod combinators;

pub use self::combinators::*;
pub use crate::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
};
