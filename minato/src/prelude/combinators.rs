//! Streams, and with the feature `futures-util` the combinators of futures and streams.

pub use futures_core::Stream;
pub use futures_util::future::{FutureExt, TryFutureExt};
pub use futures_util::stream::{StreamExt, TryStreamExt};
