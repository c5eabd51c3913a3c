//! The name `tokio_io`, for programs that say `extern crate tokio_io`: what tokio 0.1 had in its
//! crate tokio-io, which is [`tokio::tokio_io`] of the crate `minato-tokio01`.
//!
//! ```
//! extern crate futures;
//! extern crate tokio_io;
//!
//! use futures::Future;
//! use tokio_io::io::{Window, read_exact};
//!
//! let (_, window) = read_exact(&b"ahoy"[..], Window::new([0; 4])).wait().unwrap();
//! assert_eq!(&window.into_inner(), b"ahoy");
//! ```

pub use tokio::tokio_io::*;
