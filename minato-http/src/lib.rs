//! HTTP servers that drain and clients that pool, on Minato's runtimes: what [hyper] leaves to its
//! users.
//!
//! * [`serve`] answers HTTP/1 and HTTP/2 on a [listener](Listener) by any tower service: an axum
//!   `Router`, a tonic service, a `service_fn`. It ends in order: it stops accepting, lets the
//!   requests that are under way end, and cuts off what is left at a deadline.
//! * [`client`] is hyper-util's pooled client over our [`Connector`].
//! * [`Timeout`] is tower's, over the clock of the runtime, which may be a simulated one.
//! * [`FromHyper`] makes an upgraded connection a stream.
//!
//! None of it needs a runtime of tokio's. All of it works in a [simulation](minato::sim), too.
//! There [`configure`](Serve::configure) should turn `auto_date_header` off: hyper asks the system
//! for the date, and one seed would not be one run.
//!
//! ```
//! use http_body_util::{BodyExt, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::{Request, Response};
//! use minato::net::TcpListener;
//! use tower::service_fn;
//!
//! async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
//!     Ok(Response::new(Full::from(format!("hello {}", request.uri().path()))))
//! }
//!
//! type Error = Box<dyn std::error::Error + Send + Sync>;
//!
//! # fn main() -> Result<(), Error> {
//! minato::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let shutdown = minato_service::GracefulShutdown::new();
//!     let server = minato_http::serve(listener, service_fn(hello))
//!         // A program gives `minato::signal::ctrl_c()` here, or what else ends it.
//!         .with_graceful_shutdown(shutdown.begun())
//!         .drain_limit(std::time::Duration::from_secs(30));
//!     let server = minato::spawn(server.into_future());
//!
//!     let client = minato_http::client::<Full<Bytes>>();
//!     let answer = client.get(format!("http://{address}/you").parse()?).await?;
//!     assert_eq!(answer.into_body().collect().await?.to_bytes(), "hello /you");
//!
//!     shutdown.begin();
//!     assert_eq!(server.await??, 0, "no connection was cut off");
//!     Ok::<_, Error>(())
//! })
//! # }
//! ```

mod client;
mod from_hyper;
mod listener;
mod serve;
mod timeout;

pub use self::client::{Client, Connector, HttpStream, client};
pub use self::from_hyper::FromHyper;
pub use self::listener::{Handshaking, IntoListener, Listener, with_handshake};
pub use self::serve::{Serve, serve, serve_with};
pub use self::timeout::{Timeout, TimeoutFuture, TimeoutLayer};

/// An error of any type, as tower has it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The example of the README is compiled, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
