//! What programs for tokio 0.1 import first: the traits, and the words of futures 0.1.

pub use std::io::{Read, Write};

pub use futures::{Async, AsyncSink, Future, IntoFuture, Poll, Sink, Stream, future, stream, task};

pub use crate::io::{AsyncRead, AsyncWrite};
pub use crate::util::{FutureExt, StreamExt};
