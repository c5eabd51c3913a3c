//! Methods for futures and streams, beyond those of futures 0.1.

mod enumerate;
mod future;
mod stream;

pub use self::enumerate::Enumerate;
pub use self::future::FutureExt;
pub use self::stream::StreamExt;
