//! Streams without combinators: these need the feature `futures-util`.

pub use futures_core::Stream;
