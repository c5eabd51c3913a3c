//! HTTP/1 and HTTP/2 by hyper alone, in tasks of Minato. `minato_http::serve` does this and ends in
//! order; here is what it takes.
//!
//! Try `curl http://ADDRESS/you` and `curl --http2-prior-knowledge http://ADDRESS/you`.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::server::conn::auto;
use minato::compat::{Executor, Timer};
use minato::net::TcpListener;

/// Gives the body of a POST back, and greets everybody else.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let text = if body.is_empty() { format!("hello {path}\n").into() } else { body };
    Ok(Response::new(Full::new(text)))
}

#[minato::main]
async fn main() -> std::io::Result<Infallible> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);

    // Without a timer hyper has no time limits.
    let mut http = auto::Builder::new(Executor);
    http.http1().timer(Timer);
    http.http2().timer(Timer);
    let http = Arc::new(http);
    loop {
        // The socket goes into hyper as it is.
        let (stream, from) = listener.accept().await?;
        let http = http.clone();
        minato::spawn(async move {
            if let Err(error) = http.serve_connection(stream, service_fn(answer)).await {
                eprintln!("{from}: {error}");
            }
        });
    }
}
