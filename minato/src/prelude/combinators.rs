//! The combinators of futures and streams, with the feature `futures-util`.

pub use futures_util::future::{FutureExt, TryFutureExt};
pub use futures_util::stream::{StreamExt, TryStreamExt};
